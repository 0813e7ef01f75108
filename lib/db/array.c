/*
 * Array literals for parameters; see db.h.
 */
#include "db/db.h"

void bk_db_text_array(struct bk_buf *out, const char *const *items, size_t count)
{
	bk_buf_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		bk_buf_str(out, i ? "," : "");
		if (!items[i]) {
			bk_buf_str(out, "NULL");
			continue;
		}
		bk_buf_char(out, '"');
		for (const char *p = items[i]; *p; p++) {
			if (*p == '"' || *p == '\\')
				bk_buf_char(out, '\\');
			bk_buf_char(out, *p);
		}
		bk_buf_char(out, '"');
	}
	bk_buf_char(out, '}');
}

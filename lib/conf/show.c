/*
 * A value inside a message; see show.h.
 */
#include "conf/show.h"

#include "base/text.h"

void bk_show(struct bk_buf *out, const char *text)
{
	enum { SHOWN = 60 };
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;
	const char *s;
	size_t len = 0;

	bk_escape_line(&safe, text);
	s = bk_buf_cstr(&safe);
	while (s[len] && len + bk_utf8_len(s + len, 4) <= SHOWN)
		len += bk_utf8_len(s + len, 4);
	bk_buf_char(out, '"');
	bk_buf_bytes(out, s, len);
	bk_buf_str(out, s[len] ? "...\"" : "\"");
}

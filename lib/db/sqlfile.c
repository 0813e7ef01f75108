/*
 * Look-up among the embedded SQL files; see sqlfile.h.
 */
#include "db/sqlfile.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int compare(const void *key, const void *element)
{
	return strcmp(key, ((const struct bk_sql_file *)element)->name);
}

const char *bk_sql_skip_head(const char *text)
{
	while (text[0] == '-' && text[1] == '-') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

const char *bk_sql_text(const char *name)
{
	const struct bk_sql_file *file = bsearch(name, bk_sql_files, bk_sql_files_count,
						 sizeof(bk_sql_files[0]), compare);

	BK_ASSERT(file);
	return bk_sql_skip_head((const char *)file->text);
}

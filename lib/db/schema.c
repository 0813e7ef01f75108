/*
 * Schema and program versions; see schema.h.
 */
#include "db/schema.h"

#include <inttypes.h>
#include <string.h>

#include "db/rows.h"
#include "db/sqlfile.h"

/* Digits at *text; moves *text behind them and one dot. Numbers beyond a
   billion do not occur and stay there. */
static int64_t take_number(const char **text)
{
	const int64_t most = 1000000000;
	int64_t n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		n = n > most ? n : n * 10 + (**text - '0');
	if (**text == '.')
		(*text)++;
	return n;
}

int64_t bk_schema_number(const char *file)
{
	static const char folder[] = "schema/";
	const char *p = file + sizeof(folder) - 1;

	return strncmp(file, folder, sizeof(folder) - 1) == 0 ? take_number(&p) : 0;
}

int64_t bk_schema_newest(void)
{
	int64_t newest = 0;

	for (size_t i = 0; i < bk_sql_files_count; i++) {
		int64_t n = bk_schema_number(bk_sql_files[i].name);

		newest = n > newest ? n : newest;
	}
	return newest;
}

int bk_version_compare(const char *a, const char *b)
{
	enum { PARTS = 3 };

	for (int i = 0; i < PARTS; i++) {
		int64_t m = take_number(&a);
		int64_t n = take_number(&b);

		if (m != n)
			return m < n ? -1 : 1;
	}
	return 0;
}

enum bk_rc bk_schema_check(const struct bk_schema_state *s, struct bk_error *err)
{
	int64_t version = s->version == BK_NULL_INT ? 0 : s->version;

	if (version < s->needed) {
		(void)bk_error_set(err, BK_E_SCHEMA,
				   "schema %s is at version %" PRId64
				   ", this program needs %" PRId64,
				   s->schema, version, s->needed);
		return bk_error_hint(err, "run bkmaint migrate as the owner of the database");
	}
	if (s->min_program && bk_version_compare(s->min_program, s->program) > 0) {
		(void)bk_error_set(err, BK_E_SCHEMA, "schema %s needs bk %s or newer, this is %s",
				   s->schema, s->min_program, s->program);
		return bk_error_hint(err, "upgrade the programs on this host");
	}
	return BK_OK;
}

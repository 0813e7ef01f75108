/*
 * Reading the bounds of a scan; see bounds.h.
 */
#include "rule/bounds.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/sqlfile.h"

static const struct bk_field fields[] = {
	{"as_of", BK_FIELD_TEXT, offsetof(struct bk_bounds, as_of)},
	{"lower", BK_FIELD_TEXT, offsetof(struct bk_bounds, lower)},
};

void bk_bounds_clear(struct bk_bounds *bounds)
{
	bk_fields_clear(fields, BK_COUNT(fields), bounds);
}

enum bk_rc bk_bounds_read(struct bk_db *db, int64_t max_age_ms, const struct bk_tx_limits *limits,
			  struct bk_bounds *ret, struct bk_error *err)
{
	char age[24];
	const char *params[] = {age};
	const struct bk_stmt stmt = {"bounds", bk_sql_text("bounds"), params, 1, BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if (max_age_ms < 0)
		(void)snprintf(age, sizeof(age), "{NULL}");
	else
		(void)snprintf(age, sizeof(age), "{%" PRId64 "}", max_age_ms);
	if ((rc = bk_tx_one(db, BK_TX_READ, limits, &stmt, &rows, err)))
		return rc;
	*ret = (struct bk_bounds){NULL, NULL};
	return bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err);
}

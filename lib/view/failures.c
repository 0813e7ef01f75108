/*
 * Gathering failures; see failures.h.
 */
#include "view/failures.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "view/read.h"

#define AT(member) offsetof(struct bk_failure_view, member)

static const struct bk_field fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"executed_at", BK_FIELD_TEXT, AT(executed_at)},
	{"status", BK_FIELD_TEXT, AT(status)},
	{"error_code", BK_FIELD_TEXT, AT(error_code)},
	{"error_message", BK_FIELD_TEXT, AT(error_message)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
};

#undef AT

void bk_failure_list_clear(struct bk_failure_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_fields_clear(fields, BK_COUNT(fields), &list->items[i]);
	free(list->items);
	*list = (struct bk_failure_list){NULL, 0};
}

enum bk_rc bk_view_failures(struct bk_db *db, const struct bk_conf *conf, int64_t limit,
			    struct bk_failure_list *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *most = bk_asprintf("%" PRId64, limit);
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_failure_list_clear) struct bk_failure_list list = {NULL, 0};
	const char *const params[] = {most};
	struct bk_stmt stmt = {"view_failures", NULL, params, 1, BK_ANY_ROWS};
	enum bk_rc rc;

	if ((rc = bk_view_sql(&sql, conf, stmt.name, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)))
		return rc;
	list.items = bk_calloc((size_t)bk_rows_count(rows) + 1, sizeof(*list.items));
	for (int i = 0; i < bk_rows_count(rows); i++)
		if ((rc = bk_rows_read(rows, i, fields, BK_COUNT(fields), &list.items[list.count++],
				       err)))
			return rc;
	*ret = list;
	list = (struct bk_failure_list){NULL, 0};
	return BK_OK;
}

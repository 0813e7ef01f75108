/*
 * Gathering what is at work; see running.h.
 */
#include "view/running.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/pace.h"
#include "view/read.h"

#define FIELD(column, kind)                                                                        \
	{                                                                                          \
#column, BK_FIELD_##kind, offsetof(struct bk_running_view, column)                 \
	}

static const struct bk_field fields[] = {
	FIELD(id, TEXT),
	FIELD(operation, TEXT),
	FIELD(server_instance, TEXT),
	FIELD(pid, INT),
	FIELD(slot, INT),
	FIELD(workers, INT),
	FIELD(processed, INT),
	FIELD(due_total, INT),
	FIELD(elapsed_ms, INT),
	FIELD(lease_left_ms, INT),
	FIELD(cancel_requested, BOOL),
	FIELD(at, TEXT),
};

void bk_running_list_clear(struct bk_running_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_fields_clear(fields, BK_COUNT(fields), &list->items[i]);
	free(list->items);
	*list = (struct bk_running_list){NULL, 0};
}

static int64_t or_null(int64_t n)
{
	return n == BK_PACE_UNKNOWN ? BK_NULL_INT : n;
}

static void judge(struct bk_running_view *r)
{
	const struct bk_pace pace = {r->processed, r->elapsed_ms};

	r->percent = or_null(bk_pace_percent(r->processed, r->due_total));
	r->per_second = or_null(bk_pace_per_second(&pace));
	r->left_ms = r->due_total == BK_NULL_INT
			     ? BK_NULL_INT
			     : or_null(bk_pace_left_ms(&pace, r->due_total - r->processed));
}

enum bk_rc bk_view_running(struct bk_db *db, const struct bk_conf *conf,
			   struct bk_running_list *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_running_list_clear) struct bk_running_list list = {NULL, 0};
	struct bk_stmt stmt = {.name = "view_running", .shape = BK_ANY_ROWS};
	enum bk_rc rc;
	int count;

	if ((rc = bk_view_sql(&sql, conf, "view_running", err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)))
		return rc;
	count = bk_rows_count(rows);
	list.items = bk_calloc((size_t)count + 1, sizeof(*list.items));
	for (int i = 0; i < count; i++) {
		struct bk_running_view *r = &list.items[list.count++];

		if ((rc = bk_rows_read(rows, i, fields, BK_COUNT(fields), r, err)))
			return rc;
		judge(r);
	}
	*ret = list;
	list = (struct bk_running_list){NULL, 0};
	return BK_OK;
}

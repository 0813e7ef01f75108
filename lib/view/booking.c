/*
 * Gathering of bookings that are passed over; see booking.h.
 */
#include "view/booking.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "view/read.h"

#define AT(member) offsetof(struct bk_hold_view, member)

static const struct bk_field hold_fields[] = {
	{"key", BK_FIELD_ARRAY, AT(key)},
	{"held_until", BK_FIELD_TEXT, AT(held_until)},
	{"expired", BK_FIELD_BOOL, AT(expired)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
	{"author", BK_FIELD_TEXT, AT(author)},
	{"created_at", BK_FIELD_TEXT, AT(created_at)},
	{"position_us", BK_FIELD_INT, AT(position.at_us)},
	{"position_id", BK_FIELD_INT, AT(position.id)},
};

#undef AT
#define AT(member) offsetof(struct bk_quarantined_view, member)

static const struct bk_field quarantine_fields[] = {
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"key", BK_FIELD_ARRAY, AT(key)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"execution_id", BK_FIELD_TEXT, AT(execution_id)},
	{"sqlstate", BK_FIELD_TEXT, AT(sqlstate)},
	{"error_message", BK_FIELD_TEXT, AT(error_message)},
	{"first_seen_at", BK_FIELD_TEXT, AT(first_seen_at)},
	{"last_seen_at", BK_FIELD_TEXT, AT(last_seen_at)},
	{"tries", BK_FIELD_INT, AT(tries)},
	{"next_try_at", BK_FIELD_TEXT, AT(next_try_at)},
	{"position_us", BK_FIELD_INT, AT(position.at_us)},
	{"position_id", BK_FIELD_INT, AT(position.id)},
};

#undef AT

void bk_hold_list_clear(struct bk_hold_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_fields_clear(hold_fields, BK_COUNT(hold_fields), &list->items[i]);
	free(list->items);
	bk_free_str(&list->next_cursor);
	*list = (struct bk_hold_list){.count = 0};
}

void bk_quarantine_clear(struct bk_quarantine *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_fields_clear(quarantine_fields, BK_COUNT(quarantine_fields), &list->items[i]);
	free(list->items);
	bk_free_str(&list->next_cursor);
	*list = (struct bk_quarantine){.count = 0};
}

/* The answer to a page's statement, which is asked for one row more than the page
   has: that one says that there is a next page. */
static enum bk_rc read_page(struct bk_db *db, const struct bk_conf *conf, const char *file,
			    const struct bk_page *page, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(conf, "schema")}, {"which", "true"}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char at[24];
	char id[24];
	char most[24];
	const char *params[] = {page->has_after ? at : NULL, page->has_after ? id : NULL, most};
	struct bk_stmt stmt = {file, NULL, params, BK_COUNT(params), BK_ANY_ROWS};
	enum bk_rc rc;

	(void)snprintf(at, sizeof(at), "%" PRId64, page->after.at_us);
	(void)snprintf(id, sizeof(id), "%" PRId64, page->after.id);
	(void)snprintf(most, sizeof(most), "%" PRId64, page->limit + 1);
	if ((rc = bk_sql_fill_file(&sql, file, vars, BK_COUNT(vars), err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	return bk_view_read(db, &stmt, 1, ret, err);
}

/* Rows of the answer that are on the page. */
static size_t rows_on_page(const struct bk_rows *rows, int64_t limit)
{
	int64_t count = bk_rows_count(rows);

	return (size_t)(count > limit ? limit : count);
}

static char *cursor_text(const struct bk_cursor *position)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_cursor_write(&text, position);
	return bk_buf_take(&text);
}

enum bk_rc bk_hold_list_read(const struct bk_rows *rows, int64_t limit, struct bk_hold_list *ret,
			     struct bk_error *err)
{
	BK_CLEAN(bk_hold_list_clear) struct bk_hold_list list = {.count = 0};
	size_t count = rows_on_page(rows, limit);
	enum bk_rc rc = BK_OK;

	list.items = bk_calloc(count + 1, sizeof(*list.items));
	while (list.count < count && !rc) {
		int row = (int)list.count++;

		rc = bk_rows_read(rows, row, hold_fields, BK_COUNT(hold_fields), &list.items[row],
				  err);
	}
	if (rc)
		return rc;
	if ((size_t)bk_rows_count(rows) > count)
		list.next_cursor = cursor_text(&list.items[count - 1].position);
	*ret = list;
	list = (struct bk_hold_list){.count = 0};
	return BK_OK;
}

enum bk_rc bk_quarantine_read(const struct bk_rows *rows, int64_t limit, struct bk_quarantine *ret,
			      struct bk_error *err)
{
	BK_CLEAN(bk_quarantine_clear) struct bk_quarantine list = {.count = 0};
	size_t count = rows_on_page(rows, limit);
	enum bk_rc rc = BK_OK;

	list.items = bk_calloc(count + 1, sizeof(*list.items));
	while (list.count < count && !rc) {
		int row = (int)list.count++;

		rc = bk_rows_read(rows, row, quarantine_fields, BK_COUNT(quarantine_fields),
				  &list.items[row], err);
	}
	if (rc)
		return rc;
	if ((size_t)bk_rows_count(rows) > count)
		list.next_cursor = cursor_text(&list.items[count - 1].position);
	*ret = list;
	list = (struct bk_quarantine){.count = 0};
	return BK_OK;
}

enum bk_rc bk_view_holds(struct bk_db *db, const struct bk_conf *conf, const struct bk_page *page,
			 struct bk_hold_list *ret, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = read_page(db, conf, "view_holds", page, &rows, err);

	return rc ? rc : bk_hold_list_read(rows, page->limit, ret, err);
}

enum bk_rc bk_view_quarantine(struct bk_db *db, const struct bk_conf *conf,
			      const struct bk_page *page, struct bk_quarantine *ret,
			      struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = read_page(db, conf, "view_quarantine", page, &rows, err);

	return rc ? rc : bk_quarantine_read(rows, page->limit, ret, err);
}

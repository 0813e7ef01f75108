/*
 * Gathering of stored settings and their trail; see setting.h.
 */
#include "view/setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "conf/stored.h"
#include "view/read.h"

#define AT(member) offsetof(struct bk_stored_view, member)

static const struct bk_field stored_fields[] = {
	{"name", BK_FIELD_TEXT, AT(name)},
	{"value", BK_FIELD_TEXT, AT(value)},
	{"change_id", BK_FIELD_TEXT, AT(change_id)},
	{"changed_at", BK_FIELD_TEXT, AT(changed_at)},
	{"author", BK_FIELD_TEXT, AT(author)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"client_address", BK_FIELD_TEXT, AT(client_address)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
};

#undef AT
#define AT(member) offsetof(struct bk_trail_view, member)

static const struct bk_field trail_fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"changed_at", BK_FIELD_TEXT, AT(changed_at)},
	{"command", BK_FIELD_TEXT, AT(command)},
	{"name", BK_FIELD_TEXT, AT(name)},
	{"old_value", BK_FIELD_TEXT, AT(old_value)},
	{"new_value", BK_FIELD_TEXT, AT(new_value)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
	{"author", BK_FIELD_TEXT, AT(author)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"client_address", BK_FIELD_TEXT, AT(client_address)},
	{"rolled_back", BK_FIELD_TEXT, AT(rolled_back)},
	{"position_us", BK_FIELD_INT, AT(position.at_us)},
	{"position_id", BK_FIELD_INT, AT(position.id)},
};

#undef AT

void bk_stored_list_clear(struct bk_stored_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_fields_clear(stored_fields, BK_COUNT(stored_fields), &list->items[i]);
	free(list->items);
	*list = (struct bk_stored_list){NULL, 0};
}

void bk_trail_clear(struct bk_trail *trail)
{
	for (size_t i = 0; i < trail->count; i++)
		bk_fields_clear(trail_fields, BK_COUNT(trail_fields), &trail->items[i]);
	free(trail->items);
	bk_free_str(&trail->next_cursor);
	*trail = (struct bk_trail){NULL, 0, NULL};
}

static enum bk_rc ask(struct bk_db *db, const struct bk_conf *conf, const char *file,
		      const char *const *params, int count, struct bk_rows **ret,
		      struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_view_sql(&sql, conf, file, err);

	if (rc)
		return rc;
	const struct bk_stmt stmt = {file, bk_buf_cstr(&sql), params, count, BK_ANY_ROWS};

	return bk_view_read(db, &stmt, 1, ret, err);
}

enum bk_rc bk_view_settings(struct bk_db *db, const struct bk_conf *conf,
			    struct bk_stored_list *ret, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_stored_list_clear) struct bk_stored_list list = {NULL, 0};
	enum bk_rc rc = ask(db, conf, "view_settings", NULL, 0, &rows, err);

	if (rc)
		return rc;
	list.items = bk_calloc((size_t)bk_rows_count(rows) + 1, sizeof(*list.items));
	for (int i = 0; i < bk_rows_count(rows) && !rc; i++) {
		struct bk_stored_view *item = &list.items[list.count++];

		rc = bk_rows_read(rows, i, stored_fields, BK_COUNT(stored_fields), item, err);
		item->in_use = !rc && bk_stored_counts(conf, item->name);
	}
	if (rc)
		return rc;
	*ret = list;
	list = (struct bk_stored_list){NULL, 0};
	return BK_OK;
}

/* One row more than the page has was asked for: it says that there is a next page. */
static enum bk_rc read_trail(const struct bk_rows *rows, int64_t limit, struct bk_trail *ret,
			     struct bk_error *err)
{
	int64_t count = bk_rows_count(rows) > limit ? limit : bk_rows_count(rows);
	BK_CLEAN(bk_buf_clear) struct bk_buf cursor = BK_BUF_INIT;
	enum bk_rc rc;

	ret->items = bk_calloc((size_t)count + 1, sizeof(*ret->items));
	for (int i = 0; i < count; i++)
		if ((rc = bk_rows_read(rows, i, trail_fields, BK_COUNT(trail_fields),
				       &ret->items[ret->count++], err)))
			return rc;
	if (bk_rows_count(rows) == count)
		return BK_OK;
	bk_cursor_write(&cursor, &ret->items[count - 1].position);
	ret->next_cursor = bk_buf_take(&cursor);
	return BK_OK;
}

enum bk_rc bk_view_settings_history(struct bk_db *db, const struct bk_conf *conf,
				    const struct bk_page *page, struct bk_trail *ret,
				    struct bk_error *err)
{
	char after[24];
	char most[24];
	const char *params[] = {page->has_after ? after : NULL, most};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_trail_clear) struct bk_trail trail = {NULL, 0, NULL};
	enum bk_rc rc;

	(void)snprintf(after, sizeof(after), "%" PRId64, page->after.id);
	(void)snprintf(most, sizeof(most), "%" PRId64, page->limit + 1);
	if ((rc = ask(db, conf, "view_settings_history", params, BK_COUNT(params), &rows, err)) ||
	    (rc = read_trail(rows, page->limit, &trail, err)))
		return rc;
	*ret = trail;
	trail = (struct bk_trail){NULL, 0, NULL};
	return BK_OK;
}

/*
 * Gathering events; see events.h.
 */
#include "view/events.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "view/cursor.h"
#include "view/read.h"

#define AT(member) offsetof(struct bk_event, member)

static const struct bk_field fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"at", BK_FIELD_TEXT, AT(at)},
	{"execution_id", BK_FIELD_TEXT, AT(execution_id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},
	{"key", BK_FIELD_ARRAY, AT(key)},
	{"instance", BK_FIELD_TEXT, AT(instance)},
	{"undo_of", BK_FIELD_TEXT, AT(undo_of)},
	{"txid", BK_FIELD_INT, AT(place.txid)},
	{"transition_id", BK_FIELD_INT, AT(place.transition_id)},
	{"item", BK_FIELD_INT, AT(place.item)},
};

#undef AT

void bk_event_list_clear(struct bk_event_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		bk_fields_clear(fields, BK_COUNT(fields), &list->items[i]);
		bk_free_str(&list->items[i].cursor);
	}
	free(list->items);
	*list = (struct bk_event_list){NULL, 0};
}

static enum bk_rc ask(struct bk_db *db, const struct bk_conf *conf, struct bk_stmt *stmt,
		      struct bk_rows **ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_view_sql(&sql, conf, stmt->name, err);

	if (rc)
		return rc;
	stmt->sql = bk_buf_cstr(&sql);
	return bk_view_read(db, stmt, 1, ret, err);
}

enum bk_rc bk_view_events(struct bk_db *db, const struct bk_conf *conf,
			  const struct bk_place *after, int64_t limit, struct bk_event_list *ret,
			  struct bk_error *err)
{
	const struct bk_place_text place = bk_place_text(after);
	BK_CLEAN(bk_free_str) char *most = bk_asprintf("%" PRId64, limit);
	const char *const params[] = {place.txid, place.transition_id, place.item, most};
	struct bk_stmt stmt = {"view_events", NULL, params, BK_COUNT(params), BK_ANY_ROWS};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_event_list_clear) struct bk_event_list list = {NULL, 0};
	enum bk_rc rc;

	if ((rc = ask(db, conf, &stmt, &rows, err)))
		return rc;
	list.items = bk_calloc((size_t)bk_rows_count(rows) + 1, sizeof(*list.items));
	for (int i = 0; i < bk_rows_count(rows); i++) {
		struct bk_event *e = &list.items[list.count++];
		struct bk_buf cursor = BK_BUF_INIT;

		if ((rc = bk_rows_read(rows, i, fields, BK_COUNT(fields), e, err)))
			return rc;
		bk_event_cursor_write(&cursor, &e->place);
		e->cursor = bk_buf_take(&cursor);
	}
	*ret = list;
	list = (struct bk_event_list){NULL, 0};
	return BK_OK;
}

static enum bk_rc look(struct bk_db *db, const struct bk_conf *conf, const struct bk_place *place,
		       struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_place_text text = bk_place_text(place);
	const char *const params[] = {text.txid};
	struct bk_stmt stmt = {"view_events_place", NULL, params, BK_COUNT(params), BK_ONE_ROW};

	return ask(db, conf, &stmt, ret, err);
}

enum bk_rc bk_view_events_now(struct bk_db *db, const struct bk_conf *conf, struct bk_place *ret,
			      struct bk_error *err)
{
	static const struct bk_field txid = {"txid", BK_FIELD_INT, offsetof(struct bk_place, txid)};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_place place = {0, 0, 0};
	enum bk_rc rc;

	if ((rc = look(db, conf, &place, &rows, err)) ||
	    (rc = bk_rows_read(rows, 0, &txid, 1, &place, err)))
		return rc;
	*ret = place;
	return BK_OK;
}

enum bk_rc bk_view_events_check(struct bk_db *db, const struct bk_conf *conf,
				const struct bk_place *place, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = look(db, conf, place, &rows, err);

	if (rc)
		return rc;
	return *bk_rows_text(rows, 0, "ahead") == 't' ? bk_place_refused(err) : BK_OK;
}

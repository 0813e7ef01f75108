/*
 * Gathering executions; see execution.h.
 */
#include "view/execution.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "conf/jobs.h"
#include "db/sqltext.h"
#include "view/job.h"
#include "view/read.h"

#define AT(member) offsetof(struct bk_execution_view, member)

static const struct bk_field execution_fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"run_id", BK_FIELD_TEXT, AT(run_id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"description", BK_FIELD_TEXT, AT(description)},
	{"executed_at", BK_FIELD_TEXT, AT(executed_at)},
	{"finished_at", BK_FIELD_TEXT, AT(finished_at)},
	{"status", BK_FIELD_TEXT, AT(status)},
	{"processed_count", BK_FIELD_INT, AT(processed_count)},
	{"skipped_locked", BK_FIELD_INT, AT(skipped_locked)},
	{"quarantined", BK_FIELD_INT, AT(quarantined)},
	{"remaining", BK_FIELD_INT, AT(remaining)},
	{"error_code", BK_FIELD_TEXT, AT(error_code)},
	{"error_message", BK_FIELD_TEXT, AT(error_message)},
	{"execution_time_ms", BK_FIELD_INT, AT(execution_time_ms)},
	{"slowest_batch_ms", BK_FIELD_INT, AT(slowest_batch_ms)},
	{"retry_count", BK_FIELD_INT, AT(retry_count)},
	{"triggered_by", BK_FIELD_TEXT, AT(triggered_by)},
	{"invoked_by", BK_FIELD_TEXT, AT(invoked_by)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"pid", BK_FIELD_INT, AT(pid)},
	{"version", BK_FIELD_TEXT, AT(version)},
	{"slot", BK_FIELD_INT, AT(slot)},
	{"as_of", BK_FIELD_TEXT, AT(as_of)},
	{"cancel_requested", BK_FIELD_BOOL, AT(cancel_requested)},
	{"position_us", BK_FIELD_INT, AT(position.at_us)},
	{"position_id", BK_FIELD_INT, AT(position.id)},
};

/* The last ones of these: they are computed, no column has them. */
enum { POSITION_FIELDS = 2 };

#undef AT
#define AT(member) offsetof(struct bk_transition_view, member)

static const struct bk_field transition_fields[] = {
	{"rule", BK_FIELD_TEXT, AT(rule)},         {"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)}, {"bookings", BK_FIELD_INT, AT(bookings)},
	{"batches", BK_FIELD_INT, AT(batches)},    {"first_at", BK_FIELD_TEXT, AT(first_at)},
	{"last_at", BK_FIELD_TEXT, AT(last_at)},
};

#undef AT

void bk_execution_view_clear(struct bk_execution_view *view)
{
	bk_fields_clear(execution_fields, BK_COUNT(execution_fields), view);
}

/* A time as everybody else shows it: "2026-11-23T06:30:00.123456Z" with milliseconds, cut
   off. Any other text is itself. */
static char *shown(const char *column, const char *text)
{
	static const char *const times[] = {"executed_at", "finished_at", "as_of"};
	bool is_time = false;

	for (size_t i = 0; i < BK_COUNT(times) && !is_time; i++)
		is_time = strcmp(times[i], column) == 0;
	return is_time && strlen(text) > 23 ? bk_asprintf("%.23sZ", text) : bk_strdup(text);
}

static bool read_field(const struct bk_field *field, const char *text,
		       struct bk_execution_view *view)
{
	void *at = (char *)view + field->offset;

	switch (field->kind) {
	case BK_FIELD_TEXT:
		*(char **)at = text ? shown(field->column, text) : NULL;
		return true;
	case BK_FIELD_INT:
		*(int64_t *)at = BK_NULL_INT;
		return !text || bk_parse_u63(text, at);
	case BK_FIELD_BOOL:
		*(bool *)at = text && *text == 't';
		return true;
	case BK_FIELD_ARRAY:
		break;
	}
	return false;
}

enum bk_rc bk_execution_view_of(const char *const *names, const char *const *cells, size_t count,
				struct bk_execution_view *ret, struct bk_error *err)
{
	for (size_t i = 0; i < BK_COUNT(execution_fields) - POSITION_FIELDS; i++) {
		const struct bk_field *field = &execution_fields[i];
		size_t k = 0;

		while (k < count && strcmp(names[k], field->column) != 0)
			k++;
		if (k == count || !read_field(field, cells[k], ret))
			return bk_error_set(err, BK_E_IO, "lacks %s of an execution, or it is none",
					    field->column);
	}
	return BK_OK;
}

void bk_execution_list_clear(struct bk_execution_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		bk_execution_view_clear(&list->items[i]);
	free(list->items);
	bk_free_str(&list->next_cursor);
	*list = (struct bk_execution_list){NULL, 0, NULL};
}

void bk_execution_detail_clear(struct bk_execution_detail *detail)
{
	bk_execution_list_clear(&detail->execution);
	for (size_t i = 0; i < detail->transition_count; i++)
		bk_fields_clear(transition_fields, BK_COUNT(transition_fields),
				&detail->transitions[i]);
	free(detail->transitions);
	*detail = (struct bk_execution_detail){{NULL, 0, NULL}, NULL, 0};
}

/* The statement view_history with its parameters' texts. */
struct history {
	struct bk_buf sql;
	char numbers[8][24];
	size_t number_count;
	const char *params[11];
	struct bk_stmt stmt;
};

static void history_clear(struct history *h)
{
	bk_buf_clear(&h->sql);
}

static const char *number(struct history *h, int64_t n)
{
	char *text = h->numbers[h->number_count++];

	BK_ASSERT(h->number_count <= BK_COUNT(h->numbers));
	(void)snprintf(text, sizeof(h->numbers[0]), "%" PRId64, n);
	return text;
}

/* $at and the parameter behind it. */
static void bound(struct history *h, size_t at, const struct bk_moment *m)
{
	h->params[at] = m->kind == BK_MOMENT_AT ? number(h, m->at_us) : NULL;
	h->params[at + 1] = m->kind == BK_MOMENT_AGO ? number(h, m->ago_ms) : NULL;
}

/* `id` = 0: any. */
static enum bk_rc history_prepare(struct history *h, const struct bk_conf *conf,
				  const struct bk_history_filter *f, int64_t id, int64_t most,
				  struct bk_error *err)
{
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(conf, "schema")},
		{"executions", f->archived ? "archived_executions" : "maintenance_executions"},
	};
	enum bk_rc rc = bk_sql_fill_file(&h->sql, "view_history", vars, BK_COUNT(vars), err);

	if (rc)
		return rc;
	h->params[0] = f->job;
	h->params[1] = f->status;
	h->params[2] = f->trigger;
	h->params[3] = id ? number(h, id) : NULL;
	bound(h, 4, &f->since);
	bound(h, 6, &f->until);
	h->params[8] = f->has_after ? number(h, f->after.at_us) : NULL;
	h->params[9] = f->has_after ? number(h, f->after.id) : NULL;
	h->params[10] = number(h, most);
	h->stmt = (struct bk_stmt){"view_history", bk_buf_cstr(&h->sql), h->params,
				   BK_COUNT(h->params), BK_ANY_ROWS};
	return BK_OK;
}

/* At most `limit` rows; one more in the answer says that there is a next page. */
static enum bk_rc read_page(const struct bk_rows *rows, int64_t limit,
			    struct bk_execution_list *list, struct bk_error *err)
{
	int count = bk_rows_count(rows);
	bool more = count > limit;
	BK_CLEAN(bk_buf_clear) struct bk_buf cursor = BK_BUF_INIT;

	count = more ? (int)limit : count;
	list->items = bk_calloc((size_t)count + 1, sizeof(*list->items));
	for (int i = 0; i < count; i++) {
		enum bk_rc rc = bk_rows_read(rows, i, execution_fields, BK_COUNT(execution_fields),
					     &list->items[list->count++], err);

		if (rc)
			return rc;
	}
	if (!more)
		return BK_OK;
	bk_cursor_write(&cursor, &list->items[list->count - 1].position);
	list->next_cursor = bk_buf_take(&cursor);
	return BK_OK;
}

enum bk_rc bk_view_history(struct bk_db *db, const struct bk_conf *conf,
			   const struct bk_history_filter *filter, struct bk_execution_list *ret,
			   struct bk_error *err)
{
	BK_CLEAN(history_clear) struct history h = {.sql = BK_BUF_INIT};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_execution_list_clear) struct bk_execution_list list = {NULL, 0, NULL};
	enum bk_rc rc;

	if ((rc = history_prepare(&h, conf, filter, 0, filter->limit + 1, err)) ||
	    (rc = bk_view_read(db, &h.stmt, 1, &rows, err)) ||
	    (rc = read_page(rows, filter->limit, &list, err)))
		return rc;
	*ret = list;
	list = (struct bk_execution_list){NULL, 0, NULL};
	return BK_OK;
}

enum bk_rc bk_view_operation(struct bk_db *db, const struct bk_conf *conf, const char *name,
			     struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *params[] = {name};
	struct bk_stmt stmt = {"view_operation_exists", NULL, params, 1, BK_ONE_ROW};
	enum bk_rc rc;

	if (bk_conf_job(conf, name))
		return BK_OK;
	if ((rc = bk_view_sql(&sql, conf, "view_operation_exists", err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)))
		return rc;
	return *bk_rows_text(rows, 0, "found") == 't' ? BK_OK : bk_view_no_job(conf, name, err);
}

static enum bk_rc read_transitions(const struct bk_rows *rows, struct bk_execution_detail *detail,
				   struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	detail->transitions = bk_calloc((size_t)count + 1, sizeof(*detail->transitions));
	for (int i = 0; i < count && !rc; i++)
		rc = bk_rows_read(rows, i, transition_fields, BK_COUNT(transition_fields),
				  &detail->transitions[detail->transition_count++], err);
	return rc;
}

enum bk_rc bk_view_execution(struct bk_db *db, const struct bk_conf *conf, int64_t id,
			     struct bk_execution_detail *ret, struct bk_error *err)
{
	static const struct bk_history_filter any = {.limit = 1};
	BK_CLEAN(history_clear) struct history h = {.sql = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *execution = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *transitions = NULL;
	BK_CLEAN(bk_execution_detail_clear)
	struct bk_execution_detail detail = {{NULL, 0, NULL}, NULL, 0};
	struct bk_rows *rows[2] = {NULL, NULL};
	struct bk_stmt stmts[2];
	enum bk_rc rc;

	if ((rc = history_prepare(&h, conf, &any, id, 1, err)) ||
	    (rc = bk_view_sql(&sql, conf, "view_transitions", err)))
		return rc;
	stmts[0] = h.stmt;
	stmts[1] = (struct bk_stmt){"view_transitions", bk_buf_cstr(&sql), &h.params[3], 1,
				    BK_ANY_ROWS};
	if ((rc = bk_view_read(db, stmts, 2, rows, err)))
		return rc;
	execution = rows[0];
	transitions = rows[1];
	if (bk_rows_count(execution) == 0)
		return bk_error_set(err, BK_E_NOT_FOUND, "no execution %" PRId64, id);
	if ((rc = read_page(execution, 1, &detail.execution, err)) ||
	    (rc = read_transitions(transitions, &detail, err)))
		return rc;
	*ret = detail;
	detail = (struct bk_execution_detail){{NULL, 0, NULL}, NULL, 0};
	return BK_OK;
}

/*
 * What there is to take back of an execution; see undo.h.
 */
#include "job/undo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/undo_internal.h"
#include "rule/key.h"

const struct bk_tx_limits bk_undo_patience = {60000, 10000, true, NULL};

#define UNDO_TIMEOUT_MS INT64_C(900000)
#define LEASE_EXTRA_MS 30000

void bk_undo_left_clear(struct bk_undo_left *left, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bk_array_clear(&left[i].key);
		free(left[i].reason);
		free(left[i].detail);
	}
}

void bk_undo_page_clear(struct bk_undo *u)
{
	for (size_t i = 0; i < u->page_key_count; i++)
		bk_array_clear(&u->page_keys[i]);
	free(u->page_keys);
	u->page_keys = NULL;
	u->page_key_count = 0;
	u->page = 0;
}

static const struct bk_field step_fields[] = {
	{"id", BK_FIELD_INT, offsetof(struct bk_undo_step, id)},
	{"row_count", BK_FIELD_INT, offsetof(struct bk_undo_step, row_count)},
	{"rule", BK_FIELD_TEXT, offsetof(struct bk_undo_step, rule)},
	{"set_columns", BK_FIELD_ARRAY, offsetof(struct bk_undo_step, set_columns)},
};

void bk_undo_free(struct bk_undo *u)
{
	if (!u)
		return;
	bk_job_free(u->job);
	for (size_t i = 0; i < u->step_count; i++)
		bk_fields_clear(step_fields, BK_COUNT(step_fields), &u->steps[i]);
	bk_undo_left_clear(u->left, u->left_count);
	bk_undo_left_clear(u->next_left, u->next_left_count);
	bk_undo_page_clear(u);
	bk_buf_clear(&u->key);
	free(u->steps);
	free(u->left);
	free(u->next_left);
	free(u->rule);
	free(u->description);
	free(u->number);
	free(u->operation);
	free(u->executed_at);
	free(u->undo_of);
	free(u);
}

void bk_undo_clean(struct bk_undo **undo)
{
	bk_undo_free(*undo);
	*undo = NULL;
}

const char *bk_undo_execution(const struct bk_undo *undo)
{
	return undo->number;
}

const char *bk_undo_job(const struct bk_undo *undo)
{
	return undo->operation;
}

const char *bk_undo_executed_at(const struct bk_undo *undo)
{
	return undo->executed_at;
}

const char *bk_undo_of(const struct bk_undo *undo)
{
	return undo->undo_of;
}

int64_t bk_undo_bookings(const struct bk_undo *undo)
{
	return undo->bookings;
}

int64_t bk_undo_left_total(const struct bk_undo *undo)
{
	return undo->left_total;
}

size_t bk_undo_left_count(const struct bk_undo *undo)
{
	return undo->left_count;
}

const struct bk_undo_left *bk_undo_left_rows(const struct bk_undo *undo)
{
	return undo->left;
}

bool bk_undo_had_after(const struct bk_undo *undo)
{
	return bk_after_statement(undo->job, 0) != NULL;
}

const char *bk_undo_statement(const struct bk_undo *u, const char *rule, size_t i)
{
	const struct bk_mapping *m = u->job->mapping;
	const struct bk_job_extra *extra = bk_mapping_extra(m, u->job->name);
	const char *statements[] = {m->on_undo, extra ? extra->on_undo : NULL, NULL};

	if (u->undo_of)
		return NULL;
	for (size_t r = 0; r < m->rule_count; r++)
		if (strcmp(m->rules[r].name, rule) == 0)
			statements[2] = m->rules[r].on_undo;
	for (size_t n = 0; n < BK_COUNT(statements); n++)
		if (statements[n] && i-- == 0)
			return statements[n];
	return NULL;
}

bool bk_undo_has_own(const struct bk_undo *undo)
{
	for (size_t i = 0; i < undo->step_count; i++)
		if (bk_undo_statement(undo, undo->steps[i].rule, 0))
			return true;
	return false;
}

/* --- what there is to take back --- */

struct head {
	char *operation;
	char *status;
	char *executed_at;
	char *undo_of;
	int64_t rows, bookings, all_bookings, width;
	char *rules;
};

static const struct bk_field head_fields[] = {
	{"operation", BK_FIELD_TEXT, offsetof(struct head, operation)},
	{"status", BK_FIELD_TEXT, offsetof(struct head, status)},
	{"executed_at", BK_FIELD_TEXT, offsetof(struct head, executed_at)},
	{"undo_of", BK_FIELD_TEXT, offsetof(struct head, undo_of)},
	{"rows", BK_FIELD_INT, offsetof(struct head, rows)},
	{"bookings", BK_FIELD_INT, offsetof(struct head, bookings)},
	{"all_bookings", BK_FIELD_INT, offsetof(struct head, all_bookings)},
	{"width", BK_FIELD_INT, offsetof(struct head, width)},
	{"rules", BK_FIELD_TEXT, offsetof(struct head, rules)},
};

static void clear_head(struct head *head)
{
	bk_fields_clear(head_fields, BK_COUNT(head_fields), head);
}

enum bk_rc bk_undo_ask(struct bk_db *db, const char *schema, const char *file, enum bk_tx_kind kind,
		       const char *const *params, int count, enum bk_shape shape,
		       struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, file, &var, 1, err);
	const struct bk_stmt stmt = {file, bk_buf_cstr(&sql), params, count, shape};

	return rc ? rc : bk_tx_one(db, kind, &bk_undo_patience, &stmt, ret, err);
}

static enum bk_rc judge_head(const struct bk_undo_target *target, const struct bk_conf *conf,
			     const struct head *head, struct bk_error *err)
{
	const size_t width = bk_conf_mapping(conf)->key_count;

	if (strcmp(head->status, "RUNNING") == 0) {
		bk_error_set(err, BK_E_BUSY, "execution %" PRId64 " of %s is still running",
			     target->execution, head->operation);
		return bk_error_hint(err, "bkmaint cancel %" PRId64 " ends it", target->execution);
	}
	if (!head->all_bookings)
		return bk_error_set(err, BK_E_NOT_FOUND,
				    "execution %" PRId64
				    " of %s changed no bookings, or that is no "
				    "longer kept",
				    target->execution, head->operation);
	if (!head->rows) {
		bk_error_set(err, BK_E_NOT_FOUND,
			     "execution %" PRId64 " of %s changed no bookings by rule %s",
			     target->execution, head->operation, target->rule);
		return bk_error_hint(err, "it did so by: %s", head->rules);
	}
	if (!bk_conf_job(conf, head->operation))
		return bk_error_set(err, BK_E_CONFIG,
				    "execution %" PRId64 " is one of the job %s, which the "
				    "configuration does not have",
				    target->execution, head->operation);
	if (head->width != (int64_t)width)
		return bk_error_set(
			err, BK_E_MAPPING,
			"bookings.key has %zu column%s, the bookings of execution %" PRId64
			" had %" PRId64,
			width, width == 1 ? "" : "s", target->execution, head->width);
	return BK_OK;
}

static enum bk_rc find_head(struct bk_db *db, const struct bk_undo_target *target,
			    const struct bk_conf *conf, struct head *ret, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char execution[24];
	const char *params[] = {execution, target->rule};
	enum bk_rc rc;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, target->execution);
	rc = bk_undo_ask(db, bk_conf_str(conf, "schema"), "undo_head", BK_TX_READ, params, 2,
			 BK_MAYBE_ROW, &rows, err);
	if (rc)
		return rc;
	if (!bk_rows_count(rows)) {
		bk_error_set(err, BK_E_NOT_FOUND, "no execution %" PRId64, target->execution);
		return bk_error_hint(err, "bkstatus history lists them");
	}
	rc = bk_rows_read(rows, 0, head_fields, BK_COUNT(head_fields), ret, err);
	return rc ? rc : judge_head(target, conf, ret, err);
}

static enum bk_rc load_steps(struct bk_undo *u, struct bk_db *db, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char execution[24];
	const char *params[] = {execution, u->rule};
	enum bk_rc rc;
	int count;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, u->execution);
	rc = bk_undo_ask(db, bk_conf_str(u->conf, "schema"), "undo_rows", BK_TX_READ, params, 2,
			 BK_ANY_ROWS, &rows, err);
	if (rc)
		return rc;
	count = bk_rows_count(rows);
	u->steps = bk_calloc((size_t)count + 1, sizeof(*u->steps));
	for (int i = 0; i < count && !rc; i++) {
		u->step_count++;
		rc = bk_rows_read(rows, i, step_fields, BK_COUNT(step_fields), &u->steps[i], err);
	}
	return rc;
}

/* A key that was mistyped must not look like one that was taken back. */
static enum bk_rc find_key(const struct bk_undo *u, struct bk_db *db, const char *shown,
			   struct bk_error *err)
{
	static const struct bk_field field = {"found", BK_FIELD_BOOL, 0};
	const char *params[] = {u->number, u->rule, bk_buf_cstr(&u->key)};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	bool found = false;
	enum bk_rc rc = bk_undo_ask(db, bk_conf_str(u->conf, "schema"), "undo_key_found",
				    BK_TX_READ, params, BK_COUNT(params), BK_ONE_ROW, &rows, err);

	if (rc || (rc = bk_rows_read(rows, 0, &field, 1, &found, err)) || found)
		return rc;
	bk_error_set(err, BK_E_NOT_FOUND, "execution %s of %s did not change booking %s%s%s",
		     u->number, u->operation, shown, u->rule ? " by rule " : "",
		     u->rule ? u->rule : "");
	return bk_error_hint(err, "bkmaint undo %s -n lists those that it changed", u->number);
}

/* The key in the form that the transitions have; the execution must have changed it. */
static enum bk_rc read_key(struct bk_undo *u, struct bk_db *db, const char *const *key,
			   struct bk_error *err)
{
	const struct bk_mapping *m = u->job->mapping;
	const struct bk_tx_limits limits = {bk_undo_patience.statement_ms, bk_undo_patience.lock_ms,
					    true, &u->job->company};
	BK_CLEAN(bk_key_sql_clear) struct bk_key_sql sql = {.match = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf select = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	bk_key_sql_write(&sql, m, &u->job->table, key, 1);
	bk_buf_fmt(&select, "SELECT %s AS key", bk_buf_cstr(&sql.typed_key));
	rc = bk_tx_one(db, BK_TX_LOOK, &limits,
		       &(const struct bk_stmt){"undo_key", bk_buf_cstr(&select), key,
					       (int)m->key_count, BK_ONE_ROW},
		       &rows, err);
	if (rc)
		return bk_key_explain(m, &u->job->table, err);
	bk_buf_str(&u->key, bk_rows_text(rows, 0, "key"));
	return find_key(u, db, bk_buf_cstr(&sql.shown), err);
}

enum bk_rc bk_undo_find(struct bk_db *db, const struct bk_undo_target *target,
			const struct bk_conf *conf, struct bk_undo **ret, struct bk_error *err)
{
	BK_CLEAN(clear_head) struct head head = {.operation = NULL};
	BK_CLEAN(bk_undo_clean) struct bk_undo *u = NULL;
	enum bk_rc rc = find_head(db, target, conf, &head, err);

	if (rc)
		return rc;
	u = bk_calloc(1, sizeof(*u));
	u->conf = conf;
	u->execution = target->execution;
	u->rule = target->rule ? bk_strdup(target->rule) : NULL;
	u->hold_ms = target->hold_ms;
	u->operation = BK_TAKE(head.operation);
	u->executed_at = BK_TAKE(head.executed_at);
	u->undo_of = BK_TAKE(head.undo_of);
	u->bookings = head.bookings;
	u->number = bk_asprintf("%" PRId64, target->execution);
	u->description = bk_asprintf("Undo of execution %" PRId64, target->execution);
	u->job = bk_job_new(conf, bk_conf_job(conf, u->operation)->name);
	if ((rc = bk_table_load(db, u->job->mapping, &u->job->table, err)) ||
	    (rc = load_steps(u, db, err)))
		return rc;
	if (target->key && (rc = read_key(u, db, target->key, err)))
		return rc;
	*ret = BK_TAKE(u);
	return BK_OK;
}

struct bk_run_request bk_undo_request(const struct bk_undo *u)
{
	struct bk_run_request q = bk_job_request(u->conf, u->job->name);

	q.description = u->description;
	q.manual = true;
	q.force = true;
	q.beside = true;
	q.timeout_ms = UNDO_TIMEOUT_MS;
	q.lease_ms = UNDO_TIMEOUT_MS + LEASE_EXTRA_MS;
	q.first_run_limit = 0;
	q.max_changes = 0;
	q.workers = 1;
	q.max_aside = BK_UNDO_MOST;
	return q;
}

/*
 * An undo as the work of a run; see undo.h. The rows of booking_transitions are taken from
 * the last to the first, each in parts of a batch's size.
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

#define UNDO_TIMEOUT_MS INT64_C(900000)
#define LEASE_EXTRA_MS 30000
/* Rows of a dry run that are asked for at once. */
#define LOOK 5000

static const struct bk_tx_limits patience = {60000, 10000, true, NULL};

static void clear_left(struct bk_undo_left *left, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bk_array_clear(&left[i].key);
		free(left[i].reason);
		free(left[i].detail);
	}
}

static void clear_page(struct bk_undo *u)
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
	clear_left(u->left, u->left_count);
	clear_left(u->next_left, u->next_left_count);
	clear_page(u);
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

/* The statements behind a step: none where an undo is taken back, for what they revert was
   not done again. */
static const char *own_statement(const struct bk_undo *u, const char *rule, size_t i)
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
		if (own_statement(undo, undo->steps[i].rule, 0))
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

static enum bk_rc ask(struct bk_db *db, const char *schema, const char *file, enum bk_tx_kind kind,
		      const char *const *params, int count, enum bk_shape shape,
		      struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, file, &var, 1, err);
	const struct bk_stmt stmt = {file, bk_buf_cstr(&sql), params, count, shape};

	return rc ? rc : bk_tx_one(db, kind, &patience, &stmt, ret, err);
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
			"bookings.key has %zu columns, the bookings of execution %" PRId64
			" had %" PRId64,
			width, target->execution, head->width);
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
	rc = ask(db, bk_conf_str(conf, "schema"), "undo_head", BK_TX_READ, params, 2, BK_MAYBE_ROW,
		 &rows, err);
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
	rc = ask(db, bk_conf_str(u->conf, "schema"), "undo_rows", BK_TX_READ, params, 2,
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

/* The key in the form that the transitions have. */
static enum bk_rc read_key(struct bk_undo *u, struct bk_db *db, const char *const *key,
			   struct bk_error *err)
{
	const struct bk_mapping *m = u->job->mapping;
	const struct bk_tx_limits limits = {patience.statement_ms, patience.lock_ms, true,
					    &u->job->company};
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
	return BK_OK;
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

/* --- a look --- */

struct look {
	struct bk_undo *undo;
	bk_undo_fn fn;
	void *arg;
};

static const struct bk_field left_fields[] = {
	{"key", BK_FIELD_ARRAY, offsetof(struct bk_undo_left, key)},
	{"reason", BK_FIELD_TEXT, offsetof(struct bk_undo_left, reason)},
	{"detail", BK_FIELD_TEXT, offsetof(struct bk_undo_left, detail)},
};

static enum bk_rc on_look(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	const struct look *l = arg;
	struct bk_undo_left row = {.reason = NULL};
	enum bk_rc rc = bk_rows_read(rows, 0, left_fields, BK_COUNT(left_fields), &row, err);

	if (!rc)
		rc = l->fn(l->arg,
			   &(const struct bk_undo_row){&row.key, bk_rows_text(rows, 0, "rule"),
						       bk_rows_text(rows, 0, "from_state"),
						       bk_rows_text(rows, 0, "to_state"),
						       row.reason, row.detail},
			   err);
	bk_fields_clear(left_fields, BK_COUNT(left_fields), &row);
	return rc;
}

/* The parameters of undo_items. */
struct item_params {
	char id[24], first[24], count[24], execution[24];
	const char *values[13];
};

static void fill_items(struct item_params *p, const struct bk_undo *u, int64_t done, int64_t count)
{
	(void)snprintf(p->id, sizeof(p->id), "%" PRId64, u->steps[u->current].id);
	(void)snprintf(p->first, sizeof(p->first), "%" PRId64, done + 1);
	(void)snprintf(p->count, sizeof(p->count), "%" PRId64, count);
	p->values[0] = p->id;
	p->values[1] = p->first;
	p->values[2] = p->count;
	p->values[3] = u->key.len ? bk_buf_cstr(&u->key) : NULL;
	p->values[4] = NULL;
	p->values[5] = u->rule ? u->rule : "";
}

/* A part of the current step, in the snapshot that is open. */
static enum bk_rc look_at(struct bk_undo *u, struct bk_db *db, int64_t done, int64_t count,
			  bk_undo_fn fn, void *arg, struct bk_error *err)
{
	struct look look = {u, fn, arg};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct item_params p;
	enum bk_rc rc = bk_undo_list_sql(u, &u->steps[u->current], &sql, err);

	if (rc)
		return rc;
	fill_items(&p, u, done, count);
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"undo_list", bk_buf_cstr(&sql), p.values, 6, BK_ANY_ROWS},
		on_look, &look, err);
}

static enum bk_rc open_look(const struct bk_undo *u, struct bk_db *db, struct bk_error *err)
{
	const struct bk_tx_limits limits = {patience.statement_ms, patience.lock_ms, true,
					    &u->job->company};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD];
	size_t n = bk_tx_begin(&tx, BK_TX_LOOK, &limits, stmts);

	bk_tx_deadline(db, &limits);
	return bk_db_run(db, stmts, n, NULL, err);
}

enum bk_rc bk_undo_list(struct bk_undo *u, struct bk_db *db, bk_undo_fn fn, void *arg,
			struct bk_error *err)
{
	enum bk_rc rc = open_look(u, db, err);

	for (u->current = 0; u->current < u->step_count && !rc; u->current++)
		for (int64_t done = 0; done < u->steps[u->current].row_count && !rc; done += LOOK) {
			bk_tx_deadline(db, &patience);
			rc = look_at(u, db, done, LOOK, fn, arg, err);
		}
	u->current = 0;
	bk_db_rollback(db);
	return rc;
}

/* --- the run --- */

struct bk_run_request bk_undo_request(const struct bk_undo *u)
{
	struct bk_run_request q = bk_job_request(u->conf, u->job->name);

	q.description = u->description;
	q.manual = true;
	q.force = true;
	q.timeout_ms = UNDO_TIMEOUT_MS;
	q.lease_ms = UNDO_TIMEOUT_MS + LEASE_EXTRA_MS;
	q.first_run_limit = 0;
	q.max_changes = 0;
	q.workers = 1;
	q.max_aside = BK_UNDO_MOST;
	return q;
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	const struct bk_undo *u = self;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char execution[24], token[24], other[24];
	const char *params[] = {execution, token, other};

	(void)snprintf(execution, sizeof(execution), "%" PRId64, run->execution);
	(void)snprintf(token, sizeof(token), "%" PRId64, run->token);
	(void)snprintf(other, sizeof(other), "%" PRId64, u->execution);
	return ask(run->db, run->request->schema, "undo_mark", BK_TX_OWN, params, 3, BK_NO_ROWS,
		   &rows, err);
}

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *err)
{
	const struct bk_undo *u = self;
	int64_t n = u->bookings < limit ? u->bookings : limit;

	(void)run;
	(void)err;
	*ret = (struct bk_due){n, u->operation, n};
	return BK_OK;
}

/* Whatever is left as it is remains so: nothing is to be done. */
static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	(void)self;
	(void)run;
	(void)err;
	*ret = (struct bk_rest){0, 0};
	return BK_OK;
}

static void put_left(struct bk_undo *u, struct bk_undo_left *row)
{
	u->left_total++;
	if (u->left_count == BK_UNDO_MOST) {
		clear_left(row, 1);
		return;
	}
	u->left = bk_realloc(u->left, u->left_count + 1, sizeof(*u->left));
	u->left[u->left_count++] = *row;
}

static enum bk_rc take_left(struct bk_undo *u, const struct bk_rows *rows, struct bk_error *err)
{
	int n = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	clear_left(u->next_left, u->next_left_count);
	free(u->next_left);
	u->next_left = bk_calloc((size_t)n, sizeof(*u->next_left));
	u->next_left_count = 0;
	for (int i = 0; i < n && bk_rows_text(rows, i, "n") && !rc; i++) {
		u->next_left_count++;
		rc = bk_rows_read(rows, i, left_fields, BK_COUNT(left_fields), &u->next_left[i],
				  err);
	}
	return rc;
}

struct answer {
	int64_t locked, changed, ledger;
	bool cancel;
};

static const struct bk_field answer_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct answer, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct answer, changed)},
	{"ledger", BK_FIELD_INT, offsetof(struct answer, ledger)},
	{"cancel", BK_FIELD_BOOL, offsetof(struct answer, cancel)},
};

static enum bk_rc take_answer(struct bk_undo *u, const struct bk_rows *rows, struct bk_batch *ret,
			      struct bk_error *err)
{
	struct answer a;
	enum bk_rc rc;

	if (!bk_rows_count(rows))
		return bk_error_set(err, BK_E_INTERNAL, "undo_batch: no answer");
	if ((rc = bk_rows_read(rows, 0, answer_fields, BK_COUNT(answer_fields), &a, err)) ||
	    (rc = take_left(u, rows, err)))
		return rc;
	ret->locked = a.locked;
	ret->changed = a.changed;
	ret->ledger = a.ledger == 1;
	ret->cancel = a.cancel;
	return BK_OK;
}

/* What a batch is sent with. */
struct trip {
	struct item_params items;
	char worker[16], token[24], batch_no[16], lease[24], hold[24];
	const char *after_params[3];
	struct bk_buf sql;
	struct bk_buf after[3];
	size_t after_count;
};

static void clear_trip(struct trip *t)
{
	bk_buf_clear(&t->sql);
	for (size_t i = 0; i < t->after_count; i++)
		bk_buf_clear(&t->after[i]);
}

static void fill_batch(struct trip *t, const struct bk_undo *u, const struct bk_run *run,
		       int64_t done, int64_t count_of)
{
	struct item_params *p = &t->items;

	fill_items(p, u, done, count_of);
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(t->worker, sizeof(t->worker), "%d", run->worker);
	(void)snprintf(t->token, sizeof(t->token), "%" PRId64, run->token);
	(void)snprintf(t->batch_no, sizeof(t->batch_no), "%d", run->batch_no);
	(void)snprintf(t->lease, sizeof(t->lease), "%" PRId64, run->request->lease_ms);
	(void)snprintf(t->hold, sizeof(t->hold), "%" PRId64, u->hold_ms);
	p->values[4] = p->execution;
	p->values[5] = NULL;
	p->values[6] = t->worker;
	p->values[7] = t->token;
	p->values[8] = t->batch_no;
	p->values[9] = t->lease;
	p->values[10] = u->hold_ms ? t->hold : NULL;
	p->values[11] = u->description;
	p->values[12] = run->request->os_user;
	t->after_params[0] = p->execution;
	t->after_params[1] = t->worker;
	t->after_params[2] = t->batch_no;
}

static enum bk_rc add_after(struct trip *t, const struct bk_undo *u, const char *schema,
			    struct bk_stmt *stmts, size_t *n, struct bk_error *err)
{
	const char *statement;

	for (size_t i = 0; (statement = own_statement(u, u->steps[u->current].rule, i)); i++) {
		struct bk_buf *sql = &t->after[t->after_count++];
		enum bk_rc rc = bk_after_sql(u->job, schema, statement, sql, err);

		if (rc)
			return rc;
		stmts[(*n)++] = (struct bk_stmt){"on-undo", bk_buf_cstr(sql), t->after_params, 3,
						 BK_ANY_ROWS};
	}
	return BK_OK;
}

/* A fault of the company's own statement is no booking's. */
static enum bk_rc judge_fault(const struct bk_undo *u, struct bk_error *err)
{
	if (strncmp(err->message, "on-undo: ", 9) == 0)
		err->systemic = true;
	return bk_error_prefix(err, "rule %s", u->steps[u->current].rule);
}

/* Takes back `count_of` places of the current step from `done` on, and leaves the
   transaction open. */
static enum bk_rc take_back(struct bk_undo *u, const struct bk_run *run, int64_t done,
			    int64_t count_of, struct bk_batch *ret, struct bk_error *err)
{
	const struct bk_run_request *q = run->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, false,
					    &u->job->company};
	BK_CLEAN(clear_trip) struct trip t = {.sql = BK_BUF_INIT};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 5];
	struct bk_rows *rows[BK_TX_HEAD + 5] = {NULL};
	size_t n = bk_tx_begin(&tx, BK_TX_COMPANY, &limits, stmts);
	size_t batch;
	enum bk_rc rc = bk_undo_batch_sql(u, &u->steps[u->current], &t.sql, err);

	if (rc)
		return rc;
	bk_tx_name(&tx, run->application, &stmts[n++]);
	stmts[n++] = (struct bk_stmt){"booking_batch_head", bk_sql_text("booking_batch_head"),
				      &q->schema, 1, BK_ONE_ROW};
	fill_batch(&t, u, run, done, count_of);
	batch = n;
	stmts[n++] = (struct bk_stmt){"undo_batch", bk_buf_cstr(&t.sql), t.items.values, 13,
				      BK_ANY_ROWS};
	if ((rc = add_after(&t, u, q->schema, stmts, &n, err)))
		return rc;
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n, rows, err)))
		return judge_fault(u, err);
	rc = take_answer(u, rows[batch], ret, err);
	for (size_t i = 0; i < n; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

/* How much of the current step a batch of that size takes. */
static int64_t share(const struct bk_undo *u, int64_t max)
{
	int64_t left = u->steps[u->current].row_count - u->done;

	return left < max ? left : max;
}

static bool is_last(const struct bk_undo *u, int64_t taken)
{
	return u->current + 1 == u->step_count && u->done + taken == u->steps[u->current].row_count;
}

static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	struct bk_undo *u = self;
	enum bk_rc rc;

	u->in_part = false;
	u->next = share(u, max);
	rc = take_back(u, run, u->done, u->next, ret, err);
	ret->done = is_last(u, u->next);
	return rc;
}

static void advance(struct bk_undo *u, int64_t taken)
{
	u->done += taken;
	if (u->done == u->steps[u->current].row_count) {
		u->current++;
		u->done = 0;
	}
}

static void committed(void *self)
{
	struct bk_undo *u = self;

	for (size_t i = 0; i < u->next_left_count; i++)
		put_left(u, &u->next_left[i]);
	u->next_left_count = 0;
	if (!u->in_part)
		advance(u, u->next);
}

static enum bk_rc on_page(void *arg, const struct bk_undo_row *row, struct bk_error *err)
{
	struct bk_undo *u = arg;
	struct bk_array copy = {bk_calloc(row->key->count, sizeof(char *)), row->key->count};

	(void)err;
	for (size_t i = 0; i < copy.count; i++)
		copy.items[i] = row->key->items[i] ? bk_strdup(row->key->items[i]) : NULL;
	u->page_keys = bk_realloc(u->page_keys, u->page_key_count + 1, sizeof(*u->page_keys));
	u->page_keys[u->page_key_count++] = copy;
	return BK_OK;
}

/* With one booking meant, a page has one item or none, at whatever place. */
static enum bk_rc page(void *self, const struct bk_run *run, int64_t max, int64_t *ret_count,
		       struct bk_error *err)
{
	struct bk_undo *u = self;
	int64_t length = share(u, max);
	enum bk_rc rc;

	clear_page(u);
	if ((rc = open_look(u, run->db, err)))
		return rc;
	rc = look_at(u, run->db, u->done, length, on_page, u, err);
	bk_db_rollback(run->db);
	if (rc)
		return rc;
	u->page = length;
	*ret_count = (int64_t)u->page_key_count;
	return BK_OK;
}

static enum bk_rc part(void *self, const struct bk_run *run, int64_t first, int64_t count_of,
		       struct bk_batch *ret, struct bk_error *err)
{
	struct bk_undo *u = self;

	u->in_part = true;
	if (u->key.len)
		return take_back(u, run, u->done, u->page, ret, err);
	return take_back(u, run, u->done + first, count_of, ret, err);
}

static bool page_done(void *self)
{
	struct bk_undo *u = self;
	bool last = is_last(u, u->page);

	advance(u, u->page);
	clear_page(u);
	return last;
}

static bool was_aside(void *self, int64_t item)
{
	(void)self;
	(void)item;
	return false;
}

static bool set_aside(void *self, int64_t item, const struct bk_error *why)
{
	struct bk_undo *u = self;
	struct bk_undo_left row = {.key = u->page_keys[item],
				   .reason = bk_strdup("refused"),
				   .detail = bk_strdup(why->message)};

	u->page_keys[item] = (struct bk_array){NULL, 0};
	put_left(u, &row);
	return true;
}

/* Nothing is kept of what was refused: no job is to try it again. */
static enum bk_rc settle(void *self, const struct bk_run *run, bool whole, struct bk_error *err)
{
	(void)self;
	(void)run;
	(void)whole;
	(void)err;
	return BK_OK;
}

enum bk_rc bk_undo_work(struct bk_undo *undo, struct bk_work *ret, struct bk_error *err)
{
	(void)err;
	*ret = (struct bk_work){
		.self = undo,
		.probe = "true",
		.prepare = prepare,
		.count = count,
		.batch = batch,
		.committed = committed,
		.rest = rest,
		.page = page,
		.part = part,
		.page_done = page_done,
		.was_aside = was_aside,
		.set_aside = set_aside,
		.settle = settle,
	};
	return BK_OK;
}

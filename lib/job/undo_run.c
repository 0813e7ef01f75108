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
#include "db/sqlfile.h"
#include "job/undo_internal.h"

#define LOCK_NOT_AVAILABLE "55P03"

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	const struct bk_undo *u = self;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char execution[24], token[24], other[24];
	const char *params[] = {execution, token, other};

	(void)snprintf(execution, sizeof(execution), "%" PRId64, run->execution);
	(void)snprintf(token, sizeof(token), "%" PRId64, run->token);
	(void)snprintf(other, sizeof(other), "%" PRId64, u->execution);
	return bk_undo_ask(run->db, run->request->schema, "undo_mark", BK_TX_OWN, params, 3,
			   BK_NO_ROWS, &rows, err);
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
		bk_undo_left_clear(row, 1);
		return;
	}
	u->left = bk_realloc(u->left, u->left_count + 1, sizeof(*u->left));
	u->left[u->left_count++] = *row;
}

static enum bk_rc take_left(struct bk_undo *u, const struct bk_rows *rows, struct bk_error *err)
{
	int n = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	bk_undo_left_clear(u->next_left, u->next_left_count);
	free(u->next_left);
	u->next_left = bk_calloc((size_t)n, sizeof(*u->next_left));
	u->next_left_count = 0;
	for (int i = 0; i < n && bk_rows_text(rows, i, "n") && !rc; i++) {
		u->next_left_count++;
		rc = bk_rows_read(rows, i, bk_undo_left_fields, BK_UNDO_LEFT_FIELDS,
				  &u->next_left[i], err);
	}
	return rc;
}

struct answer {
	int64_t present, locked, changed, ledger;
	bool cancel;
};

static const struct bk_field answer_fields[] = {
	{"present", BK_FIELD_INT, offsetof(struct answer, present)},
	{"locked", BK_FIELD_INT, offsetof(struct answer, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct answer, changed)},
	{"ledger", BK_FIELD_INT, offsetof(struct answer, ledger)},
	{"cancel", BK_FIELD_BOOL, offsetof(struct answer, cancel)},
};

/* Pruned meanwhile: what it changed can be told no more. */
static enum bk_rc no_longer_kept(const struct bk_undo *u, struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_RUN, "what execution %s changed is no longer kept", u->number);
	err->systemic = true;
	return err->rc;
}

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
	if (!a.present)
		return no_longer_kept(u, err);
	ret->locked = a.locked;
	ret->changed = a.changed;
	ret->ledger = a.ledger == 1;
	ret->cancel = a.cancel;
	return BK_OK;
}

/* What a batch is sent with. */
struct trip {
	struct bk_undo_params items;
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
	struct bk_undo_params *p = &t->items;

	bk_undo_params_fill(p, u, done, count_of);
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

	for (size_t i = 0; (statement = bk_undo_statement(u, u->steps[u->current].rule, i)); i++) {
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
	const struct bk_tx_limits limits = {bk_batch_statement_ms(run), q->lock_timeout_ms, false,
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
	if ((rc = bk_db_run(run->db, stmts, n, rows, err))) {
		u->skips_locked = strcmp(err->sqlstate, LOCK_NOT_AVAILABLE) == 0;
		return judge_fault(u, err);
	}
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
	u->skips_locked = false;
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

	bk_undo_page_clear(u);
	if ((rc = bk_undo_open_look(u, run->db, err)))
		return rc;
	rc = bk_undo_look_at(u, run->db, u->done, length, on_page, u, err);
	bk_db_rollback(run->db);
	if (rc)
		return rc;
	if (!u->page_key_count && !u->key.len)
		return no_longer_kept(u, err);
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
	bk_undo_page_clear(u);
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

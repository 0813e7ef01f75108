/*
 * The job cleanup; see cleanup.h. Its statements do the work, this hands them
 * their parameters and counts.
 */
#include "job/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqltext.h"

#define REST_LIMIT 10000

enum { DEAD, HOLDS, QUARANTINED, KINDS };

static const struct {
	const char *rule; /* as in sql/cleanup_due.sql */
	const char *from;
	const char *to;
} kinds[KINDS] = {
	[DEAD] = {"close-dead", "RUNNING", "ABANDONED"},
	[HOLDS] = {"remove-hold", "HELD", "REMOVED"},
	[QUARANTINED] = {"remove-quarantined", "QUARANTINED", "REMOVED"},
};

struct bk_cleanup {
	const char *schema;
	struct bk_buf probe;
	int64_t done[KINDS]; /* committed */
	struct bk_buf closed;
	/* The batch that is not yet known to be committed. */
	int64_t next[KINDS];
	char *next_closed;
};

struct bk_cleanup *bk_cleanup_new(const char *schema)
{
	struct bk_cleanup *c = bk_calloc(1, sizeof(*c));

	c->schema = schema;
	return c;
}

void bk_cleanup_free(struct bk_cleanup *cleanup)
{
	if (!cleanup)
		return;
	bk_buf_clear(&cleanup->probe);
	bk_buf_clear(&cleanup->closed);
	free(cleanup->next_closed);
	free(cleanup);
}

size_t bk_cleanup_kind_count(void)
{
	return KINDS;
}

struct bk_tally bk_cleanup_tally(const struct bk_cleanup *cleanup, size_t kind)
{
	return (struct bk_tally){kinds[kind].rule, kinds[kind].from, kinds[kind].to,
				 cleanup->done[kind]};
}

const char *bk_cleanup_closed(const struct bk_cleanup *cleanup)
{
	return cleanup->closed.len ? bk_buf_cstr(&cleanup->closed) : NULL;
}

/* A statement over cleanup_due. */
static enum bk_rc fill(const struct bk_cleanup *c, const char *file, struct bk_buf *out,
		       struct bk_error *err)
{
	const struct bk_sql_var own = {"bk", c->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf due = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&due, "cleanup_due", &own, 1, err)))
		return rc;
	const struct bk_sql_var vars[] = {own, {"due", bk_buf_cstr(&due)}};

	return bk_sql_fill_file(out, file, vars, BK_COUNT(vars), err);
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	(void)self;
	(void)run;
	(void)err;
	return BK_OK;
}

static enum bk_rc count_up_to(void *self, const struct bk_run *run, int64_t limit, int64_t *ret,
			      struct bk_error *err)
{
	static const struct bk_field field = {"n", BK_FIELD_INT, 0};
	const struct bk_tx_limits limits = {run->count_ms, run->request->lock_timeout_ms, false,
					    NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char most[24];
	const char *params[] = {most};
	enum bk_rc rc;

	(void)snprintf(most, sizeof(most), "%" PRId64, limit);
	if ((rc = fill(self, "cleanup_count", &sql, err)))
		return rc;
	rc = bk_tx_one(
		run->db, BK_TX_READ, &limits,
		&(const struct bk_stmt){"cleanup_count", bk_buf_cstr(&sql), params, 1, BK_ONE_ROW},
		&rows, err);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *err)
{
	int64_t n = 0;
	enum bk_rc rc = count_up_to(self, run, limit, &n, err);

	if (!rc)
		*ret = (struct bk_due){n, BK_JOB_CLEANUP, n};
	return rc;
}

/* What is left when all batches are done is locked by others. */
static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	int64_t left = 0;
	enum bk_rc rc = count_up_to(self, run, REST_LIMIT, &left, err);

	if (!rc)
		*ret = (struct bk_rest){left, left};
	return rc;
}

struct batch_row {
	int64_t locked, changed, ledger;
	int64_t by_kind[KINDS];
	bool cancel;
	char *closed;
};

static const struct bk_field batch_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct batch_row, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct batch_row, changed)},
	{"ledger", BK_FIELD_INT, offsetof(struct batch_row, ledger)},
	{"cancel", BK_FIELD_BOOL, offsetof(struct batch_row, cancel)},
	{"dead", BK_FIELD_INT, offsetof(struct batch_row, by_kind[DEAD])},
	{"holds", BK_FIELD_INT, offsetof(struct batch_row, by_kind[HOLDS])},
	{"quarantined", BK_FIELD_INT, offsetof(struct batch_row, by_kind[QUARANTINED])},
	{"closed", BK_FIELD_TEXT, offsetof(struct batch_row, closed)},
};

static enum bk_rc take_answer(struct bk_cleanup *c, const struct bk_rows *rows, int64_t max,
			      struct bk_batch *ret, struct bk_error *err)
{
	struct batch_row row = {.closed = NULL};
	enum bk_rc rc = bk_rows_read(rows, 0, batch_fields, BK_COUNT(batch_fields), &row, err);

	if (rc)
		return rc;
	memcpy(c->next, row.by_kind, sizeof(c->next));
	free(c->next_closed);
	c->next_closed = row.closed;
	ret->locked = row.locked;
	ret->changed = row.changed;
	ret->ledger = row.ledger == 1;
	ret->cancel = row.cancel;
	ret->done = row.locked < max;
	return BK_OK;
}

struct batch_params {
	char max[24], execution[24], worker[16], token[24], batch_no[16], lease[24], pid[16];
	const char *values[8];
};

static void fill_params(struct batch_params *p, const struct bk_run *run, int64_t max)
{
	(void)snprintf(p->max, sizeof(p->max), "%" PRId64, max);
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(p->worker, sizeof(p->worker), "%d", run->worker);
	(void)snprintf(p->token, sizeof(p->token), "%" PRId64, run->token);
	(void)snprintf(p->batch_no, sizeof(p->batch_no), "%d", run->batch_no);
	(void)snprintf(p->lease, sizeof(p->lease), "%" PRId64, run->request->lease_ms);
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	const char *values[] = {p->max,   p->execution,           p->worker, p->token, p->batch_no,
				p->lease, run->request->instance, p->pid};

	memcpy(p->values, values, sizeof(values));
}

enum bk_rc bk_cleanup_explain(struct bk_cleanup *cleanup, const struct bk_run *run, int64_t max,
			      bk_statement_fn fn, void *arg, struct bk_error *err)
{
	static const char *const names[] = {"batch size", "execution", "worker",   "token",
					    "batch",      "lease ms",  "instance", "pid"};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct batch_params p;
	enum bk_rc rc;

	if ((rc = fill(cleanup, "cleanup_batch", &sql, err)))
		return rc;
	fill_params(&p, run, max);
	return fn(arg, bk_buf_cstr(&sql), names, p.values, BK_COUNT(p.values), err);
}

/* The tables are small and have no order to keep: nothing is pinned. */
static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	const struct bk_tx_limits limits = {run->request->statement_timeout_ms,
					    run->request->lock_timeout_ms, false, NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct batch_params p;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 1];
	struct bk_rows *rows[BK_TX_HEAD + 1];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
	enum bk_rc rc;

	if ((rc = fill(self, "cleanup_batch", &sql, err)))
		return rc;
	bk_tx_name(&tx, run->application, &stmts[n++]);
	fill_params(&p, run, max);
	stmts[n] = (struct bk_stmt){"cleanup_batch", bk_buf_cstr(&sql), p.values,
				    BK_COUNT(p.values), BK_ONE_ROW};
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n + 1, rows, err)))
		return rc;
	rc = take_answer(self, rows[n], max, ret, err);
	for (size_t i = 0; i <= n; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

static void committed(void *self)
{
	struct bk_cleanup *c = self;

	for (size_t i = 0; i < KINDS; i++)
		c->done[i] += c->next[i];
	if (c->next_closed)
		bk_buf_fmt(&c->closed, "%s%s", c->closed.len ? "\n" : "", c->next_closed);
	bk_free_str(&c->next_closed);
}

enum bk_rc bk_cleanup_work(struct bk_cleanup *cleanup, struct bk_work *ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", cleanup->schema};
	enum bk_rc rc;

	bk_buf_reset(&cleanup->probe);
	bk_buf_str(&cleanup->probe, "EXISTS (");
	if ((rc = bk_sql_fill_file(&cleanup->probe, "cleanup_due", &var, 1, err)))
		return rc;
	bk_buf_str(&cleanup->probe, ")");
	*ret = (struct bk_work){
		.self = cleanup,
		.probe = bk_buf_cstr(&cleanup->probe),
		.prepare = prepare,
		.count = count,
		.batch = batch,
		.committed = committed,
		.rest = rest,
	};
	return BK_OK;
}

struct listing {
	bk_dry_fn row;
	void *arg;
};

static enum bk_rc on_row(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	const struct listing *l = arg;
	const char *rule = bk_rows_text(rows, 0, "rule");
	const char *keys[] = {bk_rows_text(rows, 0, "key")};
	size_t kind = 0;

	while (kind < KINDS && (!rule || strcmp(kinds[kind].rule, rule) != 0))
		kind++;
	if (kind == KINDS)
		return bk_error_set(err, BK_E_INTERNAL, "cleanup_list: unknown rule");
	return l->row(l->arg,
		      &(const struct bk_dry_row){keys, 1, kinds[kind].rule, kinds[kind].from,
						 kinds[kind].to, bk_rows_text(rows, 0, "due_at")},
		      err);
}

enum bk_rc bk_cleanup_list(struct bk_cleanup *cleanup, struct bk_db *db, int64_t limit,
			   bk_dry_fn row, void *arg, struct bk_error *err)
{
	struct listing l = {row, arg};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char most[24];
	const char *params[] = {limit < 0 ? NULL : most};
	enum bk_rc rc;

	(void)snprintf(most, sizeof(most), "%" PRId64, limit);
	if ((rc = fill(cleanup, "cleanup_list", &sql, err)))
		return rc;
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"cleanup_list", bk_buf_cstr(&sql), params, 1, BK_ANY_ROWS},
		on_row, &l, err);
}

/*
 * The job cleanup; see cleanup.h. A table of kinds, each with the SQL of what is due and
 * of a batch; this hands them their parameters, goes from one to the next and counts.
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

/* What the parameters of a batch are; in the order of param_names. */
enum param { MAX, EXECUTION, INSTANCE, PID, PARAMS };

static const char *const param_names[PARAMS] = {"batch size", "execution", "instance", "pid"};

static const struct kind {
	const char *rule;
	const char *from;
	const char *to;
	const char *due;   /* SQL file of what is due: key, due, and what the batch needs */
	const char *batch; /* SQL file of a batch: locked, changed, said */
	enum param params[PARAMS];
	int param_count;
} kinds[] = {
	{"close-dead",
	 "RUNNING",
	 "ABANDONED",
	 "cleanup_dead_due",
	 "cleanup_dead",
	 {MAX, EXECUTION, INSTANCE, PID},
	 4},
	{"remove-hold", "HELD", "REMOVED", "cleanup_holds_due", "cleanup_holds", {MAX}, 1},
	{"remove-quarantined",
	 "QUARANTINED",
	 "REMOVED",
	 "cleanup_quarantined_due",
	 "cleanup_quarantined",
	 {MAX},
	 1},
};

enum { KINDS = BK_COUNT(kinds) };

struct bk_cleanup {
	const char *schema;
	struct bk_buf probe;
	size_t current;      /* kind at hand */
	int64_t done[KINDS]; /* committed */
	struct bk_buf said;
	/* The batch that is not yet known to be committed. */
	int64_t next_changed;
	bool next_ends_kind;
	char *next_said;
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
	bk_buf_clear(&cleanup->said);
	free(cleanup->next_said);
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

const char *bk_cleanup_said(const struct bk_cleanup *cleanup)
{
	return cleanup->said.len ? bk_buf_cstr(&cleanup->said) : NULL;
}

/* What is due, of one kind. */
static enum bk_rc fill_due(const struct bk_cleanup *c, const struct kind *kind, struct bk_buf *out,
			   struct bk_error *err)
{
	const struct bk_sql_var vars[] = {{"bk", c->schema}};

	return bk_sql_fill_file(out, kind->due, vars, BK_COUNT(vars), err);
}

/* A statement over what is due, of one kind. */
static enum bk_rc fill(const struct bk_cleanup *c, const struct kind *kind, const char *file,
		       struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf due = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = fill_due(c, kind, &due, err)))
		return rc;
	const struct bk_sql_var vars[] = {{"bk", c->schema}, {"due", bk_buf_cstr(&due)}};

	return bk_sql_fill_file(out, file, vars, BK_COUNT(vars), err);
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	struct bk_cleanup *c = self;

	(void)run;
	(void)err;
	c->current = 0;
	return BK_OK;
}

static enum bk_rc count_kind(const struct bk_cleanup *c, const struct bk_run *run,
			     const struct kind *kind, int64_t limit, int64_t *ret,
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
	if ((rc = fill(c, kind, "cleanup_count", &sql, err)))
		return rc;
	rc = bk_tx_one(
		run->db, BK_TX_READ, &limits,
		&(const struct bk_stmt){"cleanup_count", bk_buf_cstr(&sql), params, 1, BK_ONE_ROW},
		&rows, err);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

/* *ret_most is the kind that has most to do. */
static enum bk_rc count_up_to(const struct bk_cleanup *c, const struct bk_run *run, int64_t limit,
			      struct bk_due *ret, struct bk_error *err)
{
	struct bk_due due = {0, NULL, 0};

	for (size_t i = 0; i < KINDS && due.total < limit; i++) {
		int64_t n = 0;
		enum bk_rc rc = count_kind(c, run, &kinds[i], limit - due.total, &n, err);

		if (rc)
			return rc;
		due.total += n;
		if (!due.rule || n > due.by_rule) {
			due.rule = kinds[i].rule;
			due.by_rule = n;
		}
	}
	*ret = due;
	return BK_OK;
}

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *err)
{
	return count_up_to(self, run, limit, ret, err);
}

/* What is left when all batches are done is locked by others. */
static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	struct bk_due due = {0, NULL, 0};
	enum bk_rc rc = count_up_to(self, run, REST_LIMIT, &due, err);

	if (!rc)
		*ret = (struct bk_rest){due.total, due.total};
	return rc;
}

struct params {
	char max[24], execution[24], worker[16], token[24], batch_no[16], lease[24], pid[16];
	char changed[24];
	const char *batch[PARAMS];
	const char *names[PARAMS];
	const char *fence[3];
	const char *ledger[6];
};

static void fill_params(struct params *p, const struct bk_run *run, const struct kind *kind,
			int64_t max)
{
	(void)snprintf(p->max, sizeof(p->max), "%" PRId64, max);
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(p->worker, sizeof(p->worker), "%d", run->worker);
	(void)snprintf(p->token, sizeof(p->token), "%" PRId64, run->token);
	(void)snprintf(p->batch_no, sizeof(p->batch_no), "%d", run->batch_no);
	(void)snprintf(p->lease, sizeof(p->lease), "%" PRId64, run->request->lease_ms);
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	p->changed[0] = '\0';
	const char *values[PARAMS] = {p->max, p->execution, run->request->instance, p->pid};
	const char *fence[] = {p->execution, p->worker, p->token};
	const char *ledger[] = {p->execution, p->worker, p->token,
				p->batch_no,  p->lease,  p->changed};

	for (int i = 0; i < kind->param_count; i++) {
		p->batch[i] = values[kind->params[i]];
		p->names[i] = param_names[kind->params[i]];
	}
	memcpy(p->fence, fence, sizeof(fence));
	memcpy(p->ledger, ledger, sizeof(ledger));
}

enum bk_rc bk_cleanup_explain(struct bk_cleanup *cleanup, const struct bk_run *run, int64_t max,
			      bk_statement_fn fn, void *arg, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < KINDS && !rc; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
		struct params p;
		struct bk_tally tally = bk_cleanup_tally(cleanup, i);

		if ((rc = fill(cleanup, &kinds[i], kinds[i].batch, &sql, err)))
			return rc;
		fill_params(&p, run, &kinds[i], max);
		rc = fn(arg, &tally, bk_buf_cstr(&sql), p.names, p.batch, kinds[i].param_count,
			err);
	}
	return rc;
}

static struct bk_tx_limits limits_of(const struct bk_run *run)
{
	/* The tables are small and have no order to keep: nothing is pinned. */
	return (struct bk_tx_limits){run->request->statement_timeout_ms,
				     run->request->lock_timeout_ms, false, NULL};
}

struct batch_row {
	int64_t locked, changed;
	char *said;
};

static const struct bk_field batch_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct batch_row, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct batch_row, changed)},
	{"said", BK_FIELD_TEXT, offsetof(struct batch_row, said)},
};

/* Opens the transaction, locks the own ledger row and runs the kind's statement. */
static enum bk_rc work_off(struct bk_cleanup *c, const struct bk_run *run, const struct kind *kind,
			   const struct params *p, struct batch_row *ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = limits_of(run);
	const struct bk_sql_var var = {"bk", c->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf fence = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	struct bk_rows *rows[BK_TX_HEAD + 2];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&fence, "cleanup_fence", &var, 1, err)) ||
	    (rc = fill(c, kind, kind->batch, &sql, err)))
		return rc;
	bk_tx_name(&tx, run->application, &stmts[n++]);
	stmts[n++] = (struct bk_stmt){"cleanup_fence", bk_buf_cstr(&fence), p->fence,
				      BK_COUNT(p->fence), BK_MAYBE_ROW};
	stmts[n] = (struct bk_stmt){kind->batch, bk_buf_cstr(&sql), p->batch, kind->param_count,
				    BK_ONE_ROW};
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n + 1, rows, err)))
		return rc;
	rc = bk_rows_read(rows[n], 0, batch_fields, BK_COUNT(batch_fields), ret, err);
	for (size_t i = 0; i <= n; i++)
		bk_rows_clean(&rows[i]);
	return rc;
}

/* Counts the batch in the ledger, which is the fence. */
static enum bk_rc count_in(const struct bk_cleanup *c, const struct bk_run *run, struct params *p,
			   struct bk_batch *ret, struct bk_error *err)
{
	static const struct bk_field field = {"cancel", BK_FIELD_BOOL, 0};
	const struct bk_tx_limits limits = limits_of(run);
	const struct bk_sql_var var = {"bk", c->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(p->changed, sizeof(p->changed), "%" PRId64, ret->changed);
	if ((rc = bk_sql_fill_file(&sql, "cleanup_ledger", &var, 1, err)))
		return rc;
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db,
			    &(const struct bk_stmt){"cleanup_ledger", bk_buf_cstr(&sql), p->ledger,
						    BK_COUNT(p->ledger), BK_MAYBE_ROW},
			    1, &rows, err)))
		return rc;
	ret->ledger = bk_rows_count(rows) == 1;
	return ret->ledger ? bk_rows_read(rows, 0, &field, 1, &ret->cancel, err) : BK_OK;
}

static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	struct bk_cleanup *c = self;
	const struct kind *kind = &kinds[c->current];
	struct batch_row row = {0, 0, NULL};
	struct params p;
	enum bk_rc rc;

	fill_params(&p, run, kind, max);
	rc = work_off(c, run, kind, &p, &row, err);
	free(c->next_said);
	c->next_said = row.said;
	c->next_changed = row.changed;
	c->next_ends_kind = row.locked < max;
	ret->locked = row.locked;
	ret->changed = row.changed;
	ret->done = c->next_ends_kind && c->current + 1 == KINDS;
	if (!rc)
		rc = count_in(c, run, &p, ret, err);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

static void committed(void *self)
{
	struct bk_cleanup *c = self;

	c->done[c->current] += c->next_changed;
	if (c->next_said)
		bk_buf_fmt(&c->said, "%s%s", c->said.len ? "\n" : "", c->next_said);
	bk_free_str(&c->next_said);
	c->current += c->next_ends_kind;
}

enum bk_rc bk_cleanup_work(struct bk_cleanup *cleanup, struct bk_work *ret, struct bk_error *err)
{
	enum bk_rc rc;

	bk_buf_reset(&cleanup->probe);
	for (size_t i = 0; i < KINDS; i++) {
		bk_buf_str(&cleanup->probe, i ? "\n OR EXISTS (" : "EXISTS (");
		if ((rc = fill_due(cleanup, &kinds[i], &cleanup->probe, err)))
			return rc;
		bk_buf_str(&cleanup->probe, ")");
	}
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
	const struct kind *kind;
	int64_t left; /* -1 = any number */
	bk_dry_fn row;
	void *arg;
};

static enum bk_rc on_row(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	struct listing *l = arg;
	const char *keys[] = {bk_rows_text(rows, 0, "key")};

	l->left -= l->left > 0;
	return l->row(l->arg,
		      &(const struct bk_dry_row){keys, 1, l->kind->rule, l->kind->from, l->kind->to,
						 bk_rows_text(rows, 0, "due_at")},
		      err);
}

static enum bk_rc list_kind(struct bk_cleanup *c, struct bk_db *db, struct listing *l,
			    struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char most[24];
	const char *params[] = {l->left < 0 ? NULL : most};
	enum bk_rc rc;

	(void)snprintf(most, sizeof(most), "%" PRId64, l->left);
	if ((rc = fill(c, l->kind, "cleanup_list", &sql, err)))
		return rc;
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"cleanup_list", bk_buf_cstr(&sql), params, 1, BK_ANY_ROWS},
		on_row, l, err);
}

enum bk_rc bk_cleanup_list(struct bk_cleanup *cleanup, struct bk_db *db, int64_t limit,
			   bk_dry_fn row, void *arg, struct bk_error *err)
{
	struct listing l = {NULL, limit, row, arg};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < KINDS && !rc && l.left; i++) {
		l.kind = &kinds[i];
		rc = list_kind(cleanup, db, &l, err);
	}
	return rc;
}

/*
 * The job cleanup; see cleanup.h. A table of kinds, each with the SQL of what is due and
 * of a batch; the run takes them one after the other.
 */
#include "job/cleanup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/cleanup_kinds.h"

#define REST_LIMIT 10000

/* What is pruned by age comes first, so that what is counted has less to pass over. */
const struct bk_kind bk_kinds[] = {
	{.rule = "close-dead",
	 .from = "RUNNING",
	 .to = "ABANDONED",
	 .due = "cleanup_dead_due",
	 .batch = "cleanup_dead",
	 .params = {BK_KIND_MAX, BK_KIND_EXECUTION, BK_KIND_INSTANCE, BK_KIND_PID},
	 .param_count = 4},
	{.rule = "remove-hold",
	 .from = "HELD",
	 .to = "REMOVED",
	 .due = "cleanup_holds_due",
	 .batch = "cleanup_holds",
	 .params = {BK_KIND_MAX},
	 .param_count = 1},
	{.rule = "remove-quarantined",
	 .from = "QUARANTINED",
	 .to = "REMOVED",
	 .due = "cleanup_quarantined_due",
	 .batch = "cleanup_quarantined",
	 .params = {BK_KIND_MAX},
	 .param_count = 1},
	{.rule = "prune-history",
	 .from = "FINISHED",
	 .to = "PRUNED",
	 .due = "cleanup_history_due",
	 .batch = "cleanup_page",
	 .paged = true,
	 .params = {BK_KIND_MAX, BK_KIND_AT, BK_KIND_ID, BK_KIND_BOOKINGS},
	 .param_count = 4},
	{.rule = "prune-empty",
	 .from = "FINISHED",
	 .to = "PRUNED",
	 .due = "cleanup_empty_due",
	 .batch = "cleanup_page",
	 .paged = true,
	 .params = {BK_KIND_MAX, BK_KIND_AT, BK_KIND_ID, BK_KIND_BOOKINGS},
	 .param_count = 4},
	{.rule = "prune-stats",
	 .from = "COUNTED",
	 .to = "PRUNED",
	 .due = "cleanup_stats_due",
	 .batch = "cleanup_stats",
	 .params = {BK_KIND_MAX},
	 .param_count = 1},
};

_Static_assert(BK_COUNT(bk_kinds) == BK_KINDS, "BK_KINDS is the number of kinds");

struct bk_cleanup *bk_cleanup_new(const struct bk_conf *conf)
{
	struct bk_cleanup *c = bk_calloc(1, sizeof(*c));

	c->conf = conf;
	c->schema = bk_conf_str(conf, "schema");
	return c;
}

static void clear_position(struct bk_cleanup *c)
{
	bk_free_str(&c->at);
	bk_free_str(&c->id);
}

static void clear_next(struct bk_cleanup *c)
{
	bk_free_str(&c->next_at);
	bk_free_str(&c->next_id);
	bk_free_str(&c->next_said);
}

void bk_cleanup_free(struct bk_cleanup *cleanup)
{
	if (!cleanup)
		return;
	bk_buf_clear(&cleanup->probe);
	bk_buf_clear(&cleanup->said);
	clear_position(cleanup);
	clear_next(cleanup);
	free(cleanup);
}

void bk_cleanup_only_archive(struct bk_cleanup *cleanup)
{
	cleanup->only_paged = true;
}

/* The first kind from there on that is not left out; BK_KINDS = there is none. */
static size_t kind_from(const struct bk_cleanup *c, size_t i)
{
	while (i < BK_KINDS && c->only_paged && !bk_kinds[i].paged)
		i++;
	return i;
}

size_t bk_cleanup_kind_count(void)
{
	return BK_KINDS;
}

struct bk_tally bk_cleanup_tally(const struct bk_cleanup *cleanup, size_t kind)
{
	return (struct bk_tally){bk_kinds[kind].rule, bk_kinds[kind].from, bk_kinds[kind].to,
				 cleanup->done[kind]};
}

const char *bk_cleanup_said(const struct bk_cleanup *cleanup)
{
	return cleanup->said.len ? bk_buf_cstr(&cleanup->said) : NULL;
}

static void put_ms(char dst[24], int64_t ms)
{
	(void)snprintf(dst, 24, "%" PRId64, ms);
}

/* What is due, of one kind. */
static enum bk_rc fill_due(const struct bk_cleanup *c, const struct bk_kind *kind, bool page,
			   struct bk_buf *out, struct bk_error *err)
{
	int64_t history = bk_conf_num(c->conf, "history-retention");
	int64_t undo = bk_conf_num(c->conf, "undo-window");
	int64_t kept = history > undo ? history : undo;
	char history_ms[24], kept_ms[24], unread_ms[24], stats_ms[24], number[24];
	BK_CLEAN(bk_buf_clear) struct bk_buf over = BK_BUF_INIT;
	struct bk_sql_var vars[] = {
		{"over", NULL},
		{"bk", c->schema},
		{"history_ms", history_ms},
		{"kept_ms", kept_ms},
		{"unread_ms", unread_ms},
		{"stats_ms", stats_ms},
		{"number", number},
		{"after_at",
		 page ? "coalesce($2::timestamptz, '-infinity')" : "'-infinity'::timestamptz"},
		{"after_id", page ? "coalesce($3::bigint, 0)" : "0::bigint"},
		{"most", page ? "$1::bigint" : "ALL"},
	};
	enum bk_rc rc;

	put_ms(history_ms, history);
	put_ms(kept_ms, kept);
	put_ms(unread_ms, kept + bk_conf_num(c->conf, "events-max-lag"));
	put_ms(stats_ms, bk_conf_num(c->conf, "stats-retention"));
	put_ms(number, bk_conf_num(c->conf, "max-history-records"));
	if (kind->paged) {
		if ((rc = bk_sql_fill_file(&over, "cleanup_over", vars + 1, BK_COUNT(vars) - 1,
					   err)))
			return rc;
		vars[0].value = bk_buf_cstr(&over);
	}
	return bk_sql_fill_file(out, kind->due, vars, BK_COUNT(vars), err);
}

enum bk_rc bk_kind_sql(const struct bk_cleanup *c, const struct bk_kind *kind, const char *file,
		       bool page, struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf due = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = fill_due(c, kind, page, &due, err)))
		return rc;
	const struct bk_sql_var vars[] = {{"bk", c->schema}, {"due", bk_buf_cstr(&due)}};

	return bk_sql_fill_file(out, file, vars, BK_COUNT(vars), err);
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	struct bk_cleanup *c = self;

	(void)run;
	(void)err;
	c->current = kind_from(c, 0);
	clear_position(c);
	return BK_OK;
}

static enum bk_rc count_kind(const struct bk_cleanup *c, const struct bk_run *run,
			     const struct bk_kind *kind, int64_t limit, int64_t *ret,
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
	if ((rc = bk_kind_sql(c, kind, "cleanup_count", false, &sql, err)))
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

	for (size_t i = kind_from(c, 0); i < BK_KINDS && due.total < limit;
	     i = kind_from(c, i + 1)) {
		int64_t n = 0;
		enum bk_rc rc = count_kind(c, run, &bk_kinds[i], limit - due.total, &n, err);

		if (rc)
			return rc;
		due.total += n;
		if (!due.rule || n > due.by_rule) {
			due.rule = bk_kinds[i].rule;
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

/* What is left when all batches are done is locked by others; before, it is work. */
static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	const struct bk_cleanup *c = self;
	struct bk_due due = {0, NULL, 0};
	enum bk_rc rc = count_up_to(c, run, REST_LIMIT, &due, err);

	if (!rc)
		*ret = (struct bk_rest){due.total, c->current == BK_KINDS ? due.total : 0};
	return rc;
}

enum bk_rc bk_cleanup_explain(struct bk_cleanup *cleanup, const struct bk_run *run, int64_t max,
			      bk_statement_fn fn, void *arg, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_KINDS && !rc; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
		BK_CLEAN(bk_buf_clear) struct bk_buf selecting = BK_BUF_INIT;
		struct bk_kind_values v;
		struct bk_tally tally = bk_cleanup_tally(cleanup, i);

		if ((rc = bk_kind_sql(cleanup, &bk_kinds[i], bk_kinds[i].batch, true, &sql, err)) ||
		    (rc = bk_kind_sql(cleanup, &bk_kinds[i], "cleanup_list", false, &selecting,
				      err)))
			return rc;
		bk_kind_values_fill(&v, cleanup, run, &bk_kinds[i], max);
		rc = fn(arg, &tally, bk_buf_cstr(&sql), bk_buf_cstr(&selecting), v.names, v.batch,
			bk_kinds[i].param_count, err);
	}
	return rc;
}

static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	struct bk_cleanup *c = self;
	enum bk_rc rc;

	clear_next(c);
	rc = bk_kind_batch(c, run, max, ret, err);
	ret->done = c->next_ends_kind && kind_from(c, c->current + 1) == BK_KINDS;
	return rc;
}

static void committed(void *self)
{
	struct bk_cleanup *c = self;

	c->done[c->current] += c->next_changed;
	if (c->next_said)
		bk_buf_fmt(&c->said, "%s%s", c->said.len ? "\n" : "", c->next_said);
	clear_position(c);
	if (c->next_ends_kind) {
		c->current = kind_from(c, c->current + 1);
	} else {
		c->at = BK_TAKE(c->next_at);
		c->id = BK_TAKE(c->next_id);
	}
	clear_next(c);
}

enum bk_rc bk_cleanup_work(struct bk_cleanup *cleanup, struct bk_work *ret, struct bk_error *err)
{
	enum bk_rc rc;

	bk_buf_reset(&cleanup->probe);
	for (size_t i = kind_from(cleanup, 0); i < BK_KINDS; i = kind_from(cleanup, i + 1)) {
		bk_buf_str(&cleanup->probe, cleanup->probe.len ? "\n OR EXISTS (" : "EXISTS (");
		if ((rc = fill_due(cleanup, &bk_kinds[i], false, &cleanup->probe, err)))
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
	const struct bk_kind *kind;
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
	if ((rc = bk_kind_sql(c, l->kind, "cleanup_list", false, &sql, err)))
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

	for (size_t i = kind_from(cleanup, 0); i < BK_KINDS && !rc && l.left;
	     i = kind_from(cleanup, i + 1)) {
		l.kind = &bk_kinds[i];
		rc = list_kind(cleanup, db, &l, err);
	}
	return rc;
}

/*
 * Explaining a job; see explain.h.
 */
#include "job/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/internal.h"
#include "rule/bounds.h"

struct explaining {
	struct bk_job *job;
	struct bk_run run; /* that never is */
	struct bk_bounds bounds;
	bk_explain_fn fn;
	void *arg;
};

/* A statement to be explained, and what is told of it. */
struct question {
	struct bk_explained told;
	const char *selecting; /* SQL of its selecting part */
	int selecting_params;  /* it has the first so many parameters */
	const char *const *values;
	enum bk_tx_kind kind;
};

static void clear_explaining(struct explaining *e)
{
	bk_bounds_clear(&e->bounds);
}

static struct bk_tx_limits limits_of(const struct explaining *e, bool pin)
{
	return (struct bk_tx_limits){e->run.request->statement_timeout_ms,
				     e->run.request->lock_timeout_ms, pin, &e->job->company};
}

/* The instants that a run would have if it were claimed now. */
static enum bk_rc set_bounds(struct explaining *e, struct bk_error *err)
{
	const struct bk_tx_limits limits = limits_of(e, false);
	enum bk_rc rc = bk_bounds_read(e->run.db, e->run.request->max_age_ms, &limits, &e->bounds,
				       err);

	e->run.as_of = e->bounds.as_of;
	e->run.lower = e->bounds.lower;
	return rc;
}

static enum bk_rc ask(const struct explaining *e, const struct question *q, const char *sql,
		      int count, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = limits_of(e, q->told.pinned);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&text, "explain_statement",
				   &(const struct bk_sql_var){"statement", sql}, 1, err)))
		return rc;
	return bk_tx_one(e->run.db, q->kind, &limits,
			 &(const struct bk_stmt){"explain_statement", bk_buf_cstr(&text), q->values,
						 count, BK_ANY_ROWS},
			 ret, err);
}

static enum bk_rc tell(const struct explaining *e, struct question *q, const struct bk_rows *rows,
		       struct bk_error *err)
{
	size_t n = (size_t)bk_rows_count(rows);
	const char **lines = bk_calloc(n, sizeof(*lines));
	enum bk_rc rc;

	for (size_t i = 0; i < n; i++) {
		const char *line = bk_rows_cell(rows, (int)i, 0);

		lines[i] = line ? line : "";
	}
	q->told.plan = lines;
	q->told.plan_count = n;
	rc = e->fn(e->arg, &q->told, err);
	free(lines);
	return rc;
}

/* Who may only read gets the plan of what finds the bookings. */
static enum bk_rc explain(const struct explaining *e, struct question *q, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_error refusal;
	enum bk_rc rc = ask(e, q, q->told.sql, (int)q->told.param_count, &rows, err);

	if (rc == BK_E_PERMISSION) {
		refusal = *err;
		q->told.selecting = true;
		q->told.refused = refusal.message;
		rc = ask(e, q, q->selecting, q->selecting_params, &rows, err);
	}
	return rc ? rc : tell(e, q, rows, err);
}

static struct bk_param *name_params(const char *const *names, const char *const *values, int count)
{
	struct bk_param *params = bk_calloc((size_t)count, sizeof(*params));

	for (int i = 0; i < count; i++)
		params[i] = (struct bk_param){names ? names[i] : bk_batch_param_name(i), values[i]};
	return params;
}

static int64_t first_batch(const struct bk_run_request *request)
{
	int64_t limit = request->limit;

	return limit >= 0 && limit < request->batch_size ? limit : request->batch_size;
}

static enum bk_rc explain_unit(struct explaining *e, size_t i, struct bk_error *err)
{
	enum { SELECTING_PARAMS = 3 };
	struct bk_job *job = e->job;
	const struct bk_unit *unit = &job->units.items[i];
	const struct bk_scope scope = bk_job_scope(job);
	BK_CLEAN(bk_batch_params_clear) struct bk_batch_params p = {.values = NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf selecting = BK_BUF_INIT;
	struct bk_param *params;
	enum bk_rc rc;

	job->current = i;
	bk_position_columns(job, &columns);
	if ((rc = bk_batch_sql(job, e->run.request->schema, &sql, err)))
		return rc;
	if ((rc = bk_unit_scan(&selecting, unit, &scope, bk_buf_cstr(&columns), "",
			       "$3::pg_catalog.int8", err)))
		return rc;
	bk_batch_params_fill(&p, job, &e->run, first_batch(e->run.request));
	params = name_params(NULL, p.values, p.count);
	struct question q = {
		.told = {.rule = unit->rule->name,
			 .from = unit->from,
			 .to = unit->to,
			 .scan = unit->scan->column,
			 .pinned = job->pinned[i],
			 .sql = bk_buf_cstr(&sql),
			 .params = params,
			 .param_count = (size_t)p.count},
		.selecting = bk_buf_cstr(&selecting),
		.selecting_params = SELECTING_PARAMS,
		.values = p.values,
		.kind = BK_TX_LOOK,
	};

	rc = explain(e, &q, err);
	free(params);
	return rc ? bk_error_prefix(err, "rule %s", unit->rule->name) : BK_OK;
}

static enum bk_rc explain_cleanup(void *arg, const struct bk_tally *kind, const char *sql,
				  const char *selecting, const char *const *names,
				  const char *const *values, int count, struct bk_error *err)
{
	const struct explaining *e = arg;
	struct bk_param *params = name_params(names, values, count);
	struct question q = {
		.told = {.rule = kind->rule,
			 .from = kind->from,
			 .to = kind->to,
			 .sql = sql,
			 .params = params,
			 .param_count = (size_t)count},
		.selecting = selecting,
		.selecting_params = 1,
		.values = values,
		.kind = BK_TX_READ,
	};
	enum bk_rc rc = explain(e, &q, err);

	free(params);
	return rc;
}

enum bk_rc bk_job_explain(struct bk_job *job, struct bk_db *db,
			  const struct bk_run_request *request, bk_explain_fn fn, void *arg,
			  struct bk_error *err)
{
	BK_CLEAN(clear_explaining)
	struct explaining e = {
		.job = job,
		.run = {.request = request, .db = db, .batch_no = 1},
		.fn = fn,
		.arg = arg,
	};
	struct bk_work work;
	enum bk_rc rc;

	if ((rc = bk_job_work(job, &work, err)) || (rc = set_bounds(&e, err)))
		return rc;
	/* As in a run: the columns of the table, and which scans an index serves. */
	if ((rc = work.prepare(work.self, &e.run, err)))
		return rc;
	if (job->cleanup)
		return bk_cleanup_explain(job->cleanup, &e.run, first_batch(request),
					  explain_cleanup, &e, err);
	for (size_t i = 0; i < job->units.count && !rc; i++)
		rc = explain_unit(&e, i, err);
	job->current = 0;
	return rc;
}

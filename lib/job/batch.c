/*
 * One batch: its SQL from sql/booking_batch.sql, its parameters, its answer.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"

/* $1..$9 of booking_batch.sql; the position follows. */
enum { FIXED_PARAMS = 9 };

void bk_batch_params_clear(struct bk_batch_params *p)
{
	for (size_t i = 0; i < p->array_count; i++)
		bk_buf_clear(&p->arrays[i]);
	free(p->arrays);
	free(p->values);
}

static void add_param(struct bk_batch_params *p, const char *value)
{
	p->values = bk_realloc(p->values, (size_t)p->count + 1, sizeof(*p->values));
	p->values[p->count++] = value;
}

/* The ends of the part, and its keys. */
static void add_part(struct bk_batch_params *p, const struct bk_job *job)
{
	const struct bk_page *page = &job->page;
	size_t n = job->mapping->key_count;
	char **from = &page->values[page->first * page->width];
	char **to = &page->values[(page->first + page->part - 1) * page->width];
	const char **column = bk_calloc(page->part, sizeof(*column));

	for (size_t i = 0; i < page->width; i++)
		add_param(p, from[i]);
	for (size_t i = 0; i < page->width; i++)
		add_param(p, to[i]);
	p->arrays = bk_calloc(n, sizeof(*p->arrays));
	p->array_count = n;
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < page->part; i++)
			column[i] = page->values[(page->first + i) * page->width + 1 + k];
		bk_db_text_array(&p->arrays[k], column, page->part);
		add_param(p, bk_buf_cstr(&p->arrays[k]));
	}
	free(column);
}

const char *bk_batch_param_name(int n)
{
	static const char *const names[FIXED_PARAMS] = {
		"as-of", "lower bound", "batch size", "execution", "worker",
		"token", "batch",       "lease ms",   "rule",
	};

	return n < FIXED_PARAMS ? names[n] : "position";
}

void bk_batch_params_fill(struct bk_batch_params *p, const struct bk_job *job,
			  const struct bk_run *run, int64_t max)
{
	(void)snprintf(p->max, sizeof(p->max), "%" PRId64, max);
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(p->worker, sizeof(p->worker), "%d", run->worker);
	(void)snprintf(p->token, sizeof(p->token), "%" PRId64, run->token);
	(void)snprintf(p->batch_no, sizeof(p->batch_no), "%d", run->batch_no);
	(void)snprintf(p->lease, sizeof(p->lease), "%" PRId64, run->request->lease_ms);
	const char *const fixed[FIXED_PARAMS] = {
		run->as_of,   run->lower, p->max,
		p->execution, p->worker,  p->token,
		p->batch_no,  p->lease,   job->units.items[job->current].rule->name,
	};
	for (size_t i = 0; i < BK_COUNT(fixed); i++)
		add_param(p, fixed[i]);
	if (job->page.empty)
		return;
	for (size_t i = 0; !job->page.part && job->position.values && i < job->position.count; i++)
		add_param(p, job->position.values[i]);
	if (job->page.part)
		add_part(p, job);
}

struct batch_row {
	int64_t locked, changed, ledger;
	bool cancel;
	bool steady;
};

static const struct bk_field batch_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct batch_row, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct batch_row, changed)},
	{"ledger", BK_FIELD_INT, offsetof(struct batch_row, ledger)},
	{"cancel", BK_FIELD_BOOL, offsetof(struct batch_row, cancel)},
	{"steady", BK_FIELD_BOOL, offsetof(struct batch_row, steady)},
};

static enum bk_rc take_position(struct bk_job *job, const struct bk_rows *rows,
				struct bk_error *err)
{
	bk_position_clear(&job->next);
	job->next.count = 1 + job->mapping->key_count;
	job->next.values = bk_calloc(job->next.count, sizeof(*job->next.values));
	for (size_t i = 0; i < job->next.count; i++) {
		const char *text = bk_rows_cell(rows, 0, (int)(BK_COUNT(batch_fields) + i));

		if (!text)
			return bk_error_set(err, BK_E_MAPPING,
					    "a key column of a due booking is NULL");
		job->next.values[i] = bk_strdup(text);
	}
	return BK_OK;
}

static enum bk_rc take_answer(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			      struct bk_batch *ret, struct bk_error *err)
{
	struct batch_row row;
	enum bk_rc rc;

	if ((rc = bk_rows_read(rows, 0, batch_fields, BK_COUNT(batch_fields), &row, err)))
		return rc;
	job->next_changed = row.changed;
	ret->locked = row.locked;
	ret->changed = row.changed;
	ret->ledger = row.ledger == 1;
	ret->cancel = row.cancel;
	if (job->page.part || job->page.empty)
		return BK_OK;
	job->next_ends_unit = row.locked < max;
	ret->done = job->next_ends_unit && job->current + 1 == job->units.count;
	if (job->next_ends_unit)
		return BK_OK;
	if (row.steady)
		return take_position(job, rows, err);
	bk_position_clear(&job->next);
	bk_position_copy(&job->next, &job->position);
	return BK_OK;
}

int64_t bk_batch_statement_ms(const struct bk_run *run)
{
	int64_t left = run->deadline_ms - run->request->clock.mono_ms(run->request->clock.self);
	int64_t limit = run->request->statement_timeout_ms;

	limit = left < limit ? left : limit;
	return limit > 0 ? limit : 1;
}

/* What a batch is sent with: its statement, and those that run behind it. */
struct trip {
	struct bk_tx tx;
	struct bk_stmt *stmts;
	struct bk_rows **rows;
	size_t count;
	size_t batch; /* its place */
	struct bk_buf *after;
	size_t after_count;
	char execution[24], worker[16], batch_no[16];
	const char *after_params[3];
};

static void clear_trip(struct trip *t)
{
	for (size_t i = 0; i < t->count; i++)
		bk_rows_clean(&t->rows[i]);
	for (size_t i = 0; i < t->after_count; i++)
		bk_buf_clear(&t->after[i]);
	free(t->after);
	free(t->stmts);
	free(t->rows);
}

/* The columns of `changed`: the key in its own types, from the texts of the transition. */
static void write_changed(const struct bk_job *job, struct bk_buf *columns, struct bk_buf *texts,
			  struct bk_buf *names)
{
	const struct bk_mapping *m = job->mapping;

	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_fmt(columns, "c.k%zu::%s AS ", i + 1,
			   bk_table_column(&job->table, m->keys[i])->type);
		bk_sql_ident(columns, m->keys[i]);
		bk_buf_str(columns, ", ");
		bk_buf_fmt(texts, "%spg_catalog.unnest(t.keys[%zu:%zu])", i ? ", " : "", i + 1,
			   i + 1);
		bk_buf_fmt(names, "%sk%zu", i ? ", " : "", i + 1);
	}
}

const char *bk_after_statement(const struct bk_job *job, size_t i)
{
	const struct bk_job_extra *extra = bk_mapping_extra(job->mapping, job->name);
	const char *statements[] = {job->mapping->after_batch, extra ? extra->after_batch : NULL};

	for (size_t n = 0; n < BK_COUNT(statements); n++)
		if (statements[n] && i-- == 0)
			return statements[n];
	return NULL;
}

enum bk_rc bk_after_sql(const struct bk_job *job, const char *schema, const char *statement,
			struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf names = BK_BUF_INIT;

	write_changed(job, &columns, &texts, &names);
	const struct bk_sql_var vars[] = {{"bk", schema},
					  {"columns", bk_buf_cstr(&columns)},
					  {"texts", bk_buf_cstr(&texts)},
					  {"names", bk_buf_cstr(&names)},
					  {"statement", statement}};

	return bk_sql_fill_file(out, "booking_after", vars, BK_COUNT(vars), err);
}

static enum bk_rc add_all_after(struct trip *t, const struct bk_job *job, const struct bk_run *run,
				struct bk_error *err)
{
	const char *statement;
	enum bk_rc rc;

	(void)snprintf(t->execution, sizeof(t->execution), "%" PRId64, run->execution);
	(void)snprintf(t->worker, sizeof(t->worker), "%d", run->worker);
	(void)snprintf(t->batch_no, sizeof(t->batch_no), "%d", run->batch_no);
	t->after_params[0] = t->execution;
	t->after_params[1] = t->worker;
	t->after_params[2] = t->batch_no;
	for (size_t i = 0; (statement = bk_after_statement(job, i)); i++) {
		struct bk_buf *sql = &t->after[t->after_count++];

		if ((rc = bk_after_sql(job, run->request->schema, statement, sql, err)))
			return rc;
		t->stmts[t->count++] = (struct bk_stmt){"after-batch", bk_buf_cstr(sql),
							t->after_params, 3, BK_ANY_ROWS};
	}
	return BK_OK;
}

/* A fault of the company's own statement is no booking's. */
static enum bk_rc judge_fault(struct bk_job *job, struct bk_error *err)
{
	if (strncmp(err->message, "after-batch: ", 13) == 0)
		err->systemic = true;
	return bk_error_prefix(err, "rule %s", job->units.items[job->current].rule->name);
}

/* Opens the transaction in which `stmts` then run; `params` are those of the head. */
static size_t open_batch(struct trip *t, const struct bk_run *run,
			 const struct bk_tx_limits *limits, const char *const *schema)
{
	size_t n;

	t->stmts = bk_calloc(BK_TX_HEAD + 5, sizeof(*t->stmts));
	t->rows = bk_calloc(BK_TX_HEAD + 5, sizeof(struct bk_rows *));
	t->after = bk_calloc(2, sizeof(*t->after));
	n = bk_tx_begin(&t->tx, BK_TX_COMPANY, limits, t->stmts);
	bk_tx_name(&t->tx, run->application, &t->stmts[n++]);
	/* The next statement's snapshot then has every hold that was there before. */
	t->stmts[n++] = (struct bk_stmt){"booking_batch_head", bk_sql_text("booking_batch_head"),
					 schema, 1, BK_ONE_ROW};
	return n;
}

static enum bk_rc run_batch(struct bk_job *job, const struct bk_run *run, int64_t max, bool is_open,
			    struct bk_batch *ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = {bk_batch_statement_ms(run),
					    run->request->lock_timeout_ms,
					    job->pinned[job->current], &job->company};
	const char *const schema[] = {run->request->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_batch_params_clear) struct bk_batch_params p = {.values = NULL};
	BK_CLEAN(clear_trip) struct trip t = {.count = 0};
	size_t head = open_batch(&t, run, &limits, schema);
	enum bk_rc rc;

	if ((rc = bk_batch_sql(job, run->request->schema, &sql, err)))
		return rc;
	bk_batch_params_fill(&p, job, run, max);
	t.batch = is_open ? 0 : head;
	t.count = t.batch;
	t.stmts[t.count++] = (struct bk_stmt){"booking_batch", bk_buf_cstr(&sql), p.values, p.count,
					      BK_ONE_ROW};
	if ((rc = add_all_after(&t, job, run, err)))
		return rc;
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, t.stmts, t.count, t.rows, err)))
		return judge_fault(job, err);
	rc = take_answer(job, t.rows[t.batch], max, ret, err);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

/* Locks the next page and fixes its bookings: what other tables say is asked of these, by a
   statement whose snapshot is younger than the locks. */
static enum bk_rc lock_page(struct bk_job *job, const struct bk_run *run, int64_t max,
			    struct bk_error *err)
{
	const struct bk_tx_limits limits = {bk_batch_statement_ms(run),
					    run->request->lock_timeout_ms,
					    job->pinned[job->current], &job->company};
	const char *const schema[] = {run->request->schema};
	BK_CLEAN(bk_page_query_clear) struct bk_page_query query = {.params = NULL};
	BK_CLEAN(clear_trip) struct trip t = {.count = 0};
	size_t n = open_batch(&t, run, &limits, schema);
	enum bk_rc rc;

	if ((rc = bk_page_query(job, run, max, true, &query, err)))
		return rc;
	t.count = n + 1;
	t.stmts[n] = query.stmt;
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, t.stmts, t.count, t.rows, err)))
		return judge_fault(job, err);
	if ((rc = bk_page_take(job, t.rows[n], max, err)))
		bk_db_rollback(run->db);
	return rc;
}

/* In two steps: the locks, then the change of what is locked and still due. */
static enum bk_rc run_foreign(struct bk_job *job, const struct bk_run *run, int64_t max,
			      struct bk_batch *ret, struct bk_error *err)
{
	enum bk_rc rc = lock_page(job, run, max, err);

	if (rc)
		return rc;
	job->page.first = 0;
	job->page.part = job->page.count;
	job->page.empty = !job->page.count;
	rc = run_batch(job, run, max, true, ret, err);
	job->page.part = 0;
	job->page.empty = false;
	if (!rc) {
		job->next_ends_unit = job->page.ends_unit;
		ret->done = job->next_ends_unit && job->current + 1 == job->units.count;
		bk_position_clear(&job->next);
		bk_position_copy(&job->next, &job->page.end);
	}
	bk_page_clear(&job->page);
	return rc;
}

enum bk_rc bk_batch_run(struct bk_job *job, const struct bk_run *run, int64_t max,
			struct bk_batch *ret, struct bk_error *err)
{
	if (job->units.items[job->current].rule->foreign && !job->page.part)
		return run_foreign(job, run, max, ret, err);
	return run_batch(job, run, max, false, ret, err);
}

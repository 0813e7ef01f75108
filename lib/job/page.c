/*
 * Bad rows of a job: the page that a refused batch would take, and the bookings
 * of it that the database refuses.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"

void bk_page_clear(struct bk_page *page)
{
	for (size_t i = 0; page->values && i < page->count * page->width; i++)
		free(page->values[i]);
	free(page->values);
	*page = (struct bk_page){NULL, 0, 0, 0, 0, false};
}

static enum bk_rc take_page(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			    struct bk_error *err)
{
	struct bk_page *page = &job->page;

	page->count = (size_t)bk_rows_count(rows);
	page->width = 1 + job->mapping->key_count;
	page->values = bk_calloc(page->count * page->width + 1, sizeof(*page->values));
	page->ends_unit = (int64_t)page->count < max;
	for (size_t i = 0; i < page->count * page->width; i++) {
		const char *text = bk_rows_cell(rows, (int)(i / page->width),
						(int)(i % page->width));

		if (!text)
			return bk_error_set(err, BK_E_MAPPING,
					    "a key column of a due booking is NULL");
		page->values[i] = bk_strdup(text);
	}
	return BK_OK;
}

enum bk_rc bk_page_load(struct bk_job *job, const struct bk_run *run, int64_t max,
			int64_t *ret_count, struct bk_error *err)
{
	const struct bk_tx_limits limits = {run->request->statement_timeout_ms,
					    run->request->lock_timeout_ms,
					    job->pinned[job->current]};
	const struct bk_unit *unit = &job->units.items[job->current];
	const struct bk_scope scope = bk_job_scope(job);
	size_t extra = job->position.values ? job->position.count : 0;
	const char **params = bk_calloc(3 + extra, sizeof(*params));
	char limit[24];
	BK_CLEAN(bk_buf_clear) struct bk_buf after = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	bk_page_clear(&job->page);
	(void)snprintf(limit, sizeof(limit), "%" PRId64, max);
	params[0] = run->as_of;
	params[1] = run->lower;
	params[2] = limit;
	for (size_t i = 0; i < extra; i++)
		params[3 + i] = job->position.values[i];
	if (extra)
		bk_unit_keyset(&after, unit, job->mapping, &job->table, ">", 4);
	bk_position_columns(job, &columns);
	bk_position_texts(job, &texts);
	rc = bk_unit_scan(&scan, unit, &scope, bk_buf_cstr(&columns), bk_buf_cstr(&after),
			  "$3::pg_catalog.int8", err);
	const struct bk_sql_var vars[] = {{"scan", bk_buf_cstr(&scan)},
					  {"position", bk_buf_cstr(&texts)}};
	if (!rc)
		rc = bk_sql_fill_file(&sql, "booking_page", vars, BK_COUNT(vars), err);
	if (!rc)
		rc = bk_tx_one(run->db, BK_TX_READ, &limits,
			       &(const struct bk_stmt){"booking_page", bk_buf_cstr(&sql), params,
						       3 + (int)extra, BK_ANY_ROWS},
			       &rows, err);
	free(params);
	if (!rc)
		rc = take_page(job, rows, max, err);
	if (!rc)
		*ret_count = (int64_t)job->page.count;
	return rc;
}

bool bk_page_done(struct bk_job *job)
{
	struct bk_page *page = &job->page;
	bool ends_unit = page->ends_unit;

	bk_position_clear(&job->position);
	if (ends_unit) {
		job->current++;
	} else {
		job->position.count = page->width;
		job->position.values = bk_calloc(page->width, sizeof(*job->position.values));
		for (size_t i = 0; i < page->width; i++)
			job->position.values[i] = bk_strdup(
				page->values[(page->count - 1) * page->width + i]);
	}
	bk_page_clear(page);
	return ends_unit && job->current == job->units.count;
}

void bk_page_set_aside(struct bk_job *job, int64_t item, const struct bk_error *why)
{
	const struct bk_page *page = &job->page;
	const char *const *keys = (const char *const *)&page
					  ->values[(size_t)item * page->width + 1];
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;
	struct bk_refusal *r;

	bk_db_text_array(&key, keys, page->width - 1);
	job->refusals = bk_realloc(job->refusals, job->refusal_count + 1, sizeof(*job->refusals));
	r = &job->refusals[job->refusal_count++];
	*r = (struct bk_refusal){.rule = job->units.items[job->current].rule->name,
				 .key = bk_strdup(bk_buf_cstr(&key)),
				 .message = bk_strdup(why->message)};
	memcpy(r->sqlstate, why->sqlstate, sizeof(r->sqlstate));
}

void bk_refusals_clear(struct bk_job *job)
{
	for (size_t i = 0; i < job->refusal_count; i++) {
		free(job->refusals[i].key);
		free(job->refusals[i].message);
	}
	free(job->refusals);
	job->refusals = NULL;
	job->refusal_count = 0;
}

enum { COLUMNS = 4 };

/* The refusals as one text[] literal per column: rule, key, SQLSTATE, message. */
static void write_columns(const struct bk_job *job, struct bk_buf out[COLUMNS])
{
	size_t n = job->refusal_count;
	const char **texts = bk_calloc(n + 1, sizeof(*texts));

	for (int column = 0; column < COLUMNS; column++) {
		for (size_t i = 0; i < n; i++) {
			const struct bk_refusal *r = &job->refusals[i];
			const char *const values[COLUMNS] = {r->rule, r->key, r->sqlstate,
							     r->message};

			texts[i] = values[column];
		}
		bk_db_text_array(&out[column], texts, n);
	}
	free(texts);
}

static enum bk_rc run_here(const struct bk_run *run, const char *file, const char *const *params,
			   int count, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", run->request->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, file, &var, 1, err);
	const struct bk_stmt stmt = {file, bk_buf_cstr(&sql), params, count, BK_NO_ROWS};

	return rc ? rc : bk_db_run(run->db, &stmt, 1, NULL, err);
}

enum bk_rc bk_page_settle(struct bk_job *job, const struct bk_run *run, bool whole,
			  struct bk_error *err)
{
	struct bk_buf columns[COLUMNS] = {BK_BUF_INIT, BK_BUF_INIT, BK_BUF_INIT, BK_BUF_INIT};
	char execution[24];
	const char *const past[] = {job->name, run->as_of};
	enum bk_rc rc;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, run->execution);
	write_columns(job, columns);
	const char *const params[] = {job->name,
				      execution,
				      bk_buf_cstr(&columns[0]),
				      bk_buf_cstr(&columns[1]),
				      bk_buf_cstr(&columns[2]),
				      bk_buf_cstr(&columns[3]),
				      run->request->clock_override};
	rc = run_here(run, "quarantine_add", params, 7, err);
	if (!rc && whole)
		rc = run_here(run, "quarantine_drop", past, 2, err);
	for (int i = 0; i < COLUMNS; i++)
		bk_buf_clear(&columns[i]);
	return rc;
}

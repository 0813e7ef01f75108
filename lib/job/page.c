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

struct bk_refusals *bk_refusals_new(void)
{
	struct bk_refusals *refusals = bk_calloc(1, sizeof(*refusals));

	(void)pthread_mutex_init(&refusals->lock, NULL);
	return refusals;
}

void bk_refusals_free(struct bk_refusals *refusals)
{
	for (size_t i = 0; i < refusals->count; i++) {
		free(refusals->items[i].key);
		free(refusals->items[i].message);
	}
	free(refusals->items);
	(void)pthread_mutex_destroy(&refusals->lock);
	free(refusals);
}

static bool is_among(const struct bk_refusals *refusals, const char *rule, const char *key)
{
	for (size_t i = 0; i < refusals->count; i++)
		if (strcmp(refusals->items[i].key, key) == 0 &&
		    strcmp(refusals->items[i].rule, rule) == 0)
			return true;
	return false;
}

static bool was_refused(const struct bk_job *job, const char *key)
{
	struct bk_refusals *refusals = job->refusals;
	bool among;

	(void)pthread_mutex_lock(&refusals->lock);
	among = is_among(refusals, job->units.items[job->current].rule->name, key);
	(void)pthread_mutex_unlock(&refusals->lock);
	return among;
}

void bk_page_clear(struct bk_page *page)
{
	for (size_t i = 0; page->values && i < page->count * page->width; i++)
		free(page->values[i]);
	free(page->values);
	free(page->was_aside);
	bk_position_clear(&page->end);
	*page = (struct bk_page){.values = NULL};
}

static void copy_texts(char **to, char *const *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = bk_strdup(from[i]);
}

static void drop_last(struct bk_page *page)
{
	page->count--;
	for (size_t i = 0; i < page->width; i++)
		bk_free_str(&page->values[page->count * page->width + i]);
}

static void set_end(struct bk_page *page)
{
	page->end.count = page->width;
	page->end.values = bk_calloc(page->width, sizeof(*page->end.values));
	copy_texts(page->end.values, &page->values[(page->count - 1) * page->width], page->width);
}

/* Where the last row is left out the page ends behind it all the same. */
static enum bk_rc take_row(struct bk_job *job, const struct bk_rows *rows, int row,
			   struct bk_error *err)
{
	struct bk_page *page = &job->page;
	char **texts = &page->values[page->count * page->width];
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;

	page->was_aside[page->count++] = *bk_rows_text(rows, row, "was_aside") == 't';
	for (size_t i = 0; i < page->width; i++)
		if (!(texts[i] = bk_strdup(bk_rows_cell(rows, row, (int)i))))
			return bk_error_set(err, BK_E_MAPPING,
					    "a key column of a due booking is NULL");
	if (row == bk_rows_count(rows) - 1)
		set_end(page);
	bk_db_text_array(&key, (const char *const *)&texts[1], page->width - 1);
	if (was_refused(job, bk_buf_cstr(&key)))
		drop_last(page);
	return BK_OK;
}

static enum bk_rc take_page(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			    struct bk_error *err)
{
	struct bk_page *page = &job->page;
	int n = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	page->width = 1 + job->mapping->key_count;
	page->values = bk_calloc((size_t)n * page->width + 1, sizeof(*page->values));
	page->was_aside = bk_calloc((size_t)n + 1, sizeof(*page->was_aside));
	page->ends_unit = n < max;
	for (int i = 0; i < n && !rc; i++)
		rc = take_row(job, rows, i, err);
	return rc;
}

enum bk_rc bk_page_sql(const struct bk_job *job, const char *schema, bool lock, struct bk_buf *out,
		       struct bk_error *err)
{
	const struct bk_unit *unit = &job->units.items[job->current];
	const struct bk_scope scope = bk_job_scope(job);
	BK_CLEAN(bk_buf_clear) struct bk_buf after = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf keys = BK_BUF_INIT;
	enum bk_rc rc;

	if (job->position.values)
		bk_unit_keyset(&after, unit, job->mapping, &job->table, ">", 4);
	bk_position_columns(job, &columns);
	bk_position_texts(job, &texts);
	for (size_t i = 1; i <= job->mapping->key_count; i++)
		bk_buf_fmt(&keys, "%sp.k%zu", i > 1 ? ", " : "", i);
	rc = bk_unit_scan(&scan, unit, &scope, bk_buf_cstr(&columns), bk_buf_cstr(&after),
			  "$3::pg_catalog.int8", err);
	const struct bk_sql_var vars[] = {
		{"bk", schema},
		{"scan", bk_buf_cstr(&scan)},
		{"position", bk_buf_cstr(&texts)},
		{"keys", bk_buf_cstr(&keys)},
		{"rule", unit->rule->name},
	};
	return rc ? rc
		  : bk_sql_fill_file(out, lock ? "booking_lock" : "booking_page", vars,
				     BK_COUNT(vars), err);
}

void bk_page_query_clear(struct bk_page_query *query)
{
	bk_buf_clear(&query->sql);
	free(query->params);
}

enum bk_rc bk_page_query(const struct bk_job *job, const struct bk_run *run, int64_t max, bool lock,
			 struct bk_page_query *ret, struct bk_error *err)
{
	size_t extra = job->position.values ? job->position.count : 0;
	enum bk_rc rc = bk_page_sql(job, run->request->schema, lock, &ret->sql, err);

	ret->params = bk_calloc(3 + extra, sizeof(*ret->params));
	(void)snprintf(ret->limit, sizeof(ret->limit), "%" PRId64, max);
	ret->params[0] = run->as_of;
	ret->params[1] = run->lower;
	ret->params[2] = ret->limit;
	for (size_t i = 0; i < extra; i++)
		ret->params[3 + i] = job->position.values[i];
	ret->stmt = (struct bk_stmt){lock ? "booking_lock" : "booking_page", bk_buf_cstr(&ret->sql),
				     ret->params, 3 + (int)extra, BK_ANY_ROWS};
	return rc;
}

enum bk_rc bk_page_take(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			struct bk_error *err)
{
	bk_page_clear(&job->page);
	return take_page(job, rows, max, err);
}

enum bk_rc bk_page_load(struct bk_job *job, const struct bk_run *run, int64_t max,
			int64_t *ret_count, struct bk_error *err)
{
	const struct bk_tx_limits limits = {run->request->statement_timeout_ms,
					    run->request->lock_timeout_ms,
					    job->pinned[job->current], &job->company};
	BK_CLEAN(bk_page_query_clear) struct bk_page_query query = {.params = NULL};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_page_query(job, run, max, false, &query, err);

	bk_page_clear(&job->page);
	/* The batch failed before: where its scan does so alone, no row can be set aside. */
	if (!rc && bk_tx_one(run->db, BK_TX_READ, &limits, &query.stmt, &rows, err))
		rc = bk_run_blame(job, run, job->current, err);
	if (!rc)
		rc = bk_page_take(job, rows, max, err);
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
		job->position = page->end;
		page->end = (struct bk_position){NULL, 0};
	}
	bk_page_clear(page);
	return ends_unit && job->current == job->units.count;
}

static void add_refusal(struct bk_refusals *refusals, const char *rule, const char *key,
			const struct bk_error *why)
{
	struct bk_refusal *r;

	refusals->items = bk_realloc(refusals->items, refusals->count + 1,
				     sizeof(*refusals->items));
	r = &refusals->items[refusals->count++];
	*r = (struct bk_refusal){
		.rule = rule, .key = bk_strdup(key), .message = bk_strdup(why->message)};
	memcpy(r->sqlstate, why->sqlstate, sizeof(r->sqlstate));
}

bool bk_page_set_aside(struct bk_job *job, int64_t item, const struct bk_error *why)
{
	const struct bk_page *page = &job->page;
	const char *rule = job->units.items[job->current].rule->name;
	const char *const *keys = (const char *const *)&page
					  ->values[(size_t)item * page->width + 1];
	struct bk_refusals *refusals = job->refusals;
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;
	bool is_new;

	bk_db_text_array(&key, keys, page->width - 1);
	(void)pthread_mutex_lock(&refusals->lock);
	is_new = !is_among(refusals, rule, bk_buf_cstr(&key));
	if (is_new)
		add_refusal(refusals, rule, bk_buf_cstr(&key), why);
	(void)pthread_mutex_unlock(&refusals->lock);
	return is_new;
}

enum { COLUMNS = 4 };

/* The refusals as one text[] literal per column: rule, key, SQLSTATE, message. */
static void write_columns(const struct bk_job *job, struct bk_buf out[COLUMNS])
{
	size_t n = job->refusals->count;
	const char **texts = bk_calloc(n + 1, sizeof(*texts));

	for (int column = 0; column < COLUMNS; column++) {
		for (size_t i = 0; i < n; i++) {
			const struct bk_refusal *r = &job->refusals->items[i];
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

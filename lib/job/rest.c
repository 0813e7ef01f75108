/*
 * Counting without a lock what is due: before the first write for the guard,
 * and at the end for what the run left. Bounded, so that a count never costs
 * more than the work.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define REST_LIMIT 10000

/* Counts one unit up to `limit`; with `until`, only up to that position. */
static enum bk_rc count_unit(struct bk_job *job, const struct bk_run *run, size_t unit,
			     int64_t limit, const struct bk_position *until, int64_t *ret,
			     struct bk_error *err)
{
	static const struct bk_field field = {"n", BK_FIELD_INT, 0};
	const struct bk_tx_limits limits = {run->count_ms, run->request->lock_timeout_ms,
					    job->pinned[unit], &job->company};
	const struct bk_unit *u = &job->units.items[unit];
	size_t extra = until ? until->count : 0;
	const struct bk_scope scope = bk_job_scope(job);
	const char **params = bk_calloc(3 + extra, sizeof(*params));
	char text[24];
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf after = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(text, sizeof(text), "%" PRId64, limit);
	params[0] = run->as_of;
	params[1] = run->lower;
	params[2] = text;
	for (size_t i = 0; i < extra; i++)
		params[3 + i] = until->values[i];
	if (until)
		bk_unit_keyset(&after, u, job->mapping, &job->table, "<=", 4);
	rc = bk_unit_count(&sql, u, &scope, bk_buf_cstr(&after), err);
	if (!rc)
		rc = bk_tx_one(run->db, BK_TX_READ, &limits,
			       &(const struct bk_stmt){"booking_count", bk_buf_cstr(&sql), params,
						       3 + (int)extra, BK_ONE_ROW},
			       &rows, err);
	free(params);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

enum bk_rc bk_due_count(struct bk_job *job, const struct bk_run *run, int64_t limit,
			struct bk_due *ret, struct bk_error *err)
{
	struct bk_due due = {0, NULL, 0};
	int64_t of_rule = 0;

	for (size_t i = 0; i < job->units.count && due.total < limit; i++) {
		const char *rule = job->units.items[i].rule->name;
		int64_t n = 0;
		enum bk_rc rc = count_unit(job, run, i, limit - due.total, NULL, &n, err);

		if (rc)
			return bk_run_blame(job, run, i, err);
		/* The units of a rule follow one another. */
		if (!i || strcmp(rule, job->units.items[i - 1].rule->name) != 0)
			of_rule = 0;
		of_rule += n;
		due.total += n;
		if (of_rule > due.by_rule) {
			due.by_rule = of_rule;
			due.rule = rule;
		}
	}
	*ret = due;
	return BK_OK;
}

/* Units before the current one were passed over whole, the current one up to
   its position; what is due there still was locked by others. */
enum bk_rc bk_rest_count(struct bk_job *job, const struct bk_run *run, struct bk_rest *ret,
			 struct bk_error *err)
{
	struct bk_rest rest = {0, 0};

	for (size_t i = 0; i < job->units.count; i++) {
		int64_t all = 0;
		int64_t passed = 0;
		enum bk_rc rc = count_unit(job, run, i, REST_LIMIT, NULL, &all, err);

		if (!rc && all && i == job->current && job->position.values)
			rc = count_unit(job, run, i, REST_LIMIT, &job->position, &passed, err);
		if (rc)
			return rc;
		rest.remaining += all;
		rest.skipped_locked += i < job->current ? all : passed;
	}
	if (rest.remaining > REST_LIMIT)
		rest.remaining = REST_LIMIT;
	if (rest.skipped_locked > REST_LIMIT)
		rest.skipped_locked = REST_LIMIT;
	*ret = rest;
	return BK_OK;
}

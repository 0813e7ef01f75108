/*
 * Gathering the totals of jobs; see totals.h.
 */
#include "view/totals.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"
#include "conf/jobs.h"
#include "view/histogram.h"
#include "view/job.h"
#include "view/read.h"

#define COLUMN(kind, column)                                                                       \
	{                                                                                          \
#column, BK_FIELD_##kind, offsetof(struct bk_job_totals, column)                   \
	}

static const struct bk_field fields[] = {
	COLUMN(TEXT, job_name),      COLUMN(BOOL, enabled),
	COLUMN(BOOL, paused),        COLUMN(BOOL, last_succeeded),
	COLUMN(INT, read_at),        COLUMN(INT, delay_ms),
	COLUMN(INT, timeout_ms),     COLUMN(INT, failures_in_a_row),
	COLUMN(INT, last_run),       COLUMN(INT, last_success),
	COLUMN(INT, fresh),          COLUMN(INT, last_processed),
	COLUMN(INT, last_ms),        COLUMN(INT, successes),
	COLUMN(INT, empty),          COLUMN(INT, partial),
	COLUMN(INT, errors),         COLUMN(INT, timeouts),
	COLUMN(INT, cancelled),      COLUMN(INT, abandoned),
	COLUMN(INT, refused),        COLUMN(INT, processed),
	COLUMN(INT, skipped_locked), COLUMN(INT, quarantined),
	COLUMN(INT, retries),        COLUMN(INT, idle_with_rest),
	COLUMN(INT, total_ms),       COLUMN(ARRAY, codes),
	COLUMN(ARRAY, code_counts),  COLUMN(INT, aside),
	COLUMN(ARRAY, servers),      COLUMN(ARRAY, server_ticks),
};

#undef COLUMN
#define COLUMN(kind, column)                                                                       \
	{                                                                                          \
#column, BK_FIELD_##kind, offsetof(struct bk_totals, column)                       \
	}

static const struct bk_field common_fields[] = {
	COLUMN(ARRAY, hosts),     COLUMN(ARRAY, host_versions),
	COLUMN(ARRAY, host_seen), COLUMN(ARRAY, host_clocks),
	COLUMN(INT, held),        COLUMN(INT, oldest_failure),
};

void bk_totals_clear(struct bk_totals *totals)
{
	for (size_t i = 0; i < totals->count; i++)
		bk_fields_clear(fields, BK_COUNT(fields), &totals->items[i]);
	free(totals->items);
	bk_fields_clear(common_fields, BK_COUNT(common_fields), totals);
	*totals = (struct bk_totals){.count = 0};
}

/* Which octave a time belongs to. */
static size_t octave_of(int64_t ms)
{
	size_t k = 0;

	while (k < BK_TOTALS_OCTAVES - 1 && ms >> (k + 1))
		k++;
	return k;
}

/* The runs that are in the job's row still are counted more finely. */
static enum bk_rc read_octaves(struct bk_job_totals *job, const struct bk_rows *rows, int row,
			       struct bk_error *err)
{
	struct bk_histogram stored = {.max_ms = 0};
	struct bk_histogram idle = {.max_ms = 0};
	enum bk_rc rc;

	if ((rc = bk_histogram_add(&stored, bk_rows_text(rows, row, "octaves"), 0, err)) ||
	    (rc = bk_histogram_add(&idle, bk_rows_text(rows, row, "idle_buckets"), 0, err)))
		return rc;
	memcpy(job->octaves, stored.counts, sizeof(job->octaves));
	for (size_t i = 0; i < BK_HISTOGRAM_BUCKETS; i++)
		job->octaves[octave_of(bk_histogram_lower(i))] += idle.counts[i];
	return BK_OK;
}

static enum bk_rc check_lists(const struct bk_job_totals *job, const struct bk_totals *totals,
			      struct bk_error *err)
{
	if (job->codes.count == job->code_counts.count &&
	    job->servers.count == job->server_ticks.count &&
	    totals->hosts.count == totals->host_versions.count &&
	    totals->hosts.count == totals->host_seen.count &&
	    totals->hosts.count == totals->host_clocks.count)
		return BK_OK;
	return bk_error_set(err, BK_E_INTERNAL, "view_totals: lists of different lengths");
}

/* Counters that nothing has counted yet are 0. */
static void start_counters(struct bk_job_totals *job)
{
	int64_t *counters[] = {&job->partial,        &job->errors,     &job->timeouts,
			       &job->cancelled,      &job->abandoned,  &job->refused,
			       &job->processed,      &job->retries,    &job->skipped_locked,
			       &job->idle_with_rest, &job->quarantined};

	for (size_t i = 0; i < BK_COUNT(counters); i++)
		if (*counters[i] == BK_NULL_INT)
			*counters[i] = 0;
}

/* What the file says about it, as bk_view_jobs() has it. */
static void apply_conf(struct bk_job_totals *job, const struct bk_conf *conf)
{
	job->is_known = bk_conf_job(conf, job->job_name) != NULL;
	if (!job->is_known)
		return;
	job->delay_ms = bk_conf_job_num(conf, job->job_name, "delay");
	job->timeout_ms = bk_conf_job_num(conf, job->job_name, "timeout");
	job->enabled = job->enabled && bk_conf_job_enabled(conf, job->job_name);
}

static enum bk_rc read_job(const struct bk_rows *rows, int row, const struct bk_conf *conf,
			   struct bk_totals *totals, struct bk_error *err)
{
	struct bk_job_totals *job = &totals->items[totals->count++];
	enum bk_rc rc;

	job->queue_depth = BK_NULL_INT;
	job->oldest_due = BK_NULL_INT;
	if ((rc = bk_rows_read(rows, row, fields, BK_COUNT(fields), job, err)) ||
	    (rc = read_octaves(job, rows, row, err)))
		return rc;
	start_counters(job);
	apply_conf(job, conf);
	return check_lists(job, totals, err);
}

static enum bk_rc read_rows(const struct bk_rows *rows, const struct bk_conf *conf,
			    struct bk_totals *totals, struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	/* Undo may need it for longer. */
	totals->history_ms = bk_conf_num(conf, "history-retention");
	if (totals->history_ms < bk_conf_num(conf, "undo-window"))
		totals->history_ms = bk_conf_num(conf, "undo-window");
	totals->clock_skew_ms = bk_conf_num(conf, "clock-skew");
	totals->held = 0;
	totals->oldest_failure = BK_NULL_INT;
	totals->items = bk_calloc((size_t)count, sizeof(*totals->items));
	if (count)
		rc = bk_rows_read(rows, 0, common_fields, BK_COUNT(common_fields), totals, err);
	for (int i = 0; i < count && !rc; i++)
		rc = read_job(rows, i, conf, totals, err);
	return rc;
}

enum bk_rc bk_view_totals(struct bk_db *db, const struct bk_conf *conf, const char *job,
			  struct bk_totals *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_totals_clear) struct bk_totals totals = {.count = 0};
	const char *params[] = {job};
	struct bk_stmt stmt = {"view_totals", NULL, params, 1, BK_ANY_ROWS};
	enum bk_rc rc;

	if ((rc = bk_view_sql(&sql, conf, stmt.name, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)) ||
	    (rc = read_rows(rows, conf, &totals, err)))
		return rc;
	*ret = totals;
	totals = (struct bk_totals){.count = 0};
	return BK_OK;
}

/* Only what bk_view_queues() asks for. */
static void list_jobs(const struct bk_totals *totals, struct bk_job_list *ret)
{
	ret->items = bk_calloc(totals->count, sizeof(*ret->items));
	for (size_t i = 0; i < totals->count; i++)
		ret->items[ret->count++] = (struct bk_job_view){
			.job_name = bk_strdup(totals->items[i].job_name),
			.enabled = totals->items[i].enabled,
			.queue_depth = BK_NULL_INT,
		};
}

enum bk_rc bk_view_totals_queues(struct bk_db *db, const struct bk_conf *conf,
				 struct bk_totals *totals, char **ret_problem, struct bk_error *err)
{
	BK_CLEAN(bk_job_list_clear) struct bk_job_list jobs = {NULL, 0, NULL};
	enum bk_rc rc;

	list_jobs(totals, &jobs);
	if ((rc = bk_view_queues(db, conf, &jobs, err)))
		return rc;
	for (size_t i = 0; i < totals->count; i++) {
		int64_t us;

		totals->items[i].queue_depth = jobs.items[i].queue_depth;
		if (jobs.items[i].oldest_due_at && bk_parse_time(jobs.items[i].oldest_due_at, &us))
			totals->items[i].oldest_due = us / 1000;
	}
	*ret_problem = BK_TAKE(jobs.queue_problem);
	return BK_OK;
}

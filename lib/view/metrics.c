/*
 * Gathering the figures of jobs; see metrics.h.
 */
#include "view/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/job.h"
#include "view/read.h"

#define HOUR_US INT64_C(3600000000)
#define SHARE_WHOLE 10000

#define INT(column)                                                                                \
	{                                                                                          \
#column, BK_FIELD_INT, offsetof(struct bk_metrics_view, column)                    \
	}

static const struct bk_field fields[] = {
	{"job_name", BK_FIELD_TEXT, offsetof(struct bk_metrics_view, job_name)},
	INT(runs),
	INT(empty),
	INT(successes),
	INT(partial),
	INT(errors),
	INT(timeouts),
	INT(cancelled),
	INT(abandoned),
	INT(refused),
	INT(processed),
	INT(skipped_locked),
	INT(quarantined),
	INT(retries),
	INT(idle_with_rest),
	INT(total_ms),
	INT(max_ms),
};

static const struct bk_field code_fields[] = {
	{"job_name", BK_FIELD_TEXT, offsetof(struct bk_metrics_code, job_name)},
	{"error_code", BK_FIELD_TEXT, offsetof(struct bk_metrics_code, error_code)},
	{"count", BK_FIELD_INT, offsetof(struct bk_metrics_code, count)},
};

struct window {
	char *since;
	char *until;
	int64_t since_us;
	int64_t until_us;
};

static const struct bk_field window_fields[] = {
	{"since", BK_FIELD_TEXT, offsetof(struct window, since)},
	{"until", BK_FIELD_TEXT, offsetof(struct window, until)},
	{"since_us", BK_FIELD_INT, offsetof(struct window, since_us)},
	{"until_us", BK_FIELD_INT, offsetof(struct window, until_us)},
};

static void window_clear(struct window *w)
{
	bk_fields_clear(window_fields, BK_COUNT(window_fields), w);
}

static void item_clear(struct bk_metrics_view *item)
{
	bk_fields_clear(fields, BK_COUNT(fields), item);
	free(item->codes);
	free(item->oldest_due_at);
	free(item->runs_by_time.values);
	free(item->processed_by_time.values);
	free(item->failures_by_time.values);
}

void bk_metrics_clear(struct bk_metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++)
		item_clear(&metrics->items[i]);
	for (size_t i = 0; i < metrics->code_count; i++)
		bk_fields_clear(code_fields, BK_COUNT(code_fields), &metrics->codes[i]);
	free(metrics->items);
	free(metrics->codes);
	free(metrics->since);
	free(metrics->until);
	free(metrics->queue_problem);
	*metrics = (struct bk_metrics){.count = 0};
}

static struct bk_points new_points(size_t count)
{
	return (struct bk_points){bk_calloc(count, sizeof(int64_t)), count};
}

static struct bk_metrics_view *add_item(struct bk_metrics *metrics, const char *job_name)
{
	struct bk_metrics_view *item;

	metrics->items = bk_realloc(metrics->items, metrics->count + 1, sizeof(*metrics->items));
	item = &metrics->items[metrics->count++];
	*item = (struct bk_metrics_view){
		.job_name = bk_strdup(job_name),
		.success_share = BK_NULL_INT,
		.mean_ms = BK_NULL_INT,
		.p50_ms = BK_NULL_INT,
		.p95_ms = BK_NULL_INT,
		.p99_ms = BK_NULL_INT,
		.max_ms = BK_NULL_INT,
		.queue_depth = BK_NULL_INT,
		.oldest_age_ms = BK_NULL_INT,
		.runs_by_time = new_points(metrics->points),
		.processed_by_time = new_points(metrics->points),
		.failures_by_time = new_points(metrics->points),
	};
	return item;
}

/* Made where there is none: a job may be gone from file and database alike. */
static struct bk_metrics_view *item_of(struct bk_metrics *metrics, const char *job_name)
{
	for (size_t i = 0; i < metrics->count; i++)
		if (strcmp(metrics->items[i].job_name, job_name) == 0)
			return &metrics->items[i];
	return add_item(metrics, job_name);
}

/* What is not below 0, to the nearest whole number. */
static int64_t rounded(double ms)
{
	return (int64_t)(ms + 0.5);
}

static void derive(struct bk_metrics_view *item)
{
	if (!item->runs)
		return;
	item->success_share = rounded((double)item->successes * SHARE_WHOLE / (double)item->runs);
	/* What is not all must not look like it. */
	if (item->success_share == SHARE_WHOLE && item->successes < item->runs)
		item->success_share--;
	item->mean_ms = rounded((double)item->total_ms / (double)item->runs);
	item->p50_ms = rounded(bk_histogram_quantile(&item->histogram, 0.5));
	item->p95_ms = rounded(bk_histogram_quantile(&item->histogram, 0.95));
	item->p99_ms = rounded(bk_histogram_quantile(&item->histogram, 0.99));
}

static enum bk_rc read_sums(struct bk_metrics *metrics, const struct bk_rows *rows,
			    struct bk_error *err)
{
	for (int i = 0; i < bk_rows_count(rows); i++) {
		struct bk_metrics_view *item = item_of(metrics, bk_rows_text(rows, i, "job_name"));
		enum bk_rc rc;

		bk_free_str(&item->job_name);
		if ((rc = bk_rows_read(rows, i, fields, BK_COUNT(fields), item, err)) ||
		    (rc = bk_histogram_add(&item->histogram, bk_rows_text(rows, i, "buckets"),
					   item->max_ms, err)))
			return rc;
		derive(item);
	}
	return BK_OK;
}

/* "57014 x3, ABANDONED". */
static void show_code(struct bk_metrics_view *item, const struct bk_metrics_code *code)
{
	BK_CLEAN(bk_free_str) char *before = item->codes;

	item->codes = bk_asprintf("%s%s%s", before ? before : "", before ? ", " : "",
				  code->error_code);
	if (code->count > 1) {
		BK_CLEAN(bk_free_str) char *once = item->codes;

		item->codes = bk_asprintf("%s x%" PRId64, once, code->count);
	}
}

static enum bk_rc read_codes(struct bk_metrics *metrics, const struct bk_rows *rows,
			     struct bk_error *err)
{
	metrics->codes = bk_calloc((size_t)bk_rows_count(rows), sizeof(*metrics->codes));
	for (int i = 0; i < bk_rows_count(rows); i++) {
		struct bk_metrics_code *code = &metrics->codes[metrics->code_count++];
		enum bk_rc rc = bk_rows_read(rows, i, code_fields, BK_COUNT(code_fields), code,
					     err);

		if (rc)
			return rc;
		show_code(item_of(metrics, code->job_name), code);
	}
	return BK_OK;
}

struct point {
	int64_t point, runs, processed, failures;
};

static const struct bk_field point_fields[] = {
	{"point", BK_FIELD_INT, offsetof(struct point, point)},
	{"runs", BK_FIELD_INT, offsetof(struct point, runs)},
	{"processed", BK_FIELD_INT, offsetof(struct point, processed)},
	{"failures", BK_FIELD_INT, offsetof(struct point, failures)},
};

static enum bk_rc read_points(struct bk_metrics *metrics, const struct bk_rows *rows,
			      struct bk_error *err)
{
	for (int i = 0; i < bk_rows_count(rows); i++) {
		struct bk_metrics_view *item = item_of(metrics, bk_rows_text(rows, i, "job_name"));
		struct point p;
		enum bk_rc rc = bk_rows_read(rows, i, point_fields, BK_COUNT(point_fields), &p,
					     err);

		if (rc)
			return rc;
		/* The hour may have changed since the window was asked for. */
		if (p.point < 0 || (size_t)p.point >= metrics->points)
			continue;
		item->runs_by_time.values[p.point] = p.runs;
		item->processed_by_time.values[p.point] = p.processed;
		item->failures_by_time.values[p.point] = p.failures;
	}
	return BK_OK;
}

static enum bk_rc read_window(struct bk_db *db, const struct bk_conf *conf,
			      const struct bk_moment *since, struct window *ret,
			      struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char at[24], ago[24];
	const char *params[] = {since->kind == BK_MOMENT_AT ? at : NULL,
				since->kind == BK_MOMENT_AGO ? ago : NULL};
	struct bk_stmt stmt = {"view_metrics_window", NULL, params, 2, BK_ONE_ROW};
	enum bk_rc rc;

	(void)snprintf(at, sizeof(at), "%" PRId64, since->at_us);
	(void)snprintf(ago, sizeof(ago), "%" PRId64, since->ago_ms);
	if ((rc = bk_view_sql(&sql, conf, stmt.name, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)))
		return rc;
	return bk_rows_read(rows, 0, window_fields, BK_COUNT(window_fields), ret, err);
}

static void set_window(struct bk_metrics *metrics, struct window *w, size_t most_points)
{
	int64_t hours = (w->until_us - w->since_us) / HOUR_US + 1;
	int64_t most = (int64_t)most_points;

	metrics->step_hours = (hours + most - 1) / most;
	metrics->points = (size_t)((hours + metrics->step_hours - 1) / metrics->step_hours);
	metrics->since_us = w->since_us;
	metrics->since = BK_TAKE(w->since);
	metrics->until = BK_TAKE(w->until);
}

enum { SUMS, CODES, POINTS, STATEMENTS };

static void clear_answers(struct bk_rows *(*rows)[STATEMENTS])
{
	for (size_t i = 0; i < STATEMENTS; i++)
		bk_rows_clean(&(*rows)[i]);
}

static enum bk_rc read_figures(struct bk_db *db, const struct bk_conf *conf,
			       struct bk_metrics *metrics, struct bk_error *err)
{
	static const char *const files[] = {"view_metrics", "view_metrics_errors",
					    "view_metrics_points"};
	BK_CLEAN(bk_buf_clear) struct bk_buf sums = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf codes = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf points = BK_BUF_INIT;
	struct bk_buf *texts[] = {&sums, &codes, &points};
	BK_CLEAN(clear_answers) struct bk_rows *rows[STATEMENTS] = {NULL};
	struct bk_stmt stmts[STATEMENTS];
	char since[24], step[24];
	const char *params[] = {since, step};
	enum bk_rc rc;

	(void)snprintf(since, sizeof(since), "%" PRId64, metrics->since_us);
	(void)snprintf(step, sizeof(step), "%" PRId64, metrics->step_hours);
	for (size_t i = 0; i < STATEMENTS; i++) {
		if ((rc = bk_view_sql(texts[i], conf, files[i], err)))
			return rc;
		stmts[i] = (struct bk_stmt){files[i], bk_buf_cstr(texts[i]), params,
					    i == POINTS ? 2 : 1, BK_ANY_ROWS};
	}
	if ((rc = bk_view_read(db, stmts, STATEMENTS, rows, err)) ||
	    (rc = read_sums(metrics, rows[SUMS], err)) ||
	    (rc = read_codes(metrics, rows[CODES], err)))
		return rc;
	return read_points(metrics, rows[POINTS], err);
}

static void add_jobs(struct bk_metrics *metrics, struct bk_job_list *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct bk_job_view *job = &jobs->items[i];
		struct bk_metrics_view *item = add_item(metrics, job->job_name);

		item->queue_depth = job->queue_depth;
		item->oldest_due_at = BK_TAKE(job->oldest_due_at);
		item->oldest_age_ms = job->oldest_due_age_ms;
	}
	metrics->queue_problem = BK_TAKE(jobs->queue_problem);
}

enum bk_rc bk_view_metrics(struct bk_db *db, const struct bk_conf *conf,
			   const struct bk_metrics_filter *filter, struct bk_metrics *ret,
			   struct bk_error *err)
{
	BK_CLEAN(bk_job_list_clear) struct bk_job_list jobs = {NULL, 0, NULL};
	BK_CLEAN(bk_metrics_clear) struct bk_metrics metrics = {.count = 0};
	BK_CLEAN(window_clear) struct window w = {NULL, NULL, 0, 0};
	enum bk_rc rc;

	if ((rc = read_window(db, conf, &filter->since, &w, err)) ||
	    (rc = bk_view_jobs(db, conf, &jobs, err)) ||
	    (rc = bk_view_queues(db, conf, &jobs, err)))
		return rc;
	set_window(&metrics, &w, filter->most_points);
	add_jobs(&metrics, &jobs);
	if ((rc = read_figures(db, conf, &metrics, err)))
		return rc;
	*ret = metrics;
	metrics = (struct bk_metrics){.count = 0};
	return BK_OK;
}

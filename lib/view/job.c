/*
 * Gathering jobs; see job.h.
 */
#include "view/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pace.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "rule/queue.h"
#include "rule/unit.h"
#include "view/read.h"

#define QUEUE_MS 1000

#define TEXT(column)                                                                               \
	{                                                                                          \
#column, BK_FIELD_TEXT, offsetof(struct bk_job_view, column)                       \
	}
#define INT(column)                                                                                \
	{                                                                                          \
#column, BK_FIELD_INT, offsetof(struct bk_job_view, column)                        \
	}
#define BOOL(column)                                                                               \
	{                                                                                          \
#column, BK_FIELD_BOOL, offsetof(struct bk_job_view, column)                       \
	}

static const struct bk_field fields[] = {
	TEXT(job_name),
	TEXT(description),
	TEXT(cron_expression),
	INT(delay_ms),
	BOOL(enabled),
	{"current_status", BK_FIELD_TEXT, offsetof(struct bk_job_view, status)},
	TEXT(last_execution_status),
	TEXT(last_execution_time),
	TEXT(next_execution_time),
	INT(processed_count),
	TEXT(error_message),
	INT(retry_count),
	INT(max_retries),
	INT(timeout_ms),
	INT(total_runs),
	INT(total_failures),
	INT(total_processed),
	TEXT(paused_until),
	TEXT(paused_reason),
	TEXT(last_success_time),
	TEXT(running_execution_id),
	INT(running_processed),
	INT(running_total),
	INT(running_executions),
	BOOL(paused),
	BOOL(failing),
	TEXT(fresh_since),
	INT(fresh_age_ms),
};

static void job_clear(struct bk_job_view *job)
{
	bk_fields_clear(fields, BK_COUNT(fields), job);
	bk_free_str(&job->oldest_due_at);
	bk_free_str(&job->status_text);
}

void bk_job_list_clear(struct bk_job_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		job_clear(&list->items[i]);
	free(list->items);
	bk_free_str(&list->queue_problem);
	*list = (struct bk_job_list){NULL, 0, NULL};
}

/* A job that the database does not have (yet). */
static struct bk_job_view unregistered(const struct bk_job_name *known)
{
	return (struct bk_job_view){
		.job_name = bk_strdup(known->name),
		.description = bk_strdup(known->description),
		.enabled = true,
		.status = bk_strdup("IDLE"),
		.running_processed = BK_NULL_INT,
		.running_total = BK_NULL_INT,
		.running_executions = BK_NULL_INT,
		.fresh_age_ms = BK_NULL_INT,
	};
}

/* What the file says about it: off there is off, whatever the database says. */
static void apply_conf(struct bk_job_view *job, const struct bk_conf *conf)
{
	job->queue_depth = BK_NULL_INT;
	job->oldest_due_age_ms = BK_NULL_INT;
	job->is_foreign = !bk_conf_job(conf, job->job_name);
	if (job->is_foreign)
		return;
	job->delay_ms = bk_conf_job_num(conf, job->job_name, "delay");
	job->timeout_ms = bk_conf_job_num(conf, job->job_name, "timeout");
	if (bk_conf_job_enabled(conf, job->job_name))
		return;
	job->enabled = false;
	if (strcmp(job->status, "RUNNING") != 0) {
		free(job->status);
		job->status = bk_strdup("DISABLED");
	}
}

static int find_row(const struct bk_rows *rows, const char *name)
{
	for (int i = 0; i < bk_rows_count(rows); i++)
		if (strcmp(bk_rows_text(rows, i, "job_name"), name) == 0)
			return i;
	return -1;
}

static enum bk_rc add_row(struct bk_job_list *list, const struct bk_rows *rows, int row,
			  const struct bk_conf *conf, struct bk_error *err)
{
	struct bk_job_view *job = &list->items[list->count++];
	enum bk_rc rc = bk_rows_read(rows, row, fields, BK_COUNT(fields), job, err);

	if (rc)
		return rc;
	job->registered = true;
	apply_conf(job, conf);
	return BK_OK;
}

static enum bk_rc add_known(struct bk_job_list *list, const struct bk_rows *rows,
			    const struct bk_job_name *known, const struct bk_conf *conf,
			    struct bk_error *err)
{
	int row = find_row(rows, known->name);

	if (row >= 0)
		return add_row(list, rows, row, conf, err);
	list->items[list->count] = unregistered(known);
	apply_conf(&list->items[list->count++], conf);
	return BK_OK;
}

static void set_status_text(struct bk_job_view *job)
{
	int64_t percent = bk_pace_percent(job->running_processed, job->running_total);

	if (strcmp(job->status, "RUNNING") == 0 && percent != BK_PACE_UNKNOWN)
		job->status_text = bk_asprintf("%s %" PRId64 " %%", job->status, percent);
	else
		job->status_text = bk_strdup(job->status);
}

/* `only` = NULL: every job. */
static enum bk_rc merge(const struct bk_rows *rows, const struct bk_conf *conf, const char *only,
			struct bk_job_list *list, struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	list->items = bk_calloc((size_t)count + bk_conf_job_count(conf), sizeof(*list->items));
	for (size_t i = 0; i < bk_conf_job_count(conf) && !rc; i++)
		if (!only || strcmp(only, bk_conf_job_at(conf, i)->name) == 0)
			rc = add_known(list, rows, bk_conf_job_at(conf, i), conf, err);
	for (int i = 0; i < count && !rc; i++)
		if (!bk_conf_job(conf, bk_rows_text(rows, i, "job_name")))
			rc = add_row(list, rows, i, conf, err);
	for (size_t i = 0; i < list->count && !rc; i++)
		set_status_text(&list->items[i]);
	return rc;
}

static enum bk_rc read_jobs(struct bk_db *db, const struct bk_conf *conf, const char *only,
			    struct bk_job_list *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_job_list_clear) struct bk_job_list list = {NULL, 0, NULL};
	const char *params[] = {only};
	struct bk_stmt stmt = {"view_jobs", NULL, params, 1, BK_ANY_ROWS};
	enum bk_rc rc;

	if ((rc = bk_view_sql(&sql, conf, "view_jobs", err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)) ||
	    (rc = merge(rows, conf, only, &list, err)))
		return rc;
	*ret = list;
	list = (struct bk_job_list){NULL, 0, NULL};
	return BK_OK;
}

enum bk_rc bk_view_jobs(struct bk_db *db, const struct bk_conf *conf, struct bk_job_list *ret,
			struct bk_error *err)
{
	return read_jobs(db, conf, NULL, ret, err);
}

enum bk_rc bk_view_no_job(const struct bk_conf *conf, const char *name, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf all = BK_BUF_INIT;
	size_t count = bk_conf_job_count(conf);
	const char **names = bk_calloc(count + 1, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = bk_conf_job_at(conf, i)->name;
	bk_quote(&shown, name);
	(void)bk_error_set(err, BK_E_NOT_FOUND, "no job %s", bk_buf_cstr(&shown));
	near = bk_nearest(name, names);
	if (!near)
		bk_list_words(&all, names);
	free(names);
	return near ? bk_error_hint(err, "did you mean \"%s\"?", near)
		    : bk_error_hint(err, "try %s", bk_buf_cstr(&all));
}

enum bk_rc bk_view_job(struct bk_db *db, const struct bk_conf *conf, const char *name,
		       struct bk_job_list *ret, struct bk_error *err)
{
	struct bk_job_list list = {NULL, 0, NULL};
	enum bk_rc rc = read_jobs(db, conf, name, &list, err);

	if (rc)
		return rc;
	if (list.count == 0) {
		bk_job_list_clear(&list);
		return bk_view_no_job(conf, name, err);
	}
	*ret = list;
	return BK_OK;
}

/* What could not be done for the queue of one job, or of all (NULL). An error only
   where the connection is of no more use. */
static enum bk_rc note_problem(struct bk_db *db, enum bk_rc rc, const char *job,
			       struct bk_job_list *list, struct bk_error *err)
{
	if (bk_view_is_fatal(db, rc))
		return job ? bk_error_prefix(err, "queue of %s", job) : rc;
	if (!list->queue_problem)
		list->queue_problem = job ? bk_asprintf("queue of %s: %s", job, err->message)
					  : bk_asprintf("no queue can be counted: %s",
							err->message);
	return BK_OK;
}

enum bk_rc bk_view_queues(struct bk_db *db, const struct bk_conf *conf, struct bk_job_list *list,
			  struct bk_error *err)
{
	BK_CLEAN(bk_queues_clear) struct bk_queues queues = BK_QUEUES_INIT;
	enum bk_rc rc = bk_queues_open(&queues, db, conf, err);

	/* A mapping that does not fit the table must not look like an empty queue. */
	if (rc)
		return note_problem(db, rc, NULL, list, err);
	for (size_t i = 0; i < list->count; i++) {
		struct bk_job_view *job = &list->items[i];
		struct bk_queue queue = {BK_NULL_INT, NULL, BK_NULL_INT};

		if (!job->enabled || !bk_conf_job(conf, job->job_name))
			continue;
		rc = bk_queue_of_job(&queues, job->job_name, QUEUE_MS, &queue, err);
		if (rc && (rc = note_problem(db, rc, job->job_name, list, err)))
			return rc;
		job->queue_depth = queue.depth;
		job->oldest_due_at = BK_TAKE(queue.oldest_at);
		job->oldest_due_age_ms = queue.age_ms;
	}
	return BK_OK;
}

void bk_view_unended(const struct bk_conf *conf, const char *ret[BK_STATE_COUNT + 1])
{
	struct bk_policy policy = bk_policy_of(conf);
	bool gaps[BK_STATE_COUNT] = {false};
	size_t n = 0;

	(void)bk_rules_gaps(&policy, gaps);
	for (size_t i = 0; i < BK_STATE_COUNT; i++)
		if (gaps[i])
			ret[n++] = bk_state_names[i];
	ret[n] = NULL;
}

/*
 * Jobs as people ask for them: what the database knows, joined with the
 * configuration, which says what the next claim will use.
 *
 *     struct bk_job_list jobs = {NULL, 0, NULL};
 *     if ((rc = bk_view_jobs(db, conf, &jobs, err))) ...
 *     if ((rc = bk_view_queues(db, conf, &jobs, err))) ...
 *     bk_job_list_clear(&jobs);
 */
#ifndef BK_VIEW_JOB_H
#define BK_VIEW_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

/* Times are RFC 3339 UTC with milliseconds; NULL and BK_NULL_INT = absent. */
struct bk_job_view {
	char *job_name;
	char *description;
	char *cron_expression;
	int64_t delay_ms; /* of the configuration; of a job it does not know, the last claim's */
	bool enabled;     /* in the file and in the database */
	char *status;     /* RUNNING IDLE PAUSED DISABLED ERROR */
	char *last_execution_status;
	char *last_execution_time;
	char *next_execution_time;
	int64_t processed_count; /* of the last finished execution */
	char *error_message;
	int64_t retry_count;
	int64_t max_retries;
	int64_t timeout_ms; /* as delay_ms */
	int64_t queue_depth;
	char *oldest_due_at;
	int64_t total_runs;
	int64_t total_failures;
	int64_t total_processed;
	char *paused_until;
	char *paused_reason;
	char *last_success_time;
	char *running_execution_id; /* of status RUNNING, here and below */
	int64_t running_processed;
	int64_t running_total;      /* once counted */
	int64_t running_executions; /* at work; those before are of all of them */

	char *status_text; /* for people: "RUNNING 40 %" once the total is counted, else status */

	/* For health only. */
	bool registered;           /* the database has the job */
	bool is_foreign;           /* the configuration does not know it */
	bool paused;               /* by hand, and not run out */
	bool failing;              /* stored status ERROR, though it may be RUNNING again */
	int64_t oldest_due_age_ms; /* of oldest_due_at */
	char *fresh_since;         /* success, creation (no success yet) or pause (that ran out) */
	int64_t fresh_age_ms;      /* since then */
};

struct bk_job_list {
	struct bk_job_view *items;
	size_t count;
	char *queue_problem; /* why a queue could not be counted; NULL = all could */
};

void bk_job_list_clear(struct bk_job_list *list);

/* Every job of the configuration, in its order, also where the database has
   none; then those that only the database knows. Queues are not filled in. */
enum bk_rc bk_view_jobs(struct bk_db *db, const struct bk_conf *conf, struct bk_job_list *ret,
			struct bk_error *err) BK_NODISCARD;

/* The one job of that name. BK_E_NOT_FOUND, with a near miss as hint. */
enum bk_rc bk_view_job(struct bk_db *db, const struct bk_conf *conf, const char *name,
		       struct bk_job_list *ret, struct bk_error *err) BK_NODISCARD;

/*
 * Fills in queue_depth and oldest_due_at of every enabled job, a second for
 * each. What cannot be counted stays absent: too slow without a word, a bad
 * mapping or a missing privilege with a queue_problem. An error only where the
 * connection is of no more use.
 */
enum bk_rc bk_view_queues(struct bk_db *db, const struct bk_conf *conf, struct bk_job_list *list,
			  struct bk_error *err) BK_NODISCARD;

/* Names of the live states that no enabled job ends, NULL at the end. */
void bk_view_unended(const struct bk_conf *conf, const char *ret[BK_STATE_COUNT + 1]);

/* BK_E_NOT_FOUND for a job of that name, with a near miss as hint. */
enum bk_rc bk_view_no_job(const struct bk_conf *conf, const char *name, struct bk_error *err);

#endif

/*
 * What a monitoring system reads: counters since a job exists, which never fall, the
 * state of each job, and the hosts that call.
 *
 *     BK_CLEAN(bk_totals_clear) struct bk_totals totals = {.count = 0};
 *     if ((rc = bk_view_totals(db, conf, NULL, &totals, err))) ...
 *     if ((rc = bk_view_totals_queues(db, conf, &totals, err))) ...    where it may take a while
 */
#ifndef BK_VIEW_TOTALS_H
#define BK_VIEW_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"

/* Executions by execution time: below 2 ms, below 4 ms and so on, and the rest. */
enum { BK_TOTALS_OCTAVES = 21 };

/* Times are ms since 1970; BK_NULL_INT = absent. */
struct bk_job_totals {
	char *job_name;
	bool enabled;  /* in the file and in the database */
	bool paused;   /* by hand, and not run out */
	bool is_known; /* to the configuration; else delay and timeout are the last claim's */
	bool last_succeeded;
	int64_t read_at; /* now */
	int64_t delay_ms;
	int64_t timeout_ms;
	int64_t failures_in_a_row;
	int64_t last_run;
	int64_t last_success;
	int64_t fresh; /* the last success, else the creation; or the end of a pause after it */
	int64_t last_processed;
	int64_t last_ms; /* execution time of the last run that ended */
	int64_t successes;
	int64_t empty; /* of the successes */
	int64_t partial;
	int64_t errors;
	int64_t timeouts;
	int64_t cancelled;
	int64_t abandoned;
	int64_t refused;
	int64_t processed;
	int64_t skipped_locked;
	int64_t quarantined;
	int64_t retries;
	int64_t idle_with_rest;
	int64_t total_ms;
	int64_t octaves[BK_TOTALS_OCTAVES];
	struct bk_array codes; /* error codes, and how often each; side by side, as the others */
	struct bk_array code_counts;
	int64_t aside;           /* in quarantine now */
	struct bk_array servers; /* hosts that called the job */
	struct bk_array server_ticks;
	int64_t queue_depth; /* absent = not counted */
	int64_t oldest_due;  /* absent also where nothing is due */
};

struct bk_totals {
	struct bk_job_totals *items; /* by name */
	size_t count;
	struct bk_array hosts;
	struct bk_array host_versions;
	struct bk_array host_seen;
	struct bk_array host_clocks; /* ms ahead of the database; NULL = not known */
	int64_t held;
	int64_t oldest_failure; /* start of the oldest that did not succeed, no job's newest */
	int64_t history_ms;     /* how long the history keeps what failed, by the settings */
	int64_t clock_skew_ms;  /* the setting */
};

void bk_totals_clear(struct bk_totals *totals);

/* One job or every one (NULL) in one small statement, queues not counted. A job that the
   database does not have is missing. */
enum bk_rc bk_view_totals(struct bk_db *db, const struct bk_conf *conf, const char *job,
			  struct bk_totals *ret, struct bk_error *err) BK_NODISCARD;

/* Counts the queues of the enabled jobs, a second for each; what cannot be counted stays
   absent. An error only where the connection is of no more use. */
enum bk_rc bk_view_totals_queues(struct bk_db *db, const struct bk_conf *conf,
				 struct bk_totals *totals, char **ret_problem,
				 struct bk_error *err) BK_NODISCARD;

#endif

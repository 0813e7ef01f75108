/*
 * What the page of `bkstatus report` shows: the jobs as of now, what is overdue, and
 * since some time what ran, how long it took, what it changed and what failed, in
 * equal steps of time. Its size is bounded whatever was asked for: so many steps, so
 * many jobs and rules by name, the rest added up under a name of their own.
 *
 *     BK_CLEAN(bk_report_clear) struct bk_report report = {.step_count = 0};
 *     if ((rc = bk_view_report(db, conf, &since, &report, err))) ...
 *
 * Figures, changes and failures are of one snapshot; jobs and overdue work are read
 * each by itself, a moment before.
 */
#ifndef BK_VIEW_REPORT_H
#define BK_VIEW_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"
#include "view/due.h"
#include "view/health.h"
#include "view/job.h"
#include "view/moment.h"

enum {
	BK_REPORT_STEPS = 169,      /* hours of a week, and the one that is not over */
	BK_REPORT_JOBS = 8,         /* with the one of all others, here and below */
	BK_REPORT_RULES = 12,       /* of a rule and a state it leads to */
	BK_REPORT_FAILURES = 20,    /* executions */
	BK_REPORT_BATCHES = 200000, /* that are looked at for what they changed */
};

/* What a run may end as that is no success. */
enum bk_report_fault {
	BK_REPORT_PARTIAL,
	BK_REPORT_ERROR,
	BK_REPORT_TIMEOUT,
	BK_REPORT_CANCELLED,
	BK_REPORT_ABANDONED,
	BK_REPORT_REFUSED,
	BK_REPORT_FAULTS,
};

/* Runs that started in one step of time, or in all. */
struct bk_report_runs {
	int64_t runs;
	int64_t empty; /* of them those that found nothing due */
	int64_t processed;
	int64_t faults[BK_REPORT_FAULTS];
	int64_t p50_ms; /* of their execution times; -1 where nothing ran, here and below */
	int64_t p95_ms;
	int64_t max_ms;
};

struct bk_report_job {
	char *name;
	size_t slot; /* below BK_REPORT_JOBS; the same for what the job's rules changed */
	struct bk_report_runs *steps;
	struct bk_report_runs total;
};

struct bk_report_rule {
	char *rule;
	char *to_state; /* as the company's table has it; NULL of "other rules" */
	size_t slot;    /* of the job */
	size_t nth;     /* of the job's rules, from 0 on */
	int64_t *steps; /* bookings changed */
	int64_t total;
};

/* Times are RFC 3339 UTC with milliseconds; NULL and BK_NULL_INT = absent. */
struct bk_report_failure {
	char *id;
	char *operation;
	char *executed_at;
	char *status;
	int64_t processed_count;
	int64_t execution_time_ms;
	char *error_code;
	char *error_message; /* its beginning */
	char *server_instance;
};

struct bk_report {
	char *as_of;
	int64_t as_of_us; /* microseconds since 1970, here and below */
	int64_t start_us; /* of the first step: a whole hour, or day */
	int64_t step_us;
	size_t step_count; /* the last one is not over yet */

	struct bk_job_list job_list;
	struct bk_health health; /* of the jobs in job_list, in its order; then "overdue" */

	struct bk_report_job *jobs; /* those of the configuration, then what else ran */
	size_t job_count;

	struct bk_report_rule *rules; /* by job; none where nothing was changed */
	size_t rule_count;
	int64_t changes_from_us; /* earlier changes were too many to look at; BK_NULL_INT = all
				    were looked at */

	struct bk_overdue overdue;
	char *overdue_problem; /* why it could not be counted; then it is empty */

	struct bk_report_failure *failures; /* newest first */
	size_t failure_count;
};

void bk_report_clear(struct bk_report *report);

/* `since` must be set. What keeps the queues or overdue work from being counted is said
   in the report; BK_E_UNAVAILABLE, BK_E_PERMISSION and so on where nothing can be read. */
enum bk_rc bk_view_report(struct bk_db *db, const struct bk_conf *conf,
			  const struct bk_moment *since, struct bk_report *ret,
			  struct bk_error *err) BK_NODISCARD;

/* The length of a step in microseconds, so that `span_us` has BK_REPORT_STEPS at most: hours
   that divide a day, or days. */
int64_t bk_report_step(int64_t span_us);

#endif

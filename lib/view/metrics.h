/*
 * The figures of each job over a window of time, from what is counted by job and
 * hour: they cost the same however many executions there were. The window begins
 * with the hour in which it was asked to begin.
 *
 *     BK_CLEAN(bk_metrics_clear) struct bk_metrics metrics = {.count = 0};
 *     const struct bk_metrics_filter filter = {.since = ..., .most_points = 32};
 *     if ((rc = bk_view_metrics(db, conf, &filter, &metrics, err))) ...
 */
#ifndef BK_VIEW_METRICS_H
#define BK_VIEW_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"
#include "view/histogram.h"
#include "view/moment.h"

struct bk_metrics_filter {
	struct bk_moment since; /* of a kind other than NONE */
	size_t most_points;     /* of a job over the window, at least 1 */
};

/* Numbers over time, the first being the oldest. */
struct bk_points {
	int64_t *values;
	size_t count;
};

/* Times are RFC 3339 UTC with milliseconds; NULL and BK_NULL_INT = absent. */
struct bk_metrics_view {
	char *job_name;
	int64_t runs; /* that ended, by their start; the sum of the statuses */
	int64_t empty;
	int64_t successes;
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
	int64_t idle_with_rest; /* runs that changed nothing while bookings were due */
	int64_t total_ms;
	int64_t success_share; /* in ten thousandths; absent without any run, as all below */
	int64_t mean_ms;
	int64_t p50_ms; /* see histogram.h on how exact they are */
	int64_t p95_ms;
	int64_t p99_ms;
	int64_t max_ms;
	struct bk_histogram histogram;
	char *codes;         /* "57014 x3, ABANDONED": for people; NULL = none */
	int64_t queue_depth; /* now, as bk_view_queues() has it */
	char *oldest_due_at;
	int64_t oldest_age_ms;
	struct bk_points runs_by_time; /* bk_metrics.points of each */
	struct bk_points processed_by_time;
	struct bk_points failures_by_time; /* runs that were no SUCCESS */
};

/* How often runs of a job ended with an error code: a SQLSTATE, or a word of bk. */
struct bk_metrics_code {
	char *job_name;
	char *error_code;
	int64_t count;
};

struct bk_metrics {
	struct bk_metrics_view
		*items; /* the jobs as bk_view_jobs() has them, then others that ran */
	size_t count;
	struct bk_metrics_code *codes; /* by job, the most frequent first */
	size_t code_count;
	char *since; /* the window */
	char *until; /* now */
	int64_t since_us;
	int64_t step_hours; /* of a point */
	size_t points;
	char *queue_problem; /* as bk_job_list has it */
};

void bk_metrics_clear(struct bk_metrics *metrics);

enum bk_rc bk_view_metrics(struct bk_db *db, const struct bk_conf *conf,
			   const struct bk_metrics_filter *filter, struct bk_metrics *ret,
			   struct bk_error *err) BK_NODISCARD;

#endif

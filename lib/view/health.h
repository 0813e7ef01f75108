/*
 * Whether bk does its work: a list of checks, each with a state and a reason.
 * Pure judgement over what other views gathered; whoever connects adds the
 * checks of the database and of its schema.
 */
#ifndef BK_VIEW_HEALTH_H
#define BK_VIEW_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "view/job.h"

/* In the order of the exit statuses of monitoring plugins. */
enum bk_health_state {
	BK_HEALTH_OK = 0,
	BK_HEALTH_WARNING = 1,
	BK_HEALTH_CRITICAL = 2,
	BK_HEALTH_UNKNOWN = 3,
};

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *bk_health_word(enum bk_health_state state);

struct bk_check {
	char *name; /* "database", "schema", or the job's */
	enum bk_health_state state;
	const char *state_word;
	char *message;
	int64_t age_ms;     /* of a job: since its last success; BK_NULL_INT = no measure */
	int64_t max_age_ms; /* above it the state is CRITICAL, or WARNING where age_warns */
	bool age_warns;
	int64_t count; /* of a job: failures in a row; BK_NULL_INT = no measure; 0 is OK */
};

struct bk_health {
	struct bk_check *items;
	size_t count;
	size_t job_count; /* enabled jobs that were judged */
};

void bk_health_clear(struct bk_health *health);

/* Adds a check without a measure. */
void bk_health_add(struct bk_health *health, const char *name, enum bk_health_state state,
		   const char *fmt, ...) BK_PRINTF(4, 5);

/* Give the check that was added last a measure: a count of what should be none, and an
   age that is warned of above `max_ms`. */
void bk_health_count(struct bk_health *health, int64_t count);
void bk_health_age(struct bk_health *health, int64_t age_ms, int64_t max_ms);

/* How old the last success of a job may be, and what is due for it: twice its delay
   plus its timeout. */
int64_t bk_health_patience_ms(const struct bk_job_view *job);

/*
 * Adds a check for each job. An enabled job is CRITICAL when its last success
 * (never: the job's creation; after a pause that ran out: its end) is older
 * than twice its delay plus its timeout; else WARNING when its last run failed, or
 * runs before it died (failures in a row).
 * Paused by hand is WARNING however old its success is. Disabled is OK.
 */
void bk_health_jobs(struct bk_health *health, const struct bk_job_list *jobs);

/*
 * Adds the check "overdue", after bk_view_queues: WARNING when a job that is
 * enabled and not paused has bookings that are due for longer than twice its
 * delay plus its timeout, whatever its runs say of themselves; or when no queue
 * could be counted at all. One that took too long to count is named, and OK.
 */
void bk_health_overdue(struct bk_health *health, const struct bk_job_list *jobs);

/* The worst: CRITICAL, UNKNOWN, WARNING, OK in this order. */
enum bk_health_state bk_health_worst(const struct bk_health *health);

#endif

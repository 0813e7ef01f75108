/*
 * For the tests of the rules: policies from a few words, bookings by chance,
 * and a table of bookings in memory on which the pure rules play the jobs.
 */
#ifndef TESTS_RULE_CASES_H
#define TESTS_RULE_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "rule/rule.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* 2026-03-29T01:00:00Z, the instant at which most of Europe puts its clocks on. */
#define CASES_NOW INT64_C(1774746000000000)
/* The default of max-age before it. */
#define CASES_LOWER (CASES_NOW - 30 * DAY)

/* The configured grace of a plan in which there is one. */
#define CASES_GRACE (15 * MINUTE)

/* A sequence of numbers that its seed decides. */
struct draw {
	uint64_t state;
};

/* BK_TEST_SEED of the environment, else always the same. */
uint64_t draw_seed(void);
uint64_t draw_next(struct draw *d);
/* 0 <= result < n */
int64_t draw_below(struct draw *d, int64_t n);
bool draw_chance(struct draw *d, int percent);

/* What of a configuration the rules depend on, in the order of its words. */
struct plan {
	enum bk_check_in_mode mode;
	bool accept;      /* late-check-in */
	bool expires;     /* missed */
	bool no_grace;    /* grace = none, else CASES_GRACE */
	unsigned jobs;    /* bit i: cases_jobs[i] is enabled */
	unsigned columns; /* bits of PLAN_END .. PLAN_GRACE: mapped */
	enum bk_grace_unit unit;
};

enum { PLAN_END = 1, PLAN_CHECK_IN = 2, PLAN_HOLD = 4, PLAN_GRACE = 8, PLAN_ALL = 15 };
enum { PLAN_ACTIVATE = 1, PLAN_NO_SHOW = 2, PLAN_COMPLETE = 4, PLAN_EXPIRE = 8, PLAN_JOBS = 15 };

/* activate-due, cancel-no-shows, update-completed, update-expired: as the bits. */
extern const char *const cases_jobs[4];

/* A policy and the mapping that it points to. Not to be cleared: the names are
   constants. The grace column is named after its unit: g_minutes, g_seconds,
   g_hours, g_interval; the others s, e, c and h, of public.t. */
struct setup {
	struct bk_mapping mapping;
	struct bk_policy policy;
};
void plan_setup(const struct plan *plan, struct setup *ret);

/* "tracked reject missed=completed grace=15m jobs=1111 columns=1111"; valid
   until the next call. */
const char *plan_show(const struct plan *plan);

/* Any booking: equal instants, a microsecond beside them, none, infinite ones,
   lengths of zero and below, graces of every kind. `now` and `lower` are among
   the instants that it keeps close to. */
struct bk_booking booking_draw(struct draw *d, int64_t now, int64_t lower);

/* "confirmed S=2026-03-29T01:00:00.000000Z E=- C=- H=- G=900000000us", and
   "2026-03-29T01:00:00.000000Z", "infinity" or "-" for one instant. */
void booking_show(struct bk_buf *out, const struct bk_booking *b);
void instant_show(struct bk_buf *out, struct bk_instant t);

/* The state to which the rules would move the booking at `now`; its own where
   no rule applies, and *ret_count says how many do. `job` NULL = all jobs. */
enum bk_state rules_target(const struct setup *s, const struct bk_rules *rules, const char *job,
			   const struct bk_booking *b, int64_t now, int64_t lower,
			   size_t *ret_count);

/* A booking of a table that lives: its check-in becomes known at an instant. */
struct guest {
	struct bk_booking booking;
	struct bk_instant check_in; /* not yet in the booking before known_us */
	int64_t known_us;
};

/* Bookings around the hours after `start`. The check-ins are known no later than
   the instant that they carry, and with `before_end` carry one before the end. */
void guests_draw(struct draw *d, int64_t start, bool before_end, struct guest *ret, size_t count);

/* What is known at `now` is written down: the check-in, in mode app the state. */
void guests_arrive(const struct setup *s, struct guest *guests, size_t count, int64_t now);

/* One run of a job at `now`, with the usual max-age. */
void guests_run(const struct setup *s, const struct bk_rules *rules, const char *job,
		struct guest *guests, size_t count, int64_t now);

/* The order number 0 <= n < 24 of four things. */
void order_of(int n, int ret[4]);

#endif

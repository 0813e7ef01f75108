/*
 * Work of the rules as people ask for it: what is due by now, and what becomes
 * due in the hours to come. Counted by the database's clock, without a lock, and
 * in bounded time; what could not be counted in it, or not at all because an
 * expression of the rule fails for some booking, is absent, and `partial` says so.
 *
 *     BK_CLEAN(bk_overdue_clear) struct bk_overdue overdue = {.count = 0};
 *     if ((rc = bk_view_overdue(db, conf, &overdue, err))) ...
 */
#ifndef BK_VIEW_DUE_H
#define BK_VIEW_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

/* What is to be said of a rule with an error_message, here and below. */
extern const char bk_due_hint[];

/* Times are RFC 3339 UTC with milliseconds; NULL and BK_NULL_INT = absent. Bookings
   on hold, and those that the rule has set aside, count nowhere. */
struct bk_overdue_view {
	char *rule;
	char *job_name; /* NULL in the total */
	int64_t count;  /* due at or before now, up to the limit */
	char *oldest_due_at;
	int64_t oldest_age_ms;
	int64_t stale; /* due, but older than max-age and so left alone; up to the limit */
	int64_t max_age_ms;
	char *error_message; /* why it was not counted, NULL where that took too long */
};

struct bk_overdue {
	struct bk_overdue_view *items; /* a row per rule, and behind them their total */
	size_t count;                  /* of rules */
	int64_t limit;                 /* up to which each rule is counted */
	char *as_of;
	bool partial; /* some rule was not counted, here and below */
};

void bk_overdue_clear(struct bk_overdue *overdue);

/* Every rule of the jobs that are enabled in the configuration, in their order; a
   second for each of its two counts. BK_E_MAPPING, BK_E_PERMISSION. */
enum bk_rc bk_view_overdue(struct bk_db *db, const struct bk_conf *conf, struct bk_overdue *ret,
			   struct bk_error *err) BK_NODISCARD;

/* What one rule has to do in one hour of the clock (UTC). */
struct bk_forecast_view {
	int64_t hour;    /* 0: due already; 1: the rest of this hour, 2: the next one ... */
	char *starts_at; /* of the hour; NULL of what is due already */
	char *ends_at;   /* and the time up to which that is */
	char *shown_hour;
	char *rule;
	char *job_name;
	int64_t count;
};

/* A rule whose hours are left out. */
struct bk_uncounted {
	char *rule;
	char *error_message; /* NULL: they took too long */
};

struct bk_forecast {
	struct bk_forecast_view *items; /* by hour, then rule; none where nothing becomes due */
	size_t count;
	struct bk_uncounted *not_counted;
	size_t not_counted_count;
	char *as_of;
	char *until; /* what becomes due from then on is left out */
	bool partial;
};

void bk_forecast_clear(struct bk_forecast *forecast);

/* The next `hours` hours, five seconds for each rule. */
enum bk_rc bk_view_forecast(struct bk_db *db, const struct bk_conf *conf, int64_t hours,
			    struct bk_forecast *ret, struct bk_error *err) BK_NODISCARD;

#endif

/*
 * One booking as the rules see it, and the rules as pure functions of (row,
 * policy, as-of). The SQL form of the same rules is in sql.h; a property test
 * holds the two together.
 *
 * Instants are microseconds since 1970 UTC. Words: S start, E end, the booking
 * is [S,E); H = least(hold or S, S); G grace; D = least(S + G, E), from which an
 * absent customer is a no-show; K = checked in before D. "Reached" is
 * as_of >= instant.
 */
#ifndef BK_RULE_ROW_H
#define BK_RULE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/mapping.h"

#define BK_NEVER INT64_MAX /* +infinity, or "no such instant" */
#define BK_MINUS_INFINITY INT64_MIN
/* 294000-01-01 UTC: instants from here on count as infinite, in both forms, so
   that no sum of an instant and a grace can overflow. */
#define BK_TIME_LIMIT INT64_C(9215576668800000000)
/* A grace of more than ten years counts as ten years, for the same reason. */
#define BK_GRACE_LIMIT_MINUTES INT64_C(5256000)

/* An instant that may be NULL. */
struct bk_instant {
	bool set;
	int64_t us;
};

/* Columns that are not mapped count as NULL, whatever stands here. */
struct bk_booking {
	enum bk_state state;
	struct bk_instant start;
	struct bk_instant end;
	struct bk_instant check_in;
	struct bk_instant hold;
	struct bk_instant grace_us; /* `us` is a duration; not set = the configured grace */
};

/* What of the configuration decides. */
struct bk_policy {
	const struct bk_mapping *mapping;
	bool activate; /* job enabled in the file, here and below */
	bool no_show;
	bool complete;
	bool expire;
	/* Whether the job of a rule of the file is enabled; NULL = all are. */
	bool (*is_enabled)(const void *arg, const char *job);
	const void *arg;
};

/* D, in microseconds; not set = never. False in *ret_valid: the row's times or
   grace are no booking's, and no rule applies to it. */
struct bk_instant bk_booking_deadline(const struct bk_policy *policy, const struct bk_booking *b,
				      bool *ret_valid);

#endif

/*
 * A bound in time as people type it: an instant, or how long ago. What is "ago"
 * is left to the database, whose clock the times to compare with came from.
 */
#ifndef BK_VIEW_MOMENT_H
#define BK_VIEW_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

enum bk_moment_kind {
	BK_MOMENT_NONE, /* no bound */
	BK_MOMENT_AT,
	BK_MOMENT_AGO,
};

struct bk_moment {
	enum bk_moment_kind kind;
	int64_t at_us;  /* of AT: microseconds since 1970 UTC */
	int64_t ago_ms; /* of AGO */
};

/* "2026-11-23T06:30:00Z", "2026-11-23" (its midnight in UTC), "2h", "30d".
   False for anything else; *ret untouched. */
bool bk_moment_parse(const char *text, struct bk_moment *ret);

#endif

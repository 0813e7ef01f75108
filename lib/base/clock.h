/*
 * Time as a thing that is passed in, so that tests of an hour take none.
 * `mono_ms` never steps and serves for deadlines; `wall_us` is the host's
 * calendar time and serves for logs only: what is due is decided by the
 * database's clock.
 */
#ifndef BK_BASE_CLOCK_H
#define BK_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct bk_clock {
	int64_t (*mono_ms)(void *self); /* milliseconds, monotonic */
	int64_t (*wall_us)(void *self); /* microseconds since 1970 UTC */
	void *self;
	/* Waits; returns early when a signal arrives. */
	void (*sleep_ms)(void *self, int64_t ms);
};

/* The system's clocks. */
struct bk_clock bk_clock_system(void);

/* "2026-11-23T06:30:00.097Z": RFC 3339, UTC, milliseconds (truncated). */
void bk_format_time(struct bk_buf *out, int64_t us);

/*
 * RFC 3339 with zone ("2026-11-23T06:30:00Z", "2026-11-23 07:30:00.5+01:00"),
 * or a date "2026-11-23" for its midnight in UTC. Microseconds since 1970.
 * False for anything else, and for years outside 1 to 9999.
 */
bool bk_parse_time(const char *text, int64_t *ret_us);

#endif

/*
 * When ticks begin: the splay of a host, the grid of --for, and waiting for an
 * instant. All instants are milliseconds of the monotonic clock. For the files
 * of this folder only.
 */
#ifndef BK_CLI_SCHEDULE_H
#define BK_CLI_SCHEDULE_H

#include <signal.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

/*
 * How much later than cron this host ticks: 0 to splay_ms - 1, always the same
 * for an instance and a job, and spread evenly over instances. 0 for no splay.
 */
int64_t bk_splay_ms(const char *instance, const char *job, int64_t splay_ms);

/*
 * The first instant after `now` on the grid start, start + delay, start + 2 delay
 * and so on, or -1 where that is not before `end`. An instant that was missed is
 * not made up for.
 */
int64_t bk_next_tick(int64_t start, int64_t delay, int64_t now, int64_t end);

/* Waits for an instant that may be past. BK_E_INTERRUPTED or BK_E_TERMINATED as
   soon as *interrupted says so. */
enum bk_rc bk_wait_until(const struct bk_clock *clock, const volatile sig_atomic_t *interrupted,
			 int64_t at, struct bk_error *err) BK_NODISCARD;

struct bk_schedule {
	struct bk_clock clock;
	const volatile sig_atomic_t *interrupted; /* 0, or the number of the signal that came */
	int64_t start;
	int64_t delay;
	/* What the delay is from now on, asked after each tick; NULL = it stays. */
	int64_t (*delay_now)(void *arg);
	int64_t end;
	/* One tick; anything but BK_OK ends the ticking. */
	enum bk_rc (*tick)(void *arg, struct bk_error *err);
	void *arg;
};

/*
 * Ticks at start and on each instant of the grid that comes after the tick before,
 * up to the end: none begins at the end or after it. What a tick returned, else
 * BK_E_INTERRUPTED or BK_E_TERMINATED when a signal came in a pause, or in a tick
 * that returned BK_OK all the same.
 */
enum bk_rc bk_schedule_run(const struct bk_schedule *schedule, struct bk_error *err) BK_NODISCARD;

#endif

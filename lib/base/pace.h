/*
 * How fast something goes, and when it will be through: the arithmetic of
 * progress, for what a run shows of itself and for what others see of it.
 */
#ifndef BK_BASE_PACE_H
#define BK_BASE_PACE_H

#include <stdint.h>

/* What cannot be said. */
#define BK_PACE_UNKNOWN INT64_C(-1)

/* So many things in so many milliseconds. */
struct bk_pace {
	int64_t count;
	int64_t ms;
};

/* Things a second, rounded down; unknown where no time has passed. */
int64_t bk_pace_per_second(const struct bk_pace *pace);

/* Milliseconds until `rest` more are done, 36500 days at most; unknown at a pace
   of nothing. A rest below 0 counts as nothing. */
int64_t bk_pace_left_ms(const struct bk_pace *pace, int64_t rest);

/* 0 to 100, rounded down, so that 100 is said of the whole only; unknown where
   the total is below 1. More than the total, which was counted at one moment
   while others go on, counts as the whole. */
int64_t bk_pace_percent(int64_t done, int64_t total);

#endif

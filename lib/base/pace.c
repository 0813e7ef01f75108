/*
 * Pace; see pace.h. In floating point: the products may be larger than any
 * integer, and nobody needs the last digit of an estimate.
 */
#include "base/pace.h"

#define MAX_MS (INT64_C(36500) * 86400000)

int64_t bk_pace_per_second(const struct bk_pace *pace)
{
	double rate;

	if (pace->ms <= 0)
		return BK_PACE_UNKNOWN;
	if (pace->count <= 0)
		return 0;
	rate = (double)pace->count * 1000 / (double)pace->ms;
	return rate < (double)INT64_MAX ? (int64_t)rate : INT64_MAX;
}

int64_t bk_pace_left_ms(const struct bk_pace *pace, int64_t rest)
{
	double ms;

	if (rest <= 0)
		return 0;
	if (pace->ms <= 0 || pace->count <= 0)
		return BK_PACE_UNKNOWN;
	ms = (double)rest * (double)pace->ms / (double)pace->count;
	return ms < (double)MAX_MS ? (int64_t)ms : MAX_MS;
}

int64_t bk_pace_percent(int64_t done, int64_t total)
{
	if (total < 1)
		return BK_PACE_UNKNOWN;
	if (done >= total)
		return 100;
	if (done <= 0)
		return 0;
	return done > INT64_MAX / 100 ? done / (total / 100 + 1) : done * 100 / total;
}

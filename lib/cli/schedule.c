/*
 * When ticks begin; see schedule.h.
 */
#include "cli/schedule.h"

/* A signal that lands just before the wait begins is seen after this long. */
#define WAIT_SLICE_MS 200

/* FNV-1a, with a mark at the end: "a" "bc" is not "ab" "c". */
static uint64_t mix(uint64_t hash, const char *text)
{
	const uint64_t prime = UINT64_C(1099511628211);

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * prime;
	return (hash ^ 0x1F) * prime;
}

int64_t bk_splay_ms(const char *instance, const char *job, int64_t splay_ms)
{
	uint64_t hash = mix(mix(UINT64_C(14695981039346656037), instance), job);

	if (splay_ms <= 0)
		return 0;
	/* The low bits of this hash depend on the low bits of the letters only. */
	hash ^= hash >> 32;
	return (int64_t)(hash % (uint64_t)splay_ms);
}

int64_t bk_next_tick(int64_t start, int64_t delay, int64_t now, int64_t end)
{
	int64_t next = now < start ? start : start + ((now - start) / delay + 1) * delay;

	return next < end ? next : -1;
}

enum bk_rc bk_wait_until(const struct bk_clock *clock, const volatile sig_atomic_t *interrupted,
			 int64_t at, struct bk_error *err)
{
	for (;;) {
		int64_t left = at - clock->mono_ms(clock->self);

		if (*interrupted == SIGTERM)
			return bk_error_set(err, BK_E_TERMINATED, "stopped by SIGTERM in a pause");
		if (*interrupted)
			return bk_error_set(err, BK_E_INTERRUPTED, "stopped by SIGINT in a pause");
		if (left <= 0)
			return BK_OK;
		clock->sleep_ms(clock->self, left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS);
	}
}

enum bk_rc bk_schedule_run(const struct bk_schedule *s, struct bk_error *err)
{
	int64_t at = s->start;
	int64_t delay = s->delay;

	while (at >= 0) {
		enum bk_rc rc = bk_wait_until(&s->clock, s->interrupted, at, err);

		if (rc)
			return rc;
		/* A host that was suspended, or a process that was stopped, wakes up late. */
		if (s->clock.mono_ms(s->clock.self) >= s->end)
			return BK_OK;
		if ((rc = s->tick(s->arg, err)))
			return rc;
		if (s->delay_now)
			delay = s->delay_now(s->arg);
		at = bk_next_tick(s->start, delay, s->clock.mono_ms(s->clock.self), s->end);
	}
	return BK_OK;
}

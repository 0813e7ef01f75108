/*
 * The pause before a retry; see retry.h.
 */
#include "run/retry.h"

int64_t bk_retry_pause(const struct bk_retry *retry, int64_t attempt,
		       const struct bk_random *random)
{
	int64_t cap = retry->cap_ms;
	int64_t bound = retry->base_ms < cap ? retry->base_ms : cap;

	for (int64_t i = 1; i < attempt && bound > 0 && bound < cap; i++)
		bound = bound > cap / 2 ? cap : bound * 2;
	if (bound <= 0)
		return 0;
	return (int64_t)(random->next(random->self) % ((uint64_t)bound + 1));
}

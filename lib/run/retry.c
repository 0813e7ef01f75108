/*
 * The pause before a retry; see retry.h.
 */
#include "run/retry.h"

int64_t bk_retry_pause(const struct bk_retry *retry, int64_t attempt,
		       const struct bk_random *random)
{
	int64_t bound = retry->base_ms;

	for (int64_t i = 1; i < attempt && bound < retry->cap_ms; i++)
		bound *= 2;
	if (bound > retry->cap_ms)
		bound = retry->cap_ms;
	if (bound <= 0)
		return 0;
	return (int64_t)(random->next(random->self) % ((uint64_t)bound + 1));
}

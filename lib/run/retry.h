/*
 * How long to wait before trying again: exponential, with full jitter and a cap.
 * A pure decision; who waits is the caller's business.
 */
#ifndef BK_RUN_RETRY_H
#define BK_RUN_RETRY_H

#include <stdint.h>

#include "base/random.h"

struct bk_retry {
	int64_t base_ms; /* most before the first retry; it doubles with each */
	int64_t cap_ms;  /* most before any */
};

/* Milliseconds before the attempt-th retry (from 1): any number between 0 and
   the bound is as likely, so that many hosts do not come back at once. */
int64_t bk_retry_pause(const struct bk_retry *retry, int64_t attempt,
		       const struct bk_random *random);

#endif

/*
 * Randomness from getrandom(2); see random.h.
 */
#include "base/random.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/mem.h"

static uint64_t system_next(void *self)
{
	uint64_t value = 0;
	ssize_t got;

	(void)self;
	/* Eight bytes are never cut short; a signal can end the wait for the kernel's
	   pool, shortly after boot. */
	do
		got = getrandom(&value, sizeof(value), 0);
	while (got < 0 && errno == EINTR);
	BK_ASSERT(got == (ssize_t)sizeof(value));
	return value;
}

struct bk_random bk_random_system(void)
{
	return (struct bk_random){system_next, NULL};
}

void bk_random_uuid(const struct bk_random *random, char ret[BK_UUID_SIZE])
{
	uint64_t a = random->next(random->self);
	uint64_t b = random->next(random->self);

	(void)snprintf(ret, BK_UUID_SIZE,
		       "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
		       a >> 32, a >> 16 & 0xFFFF, a & 0xFFF, (b >> 48 & 0x3FFF) | 0x8000,
		       b & 0xFFFFFFFFFFFF);
}

/*
 * Random numbers for run ids and jitter: the kernel's in production, a fixed
 * sequence in tests.
 */
#ifndef BK_BASE_RANDOM_H
#define BK_BASE_RANDOM_H

#include <stdint.h>

#define BK_UUID_SIZE 37

struct bk_random {
	uint64_t (*next)(void *self);
	void *self;
};

struct bk_random bk_random_system(void);

/* A random UUID, version 4, as 36 characters and NUL. */
void bk_random_uuid(const struct bk_random *random, char ret[BK_UUID_SIZE]);

#endif

/*
 * Answers kept for a while, each in a file of its own in a directory of one's own, so
 * that many who ask alike cost one look at the database, and the last known answer is
 * there when the database is not.
 *
 *     BK_CLEAN(bk_cache_close) struct bk_cache cache = BK_CACHE_INIT;
 *     if (bk_cache_open(path, &cache, &err)) ... go on without
 *     if (bk_cache_get(&cache, key, &answer)) ...
 *     if ((rc = bk_cache_put(&cache, key, &answer, &err))) ...
 *
 * Keys are SHA-256 sums in hexadecimal: of everything that the answer depends on. A
 * file that is not as it was written counts as none. Nothing here is ever needed: every
 * failure means no more than a look at the database.
 */
#ifndef BK_VIEW_CACHE_H
#define BK_VIEW_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"

/* So many answers at most; the oldest go first. */
#define BK_CACHE_ENTRIES 64
/* A longer answer is not kept. */
#define BK_CACHE_BYTES ((size_t)1 << 20)

struct bk_cache {
	char *path;
	int dir; /* -1 = there is none */
};

#define BK_CACHE_INIT                                                                              \
	{                                                                                          \
		NULL, -1                                                                           \
	}

struct bk_answer {
	int64_t as_of_us; /* microseconds since 1970: no part of it is older */
	char *notes;      /* lines that were said beside it; owned, here and below */
	char *body;
};

void bk_answer_clear(struct bk_answer *answer);

/* Where the answers are by the environment: $XDG_RUNTIME_DIR/bk, $XDG_CACHE_HOME/bk,
   $HOME/.cache/bk or /run/user/UID/bk. Only absolute names count; free() it. */
char *bk_cache_path(const char *runtime_dir, const char *cache_home, const char *home,
		    unsigned long uid);

/*
 * Opens the directory, made with mode 0700 where it is missing, its parent, too. BK_E_IO: it
 * cannot be made or opened. BK_E_REFUSED: it is a symbolic link or no directory,
 * belongs to somebody else, or may be written by others.
 */
enum bk_rc bk_cache_open(const char *path, struct bk_cache *ret, struct bk_error *err) BK_NODISCARD;
void bk_cache_close(struct bk_cache *cache);

/* The answer of that key; false where there is none. */
bool bk_cache_get(const struct bk_cache *cache, const char *key, struct bk_answer *ret);

/* Keeps it, with mode 0600 and at once, and removes what is too much. BK_E_IO. */
enum bk_rc bk_cache_put(const struct bk_cache *cache, const char *key,
			const struct bk_answer *answer, struct bk_error *err) BK_NODISCARD;

/* Locks the key, without waiting, against others who want to look: true with a
   descriptor in *ret_fd, which is the lock until it is closed, or -1 where nothing can be
   locked. False: somebody has it. */
bool bk_cache_lock(const struct bk_cache *cache, const char *key, int *ret_fd);

#endif

/*
 * A file that is there as a whole or not at all: written beside its place under
 * another name, then renamed over it. Readers see the old one or the new one, and
 * whatever ends the program before the commit leaves the old one as it was.
 *
 *     BK_CLEAN(bk_atomic_abort) struct bk_atomic_file file = BK_ATOMIC_INIT;
 *     if ((rc = bk_atomic_open(&file, "/var/lib/x/bk.prom", 0644, err)) ||
 *         (rc = bk_atomic_write(&file, text, len, err)) ||
 *         (rc = bk_atomic_commit(&file, true, err)))
 *             return rc;
 *
 * Who can write into the directory could exchange the file for a link to another
 * one. So the directory must belong to root or to us and be writable by nobody
 * else, unless its sticky bit keeps others from what is ours; it may be no symbolic
 * link, and what has the name already must be a plain file. All of them are looked
 * at through the descriptor of the directory, so that nothing can change in between.
 * Every error is BK_E_IO and names the file.
 */
#ifndef BK_BASE_ATOMIC_FILE_H
#define BK_BASE_ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct bk_atomic_file {
	char *path;
	char *name; /* in the directory */
	char *temporary;
	int directory;
	int fd;
};

#define BK_ATOMIC_INIT                                                                             \
	{                                                                                          \
		NULL, NULL, NULL, -1, -1                                                           \
	}

/* Makes the temporary file, with exactly that mode once it is committed. */
enum bk_rc bk_atomic_open(struct bk_atomic_file *file, const char *path, mode_t mode,
			  struct bk_error *err) BK_NODISCARD;

enum bk_rc bk_atomic_write(struct bk_atomic_file *file, const void *data, size_t len,
			   struct bk_error *err) BK_NODISCARD;

/* Gives the file its name. `durable`: it is on the disk before, and the name after. */
enum bk_rc bk_atomic_commit(struct bk_atomic_file *file, bool durable,
			    struct bk_error *err) BK_NODISCARD;

/* Drops what was not committed; for BK_CLEAN. Does nothing after a commit. */
void bk_atomic_abort(struct bk_atomic_file *file);

/* All of it at once. */
enum bk_rc bk_atomic_put(const char *path, mode_t mode, bool durable, const void *data, size_t len,
			 struct bk_error *err) BK_NODISCARD;

#endif

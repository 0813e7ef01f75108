/*
 * A file that appears at once, complete and on the disk, or not at all, and never
 * in the place of another. It is written under a temporary name beside its own,
 * readable by its owner only.
 *
 *     BK_CLEAN(bk_newfile_end) struct bk_newfile file = BK_NEWFILE_INIT;
 *     if ((rc = bk_newfile_begin(&file, path, err))) ...
 *     write(file.fd, ...)
 *     if ((rc = bk_newfile_commit(&file, err))) ...
 */
#ifndef BK_BASE_NEWFILE_H
#define BK_BASE_NEWFILE_H

#include "base/error.h"

struct bk_newfile {
	int dir;
	int fd; /* to be written and read */
	char *name;
	char *temp; /* NULL = nothing is left to remove */
};

#define BK_NEWFILE_INIT                                                                            \
	{                                                                                          \
		-1, -1, NULL, NULL                                                                 \
	}

/*
 * BK_E_REFUSED: there is something of that name already, a symbolic link included.
 * BK_E_IO: the directory is not there, is not safe, or cannot be written. Safe is one that
 * is owned by root or oneself and where nobody else may rename our file: not writable by
 * others, or with the sticky bit.
 */
enum bk_rc bk_newfile_begin(struct bk_newfile *file, const char *path,
			    struct bk_error *err) BK_NODISCARD;

/* On the disk and under its own name. BK_E_REFUSED: something of that name has come
   meanwhile. BK_E_IO. */
enum bk_rc bk_newfile_commit(struct bk_newfile *file, struct bk_error *err) BK_NODISCARD;

/* Removes what was not committed. */
void bk_newfile_end(struct bk_newfile *file);

#endif

/*
 * Directories that nobody else can play tricks in: opened without following a link, then
 * looked at through the descriptor. What is in them is reached by openat() only.
 */
#ifndef BK_BASE_SAFE_DIR_H
#define BK_BASE_SAFE_DIR_H

#include <stdbool.h>

#include "base/error.h"

/* For BK_CLEAN on a descriptor; -1 = none. */
void bk_close_fd(int *fd);

/* Opens it for writing into: it must belong to root or to us, and no group and nobody
   else may write it. With `reading` it may belong to anybody. BK_E_IO, naming it. */
enum bk_rc bk_safe_dir_open(const char *path, bool reading, int *ret_fd,
			    struct bk_error *err) BK_NODISCARD;

/* The same of a directory in another one, made with mode 0750 where it is missing and
   `make`; then the outer one is synced. */
enum bk_rc bk_safe_dir_open_in(int dir, const char *name, bool make, bool reading, int *ret_fd,
			       struct bk_error *err) BK_NODISCARD;

#endif

/*
 * File descriptors.
 */
#ifndef BK_BASE_FD_H
#define BK_BASE_FD_H

#include <stddef.h>

#include "base/error.h"

/* For BK_CLEAN on a descriptor; -1 = none. */
void bk_close_fd(int *fd);

/* All of it, however many calls that takes. 0, or an errno. */
int bk_fd_write(int fd, const void *data, size_t len);

/* The same; BK_E_IO with "cannot write: WHY". */
enum bk_rc bk_write_all(int fd, const void *data, size_t len, struct bk_error *err) BK_NODISCARD;

#endif

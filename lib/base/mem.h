/*
 * Memory that is either there or ends the process. bk cannot go on without a
 * few kilobytes, and a crash is harmless by design: the open transaction rolls
 * back on the server and the lease expires. So none of these returns NULL.
 */
#ifndef BK_BASE_MEM_H
#define BK_BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

/* Zeroed memory for `count` elements of `size` bytes; free() it. */
void *bk_calloc(size_t count, size_t size);

/* As realloc(3), for `count` elements of `size` bytes. */
void *bk_realloc(void *p, size_t count, size_t size);

/* A copy of the string; NULL stays NULL. */
char *bk_strdup(const char *s);

/* A copy of the first `len` bytes, NUL-terminated. */
char *bk_strndup(const char *s, size_t len);

/* A formatted string of its own. */
char *bk_asprintf(const char *fmt, ...) BK_PRINTF(1, 2);

/* For BK_CLEAN on a `char *` local. */
void bk_free_str(char **p);

/* Ends the process: an invariant of the program itself is broken. */
void bk_bug(const char *file, int line, const char *what) BK_NORETURN;

#define BK_ASSERT(cond) ((cond) ? (void)0 : bk_bug(__FILE__, __LINE__, #cond))

#endif

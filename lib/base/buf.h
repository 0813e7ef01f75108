/*
 * A growing byte string, always NUL-terminated, with a cap. What does not fit
 * below the cap is dropped and sets `broken`, so that one check at the end of
 * a chain of appends is enough:
 *
 *     BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;
 *     bk_buf_str(&b, "a");
 *     bk_buf_fmt(&b, "%d", 1);
 *     use(bk_buf_cstr(&b));
 */
#ifndef BK_BASE_BUF_H
#define BK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

#define BK_BUF_CAP ((size_t)64 << 20)

struct bk_buf {
	char *data; /* NULL until the first append */
	size_t len;
	size_t room;
	bool broken;
};

#define BK_BUF_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0, false                                                                  \
	}

void bk_buf_clear(struct bk_buf *b);
/* Empties the buffer and keeps its memory. */
void bk_buf_reset(struct bk_buf *b);
void bk_buf_bytes(struct bk_buf *b, const void *data, size_t len);
void bk_buf_str(struct bk_buf *b, const char *s);
void bk_buf_char(struct bk_buf *b, char c);
void bk_buf_fmt(struct bk_buf *b, const char *fmt, ...) BK_PRINTF(2, 3);
/* The content as a string, "" when nothing was appended; owned by the buffer. */
const char *bk_buf_cstr(const struct bk_buf *b);
/* Hands the string over; free() it. The buffer is empty afterwards. */
char *bk_buf_take(struct bk_buf *b);

#endif

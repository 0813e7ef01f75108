/*
 * The growing buffer; see buf.h.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void bk_buf_clear(struct bk_buf *b)
{
	free(b->data);
	*b = (struct bk_buf)BK_BUF_INIT;
}

void bk_buf_reset(struct bk_buf *b)
{
	b->len = 0;
	b->broken = false;
	if (b->data)
		b->data[0] = '\0';
}

/* Makes room for `more` bytes and the NUL; false when the cap forbids it. */
static bool reserve(struct bk_buf *b, size_t more)
{
	size_t room = b->room ? b->room : 64;

	if (b->broken || more > BK_BUF_CAP - b->len - 1) {
		b->broken = true;
		return false;
	}
	while (room < b->len + more + 1)
		room *= 2;
	if (room != b->room) {
		b->data = bk_realloc(b->data, room, 1);
		b->room = room;
	}
	return true;
}

void bk_buf_bytes(struct bk_buf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void bk_buf_str(struct bk_buf *b, const char *s)
{
	bk_buf_bytes(b, s, strlen(s));
}

void bk_buf_char(struct bk_buf *b, char c)
{
	bk_buf_bytes(b, &c, 1);
}

void bk_buf_fmt(struct bk_buf *b, const char *fmt, ...)
{
	va_list args;
	va_list again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len >= 0 && reserve(b, (size_t)len)) {
		(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

const char *bk_buf_cstr(const struct bk_buf *b)
{
	return b->data ? b->data : "";
}

char *bk_buf_take(struct bk_buf *b)
{
	char *s = b->data ? b->data : bk_strdup("");

	b->data = NULL;
	bk_buf_clear(b);
	return s;
}

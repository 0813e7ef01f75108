/*
 * Allocation that aborts. This file and its bk_bug() are the only places of
 * the library that end the process: out of memory, and a broken invariant.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(const char *text) BK_NORETURN;

static void die(const char *text)
{
	/* write(2), because stdio may want memory too. */
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));

	(void)ignored;
	abort();
}

void bk_bug(const char *file, int line, const char *what)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "bk: internal error at %s:%d: %s\n", file, line, what);
	die(text);
}

void *bk_calloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		die("bk: out of memory\n");
	return p;
}

void *bk_realloc(void *p, size_t count, size_t size)
{
	void *q = NULL;

	if (!size || count <= SIZE_MAX / size)
		q = realloc(p, count && size ? count * size : 1);
	if (!q)
		die("bk: out of memory\n");
	return q;
}

char *bk_strdup(const char *s)
{
	return s ? bk_strndup(s, strlen(s)) : NULL;
}

char *bk_strndup(const char *s, size_t len)
{
	char *copy = bk_calloc(len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

char *bk_asprintf(const char *fmt, ...)
{
	va_list args;
	va_list again;
	char usual[256]; /* most texts fit, and are formatted once */
	char *text;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(usual, sizeof(usual), fmt, args);
	va_end(args);
	BK_ASSERT(len >= 0);
	text = bk_calloc((size_t)len + 1, 1);
	if ((size_t)len < sizeof(usual))
		memcpy(text, usual, (size_t)len);
	else
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

void bk_free_str(char **p)
{
	free(*p);
	*p = NULL;
}

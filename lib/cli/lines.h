/*
 * Lines for somebody who reads at his own pace: written one chunk at a time, so
 * that a reader who is slow keeps nobody from a sign of life or from a signal, and
 * so that what arrived is known by whole lines.
 */
#ifndef BK_CLI_LINES_H
#define BK_CLI_LINES_H

#include <signal.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct bk_lines {
	struct bk_buf text;
	size_t *ends; /* where each line ends in it */
	size_t count;
};

#define BK_LINES_INIT                                                                              \
	{                                                                                          \
		.text = BK_BUF_INIT                                                                \
	}

void bk_lines_clear(struct bk_lines *lines);

/* What was appended to the text since the last one is a line. */
void bk_lines_end(struct bk_lines *lines);

struct bk_lines_way {
	int fd;
	const volatile sig_atomic_t *interrupted;
	/* Called some five times a second while the reader takes nothing; anything but
	   BK_OK ends the writing with it. May be NULL. */
	enum bk_rc (*waiting)(void *arg, struct bk_error *err);
	void *arg;
};

/* Writes them; after a signal the line at hand and no other, and of that only what is taken
   within two seconds. *ret_whole lines arrived. BK_E_IO: then nobody knows how many. */
enum bk_rc bk_lines_write(const struct bk_lines *lines, const struct bk_lines_way *way,
			  size_t *ret_whole, struct bk_error *err) BK_NODISCARD;

/* BK_E_IO where the reader has gone away. */
enum bk_rc bk_lines_check(int fd, struct bk_error *err) BK_NODISCARD;

#endif

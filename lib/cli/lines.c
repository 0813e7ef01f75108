/*
 * Writing lines; see lines.h.
 */
#include "cli/lines.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { SLICE_MS = 200, PATIENCE = 10 };

void bk_lines_clear(struct bk_lines *lines)
{
	bk_buf_clear(&lines->text);
	free(lines->ends);
	*lines = (struct bk_lines)BK_LINES_INIT;
}

void bk_lines_end(struct bk_lines *lines)
{
	lines->ends = bk_realloc(lines->ends, lines->count + 1, sizeof(*lines->ends));
	lines->ends[lines->count++] = lines->text.len;
}

static size_t whole_lines(const struct bk_lines *lines, size_t written)
{
	size_t n = 0;

	while (n < lines->count && lines->ends[n] <= written)
		n++;
	return n;
}

/* Where the line ends in which the writing stands; there, where it stands between two. */
static size_t end_of_line(const struct bk_lines *lines, size_t written)
{
	size_t n = whole_lines(lines, written);

	if (!written || (n && lines->ends[n - 1] == written))
		return written;
	return lines->ends[n];
}

static enum bk_rc failed(struct bk_error *err)
{
	return bk_error_set(err, BK_E_IO, "cannot write to standard output: %s", strerror(errno));
}

/* A chunk of up to PIPE_BUF does not block where poll() says that there is room. */
static enum bk_rc write_some(int fd, const char *data, size_t len, size_t *written,
			     struct bk_error *err)
{
	ssize_t n = write(fd, data, len < PIPE_BUF ? len : PIPE_BUF);

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return failed(err);
	*written += n > 0 ? (size_t)n : 0;
	return BK_OK;
}

enum bk_rc bk_lines_write(const struct bk_lines *lines, const struct bk_lines_way *way,
			  size_t *ret_whole, struct bk_error *err)
{
	size_t written = 0;
	size_t goal = lines->text.len;
	int patience = PATIENCE;
	enum bk_rc rc = BK_OK;

	if (lines->text.broken)
		return bk_error_set(err, BK_E_INTERNAL, "the output is too large");
	while (!rc) {
		struct pollfd fd = {.fd = way->fd, .events = POLLOUT};
		int ready;

		if (*way->interrupted)
			goal = end_of_line(lines, written);
		if (written >= goal)
			break;
		ready = poll(&fd, 1, SLICE_MS);
		if (ready > 0)
			rc = write_some(way->fd, lines->text.data + written, goal - written,
					&written, err);
		else if (*way->interrupted && !patience--)
			break;
		else if (way->waiting)
			rc = way->waiting(way->arg, err);
	}
	if (!rc)
		*ret_whole = whole_lines(lines, written);
	return rc;
}

enum bk_rc bk_lines_check(int fd, struct bk_error *err)
{
	struct pollfd look = {.fd = fd};

	if (poll(&look, 1, 0) <= 0)
		return BK_OK;
	errno = EPIPE;
	return failed(err);
}

/*
 * File descriptors; see fd.h.
 */
#include "base/fd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

void bk_close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int bk_fd_write(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len < SSIZE_MAX ? len : SSIZE_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

enum bk_rc bk_write_all(int fd, const void *data, size_t len, struct bk_error *err)
{
	int why = bk_fd_write(fd, data, len);

	return why ? bk_error_set(err, BK_E_IO, "cannot write: %s", strerror(why)) : BK_OK;
}

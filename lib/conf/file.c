/*
 * Opening and reading a configuration file; see file.h.
 */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

void bk_file_clear(struct bk_file *file)
{
	free(file->data);
	*file = (struct bk_file){NULL, 0, false};
}

static enum bk_rc check_kind(const struct stat *st, struct bk_error *err)
{
	if (S_ISDIR(st->st_mode))
		return bk_error_set(err, BK_E_CONFIG, "is a directory, not a file");
	if (!S_ISREG(st->st_mode))
		return bk_error_set(err, BK_E_CONFIG, "is not a regular file");
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return bk_error_set(err, BK_E_CONFIG,
				    "belongs to user %lu; it must belong to root or to you",
				    (unsigned long)st->st_uid);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return bk_error_set(err, BK_E_CONFIG, "may be written by %s",
				    st->st_mode & S_IWOTH ? "everybody" : "its group");
	if (st->st_size > (off_t)BK_FILE_MAX)
		return bk_error_set(err, BK_E_CONFIG, "is larger than 1 MiB");
	return BK_OK;
}

/* One byte more than allowed is asked for, because a file may grow meanwhile
   and those of /proc say that they are empty. */
static enum bk_rc read_all(int fd, struct bk_file *ret, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *data = bk_calloc(BK_FILE_MAX + 2, 1);
	size_t len = 0;

	while (len <= BK_FILE_MAX) {
		ssize_t n = read(fd, data + len, BK_FILE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bk_error_set(err, BK_E_CONFIG, "cannot read: %s", strerror(errno));
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len > BK_FILE_MAX)
		return bk_error_set(err, BK_E_CONFIG, "is larger than 1 MiB");
	ret->data = bk_realloc(BK_TAKE(data), len + 1, 1);
	ret->len = len;
	return BK_OK;
}

static enum bk_rc open_and_read(const char *path, bool may_lack, struct bk_file *ret,
				struct bk_error *err)
{
	/* O_NONBLOCK: a FIFO without a writer would hold us for ever. */
	BK_CLEAN(bk_close_fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct bk_file file = {NULL, 0, false};
	struct stat st;
	enum bk_rc rc;

	if (fd < 0 && errno == ENOENT && may_lack) {
		*ret = file;
		return BK_OK;
	}
	if (fd < 0)
		return bk_error_set(err, BK_E_CONFIG, "cannot open: %s", strerror(errno));
	if (fstat(fd, &st) != 0)
		return bk_error_set(err, BK_E_CONFIG, "cannot stat: %s", strerror(errno));
	if ((rc = check_kind(&st, err)))
		return rc;
	file.world_readable = st.st_mode & S_IROTH;
	if ((rc = read_all(fd, &file, err)))
		return rc;
	*ret = file;
	return BK_OK;
}

enum bk_rc bk_file_read(const char *path, bool may_lack, struct bk_file *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	enum bk_rc rc = open_and_read(path, may_lack, ret, err);

	if (rc == BK_OK)
		return BK_OK;
	bk_escape_line(&shown, *path ? path : "\"\"");
	if (strstr(err->message, "may be written"))
		(void)bk_error_hint(err, "chmod go-w %s", bk_buf_cstr(&shown));
	return bk_error_prefix(err, "%s", bk_buf_cstr(&shown));
}

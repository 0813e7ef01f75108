/*
 * Opening directories safely; see safe_dir.h.
 */
#include "base/safe_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

void bk_close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static enum bk_rc check(int fd, bool reading, struct bk_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return bk_error_set(err, BK_E_IO, "cannot stat: %s", strerror(errno));
	if (!reading && st.st_uid != 0 && st.st_uid != geteuid())
		return bk_error_set(err, BK_E_IO,
				    "belongs to user %lu; it must belong to root or to you",
				    (unsigned long)st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return bk_error_set(err, BK_E_IO, "may be written by %s",
				    st.st_mode & S_IWOTH ? "everybody" : "its group");
	return BK_OK;
}

static enum bk_rc open_checked(int dir, const char *name, bool reading, int *ret_fd,
			       struct bk_error *err)
{
	BK_CLEAN(bk_close_fd)
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum bk_rc rc;

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return bk_error_set(err, BK_E_IO, "is no directory, or a symbolic link");
	if (fd < 0)
		return bk_error_set(err, BK_E_IO, "cannot open: %s", strerror(errno));
	if ((rc = check(fd, reading, err)))
		return rc;
	*ret_fd = fd;
	fd = -1;
	return BK_OK;
}

/* "directory NAME: " in front. */
static enum bk_rc of(const char *name, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_escape_line(&shown, name);
	return bk_error_prefix(err, "directory %s", bk_buf_cstr(&shown));
}

enum bk_rc bk_safe_dir_open(const char *path, bool reading, int *ret_fd, struct bk_error *err)
{
	return open_checked(AT_FDCWD, path, reading, ret_fd, err) ? of(path, err) : BK_OK;
}

enum bk_rc bk_safe_dir_open_in(int dir, const char *name, bool make, bool reading, int *ret_fd,
			       struct bk_error *err)
{
	if (make) {
		if (mkdirat(dir, name, 0750) == 0) {
			if (fsync(dir) != 0) {
				bk_error_set(err, BK_E_IO, "cannot sync: %s", strerror(errno));
				return of(name, err);
			}
		} else if (errno != EEXIST) {
			bk_error_set(err, BK_E_IO, "cannot make: %s", strerror(errno));
			return of(name, err);
		}
	}
	return open_checked(dir, name, reading, ret_fd, err) ? of(name, err) : BK_OK;
}

/*
 * Opening directories safely; see safe_dir.h.
 */
#define _XOPEN_SOURCE 700 /* S_ISVTX */
#include "base/safe_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

/* Names that a program which was killed may have left behind, with our number. */
#define MOST_TRIES 100

bool bk_dir_is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

enum bk_dir_writers bk_dir_writers(const struct stat *st, bool sticky)
{
	if (!(st->st_mode & (S_IWGRP | S_IWOTH)) || (sticky && st->st_mode & S_ISVTX))
		return BK_WRITERS_NONE;
	return st->st_mode & S_IWOTH ? BK_WRITERS_EVERYBODY : BK_WRITERS_GROUP;
}

bool bk_path_split(const char *path, char **ret_directory, char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*ret_directory = slash ? bk_strndup(path, len ? len : 1) : bk_strdup(".");
	*ret_name = bk_strdup(slash ? slash + 1 : path);
	return **ret_name && strcmp(*ret_name, ".") != 0 && strcmp(*ret_name, "..") != 0;
}

int bk_temporary_open(int dir, const char *prefix, int access, char **ret_name)
{
	const int flags = access | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	char *name = NULL;
	int why;

	for (int i = 0; i < MOST_TRIES; i++) {
		int fd;

		free(name);
		name = bk_asprintf(".%s.%ld.%d.tmp", prefix, (long)getpid(), i);
		fd = openat(dir, name, flags, S_IRUSR | S_IWUSR);
		if (fd >= 0) {
			*ret_name = name;
			return fd;
		}
		if (errno != EEXIST)
			break;
	}
	why = errno;
	free(name);
	*ret_name = NULL;
	errno = why;
	return -1;
}

static enum bk_rc check(int fd, bool reading, struct bk_error *err)
{
	enum bk_dir_writers writers;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return bk_error_set(err, BK_E_IO, "cannot stat: %s", strerror(errno));
	if (!reading && !bk_dir_is_ours(&st))
		return bk_error_set(err, BK_E_IO,
				    "belongs to user %lu; it must belong to root or to you",
				    (unsigned long)st.st_uid);
	writers = bk_dir_writers(&st, false);
	if (writers != BK_WRITERS_NONE)
		return bk_error_set(err, BK_E_IO, "may be written by %s",
				    writers == BK_WRITERS_EVERYBODY ? "everybody" : "its group");
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

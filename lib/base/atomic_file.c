/*
 * Files written as a whole; see atomic_file.h.
 */
#define _XOPEN_SOURCE 700 /* S_ISVTX */

#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

/* Names that a program which was killed may have left behind, with our number. */
#define MOST_TRIES 100

static enum bk_rc fail(const struct bk_atomic_file *file, struct bk_error *err, const char *what)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_escape_line(&shown, file->path);
	return bk_error_set(err, BK_E_IO, "cannot write %s: %s", bk_buf_cstr(&shown), what);
}

static enum bk_rc check_directory(const struct bk_atomic_file *file, struct bk_error *err)
{
	struct stat st;

	if (fstat(file->directory, &st))
		return fail(file, err, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fail(file, err, "its directory belongs neither to root nor to you");
	if (!(st.st_mode & (S_IWGRP | S_IWOTH)) || st.st_mode & S_ISVTX)
		return BK_OK;
	(void)fail(file, err,
		   st.st_mode & S_IWOTH ? "everybody may write into its directory"
					: "a group may write into its directory");
	return bk_error_hint(err, "chmod go-w the directory, or set its sticky bit: chmod +t");
}

/* What has the name already. */
static enum bk_rc check_target(const struct bk_atomic_file *file, struct bk_error *err)
{
	struct stat st;

	if (fstatat(file->directory, file->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? BK_OK : fail(file, err, strerror(errno));
	if (S_ISLNK(st.st_mode))
		return fail(file, err, "it is a symbolic link");
	return S_ISREG(st.st_mode) ? BK_OK : fail(file, err, "it is no plain file");
}

static enum bk_rc open_directory(struct bk_atomic_file *file, struct bk_error *err)
{
	const char *slash = strrchr(file->path, '/');
	BK_CLEAN(bk_free_str)
	char *directory = !slash ? bk_strdup(".")
			  : slash == file->path
				  ? bk_strdup("/")
				  : bk_strndup(file->path, (size_t)(slash - file->path));
	struct stat st;

	file->name = bk_strdup(slash ? slash + 1 : file->path);
	if (!*file->name || strcmp(file->name, ".") == 0 || strcmp(file->name, "..") == 0)
		return fail(file, err, "it names a directory");
	file->directory = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (file->directory >= 0)
		return BK_OK;
	/* The system tells a link apart in different ways. */
	if ((errno == ELOOP || errno == ENOTDIR) && !lstat(directory, &st) && S_ISLNK(st.st_mode))
		return fail(file, err, "its directory is a symbolic link");
	return fail(file, err, strerror(errno));
}

/* The name begins with a dot and does not end like the file, so nobody who reads all
   files of a kind reads it. */
static enum bk_rc open_temporary(struct bk_atomic_file *file, struct bk_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	for (int i = 0; i < MOST_TRIES && file->fd < 0; i++) {
		free(file->temporary);
		file->temporary = bk_asprintf(".%s.%ld.%d.tmp", file->name, (long)getpid(), i);
		file->fd = openat(file->directory, file->temporary, flags, S_IRUSR | S_IWUSR);
		if (file->fd < 0 && errno != EEXIST)
			break;
	}
	if (file->fd >= 0)
		return BK_OK;
	bk_free_str(&file->temporary);
	return fail(file, err, strerror(errno));
}

enum bk_rc bk_atomic_open(struct bk_atomic_file *file, const char *path, mode_t mode,
			  struct bk_error *err)
{
	enum bk_rc rc;

	file->path = bk_strdup(path);
	if ((rc = open_directory(file, err)) || (rc = check_directory(file, err)) ||
	    (rc = check_target(file, err)) || (rc = open_temporary(file, err)))
		return rc;
	/* Whatever the umask says. */
	return fchmod(file->fd, mode) ? fail(file, err, strerror(errno)) : BK_OK;
}

enum bk_rc bk_atomic_write(struct bk_atomic_file *file, const void *data, size_t len,
			   struct bk_error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(file->fd, p, len < SSIZE_MAX ? len : SSIZE_MAX);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(file, err, strerror(errno));
		p += n;
		len -= (size_t)n;
	}
	return BK_OK;
}

enum bk_rc bk_atomic_commit(struct bk_atomic_file *file, bool durable, struct bk_error *err)
{
	int fd = file->fd;

	if (durable && fsync(fd))
		return fail(file, err, strerror(errno));
	/* Some file systems say only here that there was no room. */
	file->fd = -1;
	if (close(fd))
		return fail(file, err, strerror(errno));
	if (renameat(file->directory, file->temporary, file->directory, file->name))
		return fail(file, err, strerror(errno));
	bk_free_str(&file->temporary);
	if (durable && fsync(file->directory))
		return fail(file, err, strerror(errno));
	return BK_OK;
}

void bk_atomic_abort(struct bk_atomic_file *file)
{
	if (file->fd >= 0)
		(void)close(file->fd);
	if (file->temporary)
		(void)unlinkat(file->directory, file->temporary, 0);
	if (file->directory >= 0)
		(void)close(file->directory);
	free(file->path);
	free(file->name);
	free(file->temporary);
	*file = (struct bk_atomic_file)BK_ATOMIC_INIT;
}

enum bk_rc bk_atomic_put(const char *path, mode_t mode, bool durable, const void *data, size_t len,
			 struct bk_error *err)
{
	BK_CLEAN(bk_atomic_abort) struct bk_atomic_file file = BK_ATOMIC_INIT;
	enum bk_rc rc;

	if ((rc = bk_atomic_open(&file, path, mode, err)) ||
	    (rc = bk_atomic_write(&file, data, len, err)))
		return rc;
	return bk_atomic_commit(&file, durable, err);
}

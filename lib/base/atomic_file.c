/*
 * Files written as a whole; see atomic_file.h.
 */
#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/safe_dir.h"
#include "base/text.h"

static enum bk_rc fail(const struct bk_atomic_file *file, struct bk_error *err, const char *what)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_escape_line(&shown, file->path);
	return bk_error_set(err, BK_E_IO, "cannot write %s: %s", bk_buf_cstr(&shown), what);
}

static enum bk_rc check_directory(const struct bk_atomic_file *file, struct bk_error *err)
{
	enum bk_dir_writers writers;
	struct stat st;

	if (fstat(file->directory, &st))
		return fail(file, err, strerror(errno));
	if (!bk_dir_is_ours(&st))
		return fail(file, err, "its directory belongs neither to root nor to you");
	if ((writers = bk_dir_writers(&st, true)) == BK_WRITERS_NONE)
		return BK_OK;
	(void)fail(file, err,
		   writers == BK_WRITERS_EVERYBODY ? "everybody may write into its directory"
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
	BK_CLEAN(bk_free_str) char *directory = NULL;
	struct stat st;

	if (!bk_path_split(file->path, &directory, &file->name))
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
	file->fd = bk_temporary_open(file->directory, file->name, O_WRONLY, &file->temporary);
	return file->fd < 0 ? fail(file, err, strerror(errno)) : BK_OK;
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
	int why = bk_fd_write(file->fd, data, len);

	return why ? fail(file, err, strerror(why)) : BK_OK;
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

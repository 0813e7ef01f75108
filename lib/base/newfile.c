/*
 * New files; see newfile.h. Everything is done from the opened directory, so that
 * nobody can exchange it meanwhile.
 */
#include "base/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/safe_dir.h"
#include "base/text.h"

static enum bk_rc failed(const char *what, const char *name, int why, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, name);
	return bk_error_set(err, BK_E_IO, "cannot %s %s: %s", what, bk_buf_cstr(&shown),
			    strerror(why));
}

static enum bk_rc exists(const char *name, bool is_link, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, name);
	bk_error_set(err, BK_E_REFUSED, "%s %s", bk_buf_cstr(&shown),
		     is_link ? "is a symbolic link" : "exists already");
	return bk_error_hint(err, "name another file: none is ever overwritten");
}

static enum bk_rc check_directory(int dir, const char *path, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	struct stat st;
	const char *why = NULL;

	if (fstat(dir, &st))
		return failed("look at", path, errno, err);
	if (!bk_dir_is_ours(&st))
		why = "belongs to another user";
	else if (bk_dir_writers(&st, true) != BK_WRITERS_NONE)
		why = "may be written by others";
	if (!why)
		return BK_OK;
	bk_quote(&shown, path);
	bk_error_set(err, BK_E_IO, "directory %s %s, who could exchange the file",
		     bk_buf_cstr(&shown), why);
	return bk_error_hint(err, "use a directory of your own that nobody else may write");
}

static enum bk_rc open_directory(struct bk_newfile *file, const char *path, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *dir = NULL;

	if (!bk_path_split(path, &dir, &file->name))
		return failed("write to", path, EISDIR, err);
	file->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->dir < 0)
		return failed("open directory", dir, errno, err);
	return check_directory(file->dir, dir, err);
}

static enum bk_rc open_temporary(struct bk_newfile *file, struct bk_error *err)
{
	file->fd = bk_temporary_open(file->dir, "bk", O_RDWR, &file->temp);
	return file->fd < 0 ? failed("write beside", file->name, errno, err) : BK_OK;
}

enum bk_rc bk_newfile_begin(struct bk_newfile *file, const char *path, struct bk_error *err)
{
	struct stat st;
	enum bk_rc rc;

	if ((rc = open_directory(file, path, err)))
		return rc;
	if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return exists(file->name, S_ISLNK(st.st_mode), err);
	return open_temporary(file, err);
}

/* link() fails where there is one, which rename() would replace; some file systems have
   none. */
static int give_name(struct bk_newfile *file)
{
	struct stat st;

	if (linkat(file->dir, file->temp, file->dir, file->name, 0) == 0)
		return unlinkat(file->dir, file->temp, 0);
	if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK)
		return -1;
	if (fstatat(file->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(file->dir, file->temp, file->dir, file->name);
}

enum bk_rc bk_newfile_commit(struct bk_newfile *file, struct bk_error *err)
{
	if (fsync(file->fd))
		return failed("write to the disk", file->name, errno, err);
	if (give_name(file))
		return errno == EEXIST ? exists(file->name, false, err)
				       : failed("name", file->name, errno, err);
	bk_free_str(&file->temp);
	/* Some file systems have no fsync() of a directory. */
	if (fsync(file->dir) && errno != EINVAL)
		return failed("write the directory of", file->name, errno, err);
	return BK_OK;
}

void bk_newfile_end(struct bk_newfile *file)
{
	if (file->temp)
		(void)unlinkat(file->dir, file->temp, 0);
	if (file->fd >= 0)
		(void)close(file->fd);
	if (file->dir >= 0)
		(void)close(file->dir);
	free(file->name);
	free(file->temp);
	*file = (struct bk_newfile)BK_NEWFILE_INIT;
}

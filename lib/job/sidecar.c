/*
 * The checksum beside a backup, FILE.sha256, as sha256sum(1) writes and checks it: the
 * format of pg_dump has none for its table of contents, which is SQL.
 */
#include "job/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"

static char *sidecar_of(const char *path)
{
	return bk_asprintf("%s.sha256", path);
}

enum bk_rc bk_dump_begin_sum(struct bk_newfile *file, const char *path, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *sidecar = sidecar_of(path);

	return bk_newfile_begin(file, sidecar, err);
}

enum bk_rc bk_dump_commit_sum(struct bk_newfile *file, const char *path, const char *hex,
			      struct bk_error *err)
{
	const char *slash = strrchr(path, '/');
	BK_CLEAN(bk_free_str) char *line = NULL;
	size_t len;

	line = bk_asprintf("%s  %s\n", hex, slash ? slash + 1 : path);
	len = strlen(line);
	if (write(file->fd, line, len) != (ssize_t)len)
		return bk_error_set(err, BK_E_IO, "cannot write the checksum: %s", strerror(errno));
	return bk_newfile_commit(file, err);
}

/* The file may be on read-only media, or have been renamed: only the sum counts. */
static enum bk_rc read_sum(const char *sidecar, char ret_hex[BK_SHA256_HEX], bool *ret_there,
			   struct bk_error *err)
{
	int fd = open(sidecar, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	char text[BK_SHA256_HEX] = "";
	ssize_t n;

	bk_quote(&shown, sidecar);
	if (fd < 0 && errno == ENOENT)
		return BK_OK;
	if (fd < 0)
		return bk_error_set(err, BK_E_IO, "cannot open %s: %s", bk_buf_cstr(&shown),
				    strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n != (ssize_t)sizeof(text) - 1 || strspn(text, "0123456789abcdef") != (size_t)n)
		return bk_error_set(err, BK_E_IO, "%s holds no checksum", bk_buf_cstr(&shown));
	memcpy(ret_hex, text, sizeof(text));
	*ret_there = true;
	return BK_OK;
}

enum bk_rc bk_dump_check_sum(const char *path, int fd, bool *ret_there, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *sidecar = sidecar_of(path);
	char wanted[BK_SHA256_HEX];
	char found[BK_SHA256_HEX];
	int64_t bytes;
	enum bk_rc rc;

	if ((rc = read_sum(sidecar, wanted, ret_there, err)) || !*ret_there ||
	    (rc = bk_sha256_file(fd, found, &bytes, err)))
		return rc;
	if (strcmp(wanted, found) == 0)
		return BK_OK;
	bk_error_set(err, BK_E_IO,
		     "the file is not the one that was backed up: its checksum "
		     "differs");
	return bk_error_hint(err, "take another copy of it");
}

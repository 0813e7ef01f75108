/*
 * Writing of an archive; see archive.h.
 */
#include "base/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/fd.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/safe_dir.h"

const char *const bk_archive_columns[BK_ARCHIVE_COLUMNS] = {
	"file", "bytes", "rows", "first_id", "last_id", "first_at", "last_at", "sha256",
};

/* A file that is written. */
struct piece {
	char *month;
	char *kind;
	int dir;      /* of the month */
	bool entered; /* its line is in the manifest */
	struct bk_archive_file file;
};

struct bk_archive {
	int dir;
	char *path; /* for messages */
	char *stamp;
	struct piece *pieces; /* the last one may be open */
	size_t count;
	int fd; /* of the open one; -1 = none is */
	struct bk_gzip_writer *gzip;
};

void bk_archive_file_clear(struct bk_archive_file *file)
{
	free(file->name);
	free(file->first_id);
	free(file->last_id);
	free(file->first_at);
	free(file->last_at);
	free(file->sha256);
}

void bk_archive_clean(struct bk_archive **archive)
{
	struct bk_archive *a = *archive;

	if (!a)
		return;
	bk_gzip_writer_free(a->gzip);
	bk_close_fd(&a->fd);
	for (size_t i = 0; i < a->count; i++) {
		struct piece *p = &a->pieces[i];

		if (!p->entered)
			(void)unlinkat(p->dir, p->file.name, 0);
		bk_close_fd(&p->dir);
		bk_archive_file_clear(&p->file);
		free(p->month);
		free(p->kind);
	}
	bk_close_fd(&a->dir);
	free(a->pieces);
	free(a->path);
	free(a->stamp);
	free(a);
	*archive = NULL;
}

enum bk_rc bk_archive_begin(const char *dir, const char *stamp, struct bk_archive **ret,
			    struct bk_error *err)
{
	int fd = -1;
	enum bk_rc rc = bk_safe_dir_open(dir, false, &fd, err);

	if (rc)
		return bk_error_prefix(err, "archive");
	*ret = bk_calloc(1, sizeof(**ret));
	**ret = (struct bk_archive){
		.dir = fd, .fd = -1, .path = bk_strdup(dir), .stamp = bk_strdup(stamp)};
	return BK_OK;
}

/* "archive DIR: MONTH/NAME: " in front. */
static enum bk_rc of_piece(const struct bk_archive *a, const struct piece *p, struct bk_error *err)
{
	return bk_error_prefix(err, "archive %s: %s/%s", a->path, p->month, p->file.name);
}

/* A name that no file has: an attempt before this one may have left one. */
static enum bk_rc make_file(struct bk_archive *a, struct piece *p, struct bk_error *err)
{
	for (int again = 1;; again++) {
		free(p->file.name);
		p->file.name = again == 1
				       ? bk_asprintf("%s-%s.csv.gz", p->kind, a->stamp)
				       : bk_asprintf("%s-%s.%d.csv.gz", p->kind, a->stamp, again);
		a->fd = openat(p->dir, p->file.name,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
		if (a->fd >= 0)
			return BK_OK;
		if (errno == EEXIST)
			continue;
		bk_error_set(err, BK_E_IO, "cannot create: %s", strerror(errno));
		return of_piece(a, p, err);
	}
}

static enum bk_rc write_record(struct bk_archive *a, const char *const *cells, size_t count,
			       struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;

	bk_csv_write(&line, cells, count);
	if (line.broken)
		return bk_error_set(err, BK_E_IO, "a record of more than 64 MiB");
	return bk_gzip_write(a->gzip, line.data, line.len, err);
}

static enum bk_rc open_piece(struct bk_archive *a, const char *kind,
			     const struct bk_archive_record *r, struct bk_error *err)
{
	int dir = -1;
	struct piece *p;
	enum bk_rc rc;

	if ((rc = bk_safe_dir_open_in(a->dir, r->month, true, false, &dir, err)))
		return bk_error_prefix(err, "archive %s", a->path);
	a->pieces = bk_realloc(a->pieces, a->count + 1, sizeof(*a->pieces));
	p = &a->pieces[a->count];
	*p = (struct piece){bk_strdup(r->month), bk_strdup(kind), dir, false, {.name = NULL}};
	rc = make_file(a, p, err);
	if (rc) {
		bk_close_fd(&p->dir);
		bk_archive_file_clear(&p->file);
		free(p->month);
		free(p->kind);
		return rc;
	}
	a->count++;
	p->file.first_id = bk_strdup(r->id);
	p->file.first_at = bk_strdup(r->at);
	a->gzip = bk_gzip_writer_new(a->fd);
	rc = write_record(a, r->names, r->count, err);
	return rc ? of_piece(a, p, err) : BK_OK;
}

/* Ends the open file, puts it on the disk and reads it again. */
static enum bk_rc close_piece(struct bk_archive *a, struct bk_error *err)
{
	struct piece *p = &a->pieces[a->count - 1];
	struct bk_gzip_sum sum;
	enum bk_rc rc;

	if (a->fd < 0)
		return BK_OK;
	rc = bk_gzip_finish(a->gzip, &sum, err);
	bk_gzip_writer_free(BK_TAKE(a->gzip));
	if (!rc && fsync(a->fd) != 0)
		rc = bk_error_set(err, BK_E_IO, "cannot sync: %s", strerror(errno));
	bk_close_fd(&a->fd);
	if (!rc) {
		p->file.bytes = sum.bytes;
		p->file.sha256 = bk_strdup(sum.sha256);
		rc = bk_archive_check_file(p->dir, &p->file, NULL, NULL, err);
	}
	return rc ? of_piece(a, p, err) : BK_OK;
}

enum bk_rc bk_archive_add(struct bk_archive *a, const char *kind, const struct bk_archive_record *r,
			  struct bk_error *err)
{
	struct piece *p = a->count ? &a->pieces[a->count - 1] : NULL;
	enum bk_rc rc;

	if (a->fd < 0 || strcmp(p->kind, kind) != 0 || strcmp(p->month, r->month) != 0) {
		if ((a->count && (rc = close_piece(a, err))) || (rc = open_piece(a, kind, r, err)))
			return rc;
		p = &a->pieces[a->count - 1];
	}
	if ((rc = write_record(a, r->cells, r->count, err)))
		return of_piece(a, p, err);
	p->file.rows++;
	free(p->file.last_id);
	free(p->file.last_at);
	p->file.last_id = bk_strdup(r->id);
	p->file.last_at = bk_strdup(r->at);
	return BK_OK;
}

static void put_line(struct bk_buf *out, const struct bk_archive_file *f)
{
	char bytes[24], rows[24];
	const char *cells[BK_ARCHIVE_COLUMNS] = {
		f->name, bytes, rows, f->first_id, f->last_id, f->first_at, f->last_at, f->sha256,
	};

	(void)snprintf(bytes, sizeof(bytes), "%" PRId64, f->bytes);
	(void)snprintf(rows, sizeof(rows), "%" PRId64, f->rows);
	bk_csv_write(out, cells, BK_ARCHIVE_COLUMNS);
}

/* Waits for who writes into it just now, which is never long; gone with the descriptor. */
static enum bk_rc lock_manifest(int fd, struct bk_error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	while (fcntl(fd, F_SETLKW, &lock) != 0)
		if (errno != EINTR)
			return bk_error_set(err, BK_E_IO, "cannot lock: %s", strerror(errno));
	return BK_OK;
}

static enum bk_rc on_last(void *arg, const char *const *cells, size_t count, struct bk_error *err)
{
	bool *whole = arg;
	struct bk_archive_file file;

	(void)err;
	*whole = bk_archive_line(cells, count, &file);
	return BK_OK;
}

/* Whether what is behind the last newline is a line that lacks its own only, as editors
   leave it. */
static enum bk_rc is_line(int fd, off_t from, off_t to, bool *ret, struct bk_error *err)
{
	enum { LONGEST = 4096 };
	char text[LONGEST];
	size_t len = (size_t)(to - from);
	struct bk_csv csv;
	struct bk_error ignored;

	*ret = false;
	if (to - from >= LONGEST)
		return BK_OK;
	if (pread(fd, text, len, from) != (ssize_t)len)
		return bk_error_set(err, BK_E_IO, "cannot read: %s", strerror(errno));
	text[len] = '\n';
	bk_csv_init(&csv, on_last, ret);
	/* What is no CSV is no line. */
	(void)!bk_csv_feed(&csv, text, len + 1, &ignored);
	bk_csv_clear(&csv);
	return BK_OK;
}

/* Where the lines of a manifest end. */
struct end {
	off_t at;
	bool open; /* the last line lacks its newline */
};

/* What is behind the last whole line is left from a write that was cut short, and no file
   counts by it. */
static enum bk_rc find_end(int fd, struct end *ret, struct bk_error *err)
{
	struct stat st;
	enum bk_rc rc;

	if (fstat(fd, &st) != 0)
		return bk_error_set(err, BK_E_IO, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bk_error_set(err, BK_E_IO, "is not a regular file");
	*ret = (struct end){st.st_size, false};
	for (; ret->at > 0; ret->at--) {
		char c = '\0';

		if (pread(fd, &c, 1, ret->at - 1) != 1)
			return bk_error_set(err, BK_E_IO, "cannot read: %s", strerror(errno));
		if (c == '\n')
			break;
	}
	if (ret->at == st.st_size)
		return BK_OK;
	if ((rc = is_line(fd, ret->at, st.st_size, &ret->open, err)))
		return rc;
	if (ret->open)
		ret->at = st.st_size;
	else if (ftruncate(fd, ret->at) != 0)
		return bk_error_set(err, BK_E_IO, "cannot truncate: %s", strerror(errno));
	return BK_OK;
}

static enum bk_rc append(int fd, const struct bk_buf *lines, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct end end = {0, false};
	enum bk_rc rc;

	if ((rc = lock_manifest(fd, err)) || (rc = find_end(fd, &end, err)))
		return rc;
	if (end.at == 0)
		bk_csv_write(&text, bk_archive_columns, BK_ARCHIVE_COLUMNS);
	if (end.open)
		bk_buf_char(&text, '\n');
	bk_buf_bytes(&text, lines->data, lines->len);
	rc = bk_write_all(fd, text.data, text.len, err);
	if (!rc && fsync(fd) != 0)
		rc = bk_error_set(err, BK_E_IO, "cannot sync: %s", strerror(errno));
	/* What could not be put on the disk must not count later. */
	if (rc && ftruncate(fd, end.at) != 0)
		(void)bk_error_hint(err, "remove what is behind its byte %lld", (long long)end.at);
	return rc;
}

/* Enters the files of one month. */
static enum bk_rc enter(int dir, const struct bk_buf *lines, struct bk_error *err)
{
	BK_CLEAN(bk_close_fd)
	int fd = openat(dir, BK_ARCHIVE_MANIFEST,
			O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	enum bk_rc rc;

	if (fd < 0)
		return bk_error_set(err, BK_E_IO, "cannot open: %s", strerror(errno));
	/* The names of the files before the line that names them. */
	if (fsync(dir) != 0)
		return bk_error_set(err, BK_E_IO, "cannot sync the directory: %s", strerror(errno));
	if ((rc = append(fd, lines, err)))
		return rc;
	return BK_OK;
}

/* The files of one month, of which the first is the i-th. */
static enum bk_rc enter_month(struct bk_archive *a, size_t i, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf lines = BK_BUF_INIT;
	const struct piece *first = &a->pieces[i];
	enum bk_rc rc;

	for (size_t k = i; k < a->count; k++)
		if (strcmp(a->pieces[k].month, first->month) == 0)
			put_line(&lines, &a->pieces[k].file);
	if ((rc = enter(first->dir, &lines, err)))
		return bk_error_prefix(err, "archive %s: %s/%s", a->path, first->month,
				       BK_ARCHIVE_MANIFEST);
	for (size_t k = a->count; k-- > i;)
		if (strcmp(a->pieces[k].month, first->month) == 0)
			a->pieces[k].entered = true;
	return BK_OK;
}

enum bk_rc bk_archive_commit(struct bk_archive *a, struct bk_error *err)
{
	enum bk_rc rc = a->count ? close_piece(a, err) : BK_OK;

	for (size_t i = 0; i < a->count && !rc; i++)
		if (!a->pieces[i].entered)
			rc = enter_month(a, i, err);
	return rc;
}

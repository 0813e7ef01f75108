/*
 * Reading of an archive; see archive.h.
 */
#include "base/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/csv.h"
#include "base/fd.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/safe_dir.h"
#include "base/text.h"

/* Opened for reading: a plain file, nothing else. */
static enum bk_rc open_file(int dir, const char *name, int *ret_fd, struct bk_error *err)
{
	BK_CLEAN(bk_close_fd)
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return bk_error_set(err, BK_E_IO, "cannot open: %s", strerror(errno));
	if (fstat(fd, &st) != 0)
		return bk_error_set(err, BK_E_IO, "cannot stat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return bk_error_set(err, BK_E_IO, "is not a regular file");
	*ret_fd = fd;
	fd = -1;
	return BK_OK;
}

/* What a file's records go through. */
struct records {
	struct bk_csv csv;
	char **names; /* of its first line; NULL until then */
	size_t count;
	int64_t rows;
	bk_archive_fn fn;
	void *arg;
};

static void clear_records(struct records *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->names[i]);
	free(r->names);
	bk_csv_clear(&r->csv);
}

static enum bk_rc on_record(void *arg, const char *const *cells, size_t count, struct bk_error *err)
{
	struct records *r = arg;

	if (!r->names) {
		r->names = bk_calloc(count, sizeof(*r->names));
		for (; r->count < count; r->count++)
			r->names[r->count] = bk_strdup(cells[r->count] ? cells[r->count] : "");
		return BK_OK;
	}
	if (count != r->count)
		return bk_error_set(err, BK_E_IO, "has a record of %zu cells under %zu names",
				    count, r->count);
	r->rows++;
	return r->fn ? r->fn(r->arg, (const char *const *)r->names, cells, count, err) : BK_OK;
}

static enum bk_rc on_text(void *arg, const char *data, size_t len, struct bk_error *err)
{
	struct records *r = arg;

	return bk_csv_feed(&r->csv, data, len, err);
}

static enum bk_rc check_file(int month, const struct bk_archive_file *file, bk_archive_fn fn,
			     void *arg, struct bk_error *err)
{
	BK_CLEAN(bk_close_fd) int fd = -1;
	BK_CLEAN(clear_records) struct records r = {.fn = fn, .arg = arg};
	struct bk_gzip_sum sum;
	enum bk_rc rc;

	bk_csv_init(&r.csv, on_record, &r);
	if ((rc = open_file(month, file->name, &fd, err)) ||
	    (rc = bk_gzip_read(fd, on_text, &r, &sum, err)) || (rc = bk_csv_end(&r.csv, err)))
		return rc;
	if (sum.bytes != file->bytes || strcmp(sum.sha256, file->sha256) != 0)
		return bk_error_set(err, BK_E_IO, "its checksum is not that of the manifest");
	if (r.rows != file->rows)
		return bk_error_set(err, BK_E_IO,
				    "has %" PRId64 " records, of %" PRId64 " in the manifest",
				    r.rows, file->rows);
	return BK_OK;
}

enum bk_rc bk_archive_check_file(int month, const struct bk_archive_file *file, bk_archive_fn fn,
				 void *arg, struct bk_error *err)
{
	return check_file(month, file, fn, arg, err);
}

static bool is_month(const char *name)
{
	static const char form[] = "0000-00";
	size_t i = 0;

	for (; form[i]; i++)
		if (form[i] == '0' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return false;
	return !name[i];
}

static int newest_first(const void *a, const void *b)
{
	return -strcmp(*(char *const *)a, *(char *const *)b);
}

static enum bk_rc list_months(int fd, char ***ret, size_t *ret_count, struct bk_error *err)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;
	char **list = NULL;
	size_t n = 0;

	if (!d) {
		(void)close(fd);
		return bk_error_set(err, BK_E_IO, "cannot list: %s", strerror(errno));
	}
	while ((entry = readdir(d))) {
		if (!is_month(entry->d_name))
			continue;
		list = bk_realloc(list, n + 1, sizeof(*list));
		list[n++] = bk_strdup(entry->d_name);
	}
	(void)closedir(d);
	if (n)
		qsort(list, n, sizeof(*list), newest_first);
	*ret = list;
	*ret_count = n;
	return BK_OK;
}

enum bk_rc bk_archive_months(const char *dir, char ***ret, size_t *ret_count, struct bk_error *err)
{
	int fd = -1;

	if (bk_safe_dir_open(dir, true, &fd, err) || list_months(fd, ret, ret_count, err))
		return bk_error_prefix(err, "archive");
	return BK_OK;
}

/* The reading of a month: of the manifest's lines, one after the other. */
struct month {
	int dir;
	const char *kind;
	bool (*wanted)(void *arg, const struct bk_archive_file *file);
	bk_archive_fn fn;
	void *arg;
	bool begun; /* the line of names was there */
	bool open;  /* the line has no end */
};

/* A name that leads out of the directory is none of ours. */
static bool is_name(const char *text)
{
	return text && *text && *text != '.' && !strchr(text, '/');
}

bool bk_archive_line(const char *const *cells, size_t count, struct bk_archive_file *ret)
{
	static const char digits[] = "0123456789abcdef";
	struct bk_archive_file file;

	/* The writer never gives a NULL. */
	for (size_t i = 0; i < count; i++)
		if (!cells[i])
			return false;
	if (count != BK_ARCHIVE_COLUMNS || !is_name(cells[0]) ||
	    strlen(cells[7]) != BK_SHA256_HEX - 1 || cells[7][strspn(cells[7], digits)])
		return false;
	file = (struct bk_archive_file){(char *)cells[0],
					0,
					0,
					(char *)cells[3],
					(char *)cells[4],
					(char *)cells[5],
					(char *)cells[6],
					(char *)cells[7]};
	if (!bk_parse_u63(cells[1], &file.bytes) || !bk_parse_u63(cells[2], &file.rows))
		return false;
	*ret = file;
	return true;
}

static enum bk_rc on_line(void *arg, const char *const *cells, size_t count, struct bk_error *err)
{
	struct month *m = arg;
	size_t len = strlen(m->kind);
	struct bk_archive_file file = {.name = NULL};

	if (!m->begun) {
		m->begun = true;
		return BK_OK;
	}
	if (!bk_archive_line(cells, count, &file))
		return m->open ? BK_OK
			       : bk_error_set(err, BK_E_IO, "%s: is damaged", BK_ARCHIVE_MANIFEST);
	if (strncmp(file.name, m->kind, len) != 0 || file.name[len] != '-' ||
	    (m->wanted && !m->wanted(m->arg, &file)))
		return BK_OK;
	return check_file(m->dir, &file, m->fn, m->arg, err) ? bk_error_prefix(err, "%s", cells[0])
							     : BK_OK;
}

/* Line by line. A last one without its end may lack no more than that, as an editor leaves
   it; what else is missing was never written. */
static enum bk_rc read_manifest(struct month *m, int fd, struct bk_error *err)
{
	struct bk_csv csv;
	struct bk_error ignored;
	char chunk[16384];
	enum bk_rc rc = BK_OK;
	ssize_t n;

	bk_csv_init(&csv, on_line, m);
	while (!rc && (n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		rc = n < 0 ? bk_error_set(err, BK_E_IO, "%s: cannot read: %s", BK_ARCHIVE_MANIFEST,
					  strerror(errno))
			   : bk_csv_feed(&csv, chunk, (size_t)n, err);
	}
	m->open = true;
	if (!rc && bk_csv_end(&csv, &ignored))
		rc = bk_csv_feed(&csv, "\n", 1, err);
	bk_csv_clear(&csv);
	return rc;
}

static enum bk_rc read_month(const char *dir, const char *name, struct month *m,
			     struct bk_error *err)
{
	BK_CLEAN(bk_close_fd) int top = -1;
	BK_CLEAN(bk_close_fd) int fd = -1;
	enum bk_rc rc;

	if ((rc = bk_safe_dir_open(dir, true, &top, err)) ||
	    (rc = bk_safe_dir_open_in(top, name, false, true, &m->dir, err)))
		return rc;
	/* A month whose first file was never finished has none. */
	if (faccessat(m->dir, BK_ARCHIVE_MANIFEST, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		return BK_OK;
	if ((rc = open_file(m->dir, BK_ARCHIVE_MANIFEST, &fd, err)))
		return bk_error_prefix(err, "%s/%s", name, BK_ARCHIVE_MANIFEST);
	rc = read_manifest(m, fd, err);
	return rc ? bk_error_prefix(err, "%s", name) : BK_OK;
}

enum bk_rc bk_archive_read(const char *dir, const char *month, const char *kind,
			   bool (*wanted)(void *arg, const struct bk_archive_file *file),
			   bk_archive_fn fn, void *arg, struct bk_error *err)
{
	struct month m = {-1, kind, wanted, fn, arg, false, false};
	enum bk_rc rc = read_month(dir, month, &m, err);

	bk_close_fd(&m.dir);
	return rc ? bk_error_prefix(err, "archive %s", dir) : BK_OK;
}

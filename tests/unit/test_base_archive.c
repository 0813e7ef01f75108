/*
 * The archive of records in files, and what it is made of: checksums, compressed files,
 * directories that are safe.
 */
#include "base/archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/safe_dir.h"
#include "suite.h"

static char dir[200];
static struct bk_error err;

static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof(dir), "%s/bk-archive.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static const char *const files[] = {
	"2026-10/executions-7-1.csv.gz",
	"2026-11/executions-7-1.csv.gz",
	"2026-11/executions-7-1.2.csv.gz",
	"2026-11/transitions-7-1.csv.gz",
	"2026-10/manifest.csv",
	"2026-11/manifest.csv",
	"2026-10",
	"2026-11",
	"link",
	"real",
	"fifo",
	"x.gz",
};

static const char *path_of(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void remove_dir(void)
{
	for (size_t i = 0; i < BK_COUNT(files); i++)
		if (unlink(path_of(files[i])) != 0)
			(void)rmdir(path_of(files[i]));
	ck_assert_int_eq(rmdir(dir), 0);
}

static bool exists(const char *name)
{
	return access(path_of(name), F_OK) == 0;
}

static const struct {
	const char *text;
	size_t times;
	const char *digest;
} digests[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(checksums_are_those_of_the_standard)
{
	struct bk_sha256 sha;
	char text[BK_SHA256_HEX];

	bk_sha256_init(&sha);
	for (size_t i = 0; i < digests[_i].times; i++)
		bk_sha256_add(&sha, digests[_i].text, strlen(digests[_i].text));
	bk_sha256_end(&sha, text);
	ck_assert_str_eq(text, digests[_i].digest);
}
END_TEST

static enum bk_rc gather(void *arg, const char *data, size_t len, struct bk_error *e)
{
	(void)e;
	bk_buf_bytes(arg, data, len);
	return BK_OK;
}

/* Text of some hundred kilobytes that does not compress well, in a file. */
static void write_gzip(struct bk_buf *text, struct bk_gzip_sum *sum)
{
	int fd = open(path_of("x.gz"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct bk_gzip_writer *w = bk_gzip_writer_new(fd);
	unsigned x = 1;

	while (text->len < 300000) {
		x = x * 1103515245 + 12345;
		bk_buf_fmt(text, "%u ", x);
	}
	ck_assert_int_eq(bk_gzip_write(w, text->data, 1, &err), BK_OK);
	ck_assert_int_eq(bk_gzip_write(w, text->data + 1, text->len - 1, &err), BK_OK);
	ck_assert_int_eq(bk_gzip_finish(w, sum, &err), BK_OK);
	bk_gzip_writer_free(w);
	(void)close(fd);
}

static enum bk_rc read_gzip(struct bk_buf *text, struct bk_gzip_sum *sum)
{
	int fd = open(path_of("x.gz"), O_RDONLY);
	enum bk_rc rc;

	bk_buf_reset(text);
	rc = bk_gzip_read(fd, gather, text, sum, &err);
	(void)close(fd);
	return rc;
}

static void change_byte(const char *name, off_t at)
{
	int fd = open(path_of(name), O_RDWR);
	unsigned char c;

	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	c ^= 1;
	ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	(void)close(fd);
}

START_TEST(a_compressed_file_is_read_as_it_was_written_or_not_at_all)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	struct bk_gzip_sum written;
	struct bk_gzip_sum read;

	write_gzip(&text, &written);
	ck_assert_int_eq(read_gzip(&got, &read), BK_OK);
	ck_assert(got.len == text.len && memcmp(got.data, text.data, text.len) == 0);
	ck_assert_int_eq(read.bytes, written.bytes);
	ck_assert_str_eq(read.sha256, written.sha256);
	change_byte("x.gz", written.bytes / 2);
	ck_assert_int_eq(read_gzip(&got, &read), BK_E_IO);
	change_byte("x.gz", written.bytes / 2);
	ck_assert_int_eq(truncate(path_of("x.gz"), (off_t)written.bytes - 1), 0);
	ck_assert_int_eq(read_gzip(&got, &read), BK_E_IO);
	ck_assert_str_eq(err.message, "is cut short");
	ck_assert_int_eq(truncate(path_of("x.gz"), (off_t)written.bytes + 1), 0);
	ck_assert_int_eq(read_gzip(&got, &read), BK_E_IO);
}
END_TEST

START_TEST(a_directory_that_others_could_play_with_is_refused)
{
	int fd = -1;

	ck_assert_int_eq(mkdir(path_of("real"), 0750), 0);
	ck_assert_int_eq(bk_safe_dir_open(path_of("real"), false, &fd, &err), BK_OK);
	bk_close_fd(&fd);
	ck_assert_int_eq(chmod(path_of("real"), 0770), 0);
	ck_assert_int_eq(bk_safe_dir_open(path_of("real"), false, &fd, &err), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "may be written by its group"));
	ck_assert_int_eq(chmod(path_of("real"), 01777), 0);
	ck_assert_int_eq(bk_safe_dir_open(path_of("real"), true, &fd, &err), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "may be written by everybody"));
	ck_assert_int_eq(chmod(path_of("real"), 0750), 0);
	ck_assert_int_eq(symlink("real", path_of("link")), 0);
	ck_assert_int_eq(bk_safe_dir_open(path_of("link"), true, &fd, &err), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "symbolic link"));
	ck_assert_int_eq(bk_safe_dir_open(path_of("none"), true, &fd, &err), BK_E_IO);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path_of("real"), 12345, 0), 0);
		ck_assert_int_eq(bk_safe_dir_open(path_of("real"), true, &fd, &err), BK_OK);
		bk_close_fd(&fd);
		ck_assert_int_eq(bk_safe_dir_open(path_of("real"), false, &fd, &err), BK_E_IO);
		ck_assert_ptr_nonnull(strstr(err.message, "belongs to user 12345"));
	}
}
END_TEST

static const char *const names[] = {"id", "executed_at", "text"};

static enum bk_rc add(struct bk_archive *a, const char *kind, const char *month, const char *id,
		      const char *text)
{
	BK_CLEAN(bk_free_str) char *at = bk_asprintf("%s-01T00:00:00.000000Z", month);
	const char *cells[] = {id, at, text};

	return bk_archive_add(
		a, kind, &(const struct bk_archive_record){month, id, at, names, cells, 3}, &err);
}

/* Two executions of two months and a transition; committed or not. */
static enum bk_rc store(bool commit)
{
	BK_CLEAN(bk_archive_clean) struct bk_archive *a = NULL;
	enum bk_rc rc;

	if ((rc = bk_archive_begin(dir, "7-1", &a, &err)) ||
	    (rc = add(a, "executions", "2026-10", "1", "a\nb")) ||
	    (rc = add(a, "executions", "2026-11", "2", NULL)) ||
	    (rc = add(a, "executions", "2026-11", "3", "")) ||
	    (rc = add(a, "transitions", "2026-11", "9", "x")))
		return rc;
	return commit ? bk_archive_commit(a, &err) : BK_OK;
}

/* Records as "a|b;c|NULL;". */
static enum bk_rc list(void *arg, const char *const *columns, const char *const *cells,
		       size_t count, struct bk_error *e)
{
	(void)e;
	ck_assert_str_eq(columns[2], "text");
	for (size_t i = 0; i < count; i++)
		bk_buf_fmt(arg, "%s%s", i ? "|" : "", cells[i] ? cells[i] : "NULL");
	bk_buf_char(arg, ';');
	return BK_OK;
}

static enum bk_rc fetch(const char *month, const char *kind, struct bk_buf *out)
{
	bk_buf_reset(out);
	return bk_archive_read(dir, month, kind, NULL, list, out, &err);
}

START_TEST(what_was_committed_can_be_read)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	char **months = NULL;
	size_t count = 0;

	ck_assert_msg(!store(true), "%s", err.message);
	ck_assert_int_eq(bk_archive_months(dir, &months, &count, &err), BK_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(months[0], "2026-11");
	ck_assert_str_eq(months[1], "2026-10");
	free(months[0]);
	free(months[1]);
	free(months);
	ck_assert_msg(!fetch("2026-10", "executions", &got), "%s", err.message);
	ck_assert_str_eq(bk_buf_cstr(&got), "1|2026-10-01T00:00:00.000000Z|a\nb;");
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_OK);
	ck_assert_str_eq(bk_buf_cstr(&got), "2|2026-11-01T00:00:00.000000Z|NULL;"
					    "3|2026-11-01T00:00:00.000000Z|;");
	ck_assert_int_eq(fetch("2026-11", "transitions", &got), BK_OK);
	ck_assert_str_eq(bk_buf_cstr(&got), "9|2026-11-01T00:00:00.000000Z|x;");
}
END_TEST

START_TEST(files_are_not_for_everybody)
{
	struct stat st;

	ck_assert_int_eq(store(true), BK_OK);
	for (size_t i = 0; i < BK_COUNT(files); i++) {
		if (stat(path_of(files[i]), &st) != 0)
			continue;
		ck_assert_msg((st.st_mode & 0027) == 0, "%s: %o", files[i], st.st_mode);
	}
}
END_TEST

START_TEST(what_was_not_committed_leaves_nothing)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(store(false), BK_OK);
	for (size_t i = 0; i < 6; i++)
		ck_assert_msg(!exists(files[i]), "%s", files[i]);
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_OK);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

START_TEST(a_file_that_nobody_entered_is_neither_read_nor_overwritten)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	int fd;

	ck_assert_int_eq(mkdir(path_of("2026-11"), 0750), 0);
	fd = open(path_of("2026-11/executions-7-1.csv.gz"), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_eq(write(fd, "torn", 4), 4);
	(void)close(fd);
	ck_assert_int_eq(store(true), BK_OK);
	ck_assert(exists("2026-11/executions-7-1.2.csv.gz"));
	ck_assert_msg(!fetch("2026-11", "executions", &got), "%s", err.message);
	ck_assert_str_eq(bk_buf_cstr(&got), "2|2026-11-01T00:00:00.000000Z|NULL;"
					    "3|2026-11-01T00:00:00.000000Z|;");
}
END_TEST

static void append_to_manifest(const char *text)
{
	int fd = open(path_of("2026-11/manifest.csv"), O_WRONLY | O_APPEND);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

START_TEST(a_line_that_was_cut_short_does_not_count_and_goes)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(store(true), BK_OK);
	append_to_manifest("executions-9-9.csv.gz,17");
	ck_assert_msg(!fetch("2026-11", "executions", &got), "%s", err.message);
	ck_assert_int_eq(store(true), BK_OK);
	ck_assert_msg(!fetch("2026-11", "executions", &got), "%s", err.message);
	ck_assert_str_eq(bk_buf_cstr(&got), "2|2026-11-01T00:00:00.000000Z|NULL;"
					    "3|2026-11-01T00:00:00.000000Z|;"
					    "2|2026-11-01T00:00:00.000000Z|NULL;"
					    "3|2026-11-01T00:00:00.000000Z|;");
	(void)unlink(path_of("2026-10/executions-7-1.2.csv.gz"));
	(void)unlink(path_of("2026-11/transitions-7-1.2.csv.gz"));
}
END_TEST

/* The last line is that of the transitions. */
static void shorten_manifest(off_t by)
{
	struct stat st;

	ck_assert_int_eq(stat(path_of("2026-11/manifest.csv"), &st), 0);
	ck_assert_int_eq(truncate(path_of("2026-11/manifest.csv"), st.st_size - by), 0);
}

START_TEST(a_last_line_that_lacks_its_newline_only_counts_and_stays)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(store(true), BK_OK);
	shorten_manifest(1);
	ck_assert_msg(!fetch("2026-11", "transitions", &got), "%s", err.message);
	ck_assert_str_eq(bk_buf_cstr(&got), "9|2026-11-01T00:00:00.000000Z|x;");
	ck_assert_msg(!store(true), "%s", err.message);
	ck_assert_msg(!fetch("2026-11", "transitions", &got), "%s", err.message);
	ck_assert_str_eq(bk_buf_cstr(&got), "9|2026-11-01T00:00:00.000000Z|x;"
					    "9|2026-11-01T00:00:00.000000Z|x;");
	(void)unlink(path_of("2026-10/executions-7-1.2.csv.gz"));
	(void)unlink(path_of("2026-11/transitions-7-1.2.csv.gz"));
}
END_TEST

/* Whatever was cut off it: its checksum, too, can be a shorter one. */
START_TEST(a_last_line_that_lacks_more_does_not_count)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	enum { LINE = 120 };

	ck_assert_int_eq(store(true), BK_OK);
	shorten_manifest(1);
	for (int i = 0; i < LINE; i++) {
		shorten_manifest(1);
		ck_assert_msg(!fetch("2026-11", "transitions", &got), "%d: %s", i, err.message);
		ck_assert_uint_eq(got.len, 0);
	}
	ck_assert_msg(!fetch("2026-11", "executions", &got), "%s", err.message);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&got), "3|2026-11"));
}
END_TEST

START_TEST(a_file_that_is_not_as_it_was_is_an_error)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(store(true), BK_OK);
	change_byte("2026-11/executions-7-1.csv.gz", 4); /* a time that no reader looks at */
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "2026-11: executions-7-1.csv.gz: its checksum is"
						  " not that of the manifest"));
	ck_assert_int_eq(unlink(path_of("2026-11/executions-7-1.csv.gz")), 0);
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "cannot open"));
}
END_TEST

START_TEST(a_manifest_leads_to_no_other_place)
{
	static const char *const lines[] = {
		"../x,1,1,1,1,1,1,1\n",        "/etc/passwd,1,1,1,1,1,1,1\n",
		"executions-1,1,1\n",          "executions-1,-1,1,1,1,1,1,1\n",
		"executions-1,1,,1,1,1,1,1\n",
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(store(true), BK_OK);
	append_to_manifest(lines[_i]);
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
	ck_assert_ptr_nonnull(strstr(err.message, "manifest.csv: is damaged"));
}
END_TEST

START_TEST(links_are_followed_nowhere)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(mkdir(path_of("real"), 0750), 0);
	ck_assert_int_eq(symlink("real", path_of("2026-11")), 0);
	ck_assert_int_eq(store(true), BK_E_IO);
	ck_assert(!exists("2026-10/executions-7-1.csv.gz"));
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
	ck_assert_int_eq(unlink(path_of("2026-11")), 0);
	ck_assert_int_eq(mkdir(path_of("2026-11"), 0750), 0);
	ck_assert_int_eq(symlink("../real/x", path_of("2026-11/manifest.csv")), 0);
	ck_assert_int_eq(store(true), BK_E_IO);
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
	ck_assert(!exists("real/x"));
	(void)unlink(path_of("2026-10/executions-7-1.csv.gz"));
}
END_TEST

START_TEST(a_pipe_in_the_place_of_a_manifest_holds_nobody_up)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	ck_assert_int_eq(mkdir(path_of("2026-11"), 0750), 0);
	ck_assert_int_eq(mkfifo(path_of("2026-11/manifest.csv"), 0600), 0);
	ck_assert_int_eq(store(true), BK_E_IO);
	ck_assert_int_eq(fetch("2026-11", "executions", &got), BK_E_IO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("archive");
	TCase *tc = tcase_create("archive");

	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	ADD_ROWS(tc, checksums_are_those_of_the_standard, digests);
	ADD(tc, a_compressed_file_is_read_as_it_was_written_or_not_at_all);
	ADD(tc, a_directory_that_others_could_play_with_is_refused);
	ADD(tc, what_was_committed_can_be_read);
	ADD(tc, files_are_not_for_everybody);
	ADD(tc, what_was_not_committed_leaves_nothing);
	ADD(tc, a_file_that_nobody_entered_is_neither_read_nor_overwritten);
	ADD(tc, a_line_that_was_cut_short_does_not_count_and_goes);
	ADD(tc, a_last_line_that_lacks_its_newline_only_counts_and_stays);
	ADD(tc, a_last_line_that_lacks_more_does_not_count);
	ADD(tc, a_file_that_is_not_as_it_was_is_an_error);
	tcase_add_loop_test(tc, a_manifest_leads_to_no_other_place, 0, 5);
	ADD(tc, links_are_followed_nowhere);
	ADD(tc, a_pipe_in_the_place_of_a_manifest_holds_nobody_up);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

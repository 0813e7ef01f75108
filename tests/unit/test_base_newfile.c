/*
 * New files: complete or not there, for their owner only, and never in the place of
 * another.
 */
#include "base/newfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "suite.h"

static char dir[200];
static char path[256];

static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof(dir), "%s/bk-newfile.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/it", dir);
}

/* Fails when anything but "it" was left there. */
static void remove_dir(void)
{
	(void)chmod(dir, 0700);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
}

static enum bk_rc make(const char *name, const char *text, struct bk_error *err)
{
	BK_CLEAN(bk_newfile_end) struct bk_newfile file = BK_NEWFILE_INIT;
	enum bk_rc rc;

	if ((rc = bk_newfile_begin(&file, name, err)))
		return rc;
	ck_assert_int_eq(write(file.fd, text, strlen(text)), (int)strlen(text));
	return bk_newfile_commit(&file, err);
}

static const char *content(void)
{
	static char text[64];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

START_TEST(it_is_there_when_it_is_complete)
{
	BK_CLEAN(bk_newfile_end) struct bk_newfile file = BK_NEWFILE_INIT;
	struct bk_error err;
	struct stat st;

	ck_assert_int_eq(bk_newfile_begin(&file, path, &err), BK_OK);
	ck_assert_int_eq(write(file.fd, "whole", 5), 5);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(bk_newfile_commit(&file, &err), BK_OK);
	ck_assert_str_eq(content(), "whole");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq((int)st.st_nlink, 1);
}
END_TEST

START_TEST(without_a_commit_nothing_is_left)
{
	struct bk_newfile file = BK_NEWFILE_INIT;
	struct bk_error err;

	ck_assert_int_eq(bk_newfile_begin(&file, path, &err), BK_OK);
	bk_newfile_end(&file);
	bk_newfile_end(&file);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(two_at_once_are_two_files)
{
	BK_CLEAN(bk_newfile_end) struct bk_newfile one = BK_NEWFILE_INIT;
	BK_CLEAN(bk_newfile_end) struct bk_newfile two = BK_NEWFILE_INIT;
	struct bk_error err;

	ck_assert_int_eq(bk_newfile_begin(&one, path, &err), BK_OK);
	ck_assert_int_eq(bk_newfile_begin(&two, path, &err), BK_OK);
	ck_assert_int_eq(write(one.fd, "one", 3), 3);
	ck_assert_int_eq(bk_newfile_commit(&one, &err), BK_OK);
	ck_assert_int_eq(bk_newfile_commit(&two, &err), BK_E_REFUSED);
	ck_assert_str_eq(content(), "one");
}
END_TEST

START_TEST(what_is_there_stays)
{
	struct bk_error err;

	ck_assert_int_eq(make(path, "mine", &err), BK_OK);
	ck_assert_int_eq(make(path, "other", &err), BK_E_REFUSED);
	ck_assert_str_eq(err.message, "\"it\" exists already");
	ck_assert_str_eq(content(), "mine");
}
END_TEST

START_TEST(a_symbolic_link_is_not_followed)
{
	struct bk_error err;

	ck_assert_int_eq(symlink("nowhere", path), 0);
	ck_assert_int_eq(make(path, "x", &err), BK_E_REFUSED);
	ck_assert_str_eq(err.message, "\"it\" is a symbolic link");
}
END_TEST

static const struct {
	mode_t mode;
	enum bk_rc rc;
} modes[] = {
	{0700, BK_OK},   {0755, BK_OK},   {01777, BK_OK},  {01770, BK_OK},
	{0770, BK_E_IO}, {0702, BK_E_IO}, {0777, BK_E_IO},
};

START_TEST(where_others_could_exchange_it_is_no_place_for_it)
{
	struct bk_error err;

	ck_assert_int_eq(chmod(dir, modes[_i].mode), 0);
	ck_assert_int_eq(make(path, "x", &err), modes[_i].rc);
	if (modes[_i].rc)
		ck_assert_ptr_nonnull(strstr(err.message, " may be written by others"));
}
END_TEST

static const char *const names[] = {"nowhere/it", "", ".", "..", "it/"};

START_TEST(what_can_be_no_file_is_an_error)
{
	BK_CLEAN(bk_free_str) char *name = bk_asprintf("%s/%s", dir, names[_i]);
	struct bk_error err;

	ck_assert_int_eq(make(name, "x", &err), BK_E_IO);
}
END_TEST

START_TEST(a_name_alone_is_in_the_working_directory)
{
	struct bk_error err;

	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(make("it", "here", &err), BK_OK);
	ck_assert_str_eq(content(), "here");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_newfile");
	TCase *tc = tcase_create("newfile");

	tcase_add_checked_fixture(tc, make_dir, remove_dir);
	ADD(tc, it_is_there_when_it_is_complete);
	ADD(tc, without_a_commit_nothing_is_left);
	ADD(tc, two_at_once_are_two_files);
	ADD(tc, what_is_there_stays);
	ADD(tc, a_symbolic_link_is_not_followed);
	ADD_ROWS(tc, where_others_could_exchange_it_is_no_place_for_it, modes);
	ADD_ROWS(tc, what_can_be_no_file_is_an_error, names);
	ADD(tc, a_name_alone_is_in_the_working_directory);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

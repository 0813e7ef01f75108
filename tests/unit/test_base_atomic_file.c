/*
 * Files written as a whole: what is there before the commit, after it, and after
 * a failure at each step; and what is refused.
 */
#include "base/atomic_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/mem.h"
#include "suite.h"

static char directory[] = "/tmp/bk-atomic-XXXXXX";
static char *path;
static struct bk_error err;

static void open_all(void)
{
	memcpy(directory + sizeof(directory) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	path = bk_asprintf("%s/file", directory);
}

static char *at(const char *name)
{
	return bk_asprintf("%s/%s", directory, name);
}

/* Files in the directory. */
static int entries(void)
{
	BK_CLEAN(bk_free_str) char *command = bk_asprintf("ls -A %s | wc -l", directory);
	FILE *out = popen(command, "r");
	int n = -1;

	ck_assert_int_eq(fscanf(out, "%d", &n), 1);
	ck_assert_int_eq(pclose(out), 0);
	return n;
}

static void close_all(void)
{
	BK_CLEAN(bk_free_str) char *command = bk_asprintf("rm -r %s", directory);
	FILE *out = popen(command, "r");

	ck_assert_int_eq(pclose(out), 0);
	free(path);
}

static void holds(const char *text)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(got, 1, sizeof(got) - 1, f), strlen(text));
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_str_eq(got, text);
}

static enum bk_rc put(const char *text)
{
	return bk_atomic_put(path, 0644, true, text, strlen(text), &err);
}

static void refused(const char *why)
{
	ck_assert_int_eq(put("new"), BK_E_IO);
	ck_assert_msg(strstr(err.message, why), "%s", err.message);
	ck_assert_msg(strncmp(err.message, "cannot write /tmp/", 18) == 0, "%s", err.message);
}

START_TEST(what_is_committed_is_the_file)
{
	struct stat st;

	(void)umask(077);
	ck_assert_int_eq(put("old"), BK_OK);
	ck_assert_int_eq(put("new one"), BK_OK);
	holds("new one");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(what_is_not_committed_leaves_the_old_file)
{
	ck_assert_int_eq(put("old"), BK_OK);
	{
		BK_CLEAN(bk_atomic_abort) struct bk_atomic_file file = BK_ATOMIC_INIT;

		ck_assert_int_eq(bk_atomic_open(&file, path, 0600, &err), BK_OK);
		ck_assert_int_eq(bk_atomic_write(&file, "new", 3, &err), BK_OK);
		holds("old");
		ck_assert_int_eq(entries(), 2);
	}
	holds("old");
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_file_that_does_not_fit_leaves_the_old_one)
{
	const struct rlimit little = {10, 10};

	ck_assert_int_eq(put("old"), BK_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_eq(put("longer than may be"), BK_E_IO);
	holds("old");
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(what_another_program_left_behind_is_passed_over)
{
	BK_CLEAN(bk_free_str) char *name = bk_asprintf(".file.%ld.0.tmp", (long)getpid());
	BK_CLEAN(bk_free_str) char *left = at(name);

	ck_assert_int_eq(symlink("/dev/null", left), 0);
	ck_assert_int_eq(put("new"), BK_OK);
	holds("new");
	ck_assert_int_eq(entries(), 2);
}
END_TEST

START_TEST(links_are_refused)
{
	BK_CLEAN(bk_free_str) char *target = at("target");
	BK_CLEAN(bk_free_str) char *linked = at("linked");

	ck_assert_int_eq(symlink(target, path), 0);
	refused("it is a symbolic link");
	ck_assert_int_eq(entries(), 1);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(directory, linked), 0);
	free(path);
	path = bk_asprintf("%s/file", linked);
	refused("its directory is a symbolic link");
	ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(what_is_no_plain_file_is_refused)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused("it is no plain file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused("it is no plain file");
}
END_TEST

static const struct {
	mode_t mode;
	const char *why; /* NULL = it is allowed */
} modes[] = {
	{0700, NULL},
	{0755, NULL},
	{01777, NULL},
	{01775, NULL},
	{0777, "everybody may write into its directory"},
	{0702, "everybody may write into its directory"},
	{0775, "a group may write into its directory"},
};

START_TEST(nobody_else_may_exchange_the_file)
{
	ck_assert_int_eq(chmod(directory, modes[_i].mode), 0);
	if (modes[_i].why)
		refused(modes[_i].why);
	else
		ck_assert_int_eq(put("new"), BK_OK);
}
END_TEST

START_TEST(a_directory_of_somebody_else_is_refused)
{
	/* Only root can give one away. */
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(directory, 12345, 0), 0);
	refused("its directory belongs neither to root nor to you");
}
END_TEST

START_TEST(a_name_without_a_directory_is_of_the_working_directory)
{
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_int_eq(bk_atomic_put("file", 0644, false, "new", 3, &err), BK_OK);
	holds("new");
	ck_assert_int_eq(bk_atomic_put("..", 0644, false, "new", 3, &err), BK_E_IO);
	ck_assert_str_eq(err.message, "cannot write ..: it names a directory");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("atomic_file");
	TCase *tc = tcase_create("atomic_file");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, what_is_committed_is_the_file);
	ADD(tc, what_is_not_committed_leaves_the_old_file);
	ADD(tc, a_file_that_does_not_fit_leaves_the_old_one);
	ADD(tc, what_another_program_left_behind_is_passed_over);
	ADD(tc, links_are_refused);
	ADD(tc, what_is_no_plain_file_is_refused);
	tcase_add_loop_test(tc, nobody_else_may_exchange_the_file, 0, (int)BK_COUNT(modes));
	ADD(tc, a_directory_of_somebody_else_is_refused);
	ADD(tc, a_name_without_a_directory_is_of_the_working_directory);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

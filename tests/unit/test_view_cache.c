/*
 * Answers in files: what is read is what was kept, what is not safe is not used, and it does
 * not grow.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "view/cache.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *top;
static char *path;
static struct bk_cache cache = BK_CACHE_INIT;
static struct bk_answer got;

static void prepare(void)
{
	char name[] = "/tmp/bk-cache.XXXXXX";
	struct bk_error err;

	ck_assert_ptr_nonnull(mkdtemp(name));
	top = bk_strdup(name);
	path = bk_asprintf("%s/.cache/bk", top);
	ck_assert_msg(!bk_cache_open(path, &cache, &err), "%s", err.message);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *place)
{
	(void)st, (void)kind, (void)place;
	return remove(name);
}

static void clean(void)
{
	bk_cache_close(&cache);
	bk_answer_clear(&got);
	(void)nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	bk_free_str(&top);
	bk_free_str(&path);
}

static void put(const char *key, const char *body)
{
	const struct bk_answer answer = {.as_of_us = 17,
					 .notes = (char *)(uintptr_t) "note\n",
					 .body = (char *)(uintptr_t)body};
	struct bk_error err;

	ck_assert_msg(!bk_cache_put(&cache, key, &answer, &err), "%s", err.message);
}

static bool get(const char *key)
{
	bk_answer_clear(&got);
	return bk_cache_get(&cache, key, &got);
}

static char *file_of(const char *key)
{
	return bk_asprintf("%s/%s", path, key);
}

static int count_files(void)
{
	DIR *dir = opendir(path);
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *file; (file = readdir(dir));)
		count += file->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

START_TEST(what_was_kept_is_read)
{
	BK_CLEAN(bk_free_str) char *file = file_of(KEY);
	struct stat st;

	ck_assert(!get(KEY));
	put(KEY, "a\nb |\n");
	ck_assert(get(KEY));
	ck_assert_int_eq(got.as_of_us, 17);
	ck_assert_str_eq(got.notes, "note\n");
	ck_assert_str_eq(got.body, "a\nb |\n");
	put(KEY, "");
	ck_assert(get(KEY));
	ck_assert_str_eq(got.body, "");
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(count_files(), 1);
}
END_TEST

/* Any byte other, or any byte less: it is none. */
START_TEST(a_file_that_is_not_as_it_was_counts_as_none)
{
	BK_CLEAN(bk_free_str) char *file = file_of(KEY);
	BK_CLEAN(bk_free_str)
	char *other = bk_asprintf("%s/%.63s0", path, KEY);
	struct stat st;

	put(KEY, "body");
	ck_assert_int_eq(stat(file, &st), 0);
	for (off_t i = 0; i < st.st_size; i++) {
		int fd = open(file, O_RDWR);
		char c;

		ck_assert_int_eq(pread(fd, &c, 1, i), 1);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, i), 1);
		ck_assert_msg(!get(KEY), "byte %ld", (long)i);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, i), 1);
		(void)close(fd);
	}
	ck_assert(get(KEY));
	ck_assert_int_eq(rename(file, other), 0);
	ck_assert(!get(strrchr(other, '/') + 1));
	ck_assert_int_eq(rename(other, file), 0);
	for (off_t i = st.st_size - 1; i >= 0; i--) {
		ck_assert_int_eq(truncate(file, i), 0);
		ck_assert(!get(KEY));
	}
}
END_TEST

START_TEST(a_link_or_another_thing_in_its_place_is_not_read)
{
	BK_CLEAN(bk_free_str) char *file = file_of(KEY);
	BK_CLEAN(bk_free_str) char *moved = bk_asprintf("%s/moved", top);

	put(KEY, "body");
	ck_assert_int_eq(rename(file, moved), 0);
	ck_assert_int_eq(symlink(moved, file), 0);
	ck_assert(!get(KEY));
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	ck_assert(!get(KEY));
}
END_TEST

START_TEST(it_does_not_grow_and_the_oldest_go_first)
{
	BK_CLEAN(bk_free_str) char *left = bk_asprintf("%s/.%s.1.0.tmp", path, KEY);
	BK_CLEAN(bk_free_str) char *huge = bk_calloc(BK_CACHE_BYTES + 2, 1);
	const struct timespec old[] = {{1, 0}, {1, 0}};
	char key[BK_SHA256_HEX];

	(void)close(open(left, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(utimensat(AT_FDCWD, left, old, 0), 0);
	for (int i = 0; i < BK_CACHE_ENTRIES + 10; i++) {
		BK_CLEAN(bk_free_str) char *file = NULL;
		const struct timespec at[] = {{1000 + i, 0}, {1000 + i, 0}};

		(void)snprintf(key, sizeof(key), "%064x", (unsigned)i);
		put(key, "body");
		file = file_of(key);
		ck_assert_int_eq(utimensat(AT_FDCWD, file, at, 0), 0);
	}
	ck_assert_int_eq(count_files(), BK_CACHE_ENTRIES);
	ck_assert(get(key));
	ck_assert_int_ne(access(left, F_OK), 0);
	(void)snprintf(key, sizeof(key), "%064x", 9u);
	ck_assert(!get(key));
	(void)snprintf(key, sizeof(key), "%064x", 10u);
	ck_assert(get(key));
	memset(huge, 'x', BK_CACHE_BYTES + 1);
	put(KEY, huge);
	ck_assert(!get(KEY));
}
END_TEST

static enum bk_rc reopen(struct bk_error *err)
{
	bk_cache_close(&cache);
	return bk_cache_open(path, &cache, err);
}

START_TEST(a_directory_that_others_could_change_is_refused)
{
	struct bk_error err;

	ck_assert_int_eq(chmod(path, 0720), 0);
	ck_assert_int_eq(reopen(&err), BK_E_REFUSED);
	ck_assert_int_eq(chmod(path, 0702), 0);
	ck_assert_int_eq(reopen(&err), BK_E_REFUSED);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	ck_assert_int_eq(reopen(&err), BK_E_REFUSED);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(reopen(&err), BK_E_REFUSED);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(reopen(&err), BK_OK);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_told_apart)
{
	struct bk_error err;

	bk_cache_close(&cache);
	ck_assert_int_eq(bk_cache_open("/nowhere/at/all", &cache, &err), BK_E_IO);
	ck_assert_int_eq(cache.dir, -1);
}
END_TEST

START_TEST(a_lock_is_one_at_a_time)
{
	int fd = -1;
	pid_t child;
	int status;

	ck_assert(bk_cache_lock(&cache, KEY, &fd));
	ck_assert_int_ge(fd, 0);
	/* Locks of one process do not keep itself out. */
	child = fork();
	if (child == 0)
		_exit(bk_cache_lock(&cache, KEY, &(int){-1}) ? 1 : 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	(void)close(fd);
	child = fork();
	if (child == 0)
		_exit(bk_cache_lock(&cache, KEY, &(int){-1}) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void expect_path(const char *runtime, const char *cache_home, const char *home,
			const char *want)
{
	BK_CLEAN(bk_free_str) char *is = bk_cache_path(runtime, cache_home, home, 7);

	ck_assert_str_eq(is, want);
}

START_TEST(the_environment_says_where)
{
	expect_path("/run/user/7", "/c", "/home/a", "/run/user/7/bk");
	expect_path("relative", "/c", "/home/a", "/c/bk");
	expect_path("", "", "/home/a", "/home/a/.cache/bk");
	expect_path(NULL, NULL, "~", "/run/user/7/bk");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_cache");
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, prepare, clean);
	ADD(tc, what_was_kept_is_read);
	ADD(tc, a_file_that_is_not_as_it_was_counts_as_none);
	ADD(tc, a_link_or_another_thing_in_its_place_is_not_read);
	ADD(tc, it_does_not_grow_and_the_oldest_go_first);
	ADD(tc, a_directory_that_others_could_change_is_refused);
	ADD(tc, a_directory_that_cannot_be_made_is_told_apart);
	ADD(tc, a_lock_is_one_at_a_time);
	ADD(tc, the_environment_says_where);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

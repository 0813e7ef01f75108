/*
 * The growing buffer, and the allocators that end the process.
 */
#include "suite.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

START_TEST(a_new_buffer_is_the_empty_string)
{
	struct bk_buf b = BK_BUF_INIT;

	ck_assert_str_eq(bk_buf_cstr(&b), "");
	bk_buf_reset(&b);
	bk_buf_clear(&b);
}
END_TEST

START_TEST(appends_follow_each_other)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	bk_buf_str(&b, "a");
	bk_buf_char(&b, 'b');
	bk_buf_bytes(&b, "cd", 1);
	bk_buf_bytes(&b, NULL, 0);
	bk_buf_fmt(&b, "%d-%s", 17, "x");
	ck_assert_str_eq(bk_buf_cstr(&b), "abc17-x");
	ck_assert_uint_eq(b.len, 7);
	ck_assert(!b.broken);
}
END_TEST

START_TEST(bytes_may_hold_a_nul)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	bk_buf_bytes(&b, "a\0b", 3);
	ck_assert_uint_eq(b.len, 3);
	ck_assert_mem_eq(b.data, "a\0b", 4);
}
END_TEST

START_TEST(it_grows_across_every_boundary)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	for (size_t i = 0; i < 5000; i++) {
		if (i % 2)
			bk_buf_char(&b, (char)('a' + i % 26));
		else
			bk_buf_fmt(&b, "%c", (char)('a' + i % 26));
		ck_assert_uint_eq(strlen(bk_buf_cstr(&b)), i + 1);
	}
	for (size_t i = 0; i < 5000; i++)
		ck_assert_int_eq(b.data[i], (char)('a' + i % 26));
}
END_TEST

START_TEST(a_reset_keeps_the_memory_and_forgets_the_rest)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	bk_buf_str(&b, "text");
	b.broken = true;
	bk_buf_reset(&b);
	ck_assert_str_eq(bk_buf_cstr(&b), "");
	ck_assert_uint_gt(b.room, 0);
	bk_buf_str(&b, "new");
	ck_assert_str_eq(bk_buf_cstr(&b), "new");
}
END_TEST

START_TEST(a_taken_string_is_the_callers)
{
	struct bk_buf b = BK_BUF_INIT;
	char *empty = bk_buf_take(&b);
	char *text;

	bk_buf_str(&b, "text");
	text = bk_buf_take(&b);
	ck_assert_str_eq(empty, "");
	ck_assert_str_eq(text, "text");
	ck_assert_uint_eq(b.len, 0);
	ck_assert_ptr_null(b.data);
	free(empty);
	free(text);
}
END_TEST

START_TEST(what_does_not_fit_below_the_cap_breaks_it_for_good)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;
	char *block = bk_calloc(BK_BUF_CAP, 1);

	bk_buf_bytes(&b, block, BK_BUF_CAP - 1);
	ck_assert(!b.broken);
	bk_buf_char(&b, 'x');
	ck_assert(b.broken);
	ck_assert_uint_eq(b.len, BK_BUF_CAP - 1);
	bk_buf_bytes(&b, "", 0);
	bk_buf_fmt(&b, "%s", "more");
	ck_assert(b.broken);
	ck_assert_uint_eq(b.len, BK_BUF_CAP - 1);
	free(block);
}
END_TEST

START_TEST(copies_are_copies)
{
	const char *text = "abc";
	BK_CLEAN(bk_free_str) char *whole = bk_strdup(text);
	BK_CLEAN(bk_free_str) char *part = bk_strndup(text, 2);
	BK_CLEAN(bk_free_str) char *formatted = bk_asprintf("%s-%d", text, 1);
	char *taken = BK_TAKE(whole);

	ck_assert_str_eq(taken, "abc");
	ck_assert_ptr_null(whole);
	ck_assert_str_eq(part, "ab");
	ck_assert_str_eq(formatted, "abc-1");
	ck_assert_ptr_null(bk_strdup(NULL));
	free(taken);
}
END_TEST

START_TEST(nothing_at_all_is_memory_too)
{
	void *p = bk_calloc(0, 0);

	ck_assert_ptr_nonnull(p);
	p = bk_realloc(p, 0, 8);
	ck_assert_ptr_nonnull(p);
	free(p);
}
END_TEST

START_TEST(a_size_that_overflows_ends_the_process)
{
	volatile size_t many = SIZE_MAX / 4;

	free(bk_realloc(NULL, many, 8));
}
END_TEST

START_TEST(a_broken_invariant_ends_the_process)
{
	BK_ASSERT(_i < 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_buf");
	TCase *tc = tcase_create("buf");

	ADD(tc, a_new_buffer_is_the_empty_string);
	ADD(tc, appends_follow_each_other);
	ADD(tc, bytes_may_hold_a_nul);
	ADD(tc, it_grows_across_every_boundary);
	ADD(tc, a_reset_keeps_the_memory_and_forgets_the_rest);
	ADD(tc, a_taken_string_is_the_callers);
	ADD(tc, what_does_not_fit_below_the_cap_breaks_it_for_good);
	ADD(tc, copies_are_copies);
	ADD(tc, nothing_at_all_is_memory_too);
	/* Without a fork the signal would end the whole run. */
	if (!getenv("CK_FORK")) {
		tcase_add_test_raise_signal(tc, a_size_that_overflows_ends_the_process, SIGABRT);
		tcase_add_test_raise_signal(tc, a_broken_invariant_ends_the_process, SIGABRT);
	}
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

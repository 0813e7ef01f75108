/*
 * Lines for a reader who is slow, is gone, or takes half a line.
 */
#include "cli/lines.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "suite.h"

enum { LINE = 1000, MANY = 200 };

static struct bk_lines lines;
static struct bk_error err;
static volatile sig_atomic_t signal_came;
static int ends[2]; /* of a pipe: to read, to write */
static int waits;
static void (*in_wait)(int n);

static enum bk_rc waiting(void *arg, struct bk_error *ret)
{
	(void)arg;
	waits++;
	if (in_wait)
		in_wait(waits);
	return waits < 50 ? BK_OK : bk_error_set(ret, BK_E_LEASE_LOST, "it took too long");
}

static struct bk_lines_way way(void)
{
	return (struct bk_lines_way){ends[1], &signal_came, waiting, NULL};
}

static void open_all(void)
{
	lines = (struct bk_lines)BK_LINES_INIT;
	err = (struct bk_error){.rc = BK_OK};
	signal_came = 0;
	waits = 0;
	in_wait = NULL;
	ck_assert_int_eq(pipe(ends), 0);
}

static void close_all(void)
{
	bk_lines_clear(&lines);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* `count` lines of LINE bytes, more than a pipe holds where there are MANY. */
static void put(int count)
{
	char line[LINE];

	memset(line, 'x', sizeof(line));
	line[LINE - 1] = '\n';
	for (int i = 0; i < count; i++) {
		bk_buf_bytes(&lines.text, line, sizeof(line));
		bk_lines_end(&lines);
	}
}

static size_t take(size_t most)
{
	char data[8192];
	size_t got = 0;

	while (got < most) {
		size_t want = most - got < sizeof(data) ? most - got : sizeof(data);
		ssize_t n = read(ends[0], data, want);

		ck_assert_int_ge(n, 0);
		if (!n)
			break;
		got += (size_t)n;
	}
	return got;
}

START_TEST(nothing_is_nothing)
{
	const struct bk_lines_way w = way();
	size_t whole = 9;

	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	ck_assert_uint_eq(whole, 0);
}
END_TEST

START_TEST(all_lines_arrive)
{
	const struct bk_lines_way w = way();
	size_t whole = 0;

	put(20);
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	ck_assert_uint_eq(whole, 20);
	ck_assert_uint_eq(take(20 * LINE), 20 * LINE);
}
END_TEST

static void take_everything(int n)
{
	(void)n;
	(void)take(60000);
}

START_TEST(a_slow_reader_gets_everything_and_is_waited_for_with_signs_of_life)
{
	const struct bk_lines_way w = way();
	size_t whole = 0;

	put(MANY);
	in_wait = take_everything;
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	ck_assert_uint_eq(whole, MANY);
	ck_assert_int_gt(waits, 0);
}
END_TEST

START_TEST(what_is_wrong_meanwhile_ends_it)
{
	const struct bk_lines_way w = way();
	size_t whole = 0;

	put(MANY);
	waits = 49;
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_E_LEASE_LOST);
	ck_assert_uint_eq(whole, 0);
}
END_TEST

static void interrupt_and_take(int n)
{
	if (n == 1) {
		signal_came = SIGTERM;
		(void)take(8192);
	}
}

START_TEST(a_signal_lets_the_line_at_hand_end)
{
	const struct bk_lines_way w = way();
	size_t whole = 0;
	size_t left;

	put(MANY);
	in_wait = interrupt_and_take;
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	ck_assert_uint_gt(whole, 60);
	ck_assert_uint_lt(whole, MANY);
	(void)close(ends[1]);
	left = take(1000000);
	ck_assert_uint_eq(8192 + left, whole * LINE);
	ends[1] = dup(ends[0]);
}
END_TEST

static void only_interrupt(int n)
{
	if (n == 1)
		signal_came = SIGTERM;
}

START_TEST(a_reader_who_takes_nothing_is_not_waited_for_after_a_signal)
{
	const struct bk_lines_way w = way();
	size_t whole = 0;

	put(MANY);
	in_wait = only_interrupt;
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	(void)close(ends[1]);
	ck_assert_uint_eq(take(1000000) / LINE, whole);
	ends[1] = dup(ends[0]);
}
END_TEST

START_TEST(after_a_signal_between_two_lines_none_is_begun)
{
	const struct bk_lines_way w = way();
	size_t whole = 9;

	put(3);
	signal_came = SIGINT;
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_OK);
	ck_assert_uint_eq(whole, 0);
}
END_TEST

START_TEST(a_reader_who_is_gone_is_an_error)
{
	const struct bk_lines_way w = way();
	size_t whole = 9;

	put(3);
	(void)close(ends[0]);
	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(bk_lines_check(ends[1], &err), BK_E_IO);
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_E_IO);
	ck_assert_str_eq(err.message, "cannot write to standard output: Broken pipe");
	ck_assert_uint_eq(whole, 9);
	ends[0] = dup(ends[1]);
}
END_TEST

START_TEST(so_is_a_full_disk)
{
	struct bk_lines_way w = way();
	size_t whole = 9;

	put(3);
	w.fd = open("/dev/full", O_WRONLY);
	ck_assert_int_ge(w.fd, 0);
	ck_assert_int_eq(bk_lines_check(w.fd, &err), BK_OK);
	ck_assert_int_eq(bk_lines_write(&lines, &w, &whole, &err), BK_E_IO);
	ck_assert_str_eq(err.message, "cannot write to standard output: No space left on device");
	(void)close(w.fd);
}
END_TEST

START_TEST(a_reader_who_is_there_is_none)
{
	ck_assert_int_eq(bk_lines_check(ends[1], &err), BK_OK);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_lines");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, nothing_is_nothing);
	ADD(tc, all_lines_arrive);
	ADD(tc, a_slow_reader_gets_everything_and_is_waited_for_with_signs_of_life);
	ADD(tc, what_is_wrong_meanwhile_ends_it);
	ADD(tc, a_signal_lets_the_line_at_hand_end);
	ADD(tc, a_reader_who_takes_nothing_is_not_waited_for_after_a_signal);
	ADD(tc, after_a_signal_between_two_lines_none_is_begun);
	ADD(tc, a_reader_who_is_gone_is_an_error);
	ADD(tc, so_is_a_full_disk);
	ADD(tc, a_reader_who_is_there_is_none);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

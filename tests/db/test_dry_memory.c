/*
 * Memory: a dry run that lists 300,000 bookings takes no more than one that lists 3,000. The
 * real program writes into a pipe that is read up to the last part of the list and no
 * further; while it waits there its high-water mark is read from /proc.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "program.h"
#include "rig.h"
#include "suite.h"

/* Under the sanitizer every free leaves something behind. */
#if defined(__SANITIZE_ADDRESS__)
enum { FEW = 3000, MANY = 20000, MOST_PERCENT = 1000 };
#else
enum { FEW = 3000, MANY = 300000, MOST_PERCENT = 125 };
#endif

/* More than a pipe holds: what is left unread keeps the program waiting. */
enum { UNREAD = 128 << 10 };

static const struct {
	const char *program;
	const char *format;
} rows[] = {
	{"bkactivate", "jsonl"},
	{"bknoshow", "csv"}, /* its order is not that of the scan: the server sorts */
};

static pid_t start(int i, int out)
{
	BK_CLEAN(bk_free_str) char *format = bk_strdup(rows[i].format);
	char words[][20] = {"-n", "-q", "--allow=1000000", "-o"};
	char *argv[] = {NULL, words[0], words[1], words[2], words[3], format, NULL};

	return program_start_into(rows[i].program, argv, out);
}

/* Lists everything. Looks at the memory after `until` bytes, -1 = not at all; *ret_total is
   the length of the list, *ret_lines its lines. */
static int64_t list(int i, int64_t until, int64_t *ret_total, int64_t *ret_lines)
{
	char piece[4096];
	int64_t kib = 0;
	int ends[2];
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	pid = start(i, ends[1]);
	(void)close(ends[1]);
	*ret_total = *ret_lines = 0;
	while ((n = read(ends[0], piece, sizeof(piece))) > 0) {
		*ret_total += n;
		for (ssize_t k = 0; k < n; k++)
			*ret_lines += piece[k] == '\n';
		if (until >= 0 && !kib && *ret_total >= until)
			kib = program_high_water_kib(pid);
	}
	(void)close(ends[0]);
	program_end(pid);
	return kib;
}

static int64_t peak_kib(int i, int64_t bookings)
{
	int64_t total = 0;
	int64_t lines = 0;
	int64_t kib;

	(void)list(i, -1, &total, &lines);
	ck_assert_int_ge(lines, bookings);
	ck_assert_int_le(lines, bookings + 2);
	ck_assert_int_gt(total, UNREAD);
	kib = list(i, total - UNREAD, &total, &lines);
	ck_assert_int_gt(kib, 0);
	return kib;
}

/* So many in all that the program takes: with a check-in, or without. */
static void bookings(int i, int n)
{
	bool active = strcmp(rows[i].program, "bkactivate") == 0;

	side_exec(rig.side, "TRUNCATE public.bookings");
	rig_due(n);
	if (!active)
		side_exec(rig.side, "UPDATE public.bookings SET checked_in_at = NULL");
	side_exec(rig.side, "ANALYZE public.bookings");
}

START_TEST(a_long_list_needs_no_more_memory_than_a_short_one)
{
	int64_t few;
	int64_t many;

	bookings(_i, FEW);
	few = peak_kib(_i, FEW);
	bookings(_i, MANY);
	many = peak_kib(_i, MANY);
	printf("memory of a dry run, %s %s: %d bookings %" PRId64 " KiB, %d bookings %" PRId64
	       " KiB\n",
	       rows[_i].program, rows[_i].format, FEW, few, MANY, many);
	ck_assert_msg(many * 100 <= few * MOST_PERCENT, "%" PRId64 " KiB, and %" PRId64 " KiB",
		      many, few);
}
END_TEST

static void setup(void)
{
	rig_open();
	program_setup("");
}

int main(void)
{
	Suite *suite = suite_create("dry memory");
	TCase *tc = tcase_create("dry memory");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_long_list_needs_no_more_memory_than_a_short_one, rows);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Memory: a dry run that lists 300,000 bookings takes no more than one that lists 3,000. The
 * real program writes into a pipe that is read up to the last part of the list and no
 * further; while it waits there its high-water mark is read from /proc.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

extern char **environ;

/* Under the sanitizer every free leaves something behind. */
#if defined(__SANITIZE_ADDRESS__)
enum { FEW = 3000, MANY = 20000, MOST_PERCENT = 1000 };
#else
enum { FEW = 3000, MANY = 300000, MOST_PERCENT = 125 };
#endif

/* More than a pipe holds: what is left unread keeps the program waiting. */
enum { UNREAD = 128 << 10 };

static char bin[300];

static const struct {
	const char *program;
	const char *format;
} rows[] = {
	{"bkactivate", "jsonl"},
	{"bknoshow", "csv"}, /* its order is not that of the scan: the server sorts */
};

static pid_t start(int i, int out)
{
	BK_CLEAN(bk_free_str) char *program = bk_asprintf("%s/%s", bin, rows[i].program);
	char *format = bk_strdup(rows[i].format);
	char words[][20] = {"-n", "-q", "--allow=1000000", "-o"};
	char *argv[] = {program, words[0], words[1], words[2], words[3], format, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
	ck_assert_int_eq(posix_spawn(&pid, program, &actions, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	free(format);
	return pid;
}

static int64_t high_water_kib(pid_t pid)
{
	char path[64];
	char line[200];
	int64_t kib = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoll(line + 6, NULL, 10);
	(void)fclose(in);
	ck_assert_int_gt(kib, 0);
	return kib;
}

/* Lists everything. Looks at the memory after `until` bytes, -1 = not at all; *ret_total is
   the length of the list, *ret_lines its lines. */
static int64_t list(int i, int64_t until, int64_t *ret_total, int64_t *ret_lines)
{
	char piece[4096];
	int64_t kib = 0;
	int ends[2];
	int status;
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
			kib = high_water_kib(pid);
	}
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
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
	char path[300];
	FILE *file;

	rig_open();
	side_exec(rig.side, "INSERT INTO bk.schema_migrations VALUES (1, '001_core', 'x', '1.0.0'),"
			    " (2, '002_years', 'x', '1.1.0')");
	(void)snprintf(bin, sizeof(bin), "%s", getenv("BK_BIN"));
	(void)snprintf(path, sizeof(path), "%s/empty.conf", getenv("BK_TEST_DIR"));
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	ck_assert_int_eq(setenv("BK_CONFIG", path, 1), 0);
	ck_assert_int_eq(unsetenv("BK_BIN") + unsetenv("BK_SRC") + unsetenv("BK_TEST_DIR"), 0);
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

/*
 * Memory: a drain of 300,000 bookings takes no more than a tick with nothing to
 * do. The real program writes its line into a pipe that is full, and while it
 * waits there for a reader its high-water mark is read from /proc.
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
enum { DUE = 20000, MOST_PERCENT = 1000 };
#else
enum { DUE = 300000, MOST_PERCENT = 150 };
#endif

static char program[300];

static void fill_pipe(int fd)
{
	static const char junk[4096];
	int flags = fcntl(fd, F_GETFL);

	ck_assert_int_eq(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(fd, junk, sizeof(junk)) > 0)
		;
	while (write(fd, junk, 1) > 0)
		;
	ck_assert_int_eq(fcntl(fd, F_SETFL, flags), 0);
}

static pid_t start(int out)
{
	char words[][20] = {"--now", "-v", "--allow=1000000"};
	char *argv[] = {program, words[0], words[1], words[2], NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
	ck_assert_int_eq(posix_spawn(&pid, program, &actions, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
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

/* Runs bkactivate; when this is its n-th record, and closed, it waits. */
static int64_t peak_kib(int n)
{
	char rest[4096];
	int ends[2];
	int status;
	int64_t kib;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	fill_pipe(ends[1]);
	pid = start(ends[1]);
	(void)close(ends[1]);
	while (side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"
				  " WHERE status <> 'RUNNING'") < n)
		ck_assert_int_eq(waitpid(pid, &status, WNOHANG), 0);
	kib = high_water_kib(pid);
	while (read(ends[0], rest, sizeof(rest)) > 0)
		;
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return kib;
}

START_TEST(a_long_run_needs_no_more_memory_than_an_idle_tick)
{
	int64_t idle = peak_kib(1);
	int64_t drain;

	rig_due(DUE);
	drain = peak_kib(2);
	ck_assert_int_eq(side_int(rig.side, "SELECT processed_count FROM bk.maintenance_executions"
					    " ORDER BY id DESC LIMIT 1"),
			 DUE);
	printf("memory: idle tick %" PRId64 " KiB, %d bookings %" PRId64 " KiB\n", idle, DUE,
	       drain);
	ck_assert_msg(drain * 100 <= idle * MOST_PERCENT,
		      "%" PRId64 " KiB, and %" PRId64 " KiB idle", drain, idle);
}
END_TEST

static void setup(void)
{
	char path[300];
	FILE *file;

	rig_open();
	side_exec(rig.side, "INSERT INTO bk.schema_migrations VALUES (1, '001_core', 'x', '1.0.0'),"
			    " (2, '002_years', 'x', '1.1.0')");
	(void)snprintf(program, sizeof(program), "%s/bkactivate", getenv("BK_BIN"));
	(void)snprintf(path, sizeof(path), "%s/empty.conf", getenv("BK_TEST_DIR"));
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	ck_assert_int_eq(setenv("BK_CONFIG", path, 1), 0);
	ck_assert_int_eq(unsetenv("BK_BIN") + unsetenv("BK_SRC") + unsetenv("BK_TEST_DIR"), 0);
}

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_long_run_needs_no_more_memory_than_an_idle_tick);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Memory: a drain of 300,000 bookings takes no more than a tick with nothing to
 * do. The real program writes its line into a pipe that is full, and while it
 * waits there for a reader its high-water mark is read from /proc.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "rig.h"
#include "suite.h"

/* Under the sanitizer every free leaves something behind. */
#if defined(__SANITIZE_ADDRESS__)
enum { DUE = 20000, MOST_PERCENT = 1000 };
#else
enum { DUE = 300000, MOST_PERCENT = 150 };
#endif

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
	char *argv[] = {NULL, words[0], words[1], words[2], NULL};

	return program_start_into("bkactivate", argv, out);
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
	kib = program_high_water_kib(pid);
	while (read(ends[0], rest, sizeof(rest)) > 0)
		;
	(void)close(ends[0]);
	program_end(pid);
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
	rig_open();
	program_setup("");
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

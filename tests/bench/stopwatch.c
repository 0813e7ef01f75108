/*
 * Times whole processes as whoever starts them sees them, from before the start
 * to the end of the wait, and their peak of memory.
 *
 *     stopwatch TURNS [BEFORE [ARG]...] -- COMMAND [ARG]... [-- COMMAND [ARG]...]
 *
 * Each turn runs every command once, in the order given in even turns and
 * backwards in odd ones, and prints a line with "microseconds kilobytes" of
 * each, in the order given. BEFORE, where there is one, is run before each
 * command, outside of its time. stdout of what is run goes to /dev/null. Ends
 * with 1 as soon as something fails.
 *
 * It links nothing but libc: what a process had before its exec counts as its
 * own peak.
 */
#define _DEFAULT_SOURCE /* wait4() */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 2 };

extern char **environ;

struct measure {
	int64_t us;
	long kb;
};

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool run(char **argv, const posix_spawn_file_actions_t *quiet, struct measure *ret)
{
	struct rusage usage;
	int64_t start = now_us();
	pid_t pid;
	int status;
	int error = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);

	if (error) {
		(void)fprintf(stderr, "stopwatch: %s: %s\n", argv[0], strerror(error));
		return false;
	}
	if (wait4(pid, &status, 0, &usage) != pid) {
		perror("stopwatch: wait4");
		return false;
	}
	*ret = (struct measure){now_us() - start, usage.ru_maxrss};
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	(void)fprintf(stderr, "stopwatch: %s ended with %s %d\n", argv[0],
		      WIFEXITED(status) ? "status" : "signal",
		      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return false;
}

static bool turn(char **before, char **commands[], int count, int number,
		 const posix_spawn_file_actions_t *quiet)
{
	struct measure measures[MOST];
	struct measure ignored;

	for (int i = 0; i < count; i++) {
		int c = number % 2 ? count - 1 - i : i;

		if (before[0] && !run(before, quiet, &ignored))
			return false;
		if (!run(commands[c], quiet, &measures[c]))
			return false;
	}
	for (int i = 0; i < count; i++)
		(void)printf("%s%" PRId64 " %ld", i ? " " : "", measures[i].us, measures[i].kb);
	return printf("\n") > 0;
}

/* Cuts argv at each "--"; returns how many commands follow the first one. */
static int split(char **argv, char **commands[])
{
	int count = 0;

	for (; *argv; argv++) {
		if (strcmp(*argv, "--") != 0)
			continue;
		*argv = NULL;
		if (count == MOST || !argv[1])
			return 0;
		commands[count++] = argv + 1;
	}
	return count;
}

int main(int argc, char **argv)
{
	char **commands[MOST];
	posix_spawn_file_actions_t quiet;
	long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	int count = turns > 0 ? split(argv + 2, commands) : 0;

	if (!count) {
		(void)fprintf(stderr, "usage: stopwatch TURNS [BEFORE [ARG]...] -- COMMAND "
				      "[ARG]... [-- COMMAND [ARG]...]\n");
		return 64;
	}
	if (posix_spawn_file_actions_init(&quiet) ||
	    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0))
		return 1;
	for (int i = 0; i < (int)turns; i++)
		if (!turn(argv + 2, commands, count, i, &quiet))
			return 1;
	(void)posix_spawn_file_actions_destroy(&quiet);
	return fflush(stdout) ? 1 : 0;
}

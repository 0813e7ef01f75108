/*
 * See program.h.
 */
#include "program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "rig.h"

extern char **environ;

static char bin[300];
static char dir[300];

void program_setup(const char *config)
{
	BK_CLEAN(bk_free_str) char *path = NULL;
	FILE *file;

	side_exec(rig.side, "INSERT INTO bk.schema_migrations VALUES (1, '001_core', 'x', '1.0.0'),"
			    " (2, '002_years', 'x', '1.1.0'), (3, '003_keep', 'x', '1.2.0')");
	(void)snprintf(bin, sizeof(bin), "%s", getenv("BK_BIN"));
	(void)snprintf(dir, sizeof(dir), "%s", getenv("BK_TEST_DIR"));
	path = program_file("program.conf");
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(config, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(setenv("BK_CONFIG", path, 1), 0);
	ck_assert_int_eq(unsetenv("BK_BIN") + unsetenv("BK_SRC") + unsetenv("BK_TEST_DIR"), 0);
}

char *program_file(const char *name)
{
	return bk_asprintf("%s/%s", dir, name);
}

pid_t program_start(const char *name, char **argv, posix_spawn_file_actions_t *actions)
{
	BK_CLEAN(bk_free_str) char *program = bk_asprintf("%s/%s", bin, name);
	pid_t pid = 0;

	argv[0] = program;
	ck_assert_int_eq(posix_spawn(&pid, program, actions, NULL, argv, environ), 0);
	argv[0] = NULL;
	(void)posix_spawn_file_actions_destroy(actions);
	return pid;
}

pid_t program_start_into(const char *name, char **argv, int out)
{
	posix_spawn_file_actions_t actions;

	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
	return program_start(name, argv, &actions);
}

void program_end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

int64_t program_high_water_kib(pid_t pid)
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

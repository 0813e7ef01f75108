/*
 * A program of bk as a process of its own, on the rig's database, with nothing of
 * the tests in its environment.
 *
 *     rig_open();
 *     program_setup("");
 *     pid_t pid = program_start("bkactivate", argv, &actions);
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <inttypes.h>
#include <spawn.h>
#include <sys/types.h>

/* After rig_open(): the schema is recorded as applied, and `config` is the text of the
   file that programs read from now on. */
void program_setup(const char *config);

/* A file of the test's directory; free it. */
char *program_file(const char *name);

/* argv[0] is put in; the others are the caller's, NULL is the last. Destroys the actions. */
pid_t program_start(const char *name, char **argv, posix_spawn_file_actions_t *actions);

/* The same with `out` as its standard output. */
pid_t program_start_into(const char *name, char **argv, int out);

/* Waits for its end, with exit status 0. */
void program_end(pid_t pid);

/* The most memory that it has had, in KiB; it must still live. */
int64_t program_high_water_kib(pid_t pid);

#endif

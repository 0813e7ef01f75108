/*
 * Other programs as child processes: never by a shell, with an environment that
 * the caller has chosen, and with what they say on standard error kept for the
 * message. Every wait ends when a signal has come, and then the child is ended.
 *
 *     BK_CLEAN(bk_child_end) struct bk_child child = {.pid = 0};
 *     if ((rc = bk_child_start(&spec, &child, err)) || (rc = bk_child_wait(&child, stop, err)))
 *             return rc;
 *
 * SIGPIPE has to be ignored where a child is fed.
 */
#ifndef BK_BASE_CHILD_H
#define BK_BASE_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

struct bk_child_spec {
	const char *const *argv; /* argv[0] is looked for in PATH; NULL is the last */
	const char *const *env;  /* "NAME=value"; NULL is the last */
	int in;                  /* its standard input, -1 = empty */
	int out;                 /* its standard output, -1 = thrown away */
};

/* Zeroed before its start. */
struct bk_child {
	const char *name; /* argv[0] */
	pid_t pid;        /* 0 = there is none */
	int words;        /* its standard error, to be read */
	struct bk_buf said;
};

/* Set by a signal handler to its number; NULL = signals do not matter. */
typedef const volatile sig_atomic_t *bk_stop;

/* BK_E_CONFIG: there is no such program, or it may not be executed. */
enum bk_rc bk_child_start(const struct bk_child_spec *spec, struct bk_child *ret,
			  struct bk_error *err) BK_NODISCARD;

/* Until it ends. BK_E_RUN for an exit status other than 0 and for a death by a
   signal, with the first error that it told; BK_E_INTERRUPTED, BK_E_TERMINATED. */
enum bk_rc bk_child_wait(struct bk_child *child, bk_stop stop, struct bk_error *err) BK_NODISCARD;

/* Ends it, if it lives, with SIGTERM, and forgets it. */
void bk_child_end(struct bk_child *child);

/* A whole life: `out` (may be NULL, for spec->out) gets what it writes, up to the
   buffer's cap. */
enum bk_rc bk_child_run(const struct bk_child_spec *spec, struct bk_buf *out, bk_stop stop,
			struct bk_error *err) BK_NODISCARD;

/* A pipe whose ends no other child inherits. BK_E_IO. */
enum bk_rc bk_pipe(int ends[2], struct bk_error *err) BK_NODISCARD;

/* Reads what the child writes to the pipe: *ret bytes, 0 at its end. */
enum bk_rc bk_child_read(struct bk_child *child, int from, char *block, size_t size, size_t *ret,
			 bk_stop stop, struct bk_error *err) BK_NODISCARD;

/* Writes all of it to the pipe that the child reads. BK_E_RUN with the child's own
   words when it has gone. */
enum bk_rc bk_child_feed(struct bk_child *child, int to, const char *text, size_t len, bk_stop stop,
			 struct bk_error *err) BK_NODISCARD;

/* Appends what the first error in the text says ("pg_dump: error: ...", or a server's
   message), without the words before it; else the last line. */
void bk_child_complaint(struct bk_buf *out, const char *said);

#endif

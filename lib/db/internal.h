/*
 * What the files of lib/db share about a connection; nobody else includes it.
 */
#ifndef BK_DB_INTERNAL_H
#define BK_DB_INTERNAL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "db/db.h"

struct bk_db {
	PGconn *conn;
	struct bk_clock clock;
	int64_t deadline_ms; /* on clock.mono_ms */
	const volatile sig_atomic_t *interrupted;
	bool held;                  /* signals do not count for now */
	bool cancelled;             /* a cancel request was sent for the statement in flight */
	bool committing;            /* a COMMIT is in flight: it is never cancelled */
	bool at_commit;             /* and everything before it is known to be done */
	int cancel_fd;              /* where the request's end is seen, -1 = none is on its way */
	void (*on_wait)(void *arg); /* NULL = nobody wants to know */
	void *on_wait_arg;
	char target[160];
	char notice[256];
};

/* The next result, waiting for it; NULL in *ret is libpq's own end mark.
   BK_E_UNAVAILABLE when the deadline passed or the connection is gone. */
enum bk_rc bk_db_next(struct bk_db *db, PGresult **ret, struct bk_error *err) BK_NODISCARD;

/* Waits until the socket can be read, or written when `writing`. */
enum bk_rc bk_db_wait(struct bk_db *db, bool writing, struct bk_error *err) BK_NODISCARD;

/* Sends a cancel request for what runs on `conn` and does not wait for it. A
   descriptor that ends when the server has taken it, or -1. */
int bk_db_cancel_start(PGconn *conn);

/* Waits for that end, and closes the descriptor. False when it did not come:
   then the request may hit a later statement. */
bool bk_db_cancel_finish(int fd, int64_t timeout_ms);

/* Fills err from a failed result: SQLSTATE, first line of the message. */
enum bk_rc bk_db_result_error(struct bk_db *db, const char *name, const PGresult *res,
			      struct bk_error *err);

/* Copies the first line of a server's or libpq's message, without "ERROR:". */
void bk_db_first_line(char *dst, size_t size, const char *message);

#endif

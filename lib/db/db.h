/*
 * The only home of libpq: one connection, statements sent as one pipeline with
 * one wait, every wait bounded by a deadline on the monotonic clock.
 *
 *     if ((rc = bk_db_connect(&params, &db, err))) ...
 *     bk_db_deadline(db, 5000);
 *     struct bk_stmt stmts[] = {BK_BEGIN, {.name = "claim", .sql = sql, .shape = BK_ONE_ROW}};
 *     struct bk_rows *rows[2];
 *     if ((rc = bk_db_run(db, stmts, 2, rows, err))) ...
 *     if ((rc = bk_db_commit(db, err))) ...
 *
 * No session state is made: no SET, no prepared statement, nothing that a
 * pooler in transaction mode could hand to somebody else.
 */
#ifndef BK_DB_DB_H
#define BK_DB_DB_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "db/rows.h"

struct bk_db;

struct bk_db_params {
	const char *conninfo; /* from the file: string or URI; NULL = none. PG* variables beat it */
	const char *dbname;   /* -d: name, conninfo string or URI; beats PG*; NULL = none */
	const char *host;     /* -h -p -U; NULL = none */
	const char *port;
	const char *user;
	const char *application; /* application_name */
	bool read_only;          /* any node will do; else target_session_attrs=read-write */
	int64_t connect_timeout_ms;
	struct bk_clock clock;
	/* Set by a signal handler to its number: a wait that sees it cancels the
	   statement, which is then BK_E_INTERRUPTED or BK_E_TERMINATED. */
	const volatile sig_atomic_t *interrupted;
	bool hold_interrupts; /* as by bk_db_hold_interrupts, also while connecting */
};

/*
 * Connects. BK_E_UNAVAILABLE (refused, starting, no such host or database,
 * timeout), BK_E_STANDBY (only standbys), BK_E_LOGIN (authentication),
 * BK_E_PERMISSION, BK_E_USAGE (malformed -d, or a password in it), BK_E_CONFIG
 * (malformed conninfo). No message ever holds a password. Texts are UTF-8, but of
 * a database whose encoding is SQL_ASCII they may be any bytes.
 */
enum bk_rc bk_db_connect(const struct bk_db_params *params, struct bk_db **ret,
			 struct bk_error *err) BK_NODISCARD;
void bk_db_close(struct bk_db *db);
/* For BK_CLEAN. */
void bk_db_clean(struct bk_db **db);

/* From now on every wait ends `ms` milliseconds from now at the latest. */
void bk_db_deadline(struct bk_db *db, int64_t ms);

/* While they are held, signals cancel no wait: for closing the record. */
void bk_db_hold_interrupts(struct bk_db *db, bool hold);

bool bk_db_holds_interrupts(const struct bk_db *db);

/* Calls `fn` again and again while a wait lasts, some five times a second; NULL
   ends it. It must not use the connection. */
void bk_db_on_wait(struct bk_db *db, void (*fn)(void *arg), void *arg);

/* Between two statements: BK_E_INTERRUPTED or BK_E_TERMINATED when a signal has
   come that is not held. */
enum bk_rc bk_db_check_interrupts(const struct bk_db *db, struct bk_error *err) BK_NODISCARD;

/* "host=/run/postgresql port=5432 dbname=x user=y", for messages; no secrets. */
const char *bk_db_target(const struct bk_db *db);
/* The database user; "" when the connection is gone. */
const char *bk_db_user(const struct bk_db *db);
/* What the server said last in a NOTICE or WARNING, one line, "" for nothing. */
const char *bk_db_notice(const struct bk_db *db);

enum bk_shape { BK_NO_ROWS, BK_ONE_ROW, BK_MAYBE_ROW, BK_ANY_ROWS };

struct bk_stmt {
	const char *name; /* for errors: the SQL file's name */
	const char *sql;
	const char *const *params; /* text values; NULL = NULL */
	int param_count;
	enum bk_shape shape;
};

#define BK_BEGIN                                                                                   \
	{                                                                                          \
		.name = "begin", .sql = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",         \
		.shape = BK_NO_ROWS                                                                \
	}
#define BK_BEGIN_READ                                                                              \
	{                                                                                          \
		.name = "begin", .sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",         \
		.shape = BK_NO_ROWS                                                                \
	}
#define BK_COMMIT                                                                                  \
	{                                                                                          \
		.name = "commit", .sql = "COMMIT", .shape = BK_NO_ROWS                             \
	}

/*
 * Sends all statements in one go and waits for all answers. `ret` (may be
 * NULL) gets one result per statement on success; free each. On failure the
 * first error is reported, no result is given, and no transaction is left open:
 * it is rolled back or the connection is gone. A COMMIT among the statements
 * that answers ROLLBACK is a failure; one whose answer is lost, BK_E_UNKNOWN.
 */
enum bk_rc bk_db_run(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
		     struct bk_rows **ret, struct bk_error *err) BK_NODISCARD;

/* COMMIT alone: BK_OK, BK_E_UNKNOWN (no answer), or why it was rolled back. */
enum bk_rc bk_db_commit(struct bk_db *db, struct bk_error *err) BK_NODISCARD;

/* ROLLBACK; never fails: at worst the connection is closed. */
void bk_db_rollback(struct bk_db *db);

/* Several statements separated by semicolons, without parameters, inside the
   transaction that is open. */
enum bk_rc bk_db_script(struct bk_db *db, const char *name, const char *sql,
			struct bk_error *err) BK_NODISCARD;

/* Calls `row` for each row as it arrives; constant memory. A return other than
   BK_OK ends the stream with it. */
typedef enum bk_rc (*bk_row_fn)(void *arg, const struct bk_rows *rows, struct bk_error *err);
enum bk_rc bk_db_stream(struct bk_db *db, const struct bk_stmt *stmt, bk_row_fn row, void *arg,
			struct bk_error *err) BK_NODISCARD;

/* True when the connection is unusable and must be made anew, or db is NULL. */
bool bk_db_lost(const struct bk_db *db);

/* Looks, without waiting, whether a connection that was idle is still there: false when the
   server or the network has ended it, and then it is lost. */
bool bk_db_alive(struct bk_db *db);

/* Appends the version of libpq: "15.16". */
void bk_db_library_version(struct bk_buf *out);

/* The rc for a SQLSTATE of a failed statement. */
enum bk_rc bk_sqlstate_rc(const char *sqlstate);

/* What may be done about a failed statement. */
enum bk_fault {
	BK_FAULT_FINAL,   /* nothing: it would fail again */
	BK_FAULT_PASSING, /* try again: lost connection, lock, deadlock, lack of resources */
	BK_FAULT_SLOW,    /* try again with less: the statement timeout */
	BK_FAULT_ROW,     /* a row is to blame: constraint, data, an exception of a trigger */
};

/* The fault of an error that a function of this module set. */
enum bk_fault bk_fault_of(const struct bk_error *err);

/* An array literal of text elements for a text[] parameter; NULL element = NULL. */
void bk_db_text_array(struct bk_buf *out, const char *const *items, size_t count);

#endif

/*
 * What went wrong, for the caller and for the user.
 *
 * Every function that can fail returns an enum bk_rc and fills the caller's
 * struct bk_error, which lives on the caller's stack: reporting an error never
 * allocates. On the way out each level may put its context in front
 * (bk_error_prefix), so the cause stays last:
 *
 *     if ((rc = bk_table_load(db, mapping, &table, err)))
 *             return bk_error_prefix(err, "checking %s", mapping->table_name);
 *
 * "Another instance has the lease" and "nothing due" are results, not errors.
 *
 * The table behind bk_rc_info() is the only list of error codes and exit
 * statuses; man pages, JSON and the tests follow it.
 */
#ifndef BK_BASE_ERROR_H
#define BK_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum bk_rc {
	BK_OK = 0,
	BK_E_RUN,         /* the run failed: SQL error that no retry mends */
	BK_E_UNHEALTHY,   /* bkstatus health found something (its own exit statuses) */
	BK_E_LEASE_LOST,  /* somebody took the job over; nothing more was written */
	BK_E_UNKNOWN,     /* a commit was sent and its outcome could not be learnt */
	BK_E_PARTIAL,     /* work remains: a limit was reached or rows were set aside */
	BK_E_CANCELLED,   /* work remains: bkmaint cancel ended the run */
	BK_E_TIMEOUT,     /* work remains: the run's budget is used up */
	BK_E_REFUSED,     /* a guard refused the run */
	BK_E_PAUSED,      /* manual run of a paused job without --force */
	BK_E_DISABLED,    /* manual run of a disabled job without --force */
	BK_E_USAGE,       /* bad command line */
	BK_E_NOT_FOUND,   /* no such job, execution or booking */
	BK_E_UNAVAILABLE, /* no usable database: refused, starting, lost */
	BK_E_STANDBY,     /* the database is a read-only standby */
	BK_E_INTERNAL,    /* a bug, or an answer that makes no sense */
	BK_E_IO,          /* writing output or reading a file failed */
	BK_E_BUSY,        /* manual run of a job that runs elsewhere */
	BK_E_PERMISSION,  /* the role lacks a privilege */
	BK_E_LOGIN,       /* the server refused the login */
	BK_E_CONFIG,      /* configuration file, environment or setting */
	BK_E_SCHEMA,      /* bk's schema is missing, older or newer than the program */
	BK_E_MAPPING,     /* the mapping names what the database does not have */
	BK_E_FINDINGS,    /* bkmaint doctor found something */
	BK_E_INTERRUPTED, /* SIGINT */
	BK_E_TERMINATED,  /* SIGTERM */
	BK_RC_COUNT
};

/* Exit statuses, design of the command line; see bk(7). */
enum bk_exit {
	BK_EXIT_OK = 0,
	BK_EXIT_FAILED = 1,
	BK_EXIT_REMAINS = 3,
	BK_EXIT_REFUSED = 4,
	BK_EXIT_USAGE = 64,
	BK_EXIT_NOT_FOUND = 66,
	BK_EXIT_UNAVAILABLE = 69,
	BK_EXIT_INTERNAL = 70,
	BK_EXIT_IO = 74,
	BK_EXIT_BUSY = 75,
	BK_EXIT_PERMISSION = 77,
	BK_EXIT_CONFIG = 78,
	BK_EXIT_SIGINT = 130,
	BK_EXIT_SIGTERM = 143,
};

struct bk_rc_info {
	const char *code; /* stable word in JSON: "DATABASE_UNAVAILABLE" */
	enum bk_exit exit_status;
};

struct bk_error {
	enum bk_rc rc;
	char sqlstate[6]; /* "" when no server said anything */
	char message[512];
	char hint[320]; /* "" when there is none */
	int position;   /* character of the statement that the server names, from 1; 0 = none */
	bool systemic;  /* no row is to blame, whatever the SQLSTATE says */
};

/* The row of the table for `rc`; never NULL. */
const struct bk_rc_info *bk_rc_info(enum bk_rc rc);

/* Fills *err and returns rc. Forgets an earlier SQLSTATE and hint. */
enum bk_rc bk_error_set(struct bk_error *err, enum bk_rc rc, const char *fmt, ...) BK_PRINTF(3, 4);

/* Sets the hint, one line on what to do or type. Returns err->rc. */
enum bk_rc bk_error_hint(struct bk_error *err, const char *fmt, ...) BK_PRINTF(2, 3);

/* Puts "context: " in front of the message. Returns err->rc. */
enum bk_rc bk_error_prefix(struct bk_error *err, const char *fmt, ...) BK_PRINTF(2, 3);

/* The exit status to end several runs with: the graver of the two by the
   order 70 78 77 69 1 4 3 75 0, others (usage, io, signals) before all. */
enum bk_exit bk_exit_worse(enum bk_exit a, enum bk_exit b);

#endif

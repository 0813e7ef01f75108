/*
 * For the tests against PostgreSQL: connections of lib/db to the database of
 * the test, and SQL in one line. What fails fails the test and shows why.
 */
#ifndef TESTS_DB_H
#define TESTS_DB_H

#include <stdint.h>

#include "base/attr.h"
#include "db/db.h"

/* Connects as postgres, or as `user`; the deadline is a minute away. */
struct bk_db *db_open(void);
struct bk_db *db_open_as(const char *user);

/* Statements separated by semicolons, formatted as by printf: % is %%. */
void db_exec(struct bk_db *db, const char *fmt, ...) BK_PRINTF(2, 3);

/* The first cell of the only row; NULL for NULL. Valid until the next call but
   seven. */
const char *db_text(struct bk_db *db, const char *fmt, ...) BK_PRINTF(2, 3);
int64_t db_int(struct bk_db *db, const char *fmt, ...) BK_PRINTF(2, 3);

/* Asks again, without a pause but the server's round trip, until the condition
   (SQL) holds; fails after some ten thousand times. */
void db_wait(struct bk_db *db, const char *condition);

/* Sends one statement that will wait for something, and does not. */
struct bk_side;
struct bk_side *side_open(void);
void side_send(struct bk_side *side, const char *sql);
/* Runs statements on it and waits. */
void side_exec(struct bk_side *side, const char *sql);
/* Waits for what was sent. */
void side_finish(struct bk_side *side);
int side_pid(const struct bk_side *side);
void side_close(struct bk_side *side);

#endif

/*
 * For the tests of lib/view against PostgreSQL: bk's schema as bkmaint migrate
 * makes it, the configuration, and rows as SQL. view_db_open() and
 * view_db_close() are a checked fixture.
 */
#ifndef TESTS_VIEW_DB_H
#define TESTS_VIEW_DB_H

#include <check.h>

#include "conf/conf.h"
#include "db/db.h"

extern struct bk_db *view_db;
extern struct bk_conf *view_conf;

/* A schema without bookings, and the built-in settings. */
void view_db_open(void);
void view_db_close(void);

/* Runs statements separated by semicolons as the owner, in one transaction. */
void view_db_sql(const char *sql);

/* Reads the configuration anew, from this text. */
void view_db_conf(const char *text);

#endif

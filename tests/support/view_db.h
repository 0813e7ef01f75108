/*
 * For the tests of lib/view against PostgreSQL: bk's tables, empty but for a
 * row per job, and a configuration. view_db_open() and view_db_close() are a
 * checked fixture; rows are made by pg_script().
 */
#ifndef TESTS_VIEW_DB_H
#define TESTS_VIEW_DB_H

#include "pg.h"

extern struct bk_conf *view_conf;

/* A schema without a table of bookings, and the built-in settings. */
void view_db_open(void);
void view_db_close(void);

/* Replaces the configuration by one of this text. */
void view_db_conf(const char *text);

#endif

/*
 * For tests against PostgreSQL: the connection that PGHOST and the like name,
 * scripts, single values, bk's own tables, and runs of jobs at an instant of
 * the test's choosing. Everything fails the test that it cannot do.
 */
#ifndef TESTS_PG_H
#define TESTS_PG_H

#include <check.h>
#include <stdbool.h>

#include "conf/conf.h"
#include "db/db.h"
#include "rule/queue.h"
#include "run/run.h"

/* The connection of pg_open(). */
extern struct bk_db *pg_db;

/* A checked fixture: a connection cannot be shared with the process of a test. */
void pg_open(void);
void pg_close(void);

/* Statements separated by semicolons; a transaction unless they say otherwise. */
void pg_script(const char *sql);

/* The one value that a statement gives, or NULL; free() it. */
char *pg_text(const char *sql, const char *const *params, int count);

/* The same as a number. */
int64_t pg_int(const char *sql);

/* The checked configuration of this text. Free with bk_conf_free. */
struct bk_conf *pg_conf(const char *text);

/* bk's own tables as bkmaint migrate makes them, without roles, in the schema of
   the configuration, which must not exist; and a row per job. */
void pg_make_schema(const struct bk_conf *conf);

/* The same in schema bk, whether or not it is there: as it was made, without a row of an
   earlier test. */
void pg_fresh_schema(const struct bk_conf *conf);

/* A run of a job that judges by the instant `at`; it must come out well. By hand
   it ignores the delay. Clear *ret with bk_run_result_clear. */
void pg_run(const struct bk_conf *conf, const char *job, const char *at, bool manual,
	    struct bk_run_result *ret);

/* What is due for a job by the database's own clock. Clear *ret. */
void pg_queue(const struct bk_conf *conf, const char *job, struct bk_queue *ret);

#endif

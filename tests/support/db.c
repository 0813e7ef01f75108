/*
 * SQL for tests; see db.h. The side connection is plain libpq, because lib/db
 * never leaves a statement unanswered.
 */
#include "db.h"

#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SLOTS = 8, TRIES = 20000 };

struct bk_db *db_open_as(const char *user)
{
	const struct bk_db_params params = {
		.user = user,
		.application = "bk:test",
		.connect_timeout_ms = 30000,
		.clock = bk_clock_system(),
	};
	struct bk_db *db = NULL;
	struct bk_error err;

	ck_assert_msg(bk_db_connect(&params, &db, &err) == BK_OK, "%s", err.message);
	bk_db_deadline(db, 60000);
	return db;
}

struct bk_db *db_open(void)
{
	return db_open_as(NULL);
}

static char *format(const char *fmt, va_list args)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char *text = NULL;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	ck_assert_int_ge(len, 0);
	text = bk_calloc((size_t)len + 1, 1);
	(void)vsnprintf(text, (size_t)len + 1, fmt, args);
	return text;
}

void db_exec(struct bk_db *db, const char *fmt, ...)
{
	struct bk_error err;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	bk_db_deadline(db, 60000);
	ck_assert_msg(bk_db_script(db, "test", sql, &err) == BK_OK, "%s\n%s", sql, err.message);
	free(sql);
}

/* A slot of its own for each of the last answers. */
static const char *keep(const char *text)
{
	static char *slots[SLOTS];
	static size_t next;
	char **slot = &slots[next++ % SLOTS];

	free(*slot);
	*slot = bk_strdup(text);
	return *slot;
}

static const char *ask(struct bk_db *db, const char *sql)
{
	const struct bk_stmt stmt = {.name = "test", .sql = sql, .shape = BK_ONE_ROW};
	struct bk_rows *rows = NULL;
	struct bk_error err;
	const char *text;

	bk_db_deadline(db, 60000);
	ck_assert_msg(bk_db_run(db, &stmt, 1, &rows, &err) == BK_OK, "%s\n%s", sql, err.message);
	text = keep(bk_rows_cell(rows, 0, 0));
	bk_rows_free(rows);
	return text;
}

const char *db_text(struct bk_db *db, const char *fmt, ...)
{
	const char *text;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	text = ask(db, sql);
	free(sql);
	return text;
}

int64_t db_int(struct bk_db *db, const char *fmt, ...)
{
	const char *text;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	text = ask(db, sql);
	ck_assert_msg(text != NULL, "%s: NULL", sql);
	free(sql);
	return strtoll(text, NULL, 10);
}

void db_wait(struct bk_db *db, const char *condition)
{
	for (int i = 0; i < TRIES; i++)
		if (strcmp(db_text(db, "SELECT CASE WHEN %s THEN 1 ELSE 0 END", condition), "1") ==
		    0)
			return;
	ck_abort_msg("never came true: %s", condition);
}

struct bk_side {
	PGconn *conn;
};

struct bk_side *side_open(void)
{
	struct bk_side *side = bk_calloc(1, sizeof(*side));

	side->conn = PQconnectdb("application_name=side");
	ck_assert_msg(PQstatus(side->conn) == CONNECTION_OK, "%s", PQerrorMessage(side->conn));
	return side;
}

void side_send(struct bk_side *side, const char *sql)
{
	ck_assert_msg(PQsendQuery(side->conn, sql), "%s", PQerrorMessage(side->conn));
}

void side_finish(struct bk_side *side)
{
	PGresult *res;

	while ((res = PQgetResult(side->conn))) {
		ExecStatusType status = PQresultStatus(res);

		ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s",
			      PQresultErrorMessage(res));
		PQclear(res);
	}
}

void side_exec(struct bk_side *side, const char *sql)
{
	side_send(side, sql);
	side_finish(side);
}

int side_pid(const struct bk_side *side)
{
	return PQbackendPID(side->conn);
}

void side_close(struct bk_side *side)
{
	PQfinish(side->conn);
	free(side);
}

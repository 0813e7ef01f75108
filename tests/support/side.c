/*
 * The other session; see side.h.
 */
#include "side.h"

#include <check.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { SLOTS = 8 };

struct side {
	PGconn *conn;
	char *slots[SLOTS];
	size_t next;
};

struct side *side_open(void)
{
	struct side *side = bk_calloc(1, sizeof(*side));

	/* What a test does beside the run never waits, also where commits are made to. */
	side->conn = PQconnectdb("application_name=side options='-c client_min_messages=warning"
				 " -c synchronous_commit=off'");
	ck_assert_msg(PQstatus(side->conn) == CONNECTION_OK, "%s", PQerrorMessage(side->conn));
	return side;
}

void side_close(struct side *side)
{
	PQfinish(side->conn);
	for (size_t i = 0; i < SLOTS; i++)
		free(side->slots[i]);
	free(side);
}

int side_pid(const struct side *side)
{
	return PQbackendPID(side->conn);
}

static char *format(const char *fmt, va_list args) BK_PRINTF(1, 0);
static char *format(const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	ck_assert_int_ge(len, 0);
	text = bk_calloc((size_t)len + 1, 1);
	(void)vsnprintf(text, (size_t)len + 1, fmt, args);
	return text;
}

static void send_text(struct side *side, const char *sql)
{
	ck_assert_msg(PQsendQuery(side->conn, sql), "%s", PQerrorMessage(side->conn));
}

void side_send(struct side *side, const char *fmt, ...)
{
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	send_text(side, sql);
	free(sql);
}

static void check_result(const PGresult *res, const char *sql)
{
	ExecStatusType status = PQresultStatus(res);

	ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s%.500s",
		      PQresultErrorMessage(res), sql);
}

static void finish(struct side *side, const char *sql)
{
	PGresult *res;

	while ((res = PQgetResult(side->conn))) {
		check_result(res, sql);
		PQclear(res);
	}
}

void side_finish(struct side *side)
{
	finish(side, "");
}

bool side_busy(struct side *side)
{
	(void)PQconsumeInput(side->conn);
	return PQisBusy(side->conn);
}

void side_exec(struct side *side, const char *fmt, ...)
{
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	send_text(side, sql);
	finish(side, sql);
	free(sql);
}

static const char *ask(struct side *side, const char *sql)
{
	char **slot = &side->slots[side->next++ % SLOTS];
	PGresult *res = PQexec(side->conn, sql);

	check_result(res, sql);
	ck_assert_msg(PQntuples(res) == 1, "%d rows of %s", PQntuples(res), sql);
	free(*slot);
	*slot = PQgetisnull(res, 0, 0) ? NULL : bk_strdup(PQgetvalue(res, 0, 0));
	PQclear(res);
	return *slot;
}

const char *side_text(struct side *side, const char *fmt, ...)
{
	const char *text;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	text = ask(side, sql);
	free(sql);
	return text;
}

int64_t side_int(struct side *side, const char *fmt, ...)
{
	const char *text;
	va_list args;
	char *sql;

	va_start(args, fmt);
	sql = format(fmt, args);
	va_end(args);
	text = ask(side, sql);
	ck_assert_msg(text != NULL, "NULL: %s", sql);
	free(sql);
	return strtoll(text, NULL, 10);
}

/*
 * What one would write first, to compare with:
 *
 *     naive rows CONNINFO SELECT UPDATE    fetch every key, update row by row
 *                                          ($1 = key), all in one transaction
 *     naive batches CONNINFO UPDATE        repeat the UPDATE, each time in a
 *                                          transaction of its own, until it
 *                                          changes nothing
 */
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool check(PGconn *conn, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return true;
	(void)fprintf(stderr, "naive: %s", PQerrorMessage(conn));
	return false;
}

static bool run(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	bool ok = check(conn, result);

	PQclear(result);
	return ok;
}

static bool each_row(PGconn *conn, const PGresult *keys)
{
	for (int i = 0; i < PQntuples(keys); i++) {
		const char *const key = PQgetvalue(keys, i, 0);
		PGresult *result = PQexecPrepared(conn, "row", 1, &key, NULL, NULL, 0);
		bool ok = check(conn, result);

		PQclear(result);
		if (!ok)
			return false;
	}
	return true;
}

static bool rows(PGconn *conn, const char *select, const char *update)
{
	PGresult *prepared;
	PGresult *keys;
	bool ok;

	if (!run(conn, "BEGIN"))
		return false;
	prepared = PQprepare(conn, "row", update, 0, NULL);
	keys = PQexec(conn, select);
	ok = check(conn, prepared) && check(conn, keys) && each_row(conn, keys) &&
	     run(conn, "COMMIT");
	PQclear(prepared);
	PQclear(keys);
	return ok;
}

static bool batches(PGconn *conn, const char *update)
{
	bool more = true;

	while (more) {
		PGresult *result = PQexec(conn, update);

		if (!check(conn, result)) {
			PQclear(result);
			return false;
		}
		more = strcmp(PQcmdTuples(result), "0") != 0;
		PQclear(result);
	}
	return true;
}

int main(int argc, char **argv)
{
	PGconn *conn;
	bool ok;

	if (!(argc == 5 && strcmp(argv[1], "rows") == 0) &&
	    !(argc == 4 && strcmp(argv[1], "batches") == 0)) {
		(void)fprintf(stderr, "usage: naive rows CONNINFO SELECT UPDATE\n"
				      "       naive batches CONNINFO UPDATE\n");
		return 64;
	}
	conn = PQconnectdb(argv[2]);
	ok = argc == 5 ? rows(conn, argv[3], argv[4]) : batches(conn, argv[3]);
	PQfinish(conn);
	return !ok;
}

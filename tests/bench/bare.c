/*
 * The least that a program can do with PostgreSQL: connect, one statement,
 * disconnect. What a tick is measured against; also handy to change something
 * between two measurements.
 *
 *     bare CONNINFO STATEMENT
 */
#include <libpq-fe.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	PGconn *conn;
	PGresult *result;
	ExecStatusType status;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: bare CONNINFO STATEMENT\n");
		return 64;
	}
	conn = PQconnectdb(argv[1]);
	result = PQexec(conn, argv[2]);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		(void)fprintf(stderr, "bare: %s", PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

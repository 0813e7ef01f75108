/*
 * Statements over one connection: sending, waiting, and the one loop that
 * reads results. The first error is kept, because a server that ends a session
 * sends the reason before the socket closes.
 */
#include "db/db.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/hook.h"
#include "db/internal.h"

/* A signal that lands just before poll() is seen after this long at most. */
#define WAIT_SLICE_MS 200
/* How long a cancelled statement may take to give its answer. */
#define CANCEL_GRACE_MS 2000

void bk_db_deadline(struct bk_db *db, int64_t ms)
{
	db->deadline_ms = db->clock.mono_ms(db->clock.self) + ms;
}

void bk_db_hold_interrupts(struct bk_db *db, bool hold)
{
	db->held = hold;
}

bool bk_db_holds_interrupts(const struct bk_db *db)
{
	return db->held;
}

void bk_db_on_wait(struct bk_db *db, void (*fn)(void *arg), void *arg)
{
	db->on_wait = fn;
	db->on_wait_arg = arg;
}

const char *bk_db_target(const struct bk_db *db)
{
	return db->target;
}

const char *bk_db_notice(const struct bk_db *db)
{
	return db->notice;
}

void bk_db_library_version(struct bk_buf *out)
{
	bk_buf_fmt(out, "%d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
}

bool bk_db_lost(const struct bk_db *db)
{
	return !db || !db->conn || PQstatus(db->conn) != CONNECTION_OK;
}

void bk_db_first_line(char *dst, size_t size, const char *message)
{
	static const char *const heads[] = {"ERROR:  ", "FATAL:  ", "WARNING:  ", "NOTICE:  "};
	size_t len;

	for (size_t i = 0; i < BK_COUNT(heads); i++)
		if (strncmp(message, heads[i], strlen(heads[i])) == 0)
			message += strlen(heads[i]);
	len = strcspn(message, "\n");
	(void)snprintf(dst, size, "%.*s", (int)(len < size ? len : size), message);
}

/* Gives the connection up: its state is unknown, the server's timeouts end it. */
static void abandon(struct bk_db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
}

static void cancel(struct bk_db *db)
{
	db->cancelled = true;
	bk_db_deadline(db, CANCEL_GRACE_MS);
	db->cancel_fd = bk_db_cancel_start(db->conn);
}

static void begin_trip(struct bk_db *db, bool committing)
{
	db->cancelled = false;
	db->cancel_fd = -1;
	db->committing = committing;
	db->at_commit = false;
}

/* A request to cancel that is still on its way would hit the next statement. */
static void end_trip(struct bk_db *db)
{
	int64_t left = db->deadline_ms - db->clock.mono_ms(db->clock.self);

	db->committing = false;
	if (db->cancel_fd >= 0 && !bk_db_cancel_finish(db->cancel_fd, left) && db->conn)
		abandon(db);
	db->cancel_fd = -1;
}

static bool signalled(const struct bk_db *db)
{
	return db->interrupted && *db->interrupted && !db->held;
}

static enum bk_rc interrupted_rc(const struct bk_db *db)
{
	return *db->interrupted == SIGTERM ? BK_E_TERMINATED : BK_E_INTERRUPTED;
}

/* A request that reached the server before the statement did was forgotten. */
static void cancel_again(struct bk_db *db)
{
	int64_t left = db->deadline_ms - db->clock.mono_ms(db->clock.self);

	if (db->cancel_fd >= 0 && !bk_db_cancel_finish(db->cancel_fd, left)) {
		db->cancel_fd = -1;
		db->deadline_ms = 0; /* the server takes no requests: give it up */
		return;
	}
	db->cancel_fd = bk_db_cancel_start(db->conn);
}

enum bk_rc bk_db_check_interrupts(const struct bk_db *db, struct bk_error *err)
{
	return signalled(db) ? bk_error_set(err, interrupted_rc(db), "stopped by a signal") : BK_OK;
}

enum bk_rc bk_db_wait(struct bk_db *db, bool writing, struct bk_error *err)
{
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};

	if (writing)
		fd.events |= POLLOUT;
	for (;;) {
		int64_t left = db->deadline_ms - db->clock.mono_ms(db->clock.self);
		int ready;

		if (db->on_wait)
			db->on_wait(db->on_wait_arg);
		if (signalled(db) && bk_db_lost(db)) /* not connected yet */
			return bk_error_set(err, interrupted_rc(db), "connecting was given up");
		if (signalled(db) && !db->cancelled && !db->committing)
			cancel(db);
		if (left <= 0) {
			abandon(db);
			return bk_error_set(err, BK_E_UNAVAILABLE,
					    "no answer from the server in time");
		}
		ready = poll(&fd, 1, left < WAIT_SLICE_MS ? (int)left : WAIT_SLICE_MS);
		if (ready > 0)
			return BK_OK;
		if (ready == 0 && db->cancelled)
			cancel_again(db);
		if (ready < 0 && errno != EINTR)
			return bk_error_set(err, BK_E_INTERNAL, "poll: %s", strerror(errno));
	}
}

/* Sends what is buffered, reading meanwhile so that neither side blocks. */
static enum bk_rc flush(struct bk_db *db, struct bk_error *err)
{
	int more;

	while ((more = PQflush(db->conn)) > 0) {
		enum bk_rc rc = bk_db_wait(db, true, err);

		if (rc)
			return rc;
		if (!PQconsumeInput(db->conn))
			break;
	}
	/* A failed send is found again, with the server's last words, by reading. */
	return BK_OK;
}

enum bk_rc bk_db_next(struct bk_db *db, PGresult **ret, struct bk_error *err)
{
	while (PQisBusy(db->conn)) {
		enum bk_rc rc = bk_db_wait(db, false, err);

		if (rc)
			return rc;
		if (!PQconsumeInput(db->conn))
			break;
	}
	*ret = PQgetResult(db->conn);
	return BK_OK;
}

enum bk_rc bk_db_result_error(struct bk_db *db, const char *name, const PGresult *res,
			      struct bk_error *err)
{
	const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *position = PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION);
	char line[400];
	enum bk_rc rc;

	if (!sqlstate)
		sqlstate = PQstatus(db->conn) == CONNECTION_BAD ? "08006" : "XX000";
	bk_db_first_line(line, sizeof(line), primary ? primary : PQresultErrorMessage(res));
	rc = bk_sqlstate_rc(sqlstate);
	if (strcmp(name, "begin") == 0 && strcmp(sqlstate, "0A000") == 0)
		rc = BK_E_STANDBY;
	if (db->cancelled && signalled(db) && strcmp(sqlstate, "57014") == 0)
		rc = interrupted_rc(db);
	bk_error_set(err, rc, "%s: %s", name, line[0] ? line : "connection to the server was lost");
	if (rc == BK_E_STANDBY) {
		bk_error_set(err, rc, "the server is a read-only standby: %s", line);
		bk_error_hint(err, "connect to the primary, or name all hosts of the cluster");
	}
	(void)snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate);
	err->position = position ? (int)strtol(position, NULL, 10) : 0;
	return rc;
}

static enum bk_rc check_shape(const struct bk_stmt *stmt, const PGresult *res, struct bk_error *err)
{
	int rows = PQntuples(res);
	bool fits = stmt->shape == BK_ANY_ROWS || (stmt->shape == BK_ONE_ROW && rows == 1) ||
		    (stmt->shape == BK_MAYBE_ROW && rows <= 1) ||
		    (stmt->shape == BK_NO_ROWS && rows == 0);

	if (!fits)
		return bk_error_set(err, BK_E_INTERNAL,
				    "%s: %d rows where another number was expected", stmt->name,
				    rows);
	return BK_OK;
}

/* Judges one result of a statement. */
static enum bk_rc judge(struct bk_db *db, const struct bk_stmt *stmt, const PGresult *res,
			struct bk_error *err)
{
	ExecStatusType status = PQresultStatus(res);

	if (status == PGRES_PIPELINE_ABORTED)
		return bk_error_set(err, BK_E_INTERNAL, "%s: not run after an error", stmt->name);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return bk_db_result_error(db, stmt->name, res, err);
	/* COMMIT of a failed transaction is "OK" with another tag. */
	if (strcmp(stmt->sql, "COMMIT") == 0 &&
	    strcmp(PQcmdStatus((PGresult *)(uintptr_t)res), "COMMIT") != 0)
		return bk_error_set(err, BK_E_RUN, "the server rolled the transaction back");
	return check_shape(stmt, res, err);
}

/* Reads all results of one statement up to the end mark; keeps the first. */
static enum bk_rc read_stmt(struct bk_db *db, const struct bk_stmt *stmt, struct bk_rows **ret,
			    struct bk_error *err)
{
	enum bk_rc first = BK_OK;

	for (;;) {
		PGresult *res = NULL;
		enum bk_rc rc = bk_db_next(db, &res, err);

		if (rc)
			return rc;
		if (!res)
			return first;
		if (!first)
			first = judge(db, stmt, res, err);
		if (!first && ret && !*ret)
			*ret = (struct bk_rows *)(void *)res;
		else
			PQclear(res);
		if (PQstatus(db->conn) == CONNECTION_BAD)
			return first ? first
				     : bk_error_set(err, BK_E_UNAVAILABLE,
						    "%s: connection to the server was lost",
						    stmt->name);
	}
}

static enum bk_rc send_all(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
			   struct bk_error *err)
{
	for (size_t i = 0; i < count; i++)
		if (!PQsendQueryParams(db->conn, stmts[i].sql, stmts[i].param_count, NULL,
				       stmts[i].params, NULL, NULL, 0))
			return bk_error_set(err, BK_E_UNAVAILABLE, "%s: cannot send",
					    stmts[i].name);
	if (!PQpipelineSync(db->conn))
		return bk_error_set(err, BK_E_UNAVAILABLE, "cannot send");
	return flush(db, err);
}

/* Reads every answer; on an error goes on to the synchronisation point, so
   that the connection can be used again, and reports the first. */
static enum bk_rc read_all(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
			   struct bk_rows **ret, struct bk_error *err)
{
	enum bk_rc first = BK_OK;
	struct bk_error later;
	PGresult *res = NULL;

	for (size_t i = 0; i < count; i++) {
		enum bk_rc rc;

		db->at_commit = db->committing && !first && i + 1 == count;
		rc = read_stmt(db, &stmts[i], ret ? &ret[i] : NULL, first ? &later : err);

		first = first ? first : rc;
		if (bk_db_lost(db))
			return first;
	}
	if (bk_db_next(db, &res, first ? &later : err))
		return first ? first : err->rc;
	if (res && PQresultStatus(res) != PGRES_PIPELINE_SYNC && !first)
		first = bk_error_set(err, BK_E_INTERNAL, "unexpected answer of the server");
	PQclear(res);
	return first;
}

/* The last of them commits what may have been written. */
static bool has_commit(const struct bk_stmt *stmts, size_t count)
{
	const struct bk_stmt read_only = BK_BEGIN_READ;

	return count > 0 && strcmp(stmts[count - 1].sql, "COMMIT") == 0 &&
	       strcmp(stmts[0].sql, read_only.sql) != 0;
}

/*
 * After a failed trip: whether its COMMIT may have been made durable. The server
 * keeps its answers until the end of the trip, so a connection that goes without
 * a word (class 08, also a pooler's) says nothing about any statement. Its last
 * words do: an error before the COMMIT means that there was none. In place of
 * the COMMIT's answer an administrator's FATAL may come after it was durable.
 */
static bool is_unknown(const struct bk_db *db, const struct bk_error *err)
{
	return db->committing && bk_db_lost(db) &&
	       (db->at_commit || !err->sqlstate[0] || strncmp(err->sqlstate, "08", 2) == 0);
}

static enum bk_rc run_raw(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
			  struct bk_rows **ret, struct bk_error *err)
{
	enum bk_rc rc;

	if (bk_db_lost(db))
		return bk_error_set(err, BK_E_UNAVAILABLE, "connection to the server was lost");
	begin_trip(db, has_commit(stmts, count));
	bk_db_hook();
	rc = send_all(db, stmts, count, err);
	bk_db_hook();
	if (!rc)
		rc = read_all(db, stmts, count, ret, err);
	bk_db_hook();
	if (rc && is_unknown(db, err)) {
		const struct bk_error cause = *err;

		rc = bk_error_set(
			err, BK_E_UNKNOWN,
			"the connection was lost during a commit, its outcome is not known: %s",
			cause.message);
	}
	end_trip(db);
	return rc;
}

void bk_db_rollback(struct bk_db *db)
{
	const struct bk_stmt stmt = {.name = "rollback", .sql = "ROLLBACK", .shape = BK_NO_ROWS};
	struct bk_error ignored;
	bool held = db->held;

	if (bk_db_lost(db) || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
		return;
	bk_db_deadline(db, CANCEL_GRACE_MS);
	db->held = true;
	if (run_raw(db, &stmt, 1, NULL, &ignored) && db->conn)
		abandon(db);
	db->held = held;
}

static void free_all(struct bk_rows **rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bk_rows_clean(&rows[i]);
}

enum bk_rc bk_db_run(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
		     struct bk_rows **ret, struct bk_error *err)
{
	enum bk_rc rc;

	for (size_t i = 0; ret && i < count; i++)
		ret[i] = NULL;
	rc = run_raw(db, stmts, count, ret, err);
	if (!rc)
		return BK_OK;
	if (ret)
		free_all(ret, count);
	bk_db_rollback(db);
	return rc;
}

enum bk_rc bk_db_commit(struct bk_db *db, struct bk_error *err)
{
	const struct bk_stmt stmt = BK_COMMIT;

	return bk_db_run(db, &stmt, 1, NULL, err);
}

enum bk_rc bk_db_script(struct bk_db *db, const char *name, const char *sql, struct bk_error *err)
{
	const struct bk_stmt stmt = {.name = name, .sql = sql, .shape = BK_ANY_ROWS};
	enum bk_rc rc;

	if (bk_db_lost(db) || !PQexitPipelineMode(db->conn))
		return bk_error_set(err, BK_E_UNAVAILABLE, "%s: cannot send", name);
	begin_trip(db, false);
	rc = PQsendQuery(db->conn, sql)
		     ? flush(db, err)
		     : bk_error_set(err, BK_E_UNAVAILABLE, "%s: cannot send", name);
	if (!rc)
		rc = read_stmt(db, &stmt, NULL, err);
	if (!bk_db_lost(db) && !PQenterPipelineMode(db->conn))
		abandon(db);
	end_trip(db);
	if (rc)
		bk_db_rollback(db);
	return rc;
}

/* One result of a stream. Rows that nobody wants any more are not waited for. */
static enum bk_rc stream_one(struct bk_db *db, const struct bk_stmt *stmt, const PGresult *res,
			     bk_row_fn row, void *arg, struct bk_error *err)
{
	enum bk_rc rc;

	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return BK_OK;
	if (PQresultStatus(res) != PGRES_SINGLE_TUPLE)
		return bk_db_result_error(db, stmt->name, res, err);
	rc = row(arg, (const struct bk_rows *)(const void *)res, err);
	if (rc && !db->cancelled)
		cancel(db);
	return rc;
}

/* Hands rows over one at a time until the result ends. */
static enum bk_rc stream_rows(struct bk_db *db, const struct bk_stmt *stmt, bk_row_fn row,
			      void *arg, struct bk_error *err)
{
	enum bk_rc first = BK_OK;

	for (;;) {
		PGresult *res = NULL;
		enum bk_rc rc = bk_db_next(db, &res, err);

		if (rc || !res)
			return rc ? rc : first;
		if (!first)
			first = stream_one(db, stmt, res, row, arg, err);
		PQclear(res);
		if (PQstatus(db->conn) == CONNECTION_BAD)
			return first ? first
				     : bk_error_set(err, BK_E_UNAVAILABLE, "connection lost");
	}
}

enum bk_rc bk_db_stream(struct bk_db *db, const struct bk_stmt *stmt, bk_row_fn row, void *arg,
			struct bk_error *err)
{
	struct bk_error later;
	PGresult *res = NULL;
	enum bk_rc rc;

	if (bk_db_lost(db))
		return bk_error_set(err, BK_E_UNAVAILABLE, "connection to the server was lost");
	begin_trip(db, false);
	rc = send_all(db, stmt, 1, err);
	if (!rc && !PQsetSingleRowMode(db->conn))
		rc = bk_error_set(err, BK_E_INTERNAL, "%s: no single-row mode", stmt->name);
	if (!rc)
		rc = stream_rows(db, stmt, row, arg, err);
	if (!bk_db_lost(db) && !bk_db_next(db, &res, &later))
		PQclear(res);
	end_trip(db);
	if (rc)
		bk_db_rollback(db);
	return rc;
}

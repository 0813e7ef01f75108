/*
 * What ends a wait before its answer: a deadline, a terminated session, a
 * signal; and what is known then about a commit. No wait here is by the client:
 * another session holds a lock.
 */
#include "db/db.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/internal.h"
#include "db/tx.h"
#include "pg.h"
#include "side.h"
#include "suite.h"

static struct side *side;
static struct bk_error err;
static volatile sig_atomic_t interrupted;

static void setup(void)
{
	interrupted = 0;
	pg_open();
	pg_db->interrupted = &interrupted;
	side = side_open();
	side_exec(side, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int PRIMARY KEY)");
}

static void teardown(void)
{
	side_close(side);
	pg_close();
}

/* The deadline is the one that the caller set. */
static enum bk_rc run_soon(const char *sql, enum bk_shape shape)
{
	const struct bk_stmt s = {.name = "one", .sql = sql, .shape = shape};

	return bk_db_run(pg_db, &s, 1, NULL, &err);
}

static enum bk_rc run_one(const char *sql, enum bk_shape shape)
{
	bk_db_deadline(pg_db, 60000);
	return run_soon(sql, shape);
}

/* The connection can be used, and no transaction is open on it. */
static void assert_idle(void)
{
	interrupted = 0;
	ck_assert(!bk_db_lost(pg_db));
	ck_assert_str_eq(side_text(side, "SELECT state FROM pg_stat_activity WHERE pid = %d",
				   PQbackendPID(pg_db->conn)),
			 "idle");
	ck_assert_int_eq(pg_int("SELECT 42"), 42);
}

static enum bk_rc ignore_row(void *arg, const struct bk_rows *rows, struct bk_error *error)
{
	(void)arg;
	(void)rows;
	(void)error;
	return BK_OK;
}

static enum bk_rc stream(const char *sql)
{
	const struct bk_stmt s = {.name = "list", .sql = sql, .shape = BK_ANY_ROWS};

	bk_db_deadline(pg_db, 60000);
	return bk_db_stream(pg_db, &s, ignore_row, NULL, &err);
}

START_TEST(a_deadline_ends_the_wait_for_a_server_that_does_not_answer)
{
	side_exec(side, "BEGIN; LOCK TABLE t");
	pg_script("SET lock_timeout = 0; SET statement_timeout = 0");
	bk_db_deadline(pg_db, 150);
	ck_assert_int_eq(run_soon("SELECT count(*) FROM t", BK_ONE_ROW), BK_E_UNAVAILABLE);
	ck_assert_str_eq(err.message, "no answer from the server in time");
	ck_assert(bk_db_lost(pg_db));
	ck_assert_int_eq(run_one("SELECT 1", BK_ONE_ROW), BK_E_UNAVAILABLE);
	ck_assert_int_eq(bk_db_script(pg_db, "script", "SELECT 1", &err), BK_E_UNAVAILABLE);
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_E_UNAVAILABLE);
	bk_db_rollback(pg_db);
}
END_TEST

/* Sends what ends the session `pid` once it waits for a lock. */
static void send_killer(struct side *killer, int pid)
{
	side_send(
		killer,
		"DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE pid = %d AND NOT granted)"
		" LOOP PERFORM pg_sleep(0.01); END LOOP; PERFORM pg_terminate_backend(%d); END $$",
		pid, pid);
}

START_TEST(a_session_that_is_terminated_is_lost_with_its_reason)
{
	struct side *killer = side_open();

	side_exec(side, "BEGIN; LOCK TABLE t");
	send_killer(killer, PQbackendPID(pg_db->conn));
	ck_assert_int_eq(run_one("SELECT count(*) FROM t", BK_ONE_ROW), BK_E_UNAVAILABLE);
	ck_assert_str_eq(err.sqlstate, "57P01");
	ck_assert(bk_db_lost(pg_db));
	side_finish(killer);
	side_close(killer);
}
END_TEST

START_TEST(a_session_terminated_while_idle_is_noticed_by_the_next_statement)
{
	const struct bk_stmt stmts[] = {
		BK_BEGIN, {"one", "SELECT 1", NULL, 0, BK_ONE_ROW}, BK_COMMIT};

	side_exec(side, "SELECT pg_terminate_backend(%d)", PQbackendPID(pg_db->conn));
	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(bk_db_run(pg_db, stmts, BK_COUNT(stmts), NULL, &err), BK_E_UNAVAILABLE);
	ck_assert(bk_db_lost(pg_db));
	ck_assert_str_ne(err.message, "");
}
END_TEST

START_TEST(an_idle_connection_that_lives_is_not_taken_for_lost)
{
	ck_assert(bk_db_alive(pg_db));
	pg_script("LISTEN news");
	side_exec(side, "NOTIFY news; NOTIFY news, 'more'");
	ck_assert(bk_db_alive(pg_db));
	assert_idle();
	ck_assert(bk_db_alive(pg_db));
}
END_TEST

/* The session leaves the server's list before its process closes the socket. */
START_TEST(an_idle_connection_that_the_server_ended_is_noticed_without_a_statement)
{
	int looks = 0;

	side_exec(side, "SELECT pg_terminate_backend(%d, 60000)", PQbackendPID(pg_db->conn));
	while (bk_db_alive(pg_db) && ++looks < 1000)
		side_exec(side, "SELECT pg_sleep(0.01)");
	ck_assert_int_lt(looks, 1000);
	ck_assert(bk_db_lost(pg_db));
	ck_assert(!bk_db_alive(pg_db));
}
END_TEST

static const char *const deferred_lock =
	"CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS"
	" 'BEGIN LOCK TABLE t; RETURN NULL; END';"
	"CREATE TEMPORARY TABLE late (n int);"
	"CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED"
	" FOR EACH ROW EXECUTE FUNCTION pg_temp.wait()";

START_TEST(a_connection_lost_during_commit_leaves_the_outcome_unknown)
{
	struct side *killer = side_open();

	pg_script(deferred_lock);
	side_exec(side, "BEGIN; LOCK TABLE t");
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO late VALUES (1)", BK_NO_ROWS), BK_OK);
	send_killer(killer, PQbackendPID(pg_db->conn));
	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_E_UNKNOWN);
	ck_assert(bk_db_lost(pg_db));
	side_finish(killer);
	side_close(killer);
}
END_TEST

START_TEST(a_commit_without_an_answer_in_time_is_unknown)
{
	pg_script(deferred_lock);
	side_exec(side, "BEGIN; LOCK TABLE t");
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO late VALUES (1)", BK_NO_ROWS), BK_OK);
	bk_db_deadline(pg_db, 150);
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_E_UNKNOWN);
}
END_TEST

/* A whole transaction in one trip. */
static enum bk_rc run_between(struct bk_stmt begin, const char *sql, enum bk_shape shape)
{
	const struct bk_stmt stmts[] = {begin, {"one", sql, NULL, 0, shape}, BK_COMMIT};

	bk_db_deadline(pg_db, 60000);
	return bk_db_run(pg_db, stmts, BK_COUNT(stmts), NULL, &err);
}

/* The server's answers come to nobody, as over a network that is cut. */
static void lose_answers(void)
{
	ck_assert_int_eq(shutdown(PQsocket(pg_db->conn), SHUT_RD), 0);
}

/* The server keeps the first statement's answer until the end of the trip, so
   what seems to have failed at the first may be committed. */
START_TEST(a_trip_with_a_commit_that_goes_without_a_word_is_unknown)
{
	lose_answers();
	ck_assert_int_eq(
		run_between((struct bk_stmt)BK_BEGIN, "INSERT INTO t VALUES (1)", BK_NO_ROWS),
		BK_E_UNKNOWN);
	ck_assert(bk_db_lost(pg_db));
	side_exec(side, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM t) LOOP"
			" PERFORM pg_sleep(0.01); END LOOP; END $$");
}
END_TEST

START_TEST(a_trip_that_only_reads_has_no_unknown_outcome)
{
	lose_answers();
	ck_assert_int_eq(
		run_between((struct bk_stmt)BK_BEGIN_READ, "SELECT count(*) FROM t", BK_ONE_ROW),
		BK_E_UNAVAILABLE);
}
END_TEST

START_TEST(a_check_has_no_unknown_outcome)
{
	const struct bk_tx_limits limits = {.statement_ms = 60000, .lock_ms = 60000};
	const struct bk_stmt stmt = {"one", "SELECT 1", NULL, 0, BK_ONE_ROW};

	ck_assert_int_eq(bk_tx_one(pg_db, BK_TX_CHECK, &limits, &stmt, NULL, &err), BK_OK);
	lose_answers();
	ck_assert_int_eq(bk_tx_one(pg_db, BK_TX_CHECK, &limits, &stmt, NULL, &err),
			 BK_E_UNAVAILABLE);
}
END_TEST

START_TEST(a_trip_ended_before_its_commit_is_not_unknown)
{
	struct side *killer = side_open();

	side_exec(side, "BEGIN; LOCK TABLE t");
	send_killer(killer, PQbackendPID(pg_db->conn));
	ck_assert_int_eq(
		run_between((struct bk_stmt)BK_BEGIN, "INSERT INTO t VALUES (1)", BK_NO_ROWS),
		BK_E_UNAVAILABLE);
	ck_assert_str_eq(err.sqlstate, "57P01");
	side_finish(killer);
	side_close(killer);
}
END_TEST

START_TEST(a_trip_ended_in_its_commit_is_unknown)
{
	struct side *killer = side_open();

	pg_script(deferred_lock);
	side_exec(side, "BEGIN; LOCK TABLE t");
	send_killer(killer, PQbackendPID(pg_db->conn));
	ck_assert_int_eq(
		run_between((struct bk_stmt)BK_BEGIN, "INSERT INTO late VALUES (1)", BK_NO_ROWS),
		BK_E_UNKNOWN);
	side_finish(killer);
	side_close(killer);
}
END_TEST

static const struct {
	int number;
	enum bk_rc rc;
} signals[] = {{SIGINT, BK_E_INTERRUPTED}, {SIGTERM, BK_E_TERMINATED}};

START_TEST(a_signal_cancels_the_statement)
{
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO t VALUES (1)", BK_NO_ROWS), BK_OK);
	interrupted = signals[_i].number;
	ck_assert_int_eq(run_one("SELECT pg_sleep(100)", BK_ONE_ROW), signals[_i].rc);
	ck_assert_str_eq(err.sqlstate, "57014");
	assert_idle();
	interrupted = 0;
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

/* A cancel that arrived late would hit what comes next. */
START_TEST(what_follows_a_cancelled_statement_is_left_alone)
{
	for (int i = 0; i < 100; i++) {
		interrupted = SIGINT;
		(void)run_one("SELECT count(*) FROM generate_series(1, 3000)", BK_ONE_ROW);
		interrupted = 0;
		for (int k = 0; k < 5; k++)
			ck_assert_msg(run_one("SELECT 1", BK_ONE_ROW) == BK_OK, "%d: %s", i,
				      err.message);
	}
}
END_TEST

START_TEST(a_rollback_is_not_cancelled)
{
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
		ck_assert_int_eq(run_one("INSERT INTO t SELECT g FROM generate_series(1, 100) g",
					 BK_NO_ROWS),
				 BK_OK);
		interrupted = SIGINT;
		bk_db_rollback(pg_db);
		interrupted = 0;
		ck_assert(!bk_db_lost(pg_db));
		ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
	}
}
END_TEST

START_TEST(a_commit_is_not_cancelled)
{
	pg_script(deferred_lock);
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO late VALUES (1)", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO t VALUES (1)", BK_NO_ROWS), BK_OK);
	side_exec(side, "BEGIN");
	side_exec(side, "SELECT count(*) FROM t");
	side_send(side, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
			" PERFORM pg_sleep(0.01); END LOOP; PERFORM pg_sleep(0.4); END $$; COMMIT");
	interrupted = SIGINT;
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_OK);
	side_finish(side);
	interrupted = 0;
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 1);
}
END_TEST

START_TEST(held_signals_cancel_nothing)
{
	interrupted = SIGTERM;
	bk_db_hold_interrupts(pg_db, true);
	ck_assert_int_eq(run_one("SELECT pg_sleep(0.3)", BK_ONE_ROW), BK_OK);
	bk_db_hold_interrupts(pg_db, false);
	ck_assert_int_eq(run_one("SELECT pg_sleep(100)", BK_ONE_ROW), BK_E_TERMINATED);
}
END_TEST

/* A frozen machine takes connections and says nothing: PQcancel would wait for ever. */
START_TEST(a_cancel_request_that_is_not_taken_does_not_block)
{
	const char *file = side_text(
		side, "SELECT current_setting('data_directory') || '/postmaster.pid'");
	FILE *in = fopen(file, "r");
	long postmaster = 0;
	enum bk_rc rc;

	ck_assert_ptr_nonnull(in);
	ck_assert_int_eq(fscanf(in, "%ld", &postmaster), 1);
	(void)fclose(in);
	ck_assert_int_eq(kill((pid_t)postmaster, SIGSTOP), 0);
	interrupted = SIGINT;
	bk_db_deadline(pg_db, 60000);
	rc = run_one("SELECT pg_sleep(20)", BK_ONE_ROW);
	(void)kill((pid_t)postmaster, SIGCONT);
	ck_assert_int_eq(rc, BK_E_UNAVAILABLE);
	ck_assert(bk_db_lost(pg_db));
}
END_TEST

START_TEST(a_stream_is_cancelled_by_a_signal)
{
	interrupted = SIGINT;
	ck_assert_int_eq(stream("SELECT 1 AS g FROM pg_sleep(100)"), BK_E_INTERRUPTED);
	assert_idle();
}
END_TEST

START_TEST(a_stream_of_a_terminated_session_is_lost)
{
	struct side *killer = side_open();
	side_exec(side, "BEGIN; LOCK TABLE t");
	send_killer(killer, PQbackendPID(pg_db->conn));
	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(stream("SELECT n AS g FROM t"), BK_E_UNAVAILABLE);
	ck_assert(bk_db_lost(pg_db));
	side_finish(killer);
	side_close(killer);
}
END_TEST

/* A socket in a directory of its own on which nobody accepts. */
static int listen_silently(struct sockaddr_un *address)
{
	const char *dir = getenv("BK_TEST_DIR");
	const char *port = getenv("PGPORT");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	address->sun_family = AF_UNIX;
	(void)snprintf(address->sun_path, sizeof(address->sun_path), "%s/.s.PGSQL.%s", dir, port);
	(void)unlink(address->sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)(void *)address, sizeof(*address)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	return fd;
}

static enum bk_rc connect_silently(int64_t timeout_ms)
{
	struct sockaddr_un address = {0};
	int fd = listen_silently(&address);
	const struct bk_db_params params = {
		.host = getenv("BK_TEST_DIR"),
		.application = "bk:test",
		.connect_timeout_ms = timeout_ms,
		.clock = bk_clock_system(),
		.interrupted = &interrupted,
	};
	struct bk_db *db = NULL;
	enum bk_rc rc = bk_db_connect(&params, &db, &err);

	ck_assert_ptr_null(db);
	(void)close(fd);
	(void)unlink(address.sun_path);
	return rc;
}

START_TEST(a_server_that_accepts_nobody_is_given_up_in_time)
{
	ck_assert_int_eq(connect_silently(150), BK_E_UNAVAILABLE);
	ck_assert_str_eq(err.message, "no answer from the server in time");
}
END_TEST

START_TEST(connecting_is_given_up_at_a_signal)
{
	interrupted = SIGTERM;
	ck_assert_int_eq(connect_silently(60000), BK_E_TERMINATED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lost");
	TCase *tc = tcase_create("lost");

	tcase_add_checked_fixture(tc, setup, teardown);
	ADD(tc, a_deadline_ends_the_wait_for_a_server_that_does_not_answer);
	ADD(tc, a_session_that_is_terminated_is_lost_with_its_reason);
	ADD(tc, a_session_terminated_while_idle_is_noticed_by_the_next_statement);
	ADD(tc, an_idle_connection_that_lives_is_not_taken_for_lost);
	ADD(tc, an_idle_connection_that_the_server_ended_is_noticed_without_a_statement);
	ADD(tc, a_stream_of_a_terminated_session_is_lost);
	ADD(tc, a_connection_lost_during_commit_leaves_the_outcome_unknown);
	ADD(tc, a_commit_without_an_answer_in_time_is_unknown);
	ADD(tc, a_trip_with_a_commit_that_goes_without_a_word_is_unknown);
	ADD(tc, a_trip_that_only_reads_has_no_unknown_outcome);
	ADD(tc, a_check_has_no_unknown_outcome);
	ADD(tc, a_trip_ended_before_its_commit_is_not_unknown);
	ADD(tc, a_trip_ended_in_its_commit_is_unknown);
	ADD_ROWS(tc, a_signal_cancels_the_statement, signals);
	ADD(tc, a_stream_is_cancelled_by_a_signal);
	ADD(tc, what_follows_a_cancelled_statement_is_left_alone);
	ADD(tc, a_rollback_is_not_cancelled);
	ADD(tc, a_commit_is_not_cancelled);
	ADD(tc, held_signals_cancel_nothing);
	ADD(tc, a_cancel_request_that_is_not_taken_does_not_block);
	ADD(tc, a_server_that_accepts_nobody_is_given_up_in_time);
	ADD(tc, connecting_is_given_up_at_a_signal);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

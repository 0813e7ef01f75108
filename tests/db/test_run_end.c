/*
 * How a run ends when it does not end well: guard, budget, signals, errors of
 * the company's own triggers, a lost lease, a lost connection; and that it ends
 * exactly once, whoever else is at work.
 */
#include "run/run.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "suite.h"

static volatile sig_atomic_t interrupted;

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	interrupted = 0;
	pg_db->interrupted = &interrupted;
}

/* "STATUS processed error_code" of the execution. */
static const char *record(int id)
{
	return side_text(rig.side,
			 "SELECT concat_ws(' ', status, processed_count, error_code) FROM"
			 " bk.maintenance_executions WHERE id = %d",
			 id);
}

static const char *job_column(const char *column)
{
	return side_text(
		rig.side,
		"SELECT (%s)::text FROM bk.scheduler_job_info WHERE job_name = 'activate-due'",
		column);
}

static int64_t changed(void)
{
	return side_int(rig.side, "SELECT count(*) FROM audit");
}

static int64_t changed_twice(void)
{
	return side_int(rig.side, "SELECT count(*) - count(DISTINCT id) FROM audit");
}

/* --- the guard --- */

static const struct {
	int due;
	int64_t first_run_limit;
	int64_t allow;
	int64_t limit;
	enum bk_rc rc;
} guards[] = {
	{10, 10, -1, -1, BK_OK},        {11, 10, -1, -1, BK_E_REFUSED}, {11, 10, 11, -1, BK_OK},
	{12, 10, 11, -1, BK_E_REFUSED}, {11, 10, 5, -1, BK_E_REFUSED},  {11, 0, -1, -1, BK_OK},
	{12, 10, -1, 10, BK_E_PARTIAL}, {12, 10, -1, 11, BK_E_REFUSED},
};

START_TEST(a_first_run_that_would_change_too_much_is_refused)
{
	rig_due(guards[_i].due);
	rig.request.first_run_limit = guards[_i].first_run_limit;
	rig.request.allow = guards[_i].allow;
	rig.request.limit = guards[_i].limit;
	ck_assert_int_eq(rig_run(), guards[_i].rc);
	if (guards[_i].rc != BK_E_REFUSED)
		return;
	ck_assert_str_eq(record(1), "REFUSED 0 REFUSED");
	ck_assert_str_eq(rig.result.status, "REFUSED");
	ck_assert_ptr_nonnull(strstr(rig.err.message, "activate-due"));
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "--allow"));
	ck_assert_int_eq(changed(), 0);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_str_eq(job_column("status"), "ERROR");
	ck_assert_str_eq(job_column("retry_count"), "1");
}
END_TEST

START_TEST(after_a_success_the_guard_of_the_first_run_is_off)
{
	rig_due(3);
	rig.request.first_run_limit = 5;
	ck_assert_int_eq(rig_run(), BK_OK);
	rig_due(20);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 20);
}
END_TEST

START_TEST(a_first_run_that_was_cut_short_is_no_success)
{
	rig_due(20);
	rig.request.first_run_limit = 5;
	rig.request.limit = 5;
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	rig.request.limit = -1;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
}
END_TEST

/* --- the budget --- */

static void jump_after_two(int n)
{
	if (n == 2)
		rig.jump_ms = 3600000;
}

START_TEST(a_run_ends_at_its_timeout_and_keeps_what_it_committed)
{
	rig_due(23);
	rig.after_commit = jump_after_two;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	ck_assert_int_eq(bk_rc_info(BK_E_TIMEOUT)->exit_status, BK_EXIT_REMAINS);
	ck_assert_str_eq(rig.result.status, "TIMEOUT");
	ck_assert_int_eq(rig.result.processed, 10);
	ck_assert_str_eq(record(1), "TIMEOUT 10 TIMEOUT");
	ck_assert_int_eq(changed(), 10);
	rig.jump_ms = 0;
	rig.after_commit = NULL;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 13);
	ck_assert_int_eq(changed_twice(), 0);
}
END_TEST

static void hold_and_jump(int n)
{
	if (n != 3)
		return;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	rig.jump_ms = 3600000;
}

START_TEST(a_statement_that_the_end_of_the_budget_cuts_short_is_a_timeout)
{
	rig_due(23);
	rig.before_batch = hold_and_jump;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(record(1), "TIMEOUT 10 TIMEOUT");
	ck_assert_int_eq(changed(), 10);
}
END_TEST

static void hold_table(int n)
{
	if (n == 2)
		side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
}

static const struct {
	int64_t statement_ms;
	int64_t lock_ms;
	const char *sqlstate;
} stuck[] = {{10000, 50, "55P03"}, {50, 10000, "57014"}};

START_TEST(a_table_that_stays_locked_is_an_error_and_the_run_is_closed)
{
	rig_due(12);
	rig.request.statement_timeout_ms = stuck[_i].statement_ms;
	rig.request.lock_timeout_ms = stuck[_i].lock_ms;
	rig.before_batch = hold_table;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, stuck[_i].sqlstate);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_str_eq(record(1), "ERROR 5 RUN_FAILED");
	ck_assert_str_eq(job_column("status"), "ERROR");
}
END_TEST

/* --- errors of the table --- */

static void break_the_table(int n)
{
	if (n == 3)
		side_exec(rig.side,
			  "CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql"
			  " AS $$ BEGIN RAISE EXCEPTION 'the ledger is closed'; END $$");
}

START_TEST(an_exception_of_a_trigger_ends_the_run_and_is_recorded)
{
	rig_due(23);
	rig.before_batch = break_the_table;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, "P0001");
	ck_assert_str_eq(record(1), "ERROR 10 RUN_FAILED");
	ck_assert_ptr_nonnull(strstr(side_text(rig.side, "SELECT error_message FROM"
							 " bk.maintenance_executions"),
				     "the ledger is closed"));
	ck_assert_int_eq(changed(), 10);
	ck_assert_str_eq(job_column("last_execution_status"), "ERROR");
	ck_assert_str_eq(
		job_column("retry_count || ' ' || total_failures || ' ' || total_processed"),
		"1 1 10");
	ck_assert_ptr_nonnull(strstr(job_column("error_message"), "the ledger is closed"));
}
END_TEST

static void revoke_update(int n)
{
	if (n == 2)
		side_exec(rig.side, "DROP TABLE bookings CASCADE");
}

START_TEST(a_table_that_vanishes_during_the_run_is_recorded)
{
	rig_due(12);
	rig.before_batch = revoke_update;
	ck_assert_int_eq(rig_run(), BK_E_SCHEMA);
	ck_assert_str_eq(record(1), "ERROR 5 SCHEMA");
}
END_TEST

/* --- signals --- */

static const struct {
	int number;
	enum bk_rc rc;
} signals[] = {{SIGINT, BK_E_INTERRUPTED}, {SIGTERM, BK_E_TERMINATED}};

static int number;

static void interrupt_two(int n)
{
	if (n == 2) {
		side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
		interrupted = number;
	}
}

START_TEST(a_signal_during_a_batch_cancels_it_and_closes_the_record)
{
	number = signals[_i].number;
	rig_due(12);
	rig.before_batch = interrupt_two;
	ck_assert_int_eq(rig_run(), signals[_i].rc);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.result.status, "CANCELLED");
	ck_assert_int_eq(rig.result.processed, 5);
	ck_assert_int_eq(changed(), 5);
	ck_assert_str_eq(job_column("status"), "IDLE");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

static void interrupt_now(int n)
{
	if (n == 1)
		interrupted = SIGINT;
}

START_TEST(a_signal_between_batches_stops_the_run)
{
	rig_due(2000);
	rig.request.batch_size = 1;
	rig.after_commit = interrupt_now;
	ck_assert_int_eq(rig_run(), BK_E_INTERRUPTED);
	ck_assert_str_eq(rig.result.status, "CANCELLED");
	ck_assert_int_lt(rig.batches, 10);
}
END_TEST

START_TEST(after_a_run_signals_count_again)
{
	rig_due(1);
	ck_assert_int_eq(rig_run(), BK_OK);
	rig_due(12);
	number = SIGTERM;
	rig.before_batch = interrupt_two;
	ck_assert_int_eq(rig_run(), BK_E_TERMINATED);
	side_exec(rig.side, "ROLLBACK");
}
END_TEST

/* --- the lease --- */

static void steal_lease(int n)
{
	if (n == 3)
		side_exec(rig.side, "UPDATE bk.execution_workers SET token = token + 1");
}

START_TEST(a_lost_lease_rolls_the_batch_back_and_nothing_more_is_written)
{
	rig_due(23);
	rig.before_batch = steal_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_int_eq(bk_rc_info(BK_E_LEASE_LOST)->exit_status, BK_EXIT_FAILED);
	ck_assert_int_eq(rig.batches, 3);
	ck_assert_int_eq(changed(), 10);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions"), 2);
	ck_assert_str_eq(record(1), "RUNNING 0");
	ck_assert_ptr_null(rig.result.status);
}
END_TEST

static struct bk_run_result elsewhere;

static void expire_lease(void)
{
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
}

static void take_over_at_three(int n)
{
	if (n == 3)
		expire_lease();
}

START_TEST(who_was_taken_over_stops_and_each_booking_is_changed_once)
{
	rig_due(23);
	rig.before_batch = take_over_at_three;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(record(2), "SUCCESS 13");
	ck_assert_int_eq(changed(), 23);
	ck_assert_int_eq(changed_twice(), 0);
	ck_assert_str_eq(job_column("total_processed"), "23");
	bk_run_result_clear(&elsewhere);
}
END_TEST

START_TEST(who_was_taken_over_before_the_end_does_not_close_the_record)
{
	rig_due(7);
	rig.before_end = expire_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(record(1), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(job_column("last_execution_status"), "SUCCESS");
	ck_assert_str_eq(job_column("total_processed"), "7");
	bk_run_result_clear(&elsewhere);
}
END_TEST

static void complete_ledger(int n)
{
	if (n == 2)
		side_exec(rig.side, "UPDATE bk.execution_workers SET batch_no = batch_no + 1");
}

START_TEST(a_batch_that_was_done_already_is_not_done_again)
{
	rig_due(12);
	rig.before_batch = complete_ledger;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_int_eq(changed(), 5);
}
END_TEST

/* Claim and end lock the same rows: in one order, or one of them would die of a
   deadlock. The other session does what a claim of an expired lease does. */
static void take_over_while_ending(void)
{
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	side_send(rig.side,
		  "BEGIN; SELECT 1 FROM bk.scheduler_job_info FOR NO KEY UPDATE;"
		  "SELECT 1 FROM bk.execution_workers FOR UPDATE SKIP LOCKED;"
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  " PERFORM pg_sleep(0.01); END LOOP; END $$;"
		  "UPDATE bk.maintenance_executions SET status = 'ABANDONED', finished_at = now();"
		  "DELETE FROM bk.execution_workers; COMMIT");
	/* The end must not be sent before the other one has its locks. */
	struct side *look = side_open();
	while (!side_int(look,
			 "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'side'"
			 " AND query LIKE 'BEGIN; SELECT%%' AND wait_event = 'PgSleep'"))
		;
	side_close(look);
}

START_TEST(a_claim_and_an_end_at_one_moment_do_not_deadlock)
{
	rig_due(3);
	rig.before_end = take_over_while_ending;
	ck_assert_msg(rig_run() == BK_E_LEASE_LOST, "%s", rig.err.message);
	side_finish(rig.side);
	ck_assert_str_eq(record(1), "ABANDONED 0");
}
END_TEST

/* --- the connection --- */

static void terminate(int n)
{
	if (n == 3)
		side_exec(rig.side, "SELECT pg_terminate_backend(%d)", PQbackendPID(pg_db->conn));
}

START_TEST(a_run_whose_connection_is_lost_is_finished_by_the_next)
{
	rig_due(23);
	rig.before_batch = terminate;
	ck_assert_int_eq(rig_run(), BK_E_UNAVAILABLE);
	ck_assert_str_eq(record(1), "RUNNING 0");
	ck_assert_int_eq(changed(), 10);
	ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
	ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_BUSY);
	bk_run_result_clear(&elsewhere);
	expire_lease();
	ck_assert_str_eq(record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(record(2), "SUCCESS 13");
	ck_assert_int_eq(changed_twice(), 0);
	bk_run_result_clear(&elsewhere);
}
END_TEST

static struct side *killer;

static void kill_the_commit(int n)
{
	if (n == 2)
		side_send(
			killer,
			"DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE pid = %d AND NOT"
			" granted) LOOP PERFORM pg_sleep(0.01); END LOOP;"
			" PERFORM pg_terminate_backend(%d); END $$",
			PQbackendPID(pg_db->conn), PQbackendPID(pg_db->conn));
}

START_TEST(a_lost_commit_is_unknown_and_nothing_more_is_written)
{
	killer = side_open();
	rig_due(12);
	side_exec(rig.side,
		  "CREATE TABLE IF NOT EXISTS gate (n int);"
		  "CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		  " IF OLD.id = 8 THEN LOCK TABLE gate; END IF; RETURN NULL; END $$;"
		  "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON bookings DEFERRABLE INITIALLY"
		  " DEFERRED FOR EACH ROW EXECUTE FUNCTION late()");
	side_exec(rig.side, "BEGIN; LOCK TABLE gate");
	rig.before_commit = kill_the_commit;
	ck_assert_msg(rig_run() == BK_E_UNKNOWN, "%s", rig.err.message);
	side_finish(killer);
	side_close(killer);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(bk_rc_info(BK_E_UNKNOWN)->exit_status, BK_EXIT_FAILED);
	ck_assert_str_eq(record(1), "RUNNING 0");
	expire_lease();
	/* As it turned out, it was rolled back. */
	ck_assert_str_eq(record(1), "ABANDONED 5 ABANDONED");
	ck_assert_str_eq(record(2), "SUCCESS 7");
	ck_assert_int_eq(changed(), 12);
	bk_run_result_clear(&elsewhere);
}
END_TEST

/* --- many at once --- */

enum { RACERS = 4, ROUNDS = 6, RACE_DUE = 40 };

/* A process of its own; its exit status says whether the run came out as one of
   many may: it ran, or found the job busy. */
static pid_t start_racer(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct bk_run_result result;
		enum bk_rc rc = rig_run_elsewhere(&result);

		_exit(rc == BK_OK ? 10 + (int)result.outcome : 1);
	}
	return pid;
}

START_TEST(of_many_at_once_each_booking_is_changed_once)
{
	int64_t ran = 0;

	rig.request.batch_size = 3;
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[RACERS];

		rig_due(RACE_DUE);
		for (int i = 0; i < RACERS; i++)
			pids[i] = start_racer();
		for (int i = 0; i < RACERS; i++) {
			int status = 0;

			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert(WIFEXITED(status));
			ck_assert_msg(WEXITSTATUS(status) == 10 + BK_OUTCOME_RAN ||
					      WEXITSTATUS(status) == 10 + BK_OUTCOME_BUSY,
				      "%d", WEXITSTATUS(status));
			ran += WEXITSTATUS(status) == 10 + BK_OUTCOME_RAN;
		}
	}
	ck_assert_int_ge(ran, ROUNDS);
	ck_assert_int_eq(changed(), RACE_DUE * ROUNDS);
	ck_assert_int_eq(changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions WHERE"
					    " status = 'SUCCESS'"),
			 ran);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(processed_count) FROM"
					    " bk.maintenance_executions"),
			 RACE_DUE * ROUNDS);
	ck_assert_int_eq(side_int(rig.side, "SELECT max(lease_token) - count(*) FROM"
					    " bk.maintenance_executions"),
			 0);
}
END_TEST

static TCase *causes(void)
{
	TCase *tc = tcase_create("causes");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_first_run_that_would_change_too_much_is_refused, guards);
	ADD(tc, after_a_success_the_guard_of_the_first_run_is_off);
	ADD(tc, a_first_run_that_was_cut_short_is_no_success);
	ADD(tc, a_run_ends_at_its_timeout_and_keeps_what_it_committed);
	ADD(tc, a_statement_that_the_end_of_the_budget_cuts_short_is_a_timeout);
	ADD_ROWS(tc, a_table_that_stays_locked_is_an_error_and_the_run_is_closed, stuck);
	ADD(tc, an_exception_of_a_trigger_ends_the_run_and_is_recorded);
	ADD(tc, a_table_that_vanishes_during_the_run_is_recorded);
	ADD_ROWS(tc, a_signal_during_a_batch_cancels_it_and_closes_the_record, signals);
	ADD(tc, a_signal_between_batches_stops_the_run);
	ADD(tc, after_a_run_signals_count_again);
	return tc;
}

static TCase *losses(void)
{
	TCase *tc = tcase_create("losses");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_lost_lease_rolls_the_batch_back_and_nothing_more_is_written);
	ADD(tc, who_was_taken_over_stops_and_each_booking_is_changed_once);
	ADD(tc, who_was_taken_over_before_the_end_does_not_close_the_record);
	ADD(tc, a_batch_that_was_done_already_is_not_done_again);
	ADD(tc, a_claim_and_an_end_at_one_moment_do_not_deadlock);
	ADD(tc, a_run_whose_connection_is_lost_is_finished_by_the_next);
	ADD(tc, a_lost_commit_is_unknown_and_nothing_more_is_written);
	ADD(tc, of_many_at_once_each_booking_is_changed_once);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("end");

	suite_add_tcase(suite, causes());
	suite_add_tcase(suite, losses());
	return suite_run(suite);
}

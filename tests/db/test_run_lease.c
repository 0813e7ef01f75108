/*
 * A run that loses its lease, its connection or a race: nothing more is written
 * by it, each booking is changed once, and a run is closed once, whoever else is
 * at work.
 */
#include "run/run.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
}

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
	ck_assert_int_eq(rig_changed(), 10);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions"), 2);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	ck_assert_ptr_null(rig.result.status);
}
END_TEST

static struct bk_run_result elsewhere;

/* As after a long sleep: the time is up, the session is gone, another one has the job. */
static void sleep_too_long(int n)
{
	if (n != 3)
		return;
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
	side_exec(rig.side, "SELECT pg_terminate_backend(%d)", PQbackendPID(pg_db->conn));
	rig.jump_ms = 3600000;
}

START_TEST(who_wakes_when_its_time_is_up_learns_that_its_lease_is_lost)
{
	rig_due(23);
	rig.request.connect = rig_connect;
	rig.before_batch = sleep_too_long;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_int_eq(elsewhere.processed, 13);
	ck_assert_int_eq(rig_changed_twice(), 0);
	bk_run_result_clear(&elsewhere);
}
END_TEST

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
	ck_assert_str_eq(rig_record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 13");
	ck_assert_int_eq(rig_changed(), 23);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(rig_job_column("total_processed"), "23");
	bk_run_result_clear(&elsewhere);
}
END_TEST

START_TEST(who_was_taken_over_before_the_end_does_not_close_the_record)
{
	rig_due(7);
	rig.before_end = expire_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(rig_record(1), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(rig_job_column("last_execution_status"), "SUCCESS");
	ck_assert_str_eq(rig_job_column("total_processed"), "7");
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
	ck_assert_int_eq(rig_changed(), 5);
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
	ck_assert_str_eq(rig_record(1), "ABANDONED 0");
}
END_TEST

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
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	ck_assert_int_eq(rig_changed(), 10);
	ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
	ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_BUSY);
	bk_run_result_clear(&elsewhere);
	expire_lease();
	ck_assert_str_eq(rig_record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 13");
	ck_assert_int_eq(rig_changed_twice(), 0);
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
		  " DEFERRED FOR EACH ROW EXECUTE FUNCTION late();"
		  /* Against bk, which would have it fire inside the batch. */
		  "CREATE OR REPLACE FUNCTION defer() RETURNS trigger LANGUAGE plpgsql AS $$"
		  " BEGIN SET CONSTRAINTS ALL DEFERRED; RETURN NULL; END $$;"
		  "CREATE TRIGGER defer BEFORE UPDATE ON bookings"
		  " FOR EACH STATEMENT EXECUTE FUNCTION defer()");
	side_exec(rig.side, "BEGIN; LOCK TABLE gate");
	rig.before_commit = kill_the_commit;
	ck_assert_msg(rig_run() == BK_E_UNKNOWN, "%s", rig.err.message);
	side_finish(killer);
	side_close(killer);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(bk_rc_info(BK_E_UNKNOWN)->exit_status, BK_EXIT_FAILED);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	expire_lease();
	/* As it turned out, it was rolled back. */
	ck_assert_str_eq(rig_record(1), "ABANDONED 5 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 7");
	ck_assert_int_eq(rig_changed(), 12);
	bk_run_result_clear(&elsewhere);
}
END_TEST

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
	ck_assert_int_eq(rig_changed(), RACE_DUE * ROUNDS);
	ck_assert_int_eq(rig_changed_twice(), 0);
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

int main(void)
{
	Suite *suite = suite_create("lease");
	TCase *tc = tcase_create("lease");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_lost_lease_rolls_the_batch_back_and_nothing_more_is_written);
	ADD(tc, who_wakes_when_its_time_is_up_learns_that_its_lease_is_lost);
	ADD(tc, who_was_taken_over_stops_and_each_booking_is_changed_once);
	ADD(tc, who_was_taken_over_before_the_end_does_not_close_the_record);
	ADD(tc, a_batch_that_was_done_already_is_not_done_again);
	ADD(tc, a_claim_and_an_end_at_one_moment_do_not_deadlock);
	ADD(tc, a_run_whose_connection_is_lost_is_finished_by_the_next);
	ADD(tc, a_lost_commit_is_unknown_and_nothing_more_is_written);
	ADD(tc, of_many_at_once_each_booking_is_changed_once);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

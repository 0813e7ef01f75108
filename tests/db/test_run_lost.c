/*
 * A run whose connection is lost and which can make another: wherever that
 * happens, and whatever became of the commit in flight, it ends as if nothing
 * had happened. One execution, each booking changed and counted once.
 */
#include "run/run.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "faults.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 23 };

static void (*on_connect)(void); /* once, before a connection is made anew */

static enum bk_rc connect_again(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
				struct bk_error *err)
{
	void (*stir)(void) = on_connect;

	on_connect = NULL;
	if (stir)
		stir();
	return rig_connect(arg, timeout_ms, hold, ret, err);
}

static void setup(void)
{
	fault_let_commits(); /* where the test before failed */
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig.request.connect = connect_again;
	rig_due(DUE);
}

static int backend(void)
{
	return PQbackendPID(rig_at ? rig_at->db->conn : pg_db->conn);
}

static void terminate(void)
{
	side_exec(rig.side, "SELECT pg_terminate_backend(%d)", backend());
}

/* What an undisturbed run leaves, but for the retries. */
static void expect_all_well(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	fault_finish();
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, DUE);
	ck_assert_int_ge(rig.result.retries, 1);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(concat_ws(' ', id, status,"
					     " processed_count, error_code), ', ') FROM"
					     " bk.maintenance_executions"),
			 side_text(rig.side, "SELECT '%s SUCCESS 23'", rig.result.execution_id));
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 DUE);
	ck_assert_int_eq(bk_job_tally(rig.job, 0).changed, DUE);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', lease_token, total_runs, total_processed,"
					" retry_count)"),
			 "1 1 23 0");
	ck_assert(!bk_db_lost(pg_db));
}

/* --- before and in a batch --- */

static void terminate_at_three(int n)
{
	if (n == 3)
		terminate();
}

START_TEST(a_connection_lost_between_batches_is_made_anew)
{
	rig.before_batch = terminate_at_three;
	expect_all_well();
	ck_assert_int_eq(rig.result.retries, 1);
}
END_TEST

static void terminate_once(void)
{
	rig.before_prepare = NULL;
	terminate();
}

START_TEST(a_connection_lost_before_the_first_look_at_the_table_as_well)
{
	rig.before_prepare = terminate_once;
	expect_all_well();
}
END_TEST

static void let_go(void)
{
	side_exec(rig.side, "ROLLBACK");
}

static void kill_in_batch(int n)
{
	if (n != 3)
		return;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	fault_kill_at_lock(backend());
	on_connect = let_go;
}

START_TEST(a_batch_whose_connection_is_lost_is_done_again)
{
	rig.before_batch = kill_in_batch;
	expect_all_well();
}
END_TEST

/* --- in a commit --- */

static void kill_at_gate(int n)
{
	if (n != 2)
		return;
	fault_close_gate();
	fault_kill_at_lock(backend());
	on_connect = fault_open_gate;
}

START_TEST(a_commit_that_was_lost_and_rolled_back_is_done_again)
{
	fault_gate("bookings", "NEW.id = 8");
	rig.before_commit = kill_at_gate;
	expect_all_well();
}
END_TEST

static void kill_in_commit(int n)
{
	if (n != 2)
		return;
	fault_hang_commits();
	fault_kill_in_commit(backend());
	on_connect = fault_let_commits;
}

START_TEST(a_commit_that_was_lost_and_kept_is_not_done_again)
{
	rig.before_commit = kill_in_commit;
	expect_all_well();
	ck_assert_int_eq(rig.batches, 5);
}
END_TEST

START_TEST(retries_that_are_used_up_do_not_leave_a_commit_unknown)
{
	rig.request.max_retries = 0;
	rig.before_commit = kill_in_commit;
	expect_all_well();
}
END_TEST

static void hang_the_second_commit(int n)
{
	if (n == 2)
		fault_hang_commits();
}

static void let_commits_at_three(int n)
{
	if (n == 3)
		fault_let_commits();
}

/* The client gives up, the server does not: the ledger row stays locked until
   the transaction is over, and only then says what became of it. */
START_TEST(the_outcome_of_a_commit_is_awaited_while_its_ledger_row_is_locked)
{
	rig.request.lease_ms = 400;
	rig.request.lock_timeout_ms = 50;
	rig.before_commit = hang_the_second_commit;
	rig.on_pause = let_commits_at_three;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_ge(rig.pauses, 3);
	ck_assert_str_eq(rig_record(1), "SUCCESS 23");
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 DUE);
}
END_TEST

START_TEST(an_outcome_that_stays_unknown_is_left_to_the_next_who_finds_it)
{
	struct bk_run_result next;

	rig.request.lease_ms = 400;
	rig.request.lock_timeout_ms = 50;
	rig.request.timeout_ms = 3000;
	rig.before_commit = hang_the_second_commit;
	ck_assert_int_eq(rig_run(), BK_E_UNKNOWN);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET updated_at = now()");
	/* Its lease is over; its commit may yet come. */
	fault_let_commits();
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	ck_assert_int_eq(rig_run_elsewhere(&next), BK_OK);
	ck_assert_str_eq(rig_record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 13");
	ck_assert_int_eq(rig_changed_twice(), 0);
	bk_run_result_clear(&next);
}
END_TEST

static void spend_the_time(int n)
{
	kill_in_commit(n);
	if (n == 2)
		rig.jump_ms += rig.request.timeout_ms;
}

START_TEST(an_outcome_is_learnt_also_when_the_time_is_used_up)
{
	rig.before_commit = spend_the_time;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	fault_finish();
	ck_assert_str_eq(rig_record(1), "TIMEOUT 10 TIMEOUT");
	ck_assert_int_eq(rig_changed(), 10);
}
END_TEST

/* --- in the claim --- */

START_TEST(a_connection_lost_before_the_claim_is_made_anew)
{
	terminate();
	expect_all_well();
}
END_TEST

START_TEST(a_claim_that_was_lost_and_rolled_back_is_made_again)
{
	fault_gate("bk.scheduler_job_info", "true");
	fault_close_gate();
	fault_kill_at_lock(backend());
	on_connect = fault_open_gate;
	expect_all_well();
}
END_TEST

START_TEST(a_claim_that_was_lost_and_kept_is_found_again)
{
	fault_hang_commits();
	fault_kill_in_commit(backend());
	on_connect = fault_let_commits;
	expect_all_well();
	ck_assert_str_eq(rig.result.execution_id, "1");
	ck_assert_ptr_nonnull(rig.result.executed_at);
}
END_TEST

START_TEST(a_claim_that_was_lost_with_nothing_due_is_found_again_too)
{
	side_exec(rig.side, "DELETE FROM bookings");
	fault_hang_commits();
	fault_kill_in_commit(backend());
	on_connect = fault_let_commits;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	fault_finish();
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"), 1);
	ck_assert_str_eq(rig_job_column("total_runs"), "1");
}
END_TEST

/* --- in the end --- */

static void kill_end_at_gate(void)
{
	fault_close_gate();
	fault_kill_at_lock(backend());
	on_connect = fault_open_gate;
}

START_TEST(an_end_that_was_lost_and_rolled_back_is_written_again)
{
	fault_gate("bk.maintenance_executions", "NEW.status = 'SUCCESS'");
	rig.before_end = kill_end_at_gate;
	expect_all_well();
}
END_TEST

static void kill_end_in_commit(void)
{
	fault_hang_commits();
	fault_kill_in_commit(backend());
	on_connect = fault_let_commits;
}

START_TEST(an_end_that_was_lost_and_kept_is_not_written_again)
{
	rig.before_end = kill_end_in_commit;
	expect_all_well();
}
END_TEST

/* What is set aside is written with the end, in a transaction of two trips. */
static void expect_bad_rows_aside(void)
{
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	fault_finish();
	ck_assert_str_eq(rig.result.status, "PARTIAL");
	ck_assert_int_eq(rig.result.quarantined, 2);
	ck_assert_str_eq(rig_record(1), "PARTIAL 21 WORK_REMAINS");
	ck_assert_str_eq(rig_aside(), "3 9");
	ck_assert_int_eq(side_int(rig.side, "SELECT max(tries) FROM bk.quarantined_bookings"), 1);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', total_runs, total_processed)"), "1 21");
}

static void make_bad_rows(void)
{
	rig_refuse();
	rig_spoil("id IN (3, 9)");
}

START_TEST(an_end_with_bad_rows_that_was_rolled_back_is_written_again)
{
	make_bad_rows();
	fault_gate("bk.maintenance_executions", "NEW.status = 'PARTIAL'");
	rig.before_end = kill_end_at_gate;
	expect_bad_rows_aside();
}
END_TEST

START_TEST(an_end_with_bad_rows_that_was_kept_is_not_written_again)
{
	make_bad_rows();
	rig.before_end = kill_end_in_commit;
	expect_bad_rows_aside();
}
END_TEST

/* --- with a signal beside --- */

static volatile sig_atomic_t interrupted;

static void listen_to_signals(void)
{
	interrupted = 0;
	pg_db->interrupted = rig.interrupted = &interrupted;
}

static void terminate_both(int n)
{
	if (n != 3)
		return;
	terminate();
	interrupted = SIGTERM;
}

START_TEST(a_signal_while_the_connection_is_lost_leaves_a_closed_record)
{
	listen_to_signals();
	rig.before_batch = terminate_both;
	ck_assert_int_eq(rig_run(), BK_E_TERMINATED);
	ck_assert_str_eq(rig.result.status, "CANCELLED");
	ck_assert_str_eq(rig_record(1), "CANCELLED 10 TERMINATED");
}
END_TEST

static void let_commits_and_signal(void)
{
	fault_let_commits();
	interrupted = SIGTERM;
}

static void kill_in_commit_and_signal(int n)
{
	kill_in_commit(n);
	if (n == 2)
		on_connect = let_commits_and_signal;
}

START_TEST(and_one_that_comes_before_a_lost_commit_is_known)
{
	listen_to_signals();
	rig.before_commit = kill_in_commit_and_signal;
	ck_assert_int_eq(rig_run(), BK_E_TERMINATED);
	fault_finish();
	ck_assert_str_eq(rig_record(1), "CANCELLED 10 TERMINATED");
	ck_assert_int_eq(rig_changed(), 10);
}
END_TEST

static TCase *lost(void)
{
	TCase *tc = tcase_create("lost");

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_unchecked_fixture(tc, NULL, fault_let_commits);
	ADD(tc, an_outcome_is_learnt_also_when_the_time_is_used_up);
	ADD(tc, an_end_with_bad_rows_that_was_rolled_back_is_written_again);
	ADD(tc, an_end_with_bad_rows_that_was_kept_is_not_written_again);
	ADD(tc, a_signal_while_the_connection_is_lost_leaves_a_closed_record);
	ADD(tc, and_one_that_comes_before_a_lost_commit_is_known);
	ADD(tc, a_connection_lost_between_batches_is_made_anew);
	ADD(tc, a_connection_lost_before_the_first_look_at_the_table_as_well);
	ADD(tc, a_batch_whose_connection_is_lost_is_done_again);
	ADD(tc, a_commit_that_was_lost_and_rolled_back_is_done_again);
	ADD(tc, a_commit_that_was_lost_and_kept_is_not_done_again);
	ADD(tc, retries_that_are_used_up_do_not_leave_a_commit_unknown);
	ADD(tc, the_outcome_of_a_commit_is_awaited_while_its_ledger_row_is_locked);
	ADD(tc, an_outcome_that_stays_unknown_is_left_to_the_next_who_finds_it);
	ADD(tc, a_connection_lost_before_the_claim_is_made_anew);
	ADD(tc, a_claim_that_was_lost_and_rolled_back_is_made_again);
	ADD(tc, a_claim_that_was_lost_and_kept_is_found_again);
	ADD(tc, a_claim_that_was_lost_with_nothing_due_is_found_again_too);
	ADD(tc, an_end_that_was_lost_and_rolled_back_is_written_again);
	ADD(tc, an_end_that_was_lost_and_kept_is_not_written_again);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("lost");

	suite_add_tcase(suite, lost());
	return suite_run(suite);
}

/*
 * How a run ends when it does not end well: the guard, the budget, errors of the
 * company's own triggers, signals. What was committed stays, and it is recorded.
 */
#include "run/run.h"

#include <signal.h>
#include <string.h>

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
	ck_assert_str_eq(rig_record(1), "REFUSED 0 REFUSED");
	ck_assert_str_eq(rig.result.status, "REFUSED");
	ck_assert_ptr_nonnull(strstr(rig.err.message, "activate-due"));
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "--allow"));
	ck_assert_int_eq(rig_changed(), 0);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_str_eq(rig_job_column("status"), "ERROR");
	ck_assert_str_eq(rig_job_column("retry_count"), "1");
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
	ck_assert_str_eq(rig_record(1), "TIMEOUT 10 TIMEOUT");
	ck_assert_int_eq(rig_changed(), 10);
	rig.jump_ms = 0;
	rig.after_commit = NULL;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 13);
	ck_assert_int_eq(rig_changed_twice(), 0);
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
	ck_assert_str_eq(rig_record(1), "TIMEOUT 10 TIMEOUT");
	ck_assert_int_eq(rig_changed(), 10);
}
END_TEST

static const struct {
	int64_t statement_ms;
	int64_t lock_ms;
	const char *sqlstate;
} stuck[] = {{10000, 50, "55P03"}, {50, 10000, "57014"}};

static int stuck_at; /* a row of the table */

static void hold_table(int n)
{
	if (n != 2)
		return;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	rig.request.statement_timeout_ms = stuck[stuck_at].statement_ms;
	rig.request.lock_timeout_ms = stuck[stuck_at].lock_ms;
}

static void leave_time_for_the_end(void)
{
	rig.request.statement_timeout_ms = 10000;
}

START_TEST(a_table_that_stays_locked_is_an_error_and_the_run_is_closed)
{
	rig_due(12);
	stuck_at = _i;
	rig.before_batch = hold_table;
	rig.before_end = leave_time_for_the_end;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, stuck[_i].sqlstate);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_str_eq(rig_record(1), "ERROR 5 RUN_FAILED");
	ck_assert_str_eq(rig_job_column("status"), "ERROR");
}
END_TEST

static void hold_table_at_last(int n)
{
	if (n == 3)
		side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
}

static void let_go(void)
{
	side_exec(rig.side, "ROLLBACK");
}

START_TEST(a_count_that_is_too_slow_fails_no_run_that_did_its_work)
{
	rig_due(12);
	rig.request.statement_timeout_ms = 200;
	rig.request.lock_timeout_ms = 10000;
	rig.after_commit = hold_table_at_last;
	rig.before_end = let_go;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, 12);
	ck_assert_int_eq(rig.result.remaining, BK_NULL_INT);
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

START_TEST(an_exception_for_every_row_ends_the_run_and_is_recorded)
{
	rig_due(23);
	rig.request.max_aside = 4;
	rig.before_batch = break_the_table;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, "P0001");
	ck_assert_str_eq(rig_record(1), "ERROR 10 RUN_FAILED");
	ck_assert_ptr_nonnull(strstr(side_text(rig.side, "SELECT error_message FROM"
							 " bk.maintenance_executions"),
				     "the ledger is closed"));
	ck_assert_int_eq(rig_changed(), 10);
	ck_assert_str_eq(rig_job_column("last_execution_status"), "ERROR");
	ck_assert_str_eq(
		rig_job_column("retry_count || ' ' || total_failures || ' ' || total_processed"),
		"1 1 10");
	ck_assert_ptr_nonnull(strstr(rig_job_column("error_message"), "the ledger is closed"));
}
END_TEST

/* What a trigger drops is no failure to the server, and no success to us. */
START_TEST(a_trigger_that_drops_the_update_leaves_work_and_is_told)
{
	side_exec(rig.side,
		  "CREATE OR REPLACE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS"
		  " 'BEGIN RETURN NULL; END';"
		  "CREATE TRIGGER veto BEFORE UPDATE ON bookings FOR EACH ROW WHEN (OLD.id = 8)"
		  " EXECUTE FUNCTION veto()");
	rig_due(12);
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "trigger"));
	ck_assert_str_eq(rig.result.status, "PARTIAL");
	ck_assert_int_eq(rig.result.processed, 11);
	ck_assert_int_eq(rig.result.remaining, 1);
	ck_assert_int_eq(rig.result.skipped_locked, 0);
	ck_assert_int_eq(rig_changed(), 11);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 11);
}
END_TEST

static void drop_table(int n)
{
	if (n == 2)
		side_exec(rig.side, "DROP TABLE bookings CASCADE");
}

START_TEST(a_table_that_vanishes_during_the_run_is_recorded)
{
	rig_due(12);
	rig.before_batch = drop_table;
	ck_assert_int_eq(rig_run(), BK_E_SCHEMA);
	ck_assert_str_eq(rig_record(1), "ERROR 5 SCHEMA");
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
	ck_assert_int_eq(rig_changed(), 5);
	ck_assert_str_eq(rig_job_column("status"), "IDLE");
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

int main(void)
{
	Suite *suite = suite_create("end");
	TCase *tc = tcase_create("end");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_first_run_that_would_change_too_much_is_refused, guards);
	ADD(tc, after_a_success_the_guard_of_the_first_run_is_off);
	ADD(tc, a_first_run_that_was_cut_short_is_no_success);
	ADD(tc, a_run_ends_at_its_timeout_and_keeps_what_it_committed);
	ADD(tc, a_statement_that_the_end_of_the_budget_cuts_short_is_a_timeout);
	ADD_ROWS(tc, a_table_that_stays_locked_is_an_error_and_the_run_is_closed, stuck);
	ADD(tc, a_count_that_is_too_slow_fails_no_run_that_did_its_work);
	ADD(tc, an_exception_for_every_row_ends_the_run_and_is_recorded);
	ADD(tc, a_trigger_that_drops_the_update_leaves_work_and_is_told);
	ADD(tc, a_table_that_vanishes_during_the_run_is_recorded);
	ADD_ROWS(tc, a_signal_during_a_batch_cancels_it_and_closes_the_record, signals);
	ADD(tc, a_signal_between_batches_stops_the_run);
	ADD(tc, after_a_run_signals_count_again);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

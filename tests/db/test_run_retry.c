/*
 * Faults that may pass: a run tries again, waits longer each time, and gives up
 * after max-retries. Runs that fail in a row are put off further and further;
 * the first one that does not fail ends that.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 23 };

/* Pauses of some milliseconds, each in one piece; and run ids that differ. */
static uint64_t count_up(void *self)
{
	static uint64_t n;

	(void)self;
	return ++n;
}

static void setup(void)
{
	rig_open();
	rig_audit();
	side_exec(rig.side, "DROP SEQUENCE IF EXISTS faults; CREATE SEQUENCE faults;"
			    "DROP TABLE IF EXISTS other");
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig.request.random.next = count_up;
	rig_due(DUE);
}

/* The next `times` changes of booking `id` fail so; a sequence keeps count through
   every rollback. */
static void make_fault(const char *sqlstate, int id, int times)
{
	side_exec(rig.side,
		  "CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		  " IF nextval('faults') <= %d THEN RAISE EXCEPTION 'it may pass' USING ERRCODE ="
		  " '%s'; END IF; RETURN NEW; END $$;"
		  "DROP TRIGGER IF EXISTS fault ON bookings;"
		  "CREATE TRIGGER fault BEFORE UPDATE OF status ON bookings FOR EACH ROW WHEN"
		  " (OLD.id = %d) EXECUTE FUNCTION fault(); ALTER SEQUENCE faults RESTART",
		  times, sqlstate, id);
}

static void expect_success(int64_t retries)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.retries, retries);
	ck_assert_int_eq(side_int(rig.side, "SELECT retry_count FROM bk.maintenance_executions"),
			 retries);
	ck_assert_int_eq(rig.pauses, retries);
	ck_assert_int_eq(rig.result.processed, DUE);
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 DUE);
}

/* --- in a batch --- */

static const char *const passing[] = {"40001", "40P01", "55P03", "53100", "53200", "57014"};

START_TEST(what_passes_is_tried_again)
{
	make_fault(passing[_i], 8, 1);
	expect_success(1);
}
END_TEST

START_TEST(as_often_as_max_retries_says)
{
	make_fault(passing[_i], 8, 3);
	rig.request.max_retries = 3;
	expect_success(3);
}
END_TEST

START_TEST(and_then_it_is_an_error)
{
	make_fault(passing[_i], 8, 1000);
	rig.request.max_retries = 3;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, passing[_i]);
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_int_eq(rig.result.retries, 3);
	ck_assert_int_eq(side_int(rig.side, "SELECT retry_count FROM bk.maintenance_executions"),
			 3);
	ck_assert_str_eq(rig_record(1), "ERROR 5 RUN_FAILED");
	ck_assert_int_eq(rig_changed(), 5);
}
END_TEST

START_TEST(without_retries_the_first_fault_is_the_end)
{
	make_fault("40P01", 8, 1);
	rig.request.max_retries = 0;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_int_eq(rig.pauses, 0);
	ck_assert_str_eq(rig_record(1), "ERROR 5 RUN_FAILED");
}
END_TEST

static int commits;

static void make_the_next_fault(int n)
{
	(void)n;
	make_fault("40P01", 5 * ++commits + 3, 2);
}

/* Ten faults in all, never more than two of a step. */
START_TEST(the_retries_of_one_batch_are_not_those_of_the_next)
{
	commits = 0;
	rig.request.max_retries = 2;
	rig.after_commit = make_the_next_fault;
	make_fault("40P01", 3, 2);
	expect_success(10);
}
END_TEST

/* As it happens: the batch waits for the other session, and that one for a booking
   of the batch. Who waited longer finds the deadlock. */
static void make_deadlock(int n)
{
	if (n != 2)
		return;
	side_exec(rig.side, "BEGIN; SET LOCAL deadlock_timeout = '100s';"
			    "UPDATE other SET n = 1");
	side_send(rig.side, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
			    " LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;"
			    "UPDATE bookings SET customer_id = 9 WHERE id = 8; COMMIT");
}

START_TEST(a_deadlock_is_tried_again)
{
	side_exec(rig.side,
		  "CREATE TABLE other (n int); INSERT INTO other VALUES (0);"
		  "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ BEGIN UPDATE public.other SET n = 2; RETURN NULL; END $$;"
		  "CREATE TRIGGER touch AFTER UPDATE OF status ON bookings FOR EACH STATEMENT"
		  " EXECUTE FUNCTION touch()");
	rig.request.lock_timeout_ms = 60000;
	rig.request.statement_timeout_ms = 60000;
	rig.before_batch = make_deadlock;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_finish(rig.side);
	ck_assert_int_ge(rig.result.retries, 1);
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(side_int(rig.side, "SELECT customer_id FROM bookings WHERE id = 8"), 9);
}
END_TEST

/* --- around the batches --- */

static void let_go(int n)
{
	if (n == 2)
		side_exec(rig.side, "ROLLBACK");
}

static void lock_bookings(void)
{
	rig.before_prepare = NULL;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
}

static void lock_job(void)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bk.scheduler_job_info FOR UPDATE");
}

START_TEST(a_claim_that_waits_too_long_is_tried_again)
{
	rig.request.lock_timeout_ms = 50;
	rig.on_pause = let_go;
	side_exec(rig.side, "BEGIN; LOCK TABLE bk.instances");
	expect_success(2);
}
END_TEST

START_TEST(so_is_the_first_look_at_the_table)
{
	rig.request.lock_timeout_ms = 50;
	rig.on_pause = let_go;
	rig.before_prepare = lock_bookings;
	expect_success(2);
}
END_TEST

START_TEST(and_the_end)
{
	rig.request.lock_timeout_ms = 50;
	rig.on_pause = let_go;
	rig.before_end = lock_job;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.retries, 2);
	ck_assert_str_eq(rig_record(1), "SUCCESS 23");
}
END_TEST

START_TEST(a_claim_that_never_gets_through_leaves_no_record)
{
	rig.request.lock_timeout_ms = 50;
	side_exec(rig.side, "BEGIN; LOCK TABLE bk.instances");
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.err.sqlstate, "55P03");
	ck_assert_int_eq(rig.pauses, 3);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"), 0);
	ck_assert_str_eq(rig_job_column("lease_token"), "0");
}
END_TEST

/* --- too much at once --- */

static void slow_down(void)
{
	side_exec(rig.side,
		  "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		  " PERFORM pg_sleep(0.05); RETURN NEW; END $$;"
		  "CREATE TRIGGER slow BEFORE UPDATE OF status ON bookings FOR EACH ROW"
		  " EXECUTE FUNCTION slow()");
	rig.request.statement_timeout_ms = 800;
}

START_TEST(a_batch_that_takes_too_long_is_halved_and_later_ones_stay_so)
{
	slow_down();
	rig.request.batch_size = 20;
	expect_success(1);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(row_count::text, ' ' ORDER BY id)"
					     " FROM bk.booking_transitions"),
			 "10 10 3");
}
END_TEST

START_TEST(a_bad_row_is_found_in_a_table_that_is_slow)
{
	slow_down();
	rig_refuse();
	rig_spoil("id = 7");
	rig.request.batch_size = 20;
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, DUE - 1);
	ck_assert_str_eq(rig_aside(), "7");
}
END_TEST

/* --- failures in a row --- */

static void fail_once(void)
{
	make_fault("42883", 1, 1000);
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.result.status, "ERROR");
}

static void mend(void)
{
	side_exec(rig.side, "DROP TRIGGER fault ON bookings");
}

/* "status failures seconds until the next run" */
static const char *state(void)
{
	return rig_job_column("concat_ws(' ', status, retry_count, extract(epoch FROM"
			      " next_execution_time - last_execution_time)::int)");
}

START_TEST(each_failure_in_a_row_doubles_the_wait_up_to_its_cap)
{
	static const char *const states[] = {"ERROR 1 30",  "ERROR 2 60",  "ERROR 3 120",
					     "ERROR 4 240", "ERROR 5 480", "ERROR 6 900",
					     "ERROR 7 900"};

	for (size_t i = 0; i < BK_COUNT(states); i++) {
		fail_once();
		ck_assert_str_eq(state(), states[i]);
	}
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET retry_count = 2000000");
	fail_once();
	ck_assert_str_eq(state(), "ERROR 2000001 900");
	mend();
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(state(), "IDLE 0 30");
	ck_assert_ptr_null(rig_job_column("error_message"));
	ck_assert_str_eq(rig_job_column("total_failures"), "8");
}
END_TEST

/* A cap that is less than the delay does not bring the next run forward. */
START_TEST(a_wait_is_never_less_than_the_delay)
{
	rig.request.delay_ms = 3600000;
	rig.request.backoff_cap_ms = 60000;
	fail_once();
	fail_once();
	ck_assert_str_eq(state(), "ERROR 2 3600");
}
END_TEST

START_TEST(a_tick_before_the_wait_is_over_is_not_due)
{
	fail_once();
	fail_once();
	mend();
	rig.request.manual = false;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_NOT_DUE);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = now()");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(state(), "IDLE 0 30");
}
END_TEST

static void ask_to_cancel(int n)
{
	if (n == 2)
		side_exec(rig.side, "UPDATE bk.execution_workers SET cancel_requested = true");
}

START_TEST(a_cancelled_run_neither_fails_nor_clears)
{
	fail_once();
	fail_once();
	mend();
	rig.before_batch = ask_to_cancel;
	ck_assert_int_eq(rig_run(), BK_E_CANCELLED);
	ck_assert_str_eq(state(), "ERROR 2 30");
}
END_TEST

START_TEST(a_run_that_leaves_work_clears_as_a_success_does)
{
	fail_once();
	mend();
	rig.request.limit = 5;
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_str_eq(state(), "IDLE 0 30");
}
END_TEST

START_TEST(a_refused_run_is_a_failure)
{
	rig.request.max_changes = 5;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_str_eq(state(), "ERROR 2 60");
}
END_TEST

static TCase *steps(void)
{
	TCase *tc = tcase_create("steps");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, what_passes_is_tried_again, passing);
	ADD_ROWS(tc, as_often_as_max_retries_says, passing);
	/* One that was too slow comes again in halves. */
	tcase_add_loop_test(tc, and_then_it_is_an_error, 0, (int)BK_COUNT(passing) - 1);
	ADD(tc, without_retries_the_first_fault_is_the_end);
	ADD(tc, the_retries_of_one_batch_are_not_those_of_the_next);
	ADD(tc, a_deadlock_is_tried_again);
	ADD(tc, a_claim_that_waits_too_long_is_tried_again);
	ADD(tc, so_is_the_first_look_at_the_table);
	ADD(tc, and_the_end);
	ADD(tc, a_claim_that_never_gets_through_leaves_no_record);
	ADD(tc, a_batch_that_takes_too_long_is_halved_and_later_ones_stay_so);
	ADD(tc, a_bad_row_is_found_in_a_table_that_is_slow);
	return tc;
}

static TCase *rows(void)
{
	TCase *tc = tcase_create("in a row");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, each_failure_in_a_row_doubles_the_wait_up_to_its_cap);
	ADD(tc, a_wait_is_never_less_than_the_delay);
	ADD(tc, a_tick_before_the_wait_is_over_is_not_due);
	ADD(tc, a_cancelled_run_neither_fails_nor_clears);
	ADD(tc, a_run_that_leaves_work_clears_as_a_success_does);
	ADD(tc, a_refused_run_is_a_failure);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("retry");

	suite_add_tcase(suite, steps());
	suite_add_tcase(suite, rows());
	return suite_run(suite);
}

/*
 * The time of a run: what limits it sets on the server, what its end leaves, and
 * when a timeout is a failure.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 23, HOUR = 3600000 };

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig_due(DUE);
}

/* --- limits on the server --- */

/* Each batch notes the limits, in milliseconds, under which it works. */
static void note_limits(void)
{
	side_exec(rig.side,
		  "DROP TABLE IF EXISTS limits; CREATE TABLE limits (n int GENERATED ALWAYS AS"
		  " IDENTITY, lock int, statement int, idle int);"
		  "CREATE OR REPLACE FUNCTION note_limits() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ DECLARE ms CONSTANT float8 := 1000; BEGIN INSERT INTO public.limits (lock,"
		  " statement, idle) SELECT extract(epoch FROM"
		  " current_setting('lock_timeout')::interval) * ms, extract(epoch FROM"
		  " current_setting('statement_timeout')::interval) * ms, extract(epoch FROM"
		  " current_setting('idle_in_transaction_session_timeout')::interval) * ms;"
		  " RETURN NULL; END $$;"
		  "CREATE TRIGGER note_limits AFTER UPDATE OF status ON bookings FOR EACH STATEMENT"
		  " EXECUTE FUNCTION note_limits()");
}

static int64_t limit_of(int n, const char *which)
{
	return side_int(rig.side, "SELECT %s FROM limits WHERE n = %d", which, n);
}

START_TEST(each_limit_is_above_the_one_inside_it)
{
	note_limits();
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(limit_of(1, "lock"), rig.request.lock_timeout_ms);
	ck_assert_int_eq(limit_of(1, "statement"), rig.request.statement_timeout_ms);
	ck_assert_int_lt(limit_of(1, "lock"), limit_of(1, "statement"));
	ck_assert_int_lt(limit_of(1, "statement"), limit_of(1, "idle"));
	ck_assert_int_lt(limit_of(1, "idle"), rig.request.timeout_ms);
	ck_assert_int_lt(rig.request.timeout_ms, rig.request.lease_ms);
}
END_TEST

/* Two seconds before the end of the run's time, from its second batch on. */
static void jump_near_the_end(int n)
{
	if (n == 1)
		rig.jump_ms = rig.request.timeout_ms - 2000;
}

START_TEST(no_statement_may_work_longer_than_the_run)
{
	note_limits();
	rig.after_commit = jump_near_the_end;
	ck_assert(rig_run() == BK_OK || rig.err.rc == BK_E_TIMEOUT);
	ck_assert_int_eq(limit_of(1, "statement"), rig.request.statement_timeout_ms);
	ck_assert_int_le(limit_of(2, "statement"), 2000);
	ck_assert_int_gt(limit_of(2, "statement"), 0);
}
END_TEST

/* --- the end of the time --- */

static int jump_at;

static void jump(int n)
{
	if (n == jump_at)
		rig.jump_ms = HOUR;
}

static void lock_all_at_two(int n)
{
	if (n != 2)
		return;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	rig.jump_ms = rig.request.timeout_ms - 300;
}

START_TEST(a_batch_that_meets_the_end_of_the_time_is_rolled_back)
{
	rig.request.lock_timeout_ms = 5000;
	rig.before_batch = lock_all_at_two;
	ck_assert_msg(rig_run() == BK_E_TIMEOUT, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.result.status, "TIMEOUT");
	ck_assert_str_eq(rig_record(1), "TIMEOUT 5 TIMEOUT");
	ck_assert_int_eq(rig_changed(), 5);
	ck_assert_int_eq(rig.result.retries, 0);
	rig.before_batch = NULL;
	rig.jump_ms = 0;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, DUE - 5);
	ck_assert_int_eq(rig_changed_twice(), 0);
}
END_TEST

START_TEST(a_timeout_of_a_run_that_got_on_is_no_failure)
{
	jump_at = 1;
	rig.after_commit = jump;
	for (int i = 0; i < 3; i++) {
		rig.jump_ms = 0;
		ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	}
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count, extract(epoch FROM"
					" next_execution_time - last_execution_time)::int,"
					" last_execution_status)"),
			 "IDLE 0 30 TIMEOUT");
	ck_assert_int_eq(rig_changed(), 15);
}
END_TEST

START_TEST(a_timeout_of_a_run_that_did_nothing_is_one)
{
	jump_at = 1;
	rig.before_batch = jump;
	for (int i = 0; i < 3; i++) {
		rig.jump_ms = 0;
		side_exec(rig.side, "BEGIN; LOCK TABLE bookings IN SHARE MODE");
		ck_assert_msg(rig_run() == BK_E_TIMEOUT, "%s", rig.err.message);
		side_exec(rig.side, "ROLLBACK");
	}
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count, extract(epoch FROM"
					" next_execution_time - last_execution_time)::int)"),
			 "ERROR 3 120");
	rig.before_batch = NULL;
	rig.jump_ms = 0;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig_job_column("status || retry_count"), "IDLE0");
}
END_TEST

static uint64_t longest_pause(void *self)
{
	(void)self;
	return 5000;
}

static void leave_three_seconds(int n)
{
	(void)n;
	rig.jump_ms = rig.request.timeout_ms - 3000;
}

START_TEST(no_retry_is_begun_that_would_end_too_late)
{
	rig.request.lock_timeout_ms = 20;
	rig.request.retry_base_ms = rig.request.retry_cap_ms = 5000;
	rig.request.random.next = longest_pause;
	rig.before_batch = leave_three_seconds;
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings IN SHARE MODE");
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.err.sqlstate, "55P03");
	ck_assert_int_eq(rig.batches, 1);
	ck_assert_int_eq(rig.pauses, 0);
	ck_assert_str_eq(rig_record(1), "ERROR 0 RUN_FAILED");
}
END_TEST

/* The count of what remains is hasty then: it must not hold up the end. */
START_TEST(what_remains_is_counted_also_after_a_timeout)
{
	jump_at = 2;
	rig.after_commit = jump;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	ck_assert_int_eq(rig.result.remaining, DUE - 10);
	ck_assert_int_eq(side_int(rig.side, "SELECT remaining FROM bk.maintenance_executions"),
			 DUE - 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tc = tcase_create("budget");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, each_limit_is_above_the_one_inside_it);
	ADD(tc, no_statement_may_work_longer_than_the_run);
	ADD(tc, a_batch_that_meets_the_end_of_the_time_is_rolled_back);
	ADD(tc, a_timeout_of_a_run_that_got_on_is_no_failure);
	ADD(tc, a_timeout_of_a_run_that_did_nothing_is_one);
	ADD(tc, no_retry_is_begun_that_would_end_too_late);
	ADD(tc, what_remains_is_counted_also_after_a_timeout);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

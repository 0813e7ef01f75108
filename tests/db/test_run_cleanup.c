/*
 * The job cleanup: dead executions are closed once, and none that may be alive; holds
 * and quarantined bookings go when they are over.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "dead.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_job("cleanup");
}

/* As a commit whose outcome nobody knows, until the side session ends it. */
static void lock_worker(int id, int worker)
{
	side_exec(rig.side,
		  "BEGIN; SELECT FROM bk.execution_workers WHERE execution_id = %d AND worker = %d"
		  " FOR UPDATE",
		  id, worker);
}

static void add_holds(const char *values)
{
	side_exec(rig.side,
		  "INSERT INTO bk.booking_holds SELECT ARRAY[k], at, 'r', 'a/b' FROM (%s)"
		  " AS v (k, at)",
		  values);
}

static void add_quarantined(const char *values)
{
	side_exec(rig.side,
		  "INSERT INTO bk.quarantined_bookings SELECT 'activate', ARRAY[k], 'activate-due',"
		  " 1, '23514', 'm', now(), now(), 1, at FROM (%s) AS v (k, at)",
		  values);
}

static const char *keys_in(const char *table)
{
	return side_text(rig.side,
			 "SELECT string_agg(booking_key[1], ' ' ORDER BY booking_key) FROM bk.%s",
			 table);
}

START_TEST(a_dead_execution_is_closed_once_with_its_end_and_the_reason)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(id), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws(' ', finished_at BETWEEN now() - interval"
				   " '1 min' AND now(), execution_time_ms BETWEEN 3600000 AND"
				   " 3660000, remaining IS NULL, regexp_replace(error_message,"
				   " '\\d+$', 'N')) FROM bk.maintenance_executions WHERE id = %d",
				   id),
			 "t t t the lease expired; closed by host-1 pid N");
	ck_assert_int_eq(dead_workers(id), 0);
	ck_assert_str_eq(rig_job_column("total_failures"), "1");
	ck_assert_str_eq(rig_job_column("retry_count"), "1");
	ck_assert_str_eq(rig_job_column("total_processed"), "7");
	ck_assert_str_eq(bk_job_said(rig.job),
			 "execution 1 of activate-due on host-7 pid 17 had lost"
			 " its lease and was closed as ABANDONED");
	ck_assert_int_eq(dead_cleaned(), 0);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_ptr_null(bk_job_said(rig.job));
	ck_assert_str_eq(rig_job_column("total_failures"), "1");
	ck_assert_str_eq(rig_record(2), "SUCCESS 1");
	ck_assert_str_eq(rig_record(3), "SUCCESS 0");
}
END_TEST

START_TEST(all_workers_of_an_execution_count)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	dead_worker(id, 1, "1 hour", 5);
	ck_assert_int_eq(dead_cleaned(), 0);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_str_eq(rig_record(id), "RUNNING 0");
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now() WHERE"
			    " worker = 1");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(id), "ABANDONED 12 ABANDONED");
	ck_assert_int_eq(dead_workers(id), 0);
}
END_TEST

START_TEST(a_live_lease_is_left_alone)
{
	int dead = dead_execution("activate-due", 0, "-1 s", 1);
	int alive = dead_execution("update-expired", 0, "1 min", 2);

	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(dead), "ABANDONED 1 ABANDONED");
	ck_assert_str_eq(rig_record(alive), "RUNNING 0");
	ck_assert_int_eq(dead_workers(alive), 1);
}
END_TEST

START_TEST(a_locked_ledger_row_is_left_alone_until_it_is_free)
{
	int locked = dead_execution("activate-due", 0, "-1 s", 1);
	int other = dead_execution("update-expired", 0, "-1 s", 2);

	lock_worker(locked, 0);
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_int_eq(rig.result.skipped_locked, 1);
	ck_assert_int_eq(rig.result.remaining, 1);
	ck_assert_str_eq(rig_record(other), "ABANDONED 2 ABANDONED");
	ck_assert_str_eq(rig_record(locked), "RUNNING 0");
	ck_assert_int_eq(dead_workers(locked), 1);
	side_exec(rig.side, "COMMIT");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(locked), "ABANDONED 1 ABANDONED");
}
END_TEST

START_TEST(one_locked_worker_keeps_the_whole_execution)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	dead_worker(id, 1, "-1 min", 5);
	lock_worker(id, 1);
	ck_assert_int_eq(dead_cleaned(), 0);
	ck_assert_str_eq(rig_record(id), "RUNNING 0");
	ck_assert_int_eq(dead_workers(id), 2);
	side_exec(rig.side, "ROLLBACK");
}
END_TEST

START_TEST(an_execution_without_a_worker_is_closed_when_its_time_is_long_over)
{
	int young = dead_execution("activate-due", 0, NULL, 0);
	int old = dead_execution("update-expired", 0, NULL, 0);
	int of_nobody = dead_execution("migrate", 0, NULL, 0);

	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET timeout_ms = 30000;"
		  "UPDATE bk.maintenance_executions SET executed_at = now() - interval '61 min'"
		  " WHERE id IN (%d, %d)",
		  old, of_nobody);
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(rig_record(young), "RUNNING 0");
	ck_assert_str_eq(rig_record(old), "ABANDONED 0 ABANDONED");
	ck_assert_str_eq(rig_record(of_nobody), "ABANDONED 0 ABANDONED");
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM bk.maintenance_executions"
				  " WHERE error_message LIKE 'nobody is at work on it; closed by"
				  " host-1 pid %%'"),
			 2);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(total_failures) FROM"
					    " bk.scheduler_job_info"),
			 1);
}
END_TEST

START_TEST(holds_and_quarantined_bookings_go_when_they_are_over)
{
	add_holds("VALUES ('over', now() - interval '25 h'), ('recent', now() - interval '23 h'),"
		  " ('next', now() + interval '1 h'), ('open', NULL), ('ever', 'infinity'),"
		  " ('far', '294276-12-31 23:00:00Z')");
	add_quarantined("VALUES ('over', now() - interval '8 d'),"
			" ('recent', now() - interval '6 d'), ('next', now() + interval '1 h')");
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(keys_in("booking_holds"), "ever far next open recent");
	ck_assert_str_eq(keys_in("quarantined_bookings"), "next recent");
	for (size_t i = 0; i < bk_job_unit_count(rig.job); i++) {
		struct bk_tally tally = bk_job_tally(rig.job, i);

		ck_assert_int_eq(tally.changed, strncmp(tally.rule, "remove-", 7) == 0);
	}
}
END_TEST

START_TEST(a_batch_has_its_size)
{
	for (int slot = 0; slot < 3; slot++)
		(void)dead_execution("activate-due", slot, "-1 s", 1);
	add_holds("SELECT g::text, now() - interval '2 d' FROM generate_series(1, 4) AS g");
	add_quarantined("SELECT g::text, now() - interval '8 d' FROM generate_series(1, 3) AS g");
	rig.request.batch_size = 2;
	ck_assert_int_eq(dead_cleaned(), 10);
	ck_assert_int_eq(rig.batches, 10);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_str_eq(rig_job_column("total_failures"), "3");
}
END_TEST

START_TEST(what_is_locked_does_not_hold_a_small_batch_up)
{
	int locked = dead_execution("activate-due", 0, "-1 min", 1);
	int free_one = dead_execution("activate-due", 1, "-1 s", 1);

	lock_worker(locked, 0);
	rig.request.batch_size = 1;
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(free_one), "ABANDONED 1 ABANDONED");
	ck_assert_str_eq(rig_record(locked), "RUNNING 0");
	side_exec(rig.side, "ROLLBACK");
}
END_TEST

static void little_time_is_left(int n)
{
	if (n != 1)
		return;
	rig.jump_ms = rig.request.timeout_ms - 300;
	side_exec(rig.side, "BEGIN; LOCK TABLE bk.booking_holds IN ACCESS EXCLUSIVE MODE");
}

START_TEST(a_batch_has_the_time_that_is_left_of_the_run)
{
	const struct bk_clock clock = bk_clock_system();
	int64_t start = clock.mono_ms(clock.self);

	add_holds("VALUES ('over', now() - interval '25 h')");
	rig.request.lock_timeout_ms = 20000;
	rig.before_batch = little_time_is_left;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	ck_assert_int_lt(clock.mono_ms(clock.self) - start, rig.request.lock_timeout_ms / 2);
	ck_assert_str_eq(rig.result.status, "TIMEOUT");
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(keys_in("booking_holds"), "over");
}
END_TEST

START_TEST(it_does_not_close_itself)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	rig.before_batch = dead_expire_newest;
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(id), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 1");
}
END_TEST

static void steal_lease(int n)
{
	(void)n;
	side_exec(rig.side, "UPDATE bk.execution_workers SET token = token + 1 WHERE"
			    " execution_id = (SELECT max(id) FROM bk.maintenance_executions)");
}

START_TEST(a_cleanup_that_lost_its_lease_closes_nothing)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	rig.before_batch = steal_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(rig_record(id), "RUNNING 0");
	ck_assert_int_eq(dead_workers(id), 1);
	ck_assert_str_eq(rig_job_column("total_failures"), "0");
	ck_assert_ptr_null(bk_job_said(rig.job));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cleanup");
	TCase *tc = tcase_create("cleanup");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_dead_execution_is_closed_once_with_its_end_and_the_reason);
	ADD(tc, all_workers_of_an_execution_count);
	ADD(tc, a_live_lease_is_left_alone);
	ADD(tc, a_locked_ledger_row_is_left_alone_until_it_is_free);
	ADD(tc, one_locked_worker_keeps_the_whole_execution);
	ADD(tc, an_execution_without_a_worker_is_closed_when_its_time_is_long_over);
	ADD(tc, holds_and_quarantined_bookings_go_when_they_are_over);
	ADD(tc, a_batch_has_its_size);
	ADD(tc, what_is_locked_does_not_hold_a_small_batch_up);
	ADD(tc, a_batch_has_the_time_that_is_left_of_the_run);
	ADD(tc, it_does_not_close_itself);
	ADD(tc, a_cleanup_that_lost_its_lease_closes_nothing);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The guard over real bookings: what is counted before the first write, and what
 * is enforced while the run is at work and more becomes due.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET last_success_time = now()");
	rig.request.batch_size = 7;
}

static const int worker_counts[] = {1, 2, 4};

static void use_workers(int n)
{
	rig.request.workers = n;
	rig.request.connect = rig_connect;
}

START_TEST(a_run_that_would_change_too_much_changes_nothing)
{
	rig_due(31);
	rig.request.max_changes = 30;
	use_workers(worker_counts[_i]);
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_int_eq(bk_rc_info(BK_E_REFUSED)->exit_status, BK_EXIT_REFUSED);
	ck_assert_str_eq(rig.result.status, "REFUSED");
	ck_assert_str_eq(rig.err.message, "activate-due would change 31 bookings, max-changes"
					  " allows 30 (rule activate: 31)");
	ck_assert_int_eq(rig.result.remaining, 31);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_int_eq(rig_changed(), 0);
	ck_assert_str_eq(rig_record(1), "REFUSED 0 REFUSED");
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count, error_message)"),
			 side_text(rig.side, "SELECT 'ERROR 1 %s'", rig.err.message));
}
END_TEST

START_TEST(as_many_as_are_allowed_are_changed)
{
	rig_due(30);
	rig.request.max_changes = 30;
	use_workers(worker_counts[_i]);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig_changed(), 30);
}
END_TEST

START_TEST(beyond_ten_thousand_it_says_more_than)
{
	rig_due(10002);
	rig.request.max_changes = 30;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_str_eq(rig.err.message,
			 "activate-due would change more than 10000 bookings, max-changes allows"
			 " 30 (rule activate: more than 10000)");
}
END_TEST

START_TEST(allow_lets_it_through_once)
{
	rig_due(31);
	rig.request.max_changes = 30;
	rig.request.allow = 31;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig_changed(), 31);
	rig_due(32);
	rig.request.allow = -1;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
}
END_TEST

/* Each run changes that many, until nothing is left. */
START_TEST(with_trickle_each_run_changes_what_is_allowed)
{
	rig_due(70);
	rig.request.max_changes = 30;
	rig.request.trickle = true;
	use_workers(worker_counts[_i]);
	for (int i = 1; i <= 2; i++) {
		ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
		ck_assert_str_eq(rig.result.status, "PARTIAL");
		ck_assert_int_eq(rig.result.processed, 30);
		ck_assert_int_eq(rig.result.remaining, 70 - 30 * i);
		ck_assert_int_eq(rig_changed(), 30 * i);
	}
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 10);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count)"), "IDLE 0");
}
END_TEST

START_TEST(a_limit_below_needs_no_leave)
{
	rig_due(50);
	rig.request.max_changes = 30;
	rig.request.limit = 20;
	use_workers(worker_counts[_i]);
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_str_eq(rig.err.message, "the limit of 20 bookings is reached, work remains");
	ck_assert_int_eq(rig_changed(), 20);
}
END_TEST

static const int limits[] = {1, 6, 7, 8, 20, 49, 50};

/* Each worker takes a share; together they change as many as the limit says. */
START_TEST(a_limit_is_exact_over_all_workers)
{
	int limit = limits[(size_t)_i % BK_COUNT(limits)];

	rig_due(50);
	rig.request.limit = limit;
	use_workers(worker_counts[(size_t)_i / BK_COUNT(limits)]);
	ck_assert_msg(rig_run() == (limit < 50 ? BK_E_PARTIAL : BK_OK), "%s", rig.err.message);
	ck_assert_int_eq(rig_changed(), limit);
	ck_assert_int_eq(rig.result.processed, limit);
	ck_assert_int_eq(rig.result.remaining, 50 - limit);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 limit);
}
END_TEST

/* --- while it is at work --- */

static void become_due(int n)
{
	if (n == 2)
		rig_due(40);
}

START_TEST(what_becomes_due_meanwhile_is_not_let_through)
{
	rig_due(25);
	rig.request.max_changes = 30;
	use_workers(worker_counts[_i]);
	rig.before_batch = become_due;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_str_eq(rig.result.status, "REFUSED");
	ck_assert_str_eq(rig.err.message, "activate-due changed the 30 bookings that max-changes"
					  " allows, and more became due");
	ck_assert_int_eq(rig.result.processed, 30);
	ck_assert_int_eq(rig_changed(), 30);
	ck_assert_str_eq(rig_record(1), "REFUSED 30 REFUSED");
}
END_TEST

START_TEST(nor_by_an_allowance_for_once)
{
	rig_due(35);
	rig.request.max_changes = 30;
	rig.request.allow = 36;
	rig.before_batch = become_due;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_int_eq(rig_changed(), 36);
}
END_TEST

static void become_due_for_once(int n)
{
	if (n == 2)
		rig_due(3);
}

START_TEST(a_few_more_are_let_through)
{
	rig_due(25);
	rig.request.max_changes = 30;
	rig.before_batch = become_due_for_once;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig_changed(), 28);
}
END_TEST

/* Those that others hold use nothing up. */
START_TEST(what_is_locked_is_not_counted_as_changed)
{
	rig_due(50);
	rig.request.limit = 20;
	use_workers(worker_counts[_i]);
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE id <= 25 FOR UPDATE");
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig_changed(), 20);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = 'ACTIVE'"
					    " AND id <= 25"),
			 0);
}
END_TEST

/* It stops its own job, and no other. */
START_TEST(the_guard_of_one_job_is_not_that_of_another)
{
	rig_due(31);
	side_exec(rig.side, "INSERT INTO bookings (status, starts_at, ends_at) SELECT 'CONFIRMED',"
			    " now() - interval '2 h', now() + interval '1 h' FROM"
			    " generate_series(1, 5)");
	rig.request.max_changes = 30;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	rig_job("cancel-no-shows");
	rig.request.max_changes = 30;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tc = tcase_create("guard");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_run_that_would_change_too_much_changes_nothing, worker_counts);
	ADD_ROWS(tc, as_many_as_are_allowed_are_changed, worker_counts);
	ADD(tc, beyond_ten_thousand_it_says_more_than);
	ADD(tc, allow_lets_it_through_once);
	ADD_ROWS(tc, with_trickle_each_run_changes_what_is_allowed, worker_counts);
	ADD_ROWS(tc, a_limit_below_needs_no_leave, worker_counts);
	tcase_add_loop_test(tc, a_limit_is_exact_over_all_workers, 0,
			    (int)(BK_COUNT(limits) * BK_COUNT(worker_counts)));
	ADD_ROWS(tc, what_becomes_due_meanwhile_is_not_let_through, worker_counts);
	ADD(tc, nor_by_an_allowance_for_once);
	ADD(tc, a_few_more_are_let_through);
	ADD_ROWS(tc, what_is_locked_is_not_counted_as_changed, worker_counts);
	ADD(tc, the_guard_of_one_job_is_not_that_of_another);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * What a run passed over because others held it: it goes through everything again
 * until nothing is to be had, and tells what remains. And what others see of a
 * run that takes long.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 60 };

static const int worker_counts[] = {1, 2, 4};

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 10;
	rig.request.connect = rig_connect;
	rig_due(DUE);
}

static void lock_rows(const char *which)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE %s FOR UPDATE", which);
}

static void expect_changed(int64_t changed, int64_t locked)
{
	ck_assert_int_eq(rig.result.processed, changed);
	ck_assert_int_eq(rig.result.skipped_locked, locked);
	ck_assert_int_eq(rig_changed(), changed);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(side_text(rig.side, "SELECT concat_ws(' ', status, processed_count,"
					     " skipped_locked) FROM bk.maintenance_executions"),
			 side_text(rig.side, "SELECT '%s %d %d'", rig.result.status, (int)changed,
				   (int)locked));
}

static void let_go_at_three(int n)
{
	if (n == 3)
		side_exec(rig.side, "ROLLBACK");
}

/* Positions alone would have missed them. */
START_TEST(rows_that_are_let_go_of_meanwhile_are_changed)
{
	rig.request.workers = worker_counts[_i];
	lock_rows("id <= 10 OR id = 17");
	rig.before_batch = let_go_at_three;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.remaining, 0);
	expect_changed(DUE, 0);
}
END_TEST

START_TEST(rows_that_others_keep_are_no_failure)
{
	rig.request.workers = worker_counts[_i];
	lock_rows("id % 20 = 1");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.remaining, 3);
	expect_changed(DUE - 3, 3);
}
END_TEST

START_TEST(when_others_keep_everything_a_run_comes_to_an_end)
{
	rig.request.workers = worker_counts[_i];
	lock_rows("true");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	expect_changed(0, DUE);
	/* Each worker, and once more: seven batches of ten. */
	ck_assert_int_le(rig.batches, 7 * (worker_counts[_i] + 1));
}
END_TEST

/* An application that always holds some row: another one at each batch. */
static void lock_another(int n)
{
	side_exec(rig.side, "ROLLBACK; BEGIN; SELECT 1 FROM bookings WHERE id = %d FOR UPDATE",
		  1 + n * 7 % DUE);
}

START_TEST(rows_that_are_locked_by_turns_do_not_keep_a_run_going)
{
	side_exec(rig.side, "BEGIN");
	rig.before_batch = lock_another;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_ge(rig.result.processed, DUE - 1);
	ck_assert_int_eq(rig_changed(), rig.result.processed);
	ck_assert_int_lt(rig.batches, 40);
}
END_TEST

static void veto(const char *which)
{
	side_exec(rig.side,
		  "CREATE OR REPLACE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS"
		  " 'BEGIN RETURN NULL; END';"
		  "CREATE TRIGGER veto BEFORE UPDATE ON bookings FOR EACH ROW WHEN (%s)"
		  " EXECUTE FUNCTION veto()",
		  which);
}

static const char *const vetoes[] = {"OLD.id = 7", "OLD.id % 3 = 0", "true"};
static const int vetoed[] = {1, 20, DUE};

START_TEST(rows_that_a_trigger_drops_do_not_keep_a_run_going)
{
	int which = _i / (int)BK_COUNT(worker_counts);

	rig.request.workers = worker_counts[(size_t)_i % BK_COUNT(worker_counts)];
	veto(vetoes[which]);
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "trigger"));
	ck_assert_int_eq(rig.result.remaining, vetoed[which]);
	expect_changed(DUE - vetoed[which], 0);
	ck_assert_int_lt(rig.batches, 40);
}
END_TEST

START_TEST(nor_do_they_beside_locked_ones)
{
	rig.request.workers = worker_counts[_i];
	veto("OLD.id % 3 = 0");
	lock_rows("id = 10");
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, DUE - 21);
	ck_assert_int_eq(rig_changed(), DUE - 21);
	ck_assert_int_eq(rig.result.remaining, 21);
	ck_assert_int_lt(rig.batches, 60);
}
END_TEST

START_TEST(a_limit_holds_for_the_sweep_as_well)
{
	rig.request.limit = DUE - 5;
	lock_rows("id <= 10");
	rig.before_batch = let_go_at_three;
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	expect_changed(DUE - 5, 0);
}
END_TEST

static void spend_time(int n)
{
	if (n == 6)
		rig.jump_ms = 3600000;
}

START_TEST(the_time_of_a_run_holds_for_the_sweep_as_well)
{
	lock_rows("id <= 10");
	rig.after_commit = spend_time;
	ck_assert_int_eq(rig_run(), BK_E_TIMEOUT);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig_changed(), DUE - 10);
}
END_TEST

/* --- what others see --- */

static struct bk_progress shown[1000];
static int shows;

static void show(void *arg, const struct bk_progress *progress)
{
	ck_assert_ptr_eq(arg, &shows);
	if (shows < (int)BK_COUNT(shown))
		shown[shows++] = *progress;
}

static void pass_a_second(int n)
{
	(void)n;
	rig.jump_ms += 1000;
}

static void watch(int workers)
{
	shows = 0;
	rig.request.timeout_ms = 3600000;
	rig.request.workers = workers;
	rig.request.progress = show;
	rig.request.progress_arg = &shows;
	rig.request.count_after_ms = 2000;
	rig.after_commit = pass_a_second;
}

/* It grows, never beyond the total, and the total is told once it is counted. */
static void expect_progress(void)
{
	int64_t before = 0;

	ck_assert_int_gt(shows, 2);
	for (int i = 0; i < shows; i++) {
		ck_assert_int_ge(shown[i].processed, before);
		ck_assert_int_le(shown[i].processed, DUE);
		before = shown[i].processed;
		ck_assert(shown[i].total == BK_NULL_INT || shown[i].total >= shown[i].processed);
		ck_assert(shown[i].total != BK_NULL_INT || shown[i].elapsed_ms < 6000);
	}
	ck_assert_int_ne(shown[shows - 1].total, BK_NULL_INT);
}

START_TEST(a_run_that_takes_long_tells_how_far_it_is)
{
	watch(1);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	expect_progress();
	ck_assert_int_eq(shown[shows - 1].total, DUE);
	ck_assert_int_eq(side_int(rig.side, "SELECT due_total FROM bk.maintenance_executions"),
			 DUE);
}
END_TEST

START_TEST(and_so_does_one_of_several_workers)
{
	watch(4);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	expect_progress();
	/* What the others committed between the count and the sum counts twice. */
	ck_assert_int_ge(side_int(rig.side, "SELECT due_total FROM bk.maintenance_executions"),
			 DUE);
}
END_TEST

START_TEST(a_short_run_counts_nothing)
{
	watch(1);
	rig.request.count_after_ms = 3600000;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(shown[shows - 1].total, BK_NULL_INT);
	ck_assert_ptr_null(side_text(rig.side, "SELECT due_total FROM bk.maintenance_executions"));
}
END_TEST

static void lock_table_at_two(int n)
{
	rig.jump_ms += 1000;
	if (n == 2)
		side_exec(rig.side, "BEGIN; LOCK TABLE bk.maintenance_executions");
	if (n == 3)
		side_exec(rig.side, "ROLLBACK");
}

START_TEST(a_total_that_cannot_be_stored_is_told_here_all_the_same)
{
	watch(1);
	rig.request.lock_timeout_ms = 50;
	rig.after_commit = lock_table_at_two;
	/* The batches log their transitions, which refer to the execution. */
	side_exec(rig.side, "ALTER TABLE bk.booking_transitions DROP CONSTRAINT"
			    " booking_transitions_execution_id_fkey");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	expect_progress();
	ck_assert_int_eq(rig.result.retries, 0);
	ck_assert_ptr_null(side_text(rig.side, "SELECT due_total FROM bk.maintenance_executions"));
}
END_TEST

static TCase *sweeps(void)
{
	TCase *tc = tcase_create("sweeps");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, rows_that_are_let_go_of_meanwhile_are_changed, worker_counts);
	ADD_ROWS(tc, rows_that_others_keep_are_no_failure, worker_counts);
	ADD_ROWS(tc, when_others_keep_everything_a_run_comes_to_an_end, worker_counts);
	ADD(tc, rows_that_are_locked_by_turns_do_not_keep_a_run_going);
	tcase_add_loop_test(tc, rows_that_a_trigger_drops_do_not_keep_a_run_going, 0,
			    (int)(BK_COUNT(vetoes) * BK_COUNT(worker_counts)));
	ADD_ROWS(tc, nor_do_they_beside_locked_ones, worker_counts);
	ADD(tc, a_limit_holds_for_the_sweep_as_well);
	ADD(tc, the_time_of_a_run_holds_for_the_sweep_as_well);
	return tc;
}

static TCase *progress(void)
{
	TCase *tc = tcase_create("progress");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_run_that_takes_long_tells_how_far_it_is);
	ADD(tc, and_so_does_one_of_several_workers);
	ADD(tc, a_short_run_counts_nothing);
	ADD(tc, a_total_that_cannot_be_stored_is_told_here_all_the_same);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("sweep");

	suite_add_tcase(suite, sweeps());
	suite_add_tcase(suite, progress());
	return suite_run(suite);
}

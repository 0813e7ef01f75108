/*
 * Hands off: bookings that no job may touch, from the moment on at which they are
 * put on hold; and a run that somebody ends from outside.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "rule/queue.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
}

/* `until` is SQL. */
static void hold(const char *which, const char *until)
{
	side_exec(rig.side,
		  "INSERT INTO bk.booking_holds (booking_key, held_until, reason, author) SELECT"
		  " ARRAY[id::text], %s, 'in dispute', 'x' FROM bookings WHERE %s",
		  until, which);
}

static void run_well(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
}

static const struct {
	const char *job;
	const char *row; /* SQL: status, start, end, check-in, hold deadline */
	const char *to;
} jobs[] = {
	{"activate-due", "'CONFIRMED', now() - interval '1 m', now() + interval '1 h', NULL, NULL",
	 "ACTIVE"},
	{"cancel-no-shows",
	 "'CONFIRMED', now() - interval '1 h', now() + interval '1 h', NULL,"
	 " NULL",
	 "NO_SHOW"},
	{"cancel-no-shows", "'ACTIVE', now() - interval '1 h', now() + interval '1 h', NULL, NULL",
	 "NO_SHOW"},
	{"update-completed",
	 "'ACTIVE', now() - interval '2 h', now() - interval '1 h', now() -"
	 " interval '2 h', NULL",
	 "COMPLETED"},
	{"update-expired", "'PENDING', now() - interval '1 h', now() + interval '1 h', NULL, NULL",
	 "EXPIRED"},
	{"update-expired",
	 "'PENDING', now() + interval '1 h', now() + interval '2 h', NULL, now()"
	 " - interval '1 m'",
	 "EXPIRED"},
};

START_TEST(every_job_leaves_a_booking_on_hold_alone)
{
	side_exec(rig.side,
		  "INSERT INTO bookings (status, starts_at, ends_at, checked_in_at,"
		  " hold_expires_at) SELECT %s FROM generate_series(1, 12)",
		  jobs[_i].row);
	hold("id IN (1, 5, 12)", "NULL");
	rig_job(jobs[_i].job);
	rig.request.batch_size = 4;
	run_well();
	ck_assert_int_eq(rig.result.processed, 9);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_int_eq(rig.result.skipped_locked, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = '%s'",
				  jobs[_i].to),
			 9);
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT string_agg(id::text, ' ' ORDER BY id) FROM"
				   " bookings WHERE status <> '%s'",
				   jobs[_i].to),
			 "1 5 12");
	/* What is on hold is no work. */
	run_well();
	ck_assert_int_eq(rig.batches, 0);
	side_exec(rig.side, "DELETE FROM bk.booking_holds");
	run_well();
	ck_assert_int_eq(rig.result.processed, 3);
}
END_TEST

START_TEST(a_hold_ends_by_itself)
{
	static const char *const ends[] = {"now() - interval '1 s'", "now() + interval '1 h'",
					   "'infinity'", "'-infinity'"};

	rig_due(5);
	for (int i = 0; i < 4; i++)
		hold(side_text(rig.side, "SELECT 'id = %d'", i + 1), ends[i]);
	run_well();
	ck_assert_int_eq(rig.result.processed, 3);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM"
					     " bookings WHERE status = 'CONFIRMED'"),
			 "2 3");
}
END_TEST

/* Judged by the run's own instant. */
START_TEST(it_ends_at_its_instant)
{
	side_exec(rig.side, "INSERT INTO bookings (status, starts_at, ends_at, checked_in_at)"
			    " VALUES ('CONFIRMED', '2026-03-01 11:00Z', '2026-03-02Z',"
			    " '2026-03-01 11:00Z')");
	hold("true", "'2026-03-01 12:00:00Z'");
	rig.request.clock_override = "2026-03-01 11:59:59.999Z";
	run_well();
	ck_assert_int_eq(rig_changed(), 0);
	rig.request.clock_override = "2026-03-01 12:00:00Z";
	run_well();
	ck_assert_int_eq(rig_changed(), 1);
}
END_TEST

static enum bk_rc count_row(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	(void)err;
	(void)row;
	++*(int *)arg;
	return BK_OK;
}

START_TEST(a_dry_run_the_queue_and_the_guard_leave_it_out)
{
	struct bk_dry_head head = {.as_of = NULL};
	struct bk_queue queue = {.oldest_at = NULL};
	int rows = 0;

	rig_due(9);
	hold("id <= 4", "NULL");
	ck_assert_int_eq(
		bk_job_dry_run(rig.job, pg_db, &rig.request, count_row, &rows, &head, &rig.err),
		BK_OK);
	ck_assert_int_eq(rows, 5);
	pg_queue(rig.conf, "activate-due", &queue);
	ck_assert_int_eq(queue.depth, 5);
	rig.request.max_changes = 5;
	run_well();
	ck_assert_int_eq(rig.result.processed, 5);
	bk_dry_head_clear(&head);
	bk_queue_clear(&queue);
}
END_TEST

static void hold_the_last(int n)
{
	if (n == 2)
		hold("id > 15", "NULL");
}

static void release_all(int n)
{
	if (n == 3)
		side_exec(rig.side, "DELETE FROM bk.booking_holds");
}

START_TEST(a_hold_counts_from_the_next_batch_on)
{
	rig_due(20);
	rig.after_commit = hold_the_last;
	run_well();
	ck_assert_int_eq(rig.result.processed, 15);
}
END_TEST

START_TEST(and_so_does_its_end)
{
	rig_due(20);
	hold("id > 15", "NULL");
	rig.before_batch = release_all;
	run_well();
	ck_assert_int_eq(rig.result.processed, 20);
}
END_TEST

/* The batch in flight takes a shared lock that bkmaint hold waits for. */
static void expect_shared_lock(int n)
{
	(void)n;
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM pg_locks WHERE locktype ="
					    " 'advisory' AND mode = 'ShareLock' AND granted"),
			 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT pg_try_advisory_xact_lock(hashtext('bk hold'),"
					    " hashtext('bk'))::int"),
			 0);
}

START_TEST(a_batch_in_flight_holds_off_new_holds)
{
	rig_due(12);
	rig.before_commit = expect_shared_lock;
	run_well();
	ck_assert_int_eq(side_int(rig.side, "SELECT pg_try_advisory_xact_lock(hashtext('bk hold'),"
					    " hashtext('bk'))::int"),
			 1);
}
END_TEST

enum { MANY = 10000 };

START_TEST(many_bookings_may_be_on_hold)
{
	rig_due(MANY + 50);
	hold("id % 2 = 0", "NULL");
	side_exec(rig.side, "ANALYZE bk.booking_holds");
	rig.request.batch_size = 5000;
	run_well();
	ck_assert_int_eq(rig.result.processed, (MANY + 50) / 2);
}
END_TEST

/* --- an end from outside --- */

static void cancel_two(int n)
{
	if (n == 2)
		side_exec(rig.side, "UPDATE bk.maintenance_executions SET cancel_requested = true;"
				    "UPDATE bk.execution_workers SET cancel_requested = true");
}

START_TEST(a_run_that_is_cancelled_ends_with_the_batch_at_hand)
{
	rig_due(23);
	rig.before_batch = cancel_two;
	ck_assert_int_eq(rig_run(), BK_E_CANCELLED);
	ck_assert_int_eq(bk_rc_info(BK_E_CANCELLED)->exit_status, BK_EXIT_REMAINS);
	ck_assert_str_eq(rig.result.status, "CANCELLED");
	ck_assert_str_eq(rig.err.message, "stopped by bkmaint cancel");
	ck_assert_int_eq(rig.result.processed, 10);
	ck_assert_int_eq(rig.result.remaining, 13);
	ck_assert_str_eq(rig_record(1), "CANCELLED 10 CANCELLED");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	rig.before_batch = NULL;
	run_well();
	ck_assert_int_eq(rig.result.processed, 13);
	ck_assert_int_eq(rig_changed_twice(), 0);
}
END_TEST

static void cancel_part(int n)
{
	if (n == 3)
		side_exec(rig.side, "UPDATE bk.execution_workers SET cancel_requested = true");
}

START_TEST(one_that_looks_for_a_bad_row_finds_it_first)
{
	rig_refuse();
	rig_due(23);
	rig_spoil("id = 3");
	rig.before_part = cancel_part;
	ck_assert_int_eq(rig_run(), BK_E_CANCELLED);
	ck_assert_str_eq(rig_record(1), "CANCELLED 4 CANCELLED");
	ck_assert_str_eq(rig_aside(), "3");
	ck_assert_int_eq(rig.result.quarantined, 1);
}
END_TEST

static TCase *cases(void)
{
	TCase *tc = tcase_create("hold");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, every_job_leaves_a_booking_on_hold_alone, jobs);
	ADD(tc, a_hold_ends_by_itself);
	ADD(tc, it_ends_at_its_instant);
	ADD(tc, a_dry_run_the_queue_and_the_guard_leave_it_out);
	ADD(tc, a_hold_counts_from_the_next_batch_on);
	ADD(tc, and_so_does_its_end);
	ADD(tc, a_batch_in_flight_holds_off_new_holds);
	ADD(tc, many_bookings_may_be_on_hold);
	ADD(tc, a_run_that_is_cancelled_ends_with_the_batch_at_hand);
	ADD(tc, one_that_looks_for_a_bad_row_finds_it_first);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("hold");

	suite_add_tcase(suite, cases());
	return suite_run(suite);
}

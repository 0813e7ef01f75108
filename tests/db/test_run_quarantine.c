/*
 * Bookings in quarantine: their rule passes over them for a while, tries them
 * again, later each time, and lets go of those that were changed or are not due
 * any more. However many there are, they stop nothing.
 */
#include "run/run.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "rule/queue.h"
#include "suite.h"

static char now_text[64]; /* the instant that the runs judge by */

/* So many seconds after the first run. */
static void at(int seconds)
{
	const char *text = side_text(rig.side,
				     "SELECT (start + %d * interval '1 s')::text FROM"
				     " start",
				     seconds);

	(void)snprintf(now_text, sizeof(now_text), "%s", text);
	rig.request.clock_override = now_text;
}

static void run_to(enum bk_rc rc)
{
	ck_assert_msg(rig_run() == rc, "%s", rig.err.message);
}

/* Ten due bookings, of which 3 and 7 are set aside. */
static void setup(void)
{
	rig_open();
	rig_audit();
	rig_refuse();
	rig_job("activate-due");
	rig_due(10);
	rig_spoil("id IN (3, 7)");
	side_exec(rig.side,
		  "DROP TABLE IF EXISTS start; CREATE TABLE start AS SELECT now() AS start");
	at(0);
	run_to(BK_E_PARTIAL);
	ck_assert_str_eq(rig_aside(), "3 7");
}

enum { MINUTE = 60, DAY = 86400 };

/* "tries minutes-until-the-next" of each, in order. */
static const char *state(void)
{
	return side_text(rig.side,
			 "SELECT coalesce(string_agg(concat_ws(' ', tries,"
			 " extract(epoch FROM next_try_at - last_seen_at)::int / 60), ', '"
			 " ORDER BY booking_key), '') FROM bk.quarantined_bookings");
}

/* --- passed over --- */

START_TEST(until_it_is_tried_again_a_run_passes_over_it)
{
	at(5 * MINUTE - 1);
	run_to(BK_OK);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_int_eq(rig.result.remaining, 0);
	rig_due(5);
	run_to(BK_OK);
	ck_assert_int_eq(rig.result.processed, 5);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_int_eq(rig.result.quarantined, 0);
	ck_assert_str_eq(state(), "1 5, 1 5");
}
END_TEST

static enum bk_rc count_row(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	(void)err;
	(void)row;
	++*(int *)arg;
	return BK_OK;
}

/* A dry run and the queue's depth go by the database's own clock. */
START_TEST(a_dry_run_and_the_queue_pass_over_it)
{
	struct bk_dry_head head = {.as_of = NULL};
	struct bk_queue queue = {.oldest_at = NULL};
	int rows = 0;

	rig.request.clock_override = NULL;
	side_exec(rig.side,
		  "UPDATE bk.quarantined_bookings SET next_try_at = now() + interval '1 h'"
		  " WHERE booking_key = '{3}'; UPDATE bk.quarantined_bookings SET"
		  " next_try_at = now() WHERE booking_key = '{7}'");
	ck_assert_int_eq(
		bk_job_dry_run(rig.job, pg_db, &rig.request, count_row, &rows, &head, &rig.err),
		BK_OK);
	ck_assert_int_eq(rows, 1);
	pg_queue(rig.conf, "activate-due", &queue);
	ck_assert_int_eq(queue.depth, 1);
	bk_dry_head_clear(&head);
	bk_queue_clear(&queue);
}
END_TEST

START_TEST(the_guard_does_not_count_it)
{
	at(MINUTE);
	rig_due(5);
	rig.request.max_changes = 5;
	run_to(BK_OK);
}
END_TEST

/* Booking 3 did not check in: it is a no-show, whatever keeps it from being active. */
START_TEST(only_its_own_rule_passes_over_it)
{
	side_exec(rig.side, "DROP TRIGGER refuse ON bookings;"
			    "UPDATE bookings SET checked_in_at = NULL WHERE id = 3");
	rig_job("cancel-no-shows");
	at(MINUTE);
	run_to(BK_OK);
	ck_assert_int_eq(rig.result.processed, 1);
	ck_assert_str_eq(side_text(rig.side, "SELECT status FROM bookings WHERE id = 3"),
			 "NO_SHOW");
	ck_assert_str_eq(rig_aside(), "3 7");
}
END_TEST

/* --- tried again --- */

START_TEST(when_it_is_refused_again_it_waits_twice_as_long_a_day_at_most)
{
	static const struct {
		int at; /* minutes */
		const char *state;
	} tries[] = {{5, "2 10, 2 10"},          {15, "3 20, 3 20"},
		     {35, "4 40, 4 40"},         {75, "5 80, 5 80"},
		     {155, "6 160, 6 160"},      {315, "7 320, 7 320"},
		     {635, "8 640, 8 640"},      {1275, "9 1280, 9 1280"},
		     {2555, "10 1440, 10 1440"}, {3995, "11 1440, 11 1440"}};

	for (size_t i = 0; i < BK_COUNT(tries); i++) {
		if (tries[i].at >= 1440) /* their end is past by then */
			side_exec(rig.side, "UPDATE bookings SET ends_at = NULL");
		at(tries[i].at * MINUTE);
		run_to(BK_E_PARTIAL);
		ck_assert_int_eq(rig.result.quarantined, 2);
		ck_assert_str_eq(state(), tries[i].state);
	}
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings, start"
					    " WHERE first_seen_at = start AND last_seen_at = start"
					    " + interval '3995 minutes'"),
			 2);
	side_exec(rig.side, "UPDATE bk.quarantined_bookings SET tries = 2000000000");
	at(10 * DAY);
	run_to(BK_E_PARTIAL);
	ck_assert_str_eq(state(), "2000000001 1440, 2000000001 1440");
}
END_TEST

START_TEST(once_it_is_changed_it_is_let_go_of)
{
	side_exec(rig.side, "UPDATE bookings SET resource_id = 1 WHERE id = 3");
	at(5 * MINUTE);
	run_to(BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.processed, 1);
	ck_assert_str_eq(rig_aside(), "7");
	side_exec(rig.side, "UPDATE bookings SET resource_id = 1");
	at(15 * MINUTE);
	run_to(BK_OK);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_str_eq(rig_aside(), "");
	ck_assert_int_eq(rig_changed(), 10);
}
END_TEST

static const char *const ends[] = {
	"UPDATE bookings SET status = 'CANCELLED' WHERE id = 3",
	"UPDATE bookings SET ends_at = starts_at WHERE id = 3",
	"UPDATE bookings SET starts_at = now() + interval '1 h' WHERE id = 3",
	"DELETE FROM bookings WHERE id = 3",
};

START_TEST(once_it_is_not_due_any_more_it_is_let_go_of)
{
	side_exec(rig.side, "%s", ends[_i]);
	at(5 * MINUTE);
	run_to(BK_E_PARTIAL);
	ck_assert_str_eq(rig_aside(), "7");
}
END_TEST

/* The claim finds nothing due: there is no run that could let go of them. They are
   in nobody's way. */
START_TEST(where_nothing_is_due_they_stay_until_something_is)
{
	side_exec(rig.side, "UPDATE bookings SET status = 'CANCELLED' WHERE id IN (3, 7)");
	at(5 * MINUTE);
	run_to(BK_OK);
	rig_due(1);
	run_to(BK_OK);
	ck_assert_str_eq(rig_aside(), "");
}
END_TEST

static void lock_seven(void)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE id = 7 FOR UPDATE");
}

START_TEST(one_that_was_locked_when_its_time_came_is_not_let_go_of)
{
	lock_seven();
	at(5 * MINUTE);
	run_to(BK_E_PARTIAL);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(state(), "2 10, 1 5");
	run_to(BK_E_PARTIAL);
	ck_assert_str_eq(state(), "2 10, 2 10");
}
END_TEST

START_TEST(nor_one_that_the_limit_kept_from_being_tried)
{
	side_exec(rig.side, "UPDATE bookings SET resource_id = 1 WHERE id = 3");
	rig.request.limit = 1;
	at(5 * MINUTE);
	run_to(BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.processed, 1);
	ck_assert_str_eq(rig_aside(), "3 7");
	rig.request.limit = -1;
	run_to(BK_E_PARTIAL);
	ck_assert_str_eq(state(), "2 10");
}
END_TEST

static void jump(int n)
{
	if (n == 1)
		rig.jump_ms = 3600000;
}

START_TEST(nor_one_that_the_end_of_the_time_kept_from_being_tried)
{
	side_exec(rig.side, "UPDATE bookings SET resource_id = 1 WHERE id = 3");
	rig.request.batch_size = 1;
	rig.after_commit = jump;
	at(5 * MINUTE);
	run_to(BK_E_TIMEOUT);
	ck_assert_str_eq(rig_aside(), "3 7");
}
END_TEST

/* The first batch is refused and looked into; then the time is over. */
static void jump_at_two(int n)
{
	if (n == 2)
		rig.jump_ms = 3600000;
}

START_TEST(what_a_run_found_refused_before_its_time_was_over_is_set_aside)
{
	side_exec(rig.side, "DELETE FROM bk.quarantined_bookings");
	/* Enough for a third batch: the second may still be fast enough. */
	rig_due(40);
	side_exec(rig.side, "UPDATE bookings SET starts_at = now() - interval '10 minutes'"
			    " WHERE status = 'CONFIRMED' AND id > 10");
	rig.request.batch_size = 12;
	rig.before_batch = jump_at_two;
	at(MINUTE);
	run_to(BK_E_TIMEOUT);
	ck_assert_int_eq(rig.result.quarantined, 2);
	ck_assert_str_eq(rig_aside(), "3 7");
}
END_TEST

/* --- many --- */

enum { MANY = 40 };

static void set_many_aside(void)
{
	side_exec(rig.side, "DELETE FROM bookings; DELETE FROM bk.quarantined_bookings");
	rig_due(3 * MANY);
	rig_spoil("id % 3 = 0");
	run_to(BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.quarantined, MANY);
}

/* They are all that the run has: eight of eight are refused, and yet it is no
   fault of all rows. */
START_TEST(many_that_are_tried_again_together_are_no_fault_of_all)
{
	set_many_aside();
	for (int i = 0; i < 3; i++) {
		at((5 << i) * 2 * MINUTE);
		run_to(BK_E_PARTIAL);
		ck_assert_int_eq(rig.result.quarantined, MANY);
		ck_assert_int_eq(side_int(rig.side,
					  "SELECT count(*) FROM bk.quarantined_bookings"
					  " WHERE tries = %d",
					  i + 2),
				 MANY);
	}
}
END_TEST

START_TEST(they_do_not_count_as_more_than_max_quarantine)
{
	set_many_aside();
	rig_due(2);
	rig_spoil("id > 130");
	rig.request.max_aside = 2;
	at(5 * MINUTE);
	run_to(BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.quarantined, MANY + 2);
}
END_TEST

START_TEST(a_table_that_refuses_everything_is_told_apart_from_them)
{
	set_many_aside();
	rig_due(20);
	side_exec(rig.side, "ALTER TABLE bookings ADD CHECK (status <> 'ACTIVE' OR resource_id < 0)"
			    " NOT VALID");
	at(5 * MINUTE);
	run_to(BK_E_RUN);
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings WHERE"
					    " tries = 1"),
			 MANY);
}
END_TEST

/* --- the end of the run --- */

static void take_quarantine_away(void)
{
	side_exec(rig.side, "ALTER TABLE bk.quarantined_bookings RENAME TO elsewhere");
}

START_TEST(a_run_that_cannot_set_aside_is_closed_as_an_error)
{
	at(5 * MINUTE);
	rig.before_end = take_quarantine_away;
	run_to(BK_E_SCHEMA);
	ck_assert_str_eq(side_text(rig.side, "SELECT status || ' ' || error_code FROM"
					     " bk.maintenance_executions ORDER BY id DESC LIMIT 1"),
			 "ERROR SCHEMA");
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_int_eq(rig.result.quarantined, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

static TCase *cases(void)
{
	TCase *tc = tcase_create("quarantine");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, until_it_is_tried_again_a_run_passes_over_it);
	ADD(tc, a_dry_run_and_the_queue_pass_over_it);
	ADD(tc, the_guard_does_not_count_it);
	ADD(tc, only_its_own_rule_passes_over_it);
	ADD(tc, when_it_is_refused_again_it_waits_twice_as_long_a_day_at_most);
	ADD(tc, once_it_is_changed_it_is_let_go_of);
	ADD_ROWS(tc, once_it_is_not_due_any_more_it_is_let_go_of, ends);
	ADD(tc, where_nothing_is_due_they_stay_until_something_is);
	ADD(tc, one_that_was_locked_when_its_time_came_is_not_let_go_of);
	ADD(tc, nor_one_that_the_limit_kept_from_being_tried);
	ADD(tc, nor_one_that_the_end_of_the_time_kept_from_being_tried);
	ADD(tc, what_a_run_found_refused_before_its_time_was_over_is_set_aside);
	ADD(tc, many_that_are_tried_again_together_are_no_fault_of_all);
	ADD(tc, they_do_not_count_as_more_than_max_quarantine);
	ADD(tc, a_table_that_refuses_everything_is_told_apart_from_them);
	ADD(tc, a_run_that_cannot_set_aside_is_closed_as_an_error);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("quarantine");

	suite_add_tcase(suite, cases());
	return suite_run(suite);
}

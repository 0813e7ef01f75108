/*
 * Batches: that a run changes each due booking exactly once, whatever the size
 * of the batch and the moves of others, and that the records say so.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/internal.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
}

static int64_t count_of(const char *status)
{
	return side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = '%s'", status);
}

/* What every run must leave behind: the trigger saw each change once, the log of
   transitions holds the same bookings, and the record their number. */
static void assert_records(void)
{
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM (SELECT 1 FROM audit GROUP BY id,"
					    " from_state, to_state HAVING count(*) > 1) AS q"),
			 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(processed_count) FROM"
					    " bk.maintenance_executions"),
			 side_int(rig.side, "SELECT count(*) FROM audit"));
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM ((SELECT k, from_state, to_state FROM"
				  " bk.booking_transitions, unnest(keys[1:1]) AS k) EXCEPT ALL"
				  " (SELECT id, from_state, to_state FROM audit)) AS q"),
			 0);
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT coalesce(sum(row_count), 0) FROM bk.booking_transitions"),
			 side_int(rig.side, "SELECT count(*) FROM audit"));
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions WHERE"
					    " row_count <> array_length(key_hashes, 1)"
					    " OR row_count <> array_length(keys, 2)"),
			 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions WHERE"
					    " status = 'RUNNING'"),
			 0);
}

static void run_well(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
}

static const struct {
	int due;
	int batch_size;
	int batches; /* the last one finds less than was asked for */
} sizes[] = {
	{20, 1, 21}, {20, 7, 3},    {20, 10, 3}, {20, 19, 2}, {20, 20, 2},
	{20, 21, 1}, {20, 5000, 1}, {1, 1, 2},   {1, 7, 1},
};

START_TEST(a_run_drains_whatever_the_size_of_its_batches)
{
	rig_due(sizes[_i].due);
	rig.request.batch_size = sizes[_i].batch_size;
	run_well();
	ck_assert_int_eq(rig.result.processed, sizes[_i].due);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_int_eq(rig.batches, sizes[_i].batches);
	ck_assert_int_eq(count_of("ACTIVE"), sizes[_i].due);
	assert_records();
}
END_TEST

/* Thousands that start at nine o'clock: only the key tells them apart. */
START_TEST(bookings_of_one_instant_are_taken_in_the_order_of_their_keys)
{
	side_exec(rig.side,
		  "INSERT INTO bookings (status, starts_at, ends_at)"
		  " SELECT 'CONFIRMED', date_trunc('second', now()) - interval '1 minute',"
		  " now() + interval '1 day' FROM generate_series(1, 25)");
	rig.request.batch_size = 4;
	run_well();
	ck_assert_int_eq(rig.result.processed, 25);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM (SELECT id::int, lag(id::int)"
					    " OVER (ORDER BY n) AS before FROM audit) AS q"
					    " WHERE before >= id"),
			 0);
	assert_records();
}
END_TEST

START_TEST(bookings_are_taken_in_the_order_of_their_starts)
{
	side_exec(rig.side, "INSERT INTO bookings (status, starts_at, ends_at)"
			    " SELECT 'CONFIRMED', now() - g * interval '1 second',"
			    " now() + interval '1 day' FROM generate_series(25, 1, -1) AS g");
	rig.request.batch_size = 1;
	run_well();
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM (SELECT starts_at, lag(starts_at) OVER"
				  " (ORDER BY n) AS before FROM audit JOIN bookings AS b"
				  " ON b.id::text = audit.id) AS q WHERE before > starts_at"),
			 0);
	assert_records();
}
END_TEST

START_TEST(each_job_changes_its_own_bookings_and_no_others)
{
	static const struct {
		const char *job;
		const char *to;
		int changed;
	} jobs[] = {
		{"activate-due", "ACTIVE", 4},
		{"cancel-no-shows", "NO_SHOW", 6},
		{"update-completed", "COMPLETED", 5},
		{"update-expired", "EXPIRED", 7},
	};

	side_exec(
		rig.side,
		"INSERT INTO bookings (status, starts_at, ends_at, checked_in_at, hold_expires_at)"
		" SELECT v.status, now() + v.s, now() + v.e, now() + v.c, now() + v.h"
		" FROM (VALUES ('CONFIRMED', interval '-1 m', interval '1 h', NULL::interval,"
		" NULL::interval, 4), ('CONFIRMED', '-1 h', '1 h', NULL, NULL, 3),"
		" ('ACTIVE', '-1 h', '1 h', NULL, NULL, 3), ('ACTIVE', '-2 h', '-1 h', '-2 h',"
		" NULL, 3),"
		" ('CONFIRMED', '-2 h', '-1 h', '-2 h', NULL, 2), ('PENDING', '-1 h', '1 h',"
		" NULL, NULL, 2),"
		" ('PENDING', '1 h', '2 h', NULL, '-1 m', 5), ('CONFIRMED', '1 h', '2 h', NULL,"
		" NULL, 8),"
		" ('PENDING', '1 h', '2 h', NULL, '1 m', 8), ('CANCELLED', '-1 h', '-1 h', NULL,"
		" NULL, 8))"
		" AS v (status, s, e, c, h, n), generate_series(1, v.n)");
	for (size_t i = 0; i < BK_COUNT(jobs); i++) {
		rig_job(jobs[i].job);
		rig.request.batch_size = 2;
		run_well();
		ck_assert_msg(rig.result.processed == jobs[i].changed, "%s: %d", jobs[i].job,
			      (int)rig.result.processed);
		ck_assert_int_eq(side_int(rig.side,
					  "SELECT count(*) FROM audit WHERE to_state = '%s'",
					  jobs[i].to),
				 jobs[i].changed);
	}
	assert_records();
}
END_TEST

START_TEST(the_changed_column_is_set_and_the_others_are_not)
{
	rig_due(1);
	side_exec(rig.side, "UPDATE bookings SET updated_at = now() - interval '1 d';"
			    "CREATE TABLE before AS SELECT * FROM bookings; TRUNCATE audit");
	run_well();
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(n.key, ' ' ORDER BY n.key) FROM"
					     " before, bookings, jsonb_each(to_jsonb(before)) AS o,"
					     " jsonb_each(to_jsonb(bookings)) AS n"
					     " WHERE o.key = n.key AND o.value <> n.value"),
			 "status updated_at");
	side_exec(rig.side, "DROP TABLE before");
}
END_TEST

START_TEST(a_tally_counts_what_was_changed_by_rule_and_state)
{
	int64_t total = 0;

	rig_due(9);
	rig.request.batch_size = 4;
	run_well();
	for (size_t i = 0; i < bk_job_unit_count(rig.job); i++) {
		struct bk_tally t = bk_job_tally(rig.job, i);

		total += t.changed;
		if (t.changed) {
			ck_assert_str_eq(t.rule, "activate");
			ck_assert_str_eq(t.from, "CONFIRMED");
			ck_assert_str_eq(t.to, "ACTIVE");
		}
	}
	ck_assert_int_eq(total, 9);
}
END_TEST

static const struct {
	int limit;
	int batch_size;
	int changed;
	enum bk_rc rc;
} limits[] = {
	{5, 3, 5, BK_E_PARTIAL}, {1, 5000, 1, BK_E_PARTIAL}, {9, 3, 9, BK_E_PARTIAL},
	{10, 3, 10, BK_OK},      {10, 5, 10, BK_OK},         {11, 3, 10, BK_OK},
};

START_TEST(a_limit_stops_the_run_and_work_that_remains_is_partial)
{
	rig_due(10);
	rig.request.limit = limits[_i].limit;
	rig.request.batch_size = limits[_i].batch_size;
	ck_assert_int_eq(rig_run(), limits[_i].rc);
	ck_assert_int_eq(rig.result.processed, limits[_i].changed);
	ck_assert_int_eq(rig.result.remaining, 10 - limits[_i].changed);
	ck_assert_str_eq(rig.result.status, limits[_i].rc ? "PARTIAL" : "SUCCESS");
	ck_assert_int_eq(count_of("ACTIVE"), limits[_i].changed);
	assert_records();
	rig.request.limit = -1;
	run_well();
	ck_assert_int_eq(rig.result.processed, 10 - limits[_i].changed);
	assert_records();
}
END_TEST

START_TEST(rows_that_others_hold_are_left_and_counted_and_taken_later)
{
	rig_due(12);
	rig.request.batch_size = 4;
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE id IN (1, 6, 12) FOR UPDATE");
	run_well();
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, 9);
	ck_assert_int_eq(rig.result.skipped_locked, 3);
	ck_assert_int_eq(rig.result.remaining, 3);
	side_exec(rig.side, "COMMIT");
	ck_assert_str_eq(side_text(rig.side, "SELECT status || ' ' || skipped_locked || ' ' ||"
					     " remaining FROM bk.maintenance_executions"),
			 "SUCCESS 3 3");
	run_well();
	ck_assert_int_eq(rig.result.processed, 3);
	ck_assert_int_eq(rig.result.skipped_locked, 0);
	assert_records();
}
END_TEST

START_TEST(when_all_rows_are_held_nothing_is_changed_and_nothing_fails)
{
	rig_due(5);
	rig.request.batch_size = 2;
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings FOR UPDATE");
	run_well();
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 0);
	ck_assert_int_eq(rig.result.skipped_locked, 5);
	assert_records();
}
END_TEST

START_TEST(a_limit_is_not_reached_by_rows_that_others_hold)
{
	rig_due(6);
	rig.request.limit = 4;
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE id IN (1, 2) FOR UPDATE");
	run_well();
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 4);
	ck_assert_int_eq(rig.result.remaining, 2);
	ck_assert_int_eq(rig.result.skipped_locked, 2);
}
END_TEST

/* Foreign keys take this lock on the bookings they refer to. */
START_TEST(a_key_share_lock_does_not_keep_a_booking_back)
{
	rig_due(3);
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings FOR KEY SHARE");
	run_well();
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 3);
}
END_TEST

static void move_rows(int n)
{
	if (n != 2)
		return;
	/* One back behind the cursor, one ahead, one out of reach, one cancelled,
	   and a new one behind the cursor. */
	side_exec(rig.side,
		  "UPDATE bookings SET starts_at = now() - interval '61 m' WHERE id = 8;"
		  "UPDATE bookings SET starts_at = now() - interval '1 m' WHERE id = 9;"
		  "UPDATE bookings SET starts_at = now() + interval '3 h' WHERE id = 10;"
		  "UPDATE bookings SET status = 'CANCELLED' WHERE id = 11;"
		  "INSERT INTO bookings (id, status, starts_at, ends_at, checked_in_at) SELECT 50,"
		  " 'CONFIRMED', now() - interval '62 m', now() + interval '1 day', '-infinity'");
	side_exec(rig.side,
		  "DELETE FROM audit WHERE to_state <> 'ACTIVE' OR from_state = to_state");
}

START_TEST(rows_that_move_during_the_run_are_taken_once)
{
	rig_due(20);
	rig.request.batch_size = 5;
	rig.before_batch = move_rows;
	run_well();
	assert_records();
	ck_assert_int_eq(count_of("CANCELLED"), 1);
	ck_assert_str_eq(side_text(rig.side, "SELECT status FROM bookings WHERE id = 10"),
			 "CONFIRMED");
	ck_assert_str_eq(side_text(rig.side, "SELECT status FROM bookings WHERE id = 9"), "ACTIVE");
	/* 8 and 50 are behind the cursor: the sweep finds them. */
	ck_assert_int_eq(rig.result.processed, 19);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_int_eq(count_of("ACTIVE"), 19);
	assert_records();
}
END_TEST

START_TEST(states_and_times_that_are_no_booking_are_left_alone)
{
	side_exec(rig.side, "ALTER TABLE bookings ALTER status DROP NOT NULL;"
			    "ALTER TABLE bookings ALTER starts_at DROP NOT NULL;"
			    "INSERT INTO bookings (status, starts_at, ends_at) VALUES"
			    " (NULL, now() - interval '1 m', NULL),"
			    " ('CONFIRMED', NULL, NULL), ('CONFIRMED', '-infinity', NULL),"
			    " ('CONFIRMED', 'infinity', NULL),"
			    " ('CONFIRMED', now() - interval '1 m', now() - interval '2 m')");
	run_well();
	ck_assert_int_eq(rig.result.processed, 0);
	ck_assert_int_eq(rig.batches, 0);
}
END_TEST

static const struct {
	const char *age;
	bool backlog;
	int changed;
} ages[] = {
	{"29 days 23:59", false, 1},
	{"30 days 00:01", false, 0},
	{"30 days 00:01", true, 1},
	{"4000 days", true, 1},
};

START_TEST(bookings_older_than_max_age_are_left_to_backlog)
{
	side_exec(rig.side,
		  "INSERT INTO bookings (status, starts_at, ends_at, checked_in_at) VALUES"
		  " ('CONFIRMED', now() - interval '%s', NULL, now() - interval '5000 days')",
		  ages[_i].age);
	if (ages[_i].backlog)
		rig.request.max_age_ms = -1;
	run_well();
	ck_assert_int_eq(rig.result.processed, ages[_i].changed);
}
END_TEST

START_TEST(what_becomes_due_during_the_run_waits_for_the_next)
{
	side_exec(rig.side, "INSERT INTO bookings (status, starts_at, ends_at) VALUES"
			    " ('CONFIRMED', '2026-03-01 11:59:59.999999Z', '2027-01-01Z'),"
			    " ('CONFIRMED', '2026-03-01 12:00:00Z', '2027-01-01Z'),"
			    " ('CONFIRMED', '2026-03-01 12:00:00.000001Z', '2027-01-01Z')");
	rig.request.clock_override = "2026-03-01 12:00:00Z";
	run_well();
	ck_assert_int_eq(rig.result.processed, 2);
	ck_assert_str_eq(rig.result.executed_at, "2026-03-01T12:00:00.000Z");
	rig.request.clock_override = "2026-03-01 12:00:00.000001Z";
	run_well();
	ck_assert_int_eq(rig.result.processed, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drain");
	TCase *tc = tcase_create("drain");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_run_drains_whatever_the_size_of_its_batches, sizes);
	ADD(tc, bookings_of_one_instant_are_taken_in_the_order_of_their_keys);
	ADD(tc, bookings_are_taken_in_the_order_of_their_starts);
	ADD(tc, each_job_changes_its_own_bookings_and_no_others);
	ADD(tc, the_changed_column_is_set_and_the_others_are_not);
	ADD(tc, a_tally_counts_what_was_changed_by_rule_and_state);
	ADD_ROWS(tc, a_limit_stops_the_run_and_work_that_remains_is_partial, limits);
	ADD(tc, rows_that_others_hold_are_left_and_counted_and_taken_later);
	ADD(tc, when_all_rows_are_held_nothing_is_changed_and_nothing_fails);
	ADD(tc, a_limit_is_not_reached_by_rows_that_others_hold);
	ADD(tc, a_key_share_lock_does_not_keep_a_booking_back);
	ADD(tc, rows_that_move_during_the_run_are_taken_once);
	ADD(tc, states_and_times_that_are_no_booking_are_left_alone);
	ADD_ROWS(tc, bookings_older_than_max_age_are_left_to_backlog, ages);
	ADD(tc, what_becomes_due_during_the_run_waits_for_the_next);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * What the job cleanup prunes: executions by number and age, changes as long as undo or a
 * consumer of events may need them, figures by age; and what it never touches.
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

static void conf(const char *text)
{
	BK_CLEAN(bk_free_str) char *whole = bk_asprintf("schema = bk\n%s", text);

	rig_conf(whole);
	rig_job("cleanup");
}

/* A finished execution that began so long ago; its id. */
static int ran(const char *operation, const char *status, int processed, const char *age)
{
	return (int)side_int(
		rig.side,
		"INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at, finished_at, status, processed_count, triggered_by, invoked_by,"
		" server_instance, pid, version, slot, lease_token, as_of)"
		" SELECT gen_random_uuid(), '%s', 'd', at, at, '%s', %d, 'SCHEDULER', 'u/u',"
		" 'host-7', 17, '1', 0, 0, at FROM (SELECT now() - interval '%s') AS t (at)"
		" RETURNING id",
		operation, status, processed, age);
}

/* Changes of it: a transition of so many bookings, by that transaction. */
static void changed(int id, int bookings, int txid)
{
	side_exec(rig.side,
		  "INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule,"
		  " from_state, to_state, row_count, keys, key_hashes, txid, at)"
		  " SELECT %d, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', %d,"
		  " ARRAY[array_agg(g::text)], array_agg(g), '%d', e.executed_at"
		  " FROM generate_series(1, %d) AS g, bk.maintenance_executions AS e"
		  " WHERE e.id = %d GROUP BY e.executed_at",
		  id, bookings, txid, bookings, id);
}

/* A change of so long ago, and its id: of one booking. */
static int change(const char *age, int txid)
{
	int id = ran("activate-due", "SUCCESS", 1, age);

	changed(id, 1, txid);
	return id;
}

/* The newest run of the job, which nothing prunes. */
static void newest(const char *operation)
{
	(void)ran(operation, "SUCCESS", 1, "1 s");
}

/* A consumer that has read up to that event. */
static void consumer(const char *name, int txid, int transition, int item)
{
	side_exec(rig.side,
		  "INSERT INTO bk.event_consumers (name, txid, transition_id, item)"
		  " VALUES ('%s', '%d', %d, %d)",
		  name, txid, transition, item);
}

static const char *place(const char *name)
{
	return side_text(rig.side,
			 "SELECT concat_ws(' ', txid, transition_id, item, lost,"
			 " lost_at BETWEEN now() - interval '1 min' AND now() + interval '1 min')"
			 " FROM bk.event_consumers WHERE name = '%s'",
			 name);
}

/* Ids of the executions that are left, without those of cleanup: "1 3". */
static const char *left(void)
{
	return side_text(rig.side, "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '')"
				   " FROM bk.maintenance_executions WHERE operation <> 'cleanup'");
}

static bool is_there(int id)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions WHERE id = %d",
			id) == 1;
}

static int64_t tally(const char *rule)
{
	for (size_t i = 0; i < bk_job_unit_count(rig.job); i++)
		if (strcmp(bk_job_tally(rig.job, i).rule, rule) == 0)
			return bk_job_tally(rig.job, i).changed;
	ck_abort_msg("no rule %s", rule);
}

START_TEST(empty_successes_are_kept_by_number_of_each_job)
{
	conf("max-history-records = 2\n");
	(void)ran("activate-due", "SUCCESS", 0, "4 h");   /* 1 */
	(void)ran("update-expired", "SUCCESS", 0, "9 h"); /* 2 */
	(void)ran("activate-due", "SUCCESS", 0, "3 h");   /* 3 */
	(void)ran("activate-due", "ERROR", 0, "150 min"); /* 4: counts for nothing */
	(void)ran("activate-due", "SUCCESS", 5, "2 h");   /* 5: nor does it */
	(void)ran("activate-due", "SUCCESS", 0, "1 h");   /* 6 */
	(void)ran("update-expired", "SUCCESS", 0, "8 h"); /* 7 */
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(left(), "2 3 4 5 6 7");
	ck_assert_int_eq(tally("prune-empty"), 1);
	ck_assert_int_eq(dead_cleaned(), 0);
}
END_TEST

START_TEST(of_two_at_one_instant_the_older_number_goes_first)
{
	conf("max-history-records = 1\n");
	side_exec(rig.side, "BEGIN");
	(void)ran("activate-due", "SUCCESS", 0, "1 h");
	(void)ran("activate-due", "SUCCESS", 0, "1 h");
	side_exec(rig.side, "COMMIT");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(left(), "2");
}
END_TEST

START_TEST(failures_and_changes_are_kept_by_age)
{
	static const char *const statuses[] = {"PARTIAL",   "ERROR",     "TIMEOUT",
					       "CANCELLED", "ABANDONED", "REFUSED"};

	for (size_t i = 0; i < BK_COUNT(statuses); i++) {
		(void)ran("activate-due", statuses[i], 0, "30 days 1 min");
		ck_assert(ran("activate-due", statuses[i], 0, "29 days 23:59") > 0);
	}
	(void)ran("activate-due", "SUCCESS", 3, "30 days 1 min");
	(void)ran("activate-due", "SUCCESS", 3, "29 days 23:59");
	(void)ran("activate-due", "SUCCESS", 0, "300 days"); /* by number only */
	ck_assert_int_eq(dead_cleaned(), 7);
	ck_assert_str_eq(left(), "2 4 6 8 10 12 14 15");
	ck_assert_int_eq(tally("prune-history"), 7);
}
END_TEST

START_TEST(the_newest_run_of_a_job_stays_whatever_its_age)
{
	conf("max-history-records = 1\nhistory-retention = 1h\nundo-window = 1h\n");
	(void)ran("activate-due", "ERROR", 0, "301 days");
	(void)ran("activate-due", "ERROR", 0, "300 days"); /* 2 */
	(void)change("200 days", 7);                       /* 3: the newest of its job */
	(void)ran("migrate", "SUCCESS", 9, "300 days");    /* 4: the only one of its operation */
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(left(), "3 4");
}
END_TEST

START_TEST(a_running_execution_stays)
{
	int id = dead_execution("activate-due", 0, "1 hour", 7);

	side_exec(rig.side,
		  "UPDATE bk.maintenance_executions SET executed_at = now() - interval '90 days'"
		  " WHERE id = %d",
		  id);
	newest("activate-due");
	ck_assert_int_eq(dead_cleaned(), 0);
	ck_assert_str_eq(rig_record(id), "RUNNING 0");
	ck_assert_int_eq(dead_workers(id), 1);
}
END_TEST

START_TEST(changes_stay_as_long_as_undo_may_need_them)
{
	conf("history-retention = 10d\nundo-window = 20d\n");
	(void)ran("activate-due", "SUCCESS", 1, "10 days 1 min"); /* 1: nothing to take back */
	(void)change("10 days 1 min", 11);                        /* 2 */
	(void)change("19 days 23:59", 12);                        /* 3 */
	(void)change("20 days 1 min", 13);                        /* 4 */
	newest("activate-due");                                   /* 5 */
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(left(), "2 3 5");
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(execution_id::text, ' ' ORDER BY"
					     " execution_id) FROM bk.booking_transitions"),
			 "2 3");
}
END_TEST

START_TEST(and_as_long_as_any_other)
{
	conf("history-retention = 20d\nundo-window = 10d\n");
	(void)change("10 days 1 min", 11);
	(void)change("19 days 23:59", 12);
	(void)change("20 days 1 min", 13);
	newest("activate-due");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(left(), "1 2 4");
}
END_TEST

/* Such a record is none of a job: nobody knows how it came to be. */
START_TEST(an_empty_success_with_transitions_is_kept_as_a_change)
{
	int odd;
	int old;

	conf("max-history-records = 1\nhistory-retention = 1h\n");
	odd = ran("activate-due", "SUCCESS", 0, "29 days");
	changed(odd, 1, 5);
	old = ran("activate-due", "SUCCESS", 0, "31 days");
	changed(old, 1, 4);
	(void)ran("activate-due", "SUCCESS", 0, "1 h");
	(void)ran("activate-due", "SUCCESS", 0, "1 min");
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert(is_there(odd));
	ck_assert(!is_there(old));
}
END_TEST

START_TEST(unread_changes_stay_for_the_lag_and_are_then_lost)
{
	conf("events-max-lag = 5d\n");
	(void)change("40 days", 10);       /* 1 */
	(void)change("35 days 1 min", 11); /* 2: transition 2 */
	(void)change("34 days 23:59", 12); /* 3: transition 3 */
	newest("activate-due");
	consumer("behind", 10, 1, 1);
	consumer("further behind", 5, 0, 0);
	consumer("abreast", 12, 3, 1);
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(left(), "3 4");
	ck_assert_str_eq(place("behind"), "11 2 1 1 t");
	ck_assert_str_eq(place("further behind"), "11 2 1 2 t");
	ck_assert_str_eq(place("abreast"), "12 3 1 0");
	ck_assert_str_eq(bk_job_said(rig.job),
			 "consumer \"behind\" lost 1 events: they were pruned before it had read"
			 " them\nconsumer \"further behind\" lost 2 events: they were pruned"
			 " before it had read them");
	ck_assert_int_eq(dead_cleaned(), 0);
	side_exec(rig.side, "UPDATE bk.event_consumers SET txid = '12', transition_id = 3");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(left(), "4");
	ck_assert_ptr_null(bk_job_said(rig.job));
}
END_TEST

START_TEST(what_is_half_read_is_unread_and_counts_by_its_rest)
{
	int id;

	conf("events-max-lag = 5d\n");
	id = ran("activate-due", "SUCCESS", 10, "34 days");
	changed(id, 10, 11);
	newest("activate-due");
	consumer("half", 11, 1, 4);
	ck_assert_int_eq(dead_cleaned(), 0);
	side_exec(rig.side,
		  "UPDATE bk.maintenance_executions SET executed_at = now() - interval '36 days'"
		  " WHERE id = %d",
		  id);
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(place("half"), "11 1 10 6 t");
}
END_TEST

/* A run that began later may have committed earlier. */
START_TEST(a_consumer_is_not_moved_past_what_is_left)
{
	conf("events-max-lag = 0s\n");
	changed(ran("activate-due", "SUCCESS", 3, "31 days"), 3, 20); /* transition 1 */
	changed(ran("activate-due", "SUCCESS", 1, "29 days"), 1, 15); /* 2: stays */
	changed(ran("activate-due", "SUCCESS", 2, "32 days"), 2, 12); /* 3 */
	newest("activate-due");
	consumer("slow", 1, 0, 0);
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(place("slow"), "12 3 2 5 t");
	side_exec(rig.side, "UPDATE bk.event_consumers SET txid = '15', transition_id = 2,"
			    " item = 0, lost = 0");
	changed(ran("activate-due", "SUCCESS", 1, "33 days"), 1, 30);
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(place("slow"), "15 2 0 1 t");
}
END_TEST

static void read_meanwhile(int n)
{
	if (n != 4)
		return;
	side_exec(rig.side, "BEGIN; UPDATE bk.event_consumers SET txid = '11', transition_id = 2,"
			    " item = 1");
	side_send(rig.side,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  " PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT");
}

START_TEST(what_a_consumer_reads_at_that_moment_is_not_lost)
{
	conf("events-max-lag = 0s\n");
	(void)change("32 days", 10);
	(void)change("31 days", 11);
	(void)change("30 days 1 min", 12);
	newest("activate-due");
	consumer("reader", 9, 0, 0);
	rig.before_batch = read_meanwhile;
	ck_assert_int_eq(dead_cleaned(), 3);
	side_finish(rig.side);
	ck_assert_str_eq(place("reader"), "12 3 1 1 t");
}
END_TEST

START_TEST(a_name_of_a_consumer_stays_on_its_line)
{
	conf("events-max-lag = 0s\n");
	(void)change("32 days", 10);
	newest("activate-due");
	consumer("a\nb\"c", 9, 0, 0);
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(bk_job_said(rig.job), "consumer \"a\\nb\\\"c\" lost 1 events: they were"
					       " pruned before it had read them");
}
END_TEST

START_TEST(figures_are_kept_by_age_and_the_trail_of_settings_for_ever)
{
	side_exec(rig.side,
		  "INSERT INTO bk.execution_stats (operation, hour, runs, buckets)"
		  " SELECT 'x', now() - age, 1, '{}' FROM (VALUES (interval '401 days'),"
		  " ('399 days'), ('1 hour')) AS v (age);"
		  "INSERT INTO bk.settings_history (command, name, author, server_instance,"
		  " changed_at) VALUES ('pause', 'x', 'a', 'h', now() - interval '4000 days')");
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_int_eq(tally("prune-stats"), 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_stats"
					    " WHERE operation = 'x'"),
			 2);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.settings_history"), 1);
}
END_TEST

START_TEST(the_totals_of_a_job_do_not_fall)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET total_runs = 7, total_failures = 2,"
			    " total_processed = 9 WHERE job_name = 'activate-due'");
	(void)ran("activate-due", "ERROR", 4, "40 days");
	(void)ran("activate-due", "SUCCESS", 5, "40 days");
	newest("activate-due");
	ck_assert_int_eq(dead_cleaned(), 2);
	ck_assert_str_eq(rig_job_column("total_runs"), "7");
	ck_assert_str_eq(rig_job_column("total_failures"), "2");
	ck_assert_str_eq(rig_job_column("total_processed"), "9");
}
END_TEST

static void many(int count, const char *age)
{
	side_exec(rig.side,
		  "INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at, finished_at, status, triggered_by, invoked_by, server_instance,"
		  " pid, version, slot, lease_token, as_of)"
		  " SELECT gen_random_uuid(), 'activate-due', 'd', at, at, 'SUCCESS', 'SCHEDULER',"
		  " 'u/u', 'h', 1, '1', 0, 0, at FROM (SELECT now() - interval '%s' -"
		  " g * interval '1 s' FROM generate_series(1, %d) AS g) AS t (at)",
		  age, count);
}

START_TEST(a_lowered_limit_holds_for_what_is_there_already)
{
	many(100, "1 day");
	ck_assert_int_eq(dead_cleaned(), 0);
	conf("max-history-records = 10\n");
	rig.request.batch_size = 7;
	ck_assert_int_eq(dead_cleaned(), 90);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"
					    " WHERE operation = 'activate-due'"),
			 10);
	/* 13 of pruning, one of each other kind. */
	ck_assert_int_eq(rig.batches, 18);
}
END_TEST

static void keep_second(int n)
{
	if (n == 1)
		side_exec(rig.side, "BEGIN; SELECT FROM bk.maintenance_executions WHERE id = 2"
				    " FOR UPDATE");
}

START_TEST(what_is_locked_is_passed_over)
{
	conf("max-history-records = 2\n");
	for (int i = 0; i < 6; i++)
		(void)ran("activate-due", "SUCCESS", 0, "1 h");
	rig.request.batch_size = 2;
	rig.before_batch = keep_second;
	ck_assert_int_eq(dead_cleaned(), 3);
	ck_assert_str_eq(left(), "2 5 6");
	ck_assert_int_eq(rig.result.skipped_locked, 1);
	ck_assert_int_eq(rig.result.remaining, 1);
	side_exec(rig.side, "ROLLBACK");
	rig.before_batch = NULL;
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(left(), "5 6");
}
END_TEST

START_TEST(what_a_limit_leaves_is_work_and_not_locked)
{
	conf("max-history-records = 1\n");
	for (int i = 0; i < 6; i++)
		(void)ran("activate-due", "SUCCESS", 0, "1 h");
	rig.request.limit = 2;
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.processed, 2);
	ck_assert_int_eq(rig.result.remaining, 3);
	ck_assert_int_eq(rig.result.skipped_locked, 0);
	ck_assert_str_eq(left(), "3 4 5 6");
}
END_TEST

START_TEST(a_batch_is_bounded_by_bookings_too)
{
	for (int i = 0; i < 3; i++)
		(void)ran("activate-due", "SUCCESS", 60000, "40 days");
	(void)ran("activate-due", "SUCCESS", 1000000, "39 days");
	newest("activate-due");
	ck_assert_int_eq(dead_cleaned(), 4);
	/* 2, 1 and the large one; and one of each other kind. */
	ck_assert_int_eq(rig.batches, 2 + 5);
}
END_TEST

static void steal_lease(int n)
{
	if (n == 4)
		side_exec(rig.side, "UPDATE bk.execution_workers SET token = token + 1");
}

START_TEST(a_cleanup_that_lost_its_lease_prunes_nothing)
{
	(void)change("40 days", 3);
	newest("activate-due");
	consumer("slow", 1, 0, 0);
	rig.before_batch = steal_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(left(), "1 2");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions"), 1);
	ck_assert_str_eq(place("slow"), "1 0 0 0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("retention");
	TCase *tc = tcase_create("retention");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, empty_successes_are_kept_by_number_of_each_job);
	ADD(tc, of_two_at_one_instant_the_older_number_goes_first);
	ADD(tc, failures_and_changes_are_kept_by_age);
	ADD(tc, the_newest_run_of_a_job_stays_whatever_its_age);
	ADD(tc, a_running_execution_stays);
	ADD(tc, changes_stay_as_long_as_undo_may_need_them);
	ADD(tc, and_as_long_as_any_other);
	ADD(tc, an_empty_success_with_transitions_is_kept_as_a_change);
	ADD(tc, unread_changes_stay_for_the_lag_and_are_then_lost);
	ADD(tc, what_is_half_read_is_unread_and_counts_by_its_rest);
	ADD(tc, a_consumer_is_not_moved_past_what_is_left);
	ADD(tc, what_a_consumer_reads_at_that_moment_is_not_lost);
	ADD(tc, a_name_of_a_consumer_stays_on_its_line);
	ADD(tc, figures_are_kept_by_age_and_the_trail_of_settings_for_ever);
	ADD(tc, the_totals_of_a_job_do_not_fall);
	ADD(tc, a_lowered_limit_holds_for_what_is_there_already);
	ADD(tc, what_is_locked_is_passed_over);
	ADD(tc, what_a_limit_leaves_is_work_and_not_locked);
	ADD(tc, a_batch_is_bounded_by_bookings_too);
	ADD(tc, a_cleanup_that_lost_its_lease_prunes_nothing);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The figures of each hour: every way in which a run ends is counted, once.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_job("activate-due");
	rig.request.manual = false;
	rig.request.delay_ms = 1000;
	rig.request.slots = 1;
}

static bool idle(void)
{
	struct bk_work work;
	struct bk_error err;

	ck_assert_int_eq(bk_job_work(rig.job, &work, &err), BK_OK);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	bk_run_result_clear(&rig.result);
	return bk_run_idle(pg_db, &rig.request, &work, &rig.result);
}

/* The columns over all rows of a relation, with blanks between them. */
static const char *sums(const char *relation, const char *columns)
{
	return side_text(rig.side,
			 "SELECT concat_ws(' ', %s) FROM bk.%s WHERE operation = 'activate-due'",
			 columns, relation);
}

static const char *const counts = "sum(runs), sum(empty), sum(successes), sum(errors),"
				  " sum(abandoned), sum(processed)";

START_TEST(a_run_is_counted_in_the_hour_of_its_start)
{
	rig_due(7);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(sums("execution_stats", counts), "1 0 1 0 0 7");
	ck_assert_str_eq(sums("job_totals", counts), "1 0 1 0 0 7");
	ck_assert_str_eq(sums("execution_stats",
			      "bool_and(hour = (SELECT date_trunc('hour', executed_at, 'UTC')"
			      " FROM bk.maintenance_executions))"),
			 "t");
	ck_assert_str_eq(sums("execution_stats",
			      "sum(total_ms) = sum((SELECT execution_time_ms FROM"
			      " bk.maintenance_executions)), sum(max_ms) = sum(total_ms)"),
			 "t t");
}
END_TEST

START_TEST(a_claim_that_finds_nothing_is_counted)
{
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(sums("execution_stats", counts), "1 1 1 0 0 0");
}
END_TEST

START_TEST(idle_ticks_are_counted_in_the_row_of_the_job_until_their_hour_ends)
{
	ck_assert_int_eq(rig_run(), BK_OK); /* opens the hour */
	ck_assert(idle());
	ck_assert(idle());
	ck_assert_str_eq(sums("execution_stats", counts), "1 1 1 0 0 0");
	ck_assert_str_eq(sums("job_hours", counts), "3 3 3 0 0 0");
	ck_assert_int_eq(
		side_int(rig.side, "SELECT sum(n) FROM bk.job_hours, unnest(buckets) AS n"), 3);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(total_ms) - (SELECT sum(execution_time_ms)"
					    " FROM bk.maintenance_executions) FROM bk.job_hours"),
			 0);
	/* Their hour is over. */
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET idle_until = idle_until"
			    " - interval '1 hour'");
	ck_assert(!idle());
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(sums("execution_stats", counts), "4 4 4 0 0 0");
	ck_assert_str_eq(sums("job_totals", counts), "4 4 4 0 0 0");
	ck_assert_int_eq(
		side_int(rig.side, "SELECT sum(n) FROM bk.job_totals, unnest(buckets) AS n"), 4);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_stats"), 2);
	ck_assert_str_eq(rig_job_column("idle_runs"), "0");
	ck_assert(idle());
	ck_assert_str_eq(sums("job_hours", counts), "5 5 5 0 0 0");
}
END_TEST

/* However long the statement itself takes after the look. */
START_TEST(an_idle_tick_is_counted_with_the_time_that_its_record_has)
{
	ck_assert_int_eq(rig_run(), BK_OK);
	side_exec(rig.side,
		  "CREATE FUNCTION bk.linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN WHILE"
		  " clock_timestamp() < statement_timestamp() + interval '20 ms' LOOP END LOOP;"
		  " RETURN NEW; END $$; CREATE TRIGGER linger BEFORE UPDATE ON"
		  " bk.scheduler_job_info FOR EACH ROW EXECUTE FUNCTION bk.linger()");
	ck_assert(idle());
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT idle_ms - (SELECT execution_time_ms FROM"
				  " bk.maintenance_executions ORDER BY id DESC LIMIT 1) FROM"
				  " bk.scheduler_job_info WHERE job_name = 'activate-due'"),
			 0);
}
END_TEST

START_TEST(what_an_hour_has_already_is_added_to)
{
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert(idle());
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET idle_until = idle_until"
			    " - interval '1 hour'");
	side_exec(rig.side, "UPDATE bk.execution_stats SET hour = hour - interval '1 hour';"
			    "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_stats"), 2);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(n) FROM bk.execution_stats,"
					    " unnest(buckets) AS n"),
			 3);
	ck_assert_int_eq(side_int(rig.side, "SELECT max(runs) FROM bk.execution_stats"), 2);
}
END_TEST

START_TEST(a_failure_is_counted_by_its_code)
{
	rig_due(20);
	rig_refuse();
	rig_spoil("true");
	ck_assert_int_ne(rig_run(), BK_OK);
	ck_assert_str_eq(sums("execution_stats", counts), "1 0 0 1 0 0");
	ck_assert_str_eq(sums("job_totals", "sum(errors), (SELECT sum(value::int) FROM"
					    " bk.job_totals, jsonb_each_text(error_codes))"),
			 "1 1");
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT (s.error_codes ->> e.error_code)::int FROM"
				  " bk.execution_stats AS s, bk.maintenance_executions AS e"),
			 1);
}
END_TEST

static void die(int n)
{
	(void)n;
	side_exec(rig.side,
		  "UPDATE bk.execution_workers SET lease_expires_at = now() - interval '1 s'");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	struct bk_run_result other;

	rig.before_batch = NULL;
	ck_assert_int_eq(rig_run_elsewhere(&other), BK_OK);
	bk_run_result_clear(&other);
}

START_TEST(a_run_that_another_one_closes_is_counted_as_abandoned)
{
	rig_due(3);
	rig.before_batch = die;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(sums("execution_stats", counts), "2 0 1 0 1 3");
	ck_assert_str_eq(sums("job_totals", counts), "2 0 1 0 1 3");
}
END_TEST

/* Every time falls into the bucket whose bounds hold it. */
START_TEST(the_buckets_are_those_that_the_comment_says)
{
	side_exec(
		rig.side,
		"DO $$ DECLARE ms bigint; v integer; k integer; BEGIN"
		"  FOR ms IN SELECT DISTINCT greatest(0, (2 ^ (i / 8.0))::bigint + d)"
		"              FROM generate_series(0, 216) AS i, generate_series(-1, 1) AS d LOOP"
		"   DELETE FROM bk.execution_stats;"
		"   DELETE FROM bk.job_totals;"
		"   PERFORM bk.count_run('bk', 'j', now(), 'SUCCESS', 1, 0, 0, 0, 0, ms, NULL);"
		"   SELECT array_position(buckets, 1) - 1 INTO v FROM bk.execution_stats;"
		"   ASSERT (SELECT sum(n) FROM bk.execution_stats, unnest(buckets) AS n) = 1;"
		"   ASSERT (SELECT array_length(buckets, 1) FROM bk.execution_stats) = 208;"
		"   ASSERT (SELECT array_position(buckets, 1) - 1 FROM bk.job_totals) ="
		"    least(20, greatest(0, length(ltrim(ms::bit(64)::text, '0')) - 1));"
		"   IF v < 16 THEN ASSERT v = ms; ELSE"
		"    k = v / 8 + 2;"
		"    ASSERT (8 + v %% 8) * 2 ^ (k - 3) <= ms AND ms < (9 + v %% 8) * 2 ^ (k - 3),"
		"     ms || ' in ' || v;"
		"   END IF;"
		"  END LOOP; END $$");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stats");
	TCase *tc = tcase_create("stats");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_run_is_counted_in_the_hour_of_its_start);
	ADD(tc, a_claim_that_finds_nothing_is_counted);
	ADD(tc, idle_ticks_are_counted_in_the_row_of_the_job_until_their_hour_ends);
	ADD(tc, an_idle_tick_is_counted_with_the_time_that_its_record_has);
	ADD(tc, what_an_hour_has_already_is_added_to);
	ADD(tc, a_failure_is_counted_by_its_code);
	ADD(tc, a_run_that_another_one_closes_is_counted_as_abandoned);
	ADD(tc, the_buckets_are_those_that_the_comment_says);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

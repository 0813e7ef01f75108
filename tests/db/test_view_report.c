/*
 * The report gathered: how time is cut into steps, what is added up where, and that its
 * size and cost do not grow with the history.
 */
#include "view/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "side.h"
#include "suite.h"
#include "view_db.h"

#define HOUR INT64_C(3600000000)
#define DAY (24 * HOUR)

static struct bk_report report;

static void open_all(void)
{
	view_db_open();
	pg_script(bk_sql_text("reference_bookings"));
}

static void close_all(void)
{
	bk_report_clear(&report);
	view_db_close();
}

static void read_since(int64_t hours)
{
	const struct bk_moment since = {.kind = BK_MOMENT_AGO, .ago_ms = hours * 3600000};
	struct bk_error err = {0};

	bk_report_clear(&report);
	ck_assert_msg(!bk_view_report(pg_db, view_conf, &since, &report, &err), "%s", err.message);
}

/* A run that began so long ago and took so many ms. */
static void ran(const char *job, const char *ago, const char *status, int processed, int ms)
{
	BK_CLEAN(bk_free_str)
	char *sql = bk_asprintf(
		"SELECT bk.count_run('bk', '%s', now() - interval '%s', '%s', %d, 0,"
		" 0, 0, 0, %d, NULL)",
		job, ago, status, processed, ms);

	pg_script(sql);
}

/* An execution, and behind it `n` batches of so many bookings by a rule. */
static void changed(const char *job, const char *rule, const char *state, int n, int bookings)
{
	BK_CLEAN(bk_free_str)
	char *sql = bk_asprintf(
		"WITH e AS (INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at, finished_at, status, triggered_by, invoked_by, server_instance, pid,"
		" version, lease_token, as_of) VALUES (gen_random_uuid(), '%s', 'x', now(), now(),"
		" 'SUCCESS', 'SCHEDULER', 'u/u', 'h', 1, '1', 1, now()) RETURNING id)"
		" INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule,"
		" from_state, to_state, row_count, keys, key_hashes, txid, at)"
		" SELECT e.id, 0, i, '%s', 'x', '%s', %d, '{{1}}', '{1}', pg_current_xact_id(),"
		" now() - i * interval '1 minute' FROM e, generate_series(1, %d) AS i",
		job, rule, state, bookings, n);

	pg_script(sql);
}

static const struct bk_report_job *job(const char *name)
{
	for (size_t i = 0; i < report.job_count; i++)
		if (strcmp(report.jobs[i].name, name) == 0)
			return &report.jobs[i];
	ck_abort_msg("no job %s", name);
	return NULL;
}

static const struct {
	int64_t span;
	int64_t step;
} spans[] = {
	{0, HOUR},
	{7 * DAY, HOUR},
	{7 * DAY + 1, 2 * HOUR},
	{30 * DAY, 6 * HOUR},
	{84 * DAY, 12 * HOUR},
	{84 * DAY + 1, DAY},
	{400 * DAY, 3 * DAY},
	{2000 * 365 * DAY, 4346 * DAY},
};

START_TEST(a_step_divides_a_day_or_is_days)
{
	int64_t step = bk_report_step(spans[_i].span);

	ck_assert_int_eq(step, spans[_i].step);
	/* And one more, because a start is within a step. */
	ck_assert_int_le(spans[_i].span / step + 1, BK_REPORT_STEPS);
}
END_TEST

START_TEST(without_a_history_every_job_is_there_with_nothing)
{
	read_since(24);
	ck_assert_uint_eq(report.step_count, 25);
	ck_assert_int_eq(report.start_us % HOUR, 0);
	ck_assert_uint_eq(report.job_count, 5);
	ck_assert_str_eq(report.jobs[0].name, "activate-due");
	ck_assert_int_eq(report.jobs[0].total.runs, 0);
	ck_assert_int_eq(report.jobs[0].total.max_ms, -1);
	ck_assert_uint_eq(report.rule_count, 0);
	ck_assert_int_eq(report.changes_from_us, BK_NULL_INT);
	ck_assert_uint_eq(report.failure_count, 0);
	ck_assert_uint_eq(report.overdue.count, 5);
	ck_assert_ptr_null(report.overdue_problem);
	ck_assert_uint_eq(report.health.count, report.job_list.count + 1);
}
END_TEST

START_TEST(runs_are_added_up_by_job_and_step)
{
	const struct bk_report_job *seen;
	int64_t sum = 0;

	ran("activate-due", "0 h", "SUCCESS", 0, 10);
	ran("activate-due", "0 h", "ERROR", 7, 3000);
	ran("activate-due", "1 h", "SUCCESS", 2, 10);
	ran("activate-due", "26 h", "SUCCESS", 100, 10);
	pg_script("UPDATE bk.scheduler_job_info SET idle_runs = 5, idle_ms = 50, idle_max_ms = 10,"
		  " idle_until = date_trunc('hour', now()) + interval '1 hour',"
		  " idle_buckets = array_fill(0, ARRAY[10]) || 5 || array_fill(0, ARRAY[70])"
		  " WHERE job_name = 'activate-due'");
	read_since(24);
	seen = job("activate-due");
	ck_assert_int_eq(seen->total.runs, 8);
	ck_assert_int_eq(seen->total.empty, 6);
	ck_assert_int_eq(seen->total.processed, 9);
	ck_assert_int_eq(seen->total.faults[BK_REPORT_ERROR], 1);
	ck_assert_int_eq(seen->total.p50_ms, 10);
	ck_assert_int_eq(seen->total.max_ms, 3000);
	ck_assert_int_eq(seen->steps[24].runs, 7);
	ck_assert_int_eq(seen->steps[23].runs, 1);
	ck_assert_int_eq(seen->steps[23].max_ms, 10);
	ck_assert_int_eq(seen->steps[22].max_ms, -1);
	for (size_t i = 0; i < report.step_count; i++)
		sum += seen->steps[i].runs;
	ck_assert_int_eq(sum, seen->total.runs);
}
END_TEST

START_TEST(hours_of_a_longer_step_are_one)
{
	ran("activate-due", "20 days", "SUCCESS", 1, 10);
	ran("activate-due", "19 days", "SUCCESS", 1, 2000);
	read_since(400 * 24);
	ck_assert_int_eq(report.step_us, 3 * DAY);
	ck_assert_int_eq(job("activate-due")->total.runs, 2);
	ck_assert_int_le(job("activate-due")->total.p50_ms, 10);
	ck_assert_int_eq(job("activate-due")->total.p95_ms, 2000);
}
END_TEST

START_TEST(jobs_beyond_the_eighth_are_one)
{
	for (char c = 'a'; c < 'h'; c++) {
		char name[] = "z-?";

		name[2] = c;
		ran(name, "0 h", "SUCCESS", 1, 10);
	}
	read_since(24);
	ck_assert_uint_eq(report.job_count, BK_REPORT_JOBS);
	ck_assert_str_eq(report.jobs[6].name, "z-b");
	ck_assert_str_eq(report.jobs[7].name, "other jobs");
	ck_assert_int_eq(report.jobs[7].total.runs, 5);
}
END_TEST

START_TEST(changes_are_added_up_by_rule_and_state)
{
	changed("update-completed", "complete", "COMPLETED", 3, 10);
	changed("update-completed", "complete", "DONE", 1, 1);
	changed("activate-due", "activate", "ACTIVE", 2, 5);
	read_since(24);
	ck_assert_uint_eq(report.rule_count, 3);
	ck_assert_str_eq(report.rules[0].rule, "activate");
	ck_assert_int_eq(report.rules[0].total, 10);
	ck_assert_uint_eq(report.rules[0].slot, job("activate-due")->slot);
	ck_assert_str_eq(report.rules[1].to_state, "COMPLETED");
	ck_assert_int_eq(report.rules[1].total, 30);
	ck_assert_str_eq(report.rules[2].to_state, "DONE");
	ck_assert_uint_eq(report.rules[2].nth, 1);
	ck_assert_int_eq(report.changes_from_us, BK_NULL_INT);
}
END_TEST

START_TEST(rules_beyond_the_twelfth_are_one)
{
	for (char c = 'a'; c < 'p'; c++) {
		char name[] = "?";

		name[0] = c;
		changed("activate-due", name, "ACTIVE", 1, 1);
	}
	read_since(24);
	ck_assert_uint_eq(report.rule_count, BK_REPORT_RULES);
	ck_assert_str_eq(report.rules[11].rule, "other rules");
	ck_assert_ptr_null(report.rules[11].to_state);
	ck_assert_int_eq(report.rules[11].total, 4);
}
END_TEST

START_TEST(too_many_batches_are_cut_and_said)
{
	changed("activate-due", "activate", "ACTIVE", BK_REPORT_BATCHES + 100, 1);
	read_since(24 * 365);
	ck_assert_int_eq(report.rules[0].total, BK_REPORT_BATCHES);
	ck_assert_int_ne(report.changes_from_us, BK_NULL_INT);
	ck_assert_int_gt(report.changes_from_us, report.start_us);
	/* The oldest that counts: one a minute. */
	ck_assert_int_le(llabs(report.as_of_us - report.changes_from_us -
			       INT64_C(60000000) * BK_REPORT_BATCHES),
			 INT64_C(120000000));
}
END_TEST

START_TEST(the_last_failures_are_those_of_every_kind_newest_first)
{
	pg_script("INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at, finished_at, status, error_message, triggered_by, invoked_by,"
		  " server_instance, pid, version, lease_token, as_of)"
		  " SELECT gen_random_uuid(), 'activate-due', 'x', now() - i * interval '1 minute',"
		  " now(), (ARRAY['SUCCESS', 'ERROR', 'TIMEOUT', 'PARTIAL', 'CANCELLED',"
		  " 'ABANDONED', 'REFUSED'])[1 + i % 7], repeat('x', 100000), 'SCHEDULER', 'u/u',"
		  " 'h', 1, '1', 1, now() FROM generate_series(0, 69) AS i");
	read_since(24);
	ck_assert_uint_eq(report.failure_count, BK_REPORT_FAILURES);
	for (size_t i = 1; i < report.failure_count; i++) {
		ck_assert_str_ne(report.failures[i].status, "SUCCESS");
		ck_assert_int_gt(
			strcmp(report.failures[i - 1].executed_at, report.failures[i].executed_at),
			0);
	}
	ck_assert_str_eq(report.failures[0].status, "ERROR");
	ck_assert_str_eq(report.failures[5].status, "REFUSED");
	ck_assert_uint_eq(strlen(report.failures[0].error_message), 2000);
}
END_TEST

START_TEST(what_cannot_be_counted_leaves_the_rest)
{
	pg_script("ALTER TABLE public.bookings RENAME COLUMN starts_at TO s");
	ran("activate-due", "0 h", "SUCCESS", 0, 10);
	read_since(24);
	ck_assert_ptr_nonnull(strstr(report.overdue_problem, "starts_at"));
	ck_assert_uint_eq(report.overdue.count, 0);
	ck_assert_int_eq(job("activate-due")->total.runs, 1);
}
END_TEST

START_TEST(a_report_that_begins_later_has_one_step)
{
	read_since(-48);
	ck_assert_uint_eq(report.step_count, 1);
	ck_assert_int_eq(report.step_us, HOUR);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_report");
	TCase *pure = tcase_create("steps");
	TCase *tc = tcase_create("report");

	ADD_ROWS(pure, a_step_divides_a_day_or_is_days, spans);
	tcase_add_checked_fixture(tc, open_all, close_all);
	tcase_set_timeout(tc, 60);
	ADD(tc, without_a_history_every_job_is_there_with_nothing);
	ADD(tc, runs_are_added_up_by_job_and_step);
	ADD(tc, hours_of_a_longer_step_are_one);
	ADD(tc, jobs_beyond_the_eighth_are_one);
	ADD(tc, changes_are_added_up_by_rule_and_state);
	ADD(tc, rules_beyond_the_twelfth_are_one);
	ADD(tc, too_many_batches_are_cut_and_said);
	ADD(tc, the_last_failures_are_those_of_every_kind_newest_first);
	ADD(tc, what_cannot_be_counted_leaves_the_rest);
	ADD(tc, a_report_that_begins_later_has_one_step);
	suite_add_tcase(suite, pure);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The sample bookings: their number, the cases that they must have, and that
 * the four jobs find in them what a first run is let through with.
 */
#include "rule/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqlfile.h"
#include "pg.h"
#include "rule/unit.h"
#include "suite.h"

static struct bk_conf *conf;

/* Once for all tests. The instant by which the sample was made stays in `made`. */
static void load_sample(void)
{
	pg_open();
	conf = pg_conf("");
	pg_make_schema(conf);
	pg_script("BEGIN");
	pg_script(bk_sql_text("reference_bookings"));
	pg_script(bk_sql_text("sample_bookings"));
	pg_script("CREATE TABLE public.made AS SELECT now() AS at; COMMIT");
	bk_conf_clean(&conf);
	pg_close();
}

static void open_all(void)
{
	pg_open();
	conf = pg_conf("");
}

static void close_all(void)
{
	bk_conf_clean(&conf);
	pg_close();
}

#define LIVE "status IN ('CONFIRMED', 'ACTIVE') AND "
#define BOOKINGS "SELECT count(*) FROM bookings, made WHERE "

/* Each query counts bookings. */
static const struct {
	const char *query;
	int64_t least, most;
} counts[] = {
	{BOOKINGS "true", 100000, 100000},
	{"SELECT count(DISTINCT id) FROM bookings WHERE id BETWEEN 1 AND 100000", 100000, 100000},
	{"SELECT count(DISTINCT reference) FROM bookings WHERE reference ~ '^BK-[0-9A-F]{6}$'",
	 100000, 100000},
	{"SELECT count(DISTINCT status) FROM bookings", 7, 7},
	{"SELECT min(n) FROM (SELECT count(*) AS n FROM bookings GROUP BY status) AS q", 1000,
	 100000},
	{BOOKINGS "starts_at BETWEEN at - interval '61 days' AND at + interval '61 days'", 90000,
	 100000},
	{BOOKINGS "resource_id NOT BETWEEN 1 AND 200 OR customer_id < 1", 0, 0},
	{BOOKINGS "created_at > at OR updated_at > at OR updated_at < created_at", 0, 0},
	/* On the boundaries, and a microsecond beside. */
	{BOOKINGS "status = 'CONFIRMED' AND starts_at = at", 10, 1000},
	{BOOKINGS "status = 'CONFIRMED' AND starts_at = at + interval '1 microsecond'", 10, 1000},
	{BOOKINGS "status = 'CONFIRMED' AND starts_at = at - interval '1 microsecond'", 10, 1000},
	{BOOKINGS "status = 'CONFIRMED' AND ends_at = at AND checked_in_at IS NOT NULL", 10, 1000},
	{BOOKINGS "status = 'ACTIVE' AND ends_at = at AND checked_in_at IS NULL", 10, 1000},
	{BOOKINGS
	 "status = 'CONFIRMED' AND starts_at + interval '15 min' = at AND grace_minutes IS NULL",
	 10, 1000},
	{BOOKINGS "status = 'ACTIVE' AND starts_at + interval '15 minutes' = at", 10, 1000},
	{BOOKINGS LIVE "checked_in_at = starts_at + interval '15 minutes'", 10, 1000},
	{BOOKINGS "status = 'PENDING' AND hold_expires_at = at", 10, 1000},
	{BOOKINGS "status = 'PENDING' AND hold_expires_at IS NULL AND starts_at = at", 10, 1000},
	{BOOKINGS "status = 'PENDING' AND hold_expires_at > starts_at AND starts_at <= at", 10,
	 1000},
	{BOOKINGS LIVE "starts_at = at - interval '30 days'", 10, 1000},
	/* Odd ones. */
	{BOOKINGS LIVE "ends_at = starts_at", 10, 1000},
	{BOOKINGS LIVE "ends_at < starts_at", 10, 1000},
	{BOOKINGS LIVE "ends_at IS NULL", 100, 5000},
	{BOOKINGS LIVE "NOT isfinite(starts_at)", 20, 1000},
	{BOOKINGS LIVE "NOT isfinite(ends_at)", 20, 1000},
	{BOOKINGS "NOT isfinite(hold_expires_at)", 20, 1000},
	{BOOKINGS "NOT isfinite(checked_in_at)", 20, 1000},
	{BOOKINGS LIVE "grace_minutes < 0", 10, 1000},
	{BOOKINGS LIVE "grace_minutes = 0", 10, 1000},
	{BOOKINGS LIVE "grace_minutes = 2147483647", 10, 1000},
	{BOOKINGS LIVE
	 "coalesce(ends_at, starts_at) < at - interval '30 days' AND isfinite(starts_at)",
	 100, 5000},
};

START_TEST(the_sample_has_so_many_bookings_of_each_case)
{
	int64_t n = pg_int(counts[_i].query);

	ck_assert_msg(n >= counts[_i].least && n <= counts[_i].most, "%s: %lld", counts[_i].query,
		      (long long)n);
}
END_TEST

START_TEST(every_rule_and_from_state_finds_some_within_max_age_and_some_beyond)
{
	struct bk_policy policy = bk_policy_of(conf);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	BK_CLEAN(bk_units_clear) struct bk_units units;
	BK_CLEAN(bk_free_str) char *now = pg_text("SELECT at::text FROM made", NULL, 0);
	BK_CLEAN(bk_free_str)
	char *bound = pg_text("SELECT (at - interval '30 days')::text FROM made", NULL, 0);
	struct bk_scope scope = bk_scope_of_params(policy.mapping, NULL, NULL);
	int64_t stale = 0;

	bk_rules_build(&policy, &rules);
	bk_units_build(&rules, policy.mapping, bk_job_names[_i].name, &units);
	ck_assert_uint_gt(units.count, 0);
	for (size_t i = 0; i < units.count; i++) {
		const char *recent[] = {now, bound, NULL};
		const char *all[] = {now, "-infinity", NULL};
		BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
		BK_CLEAN(bk_free_str) char *n = NULL;
		BK_CLEAN(bk_free_str) char *total = NULL;
		struct bk_error err;

		ck_assert_int_eq(bk_unit_count(&sql, &units.items[i], &scope, "", &err), BK_OK);
		n = pg_text(bk_buf_cstr(&sql), recent, 3);
		total = pg_text(bk_buf_cstr(&sql), all, 3);
		ck_assert_msg(strtol(n, NULL, 10) >= 10, "%s from %s: %s",
			      units.items[i].rule->name, units.items[i].from, n);
		stale += strtol(total, NULL, 10) - strtol(n, NULL, 10);
	}
	ck_assert_int_gt(stale, 100);
}
END_TEST

/* By the database's clock, as bkstatus would count them. */
START_TEST(some_thousands_are_due_for_each_job_and_fewer_than_a_first_run_may_change)
{
	struct bk_queue queue;

	pg_queue(conf, bk_job_names[_i].name, &queue);
	ck_assert_int_gt(queue.depth, 2000);
	ck_assert_int_lt(queue.depth, 9000);
	ck_assert_ptr_nonnull(queue.oldest_at);
	bk_queue_clear(&queue);
}
END_TEST

START_TEST(chance_is_a_hash_and_not_random)
{
	ck_assert_ptr_null(strstr(bk_sql_text("sample_bookings"), "random()"));
}
END_TEST

/* What a job is to change: its rules in mode tracked, in plain SQL once more. */
#define TIMES "isfinite(s) AND (e IS NULL OR isfinite(e) AND e >= s) AND "
#define VALID TIMES "g >= 0 AND "

static const struct {
	const char *job;
	const char *due;
} jobs[] = {
	{BK_JOB_ACTIVATE, VALID "status = 'CONFIRMED' AND s BETWEEN lower AND at "
				"AND (e IS NULL OR e > at) AND (k OR d > at)"},
	{BK_JOB_NO_SHOW,
	 VALID "status IN ('CONFIRMED', 'ACTIVE') AND s >= lower AND d <= at AND NOT k"},
	{BK_JOB_COMPLETE,
	 VALID "status IN ('CONFIRMED', 'ACTIVE') AND e BETWEEN lower AND at AND k"},
	{BK_JOB_EXPIRE, TIMES "status = 'PENDING' AND least(h, s) <= at "
			      "AND (h BETWEEN lower AND at OR s BETWEEN lower AND at)"},
};

static int64_t count_due(const char *condition)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_str(&sql,
		   "SELECT count(*) FROM (SELECT *, c IS NOT NULL AND c < d AS k FROM ("
		   "SELECT *, least(s + least(g, 5256000) * interval '1 minute', e) AS d FROM ("
		   "SELECT status, starts_at AS s, ends_at AS e, checked_in_at AS c, "
		   "hold_expires_at AS h, coalesce(grace_minutes, 15) AS g, at, "
		   "at - interval '30 days' AS lower FROM bookings, made) AS x) AS y) AS z WHERE ");
	bk_buf_str(&sql, condition);
	return pg_int(bk_buf_cstr(&sql));
}

START_TEST(a_run_changes_exactly_the_due_bookings_and_the_next_one_none)
{
	BK_CLEAN(bk_free_str) char *now = pg_text("SELECT at::text FROM made", NULL, 0);
	int64_t due = count_due(jobs[_i].due);
	struct bk_run_result result;

	ck_assert_int_gt(due, 2000);
	pg_run(conf, jobs[_i].job, now, true, &result);
	ck_assert_str_eq(result.status, "SUCCESS");
	ck_assert_int_eq(result.processed, due);
	ck_assert_int_eq(result.remaining, 0);
	bk_run_result_clear(&result);
	ck_assert_int_eq(count_due(jobs[_i].due), 0);
	pg_run(conf, jobs[_i].job, now, true, &result);
	ck_assert_str_eq(result.status, "SUCCESS");
	ck_assert_int_eq(result.processed, 0);
	ck_assert_ptr_nonnull(result.execution_id);
	bk_run_result_clear(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_sample");
	TCase *tc = tcase_create("sample");

	tcase_add_unchecked_fixture(tc, load_sample, NULL);
	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD_ROWS(tc, the_sample_has_so_many_bookings_of_each_case, counts);
	tcase_add_loop_test(tc, every_rule_and_from_state_finds_some_within_max_age_and_some_beyond,
			    0, 4);
	tcase_add_loop_test(
		tc, some_thousands_are_due_for_each_job_and_fewer_than_a_first_run_may_change, 0,
		4);
	ADD(tc, chance_is_a_hash_and_not_random);
	/* Last, because it changes the bookings; the next job finds what the one before left. */
	ADD_ROWS(tc, a_run_changes_exactly_the_due_bookings_and_the_next_one_none, jobs);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

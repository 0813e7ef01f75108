/*
 * How old a success may be, and what is worse than what.
 */
#include "suite.h"

#include "base/attr.h"
#include "view/health.h"

/* delay 30 s, timeout 30 s: 90 s are allowed. */
static struct bk_job_view job_of(int64_t age_ms)
{
	return (struct bk_job_view){
		.job_name = (char *)(uintptr_t) "activate-due",
		.delay_ms = 30000,
		.timeout_ms = 30000,
		.enabled = true,
		.registered = true,
		.fresh_since = (char *)(uintptr_t) "success",
		.fresh_age_ms = age_ms,
	};
}

/* Judges the one job. */
static void expect(struct bk_job_view *job, enum bk_health_state state, const char *message)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_jobs(&health, &(const struct bk_job_list){job, 1, NULL});
	ck_assert_uint_eq(health.count, 1);
	ck_assert_str_eq(health.items[0].message, message);
	ck_assert_int_eq(health.items[0].state, state);
	ck_assert_str_eq(health.items[0].state_word, bk_health_word(state));
}

START_TEST(a_success_may_be_twice_the_delay_plus_the_timeout_old)
{
	struct bk_job_view job = job_of(90000);

	expect(&job, BK_HEALTH_OK, "last success 1m 30s ago");
	job.fresh_age_ms = 90001;
	expect(&job, BK_HEALTH_CRITICAL, "last success 1m 30s ago, allowed 1m 30s");
}
END_TEST

START_TEST(a_job_that_never_succeeded_is_measured_from_its_registration)
{
	struct bk_job_view job = job_of(60000);

	job.fresh_since = (char *)(uintptr_t) "creation";
	expect(&job, BK_HEALTH_OK, "no success yet, registered 1m 0s ago");
	job.fresh_age_ms = 100000;
	expect(&job, BK_HEALTH_CRITICAL, "no success yet, registered 1m 40s ago, allowed 1m 30s");
}
END_TEST

START_TEST(a_stale_job_says_its_last_error)
{
	struct bk_job_view job = job_of(100000);

	job.error_message = (char *)(uintptr_t) "no table";
	job.failing = true;
	expect(&job, BK_HEALTH_CRITICAL, "last success 1m 40s ago, allowed 1m 30s (no table)");
}
END_TEST

START_TEST(a_failing_job_warns_while_its_last_success_is_fresh)
{
	struct bk_job_view job = job_of(5000);

	job.failing = true;
	expect(&job, BK_HEALTH_WARNING, "last run failed");
	job.error_message = (char *)(uintptr_t) "no table";
	expect(&job, BK_HEALTH_WARNING, "last run failed: no table");
}
END_TEST

START_TEST(failures_in_a_row_are_counted)
{
	struct bk_job_view job = job_of(5000);

	job.failing = true;
	job.retry_count = 1;
	expect(&job, BK_HEALTH_WARNING, "last run failed");
	job.retry_count = 3;
	job.error_message = (char *)(uintptr_t) "no table";
	expect(&job, BK_HEALTH_WARNING, "last run failed, 3 in a row: no table");
	job.failing = false;
	expect(&job, BK_HEALTH_WARNING, "3 runs failed or died since the last success: no table");
	job.retry_count = 1;
	job.error_message = NULL;
	expect(&job, BK_HEALTH_WARNING, "1 run failed or died since the last success");
}
END_TEST

START_TEST(a_paused_job_warns_however_old_its_success_is)
{
	struct bk_job_view job = job_of(INT64_C(90000000));

	job.paused = true;
	job.failing = true;
	expect(&job, BK_HEALTH_WARNING, "paused");
	job.paused_reason = (char *)(uintptr_t) "inventory";
	expect(&job, BK_HEALTH_WARNING, "paused: inventory");
}
END_TEST

START_TEST(after_a_pause_that_ran_out_its_end_counts)
{
	struct bk_job_view job = job_of(20000);

	job.fresh_since = (char *)(uintptr_t) "pause";
	expect(&job, BK_HEALTH_OK, "no success since the pause ended 20.0 s ago");
}
END_TEST

START_TEST(a_disabled_job_is_all_right)
{
	struct bk_job_view job = job_of(INT64_C(90000000));

	job.enabled = false;
	expect(&job, BK_HEALTH_OK, "disabled");
}
END_TEST

START_TEST(an_enabled_job_that_the_database_lacks_is_critical)
{
	struct bk_job_view job = job_of(BK_NULL_INT);

	job.registered = false;
	expect(&job, BK_HEALTH_CRITICAL, "not registered in the database, run bkmaint migrate");
}
END_TEST

START_TEST(a_clock_that_was_set_back_is_no_fault)
{
	struct bk_job_view job = job_of(-3600000);

	expect(&job, BK_HEALTH_OK, "last success 0 ms ago");
}
END_TEST

START_TEST(a_job_of_another_version_is_not_judged)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};
	struct bk_job_view job = job_of(INT64_C(90000000));

	job.job_name = (char *)(uintptr_t) "from-the-future";
	job.is_foreign = true;
	bk_health_jobs(&health, &(const struct bk_job_list){&job, 1, NULL});
	ck_assert_uint_eq(health.count, 0);
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_OK);
}
END_TEST

/* A job with bookings of which the oldest has been due for so long. */
static struct bk_job_view busy_job(int64_t depth, int64_t age_ms)
{
	struct bk_job_view job = job_of(0);

	job.queue_depth = depth;
	job.oldest_due_at = (char *)(uintptr_t) "2026-11-23T06:30:00.000Z";
	job.oldest_due_age_ms = age_ms;
	return job;
}

static void expect_overdue(struct bk_job_view *jobs, size_t count, const char *problem,
			   enum bk_health_state state, const char *message)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_overdue(&health,
			  &(const struct bk_job_list){jobs, count, (char *)(uintptr_t)problem});
	ck_assert_uint_eq(health.count, 1);
	ck_assert_str_eq(health.items[0].name, "overdue");
	ck_assert_str_eq(health.items[0].message, message);
	ck_assert_int_eq(health.items[0].state, state);
}

START_TEST(bookings_may_be_due_as_long_as_a_success_may_be_old)
{
	struct bk_job_view job = busy_job(17, 90000);

	expect_overdue(&job, 1, NULL, BK_HEALTH_OK, "nothing");
	job.oldest_due_age_ms = 90001;
	expect_overdue(&job, 1, NULL, BK_HEALTH_WARNING,
		       "activate-due: 17 due, one for 1m 30s, allowed 1m 30s");
	job.queue_depth = 10000;
	expect_overdue(&job, 1, NULL, BK_HEALTH_WARNING,
		       "activate-due: 10000 or more due, one for 1m 30s, allowed 1m 30s");
}
END_TEST

START_TEST(every_job_with_overdue_bookings_is_named)
{
	struct bk_job_view jobs[] = {busy_job(1, 7200000), busy_job(2, 0), busy_job(3, 100000)};

	jobs[1].job_name = (char *)(uintptr_t) "cancel-no-shows";
	jobs[2].job_name = (char *)(uintptr_t) "update-expired";
	expect_overdue(jobs, 3, "queue of x: y", BK_HEALTH_WARNING,
		       "activate-due: 1 due, one for 2h 0m, allowed 1m 30s; "
		       "update-expired: 3 due, one for 1m 40s, allowed 1m 30s");
}
END_TEST

START_TEST(work_that_somebody_stopped_is_not_overdue)
{
	struct bk_job_view job = busy_job(1, 7200000);

	job.paused = true;
	expect_overdue(&job, 1, NULL, BK_HEALTH_OK, "nothing");
	job.paused = false;
	job.enabled = false;
	expect_overdue(&job, 1, NULL, BK_HEALTH_OK, "nothing");
	job.enabled = true;
	job.job_name = (char *)(uintptr_t) "from-the-future";
	expect_overdue(&job, 1, NULL, BK_HEALTH_OK, "nothing");
}
END_TEST

START_TEST(work_that_cannot_be_counted_is_said_to_be_so)
{
	struct bk_job_view job = busy_job(BK_NULL_INT, BK_NULL_INT);

	expect_overdue(&job, 1, NULL, BK_HEALTH_OK,
		       "nothing that could be counted in time, which leaves out activate-due");
	expect_overdue(&job, 1, "no queue can be counted: x", BK_HEALTH_WARNING,
		       "no queue can be counted: x");
}
END_TEST

START_TEST(critical_beats_unknown_beats_warning)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_add(&health, "a", BK_HEALTH_OK, "x");
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_OK);
	bk_health_add(&health, "b", BK_HEALTH_WARNING, "x");
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_WARNING);
	bk_health_add(&health, "c", BK_HEALTH_UNKNOWN, "x");
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_UNKNOWN);
	bk_health_add(&health, "d", BK_HEALTH_CRITICAL, "x");
	bk_health_add(&health, "e", BK_HEALTH_OK, "x");
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_CRITICAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_health");
	TCase *tc = tcase_create("health");

	ADD(tc, a_success_may_be_twice_the_delay_plus_the_timeout_old);
	ADD(tc, a_job_that_never_succeeded_is_measured_from_its_registration);
	ADD(tc, a_stale_job_says_its_last_error);
	ADD(tc, a_failing_job_warns_while_its_last_success_is_fresh);
	ADD(tc, failures_in_a_row_are_counted);
	ADD(tc, a_paused_job_warns_however_old_its_success_is);
	ADD(tc, after_a_pause_that_ran_out_its_end_counts);
	ADD(tc, a_disabled_job_is_all_right);
	ADD(tc, an_enabled_job_that_the_database_lacks_is_critical);
	ADD(tc, a_clock_that_was_set_back_is_no_fault);
	ADD(tc, a_job_of_another_version_is_not_judged);
	ADD(tc, bookings_may_be_due_as_long_as_a_success_may_be_old);
	ADD(tc, every_job_with_overdue_bookings_is_named);
	ADD(tc, work_that_somebody_stopped_is_not_overdue);
	ADD(tc, work_that_cannot_be_counted_is_said_to_be_so);
	ADD(tc, critical_beats_unknown_beats_warning);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

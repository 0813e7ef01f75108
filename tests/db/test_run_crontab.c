/*
 * A crontab on an injected clock: each tick comes up to 600 ms late, as cron's
 * do, and the job still runs as often as its delay says.
 */
#include "run/run.h"

#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "pg.h"
#include "rule_cases.h"
#include "suite.h"

static const struct crontab {
	const char *job;
	const char *conf;
	int every_s; /* between two ticks */
	int ticks;
	int runs;
} crontabs[] = {
	{"cancel-no-shows", "", 60, 60, 60},
	{"update-completed", "", 300, 12, 12},
	{"update-expired", "", 300, 12, 12},
	{"activate-due", "activate-due { delay = 60s }", 60, 60, 60},
	/* More ticks than the delay asks for. */
	{"cancel-no-shows", "", 30, 120, 60},
	{"update-completed", "", 60, 60, 12},
	{"activate-due", "activate-due { delay = 1h }", 60, 180, 3},
	/* Fewer: each of them runs. */
	{"activate-due", "", 60, 60, 60},
	{"activate-due", "activate-due { delay = 1s timeout = 1s }", 30, 60, 60},
};

static void make_tables(void)
{
	struct bk_conf *conf;

	pg_open();
	conf = pg_conf("");
	pg_make_schema(conf);
	pg_script(bk_sql_text("reference_bookings"));
	bk_conf_free(conf);
	pg_close();
}

/* No job ever ran, and one booking is due for each in the course of the hour. */
static void forget_runs(void)
{
	pg_script("TRUNCATE bk.maintenance_executions CASCADE; TRUNCATE bookings;"
		  "UPDATE bk.scheduler_job_info"
		  " SET next_execution_time = NULL, last_execution_time = NULL;"
		  "INSERT INTO bookings (status, starts_at, ends_at, checked_in_at) "
		  "SELECT status, day + s, day + e, day + c FROM (VALUES "
		  "('CONFIRMED', interval '01:10', interval '05:00', interval '01:00'),"
		  "('ACTIVE', '01:00', '05:00', NULL),"
		  "('ACTIVE', '01:00', '01:20', '01:00'),"
		  "('PENDING', '01:20', '05:00', NULL)) AS v (status, s, e, c), "
		  "(SELECT timestamptz '2026-03-29 00:00:00+00' AS day) AS d");
}

/* The outcome of the tick number n of the crontab, from CASES_NOW on. */
static enum bk_outcome tick(const struct bk_conf *conf, const struct crontab *c, int n,
			    struct draw *d, int64_t *ret_processed)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf at = BK_BUF_INIT;
	struct bk_run_result result;
	enum bk_outcome outcome;

	instant_show(&at, (struct bk_instant){true, CASES_NOW + n * c->every_s * SECOND +
							    draw_below(d, 601) * 1000});
	pg_run(conf, c->job, bk_buf_cstr(&at), false, &result);
	outcome = result.outcome;
	*ret_processed += result.processed;
	bk_run_result_clear(&result);
	return outcome;
}

START_TEST(a_job_runs_as_often_as_its_delay_says)
{
	const struct crontab *c = &crontabs[_i];
	struct bk_conf *conf = pg_conf(c->conf);
	struct draw d = {draw_seed() + (uint64_t)_i};
	int64_t processed = 0;
	int ran = 0;
	int not_due = 0;

	forget_runs();
	for (int n = 0; n < c->ticks; n++) {
		enum bk_outcome outcome = tick(conf, c, n, &d, &processed);

		ran += outcome == BK_OUTCOME_RAN;
		not_due += outcome == BK_OUTCOME_NOT_DUE;
	}
	ck_assert_msg(ran == c->runs, "seed %llu: %s ran %d times, expected %d",
		      (unsigned long long)draw_seed(), c->job, ran, c->runs);
	ck_assert_int_eq(not_due, c->ticks - c->runs);
	ck_assert_int_eq(
		pg_int("SELECT count(*) FROM bk.maintenance_executions WHERE status = 'SUCCESS' "
		       "AND triggered_by = 'SCHEDULER'"),
		c->runs);
	ck_assert_int_eq(processed, 1);
	bk_conf_free(conf);
}
END_TEST

START_TEST(a_run_by_hand_is_not_kept_waiting)
{
	struct bk_conf *conf = pg_conf("");

	forget_runs();
	for (int n = 0; n < 5; n++) {
		struct bk_run_result result;

		pg_run(conf, "update-completed", "2026-03-29T01:00:00Z", true, &result);
		ck_assert_int_eq(result.outcome, BK_OUTCOME_RAN);
		bk_run_result_clear(&result);
	}
	ck_assert_int_eq(pg_int("SELECT count(*) FROM bk.maintenance_executions "
				"WHERE triggered_by = 'MANUAL'"),
			 5);
	bk_conf_free(conf);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_crontab");
	TCase *tc = tcase_create("crontab");

	tcase_add_unchecked_fixture(tc, make_tables, NULL);
	tcase_add_checked_fixture(tc, pg_open, pg_close);
	ADD_ROWS(tc, a_job_runs_as_often_as_its_delay_says, crontabs);
	ADD(tc, a_run_by_hand_is_not_kept_waiting);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * When a tick is due: the delay, its slack, a delay that was changed; and runs that leave the
 * schedule alone.
 */
#include "run/run.h"

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_job("activate-due");
}

/* The slack is a quarter of the delay, thirty seconds at most. */
static const struct {
	int64_t delay_ms;
	const char *at; /* the first tick is at 12:00:00 */
	enum bk_outcome outcome;
} dues[] = {
	{60000, "2026-03-01 12:00:44.999Z", BK_OUTCOME_NOT_DUE},
	{60000, "2026-03-01 12:00:45Z", BK_OUTCOME_RAN},
	{60000, "2026-03-01 12:01:00Z", BK_OUTCOME_RAN},
	{30000, "2026-03-01 12:00:22.499Z", BK_OUTCOME_NOT_DUE},
	{30000, "2026-03-01 12:00:22.5Z", BK_OUTCOME_RAN},
	{300000, "2026-03-01 12:04:29.999Z", BK_OUTCOME_NOT_DUE},
	{300000, "2026-03-01 12:04:30Z", BK_OUTCOME_RAN},
	{120000, "2026-03-01 12:01:29.999Z", BK_OUTCOME_NOT_DUE},
	{120000, "2026-03-01 12:01:30Z", BK_OUTCOME_RAN},
	{1000, "2026-03-01 12:00:00.749Z", BK_OUTCOME_NOT_DUE},
	{1000, "2026-03-01 12:00:00.75Z", BK_OUTCOME_RAN},
	/* A clock that was set back. */
	{60000, "2026-03-01 11:00:00Z", BK_OUTCOME_NOT_DUE},
};

START_TEST(a_job_is_due_after_its_delay_less_a_slack)
{
	rig.request.delay_ms = dues[_i].delay_ms;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(rig_tick_at(dues[_i].at), dues[_i].outcome);
	if (dues[_i].outcome == BK_OUTCOME_RAN)
		return;
	ck_assert_ptr_null(rig.result.execution_id);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_ptr_nonnull(rig.result.next_at);
	ck_assert_int_eq((int)side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"),
			 1);
}
END_TEST

START_TEST(a_shorter_delay_counts_from_the_last_run_on)
{
	rig.request.delay_ms = 86400000;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	rig.request.delay_ms = 60000;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:30Z"), BK_OUTCOME_NOT_DUE);
	ck_assert_str_eq(rig.result.next_at, "2026-03-01T12:01:00.000Z");
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:01:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:01:30Z"), BK_OUTCOME_NOT_DUE);

	/* No next run is one that is due. */
	rig.request.delay_ms = 50000;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:01:31Z"), BK_OUTCOME_RAN);

	/* Not while failures in a row put it off. */
	rig.request.delay_ms = 86400000;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:02:00Z"), BK_OUTCOME_RAN);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET retry_count = 1");
	rig.request.delay_ms = 60000;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:03:00Z"), BK_OUTCOME_NOT_DUE);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET retry_count = 0");

	/* A run that is too late for the shorter one is left out, once. */
	rig.request.late_ms = 10000;
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:03:30Z"), BK_OUTCOME_LATE);
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:04:00Z"), BK_OUTCOME_RAN);
}
END_TEST

START_TEST(a_run_beside_the_schedule_leaves_the_job_as_it_is)
{
	static const char as_it_is[] =
		"concat_ws(' ', status, is_active, delay_ms, timeout_ms, last_execution_time,"
		" next_execution_time, last_execution_status, last_success_time, processed_count,"
		" error_message, retry_count)";
	BK_CLEAN(bk_free_str) char *before = NULL;

	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET status = 'ERROR', delay_ms = 7, timeout_ms = 8,"
		  " last_execution_time = '2020-01-01', next_execution_time = '2020-01-02',"
		  " last_execution_status = 'ERROR', last_success_time = '2019-01-01',"
		  " processed_count = 3, error_message = 'why', retry_count = 2");
	before = bk_strdup(rig_job_column(as_it_is));
	rig.request.beside = true;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig_job_column(as_it_is), before);
	rig_due(2);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 2);
	ck_assert_str_eq(rig_job_column(as_it_is), before);
	rig_due(1);
	side_exec(rig.side, "ALTER TABLE bookings ADD CHECK (status <> 'ACTIVE') NOT VALID");
	(void)rig_run();
	ck_assert_str_eq(rig_job_column(as_it_is), before);
	ck_assert_str_eq(rig_job_column("total_runs || ' ' || total_processed"), "3 2");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("schedule");
	TCase *tc = tcase_create("schedule");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_job_is_due_after_its_delay_less_a_slack, dues);
	ADD(tc, a_shorter_delay_counts_from_the_last_run_on);
	ADD(tc, a_run_beside_the_schedule_leaves_the_job_as_it_is);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

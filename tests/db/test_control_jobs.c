/*
 * Pausing, resuming, enabling and disabling jobs, and cancelling executions:
 * what is written, what is left alone, and that a run heeds it.
 */
#include "job/control.h"

#include <string.h>

#include "base/mem.h"
#include "hostile.h"
#include "rig.h"
#include "steer.h"
#include "suite.h"

#define JOB "activate-due"

static struct bk_job_changes jobs;
static struct bk_cancelled cancelled;

static void open_all(void)
{
	rig_open();
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET"
			    " next_execution_time = '2026-11-23 06:30Z', retry_count = 3");
}

static void close_all(void)
{
	bk_job_changes_clear(&jobs);
	bk_cancelled_clear(&cancelled);
	rig_close();
}

static enum bk_rc act(enum bk_act what, const char *job, const struct bk_until *until,
		      const char *reason)
{
	struct bk_control control = steer();

	bk_job_changes_clear(&jobs);
	return bk_control_jobs(pg_db, &control, what, job, until, reason, &jobs, &steer_err);
}

static enum bk_rc pause(const char *reason)
{
	return act(BK_ACT_PAUSE, JOB, NULL, reason);
}

/* "PAUSED t 2026-11-23T06:30:00.000Z why": status, is_active, end, reason. */
static void job_is(const char *expected)
{
	ck_assert_str_eq(
		side_text(rig.side,
			  "SELECT concat_ws(' ', status, is_active, to_char(paused_until AT TIME"
			  " ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'), paused_reason)"
			  " FROM bk.scheduler_job_info WHERE job_name = '" JOB "'"),
		expected);
}

/* The only job of the result. */
static void result_is(bool changed, const char *status)
{
	ck_assert_uint_eq(jobs.count, 1);
	ck_assert_str_eq(jobs.items[0].job_name, JOB);
	ck_assert_int_eq(jobs.items[0].changed, changed);
	ck_assert_str_eq(jobs.items[0].status, status);
	ck_assert_int_eq(jobs.recorded.changed, changed);
	ck_assert_int_eq(jobs.recorded.execution_id != NULL, changed);
}

START_TEST(a_pause_is_written_and_recorded)
{
	ck_assert_int_eq(pause("upgrade"), BK_OK);
	result_is(true, "PAUSED");
	ck_assert_ptr_null(jobs.items[0].paused_until);
	ck_assert_str_eq(jobs.items[0].paused_reason, "upgrade");
	ck_assert_ptr_null(jobs.items[0].running_execution_id);
	job_is("PAUSED t upgrade");
	ck_assert_str_eq(steer_record(), "pause 1: pause activate-due: upgrade");
	ck_assert_str_eq(
		side_text(rig.side,
			  "SELECT concat_ws(' ', id, status, triggered_by, invoked_by,"
			  " server_instance, version, lease_token, finished_at IS NOT NULL)"
			  " FROM bk.maintenance_executions"),
		"1 SUCCESS MANUAL tester/postgres host-1 " BK_VERSION " 0 t");
	ck_assert_str_eq(jobs.recorded.execution_id, "1");
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws(' ', command, name, old_value, new_value,"
				   " reason, author, server_instance) FROM bk.settings_history"),
			 "pause " JOB " IDLE PAUSED upgrade tester/postgres host-1");
}
END_TEST

START_TEST(a_run_heeds_the_pause_and_its_end)
{
	rig_due(1);
	rig_job(JOB);
	ck_assert_int_eq(pause("upgrade"), BK_OK);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_PAUSED);
	ck_assert_str_eq(rig.result.paused_reason, "upgrade");
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL, NULL), BK_OK);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 1);
}
END_TEST

START_TEST(a_run_heeds_that_the_job_is_disabled)
{
	rig_due(1);
	rig_job(JOB);
	ck_assert_int_eq(act(BK_ACT_DISABLE, JOB, NULL, NULL), BK_OK);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_DISABLED);
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL, NULL), BK_OK);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 1);
}
END_TEST

START_TEST(another_pause_replaces_the_first_and_the_same_one_changes_nothing)
{
	ck_assert_int_eq(pause("one"), BK_OK);
	ck_assert_int_eq(pause("one"), BK_OK);
	result_is(false, "PAUSED");
	ck_assert_int_eq(steer_records(), 1);
	ck_assert_int_eq(pause("two"), BK_OK);
	result_is(true, "PAUSED");
	job_is("PAUSED t two");
	ck_assert_int_eq(steer_records(), 2);
}
END_TEST

START_TEST(an_end_is_an_instant_or_a_time_from_now)
{
	/* 2100-01-01 00:00:00.250 */
	const struct bk_until at = {BK_UNTIL_AT, INT64_C(4102444800250000), 0};
	const struct bk_until in = {BK_UNTIL_IN, 0, 7200000};

	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, &at, "x"), BK_OK);
	ck_assert_str_eq(jobs.items[0].paused_until, "2100-01-01T00:00:00.250Z");
	job_is("PAUSED t 2100-01-01 00:00:00.250 x");
	ck_assert_str_eq(steer_record(),
			 "pause 1: pause activate-due until 2100-01-01T00:00:00.250Z: x");
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, &at, "x"), BK_OK);
	result_is(false, "PAUSED");
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, &in, "x"), BK_OK);
	ck_assert_int_eq(
		side_int(rig.side,
			 "SELECT count(*) FROM bk.scheduler_job_info WHERE paused_until BETWEEN"
			 " now() + interval '119 min' AND now() + interval '120 min'"),
		1);
}
END_TEST

static const struct bk_until past[] = {
	{BK_UNTIL_AT, 0, 0},
	{BK_UNTIL_AT, INT64_C(-62135596800000000), 0}, /* the year 1 */
	{BK_UNTIL_IN, 0, 0},
};

START_TEST(an_end_that_is_past_is_refused)
{
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, &past[_i], "x"), BK_E_USAGE);
	ck_assert_msg(strncmp(steer_err.message, "option --until: ", 16) == 0 &&
			      strstr(steer_err.message, " is past, the database has "),
		      "%s", steer_err.message);
	job_is("IDLE t");
	ck_assert_int_eq(steer_records(), 0);
}
END_TEST

START_TEST(resume_ends_a_pause_and_leaves_the_schedule)
{
	ck_assert_int_eq(pause("x"), BK_OK);
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL, NULL), BK_OK);
	result_is(true, "IDLE");
	job_is("IDLE t");
	ck_assert_str_eq(steer_record(), "resume 1: resume activate-due");
	ck_assert_str_eq(rig_job_column("concat(next_execution_time AT TIME ZONE 'UTC', '/',"
					" retry_count, '/', last_execution_time)"),
			 "2026-11-23 06:30:00/3/");
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL, NULL), BK_OK);
	result_is(false, "IDLE");
	ck_assert_int_eq(steer_records(), 2);
}
END_TEST

START_TEST(a_pause_that_ran_out_is_none)
{
	ck_assert_int_eq(pause("x"), BK_OK);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET paused_until = now()");
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL, NULL), BK_OK);
	result_is(false, "IDLE");
	ck_assert_ptr_null(jobs.items[0].paused_until);
	ck_assert_ptr_null(jobs.items[0].paused_reason);
	ck_assert_int_eq(pause("again"), BK_OK);
	result_is(true, "PAUSED");
	job_is("PAUSED t again");
}
END_TEST

START_TEST(disable_ends_a_pause_and_enable_makes_the_job_idle)
{
	ck_assert_int_eq(pause("x"), BK_OK);
	ck_assert_int_eq(act(BK_ACT_DISABLE, JOB, NULL, NULL), BK_OK);
	result_is(true, "DISABLED");
	job_is("DISABLED f");
	ck_assert_str_eq(steer_record(), "disable 1: disable activate-due");
	ck_assert_int_eq(act(BK_ACT_DISABLE, JOB, NULL, NULL), BK_OK);
	result_is(false, "DISABLED");
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL, NULL), BK_OK);
	result_is(true, "IDLE");
	job_is("IDLE t");
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL, NULL), BK_OK);
	result_is(false, "IDLE");
	ck_assert_int_eq(steer_records(), 3);
}
END_TEST

START_TEST(a_disabled_job_is_neither_paused_nor_resumed)
{
	static const char *const ways[] = {"is_active = false", "status = 'DISABLED'",
					   "is_active = false, status = 'PAUSED'"};

	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET %s", ways[_i]);
	ck_assert_int_eq(pause("x"), BK_OK);
	result_is(false, "DISABLED");
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL, NULL), BK_OK);
	result_is(false, "DISABLED");
	ck_assert_int_eq(steer_records(), 0);
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL, NULL), BK_OK);
	result_is(true, "IDLE");
	job_is("IDLE t");
}
END_TEST

START_TEST(every_job_is_paused_but_the_disabled_ones)
{
	int64_t all = side_int(rig.side, "SELECT count(*) FROM bk.scheduler_job_info");

	ck_assert_int_eq(act(BK_ACT_DISABLE, JOB, NULL, NULL), BK_OK);
	/* One that only the database knows. */
	side_exec(rig.side,
		  "INSERT INTO bk.scheduler_job_info (job_name, description) VALUES ('z', 'z')");
	ck_assert_int_eq(act(BK_ACT_PAUSE, NULL, NULL, "x"), BK_OK);
	ck_assert_int_eq(jobs.recorded.changed, all);
	ck_assert_uint_eq(jobs.count, (size_t)all + 1);
	ck_assert_str_eq(jobs.items[0].status, "DISABLED");
	ck_assert(!jobs.items[0].changed);
	for (size_t i = 1; i < jobs.count; i++) {
		ck_assert_str_eq(jobs.items[i].status, "PAUSED");
		ck_assert(jobs.items[i].changed);
		ck_assert_int_lt(strcmp(jobs.items[i - 1].job_name, jobs.items[i].job_name), 0);
	}
	ck_assert_int_eq(act(BK_ACT_RESUME, NULL, NULL, NULL), BK_OK);
	ck_assert_int_eq(jobs.recorded.changed, all);
	ck_assert_str_eq(steer_record() + strcspn(steer_record(), ":"), ": resume every job");
	job_is("DISABLED f");
}
END_TEST

START_TEST(a_job_that_is_not_there_is_an_error)
{
	ck_assert_int_eq(act(BK_ACT_PAUSE, "activate", NULL, "x"), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "no job \"activate\"");
	side_exec(rig.side, "DELETE FROM bk.scheduler_job_info WHERE job_name = '" JOB "'");
	ck_assert_int_eq(pause("x"), BK_E_SCHEMA);
	ck_assert_str_eq(steer_err.message, "job activate-due is not registered in the database");
	ck_assert_int_eq(steer_records(), 0);
}
END_TEST

/* A run of the job with that many workers, whose leases end after the interval. */
static void running(int workers, const char *lease)
{
	side_exec(rig.side,
		  "INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		  " lease_token, as_of) VALUES (gen_random_uuid(), '" JOB "', 'd', now(),"
		  " 'RUNNING', 'SCHEDULER', 'a/b', 'host-7', 17, '1', 1, now());"
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		  " lease_expires_at) SELECT max(id), w, 1, 5, now() + interval '%s'"
		  " FROM bk.maintenance_executions, generate_series(0, %d) AS w GROUP BY w",
		  lease, workers - 1);
}

START_TEST(a_run_at_work_is_told_of_and_goes_on)
{
	running(2, "1 minute");
	ck_assert_int_eq(pause("x"), BK_OK);
	ck_assert_str_eq(jobs.items[0].status, "PAUSED");
	ck_assert_str_eq(jobs.items[0].running_execution_id, "1");
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	ck_assert_int_eq(pause("y"), BK_OK);
	ck_assert_ptr_null(jobs.items[0].running_execution_id);
}
END_TEST

/* Between our lock and our look another session claims the job. */
START_TEST(a_run_that_began_while_we_waited_is_told_of)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM (SELECT 1 FROM bk.scheduler_job_info"
			    " WHERE job_name = '" JOB "' FOR NO KEY UPDATE) AS q");
	steer_when_waited_for(
		"INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		" lease_token, as_of) VALUES (gen_random_uuid(), '" JOB "', 'd', now(),"
		" 'RUNNING', 'SCHEDULER', 'a/b', 'host-7', 17, '1', 1, now());"
		" INSERT INTO bk.execution_workers (execution_id, worker, token, lease_expires_at)"
		" SELECT id, 0, 1, now() + interval '2 min' FROM bk.maintenance_executions");
	ck_assert_int_eq(pause("x"), BK_OK);
	side_finish(rig.side);
	ck_assert_pstr_eq(jobs.items[0].running_execution_id, "1");
}
END_TEST

START_TEST(what_cannot_be_recorded_does_not_happen)
{
	struct bk_control control = steer();

	ck_assert_int_eq(
		bk_control_jobs(pg_db, &control, BK_ACT_PAUSE, JOB, NULL, "x", &jobs, &steer_err),
		BK_OK);
	bk_job_changes_clear(&jobs);
	/* The same run id again. */
	ck_assert_int_eq(
		bk_control_jobs(pg_db, &control, BK_ACT_RESUME, JOB, NULL, NULL, &jobs, &steer_err),
		BK_E_RUN);
	ck_assert_str_eq(steer_err.sqlstate, "23505");
	ck_assert_uint_eq(jobs.count, 0);
	job_is("PAUSED t x");
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL, NULL), BK_OK);
	job_is("IDLE t");
}
END_TEST

START_TEST(a_session_that_lies_changes_nothing_of_it)
{
	const struct bk_until at = {BK_UNTIL_AT, INT64_C(4102444800250000), 0};

	hostile_make();
	hostile_session();
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, &at, "it's \"x\", {y}\\"), BK_OK);
	job_is("PAUSED t 2100-01-01 00:00:00.250 it's \"x\", {y}\\");
	running(1, "1 minute");
	struct bk_control control = steer();
	ck_assert_int_eq(bk_control_cancel(pg_db, &control, 2, &cancelled, &steer_err), BK_OK);
	ck_assert_int_eq(cancelled.recorded.changed, 1);
	side_exec(rig.side, "DROP SCHEMA evil CASCADE");
}
END_TEST

static enum bk_rc cancel(int64_t id)
{
	struct bk_control control = steer();

	bk_cancelled_clear(&cancelled);
	cancelled = (struct bk_cancelled){.id = NULL};
	return bk_control_cancel(pg_db, &control, id, &cancelled, &steer_err);
}

static int64_t asked(void)
{
	return side_int(rig.side,
			"SELECT count(*) FROM bk.execution_workers WHERE cancel_requested");
}

START_TEST(each_worker_of_an_execution_is_asked_to_end)
{
	running(3, "1 minute");
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert_int_eq(asked(), 3);
	ck_assert_str_eq(side_text(rig.side, "SELECT concat(cancel_requested, status) FROM"
					     " bk.maintenance_executions WHERE id = 1"),
			 "tRUNNING");
	ck_assert_str_eq(cancelled.id, "1");
	ck_assert_str_eq(cancelled.operation, JOB);
	ck_assert_str_eq(cancelled.status, "RUNNING");
	ck_assert_ptr_null(cancelled.finished_at);
	ck_assert_str_eq(cancelled.server_instance, "host-7");
	ck_assert_int_eq(cancelled.pid, 17);
	ck_assert_int_eq(cancelled.processed_count, 15);
	ck_assert(cancelled.cancel_requested && !cancelled.lease_expired);
	ck_assert_str_eq(cancelled.recorded.execution_id, "2");
	ck_assert_str_eq(steer_record(), "cancel 1: cancel execution 1 of activate-due");
}
END_TEST

START_TEST(asking_twice_changes_nothing_but_for_a_worker_that_came_later)
{
	running(1, "1 minute");
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert_int_eq(cancelled.recorded.changed, 0);
	ck_assert_ptr_null(cancelled.recorded.execution_id);
	ck_assert(cancelled.cancel_requested);
	ck_assert_int_eq(steer_records(), 1);
	side_exec(rig.side, "INSERT INTO bk.execution_workers (execution_id, worker, token,"
			    " lease_expires_at) VALUES (1, 7, 1, now() + interval '1 min')");
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert_int_eq(cancelled.recorded.changed, 1);
	ck_assert_int_eq(asked(), 2);
}
END_TEST

START_TEST(an_expired_lease_is_told_of)
{
	running(2, "-1 s");
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert(cancelled.lease_expired);
	ck_assert_int_eq(asked(), 2);
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at ="
			    " now() + interval '1 min' WHERE worker = 1");
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert(!cancelled.lease_expired);
}
END_TEST

START_TEST(how_an_execution_ended_is_told)
{
	ck_assert_int_eq(pause("x"), BK_OK);
	ck_assert_int_eq(cancel(1), BK_OK);
	ck_assert_str_eq(cancelled.status, "SUCCESS");
	ck_assert_str_eq(cancelled.operation, "pause");
	ck_assert_ptr_nonnull(cancelled.finished_at);
	ck_assert_int_eq(cancelled.processed_count, 1);
	ck_assert(!cancelled.cancel_requested && !cancelled.lease_expired);
	ck_assert_int_eq(cancelled.recorded.changed, 0);
	ck_assert_int_eq(steer_records(), 1);
	ck_assert_int_eq(cancel(2), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "no execution 2");
}
END_TEST

/* It waits for the batch in flight, after which the run ends: in the order ledger,
   execution, as a run does, so that no deadlock comes of it. */
START_TEST(a_run_that_ends_while_we_wait_has_ended)
{
	running(1, "1 minute");
	side_exec(rig.side, "BEGIN; SELECT 1 FROM (SELECT 1 FROM bk.execution_workers"
			    " FOR UPDATE) AS q");
	steer_when_waited_for("UPDATE bk.maintenance_executions SET status = 'SUCCESS',"
			      " finished_at = now(), processed_count = 9 WHERE id = 1;"
			      " DELETE FROM bk.execution_workers");
	ck_assert_int_eq(cancel(1), BK_OK);
	side_finish(rig.side);
	ck_assert_str_eq(cancelled.status, "SUCCESS");
	ck_assert_int_eq(cancelled.processed_count, 9);
	ck_assert_int_eq(cancelled.recorded.changed, 0);
	ck_assert_int_eq(steer_records(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control_jobs");
	TCase *tc = tcase_create("jobs");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, a_pause_is_written_and_recorded);
	ADD(tc, a_run_heeds_the_pause_and_its_end);
	ADD(tc, a_run_heeds_that_the_job_is_disabled);
	ADD(tc, another_pause_replaces_the_first_and_the_same_one_changes_nothing);
	ADD(tc, an_end_is_an_instant_or_a_time_from_now);
	ADD_ROWS(tc, an_end_that_is_past_is_refused, past);
	ADD(tc, resume_ends_a_pause_and_leaves_the_schedule);
	ADD(tc, a_pause_that_ran_out_is_none);
	ADD(tc, disable_ends_a_pause_and_enable_makes_the_job_idle);
	tcase_add_loop_test(tc, a_disabled_job_is_neither_paused_nor_resumed, 0, 3);
	ADD(tc, every_job_is_paused_but_the_disabled_ones);
	ADD(tc, a_job_that_is_not_there_is_an_error);
	ADD(tc, a_run_at_work_is_told_of_and_goes_on);
	ADD(tc, a_run_that_began_while_we_waited_is_told_of);
	ADD(tc, what_cannot_be_recorded_does_not_happen);
	ADD(tc, a_session_that_lies_changes_nothing_of_it);
	ADD(tc, each_worker_of_an_execution_is_asked_to_end);
	ADD(tc, asking_twice_changes_nothing_but_for_a_worker_that_came_later);
	ADD(tc, an_expired_lease_is_told_of);
	ADD(tc, how_an_execution_ended_is_told);
	ADD(tc, a_run_that_ends_while_we_wait_has_ended);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

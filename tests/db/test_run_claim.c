/*
 * Who may run a job, and when: due and not due, busy, paused, disabled, and the
 * lease of a dead instance that is taken over.
 */
#include "run/run.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_job("activate-due");
}

static int64_t executions(const char *status)
{
	return side_int(rig.side,
			"SELECT count(*) FROM bk.maintenance_executions WHERE status = '%s'",
			status);
}

static const char *job_column(const char *column)
{
	return side_text(
		rig.side,
		"SELECT %s::text FROM bk.scheduler_job_info WHERE job_name = 'activate-due'",
		column);
}

/* A run of `instance` that has changed 42 bookings and whose lease ends then. */
static void make_running(const char *instance, const char *lease)
{
	side_exec(
		rig.side,
		"UPDATE bk.scheduler_job_info SET lease_token = 9 WHERE job_name = 'activate-due';"
		"INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at,"
		" status, triggered_by, invoked_by, server_instance, pid, version, lease_token,"
		" as_of)"
		" VALUES (gen_random_uuid(), 'activate-due', 'x', now() - interval '1 hour',"
		" 'RUNNING',"
		" 'SCHEDULER', 'u/u', '%s', 17, '1.0.0', 9, now());"
		"INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		" lease_expires_at) SELECT max(id), 0, 9, 42, now() + interval '%s'"
		" FROM bk.maintenance_executions",
		instance, lease);
}

START_TEST(a_tick_with_nothing_due_is_recorded)
{
	rig.request.manual = false;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, 0);
	ck_assert_int_eq(rig.batches, 0);
	ck_assert_int_eq(executions("SUCCESS"), 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	ck_assert_str_eq(job_column("last_execution_status"), "SUCCESS");
	ck_assert_str_eq(job_column("total_runs"), "1");
	ck_assert_str_eq(job_column("last_success_time IS NOT NULL"), "true");
}
END_TEST

START_TEST(the_record_says_who_ran_what_and_when)
{
	static const struct {
		const char *column;
		const char *value;
	} columns[] = {
		{"operation", "activate-due"},
		{"description", "Activate due bookings"},
		{"triggered_by", "MANUAL"},
		{"invoked_by", "tester/postgres"},
		{"server_instance", "host-1"},
		{"version", BK_VERSION},
		{"slot", "0"},
		{"lease_token", "1"},
		{"status", "SUCCESS"},
		{"processed_count", "3"},
		{"error_code", NULL},
		{"executed_at = as_of", "true"},
		{"finished_at >= executed_at", "true"},
		{"execution_time_ms >= 0", "true"},
	};

	rig_due(3);
	ck_assert_int_eq(rig_run(), BK_OK);
	for (size_t i = 0; i < BK_COUNT(columns); i++)
		ck_assert_pstr_eq(side_text(rig.side,
					    "SELECT (%s)::text FROM bk.maintenance_executions",
					    columns[i].column),
				  columns[i].value);
	ck_assert_int_eq(side_int(rig.side, "SELECT pid FROM bk.maintenance_executions"), getpid());
	ck_assert_str_eq(rig.result.execution_id,
			 side_text(rig.side, "SELECT id::text FROM bk.maintenance_executions"));
}
END_TEST

START_TEST(by_hand_the_delay_does_not_matter)
{
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	rig.request.manual = true;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_int_eq(executions("SUCCESS"), 2);
}
END_TEST

START_TEST(a_job_that_runs_elsewhere_is_busy)
{
	make_running("host-7", "1 minute");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
	ck_assert_str_eq(rig.result.holder, "host-7 pid 17");
	ck_assert_ptr_null(rig.result.execution_id);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"), 1);
	ck_assert_str_eq(job_column("lease_token"), "9");
}
END_TEST

static struct bk_run_result elsewhere;

static void run_elsewhere(int n)
{
	if (n == 1)
		ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
}

START_TEST(a_second_instance_finds_the_job_busy_while_the_first_runs)
{
	rig_due(5);
	rig.before_batch = run_elsewhere;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_BUSY);
	ck_assert_ptr_eq(strstr(elsewhere.holder, "host-1 pid "), elsewhere.holder);
	ck_assert_int_eq(rig.result.processed, 5);
	bk_run_result_clear(&elsewhere);
}
END_TEST

START_TEST(the_same_while_its_batch_is_not_committed)
{
	rig_due(5);
	rig.before_commit = run_elsewhere;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_BUSY);
	ck_assert_int_eq(rig.result.processed, 5);
	bk_run_result_clear(&elsewhere);
}
END_TEST

START_TEST(another_claim_at_this_moment_is_busy)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bk.scheduler_job_info"
			    " WHERE job_name = 'activate-due' FOR UPDATE");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
	ck_assert_ptr_null(rig.result.holder);
}
END_TEST

/* The other one's record is not yet committed when ours is written: the index
   that allows one RUNNING lets us wait, and the second look finds it. */
START_TEST(of_two_claims_that_do_not_see_each_other_one_is_busy)
{
	rig_due(1);
	/* Not the job's row: that one would be seen as locked. */
	side_exec(rig.side,
		  "BEGIN; INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at,"
		  " status, triggered_by, invoked_by, server_instance, pid, version, lease_token,"
		  " as_of)"
		  " VALUES (gen_random_uuid(), 'activate-due', 'x', now(), 'RUNNING', 'SCHEDULER',"
		  " 'u/u', 'host-7', 17, '1.0.0', 9, now());"
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, lease_expires_at)"
		  " SELECT max(id), 0, 9, now() + interval '1 minute' FROM"
		  " bk.maintenance_executions");
	side_send(rig.side, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
			    " LOOP PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_finish(rig.side);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
	ck_assert_str_eq(rig.result.holder, "host-7 pid 17");
	ck_assert_int_eq(executions("RUNNING"), 1);
}
END_TEST

START_TEST(a_run_whose_lease_expired_is_taken_over)
{
	rig_due(2);
	make_running("host-7", "-1 second");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.abandoned_id, "1");
	ck_assert_int_eq(rig.result.processed, 2);
	ck_assert_str_eq(side_text(rig.side, "SELECT status || ' ' || processed_count || ' ' ||"
					     " error_code || ' ' || (finished_at IS NOT NULL) FROM"
					     " bk.maintenance_executions WHERE id = 1"),
			 "ABANDONED 42 ABANDONED true");
	ck_assert_str_eq(side_text(rig.side, "SELECT status || ' ' || lease_token FROM"
					     " bk.maintenance_executions WHERE id = 2"),
			 "SUCCESS 10");
	ck_assert_str_eq(job_column("total_processed"), "44");
	ck_assert_str_eq(job_column("total_failures"), "1");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

START_TEST(a_dead_run_is_closed_also_when_nothing_is_due)
{
	make_running("host-7", "-1 second");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_str_eq(rig.result.abandoned_id, "1");
	ck_assert_int_eq(executions("ABANDONED"), 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

/* Its commit may be on its way: nobody knows what it has done. */
START_TEST(an_expired_lease_whose_ledger_row_is_locked_stays_busy)
{
	make_running("host-7", "-1 second");
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bk.execution_workers FOR UPDATE");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
	side_exec(rig.side, "COMMIT");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
}
END_TEST

START_TEST(a_run_is_alive_as_long_as_one_of_its_workers_is)
{
	make_running("host-7", "-1 second");
	side_exec(rig.side, "INSERT INTO bk.execution_workers VALUES"
			    " (1, 1, 9, 0, 0, now() + interval '1 minute')");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
}
END_TEST

START_TEST(a_running_record_without_workers_is_dead)
{
	make_running("host-7", "1 minute");
	side_exec(rig.side, "DELETE FROM bk.execution_workers");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig.result.abandoned_id, "1");
}
END_TEST

/* As while cleanup closes it, which then waits for the job's row. */
START_TEST(a_dead_run_that_is_being_closed_stays_busy)
{
	make_running("host-7", "-1 second");
	side_exec(rig.side, "DELETE FROM bk.execution_workers");
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bk.maintenance_executions FOR NO KEY UPDATE");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_BUSY);
	side_exec(rig.side, "COMMIT");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig.result.abandoned_id, "1");
}
END_TEST

START_TEST(a_tick_that_is_not_due_leaves_a_dead_run_alone)
{
	make_running("host-7", "-1 second");
	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET next_execution_time = now() + interval '1 h'");
	rig.request.manual = false;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_NOT_DUE);
	ck_assert_int_eq(executions("RUNNING"), 1);
}
END_TEST

static const struct {
	const char *set;
	bool force;
	enum bk_outcome outcome;
	const char *status; /* of the job afterwards */
} states[] = {
	{"status = 'PAUSED', paused_reason = 'moving house'", false, BK_OUTCOME_PAUSED, "PAUSED"},
	{"status = 'PAUSED', paused_until = now() + interval '1 h'", false, BK_OUTCOME_PAUSED,
	 "PAUSED"},
	{"status = 'PAUSED', paused_until = now() - interval '1 s', paused_reason = 'x'", false,
	 BK_OUTCOME_RAN, "IDLE"},
	{"status = 'PAUSED', paused_reason = 'moving house'", true, BK_OUTCOME_RAN, "PAUSED"},
	{"status = 'DISABLED'", false, BK_OUTCOME_DISABLED, "DISABLED"},
	{"status = 'DISABLED'", true, BK_OUTCOME_RAN, "DISABLED"},
	{"is_active = false", false, BK_OUTCOME_DISABLED, "IDLE"},
	{"is_active = false", true, BK_OUTCOME_RAN, "IDLE"},
	{"status = 'ERROR', retry_count = 3, error_message = 'x'", false, BK_OUTCOME_RAN, "IDLE"},
};

/* With something to do and without: two ways through the claim. */
static void expect_state(int i, int due)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET %s WHERE job_name = 'activate-due'",
		  states[i].set);
	rig_due(due);
	rig.request.force = states[i].force;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, states[i].outcome);
	ck_assert_str_eq(job_column("status"), states[i].status);
	ck_assert_int_eq(executions("SUCCESS"), states[i].outcome == BK_OUTCOME_RAN);
	ck_assert_int_eq(
		side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = 'ACTIVE'"),
		states[i].outcome == BK_OUTCOME_RAN ? due : 0);
}

START_TEST(a_job_that_is_paused_or_disabled_runs_by_force_only)
{
	expect_state(_i, 0);
}
END_TEST

START_TEST(the_same_where_something_is_due)
{
	expect_state(_i, 2);
}
END_TEST

START_TEST(the_reason_of_a_pause_is_told)
{
	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET status = 'PAUSED', paused_reason = 'moving'");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig.result.paused_reason, "moving");
}
END_TEST

START_TEST(a_success_clears_what_a_failure_left)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'ERROR', retry_count = 3,"
			    " error_message = 'x', last_execution_status = 'ERROR'");
	rig_due(1);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(job_column("retry_count"), "0");
	ck_assert_ptr_null(job_column("error_message"));
	ck_assert_str_eq(job_column("last_execution_status"), "SUCCESS");
}
END_TEST

START_TEST(a_job_that_is_not_registered_is_an_error_with_a_hint)
{
	side_exec(rig.side, "DELETE FROM bk.scheduler_job_info WHERE job_name = 'activate-due'");
	ck_assert_int_eq(rig_run(), BK_E_SCHEMA);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "activate-due"));
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "bkmaint migrate"));
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"), 0);
}
END_TEST

START_TEST(the_instance_that_ticks_is_seen_once_a_minute)
{
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:10Z"), BK_OUTCOME_NOT_DUE);
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT instance || ' ' || version || ' ' ||"
				   " mapping_fingerprint || ' ' || seen_at FROM bk.instances"),
			 side_text(rig.side, "SELECT 'host-1 ' || '" BK_VERSION "' || ' f1 ' ||"
					     " timestamptz '2026-03-01 12:00:00Z'"));
	rig.request.fingerprint = "f2";
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:00:20Z"), BK_OUTCOME_NOT_DUE);
	ck_assert_str_eq(side_text(rig.side, "SELECT mapping_fingerprint FROM bk.instances"), "f2");
	ck_assert_int_eq(rig_tick_at("2026-03-01 12:02:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(side_int(rig.side, "SELECT extract(epoch FROM (last_ticks ->>"
					    " 'activate-due')::timestamptz) FROM bk.instances"),
			 1772366520);
}
END_TEST

static TCase *claims(void)
{
	TCase *tc = tcase_create("claim");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_tick_with_nothing_due_is_recorded);
	ADD(tc, the_record_says_who_ran_what_and_when);
	ADD(tc, by_hand_the_delay_does_not_matter);
	ADD_ROWS(tc, a_job_that_is_paused_or_disabled_runs_by_force_only, states);
	ADD_ROWS(tc, the_same_where_something_is_due, states);
	ADD(tc, the_reason_of_a_pause_is_told);
	ADD(tc, a_success_clears_what_a_failure_left);
	ADD(tc, a_job_that_is_not_registered_is_an_error_with_a_hint);
	ADD(tc, the_instance_that_ticks_is_seen_once_a_minute);
	return tc;
}

static TCase *leases(void)
{
	TCase *tc = tcase_create("lease");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_job_that_runs_elsewhere_is_busy);
	ADD(tc, a_second_instance_finds_the_job_busy_while_the_first_runs);
	ADD(tc, the_same_while_its_batch_is_not_committed);
	ADD(tc, another_claim_at_this_moment_is_busy);
	ADD(tc, of_two_claims_that_do_not_see_each_other_one_is_busy);
	ADD(tc, a_run_whose_lease_expired_is_taken_over);
	ADD(tc, a_dead_run_is_closed_also_when_nothing_is_due);
	ADD(tc, an_expired_lease_whose_ledger_row_is_locked_stays_busy);
	ADD(tc, a_run_is_alive_as_long_as_one_of_its_workers_is);
	ADD(tc, a_running_record_without_workers_is_dead);
	ADD(tc, a_dead_run_that_is_being_closed_stays_busy);
	ADD(tc, a_tick_that_is_not_due_leaves_a_dead_run_alone);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("claim");

	suite_add_tcase(suite, claims());
	suite_add_tcase(suite, leases());
	return suite_run(suite);
}

/*
 * The job cleanup while others are at work: other cleanups, claims that take over,
 * runs that come back to life.
 */
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "dead.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	rig_job("cleanup");
}

static void finish(void)
{
	bk_run_result_clear(&dead_elsewhere);
	rig_close();
}

static void clean_elsewhere(int n)
{
	dead_expire_newest(n);
	ck_assert_int_eq(dead_run_elsewhere("cleanup"), BK_OK);
	ck_assert_int_eq(dead_elsewhere.processed, 1);
}

START_TEST(a_cleanup_that_was_taken_over_counts_nothing_twice)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	rig.before_batch = clean_elsewhere;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(rig_record(id), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(rig_record(2), "ABANDONED 0 ABANDONED");
	ck_assert_str_eq(rig_record(3), "SUCCESS 1");
	ck_assert_str_eq(rig_job_column("total_failures"), "1");
	ck_assert_str_eq(rig_job_column("total_processed"), "7");
}
END_TEST

/* A second cleanup, in a slot of its own, while the n-th batch of the first one is open:
   comes to the same kind, and finds nothing that is free. */
static void batch_beside(int n)
{
	const struct bk_db_params params = {
		.connect_timeout_ms = 20000,
		.clock = bk_clock_system(),
	};
	BK_CLEAN(bk_db_clean) struct bk_db *db = NULL;
	BK_CLEAN(bk_job_clean) struct bk_job *job = bk_job_new(rig.conf, "cleanup");
	struct bk_run run = {.request = &rig.request, .deadline_ms = INT64_MAX};
	struct bk_batch batch = {.locked = -1};
	struct bk_work work;
	struct bk_error err;

	run.execution = dead_execution("cleanup", n, "1 min", 0);
	ck_assert_msg(!bk_db_connect(&params, &db, &err), "%s", err.message);
	run.db = db;
	ck_assert_int_eq(bk_job_work(job, &work, &err), BK_OK);
	while (run.batch_no < n) {
		run.batch_no++;
		ck_assert_msg(!work.batch(work.self, &run, 5, &batch, &err), "%s", err.message);
		ck_assert_int_eq(batch.locked, 0);
		ck_assert_int_eq(batch.changed, 0);
		ck_assert(batch.ledger);
		ck_assert_int_eq(bk_db_commit(db, &err), BK_OK);
		work.committed(work.self);
	}
	ck_assert_int_eq(batch.done, (size_t)n == bk_job_unit_count(job));
	ck_assert_ptr_null(bk_job_said(job));
}

START_TEST(of_two_batches_at_one_moment_only_one_closes)
{
	(void)dead_execution("activate-due", 0, "-1 s", 7);
	(void)dead_execution("activate-due", 1, "-1 s", 2);
	side_exec(rig.side, "INSERT INTO bk.booking_holds VALUES ('{1}', now() - interval '2 d',"
			    " 'r', 'a/b')");
	rig.before_commit = batch_beside;
	ck_assert_int_eq(dead_cleaned(), 3);
	ck_assert_str_eq(rig_job_column("total_failures"), "2");
	ck_assert_str_eq(rig_job_column("total_processed"), "9");
}
END_TEST

/* Waits until the cleanup waits for it, then lets go of what it changed. */
static void change_job(int n)
{
	if (n != 1)
		return;
	side_exec(rig.side, "BEGIN; UPDATE bk.scheduler_job_info SET total_failures = 40,"
			    " total_processed = 100 WHERE job_name = 'activate-due'");
	side_send(rig.side,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  " PERFORM pg_sleep(0.01); END LOOP; END $$; COMMIT");
}

START_TEST(totals_are_added_to_what_another_session_just_wrote)
{
	(void)dead_execution("activate-due", 0, "-1 s", 7);
	(void)dead_execution("update-expired", 0, "-1 s", 2);
	rig.before_batch = change_job;
	ck_assert_int_eq(dead_cleaned(), 2);
	side_finish(rig.side);
	ck_assert_str_eq(rig_job_column("total_failures"), "41");
	ck_assert_str_eq(rig_job_column("total_processed"), "107");
}
END_TEST

static void claim_while_open(int n)
{
	if (n != 1)
		return;
	ck_assert_int_eq(dead_run_elsewhere("activate-due"), BK_OK);
	ck_assert_int_eq(dead_elsewhere.outcome, BK_OUTCOME_BUSY);
}

START_TEST(a_claim_while_the_execution_is_being_closed_finds_the_job_busy)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	rig.before_commit = claim_while_open;
	ck_assert_int_eq(dead_cleaned(), 1);
	ck_assert_str_eq(rig_record(id), "ABANDONED 7 ABANDONED");
	ck_assert_int_eq(dead_run_elsewhere("activate-due"), BK_OK);
	ck_assert_int_eq(dead_elsewhere.outcome, BK_OUTCOME_RAN);
	ck_assert_ptr_null(dead_elsewhere.abandoned_id);
	ck_assert_str_eq(rig_job_column("total_failures"), "1");
}
END_TEST

static void take_over_first(int n)
{
	if (n != 1)
		return;
	ck_assert_int_eq(dead_run_elsewhere("activate-due"), BK_OK);
	ck_assert_int_eq(dead_elsewhere.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(dead_elsewhere.abandoned_id, "1");
}

START_TEST(what_a_claim_took_over_first_is_not_closed_again)
{
	int id = dead_execution("activate-due", 0, "-1 s", 7);

	rig.before_batch = take_over_first;
	ck_assert_int_eq(dead_cleaned(), 0);
	ck_assert_str_eq(rig_record(id), "ABANDONED 7 ABANDONED");
	ck_assert_str_eq(rig_job_column("total_failures"), "1");
	ck_assert_str_eq(rig_job_column("total_processed"), "7");
}
END_TEST

static void clean_under_a_run(int n)
{
	if (n != 3)
		return;
	dead_expire_newest(n);
	ck_assert_int_eq(dead_run_elsewhere("cleanup"), BK_OK);
	ck_assert_int_eq(dead_elsewhere.processed, 1);
}

START_TEST(a_run_whose_record_was_closed_writes_nothing_more)
{
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig_due(23);
	rig.before_batch = clean_under_a_run;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_str_eq(rig_record(1), "ABANDONED 10 ABANDONED");
	ck_assert_int_eq(rig_changed(), 10);
	ck_assert_str_eq(rig_job_column("total_processed"), "10");
	rig.before_batch = NULL;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 13);
	ck_assert_int_eq(rig_changed_twice(), 0);
}
END_TEST

/* Another session has locked that job, as a pause or a run's end does, and wants `more`
   as soon as the cleanup waits for it. */
static void hold_job(const char *job, const char *more)
{
	side_exec(rig.side,
		  "BEGIN; SELECT 1 FROM bk.scheduler_job_info WHERE job_name = '%s' FOR"
		  " NO KEY UPDATE",
		  job);
	side_send(rig.side,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  " PERFORM pg_sleep(0.01); END LOOP; END $$; %s; COMMIT",
		  more);
}

/* Two jobs whose order by name is not that of their numbers. */
static void pause_all(int n)
{
	if (n != 1)
		return;
	(void)dead_execution("update-expired", 1, "-1 s", 2);
	(void)dead_execution("cleanup", 1, "-1 s", 7);
	hold_job("cleanup", "SELECT 1 FROM bk.scheduler_job_info WHERE job_name = 'update-expired'"
			    " FOR NO KEY UPDATE");
}

START_TEST(a_pause_of_all_jobs_and_a_cleanup_lock_them_in_one_order)
{
	(void)dead_execution("activate-due", 0, "-1 s", 1);
	rig.before_batch = pause_all;
	ck_assert_int_eq(dead_cleaned(), 3);
	side_finish(rig.side);
	ck_assert_int_eq(rig.result.retries, 0);
}
END_TEST

static void refuse_again(int n)
{
	if (n == 1)
		hold_job("activate-due", "UPDATE bk.quarantined_bookings SET tries = tries + 1,"
					 " next_try_at = now() + interval '1 h'");
}

/* The end of a run that was refused the booking once more. */
START_TEST(an_end_that_sets_a_booking_aside_and_a_cleanup_lock_in_one_order)
{
	(void)dead_execution("activate-due", 0, "-1 s", 1);
	side_exec(rig.side, "INSERT INTO bk.quarantined_bookings SELECT 'activate', '{5}',"
			    " 'activate-due', 1, '23514', 'm', now(), now(), 1,"
			    " now() - interval '8 d'");
	rig.before_batch = refuse_again;
	ck_assert_int_eq(dead_cleaned(), 1);
	side_finish(rig.side);
	ck_assert_int_eq(rig.result.retries, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT tries FROM bk.quarantined_bookings"), 2);
}
END_TEST

enum { ROUNDS = 8, RACERS = 4 };

/* A process of its own. Its exit status: 0 = it ran or found the job busy; else it says why. */
static pid_t start_racer(const char *job)
{
	pid_t pid = fork();

	if (pid == 0) {
		enum bk_rc rc = dead_run_elsewhere(job);

		if (rc == BK_OK && (dead_elsewhere.outcome == BK_OUTCOME_RAN ||
				    dead_elsewhere.outcome == BK_OUTCOME_BUSY))
			_exit(0);
		(void)fprintf(stderr, "%s: outcome %d, %s\n", job, (int)dead_elsewhere.outcome,
			      rc ? rig.elsewhere_err.message : "no error");
		_exit(1);
	}
	return pid;
}

START_TEST(cleanups_and_claims_that_race_close_each_execution_once)
{
	static const char *const jobs[RACERS] = {"cleanup", "activate-due", "cleanup",
						 "update-expired"};

	for (int round = 1; round <= ROUNDS; round++) {
		pid_t pids[RACERS];

		(void)dead_execution("activate-due", 0, "-1 s", 3);
		(void)dead_execution("update-expired", 0, "-1 s", 3);
		for (int i = 0; i < RACERS; i++)
			pids[i] = start_racer(jobs[i]);
		for (int i = 0; i < RACERS; i++) {
			int status = -1;

			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
		/* Busy ones may have left something over. */
		ck_assert_int_eq(dead_run_elsewhere("cleanup"), BK_OK);
	}
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"
					    " WHERE status = 'RUNNING'"),
			 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(total_failures) FROM"
					    " bk.scheduler_job_info"),
			 2 * ROUNDS);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(total_processed) FROM"
					    " bk.scheduler_job_info WHERE job_name <> 'cleanup'"),
			 6 * ROUNDS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cleanup_races");
	TCase *tc = tcase_create("cleanup_races");

	tcase_add_checked_fixture(tc, setup, finish);
	ADD(tc, a_cleanup_that_was_taken_over_counts_nothing_twice);
	ADD(tc, of_two_batches_at_one_moment_only_one_closes);
	ADD(tc, totals_are_added_to_what_another_session_just_wrote);
	ADD(tc, a_claim_while_the_execution_is_being_closed_finds_the_job_busy);
	ADD(tc, what_a_claim_took_over_first_is_not_closed_again);
	ADD(tc, a_run_whose_record_was_closed_writes_nothing_more);
	ADD(tc, a_pause_of_all_jobs_and_a_cleanup_lock_them_in_one_order);
	ADD(tc, an_end_that_sets_a_booking_aside_and_a_cleanup_lock_in_one_order);
	ADD(tc, cleanups_and_claims_that_race_close_each_execution_once);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

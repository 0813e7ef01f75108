/*
 * Runs that meet at exact moments: a claim that has looked before another run began,
 * and acts while that one is at work or comes to its end.
 */
#include "run/run.h"

#include <pthread.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 60 };

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig.request.lock_timeout_ms = 20000;
	rig.request.statement_timeout_ms = 20000;
}

/* --- where a statement stops --- */

/* A schema of views on bk's tables. Who works in it stops where it reads the rows of
   `table`, before it has locked any, for as long as the side holds lock number `gate`. */
static void make_views(const char *schema, const char *table, int gate)
{
	side_exec(rig.side,
		  "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s;"
		  "CREATE FUNCTION %s.gate() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
		  " PERFORM pg_advisory_xact_lock_shared(%d); RETURN true; END $$;"
		  "DO $$ DECLARE t name; BEGIN FOR t IN SELECT relname FROM pg_class WHERE"
		  " relnamespace = 'bk'::regnamespace AND relkind = 'r' LOOP EXECUTE format("
		  "'CREATE VIEW %s.%%1$I AS SELECT * FROM bk.%%1$I WHERE %%1$L <> ''%s'' OR"
		  " %s.gate()', t); END LOOP; END $$;"
		  "CREATE FUNCTION %s.count_run(text, text, timestamptz, text, bigint,"
		  " bigint, bigint, bigint, bigint, bigint, text) RETURNS void LANGUAGE sql AS"
		  " 'SELECT bk.count_run(''bk'', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)'",
		  schema, schema, schema, gate, schema, table, schema, schema);
}

static void close_gate(int gate)
{
	side_exec(rig.side, "SELECT pg_advisory_lock(%d)", gate);
}

static void open_gate(int gate)
{
	side_exec(rig.side, "SELECT pg_advisory_unlock(%d)", gate);
}

/* --- a run beside the one of the rig --- */

static struct {
	pthread_t thread;
	struct bk_db *db;
	struct bk_run_request request;
	struct bk_run_result result;
	struct bk_error err;
	enum bk_rc rc;
} beside;

static void *run_beside(void *arg)
{
	BK_CLEAN(bk_job_clean) struct bk_job *job = bk_job_new(rig.conf, beside.request.job);
	struct bk_work work;

	(void)arg;
	if (!(beside.rc = bk_job_work(job, &work, &beside.err)))
		beside.rc = bk_run(&beside.db, &beside.request, &work, &beside.result, &beside.err);
	bk_db_clean(&beside.db);
	return NULL;
}

/* Begins it in that schema; returns when it stands at the gate. */
static void begin_beside(const char *schema, int gate)
{
	int64_t waits = 0;

	beside.request = rig.request;
	beside.request.instance = "host-2";
	beside.request.schema = schema;
	beside.request.clock = bk_clock_system();
	ck_assert_msg(!rig_connect(NULL, 20000, false, &beside.db, &beside.err), "%s",
		      beside.err.message);
	ck_assert_int_eq(pthread_create(&beside.thread, NULL, run_beside, NULL), 0);
	while (!waits)
		waits = side_int(rig.side,
				 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND"
				 " objid = %d AND NOT granted",
				 gate);
}

static void end_beside(void)
{
	ck_assert_int_eq(pthread_join(beside.thread, NULL), 0);
}

static void finish(void)
{
	bk_run_result_clear(&beside.result);
	rig_close();
}

static void expect_beside(enum bk_outcome outcome)
{
	ck_assert_msg(!beside.rc, "%s", beside.err.message);
	ck_assert_int_eq(beside.result.retries, 0);
	ck_assert_int_eq(beside.result.outcome, outcome);
}

static void expect_done(void)
{
	ck_assert_int_eq(rig.result.retries, 0);
	ck_assert_str_eq(rig_record(1), "SUCCESS 60");
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}

/* --- workers that are just being added --- */

/* The lease has run out, and a claim has seen one worker. */
static void claim_after_first_batch(int n)
{
	if (n != 1)
		return;
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	close_gate(1);
	begin_beside("late", 1);
}

/* By now there are two. */
static void let_it_claim(int n)
{
	if (n != 2)
		return;
	open_gate(1);
	end_beside();
}

START_TEST(a_takeover_passes_over_no_worker_that_was_just_added)
{
	rig_due(DUE);
	make_views("late", "maintenance_executions", 1);
	rig.request.workers = 2;
	rig.request.connect = rig_connect;
	rig.after_commit = claim_after_first_batch;
	rig.before_batch = let_it_claim;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	expect_done();
	expect_beside(BK_OUTCOME_BUSY);
}
END_TEST

/* --- a claim and an end --- */

/* The run stops when it has locked everything but the job's row; then the claim, which
   saw no run at all, locks that, and the end goes on when the claim waits or is gone. */
static void meet_at_the_end(void)
{
	int pid = (int)side_int(rig.side, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND"
					  " objid = 1 AND NOT granted");

	close_gate(2);
	side_send(rig.side,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'"
		  " AND objid = 2 AND NOT granted) LOOP PERFORM pg_sleep(0.005); END LOOP;"
		  " PERFORM pg_advisory_unlock(1);"
		  " WHILE EXISTS (SELECT FROM pg_stat_activity WHERE pid = %d) AND NOT EXISTS"
		  " (SELECT FROM pg_locks WHERE pid = %d AND locktype = 'transactionid' AND NOT"
		  " granted) LOOP PERFORM pg_sleep(0.005); PERFORM pg_stat_clear_snapshot();"
		  " END LOOP; PERFORM pg_advisory_unlock(2); END $$",
		  pid, pid);
}

START_TEST(a_claim_and_an_end_never_wait_for_each_other)
{
	rig_due(DUE);
	make_views("late", "scheduler_job_info", 1);
	make_views("last", "scheduler_job_info", 2);
	close_gate(1);
	begin_beside("late", 1);
	rig.request.schema = "last";
	rig.before_end = meet_at_the_end;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_finish(rig.side);
	end_beside();
	expect_done();
	expect_beside(BK_OUTCOME_BUSY);
}
END_TEST

/* --- the instant of a run --- */

/* It does not begin before the job is its own, nor end after it is recorded. */
START_TEST(a_run_is_dated_from_when_its_job_is_locked)
{
	const char *opened;

	make_views("late", "scheduler_job_info", 1);
	close_gate(1);
	begin_beside("late", 1);
	opened = side_text(rig.side, "SELECT clock_timestamp()::text");
	open_gate(1);
	end_beside();
	expect_beside(BK_OUTCOME_RAN);
	ck_assert_str_eq(
		side_text(rig.side,
			  "SELECT concat_ws(' ', status, executed_at >= '%s', as_of >= '%s',"
			  " finished_at BETWEEN executed_at AND clock_timestamp())"
			  " FROM bk.maintenance_executions",
			  opened, opened),
		"SUCCESS t t t");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("moments");
	TCase *tc = tcase_create("moments");

	tcase_add_checked_fixture(tc, setup, finish);
	ADD(tc, a_takeover_passes_over_no_worker_that_was_just_added);
	ADD(tc, a_claim_and_an_end_never_wait_for_each_other);
	ADD(tc, a_run_is_dated_from_when_its_job_is_locked);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

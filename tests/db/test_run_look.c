/*
 * What comes before a claim, and what the claim reads of the bookings, while others
 * hold the table locked: it is tried again, and in the end it is on record.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

static int checks;
static int locked_for; /* so many pauses; 0 = until the end */

/* Reads the table, as the check of a mapping does. */
static enum bk_rc look(void *arg, struct bk_db *db, struct bk_error *err)
{
	const struct bk_tx_limits limits = {10000, 50, false, NULL};
	const struct bk_stmt stmt = {"look", "SELECT FROM public.bookings LIMIT 1", NULL, 0,
				     BK_ANY_ROWS};

	(void)arg;
	checks++;
	return bk_tx_one(db, BK_TX_READ, &limits, &stmt, NULL, err);
}

static void setup(void)
{
	rig_open();
	rig_job("activate-due");
	rig.request.lock_timeout_ms = 50;
	rig.request.check = look;
	rig.request.connect = rig_connect;
	checks = locked_for = 0;
	rig_due(3);
}

static void let_go_in_time(int n)
{
	if (n == locked_for)
		side_exec(rig.side, "COMMIT");
}

static void lock_table(void)
{
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	rig.on_pause = let_go_in_time;
}

static int64_t records(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions");
}

START_TEST(a_lock_that_goes_in_time_is_waited_for)
{
	lock_table();
	locked_for = 2;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 3);
	ck_assert_int_ge(rig.result.retries, 1);
	ck_assert_int_eq(checks, rig.result.retries + 1);
	ck_assert_str_eq(rig_record(1), "SUCCESS 3");
}
END_TEST

/* Without the check it is the claim that meets the lock. */
START_TEST(one_that_does_not_is_on_record)
{
	bool checked = _i == 0;

	if (!checked)
		rig.request.check = NULL;
	lock_table();
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.sqlstate, "55P03");
	ck_assert_int_eq(checks, checked ? rig.request.max_retries + 1 : 0);
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_str_eq(rig_record(1), "ERROR 0 RUN_FAILED");
	ck_assert_str_eq(side_text(rig.side, "SELECT concat_ws(' ', retry_count, remaining IS NULL)"
					     " FROM bk.maintenance_executions"),
			 side_text(rig.side, "SELECT '%d t'", (int)rig.request.max_retries));
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count, total_failures)"),
			 "ERROR 1 1");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
	/* Nobody has checked the mapping. */
	ck_assert_ptr_null(side_text(rig.side, "SELECT mapping_fingerprint FROM bk.instances"));
	side_exec(rig.side, "COMMIT");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig_record(2), "SUCCESS 3");
	ck_assert_str_eq(side_text(rig.side, "SELECT mapping_fingerprint FROM bk.instances"), "f1");
}
END_TEST

static const struct {
	const char *job;
	enum bk_outcome outcome;
} idle[] = {
	{"next_execution_time = now() + interval '1 h'", BK_OUTCOME_NOT_DUE},
	{"status = 'PAUSED'", BK_OUTCOME_PAUSED},
	{"status = 'DISABLED'", BK_OUTCOME_DISABLED},
};

START_TEST(a_tick_that_would_not_run_is_not_failed_by_it)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET %s", idle[_i].job);
	rig.request.manual = false;
	lock_table();
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, idle[_i].outcome);
	ck_assert_int_eq(records(), 0);
	ck_assert_str_eq(rig_job_column("total_failures"), "0");
}
END_TEST

/* A slot is free, but whether there is anything to do nobody can say. */
START_TEST(nor_does_it_join_others)
{
	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET next_execution_time = now() + interval '1 h';"
		  "WITH e AS (INSERT INTO bk.maintenance_executions (run_id, operation,"
		  " description, executed_at, status, triggered_by, invoked_by, server_instance,"
		  " pid, version, lease_token, as_of) VALUES (gen_random_uuid(), 'activate-due',"
		  " 'x', now(), 'RUNNING', 'SCHEDULER', 'u/u', 'host-7', 17, '1.0.0', 0, now())"
		  " RETURNING id) INSERT INTO bk.execution_workers (execution_id, worker, token,"
		  " lease_expires_at) SELECT id, 0, 0, now() + interval '1 min' FROM e");
	rig.request.manual = false;
	rig.request.slots = 2;
	lock_table();
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_NOT_DUE);
	ck_assert_int_eq(records(), 1);
}
END_TEST

static enum bk_rc find_fault(void *arg, struct bk_db *db, struct bk_error *err)
{
	(void)arg;
	(void)db;
	checks++;
	return bk_error_set(err, BK_E_MAPPING, "bookings.start: there is no such column");
}

START_TEST(what_no_retry_mends_is_looked_at_once_and_leaves_no_record)
{
	rig.request.check = find_fault;
	ck_assert_int_eq(rig_run(), BK_E_MAPPING);
	ck_assert_int_eq(checks, 1);
	ck_assert_int_eq(records(), 0);
}
END_TEST

/* The first time the session is ended under it. */
static enum bk_rc look_when_lost(void *arg, struct bk_db *db, struct bk_error *err)
{
	if (checks == 0)
		side_exec(rig.side, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
				    " datname = current_database() AND pid <> pg_backend_pid()");
	return look(arg, db, err);
}

START_TEST(a_lost_connection_is_made_anew)
{
	rig.request.check = look_when_lost;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(checks, 2);
	ck_assert_str_eq(rig_record(1), "SUCCESS 3");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("look");
	TCase *tc = tcase_create("look");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_lock_that_goes_in_time_is_waited_for);
	tcase_add_loop_test(tc, one_that_does_not_is_on_record, 0, 2);
	ADD_ROWS(tc, a_tick_that_would_not_run_is_not_failed_by_it, idle);
	ADD(tc, nor_does_it_join_others);
	ADD(tc, what_no_retry_mends_is_looked_at_once_and_leaves_no_record);
	ADD(tc, a_lost_connection_is_made_anew);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * A server that is away when a run needs another connection: it is awaited for as
 * long as the run has time, at the end of the run as well.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 23 };

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
	rig_due(DUE);
}

static void terminate(void)
{
	side_exec(rig.side, "SELECT pg_terminate_backend(%d)", PQbackendPID(rig_at->db->conn));
}

static void terminate_at_three(int n)
{
	if (n == 3)
		terminate();
}

static void expect_success(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig_record(1), "SUCCESS 23");
	ck_assert_int_eq(rig.result.processed, DUE);
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', total_runs, total_processed,"
					" retry_count)"),
			 "1 23 0");
	ck_assert(!bk_db_lost(pg_db));
}

static int refusals; /* so many are still to come */
static int tries;
static enum bk_rc refusal;

static enum bk_rc connect_in_vain(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
				  struct bk_error *err)
{
	tries++;
	ck_assert_int_gt(timeout_ms, 0);
	if (refusals-- > 0)
		return bk_error_set(err, refusal, "connection refused");
	return rig_connect(arg, timeout_ms, hold, ret, err);
}

static void be_away(int times, enum bk_rc rc)
{
	refusals = times;
	tries = 0;
	refusal = rc;
	rig.request.connect = connect_in_vain;
}

START_TEST(a_server_that_is_away_for_long_is_awaited)
{
	be_away(10, BK_E_UNAVAILABLE);
	rig.before_batch = terminate_at_three;
	expect_success();
	ck_assert_int_eq(tries, 11);
	ck_assert_int_eq(rig.result.retries, 1);
}
END_TEST

START_TEST(a_server_that_became_a_standby_is_awaited)
{
	be_away(3, BK_E_STANDBY);
	rig.before_batch = terminate_at_three;
	expect_success();
}
END_TEST

static void terminate_at_end(void)
{
	rig.before_end = NULL;
	terminate();
}

/* Ten refusals take longer than the patience with an end, not than the run's time. */
START_TEST(it_is_awaited_at_the_end_as_well)
{
	rig.request.retry_base_ms = rig.request.retry_cap_ms = 2000;
	be_away(12, BK_E_UNAVAILABLE);
	rig.before_end = terminate_at_end;
	expect_success();
}
END_TEST

START_TEST(when_it_stays_away_the_run_ends_with_its_time)
{
	struct bk_run_result next;

	be_away(1000000, BK_E_UNAVAILABLE);
	rig.before_batch = terminate_at_three;
	ck_assert_int_eq(rig_run(), BK_E_UNAVAILABLE);
	ck_assert_int_eq(bk_rc_info(BK_E_UNAVAILABLE)->exit_status, BK_EXIT_UNAVAILABLE);
	ck_assert_int_gt(rig.jump_ms, rig.request.timeout_ms / 2);
	ck_assert_int_lt(rig.jump_ms, 2 * rig.request.timeout_ms);
	ck_assert_int_gt(tries, rig.request.max_retries);
	ck_assert_int_eq(rig.result.processed, 10);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	ck_assert_int_eq(rig_run_elsewhere(&next), BK_OK);
	ck_assert_str_eq(rig_record(1), "ABANDONED 10 ABANDONED");
	ck_assert_str_eq(rig_record(2), "SUCCESS 13");
	bk_run_result_clear(&next);
}
END_TEST

START_TEST(a_login_that_is_refused_is_not_tried_again)
{
	be_away(1000000, BK_E_LOGIN);
	rig.before_batch = terminate_at_three;
	ck_assert_int_eq(rig_run(), BK_E_LOGIN);
	ck_assert_int_eq(tries, 2); /* for the batch, and for the end */
}
END_TEST

static const int64_t connectless[] = {0, 3}; /* retries */

START_TEST(without_a_way_to_connect_a_lost_connection_ends_the_run)
{
	rig.request.connect = NULL;
	rig.request.max_retries = connectless[_i];
	rig.before_batch = terminate_at_three;
	ck_assert_int_eq(rig_run(), BK_E_UNAVAILABLE);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	ck_assert(bk_db_lost(pg_db));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("away");
	TCase *tc = tcase_create("away");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_server_that_is_away_for_long_is_awaited);
	ADD(tc, a_server_that_became_a_standby_is_awaited);
	ADD(tc, it_is_awaited_at_the_end_as_well);
	ADD(tc, when_it_stays_away_the_run_ends_with_its_time);
	ADD(tc, a_login_that_is_refused_is_not_tried_again);
	ADD_ROWS(tc, without_a_way_to_connect_a_lost_connection_ends_the_run, connectless);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The usual tick in one small statement: when it may take place of the claim,
 * and that it then does exactly what the claim would.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rig.h"
#include "steer.h"
#include "suite.h"

static struct bk_work work;

/* Everything is as usual: an instance that was here before, and nothing due. */
static void setup(void)
{
	struct bk_error err;

	rig_open();
	rig_job("activate-due");
	rig.request.manual = false;
	rig.request.delay_ms = 60000;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_str_eq(rig_record(1), "SUCCESS 0");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	ck_assert_int_eq(bk_job_work(rig.job, &work, &err), BK_OK);
}

static bool idle(void)
{
	bk_run_result_clear(&rig.result);
	return bk_run_idle(pg_db, &rig.request, &work, &rig.result);
}

static int64_t records(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions");
}

START_TEST(the_usual_tick_is_recorded_as_a_claim_would)
{
	const char *columns =
		"status, processed_count, remaining, triggered_by, server_instance, slot,"
		" description, lease_token - (SELECT min(lease_token) FROM"
		" bk.maintenance_executions), finished_at >= executed_at, error_code";

	side_exec(rig.side,
		  "UPDATE bk.instances SET last_ticks ="
		  " '{\"activate-due\": \"2020-01-01T00:00:00Z\"}', seen_at = '2020-01-01'");
	ck_assert(idle());
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_str_eq(rig.result.execution_id, "2");
	ck_assert_ptr_nonnull(rig.result.executed_at);
	ck_assert_str_eq(
		side_text(rig.side,
			  "SELECT concat_ws(' ', %s) FROM bk.maintenance_executions WHERE id = 2",
			  columns),
		"SUCCESS 0 0 SCHEDULER host-1 0 Activate due bookings 1 t");
	ck_assert_str_eq(
		rig_job_column("status || ' ' || total_runs || ' ' || last_execution_status"),
		"IDLE 2 SUCCESS");
	ck_assert_str_eq(
		rig_job_column("next_execution_time = last_execution_time + interval '60 s'"
			       " AND last_execution_time = last_success_time"),
		"true");
	ck_assert_str_eq(rig.result.next_at,
			 rig_job_column("to_char(next_execution_time AT TIME ZONE 'UTC',"
					" 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"));
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.instances WHERE seen_at >"
					    " now() - interval '1 minute' AND (last_ticks ->>"
					    " 'activate-due')::timestamptz = seen_at"),
			 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

START_TEST(what_it_records_equals_what_the_claim_records)
{
	const char
		*same = "SELECT count(DISTINCT (to_jsonb(e) - '{id,run_id,executed_at,finished_at,"
			"as_of,created_at,updated_at,lease_token,execution_time_ms}'::text[]))"
			" FROM bk.maintenance_executions AS e";

	ck_assert(idle());
	ck_assert_int_eq(side_int(rig.side, "%s", same), 1);
	ck_assert_int_eq(records(), 2);
}
END_TEST

/* What the claim has to look into. */
static const char *const unusual[] = {
	"UPDATE bk.scheduler_job_info SET next_execution_time = now() + interval '16 s'",
	"UPDATE bk.scheduler_job_info SET status = 'PAUSED'",
	"UPDATE bk.scheduler_job_info SET paused_until = now() - interval '1 s'",
	"UPDATE bk.scheduler_job_info SET status = 'DISABLED'",
	"UPDATE bk.scheduler_job_info SET is_active = false",
	"UPDATE bk.scheduler_job_info SET status = 'ERROR'",
	"UPDATE bk.scheduler_job_info SET retry_count = 1",
	"UPDATE bk.scheduler_job_info SET error_message = 'x'",
	"UPDATE bk.scheduler_job_info SET settings_version = 7",
	"DELETE FROM bk.scheduler_job_info",
	"UPDATE bk.instances SET mapping_fingerprint = NULL",
	"UPDATE bk.instances SET mapping_fingerprint = 'other'",
	"UPDATE bk.instances SET version = '0.9.9'",
	"UPDATE bk.instances SET last_ticks = '{}'",
	"DELETE FROM bk.instances",
	"UPDATE bk.maintenance_executions SET status = 'RUNNING', finished_at = NULL",
	"INSERT INTO bookings (status, starts_at, ends_at, checked_in_at)"
	" VALUES ('CONFIRMED', now() - interval '1 s', now() + interval '1 h', now())",
	/* On hold: the claim knows, and records the same. */
	"INSERT INTO bookings (status, starts_at, ends_at, checked_in_at)"
	" VALUES ('CONFIRMED', now() - interval '1 s', now() + interval '1 h', now());"
	"INSERT INTO bk.booking_holds (booking_key, reason, author) VALUES ('{1}', 'r', 'a')",
	"ALTER TABLE bk.scheduler_job_info RENAME TO gone",
	"DROP TABLE bookings",
};

START_TEST(anything_else_is_left_to_the_claim)
{
	int64_t before;

	side_exec(rig.side, "%s", unusual[_i]);
	before = records();
	ck_assert_msg(!idle(), "%s", unusual[_i]);
	ck_assert_ptr_null(rig.result.execution_id);
	ck_assert_int_eq(records(), before);
	/* The connection is still of use. */
	ck_assert_int_eq(pg_int("SELECT 1"), 1);
}
END_TEST

START_TEST(it_comes_a_quarter_of_the_delay_early_and_no_earlier)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info"
			    " SET next_execution_time = now() + interval '14 s'");
	ck_assert(idle());
}
END_TEST

START_TEST(by_hand_at_an_injected_clock_or_for_the_backlog_it_is_the_claim_s)
{
	rig.request.manual = true;
	ck_assert(!idle());
	rig.request.manual = false;
	rig.request.clock_override = "2026-01-01 00:00:00Z";
	ck_assert(!idle());
	rig.request.clock_override = NULL;
	rig.request.max_age_ms = -1;
	ck_assert(!idle());
}
END_TEST

START_TEST(where_a_leader_is_kept_only_the_last_one_is_usual)
{
	rig.request.leader_ms = 600000;
	ck_assert(idle());
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL,"
			    " last_instance = 'host-2'");
	ck_assert(!idle());
	rig.request.leader_ms = 0;
	ck_assert(idle());
}
END_TEST

START_TEST(a_run_that_is_too_late_is_not_usual)
{
	rig.request.late_ms = 5000;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info"
			    " SET next_execution_time = now() - interval '6 s'");
	ck_assert(!idle());
	side_exec(rig.side, "UPDATE bk.scheduler_job_info"
			    " SET next_execution_time = now() - interval '2 s'");
	ck_assert(idle());
}
END_TEST

START_TEST(the_difference_of_the_clocks_is_measured)
{
	ck_assert(idle());
	ck_assert(rig.result.has_clock_difference);
	ck_assert_int_lt(rig.result.clock_difference_ms, 60000);
	ck_assert_int_gt(rig.result.clock_difference_ms, -60000);
}
END_TEST

START_TEST(a_migration_makes_the_next_tick_look_again)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	const struct bk_sql_var var = {"bk", "bk"};
	const char *params[] = {"999", "999_x", "x", "1.0.0"};
	struct bk_error err;

	ck_assert_int_eq(bk_sql_fill_file(&sql, "migration_record", &var, 1, &err), BK_OK);
	bk_buf_str(&sql, " RETURNING version");
	free(pg_text(bk_buf_cstr(&sql), params, 4));
	ck_assert(!idle());
}
END_TEST

START_TEST(with_settings_of_the_database_it_is_usual_for_who_knows_them)
{
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET settings_version = 7");
	ck_assert(!idle());
	rig.request.settings_version = 6;
	ck_assert(!idle());
	rig.request.settings_version = 7;
	ck_assert(idle());
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET settings_version = 0,"
			    " next_execution_time = NULL");
	ck_assert(!idle());
	rig.request.settings_version = 0;
	ck_assert(idle());
}
END_TEST

/* The tick has read the row, and waits for who changes it. */
START_TEST(a_change_of_the_settings_that_it_waits_for_counts)
{
	side_exec(rig.side, "BEGIN; SELECT FROM bk.scheduler_job_info FOR NO KEY UPDATE");
	steer_when_waited_for("UPDATE bk.scheduler_job_info SET settings_version = 7");
	ck_assert(!idle());
	side_finish(rig.side);
	ck_assert_int_eq(records(), 1);
	side_exec(rig.side, "BEGIN; SELECT FROM bk.scheduler_job_info FOR NO KEY UPDATE");
	rig.request.settings_version = 7;
	steer_when_waited_for("UPDATE bk.scheduler_job_info SET delay_ms = delay_ms");
	ck_assert(idle());
	side_finish(rig.side);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("idle");
	TCase *tc = tcase_create("idle");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, the_usual_tick_is_recorded_as_a_claim_would);
	ADD(tc, what_it_records_equals_what_the_claim_records);
	ADD_ROWS(tc, anything_else_is_left_to_the_claim, unusual);
	ADD(tc, it_comes_a_quarter_of_the_delay_early_and_no_earlier);
	ADD(tc, by_hand_at_an_injected_clock_or_for_the_backlog_it_is_the_claim_s);
	ADD(tc, where_a_leader_is_kept_only_the_last_one_is_usual);
	ADD(tc, a_run_that_is_too_late_is_not_usual);
	ADD(tc, the_difference_of_the_clocks_is_measured);
	ADD(tc, with_settings_of_the_database_it_is_usual_for_who_knows_them);
	ADD(tc, a_change_of_the_settings_that_it_waits_for_counts);
	ADD(tc, a_migration_makes_the_next_tick_look_again);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Surroundings that bk must neither trust nor disturb: a search_path with other
 * operators, the company's triggers and session settings, privileges, row-level
 * security. It is right, or it says why not; never a silent zero.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "rule/privilege.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	side_exec(
		rig.side,
		"DROP SCHEMA IF EXISTS evil CASCADE; DROP TABLE IF EXISTS seen;"
		"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'worker') THEN"
		" DROP OWNED BY worker; DROP ROLE worker; END IF; END $$;"
		"CREATE ROLE worker LOGIN;"
		"GRANT USAGE ON SCHEMA bk TO worker; GRANT SELECT ON ALL TABLES IN SCHEMA bk TO"
		" worker;"
		"GRANT INSERT, UPDATE, DELETE ON bk.execution_stats, bk.job_totals,"
		" bk.booking_transitions, bk.event_consumers, bk.settings_history,"
		" bk.archived_executions, bk.archived_transitions TO worker;"
		"GRANT INSERT, UPDATE, DELETE ON bk.maintenance_executions, bk.scheduler_job_info,"
		" bk.execution_workers, bk.booking_transitions, bk.instances, bk.booking_holds,"
		" bk.quarantined_bookings TO worker;"
		"GRANT SELECT ON bookings TO worker; GRANT UPDATE (status, updated_at) ON bookings"
		" TO worker");
	rig_job("activate-due");
}

/* Settings of the role take hold at login. */
static void connect_as_worker(void)
{
	const struct bk_db_params params = {
		.user = "worker",
		.application = "bk:test",
		.connect_timeout_ms = 20000,
		.clock = bk_clock_system(),
	};

	bk_db_clean(&pg_db);
	ck_assert_msg(bk_db_connect(&params, &pg_db, &rig.err) == BK_OK, "%s", rig.err.message);
}

static void teardown(void)
{
	side_exec(rig.side, "ALTER ROLE worker RESET ALL");
	rig_close();
}

static int64_t active(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = 'ACTIVE'");
}

/* Operators and functions that are found first and always say what is wrong. */
static const char *const evil =
	"CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;"
	"CREATE FUNCTION evil.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';"
	"CREATE FUNCTION evil.no(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS"
	" 'SELECT false';"
	"CREATE FUNCTION evil.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';"
	"CREATE FUNCTION evil.plus(timestamptz, interval) RETURNS timestamptz LANGUAGE sql AS"
	" $$SELECT timestamptz 'infinity'$$;"
	"CREATE FUNCTION evil.plus(bigint, bigint) RETURNS bigint LANGUAGE sql AS 'SELECT"
	" -7::bigint';"
	"CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.no);"
	"CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.no);"
	"CREATE OPERATOR evil.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION ="
	" evil.no);"
	"CREATE OPERATOR evil.<= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION ="
	" evil.no);"
	"CREATE OPERATOR evil.> (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION ="
	" evil.no);"
	"CREATE OPERATOR evil.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION ="
	" evil.no);"
	"CREATE OPERATOR evil.+ (LEFTARG = timestamptz, RIGHTARG = interval, FUNCTION = evil.plus);"
	"CREATE OPERATOR evil.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.plus);"
	"CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT"
	" '-infinity'::timestamptz$$;"
	"CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
	" $$SELECT '-infinity'::timestamptz$$;"
	"CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS"
	" $$SELECT ''$$;"
	"CREATE FUNCTION evil.to_char(timestamptz, text) RETURNS text LANGUAGE sql AS $$SELECT"
	" 'x'$$;"
	"CREATE DOMAIN evil.text AS integer; CREATE DOMAIN evil.int8 AS integer;"
	"CREATE TABLE evil.bookings (id int); CREATE TABLE evil.pg_class (oid int)";

START_TEST(operators_of_the_search_path_change_nothing)
{
	side_exec(rig.side, "%s", evil);
	side_exec(rig.side, "ALTER ROLE worker SET search_path = evil, public, pg_catalog");
	connect_as_worker();
	rig_due(20);
	rig.request.batch_size = 6;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 20);
	ck_assert_int_eq(active(), 20);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 20);
}
END_TEST

static enum bk_rc count_row(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	(void)row;
	(void)err;
	++*(int *)arg;
	return BK_OK;
}

START_TEST(a_dry_run_is_as_deaf_to_them)
{
	struct bk_dry_head head = {.as_of = NULL};
	int rows = 0;

	side_exec(rig.side, "%s", evil);
	side_exec(rig.side, "ALTER ROLE worker SET search_path = evil, public, pg_catalog");
	connect_as_worker();
	rig_due(20);
	ck_assert_msg(bk_job_dry_run(rig.job, pg_db, &rig.request, count_row, &rows, &head,
				     &rig.err) == BK_OK,
		      "%s", rig.err.message);
	ck_assert_int_eq(rows, 20);
	bk_dry_head_clear(&head);
}
END_TEST

START_TEST(settings_of_the_role_change_nothing)
{
	static const char *const settings[] = {
		"TimeZone = 'Asia/Tokyo'",
		"DateStyle = 'German, DMY'",
		"IntervalStyle = sql_standard",
		"standard_conforming_strings = off",
		"extra_float_digits = -15",
		"bytea_output = escape",
		"default_transaction_isolation = 'serializable'",
		"default_transaction_read_only = on",
		"enable_indexscan = off",
		"lc_messages = 'C'",
		"array_nulls = off",
		"quote_all_identifiers = on",
		"transform_null_equals = on",
		"xmloption = document",
	};

	for (size_t i = 0; i < BK_COUNT(settings); i++)
		side_exec(rig.side, "ALTER ROLE worker SET %s", settings[i]);
	connect_as_worker();
	rig_due(20);
	rig.request.batch_size = 6;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 20);
	ck_assert_int_eq(rig.result.remaining, 0);
}
END_TEST

START_TEST(a_trigger_of_the_company_has_its_own_settings)
{
	side_exec(
		rig.side,
		"CREATE TABLE seen (path text, zone text, style text, who text, role text,"
		" app text);"
		"GRANT INSERT ON seen TO worker;"
		"CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		" INSERT INTO public.seen VALUES (current_setting('search_path'),"
		" current_setting('TimeZone'), current_setting('DateStyle'), session_user,"
		" current_setting('role'), current_setting('application_name')); RETURN NULL;"
		" END $$;"
		"CREATE TRIGGER look AFTER UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION look();"
		"ALTER ROLE worker SET search_path = shop, public;"
		"ALTER ROLE worker SET TimeZone = 'Asia/Tokyo'; ALTER ROLE worker SET DateStyle"
		" = 'German'");
	connect_as_worker();
	rig_due(1);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws('|', path, zone, style, who, role, app) FROM"
				   " seen"),
			 "shop, public|Asia/Tokyo|German, DMY|worker|none|bk:activate-due:1");
}
END_TEST

/* What a pooler hands over from a stranger. */
START_TEST(a_trigger_does_not_see_what_a_stranger_left_in_the_session)
{
	side_exec(rig.side,
		  "CREATE TABLE seen (path text, zone text);"
		  "CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		  " INSERT INTO public.seen VALUES (current_setting('search_path'),"
		  " current_setting('TimeZone')); RETURN NULL; END $$;"
		  "CREATE TRIGGER look AFTER UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION"
		  " look()");
	pg_script("SET search_path = evil; SET TimeZone = 'Asia/Tokyo'");
	rig_due(1);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(side_text(rig.side, "SELECT path FROM seen"), "\"$user\", public");
	ck_assert_str_ne(side_text(rig.side, "SELECT zone FROM seen"), "Asia/Tokyo");
}
END_TEST

START_TEST(the_least_privileges_are_enough)
{
	connect_as_worker();
	rig_due(3);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 3);
	ck_assert_int_eq(rig_run(), BK_OK);
}
END_TEST

static const struct {
	const char *revoke;
	const char *grant; /* a part of the hint */
	bool recorded;     /* the claim could be written */
} lacks[] = {
	{"REVOKE SELECT ON bookings FROM worker", "GRANT SELECT (", false},
	{"REVOKE SELECT ON bookings FROM worker; GRANT SELECT (id, status, starts_at, ends_at,"
	 " checked_in_at, hold_expires_at, grace_minutes) ON bookings TO worker",
	 "GRANT SELECT (ctid) ON", true},
	{"REVOKE UPDATE (status, updated_at) ON bookings FROM worker", "GRANT UPDATE (", true},
	{"REVOKE UPDATE (updated_at) ON bookings FROM worker", "GRANT UPDATE (updated_at) ON",
	 true},
	{"REVOKE USAGE ON SCHEMA public FROM PUBLIC", "GRANT USAGE ON SCHEMA public TO worker",
	 false},
	{"REVOKE UPDATE ON bk.scheduler_job_info FROM worker",
	 "GRANT UPDATE ON bk.scheduler_job_info TO worker", false},
	{"REVOKE INSERT ON bk.booking_transitions FROM worker",
	 "GRANT INSERT ON bk.booking_transitions TO worker", true},
	{"REVOKE DELETE ON bk.execution_workers FROM worker",
	 "GRANT DELETE ON bk.execution_workers TO worker", false},
	{"REVOKE USAGE ON SCHEMA bk FROM worker", "GRANT USAGE ON SCHEMA bk TO worker", false},
};

START_TEST(a_privilege_that_is_lacking_is_named_and_typed_it_is_enough)
{
	char *statement;

	side_exec(rig.side, "%s", lacks[_i].revoke);
	connect_as_worker();
	rig_due(3);
	ck_assert_int_eq(rig_run(), BK_E_PERMISSION);
	bk_explain_permission(pg_db, "bk", bk_conf_mapping(rig.conf), true, &rig.err);
	ck_assert_msg(strstr(rig.err.hint, lacks[_i].grant) != NULL, "%s", rig.err.hint);
	ck_assert_int_eq(active(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"),
			 lacks[_i].recorded);
	statement = strstr(rig.err.hint, "GRANT");
	side_exec(rig.side, "%s", statement);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(active(), 3);
	side_exec(rig.side, "GRANT USAGE ON SCHEMA public TO PUBLIC");
}
END_TEST

START_TEST(a_failure_for_want_of_a_privilege_is_recorded_where_that_is_possible)
{
	side_exec(rig.side, "REVOKE UPDATE (status) ON bookings FROM worker");
	connect_as_worker();
	rig_due(3);
	ck_assert_int_eq(rig_run(), BK_E_PERMISSION);
	ck_assert_str_eq(side_text(rig.side, "SELECT status || ' ' || error_code FROM"
					     " bk.maintenance_executions"),
			 "ERROR PERMISSION_DENIED");
}
END_TEST

/* The default of PostgreSQL is to show the rows that the policies admit. */
START_TEST(row_level_security_is_refused_and_never_a_silent_zero)
{
	side_exec(rig.side, "ALTER TABLE bookings ENABLE ROW LEVEL SECURITY");
	connect_as_worker();
	rig_due(3);
	ck_assert_int_eq(rig_run(), BK_E_PERMISSION);
	ck_assert_ptr_nonnull(strstr(rig.err.message, "row-level security"));
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"), 0);
	side_exec(rig.side, "CREATE POLICY own ON bookings USING (id = 1)");
	ck_assert_int_eq(rig_run(), BK_E_PERMISSION);
	bk_explain_permission(pg_db, "bk", bk_conf_mapping(rig.conf), true, &rig.err);
	ck_assert_msg(strstr(rig.err.hint, "BYPASSRLS") != NULL, "%s", rig.err.hint);
	ck_assert_int_eq(active(), 0);
}
END_TEST

START_TEST(row_level_security_on_a_table_of_bk_is_refused_as_well)
{
	side_exec(rig.side, "ALTER TABLE bk.execution_workers ENABLE ROW LEVEL SECURITY");
	connect_as_worker();
	rig_due(3);
	ck_assert_int_eq(rig_run(), BK_E_PERMISSION);
	ck_assert_int_eq(active(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, setup, teardown);
	ADD(tc, operators_of_the_search_path_change_nothing);
	ADD(tc, a_dry_run_is_as_deaf_to_them);
	ADD(tc, settings_of_the_role_change_nothing);
	ADD(tc, a_trigger_of_the_company_has_its_own_settings);
	ADD(tc, a_trigger_does_not_see_what_a_stranger_left_in_the_session);
	ADD(tc, the_least_privileges_are_enough);
	ADD_ROWS(tc, a_privilege_that_is_lacking_is_named_and_typed_it_is_enough, lacks);
	ADD(tc, a_failure_for_want_of_a_privilege_is_recorded_where_that_is_possible);
	ADD(tc, row_level_security_is_refused_and_never_a_silent_zero);
	ADD(tc, row_level_security_on_a_table_of_bk_is_refused_as_well);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

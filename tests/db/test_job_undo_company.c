/*
 * An undo beside others: sessions that hold a booking, a cleanup, sessions that show values
 * otherwise than the one that wrote them.
 */
#include "rig.h"
#include "suite.h"
#include "undone.h"

START_TEST(a_booking_that_is_locked_is_left_and_the_others_are_not)
{
	undone_activate();
	side_exec(rig.side, "BEGIN; SELECT FROM bookings WHERE id = 5 FOR UPDATE");
	undone_took(11, 1);
	ck_assert_str_eq(undone_left(), "5 locked -");
	side_exec(rig.side, "COMMIT");
	ck_assert_int_eq(undone_different(), 1);
	undone_took(1, 11);
	ck_assert_int_eq(undone_different(), 0);
	ck_assert_str_eq(bk_undo_left_rows(undone)->reason, "later");
	ck_assert_str_eq(bk_undo_left_rows(undone)->detail, "2");
}
END_TEST

static void forget_transitions(void)
{
	side_exec(rig.side, "DELETE FROM bk.booking_transitions");
}

START_TEST(what_is_no_longer_kept_is_no_success)
{
	undone_activate();
	undone_before_run = forget_transitions;
	ck_assert_int_eq(undone_run(), BK_E_RUN);
	ck_assert_str_eq(rig.err.message, "what execution 1 changed is no longer kept");
	ck_assert_str_eq(rig.result.status, "ERROR");
}
END_TEST

START_TEST(cleanup_waits_until_it_is_taken_back)
{
	undone_activate();
	side_exec(
		rig.side,
		"INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		" lease_token, as_of, undo_of) SELECT gen_random_uuid(), 'activate-due', '', now(),"
		" 'RUNNING', 'MANUAL', 'a', 'h', 1, '1', 0, now(), 1;"
		"UPDATE bk.maintenance_executions SET executed_at = now() - interval '99 days'"
		" WHERE id = 1");
	rig_job("cleanup");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig_record(1), "SUCCESS 12");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions"), 3);
	side_exec(rig.side, "UPDATE bk.maintenance_executions SET status = 'SUCCESS', finished_at ="
			    " now() WHERE undo_of = 1");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_transitions"), 0);
}
END_TEST

/* Sessions from now on, of this database. */
static void configure_sessions(const char *const *settings)
{
	for (; *settings; settings++)
		side_exec(rig.side,
			  "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I %s', current_database());"
			  " END $$",
			  *settings);
	pg_close();
	pg_open();
}

START_TEST(what_was_set_is_known_again_whatever_the_session_shows_it_as)
{
	static const char *const theirs[] = {
		"SET IntervalStyle = iso_8601",     "SET extra_float_digits = 0",
		"SET TimeZone = ''Europe/Berlin''", "SET DateStyle = ''SQL, DMY''",
		"SET bytea_output = escape",        NULL};
	static const char *const ours[] = {"RESET ALL", NULL};

	side_exec(rig.side,
		  "ALTER TABLE bookings ADD len interval DEFAULT '1 mon -1 day', ADD rate float8"
		  " DEFAULT 0.1::float8 + 0.2::float8, ADD stay tstzrange DEFAULT"
		  " '[2026-07-01 12:00+00, 2026-07-02 12:00+00)', ADD days date[] DEFAULT"
		  " '{2026-12-11}', ADD raw bytea DEFAULT convert_to(chr(233), 'UTF8');"
		  "DROP TABLE was; CREATE TABLE was AS SELECT * FROM bookings");
	rig_conf("bookings { " UNDONE_TABLE
		 "check-in-mode = untracked set = {\"len = b.len + interval '1 h'\","
		 " \"rate = b.rate * 1.1\", \"stay = tstzrange(lower(b.stay), upper(b.stay) +"
		 " interval '1 h')\", \"days = b.days || date '2026-11-12'\","
		 " \"raw = b.raw || b.raw\"} states { confirmed = {\"CONFIRMED\"}"
		 " active = {\"ACTIVE\"} completed = {\"COMPLETED\"} } }"
		 "cancel-no-shows { enabled = no } update-expired { enabled = no }");
	rig_job("activate-due");
	configure_sessions(_i ? ours : theirs);
	undone_activate();
	configure_sessions(_i ? theirs : ours);
	undone_took(12, 0);
	ck_assert_int_eq(undone_different(), 0);
	configure_sessions(ours);
}
END_TEST

START_TEST(a_booking_that_it_did_not_change_is_not_found)
{
	const char *const key[] = {"4711"};

	undone_activate();
	undone_target.key = key;
	ck_assert_int_eq(bk_undo_find(pg_db, &undone_target, rig.conf, &undone, &rig.err),
			 BK_E_NOT_FOUND);
	ck_assert_str_eq(rig.err.message,
			 "execution 1 of activate-due did not change booking \"4711\"");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("undo_company");
	TCase *tc = tcase_create("undo_company");

	tcase_add_checked_fixture(tc, undone_open, undone_close);
	ADD(tc, a_booking_that_is_locked_is_left_and_the_others_are_not);
	ADD(tc, what_is_no_longer_kept_is_no_success);
	ADD(tc, cleanup_waits_until_it_is_taken_back);
	tcase_add_loop_test(tc, what_was_set_is_known_again_whatever_the_session_shows_it_as, 0, 2);
	ADD(tc, a_booking_that_it_did_not_change_is_not_found);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

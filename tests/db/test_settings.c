/*
 * Settings at run time against PostgreSQL: what is read when, that two who change
 * them at once cannot go past each other, and what is left when one is refused.
 */
#include "job/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rig.h"
#include "steer.h"
#include "suite.h"

#define JOB "activate-due"

static struct bk_setting_change change;
static char problems[2048];

static void open_all(void)
{
	rig_open();
	problems[0] = '\0';
}

static void close_all(void)
{
	bk_setting_change_clear(&change);
	rig_close();
}

static void note(void *arg, const char *name, const struct bk_error *why)
{
	size_t len = strlen(problems);

	ck_assert_ptr_eq(arg, problems);
	(void)snprintf(problems + len, sizeof(problems) - len, "%s: %s\n", name, why->message);
}

/* A command in a process of its own: what it tried is gone with its configuration. */
static enum bk_rc set(const char *name, const char *value)
{
	struct bk_control control = steer();
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("");

	control.conf = conf;
	bk_setting_change_clear(&change);
	return bk_settings_set(pg_db, &control, conf, name, value, "why", &change, &steer_err);
}

static enum bk_rc unset(const char *name)
{
	struct bk_control control = steer();
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("");

	control.conf = conf;
	bk_setting_change_clear(&change);
	return bk_settings_unset(pg_db, &control, conf, name, "why", &change, &steer_err);
}

static enum bk_rc rollback(int64_t id)
{
	struct bk_control control = steer();
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("");

	control.conf = conf;
	bk_setting_change_clear(&change);
	return bk_settings_rollback(pg_db, &control, conf, id, "why", &change, &steer_err);
}

static int64_t load(int64_t version)
{
	struct bk_error err = {.rc = BK_OK};

	ck_assert_msg(!bk_settings_load(pg_db, rig.conf, &version, note, problems, &err), "%s",
		      err.message);
	return version;
}

/* "grace=5m activate-due.delay=1h", by name; the version of every job, which is one. */
static const char *stored(void)
{
	return side_text(rig.side, "SELECT coalesce(string_agg(name || '=' || value, ' ' ORDER BY"
				   " name), '') FROM bk.settings");
}

static int64_t version(void)
{
	ck_assert_int_eq(side_int(rig.side, "SELECT count(DISTINCT settings_version) FROM"
					    " bk.scheduler_job_info"),
			 1);
	return side_int(rig.side, "SELECT max(settings_version) FROM bk.scheduler_job_info");
}

START_TEST(what_is_set_is_read_until_it_is_unset)
{
	ck_assert_int_eq(load(0), 0);
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	ck_assert_str_eq(change.change, "1");
	ck_assert_ptr_null(change.old_value);
	ck_assert_int_eq(set(JOB ".delay", "1h"), BK_OK);
	ck_assert_int_eq(version(), 2);
	ck_assert_int_eq(load(0), 2);
	ck_assert_int_eq(bk_conf_num(rig.conf, "grace"), 300000);
	ck_assert_int_eq(bk_conf_mapping(rig.conf)->grace_ms, 300000);
	ck_assert_int_eq(bk_conf_job_num(rig.conf, JOB, "delay"), 3600000);
	ck_assert_int_eq(unset("grace"), BK_OK);
	ck_assert_str_eq(change.old_value, "5m");
	ck_assert_ptr_null(change.new_value);
	ck_assert_int_eq(version(), 3);
	ck_assert_int_eq(load(2), 3);
	ck_assert_int_eq(bk_conf_mapping(rig.conf)->grace_ms, 900000);
	ck_assert_int_eq(bk_conf_job_num(rig.conf, JOB, "delay"), 3600000);
	ck_assert_int_eq(unset(JOB ".delay"), BK_OK);
	ck_assert_int_eq(version(), 0);
	ck_assert_int_eq(load(3), 0);
	ck_assert_int_eq(bk_conf_job_num(rig.conf, JOB, "delay"), 30000);
	ck_assert_str_eq(problems, "");
}
END_TEST

/* Reading costs a statement; making rules and texts of it once more would cost more. */
START_TEST(what_is_known_is_not_put_in_again)
{
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	ck_assert_int_eq(load(0), 1);
	side_exec(rig.side, "UPDATE bk.settings SET value = '6m'");
	ck_assert_int_eq(load(1), 1);
	ck_assert_int_eq(bk_conf_num(rig.conf, "grace"), 300000);
	ck_assert_int_eq(load(0), 1);
	ck_assert_int_eq(bk_conf_num(rig.conf, "grace"), 360000);
}
END_TEST

START_TEST(a_change_that_is_refused_leaves_nothing)
{
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	ck_assert_int_eq(set(JOB ".timeout", "1s"), BK_OK);
	ck_assert_int_eq(set(JOB ".statement-timeout", "1s"), BK_E_CONFIG);
	ck_assert_int_eq(set(JOB ".nosuch", "1s"), BK_E_USAGE);
	ck_assert_int_eq(set(JOB ".timeout", "soon"), BK_E_USAGE);
	ck_assert_int_eq(set(JOB ".enabled", "no"), BK_E_USAGE);
	ck_assert_int_eq(unset("nosuch"), BK_E_USAGE);
	ck_assert_int_eq(rollback(17), BK_E_NOT_FOUND);
	ck_assert_int_eq(rollback(1), BK_OK);
	ck_assert_int_eq(rollback(1), BK_E_REFUSED);
	ck_assert_str_eq(stored(), JOB ".timeout=1s");
	ck_assert_int_eq(version(), 3);
	ck_assert_int_eq(steer_records(), 3);
	ck_assert_str_eq(steer_record(), "rollback 1: rollback 1: grace unset: why");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.settings_history"), 3);
}
END_TEST

/* The numbers of changes follow one another as their commits do, so the newest number
   is the newest state. */
START_TEST(of_two_at_once_the_second_waits_and_sees_what_the_first_did)
{
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	side_exec(rig.side, "BEGIN; LOCK TABLE bk.settings IN SHARE ROW EXCLUSIVE MODE");
	steer_when_waited_for(
		"INSERT INTO bk.settings_history (command, name, old_value, new_value, author,"
		" server_instance) VALUES ('set', 'grace', '5m', '7m', 'other', 'host-2');"
		" UPDATE bk.settings SET value = '7m', change = 2;"
		" UPDATE bk.scheduler_job_info SET settings_version = 2");
	ck_assert_int_eq(set("grace", "9m"), BK_OK);
	side_finish(rig.side);
	ck_assert_str_eq(change.old_value, "7m");
	ck_assert_str_eq(change.change, "3");
	ck_assert_str_eq(stored(), "grace=9m");
	ck_assert_int_eq(version(), 3);
}
END_TEST

START_TEST(of_two_that_do_not_go_together_the_second_is_refused)
{
	side_exec(rig.side, "BEGIN; LOCK TABLE bk.settings IN SHARE ROW EXCLUSIVE MODE");
	steer_when_waited_for(
		"INSERT INTO bk.settings_history (command, name, new_value, author,"
		" server_instance) VALUES ('set', '" JOB ".timeout', '5m', 'other', 'host-2'),"
		" ('set', '" JOB ".statement-timeout', '4m', 'other', 'host-2');"
		" INSERT INTO bk.settings SELECT name, new_value, id FROM bk.settings_history");
	ck_assert_int_eq(set(JOB ".timeout", "3m"), BK_E_CONFIG);
	side_finish(rig.side);
	ck_assert_ptr_nonnull(strstr(steer_err.message, "(3m, new value)"));
	ck_assert_str_eq(stored(), JOB ".statement-timeout=4m " JOB ".timeout=5m");
}
END_TEST

START_TEST(a_change_waits_for_a_claim_and_goes_on)
{
	side_exec(rig.side,
		  "BEGIN; SELECT FROM bk.scheduler_job_info WHERE job_name = '" JOB "' FOR UPDATE");
	steer_when_waited_for("UPDATE bk.scheduler_job_info SET lease_token = 99"
			      " WHERE job_name = '" JOB "'");
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	side_finish(rig.side);
	ck_assert_str_eq(rig_job_column("lease_token || ' ' || settings_version"), "99 1");
}
END_TEST

/* As a host does whose file is another, or whose program is older. */
START_TEST(what_is_of_no_use_here_is_left_out_and_told)
{
	side_exec(rig.side, "INSERT INTO bk.settings_history (command, name, new_value, author,"
			    " server_instance) VALUES ('set', 'grace', '5m', E'a\\nb', 'x'),"
			    " ('set', 'warp', '9', 'c', 'x'), ('set', '" JOB ".lease', '10s', 'd',"
			    " 'x'), ('set', '" JOB ".timeout', '2m', 'd', 'x'),"
			    " ('set', '" JOB ".delay', 'x', 'd', 'x');"
			    "INSERT INTO bk.settings SELECT name, new_value, id FROM"
			    " bk.settings_history;"
			    "UPDATE bk.scheduler_job_info SET settings_version = 5");
	ck_assert_int_eq(load(0), 5);
	ck_assert_str_eq(problems,
			 "warp: database (change 2 by c): unknown setting \"warp\"\n" JOB
			 ".delay: database (change 5 by d): " JOB
			 ".delay: \"x\" is no duration (write 500ms,"
			 " 30s, 5m, 24h or 30d)\n" JOB ".lease: database (change 4 by d): " JOB
			 ".timeout (2m) must be shorter"
			 " than " JOB ".lease (10s, database (change 3 by d))\n");
	ck_assert_int_eq(bk_conf_num(rig.conf, "grace"), 300000);
	ck_assert_int_eq(bk_conf_job_num(rig.conf, JOB, "timeout"), 120000);
	ck_assert_int_eq(bk_conf_job_num(rig.conf, JOB, "lease"), 150000);
}
END_TEST

/* A job that is registered after a change must not seem to be before it. */
START_TEST(a_job_that_comes_later_has_the_version_of_the_others)
{
	ck_assert_int_eq(set("grace", "5m"), BK_OK);
	side_exec(rig.side, "DELETE FROM bk.scheduler_job_info WHERE job_name = 'cleanup'");
	ck_assert_int_eq(set("grace", "6m"), BK_OK);
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	const struct bk_sql_var var = {"bk", "bk"};
	const char *params[] = {"cleanup", "x", "* * * * *", "1000", "1000"};

	ck_assert_int_eq(bk_sql_fill_file(&sql, "job_upsert", &var, 1, &steer_err), BK_OK);
	bk_buf_str(&sql, " RETURNING job_name");
	bk_free_str(&(char *){pg_text(bk_buf_cstr(&sql), params, 5)});
	ck_assert_int_eq(version(), 2);
}
END_TEST

static enum bk_rc act(enum bk_act what, const char *job, const char *reason)
{
	BK_CLEAN(bk_job_changes_clear) struct bk_job_changes jobs = {.count = 0};
	struct bk_control control = steer();

	return bk_control_jobs(pg_db, &control, what, job, NULL, reason, &jobs, &steer_err);
}

START_TEST(the_trail_has_a_row_for_each_job_whose_state_was_changed)
{
	int64_t count = side_int(rig.side, "SELECT count(*) FROM bk.scheduler_job_info");

	ck_assert_int_eq(act(BK_ACT_DISABLE, JOB, NULL), BK_OK);
	ck_assert_int_eq(act(BK_ACT_PAUSE, NULL, "x"), BK_OK);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.settings_history"), count);
	ck_assert_int_eq(act(BK_ACT_ENABLE, JOB, NULL), BK_OK);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'ERROR'");
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, "y"), BK_OK);
	ck_assert_int_eq(act(BK_ACT_PAUSE, JOB, "y"), BK_OK);
	ck_assert_int_eq(act(BK_ACT_RESUME, JOB, NULL), BK_OK);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(concat_ws(' ', command, old_value,"
					     " new_value, reason, author, server_instance), ', '"
					     " ORDER BY id) FROM bk.settings_history"
					     " WHERE name = '" JOB "'"),
			 "disable IDLE DISABLED tester/postgres host-1,"
			 " enable DISABLED IDLE tester/postgres host-1,"
			 " pause ERROR PAUSED y tester/postgres host-1,"
			 " resume PAUSED IDLE tester/postgres host-1");
	/* They are no settings, so no tick has to read those anew. */
	ck_assert_int_eq(version(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tc = tcase_create("settings");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, what_is_set_is_read_until_it_is_unset);
	ADD(tc, what_is_known_is_not_put_in_again);
	ADD(tc, a_change_that_is_refused_leaves_nothing);
	ADD(tc, of_two_at_once_the_second_waits_and_sees_what_the_first_did);
	ADD(tc, of_two_that_do_not_go_together_the_second_is_refused);
	ADD(tc, a_change_waits_for_a_claim_and_goes_on);
	ADD(tc, what_is_of_no_use_here_is_left_out_and_told);
	ADD(tc, a_job_that_comes_later_has_the_version_of_the_others);
	ADD(tc, the_trail_has_a_row_for_each_job_whose_state_was_changed);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

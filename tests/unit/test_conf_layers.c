/*
 * Which layer wins, what may come from where, and what the settings must be to
 * one another.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "conf_files.h"
#include "suite.h"

#define A BK_JOB_ACTIVATE

/* The origin that `bkstatus config` shows, without the directory. */
static void expect_entry(const struct bk_conf *conf, const char *name, const char *value,
			 const char *origin)
{
	size_t count;
	struct bk_conf_entry *entries = bk_conf_entries(conf, &count);
	size_t i = 0;

	while (i < count && strcmp(entries[i].name, name) != 0)
		i++;
	ck_assert_msg(i < count, "no entry %s", name);
	ck_assert_pstr_eq(entries[i].value, value);
	if (strncmp(entries[i].origin, conf_path(""), strlen(conf_path(""))) == 0)
		ck_assert_str_eq(entries[i].origin + strlen(conf_path("")), origin);
	else
		ck_assert_str_eq(entries[i].origin, origin);
	bk_conf_entries_free(entries, count);
}

START_TEST(each_layer_wins_over_the_one_before)
{
	static const char *const no_env[] = {"HOME=/", NULL};
	static const char *const env[] = {"BK_GRACE=4m", NULL};
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "");
	conf_write("bk-dev.conf", "");
	conf = conf_load(NULL, no_env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 900000);
	expect_entry(conf, "grace", "15m", "default");
	bk_conf_clean(&conf);

	conf_write("bk.conf", "\ngrace = 1m\n");
	conf = conf_load("dev", no_env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 60000);
	expect_entry(conf, "grace", "1m", "bk.conf:2");
	bk_conf_clean(&conf);

	conf_write("bk-dev.conf", "grace = 2m\n");
	conf = conf_load("dev", no_env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 120000);
	expect_entry(conf, "grace", "2m", "bk-dev.conf:1");
	ck_assert_int_eq(bk_conf_set(conf, BK_ORIGIN_DATABASE, "grace", "3m", &err), BK_OK);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 180000);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 180000);
	expect_entry(conf, "grace", "3m", "database");
	bk_conf_clean(&conf);

	conf = conf_load("dev", env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 240000);
	/* The order in which layers are read does not matter. */
	ck_assert_int_eq(bk_conf_set(conf, BK_ORIGIN_DATABASE, "grace", "3m", &err), BK_OK);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 240000);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 240000);
	expect_entry(conf, "grace", "4m", "environment BK_GRACE");
}
END_TEST

START_TEST(the_command_line_wins_over_everything)
{
	static const char *const env[] = {"BK_INSTANCE=from-env", NULL};
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "instance = from-file\n");
	conf = conf_load(NULL, env);
	ck_assert_str_eq(bk_conf_str(conf, "instance"), "from-env");
	ck_assert_int_eq(bk_conf_set(conf, BK_ORIGIN_COMMAND_LINE, "instance", "first", &err),
			 BK_OK);
	ck_assert_int_eq(bk_conf_set(conf, BK_ORIGIN_COMMAND_LINE, "instance", "from-line", &err),
			 BK_OK);
	ck_assert_str_eq(bk_conf_str(conf, "instance"), "from-line");
	expect_entry(conf, "instance", "from-line", "command line");
}
END_TEST

static const struct {
	enum bk_origin origin;
	const char *name;
	const char *text;
	const char *message;
} sets[] = {
	{BK_ORIGIN_DATABASE, "activate-due.delay", "x",
	 "database: activate-due.delay: \"x\" is no duration (write 500ms, 30s, 5m, 24h or 30d)"},
	{BK_ORIGIN_DATABASE, "activate-due.enabled", "no",
	 "database: activate-due.enabled: cannot be set here, only in the file"},
	{BK_ORIGIN_DATABASE, "bookings.table", "t", "database: unknown setting \"bookings.table\""},
	{BK_ORIGIN_DATABASE, "log-level", "info",
	 "database: log-level: cannot be set here, only in the file or the environment"},
	{BK_ORIGIN_COMMAND_LINE, "grace", "1m",
	 "command line: grace: cannot be set here, only in the file, the database or the "
	 "environment"},
	{BK_ORIGIN_COMMAND_LINE, "instance", "", "command line: instance: is empty"},
	{BK_ORIGIN_COMMAND_LINE, "grade", "1m", "command line: unknown setting \"grade\""},
};

START_TEST(a_value_that_a_layer_may_not_give_is_refused_and_changes_nothing)
{
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "");
	conf = conf_load(NULL, NULL);
	ck_assert_int_eq(bk_conf_set(conf, sets[_i].origin, sets[_i].name, sets[_i].text, &err),
			 BK_E_CONFIG);
	ck_assert_str_eq(err.message, sets[_i].message);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 900000);
	ck_assert_ptr_null(bk_conf_str(conf, "instance"));
}
END_TEST

static const struct {
	const char *variable;
	const char *message; /* "" = accepted */
} variables[] = {
	{"BK_GRACE=none", ""},
	{"BK_GRACE=", ""},
	{"BK_SCHEMA=", ""},
	{"BK_BOOKINGS_TABLE=", ""},
	{"BK_CONFIG=", ""},
	{"BK_PROFILE=", ""},
	{"BK_ACTIVATE_DUE_BATCH_SIZE=100", ""},
	{"bk_grace=x", ""},
	{"BK_GRACE", ""},
	{"BK_GRACE=soon", "environment BK_GRACE: \"soon\" is no duration (write 500ms, 30s, 5m, "
			  "24h or 30d, or none)"},
	{"BK_GRACE=5m\n", "environment BK_GRACE: \"5m\\n\" is no duration (write 500ms, 30s, 5m, "
			  "24h or 30d, or none)"},
	{"BK_INSTANCE=a\xFF", "environment BK_INSTANCE: is not valid UTF-8"},
	{"BK_SCHEMA=x", "environment BK_SCHEMA: cannot be set here, only in the file"},
	{"BK_DATABASE=x",
	 "environment BK_DATABASE: cannot be set here, only in the file or the command line"},
	{"BK_ACTIVATE_DUE_ENABLED=no",
	 "environment BK_ACTIVATE_DUE_ENABLED: cannot be set here, only in the file"},
	{"BK_BOOKINGS_STATES_ACTIVE=x",
	 "environment BK_BOOKINGS_STATES_ACTIVE: cannot be set here, only in the file"},
	{"BK_PROFILE=produ",
	 "environment BK_PROFILE: profile \"produ\" is none of dev, test or prod"},
	{"BK_PROFILE=prod", "bk-prod.conf: cannot open: No such file or directory"},
};

START_TEST(this_is_what_a_variable_does)
{
	const char *env[] = {"HOME=/", variables[_i].variable, NULL};
	struct bk_error err;

	conf_write("bk.conf", "");
	ck_assert_str_eq(conf_message(NULL, env, &err), variables[_i].message);
}
END_TEST

START_TEST(variables_that_name_no_setting_are_kept_for_a_warning)
{
	static const char *const env[] = {"BK_GRADE=1", "BK_GRACE=2m", "BK_CONFIG=x",
					  "BK_=",       "BK_\x1b=1",   NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "");
	conf = conf_load(NULL, env);
	ck_assert_str_eq(bk_conf_stray_variable(conf, 0), "BK_GRADE");
	ck_assert_str_eq(bk_conf_stray_variable(conf, 1), "BK_");
	ck_assert_str_eq(bk_conf_stray_variable(conf, 2), "BK_\\x1b");
	ck_assert_ptr_null(bk_conf_stray_variable(conf, 3));
}
END_TEST

START_TEST(of_two_equal_variables_the_first_counts)
{
	static const char *const env[] = {"BK_GRACE=1m", "BK_GRACE=2m", NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "");
	conf = conf_load(NULL, env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 60000);
}
END_TEST

START_TEST(the_file_and_the_profile_may_come_from_the_environment)
{
	BK_CLEAN(bk_free_str) char *file = bk_asprintf("BK_CONFIG=%s", conf_path("other.conf"));
	const char *env[] = {file, "BK_PROFILE=test", NULL};
	struct bk_conf_args args = {NULL, NULL, env};
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	ck_assert_int_eq(bk_conf_load(&args, &conf, &err), BK_E_CONFIG);
	ck_assert_ptr_null(conf);
	conf_write("other.conf", "grace = 1m\nschema = other\n");
	conf_write("bk-test.conf", "grace = 2m\n");
	ck_assert_msg(bk_conf_load(&args, &conf, &err) == BK_OK, "%s", err.message);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 120000);
	ck_assert_str_eq(bk_conf_str(conf, "schema"), "other");
	ck_assert_str_eq(bk_conf_profile(conf), "test");
	ck_assert_str_eq(bk_conf_file(conf), conf_path("other.conf"));
	bk_conf_clean(&conf);

	/* What the command line says wins. */
	conf_write("bk.conf", "grace = 3m\n");
	conf_write("bk-dev.conf", "");
	conf = conf_load("dev", env);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 180000);
	ck_assert_str_eq(bk_conf_profile(conf), "dev");
}
END_TEST

START_TEST(an_unknown_profile_is_refused)
{
	struct bk_error err;

	conf_write("bk.conf", "");
	ck_assert_str_eq(conf_message("prd", NULL, &err),
			 "profile \"prd\" is none of dev, test or prod");
	ck_assert_str_eq(err.hint, "did you mean \"prod\"?");
	ck_assert_str_eq(conf_message("../../etc/x", NULL, &err),
			 "profile \"../../etc/x\" is none of dev, test or prod");
	ck_assert_str_eq(conf_message("", NULL, &err), "profile \"\" is none of dev, test or prod");
}
END_TEST

START_TEST(an_error_in_the_overlay_names_the_overlay)
{
	struct bk_error err;

	conf_write("bk.conf", "grace = 1m\n");
	conf_write("bk-dev.conf", "\n\ngrade = 1m\n");
	ck_assert_str_eq(conf_message("dev", NULL, &err), "bk-dev.conf:3: unknown key \"grade\"");
}
END_TEST

static const struct {
	const char *text;
	int64_t lock;
	int64_t statement;
	int64_t timeout;
	int64_t lease;
} times[] = {
	{"", 2000, 10000, 30000, 60000},
	{"timeout = 5s", 1250, 2500, 5000, 35000},
	{"timeout = 1s", 250, 500, 1000, 31000},
	{"timeout = 24h", 2000, 10000, 86400000, 86430000},
	{"statement-timeout = 3s", 1500, 3000, 30000, 60000},
	{"statement-timeout = 100ms", 50, 100, 30000, 60000},
	{"lock-timeout = 5s", 5000, 10000, 30000, 60000},
	{"lease = 40s timeout = 39s", 2000, 10000, 39000, 40000},
};

START_TEST(defaults_give_way_to_what_was_set)
{
	BK_CLEAN(bk_free_str) char *text = bk_asprintf(A " { %s }\n", times[_i].text);
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", text);
	conf = conf_load(NULL, NULL);
	ck_assert_msg(bk_conf_check(conf, &err) == BK_OK, "%s", err.message);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "lock-timeout"), times[_i].lock);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "statement-timeout"), times[_i].statement);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "timeout"), times[_i].timeout);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "lease"), times[_i].lease);
	ck_assert_int_eq(bk_conf_num(conf, A ".lease"), times[_i].lease);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_NO_SHOW, "lease"), 60000);
}
END_TEST

START_TEST(the_first_pause_gives_way_to_the_longest)
{
	struct bk_error err = {0};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", A " { retry-cap = 100ms }\ncleanup { retry-cap = 10s }\n");
	conf = conf_load(NULL, NULL);
	ck_assert_msg(bk_conf_check(conf, &err) == BK_OK, "%s", err.message);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "retry-base"), 100);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_CLEANUP, "retry-base"), 250);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_NO_SHOW, "retry-base"), 250);
}
END_TEST

static const struct conf_case checks[] = {
	{A " {\n timeout = 10s\n statement-timeout = 10s }\n",
	 "bk.conf:3: " A ".statement-timeout (10s) must be shorter than " A
	 ".timeout (10s, bk.conf:2)"},
	{A " {\n timeout = 10s\n lease = 9s }\n",
	 "bk.conf:2: " A ".timeout (10s) must be shorter than " A ".lease (9s, bk.conf:3)"},
	{A " {\n lease = 30s }\n",
	 "bk.conf:2: " A ".lease (30s) must be longer than " A ".timeout (30s, default)"},
	{A " {\n statement-timeout = 40s }\n",
	 "bk.conf:2: " A ".statement-timeout (40s) must be shorter than " A
	 ".timeout (30s, default)"},
	{A " {\n lock-timeout = 20s }\n",
	 "bk.conf:2: " A ".lock-timeout (20s) must be shorter than " A
	 ".statement-timeout (10s, default)"},
	{"update-expired { lock-timeout = 1s\n statement-timeout = 500ms }\n",
	 "bk.conf:1: update-expired.lock-timeout (1s) must be shorter than "
	 "update-expired.statement-timeout (500ms, bk.conf:2)"},
	{A " {\n retry-base = 5001ms }\n",
	 "bk.conf:2: " A ".retry-base (5001ms) must be at most " A ".retry-cap (5s, default)"},
	{A " {\n retry-base = 5s }\n", NULL},
	{A " {\n retry-base = 2s\n retry-cap = 1s }\n",
	 "bk.conf:2: " A ".retry-base (2s) must be at most " A ".retry-cap (1s, bk.conf:3)"},
	{A " {\n leader = sticky\n instances = 2 }\n",
	 "bk.conf:2: " A ".leader: sticky excludes " A ".instances above 1 (2, bk.conf:3)"},
	{A " {\n leader = sticky }\ncleanup { instances = 2 }\n", NULL},
	{"\nlog-target = file\n", "bk.conf:2: log-target: file needs a log-file"},
	{"log-target = file\nlog-file = bk.log\n", "bk.conf:2: log-file: must start with /"},
	{"log-target = file\nlog-file = \"/var/log/bk.log\"\n", NULL},
};

START_TEST(settings_that_contradict_one_another_are_refused)
{
	conf_expect(&checks[_i]);
}
END_TEST

START_TEST(a_contradiction_across_layers_names_both)
{
	static const char *const env[] = {"BK_ACTIVATE_DUE_TIMEOUT=8s", NULL};
	struct bk_error err;

	conf_write("bk.conf", "\n" A " { statement-timeout = 9s }\n");
	ck_assert_str_eq(conf_message(NULL, env, &err), "environment BK_ACTIVATE_DUE_TIMEOUT: " A
							".timeout (8s) must be longer than " A
							".statement-timeout (9s, bk.conf:2)");
}
END_TEST

START_TEST(each_type_of_setting_is_read_by_its_name)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf",
		   "grace = none\nlog-level = error\nschema = 'My Schema'\n"
		   "update-expired { enabled = no batch-size = 7 first-run-limit = 0 }\n");
	conf = conf_load(NULL, NULL);
	ck_assert_int_eq(bk_conf_num(conf, "grace"), -1);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, -1);
	ck_assert_int_eq(bk_conf_num(conf, "log-level"), 3);
	ck_assert_str_eq(bk_conf_str(conf, "log-level"), "error");
	ck_assert_str_eq(bk_conf_str(conf, "schema"), "My Schema");
	ck_assert_ptr_null(bk_conf_str(conf, "database"));
	ck_assert_ptr_null(bk_conf_profile(conf));
	ck_assert(!bk_conf_job_enabled(conf, BK_JOB_EXPIRE));
	ck_assert(bk_conf_job_enabled(conf, BK_JOB_COMPLETE));
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_EXPIRE, "batch-size"), 7);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_COMPLETE, "batch-size"), 0);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_EXPIRE, "first-run-limit"), 0);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_ACTIVATE, "delay"), 30000);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_NO_SHOW, "delay"), 60000);
	ck_assert_int_eq(bk_conf_job_num(conf, BK_JOB_COMPLETE, "delay"), 300000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_layers");
	TCase *tc = tcase_create("layers");

	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	tcase_add_test(tc, each_layer_wins_over_the_one_before);
	tcase_add_test(tc, the_command_line_wins_over_everything);
	tcase_add_loop_test(tc, a_value_that_a_layer_may_not_give_is_refused_and_changes_nothing, 0,
			    (int)BK_COUNT(sets));
	tcase_add_loop_test(tc, this_is_what_a_variable_does, 0, (int)BK_COUNT(variables));
	tcase_add_test(tc, variables_that_name_no_setting_are_kept_for_a_warning);
	tcase_add_test(tc, of_two_equal_variables_the_first_counts);
	tcase_add_test(tc, the_file_and_the_profile_may_come_from_the_environment);
	tcase_add_test(tc, an_unknown_profile_is_refused);
	tcase_add_test(tc, an_error_in_the_overlay_names_the_overlay);
	tcase_add_loop_test(tc, defaults_give_way_to_what_was_set, 0, (int)BK_COUNT(times));
	ADD(tc, the_first_pause_gives_way_to_the_longest);
	tcase_add_loop_test(tc, settings_that_contradict_one_another_are_refused, 0,
			    (int)BK_COUNT(checks));
	tcase_add_test(tc, a_contradiction_across_layers_names_both);
	tcase_add_test(tc, each_type_of_setting_is_read_by_its_name);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

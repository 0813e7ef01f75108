/*
 * The layer of the database: what goes with the other layers, in whatever order it
 * came, and what is left out.
 */
#include "conf/stored.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "conf_files.h"
#include "suite.h"

#define A BK_JOB_ACTIVATE

static char ignored_names[512];

static void note(void *arg, const char *name, const struct bk_error *why)
{
	size_t len = strlen(ignored_names);

	(void)arg;
	ck_assert_str_ne(why->message, "");
	(void)snprintf(ignored_names + len, sizeof(ignored_names) - len, "%s%s", len ? " " : "",
		       name);
}

enum { MOST = 4 };

struct items {
	struct bk_stored items[MOST + 1];
	size_t count;
};

/* Of NULL-terminated pairs. */
static void apply(struct bk_conf *conf, const char *const *pairs)
{
	struct items s = {.count = 0};

	ignored_names[0] = '\0';
	for (; pairs[0]; pairs += 2)
		s.items[s.count++] = (struct bk_stored){(char *)pairs[0], (char *)pairs[1],
							(char *)"database (change 1 by x)"};
	bk_stored_apply(conf, s.items, s.count, bk_conf_check, note, NULL);
}

static const struct {
	const char *file;
	const char *pairs[2 * MOST + 1];
	const char *ignored;
	int64_t statement, timeout, lease; /* of activate-due, then, in seconds */
} cases[] = {
	{"", {NULL}, "", 10, 30, 60},
	{"", {A ".timeout", "40s", NULL}, "", 10, 40, 70},
	/* Each needs another, which comes later. */
	{"", {A ".statement-timeout", "50s", A ".timeout", "60s", NULL}, "", 50, 60, 90},
	{"activate-due { lease = 35s }",
	 {A ".statement-timeout", "50s", A ".timeout", "60s", A ".lease", "70s", NULL},
	 "",
	 50,
	 60,
	 70},
	/* Also where one of them is of no use. */
	{"activate-due { lease = 35s }",
	 {A ".warp", "9", A ".statement-timeout", "50s", A ".timeout", "60s", A ".lease", "70s",
	  NULL},
	 A ".warp",
	 50,
	 60,
	 70},
	{"activate-due { lease = 35s }", {A ".timeout", "40s", NULL}, A ".timeout", 10, 30, 35},
	{"activate-due { lease = 35s }",
	 {A ".statement-timeout", "33s", A ".timeout", "40s", "cleanup.delay", "1h", NULL},
	 A ".statement-timeout " A ".timeout",
	 10,
	 30,
	 35},
	/* The first that came stands, the other does not go with it. */
	{"", {A ".lease", "40s", A ".timeout", "40s", NULL}, A ".timeout", 10, 30, 40},
	{"", {A ".enabled", "no", NULL}, A ".enabled", 10, 30, 60},
	{"", {A ".timeout", "x", "schema", "y", NULL}, A ".timeout schema", 10, 30, 60},
	{"", {"activate-due", "x", "", "y", NULL}, "activate-due ", 10, 30, 60},
};

START_TEST(what_goes_together_is_put_on_and_the_rest_is_told_of)
{
	static const char *const none[] = {NULL};
	static const char *const earlier[] = {A ".timeout", "90s", "grace", "7m", NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	struct bk_error err;

	conf_write("bk.conf", cases[_i].file);
	conf = conf_load(NULL, none);
	apply(conf, earlier);
	apply(conf, cases[_i].pairs);
	ck_assert_str_eq(ignored_names, cases[_i].ignored);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "statement-timeout"), cases[_i].statement * 1000);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "timeout"), cases[_i].timeout * 1000);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "lease"), cases[_i].lease * 1000);
	ck_assert_int_eq(bk_conf_check(conf, &err), BK_OK);
	/* What was there before is gone. */
	ck_assert_int_eq(bk_conf_num(conf, "grace"), 900000);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 900000);
}
END_TEST

START_TEST(the_environment_stands_over_it_and_can_be_left_out)
{
	static const char *const env[] = {"BK_GRACE=4m", "BK_INSTANCE=here", NULL};
	static const char *const pairs[] = {"grace", "5m", A ".delay", "1h", NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", "");
	conf = conf_load(NULL, env);
	apply(conf, pairs);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 240000);
	ck_assert_str_eq(bk_stored_overridden(conf, "grace"), "environment BK_GRACE");
	ck_assert(!bk_stored_counts(conf, "grace"));
	ck_assert_ptr_null(bk_stored_overridden(conf, A ".delay"));
	ck_assert(bk_stored_counts(conf, A ".delay"));
	ck_assert(!bk_stored_counts(conf, A ".timeout"));
	ck_assert(!bk_stored_counts(conf, "nosuch"));
	ck_assert_ptr_null(bk_stored_overridden(conf, "nosuch"));
	bk_stored_without_environment(conf);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 300000);
	ck_assert(bk_stored_counts(conf, "grace"));
	/* The database may not hold that one, so it stays. */
	ck_assert_str_eq(bk_conf_str(conf, "instance"), "here");
}
END_TEST

START_TEST(a_value_is_tried_and_taken_away_again)
{
	static const char *const none[] = {NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	struct bk_error err;

	conf_write("bk.conf", "");
	conf = conf_load(NULL, none);
	bk_stored_try(conf, A ".timeout", "5s");
	bk_stored_try(conf, A ".statement-timeout", "5s");
	ck_assert_int_eq(bk_conf_check(conf, &err), BK_E_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "new value"));
	bk_stored_try(conf, A ".statement-timeout", NULL);
	ck_assert_int_eq(bk_conf_check(conf, &err), BK_OK);
	ck_assert_int_eq(bk_conf_job_num(conf, A, "timeout"), 5000);
	bk_stored_try(conf, "grace", "1m");
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 60000);
	bk_stored_try(conf, "grace", NULL);
	ck_assert_int_eq(bk_conf_mapping(conf)->grace_ms, 900000);
}
END_TEST

static const struct {
	const char *name, *value;
	const char *message; /* NULL = it may be set */
	const char *hint;
} typed[] = {
	{"grace", "none", NULL, NULL},
	{A ".batch-size", "auto", NULL, NULL},
	{A ".delay", NULL, NULL, NULL},
	{"job-of-mine.delay", "1h", NULL, NULL},
	{A ".dealy", "1h", "unknown setting \"activate-due.dealy\"",
	 "did you mean \"" A ".delay\"?"},
	{"x\x1b", "1h", "unknown setting \"x\\x1b\"", ""},
	{"bookings.start", "x", "bookings.start: cannot be set here, only in the file", ""},
	{"rule.a.to", NULL, "rule.a.to: cannot be set here, only in the file", ""},
	{A ".enabled", "no", A ".enabled: cannot be set here, only in the file", ""},
	{"instance", "x",
	 "instance: cannot be set here, only in the file, the environment or the command line", ""},
	{A ".parallel", "0", A ".parallel: \"0\" is out of range (1 to 16)", ""},
};

START_TEST(what_somebody_types_is_checked_by_the_table)
{
	static const char *const none[] = {NULL};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	struct bk_error err = {.rc = BK_OK};
	enum bk_rc rc;

	conf_write("bk.conf", "job job-of-mine { delay = 5m }");
	conf = conf_load(NULL, none);
	rc = bk_stored_typed(conf, typed[_i].name, typed[_i].value, &err);
	if (!typed[_i].message) {
		ck_assert_int_eq(rc, BK_OK);
		return;
	}
	ck_assert_int_eq(rc, BK_E_CONFIG);
	ck_assert_str_eq(err.message, typed[_i].message);
	ck_assert_str_eq(err.hint, typed[_i].hint);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_stored");
	TCase *tc = tcase_create("stored");

	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	ADD_ROWS(tc, what_goes_together_is_put_on_and_the_rest_is_told_of, cases);
	ADD(tc, the_environment_stands_over_it_and_can_be_left_out);
	ADD(tc, a_value_is_tried_and_taken_away_again);
	ADD_ROWS(tc, what_somebody_types_is_checked_by_the_table, typed);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The list that `bkstatus config` shows, and the files in etc/: all of them
 * must agree with the tables.
 */
#include "conf/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf_files.h"
#include "suite.h"

struct entries {
	struct bk_conf_entry *items;
	size_t count;
};

static struct entries list(const struct bk_conf *conf)
{
	struct entries e = {NULL, 0};

	e.items = bk_conf_entries(conf, &e.count);
	return e;
}

static void clear(struct entries *e)
{
	bk_conf_entries_free(e->items, e->count);
}

static const struct bk_conf_entry *find(const struct entries *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->items[i].name, name) == 0)
			return &e->items[i];
	ck_abort_msg("no entry %s", name);
}

static const char rich[] =
	"database = \"host=/tmp dbname=app\"\n"
	"schema = 'a \"b\" \\\\ ${c}'\n"
	"instance = \"host 1\"\n"
	"log-file = \"/var/log/bk.log\"\n"
	"activate-due { timeout = 5s batch-size = 10 }\n"
	"bookings { table = '\"My.Schema\".t' key = {a, 'b c'} status = st start = s\n"
	"check-in = ci end = e\n"
	"states { pending = {} confirmed = {\"it's\", C} active = 1 } }\n";

static const struct {
	const char *name;
	const char *value;
} values[] = {
	{"database", "\"host=/tmp dbname=app\""},
	{"schema", "'a \"b\" \\\\ ${c}'"},
	{"instance", "\"host 1\""},
	{"grace", "15m"},
	{"log-file", "\"/var/log/bk.log\""},
	{"activate-due.timeout", "5s"},
	{"activate-due.lease", "35s"},
	{"activate-due.statement-timeout", "2500ms"},
	{"activate-due.lock-timeout", "1250ms"},
	{"activate-due.batch-size", "10"},
	{"cancel-no-shows.lease", "1m"},
	{"cancel-no-shows.delay", "60s"},
	{"bookings.table", "\"\\\"My.Schema\\\".t\""},
	{"bookings.key", "{a, \"b c\"}"},
	{"bookings.status", "st"},
	{"bookings.hold", NULL},
	{"bookings.states.pending", "{}"},
	{"bookings.states.confirmed", "{\"it's\", C}"},
	{"bookings.states.active", "1"},
	{"bookings.check-in-mode", "tracked"},
};

START_TEST(a_value_is_shown_as_a_file_could_hold_it)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	BK_CLEAN(clear) struct entries e = {NULL, 0};

	conf_write("bk.conf", rich);
	conf = conf_load(NULL, NULL);
	e = list(conf);
	ck_assert_pstr_eq(find(&e, values[_i].name)->value, values[_i].value);
}
END_TEST

/* A file made of the entries: sections are opened and closed as the names say. */
static void write_entries(const struct entries *e)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	const char *prefixes[] = {"",
				  "activate-due.",
				  "cancel-no-shows.",
				  "update-completed.",
				  "update-expired.",
				  "bookings.",
				  "bookings.states."};

	for (size_t p = 0; p < BK_COUNT(prefixes); p++) {
		size_t len = strlen(prefixes[p]);

		/* states { } stands inside bookings { }, which closes behind it. */
		if (p == 6)
			bk_buf_str(&out, "states {\n");
		else if (p)
			bk_buf_fmt(&out, "%.*s {\n", (int)len - 1, prefixes[p]);
		for (size_t i = 0; i < e->count; i++) {
			const char *name = e->items[i].name;

			if (strncmp(name, prefixes[p], len) == 0 && !strchr(name + len, '.') &&
			    e->items[i].value)
				bk_buf_fmt(&out, "%s = %s\n", name + len, e->items[i].value);
		}
		bk_buf_str(&out, p == 6 ? "}\n}\n" : p && p != 5 ? "}\n" : "");
	}
	conf_write("bk.conf", bk_buf_cstr(&out));
}

START_TEST(what_is_shown_reads_back_as_the_same)
{
	static const char *const texts[] = {"", rich};

	for (size_t t = 0; t < BK_COUNT(texts); t++) {
		BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
		BK_CLEAN(bk_conf_clean) struct bk_conf *again = NULL;
		BK_CLEAN(clear) struct entries before = {NULL, 0};
		BK_CLEAN(clear) struct entries after = {NULL, 0};

		conf_write("bk.conf", texts[t]);
		conf = conf_load(NULL, NULL);
		before = list(conf);
		write_entries(&before);
		again = conf_load(NULL, NULL);
		after = list(again);
		ck_assert_uint_eq(before.count, after.count);
		for (size_t i = 0; i < before.count; i++) {
			ck_assert_str_eq(before.items[i].name, after.items[i].name);
			ck_assert_pstr_eq(before.items[i].value, after.items[i].value);
		}
	}
}
END_TEST

START_TEST(each_entry_says_what_it_is)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	BK_CLEAN(clear) struct entries e = {NULL, 0};

	conf_write("bk.conf", "");
	conf = conf_load(NULL, NULL);
	e = list(conf);
	ck_assert_uint_gt(e.count, 50);
	for (size_t i = 0; i < e.count; i++) {
		ck_assert_uint_gt(strlen(e.items[i].help), 5);
		ck_assert_uint_gt(strlen(e.items[i].range), 3);
		ck_assert_str_eq(e.items[i].origin, "default");
	}
}
END_TEST

START_TEST(a_password_is_not_shown)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	BK_CLEAN(clear) struct entries e = {NULL, 0};
	struct bk_error err = {0};

	conf_write("bk.conf", "");
	conf = conf_load(NULL, NULL);
	ck_assert_int_eq(bk_conf_set(conf, BK_ORIGIN_COMMAND_LINE, "database",
				     "postgresql://u:hunter2@h/d", &err),
			 BK_OK);
	e = list(conf);
	ck_assert_str_eq(find(&e, "database")->value, "\"postgresql://u:***@h/d\"");
	/* The connection itself needs it. */
	ck_assert_str_eq(bk_conf_str(conf, "database"), "postgresql://u:hunter2@h/d");
}
END_TEST

static void copy_all(void)
{
	conf_copy_etc("bk.conf");
	conf_copy_etc("bk-dev.conf");
	conf_copy_etc("bk-test.conf");
	conf_copy_etc("bk-prod.conf");
}

static const char *const profiles[] = {NULL, "dev", "test", "prod"};

START_TEST(the_shipped_files_load_with_each_profile)
{
	struct bk_error err;

	copy_all();
	ck_assert_str_eq(conf_message(profiles[_i], NULL, &err), "");
}
END_TEST

START_TEST(the_shipped_file_changes_nothing)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	BK_CLEAN(clear) struct entries e = {NULL, 0};

	copy_all();
	conf = conf_load(NULL, NULL);
	e = list(conf);
	for (size_t i = 0; i < e.count; i++)
		ck_assert_str_eq(e.items[i].origin, "default");
}
END_TEST

/* Takes the '#' off every line "#name = value", "#name {" and "#}"; a line of
   help has a blank behind it. */
static void uncomment(const char *name)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	char line[512];
	FILE *file = fopen(conf_path(name), "r");

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		char *hash = line + strspn(line, "\t");

		if (*hash == '#' && (islower((unsigned char)hash[1]) || hash[1] == '}'))
			*hash = ' ';
		bk_buf_str(&out, line);
	}
	(void)fclose(file);
	conf_write(name, bk_buf_cstr(&out));
}

START_TEST(the_shipped_file_has_every_setting_with_its_default_and_no_other)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *defaults = NULL;
	BK_CLEAN(bk_conf_clean) struct bk_conf *shipped = NULL;
	BK_CLEAN(clear) struct entries expected = {NULL, 0};
	BK_CLEAN(clear) struct entries found = {NULL, 0};

	conf_write("bk.conf", "");
	defaults = conf_load(NULL, NULL);
	expected = list(defaults);
	copy_all();
	uncomment("bk.conf");
	/* A name that is no setting any more would be refused here. */
	shipped = conf_load(NULL, NULL);
	found = list(shipped);
	for (size_t i = 0; i < found.count; i++) {
		const struct bk_conf_entry *e = &found.items[i];

		/* Of the mapping the keys without a default are told of in a comment only. */
		if (!expected.items[i].value && strncmp(e->name, "bookings.", 9) == 0)
			continue;
		ck_assert_msg(strcmp(e->origin, "default") != 0, "%s is missing", e->name);
		/* What has no default stands there with an example. */
		if (expected.items[i].value)
			ck_assert_msg(strcmp(e->value, expected.items[i].value) == 0,
				      "%s: %s instead of %s", e->origin, e->value,
				      expected.items[i].value);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_entries");
	TCase *tc = tcase_create("entries");

	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	tcase_add_loop_test(tc, a_value_is_shown_as_a_file_could_hold_it, 0, (int)BK_COUNT(values));
	tcase_add_test(tc, what_is_shown_reads_back_as_the_same);
	tcase_add_test(tc, each_entry_says_what_it_is);
	tcase_add_test(tc, a_password_is_not_shown);
	tcase_add_loop_test(tc, the_shipped_files_load_with_each_profile, 0,
			    (int)BK_COUNT(profiles));
	tcase_add_test(tc, the_shipped_file_changes_nothing);
	tcase_add_test(tc, the_shipped_file_has_every_setting_with_its_default_and_no_other);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

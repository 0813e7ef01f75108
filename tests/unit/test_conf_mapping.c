/*
 * The section bookings { }: what it must say, what it may not, and what
 * becomes of it.
 */
#include "conf/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf_files.h"
#include "suite.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* The least that must be said, on line 1, and the states of the reference
   table. */
#define LEAST "table = t key = id status = status start = s "
#define STATES                                                                                     \
	"states { pending = P confirmed = C active = A completed = D no-show = N expired = E }"
#define FULL LEAST "end = e check-in = ci\n" STATES
#define OFF(job) job " { enabled = no }\n"
#define ALL_OFF                                                                                    \
	OFF("activate-due") OFF("cancel-no-shows") OFF("update-completed") OFF("update-expired")

static void expect_labels(const struct bk_mapping *m, enum bk_state state, const char *label)
{
	ck_assert_uint_eq(m->states[state].count, 1);
	ck_assert_str_eq(m->states[state].items[0], label);
}

START_TEST(without_a_section_it_is_the_reference_table)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	const struct bk_mapping *m;

	conf_write("bk.conf", "grace = 15m\n");
	conf = conf_load(NULL, NULL);
	m = bk_conf_mapping(conf);
	ck_assert_str_eq(m->table_schema, "public");
	ck_assert_str_eq(m->table_name, "bookings");
	ck_assert_uint_eq(m->key_count, 1);
	ck_assert_str_eq(m->keys[0], "id");
	ck_assert_str_eq(m->status, "status");
	ck_assert_str_eq(m->start.column, "starts_at");
	ck_assert_str_eq(m->end.column, "ends_at");
	ck_assert_str_eq(m->check_in.column, "checked_in_at");
	ck_assert_str_eq(m->hold.column, "hold_expires_at");
	ck_assert_str_eq(m->grace.column, "grace_minutes");
	ck_assert_str_eq(m->updated.column, "updated_at");
	ck_assert_int_eq(m->grace_unit, BK_GRACE_MINUTES);
	ck_assert_int_eq(m->check_in_mode, BK_TRACKED);
	ck_assert(!m->accept_late);
	ck_assert(!m->missed_expires);
	ck_assert_int_eq(m->grace_ms, 900000);
	expect_labels(m, BK_PENDING, "PENDING");
	expect_labels(m, BK_CONFIRMED, "CONFIRMED");
	expect_labels(m, BK_ACTIVE, "ACTIVE");
	expect_labels(m, BK_COMPLETED, "COMPLETED");
	expect_labels(m, BK_NO_SHOW, "NO_SHOW");
	expect_labels(m, BK_EXPIRED, "EXPIRED");
	expect_labels(m, BK_CANCELLED, "CANCELLED");
}
END_TEST

START_TEST(with_a_section_nothing_is_taken_from_the_reference_table)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	const struct bk_mapping *m;

	conf_write("bk.conf", "bookings { table = t key = {a, b} status = st start = s }\n");
	conf = conf_load(NULL, NULL);
	m = bk_conf_mapping(conf);
	ck_assert_uint_eq(m->key_count, 2);
	ck_assert_str_eq(m->keys[0], "a");
	ck_assert_str_eq(m->keys[1], "b");
	ck_assert_ptr_null(m->end.column);
	ck_assert_ptr_null(m->check_in.column);
	ck_assert_ptr_null(m->hold.column);
	ck_assert_ptr_null(m->grace.column);
	ck_assert_ptr_null(m->updated.column);
	for (int i = 0; i < BK_STATE_COUNT; i++)
		ck_assert_uint_eq(m->states[i].count, 0);
	ck_assert_int_eq(m->grace_unit, BK_GRACE_MINUTES);
	ck_assert_int_eq(m->check_in_mode, BK_TRACKED);
}
END_TEST

START_TEST(every_key_arrives_in_its_place)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	const struct bk_mapping *m;

	conf_write("bk.conf", "grace = none\nbookings { " LEAST
			      "end = e check-in = ci hold = h grace = g updated = u\n"
			      "grace-unit = interval check-in-mode = untracked\n"
			      "late-check-in = accept missed = expired\n"
			      "states { pending = {P1, P2} confirmed = \"it's\"\n"
			      "cancelled = {\"a \\\"b\\\"\"} no-show = {} } }\n");
	conf = conf_load(NULL, NULL);
	m = bk_conf_mapping(conf);
	ck_assert_str_eq(m->end.column, "e");
	ck_assert_str_eq(m->check_in.column, "ci");
	ck_assert_str_eq(m->hold.column, "h");
	ck_assert_str_eq(m->grace.column, "g");
	ck_assert_str_eq(m->updated.column, "u");
	ck_assert_int_eq(m->grace_unit, BK_GRACE_INTERVAL);
	ck_assert_int_eq(m->check_in_mode, BK_UNTRACKED);
	ck_assert(m->accept_late);
	ck_assert(m->missed_expires);
	ck_assert_int_eq(m->grace_ms, -1);
	ck_assert_uint_eq(m->states[BK_PENDING].count, 2);
	ck_assert_str_eq(m->states[BK_PENDING].items[1], "P2");
	expect_labels(m, BK_CONFIRMED, "it's");
	expect_labels(m, BK_CANCELLED, "a \"b\"");
	ck_assert_uint_eq(m->states[BK_NO_SHOW].count, 0);
}
END_TEST

static const struct {
	const char *text; /* in single quotes in the file */
	const char *schema;
	const char *name;    /* NULL = refused */
	const char *message; /* behind "bk.conf:1: bookings.table: " */
} tables[] = {
	{"bookings", "public", "bookings", NULL},
	{"app.bookings", "app", "bookings", NULL},
	{"App.Bookings", "App", "Bookings", NULL},
	{"\"My Schema\".\"Table.1\"", "My Schema", "Table.1", NULL},
	{"\"a\"\"b\".c", "a\"b", "c", NULL},
	{"\"a.b\"", "public", "a.b", NULL},
	{"a; DROP TABLE x", "public", "a; DROP TABLE x", NULL},
	{"x\\'--", "public", "x'--", NULL},
	{SIXTY "123", "public", SIXTY "123", NULL},
	{SIXTY "1234", NULL, NULL, "has a part of 64 bytes, at most 63 are allowed"},
	{"a." SIXTY "1234", NULL, NULL, "has a part of 64 bytes, at most 63 are allowed"},
	{"", NULL, NULL, "is empty"},
	{".", NULL, NULL, "has an empty part"},
	{"a.", NULL, NULL, "has an empty part"},
	{".a", NULL, NULL, "has an empty part"},
	{"\"\".a", NULL, NULL, "has an empty part"},
	{"\"", NULL, NULL, "has an opening quote without its end"},
	{"\"a", NULL, NULL, "has an opening quote without its end"},
	{"\"a\"\"", NULL, NULL, "has an opening quote without its end"},
	{"a.b.c", NULL, NULL, "is not of the form schema.name"},
	{"\"a\"b", NULL, NULL, "is not of the form schema.name"},
	{"a\"b\"", NULL, NULL, "is not of the form schema.name"},
};

START_TEST(a_table_is_split_as_in_sql)
{
	BK_CLEAN(bk_free_str)
	char *text = bk_asprintf(
		"bookings { table = '%s' key = id status = st start = s }\n" ALL_OFF,
		tables[_i].text);
	BK_CLEAN(bk_free_str)
	char *message = bk_asprintf("bk.conf:1: bookings.table: %s", tables[_i].message);

	if (tables[_i].message) {
		conf_expect(&(struct conf_case){text, message});
	} else {
		BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

		conf_write("bk.conf", text);
		conf = conf_load(NULL, NULL);
		ck_assert_str_eq(bk_conf_mapping(conf)->table_schema, tables[_i].schema);
		ck_assert_str_eq(bk_conf_mapping(conf)->table_name, tables[_i].name);
	}
}
END_TEST

static const struct conf_case cases[] = {
	{"bookings { " FULL " }\n", NULL},
	/* what must be there */
	{"\nbookings { }\n", "bk.conf:2: bookings.table: is missing"},
	{"\nbookings {\n table = t status = st start = s }\n",
	 "bk.conf:2: bookings.key: is missing"},
	{"bookings { table = t key = id start = s }\n", "bk.conf:1: bookings.status: is missing"},
	{"bookings { table = t key = id status = st }\n", "bk.conf:1: bookings.start: is missing"},
	{"bookings { " LEAST "key = {} }\n", "bk.conf:1: bookings.key: stands on line 1 already"},
	{"bookings {\n key = {} }\n", "bk.conf:2: bookings.key: is empty"},
	/* names */
	{"bookings {\n status = '' }\n", "bk.conf:2: bookings.status: is empty"},
	{"bookings {\n key = {a, ''} }\n", "bk.conf:2: bookings.key: is empty"},
	{"bookings {\n end = " SIXTY "1234 }\n",
	 "bk.conf:2: bookings.end: is 64 bytes long, at most 63 are allowed"},
	{"bookings {\n key = {a, " SIXTY "1234} }\n",
	 "bk.conf:2: bookings.key: is 64 bytes long, at most 63 are allowed"},
	{"bookings { states {\n active = '' } }\n", "bk.conf:2: bookings.states.active: is empty"},
	{"bookings { status = {a} }\n", "bk.conf:1: bookings.status: takes one value, no list"},
	{"bookings { check-in-mode = yes }\n", "bk.conf:1: bookings.check-in-mode: \"yes\" is none "
					       "of tracked, untracked or app"},
	{"bookings { grace-unit = days }\n", "bk.conf:1: bookings.grace-unit: \"days\" is none of "
					     "seconds, minutes, hours or interval"},
	{"bookings { missed = lost }\n",
	 "bk.conf:1: bookings.missed: \"lost\" is neither completed nor expired"},
	/* columns */
	{"bookings { table = t\n key = {a, b, a}\n status = st start = s }\n",
	 "bk.conf:2: bookings.key: names \"a\" twice"},
	{"bookings { table = t\n key = {a, st}\n status = st start = s }\n",
	 "bk.conf:3: bookings.status: the column serves as bookings.key too"},
	{"bookings { " LEAST "\n end = e\n updated = e }\n",
	 "bk.conf:3: bookings.updated: the column serves as bookings.end too"},
	{"bookings { " LEAST "\n updated = status }\n",
	 "bk.conf:1: bookings.status: the column serves as bookings.updated too"},
	{"bookings { " LEAST "\n end = s }\n",
	 "bk.conf:2: bookings.end: the column serves as bookings.start too"},
	{"bookings { table = t key = {room, s} status = st start = s end = e check-in = c\n" STATES
	 " }\n",
	 NULL},
	/* labels: one that stood in two states would make a rule's target the source
	   of another job's rule, or its own */
	{"bookings { " LEAST "\nstates {\n pending = {A}\n confirmed = {B, A} } }\n",
	 "bk.conf:4: bookings.states.confirmed: the label \"A\" stands in pending already"},
	{"bookings { " LEAST "\nstates {\n no-show = {A, A} } }\n",
	 "bk.conf:3: bookings.states.no-show: the label \"A\" stands in no-show already"},
	{"bookings { " LEAST "\nstates {\n expired = X\n completed = X } }\n",
	 "bk.conf:3: bookings.states.expired: the label \"X\" stands in completed already"},
	{"bookings { " LEAST "end = e check-in = c\nstates { pending = p confirmed = P active = A "
	 "completed = a no-show = n expired = N } }\n",
	 NULL},
};

START_TEST(this_becomes_of_a_section)
{
	conf_expect(&cases[_i]);
}
END_TEST

START_TEST(a_missing_key_is_shown_in_its_mended_form)
{
	struct bk_error err;

	conf_write("bk.conf", "bookings { table = t status = st start = s }\n");
	ck_assert_str_eq(conf_message(NULL, NULL, &err), "bk.conf:1: bookings.key: is missing");
	ck_assert_str_eq(err.hint, "write for example key = {\"id\"} inside bookings { }");
}
END_TEST

#define MODE(mode) "bookings { " LEAST "end = e\ncheck-in-mode = " mode "\n"
#define STATES_WITHOUT(a, b, c, d, e, f)                                                           \
	"bookings { " LEAST "end = e check-in = ci\nstates {\n" a b c d e f " } }\n"
#define P "pending = P "
#define C "confirmed = C "
#define ACT "active = A "
#define D "completed = D "
#define N "no-show = N "
#define E "expired = E "
#define NO_END "bookings { " LEAST "check-in = ci\n" STATES " }\n"

static const struct conf_case jobs[] = {
	/* modes */
	{MODE("tracked") STATES " }\n",
	 "bk.conf:2: bookings.check-in-mode: tracked needs a check-in column"},
	{"bookings { " LEAST "end = e\n" STATES " }\n",
	 "bk.conf:1: bookings.check-in-mode: tracked needs a check-in column"},
	{MODE("untracked") STATES " }\n", "bk.conf:2: bookings.check-in-mode: untracked knows no "
					  "no-shows, but cancel-no-shows is enabled"},
	{OFF("cancel-no-shows") MODE("untracked") STATES " }\n", NULL},
	{MODE("app") STATES " }\n",
	 "bk.conf:2: bookings.check-in-mode: app sets active itself, but "
	 "activate-due is enabled"},
	{OFF("activate-due") MODE("app") STATES " }\n", NULL},
	{OFF("activate-due") MODE("app") "check-in = ci " STATES " }\n",
	 "bk.conf:4: bookings.check-in: check-in-mode = app takes no check-in column"},
	/* states */
	{STATES_WITHOUT(P, ACT, D, N, E, ""), "bk.conf:2: bookings.states.confirmed: has no label, "
					      "but activate-due is enabled"},
	{OFF("activate-due") STATES_WITHOUT(P, ACT, D, N, E, ""),
	 "bk.conf:3: bookings.states.confirmed: has no label, but cancel-no-shows is enabled"},
	{OFF("activate-due") OFF("cancel-no-shows") STATES_WITHOUT(P, ACT, D, N, E, ""), NULL},
	{STATES_WITHOUT(P, C, D, N, E, ""),
	 "bk.conf:2: bookings.states.active: has no label, but activate-due is enabled"},
	{OFF("activate-due") STATES_WITHOUT(P, C, D, N, E, ""), NULL},
	{STATES_WITHOUT(P, C, ACT, N, E, ""), "bk.conf:2: bookings.states.completed: has no label, "
					      "but update-completed is enabled"},
	{OFF("update-completed") STATES_WITHOUT(P, C, ACT, N, E, ""), NULL},
	{STATES_WITHOUT(P, C, ACT, D, E, ""),
	 "bk.conf:2: bookings.states.no-show: has no label, but cancel-no-shows is enabled"},
	{STATES_WITHOUT(P, C, ACT, D, N, ""),
	 "bk.conf:2: bookings.states.expired: has no label, but update-expired is enabled"},
	{OFF("update-expired") STATES_WITHOUT(P, C, ACT, D, N, ""), NULL},
	{STATES_WITHOUT(P, C, ACT, D, N, "expired = {}"),
	 "bk.conf:3: bookings.states.expired: has no label, but update-expired is enabled"},
	/* jobs without work */
	{STATES_WITHOUT("", C, ACT, D, N, E),
	 "bk.conf:1: update-expired has nothing to do: no state leads to expired"},
	{"bookings { " LEAST "end = e check-in = ci missed = expired\n"
	 "states { confirmed = C active = A completed = D no-show = N expired = E } }\n",
	 NULL},
	{NO_END, "bk.conf:1: update-completed has nothing to do: bookings.end is not mapped"},
	{OFF("update-completed") NO_END, NULL},
	{OFF("activate-due") OFF("cancel-no-shows")
		 MODE("untracked") "missed = expired\nstates { confirmed = C completed = D "
				   "expired = E } }\n",
	 "bk.conf:3: update-completed has nothing to do: no state leads to completed"},
	{OFF("activate-due") OFF("cancel-no-shows") OFF("update-expired")
		 MODE("untracked") "states { confirmed = C completed = D } }\n",
	 NULL},
	{ALL_OFF "bookings { " LEAST "check-in = ci }\n", NULL},
};

START_TEST(this_is_what_the_jobs_need_of_a_mapping)
{
	conf_expect(&jobs[_i]);
}
END_TEST

START_TEST(the_overlay_changes_single_keys)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	const struct bk_mapping *m;

	conf_write("bk.conf", "bookings { " FULL " }\n");
	conf_write("bk-test.conf", "bookings {\n table = test.t\n key = {x, y}\n"
				   " states { pending = {} active = {A1, A2} } }\n");
	conf = conf_load("test", NULL);
	m = bk_conf_mapping(conf);
	ck_assert_str_eq(m->table_schema, "test");
	ck_assert_uint_eq(m->key_count, 2);
	ck_assert_str_eq(m->start.column, "s");
	ck_assert_uint_eq(m->states[BK_PENDING].count, 0);
	ck_assert_uint_eq(m->states[BK_ACTIVE].count, 2);
	expect_labels(m, BK_CONFIRMED, "C");
}
END_TEST

START_TEST(an_overlay_alone_is_no_mapping)
{
	struct bk_error err;

	conf_write("bk.conf", "");
	conf_write("bk-test.conf", "\nbookings { grace-unit = hours }\n");
	ck_assert_str_eq(conf_message("test", NULL, &err),
			 "bk-test.conf:2: bookings.table: is missing");
}
END_TEST

START_TEST(a_label_that_collides_across_files_names_a_file)
{
	struct bk_error err;

	conf_write("bk.conf", "bookings { " FULL " }\n");
	conf_write("bk-test.conf", "bookings {\n states {\n no-show = C } }\n");
	ck_assert_str_eq(conf_message("test", NULL, &err),
			 "bk-test.conf:3: bookings.states.no-show: the label \"C\" stands in "
			 "confirmed already");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_mapping");
	TCase *tc = tcase_create("mapping");

	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	tcase_add_test(tc, without_a_section_it_is_the_reference_table);
	tcase_add_test(tc, with_a_section_nothing_is_taken_from_the_reference_table);
	tcase_add_test(tc, every_key_arrives_in_its_place);
	tcase_add_loop_test(tc, a_table_is_split_as_in_sql, 0, (int)BK_COUNT(tables));
	tcase_add_loop_test(tc, this_becomes_of_a_section, 0, (int)BK_COUNT(cases));
	tcase_add_test(tc, a_missing_key_is_shown_in_its_mended_form);
	tcase_add_loop_test(tc, this_is_what_the_jobs_need_of_a_mapping, 0, (int)BK_COUNT(jobs));
	tcase_add_test(tc, the_overlay_changes_single_keys);
	tcase_add_test(tc, an_overlay_alone_is_no_mapping);
	tcase_add_test(tc, a_label_that_collides_across_files_names_a_file);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

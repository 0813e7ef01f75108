/*
 * A rule of which an expression fails for one booking: its job stops, nothing is set aside, and
 * the record names the rule, the expression and the booking.
 */
#include "rule/culprit.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

#define TABLE                                                                                      \
	"DROP TABLE bookings; CREATE TABLE bookings (id int, part text, status text, s"            \
	" timestamptz, n int NOT NULL, t text, x int, PRIMARY KEY (id, part)); "
/* 300 due bookings, of which one is `bad`, and others behind it in other states. */
#define ROWS                                                                                       \
	"INSERT INTO bookings SELECT g, 'p', 'C', now() - interval '1 h' + g * interval '1 s',"    \
	" CASE WHEN g = %d THEN 0 ELSE 5 END, CASE WHEN g = %d THEN 'two words' ELSE '5' END"      \
	" FROM generate_series(1, 300) AS g;"                                                      \
	"INSERT INTO bookings VALUES (1000, 'p', 'X', now() - interval '2 h', 0, 'x')"
#define CONF                                                                                       \
	"bookings { table = bookings key = {id, part} status = status start = s check-in-mode ="   \
	" untracked states { confirmed = {C} active = {A} } "
#define ONLY                                                                                       \
	"}\nupdate-completed { enabled = no }\ncancel-no-shows { enabled = no }\n"                 \
	"update-expired { enabled = no }\n"

static void make(int bad)
{
	side_exec(rig.side, TABLE ROWS, bad, bad);
}

static void expect_blame(enum bk_rc rc, const char *sqlstate, const char *message)
{
	ck_assert_int_eq(rc, BK_E_RUN);
	ck_assert_str_eq(rig.err.message, message);
	ck_assert_str_eq(rig.err.sqlstate, sqlstate);
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "CASE, NULLIF"));
}

static const int places[] = {1, 2, 63, 64, 65, 128, 129, 299, 300};

START_TEST(the_booking_is_found_wherever_it_stands)
{
	rig_conf(CONF "where = \"(1 / b.n >= 0)\" " ONLY);
	for (size_t i = 0; i < BK_COUNT(places); i++) {
		BK_CLEAN(bk_free_str)
		char *message = bk_asprintf(
			"rule activate: bookings.where: (1 / b.n >= 0): division"
			" by zero (booking %d p)",
			places[i]);

		make(places[i]);
		rig_job("activate-due");
		expect_blame(rig_run(), "22012", message);
		ck_assert_str_eq(rig_record((int)i + 1), "ERROR 0 RUN_FAILED");
		ck_assert_str_eq(side_text(rig.side,
					   "SELECT error_message FROM bk.maintenance_executions"
					   " ORDER BY id DESC LIMIT 1"),
				 message);
		ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bookings WHERE status ="
						    " 'A'"),
				 0);
		ck_assert_str_eq(rig_aside(), "");
	}
}
END_TEST

static const struct {
	const char *rule;
	const char *message;
} rules[] = {
	{"due = \"(b.s + interval '1 s' / b.n::float8)\" scan = s",
	 "rule own: due: (b.s + interval '1 s' / b.n::float8): division by zero (booking 70 p)"},
	{"due = \"(b.s + interval '1 s' / b.n::float8)\"",
	 "rule own: due: (b.s + interval '1 s' / b.n::float8): division by zero (booking 70 p)"},
	{"due = s until = \"(b.s + interval '1 d' / b.n::float8)\"",
	 "rule own: until: (b.s + interval '1 d' / b.n::float8): division by zero (booking 70 p)"},
	{"due = s where = \"(b.t::int > 0)\"",
	 "rule own: where: (b.t::int > 0): invalid input syntax for type integer: \"two words\""
	 " (booking 70 p)"},
	/* What another table says is asked in a second statement. */
	{"due = s where = \"(EXISTS (SELECT FROM pg_catalog.pg_class AS o WHERE 1 / b.n >= 0))\"",
	 "rule own: where: (EXISTS (SELECT FROM pg_catalog.pg_class AS o WHERE 1 / b.n >= 0)):"
	 " division by zero (booking 70 p)"},
};

START_TEST(each_expression_of_a_rule_is_named)
{
	for (size_t i = 0; i < BK_COUNT(rules); i++) {
		BK_CLEAN(bk_free_str)
		char *conf = bk_asprintf(
			"%s }\ndefaults = no\nrule own { job = \"activate-due\" from"
			" = {C} to = A %s }\n",
			CONF, rules[i].rule);

		make(70);
		rig_conf(conf);
		rig_job("activate-due");
		expect_blame(rig_run(), i == 3 ? "22P02" : "22012", rules[i].message);
		ck_assert_str_eq(rig_aside(), "");
	}
}
END_TEST

/* Between the probe and the first batch. */
static void spoil(int n)
{
	if (n == 1)
		side_exec(rig.side, "UPDATE bookings SET n = 0 WHERE id = 5");
}

START_TEST(a_fault_that_the_batch_meets_is_told_alike)
{
	make(0);
	rig_conf(CONF "where = \"(1 / b.n >= 0)\" " ONLY);
	rig_job("activate-due");
	rig.before_batch = spoil;
	expect_blame(rig_run(), "22012",
		     "rule activate: bookings.where: (1 / b.n >= 0): division by zero (booking 5"
		     " p)");
	ck_assert_str_eq(rig_aside(), "");
}
END_TEST

START_TEST(a_set_that_fails_for_a_booking_is_its_own_fault)
{
	make(70);
	rig_conf(CONF "set = {\"x = 1 / b.n\"} " ONLY);
	rig_job("activate-due");
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.processed, 299);
	ck_assert_str_eq(rig_aside(), "70");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_culprit");
	TCase *tc = tcase_create("culprit");

	tcase_add_checked_fixture(tc, rig_open, rig_close);
	ADD(tc, the_booking_is_found_wherever_it_stands);
	ADD(tc, each_expression_of_a_rule_is_named);
	ADD(tc, a_fault_that_the_batch_meets_is_told_alike);
	ADD(tc, a_set_that_fails_for_a_booking_is_its_own_fault);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * What the doctor says of a mapping that does not fit: each fault of it in one round, with what
 * of the file it is about; labels that are one value for the column; keys that may be NULL; and
 * tables beside the bookings that may not be read.
 */
#include "job/doctor.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "exam.h"
#include "rig.h"
#include "rule/table.h"
#include "suite.h"

#define BEGINNING                                                                                  \
	"cancel-no-shows { enabled = no } update-expired { enabled = no } update-completed {"      \
	" enabled = no } bookings { table = \"shop.b\" start = \"starts_at\" check-in-mode ="      \
	" untracked "
#define KEYED BEGINNING "key = {\"id\"} status = \"status\" "
#define STATES " states { confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} } "

static void setup(void)
{
	exam_open();
	side_exec(rig.side, "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
			    "GRANT USAGE ON SCHEMA shop TO booking_read;");
}

/* The table shop.b with these columns beside the time, and an index for each scan by it. */
static void make_table(const char *columns)
{
	side_exec(rig.side,
		  "CREATE TABLE shop.b (%s, starts_at timestamptz);"
		  "GRANT SELECT, UPDATE ON shop.b TO booking_update",
		  columns);
}

/* Some finding of this code and subject has that in its text. */
static const struct bk_finding *finding(const char *code, const char *subject, const char *what)
{
	for (size_t i = 0; i < exam_found.count; i++) {
		const struct bk_finding *f = &exam_found.items[i];

		if (strcmp(f->code, code) == 0 && strcmp(f->subject, subject) == 0 &&
		    strstr(f->what, what))
			return f;
	}
	for (size_t i = 0; i < exam_found.count; i++)
		(void)fprintf(stderr, "%s: %s: %s\n", exam_found.items[i].code,
			      exam_found.items[i].subject, exam_found.items[i].what);
	ck_abort_msg("no %s of %s says \"%s\"", code, subject, what);
}

static void at(const char *subject, const char *what)
{
	(void)finding("mapping", subject, what);
}

START_TEST(every_fault_is_told_in_one_round)
{
	make_table("id int PRIMARY KEY, status text, n int, o int, p int");
	rig_conf(KEYED "end = \"ends_at\" grace = \"starts_at\" where = \"(b.nosuch)\"" STATES
		       " set = {\"who = 'bk'\", \"n = b.m + 1\"} }\n"
		       "activate-due { set = {\"o = nosuch()\"} }\n"
		       "rule one { job = \"activate-due\" from = {\"X\"} to = \"Y\" due ="
		       " \"(b.starts_at + 1)\" scan = \"left_at\" }\n"
		       "rule two { job = \"activate-due\" from = {\"X\"} to = \"Z\" due ="
		       " \"(b.starts_at)\" scan = \"starts_at\" until = \"(b.status)\""
		       " where = \"(b.id = 1 AND b.gone)\" set = {\"m = 1\", \"p = b.status\"} }");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 12);
	at("bookings.end", "has no column \"ends_at\"");
	at("bookings.grace",
	   "column \"starts_at\" is of type timestamp with time zone, integer is");
	at("bookings.where", "(b.nosuch): column b.nosuch does not exist (at character 2 of it)");
	at("bookings.set", "table \"shop.b\" has no column \"who\"");
	at("bookings.set", "n: ( b.m + 1): column b.m does not exist (at character 3 of it)");
	at("activate-due.set", "o: ( nosuch()): function nosuch() does not exist (at character 3");
	at("rule one: due", "(b.starts_at + 1): operator does not exist");
	at("rule one: due", "bk.conf:3: ");
	at("rule one: scan", "has no column \"left_at\"");
	at("rule two: until", "(b.status): is of type text, timestamp with time zone is needed");
	at("rule two: where", "column b.gone does not exist (at character 15 of it)");
	at("rule two: set", "has no column \"m\"");
	at("rule two: set", "bk.conf:4: ");
	at("rule two: set",
	   "p: ( b.status): column \"p\" is of type integer but expression is of type"
	   " text (at character 3 of it)");
}
END_TEST

START_TEST(a_job_ends_with_the_first_of_them)
{
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};
	struct bk_error err = {0};

	make_table("id int PRIMARY KEY, status text");
	rig_conf(KEYED "end = \"ends_at\" where = \"(b.nosuch)\"" STATES "}");
	ck_assert_int_eq(bk_table_load(pg_db, bk_conf_mapping(rig.conf), &table, &err),
			 BK_E_MAPPING);
	ck_assert_str_eq(err.message, "bookings.end: table \"shop.b\" has no column \"ends_at\"");
}
END_TEST

START_TEST(without_its_table_nothing_else_is_said_of_a_mapping)
{
	rig_conf(KEYED "where = \"(b.nosuch)\"" STATES "}");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 1);
	at("bookings.table", "table \"shop.b\" does not exist");
}
END_TEST

START_TEST(each_label_that_the_type_lacks_is_told)
{
	side_exec(rig.side, "CREATE TYPE shop.mood AS ENUM ('A', 'D', 'Y')");
	make_table("id int PRIMARY KEY, status shop.mood");
	rig_conf(KEYED STATES "}\nrule one { job = \"activate-due\" from = {\"X\"} to = \"Y\" due ="
			      " \"starts_at\" }");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 2);
	at("bookings.states.confirmed", "invalid input value for enum shop.mood: \"C\"");
	at("rule one: from", "invalid input value for enum shop.mood: \"X\"");
}
END_TEST

START_TEST(each_label_that_a_constraint_forbids_is_told)
{
	make_table("id int PRIMARY KEY, status varchar(4) CHECK (status IN ('C', 'A'))");
	rig_conf(KEYED STATES "}\nrule one { job = \"activate-due\" from = {\"A\"} to = \"LONGER\""
			      " due = \"starts_at\" }");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 2);
	at("bookings.states.completed", "can never hold 'D': a CHECK constraint forbids it");
	at("rule one: to", "can never hold 'LONGER': it is too long");
}
END_TEST

/* How a column tells values apart, and two labels that it does not. */
static const struct {
	const char *type;
	const char *labels;
	const char *subject;
	const char *what;
} folds[] = {
	{"text COLLATE shop.folded",
	 "confirmed = {\"Booked\"} active = {\"Active\"} completed = {\"ACTIVE\"}",
	 "bookings.states.completed",
	 "'Active' of bookings.states.active and 'ACTIVE' are one value of column \"status\""},
	{"shop.citext", "confirmed = {\"Booked\"} active = {\"Active\"} completed = {\"ACTIVE\"}",
	 "bookings.states.completed", "'Active' of bookings.states.active and 'ACTIVE' are one"},
	{"text COLLATE shop.folded",
	 "confirmed = {\"C\"} active = {\"Active\", \"ACTIVE\"} completed = {\"D\"}",
	 "bookings.states.active", "'Active' and 'ACTIVE' are one value of column \"status\""},
	{"shop.folded_text", "confirmed = {\"c\"} active = {\"C\"} completed = {\"D\"}",
	 "bookings.states.active", "'c' of bookings.states.confirmed and 'C' are one value"},
	{"char(3)", "confirmed = {\"C\"} active = {\"C \"} completed = {\"D\"}",
	 "bookings.states.active", "are one value"},
	{"numeric", "confirmed = {\"1\"} active = {\"1.0\"} completed = {\"2\"}",
	 "bookings.states.active", "'1' of bookings.states.confirmed and '1.0' are one value"},
	{"text", "confirmed = {\"Booked\"} active = {\"Active\"} completed = {\"ACTIVE\"}", NULL,
	 NULL},
};

static void make_folds(void)
{
	side_exec(rig.side,
		  "DROP EXTENSION IF EXISTS citext;"
		  "CREATE EXTENSION citext SCHEMA shop; CREATE COLLATION shop.folded (provider ="
		  " icu, locale = 'und-u-ks-level2', deterministic = false);"
		  "CREATE DOMAIN shop.folded_text AS shop.citext");
}

START_TEST(labels_are_compared_as_the_column_compares_them)
{
	BK_CLEAN(bk_free_str)
	char *columns = bk_asprintf("id int PRIMARY KEY, status %s", folds[_i].type);
	BK_CLEAN(bk_free_str) char *conf = bk_asprintf(KEYED "states { %s } }", folds[_i].labels);

	make_folds();
	make_table(columns);
	rig_conf(conf);
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), folds[_i].subject ? 1 : 0);
	if (folds[_i].subject)
		at(folds[_i].subject, folds[_i].what);
}
END_TEST

START_TEST(a_label_of_a_rule_is_compared_too)
{
	make_folds();
	make_table("id int PRIMARY KEY, status text COLLATE shop.folded");
	rig_conf(KEYED STATES "}\nrule one { job = \"activate-due\" from = {\"X\"} to = \"x\" due ="
			      " \"starts_at\" }");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 1);
	at("rule one: to", "bk.conf:2: 'X' of rule one: from and 'x' are one value of column");
}
END_TEST

/* Types every GRANT that is printed, and looks again. */
static size_t grant(void)
{
	size_t n = 0;

	exam("bk");
	for (size_t i = 0; i < exam_found.count; i++) {
		const struct bk_finding *f = &exam_found.items[i];

		if (strcmp(f->code, "privilege-missing") != 0)
			continue;
		ck_assert_msg(strncmp(f->fix, "GRANT ", 6) == 0, "%s: %s", f->what, f->fix);
		side_exec(rig.side, "%s", f->fix);
		n++;
	}
	return n;
}

START_TEST(tables_beside_the_bookings_are_granted_too)
{
	make_table("id int PRIMARY KEY, status text, site int");
	side_exec(rig.side,
		  "CREATE SCHEMA \"Shop 2\"; CREATE TABLE \"Shop 2\".\"a.b\" (id int);"
		  "CREATE TABLE shop.plan (id int, grace int); CREATE TABLE shop.log (id int,"
		  " what text); CREATE TABLE shop.copy (id int, status text);"
		  "INSERT INTO shop.b VALUES (1, 'C', 1, now())");
	rig_conf(
		KEYED
		"where = '(EXISTS (SELECT FROM \"Shop 2\".\"a.b\" AS s WHERE s.id = b.site OR"
		" b.site = 1))'" STATES
		" after-batch = \"UPDATE shop.copy AS o SET status = c.to_state FROM changed AS"
		" c WHERE c.id = o.id\" }\n"
		"activate-due { after-batch = \"INSERT INTO shop.log SELECT c.id, 'shop.b' FROM"
		" changed AS c\" }\n"
		"rule one { job = \"activate-due\" from = {\"X\"} to = \"Y\" due = \"(b.starts_at +"
		" (SELECT p.grace FROM shop.plan AS p LIMIT 1) * interval '1 s')\" }");
	/* First what a look needs, then what a change does. */
	ck_assert_uint_eq(grant(), 3);
	ck_assert_uint_eq(grant(), 2);
	ck_assert_uint_eq(grant(), 0);
	ck_assert_uint_eq(exam_count("statement-fails"), 0);
	side_exec(rig.side, "DROP SCHEMA \"Shop 2\" CASCADE");
}
END_TEST

/* A policy there would let bookings look like nothing due as one here would. */
START_TEST(row_level_security_of_such_a_table_is_told_of)
{
	make_table("id int PRIMARY KEY, status text, site int");
	side_exec(rig.side, "CREATE TABLE shop.site (id int); GRANT SELECT ON shop.site TO"
			    " booking_read; ALTER TABLE shop.site ENABLE ROW LEVEL SECURITY");
	rig_conf(KEYED "where = \"(b.site IN (SELECT s.id FROM shop.site AS s))\"" STATES "}");
	exam("bk");
	ck_assert_str_eq(exam_finding("row-level-security")->fix, "ALTER ROLE bk BYPASSRLS;");
	ck_assert_uint_eq(exam_count("privilege-missing"), 0);
	rig_conf(KEYED
		 "rls = accepted where = \"(b.site IN (SELECT s.id FROM shop.site AS s))\"" STATES
		 "}");
	exam("bk");
	exam_is("index-missing state-without-end");
}
END_TEST

START_TEST(an_expression_that_fails_for_a_booking_is_named)
{
	make_table("id int PRIMARY KEY, status text, n int");
	side_exec(rig.side, "INSERT INTO shop.b VALUES (2, 'C', 1, now()), (3, 'X', 0, now())");
	rig_conf(KEYED "where = \"(1 / (b.id - 2) < 2)\"" STATES "}\n"
		       "rule one { job = \"activate-due\" from = {\"X\"} to = \"Y\" due ="
		       " \"(b.starts_at + 1 / b.n * interval '1 s')\" }");
	exam("bk");
	(void)finding("statement-fails", "rule activate, C",
		      "rule activate: bookings.where: (1 / (b.id - 2) < 2): division by zero"
		      " (booking 2)");
	(void)finding("statement-fails", "rule one, X",
		      "rule one: due: (b.starts_at + 1 / b.n * interval '1 s'): division by zero"
		      " (booking 3)");
}
END_TEST

/* Statements behind a batch, and what is said of the rule for them. */
static const struct {
	const char *statement;
	const char *what;
} afters[] = {
	{"INSERT INTO shop.log SELECT c.nosuch FROM changed AS c",
	 "after-batch: column c.nosuch does not exist (at character 29 of it)"},
	/* No booking is to blame for it, and none is set aside. */
	{"INSERT INTO shop.log SELECT 1 / (c.id - c.id) FROM changed AS c",
	 "after-batch: division by zero"},
	{"INSERT INTO shop.log SELECT NULL FROM changed AS c", "after-batch: null value in column"},
};

START_TEST(a_statement_behind_a_batch_that_fails_is_a_fault_of_the_job)
{
	BK_CLEAN(bk_free_str)
	char *conf = bk_asprintf(KEYED STATES "after-batch = \"%s\" }", afters[_i].statement);

	make_table("id int PRIMARY KEY, status text");
	side_exec(rig.side, "CREATE TABLE shop.log (id int NOT NULL); GRANT INSERT ON shop.log TO"
			    " booking_update; INSERT INTO shop.b VALUES (1, 'C', now())");
	rig_conf(conf);
	exam("bk");
	ck_assert_str_eq(
		finding("statement-fails", "rule activate, C", afters[_i].what)->level_word,
		"error");
	ck_assert_uint_eq(exam_count("change-refused"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor_mapping");
	TCase *tc = tcase_create("doctor_mapping");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD(tc, every_fault_is_told_in_one_round);
	ADD(tc, a_job_ends_with_the_first_of_them);
	ADD(tc, without_its_table_nothing_else_is_said_of_a_mapping);
	ADD(tc, each_label_that_the_type_lacks_is_told);
	ADD(tc, each_label_that_a_constraint_forbids_is_told);
	ADD_ROWS(tc, labels_are_compared_as_the_column_compares_them, folds);
	ADD(tc, a_label_of_a_rule_is_compared_too);
	ADD(tc, tables_beside_the_bookings_are_granted_too);
	ADD(tc, row_level_security_of_such_a_table_is_told_of);
	ADD(tc, an_expression_that_fails_for_a_booking_is_named);
	ADD_ROWS(tc, a_statement_behind_a_batch_that_fails_is_a_fault_of_the_job, afters);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

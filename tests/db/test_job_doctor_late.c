/*
 * Bookings that a rule of the file takes late, or never: scanned by a column that is later than
 * they are due, older than the rule looks back, named by a key that is NULL, or in a state that
 * is spelled in another way.
 */
#include "job/doctor.h"

#include <string.h>

#include "base/mem.h"
#include "exam.h"
#include "rig.h"
#include "suite.h"

/* The table shop.b, a job, and behind it a rule of the file from OUT to OLD. */
#define BEGINNING                                                                                  \
	"cancel-no-shows { enabled = no } update-expired { enabled = no } activate-due {"          \
	" enabled = no } bookings { table = \"shop.b\" key = {\"id\"} status = \"status\" start =" \
	" \"starts_at\" end = \"ends_at\" time-zone = \"Europe/Berlin\" check-in-mode = untracked" \
	" states { confirmed = {\"C\"}"                                                            \
	" active = {\"A\"} completed = {\"D\"} }"
#define RULE(more)                                                                                 \
	BEGINNING " }\nrule archive { job = \"update-completed\" from = {\"OUT\", \"GONE\"} to ="  \
		  " \"OLD\" " more " }"
/* Scanned by the end, and due when a day has passed since somebody left. */
#define BY_END(more) RULE("due = \"(b.left_at + interval '1 day')\" scan = \"ends_at\"" more)

static void setup(void)
{
	exam_open();
	side_exec(rig.side,
		  "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
		  "GRANT USAGE ON SCHEMA shop TO booking_read;"
		  "CREATE TABLE shop.b (id int PRIMARY KEY, status text, starts_at timestamptz,"
		  " ends_at timestamptz, left_at timestamptz, day date, ms bigint, gone"
		  " boolean DEFAULT false); GRANT SELECT ON shop.b TO booking_read;"
		  "GRANT UPDATE ON shop.b TO booking_update");
}

/* Three bookings from 4711 on that are out, with values for these columns. */
static void add_out(const char *columns, const char *values)
{
	side_exec(rig.side,
		  "INSERT INTO shop.b (id, status, %s) SELECT g, CASE g WHEN 4711 THEN 'OUT' ELSE"
		  " 'GONE' END, %s FROM generate_series(4711, 4713) AS g",
		  columns, values);
}

static void is_about_three(const struct bk_finding *f, const char *subject)
{
	ck_assert_str_eq(f->level_word, "warning");
	ck_assert_str_eq(f->subject, subject);
	ck_assert_int_eq(f->count, 3);
	ck_assert_uint_eq(f->example.count, 1);
	ck_assert_int_eq(strncmp(f->example.items[0], "471", 3), 0);
	ck_assert_ptr_nonnull(strstr(f->what, "3 bookings"));
	ck_assert_ptr_nonnull(strstr(f->what, "for example 471"));
}

/* Rules whose scan may be late, bookings, and what is to be typed; NULL = it is not late. */
static const struct {
	const char *rule;
	const char *columns;
	const char *values;
	const char *fix;
} scans[] = {
	{BY_END(""), "left_at, ends_at", "now() - interval '2 d', now()",
	 "rule archive: scan = \"left_at\""},
	/* Of a booking that is due in a month as well. */
	{BY_END(""), "left_at, ends_at", "now() + interval '20 d', now() + interval '30 d'",
	 "rule archive: scan = \"left_at\""},
	{BY_END(""), "left_at, ends_at", "now() - interval '2 d', NULL",
	 "rule archive: scan = \"left_at\""},
	{BY_END(""), "left_at, ends_at", "now() - interval '2 d', now() - interval '1 d'", NULL},
	{BY_END(""), "left_at, ends_at", "NULL, now()", NULL},
	{BY_END(" where = \"(NOT b.gone)\""), "left_at, ends_at, gone",
	 "now() - interval '2 d', now(), true", NULL},
	{RULE("due = \"(least(b.left_at, b.ends_at))\" scan = \"starts_at\""),
	 "left_at, ends_at, starts_at", "now(), now() - interval '1 h', now() + interval '1 h'",
	 "rule archive: scan = \"ends_at\""},
	{RULE("due = \"(least(b.left_at, b.ends_at))\" scan = \"starts_at\""),
	 "left_at, ends_at, starts_at",
	 "now() + g * interval '1 h', now() + 4712 * interval '1 h', now() + interval '999 d'",
	 "name in rule archive another scan"},
	{RULE("due = \"left_at\" scan = \"ends_at\""), "left_at, ends_at",
	 "now() - interval '2 d', now()", "leave scan out of rule archive"},
	{RULE("due = \"(b.day + interval '10 h')::timestamp\" scan = \"ends_at\""), "day, ends_at",
	 "date '2026-06-15', '2026-06-15 12:00Z'", "rule archive: scan = \"day::date\""},
	{RULE("due = \"(b.day + interval '10 h')::timestamp\" scan = \"day::date\""), "day",
	 "date '2026-06-15'", NULL},
	{RULE("due = \"(b.ms + 1000)::milliseconds\" scan = \"ends_at\""), "ms, ends_at",
	 "1781510400000, '2026-06-15 12:00Z'", "rule archive: scan = \"ms::milliseconds\""},
	/* Without a scan the key is scanned, and no time. */
	{RULE("due = \"(b.left_at + interval '1 day')\""), "left_at", "now() - interval '2 d'",
	 NULL},
};

START_TEST(a_scan_that_is_later_than_due_is_told_of_with_one_that_is_not)
{
	const struct bk_finding *f;

	add_out(scans[_i].columns, scans[_i].values);
	rig_conf(scans[_i].rule);
	exam("reader");
	ck_assert_uint_eq(exam_count("mapping"), 0);
	ck_assert_uint_eq(exam_count("scan-late"), scans[_i].fix ? 1 : 0);
	if (!scans[_i].fix)
		return;
	f = exam_finding("scan-late");
	is_about_three(f, "rule archive");
	ck_assert_msg(strstr(f->fix, scans[_i].fix) != NULL, "%s", f->fix);
}
END_TEST

START_TEST(a_scan_of_the_bookings_may_be_late_too)
{
	side_exec(rig.side, "INSERT INTO shop.b (id, status, starts_at, ends_at, left_at) SELECT"
			    " g, 'A', now(), now() - interval '1 h', now() FROM"
			    " generate_series(4711, 4713) AS g");
	rig_conf("cancel-no-shows { enabled = no } update-expired { enabled = no } activate-due {"
		 " enabled = no } bookings { table = \"shop.b\" key = {\"id\"} status = \"status\""
		 " start = \"(b.ends_at - interval '1 h')\" end = \"(b.ends_at)\" end-scan ="
		 " \"left_at\" start-scan = \"ends_at\" check-in-mode = untracked states {"
		 " confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} } }");
	exam("bk");
	ck_assert_uint_eq(exam_count("scan-late"), 1);
	is_about_three(exam_finding("scan-late"), "rule complete");
	ck_assert_ptr_nonnull(
		strstr(exam_finding("scan-late")->fix, "bookings.end-scan = \"ends_at\""));
}
END_TEST

/* Due for three days, of jobs that look back for a month. */
START_TEST(a_rule_with_a_max_age_of_its_own_has_its_own_old_bookings)
{
	const struct bk_finding *f;

	add_out("left_at", "now() - interval '3 d'");
	rig_conf(RULE("due = \"left_at\" max-age = 2d"));
	exam("bk");
	ck_assert_uint_eq(exam_count("bookings-stale"), 1);
	f = exam_finding("bookings-stale");
	ck_assert_str_eq(f->subject, "rule archive");
	ck_assert_int_eq(f->count, 3);
	ck_assert_str_eq(f->what, "3 bookings are due and older than max-age, 2d");
	rig_conf(RULE("due = \"left_at\""));
	exam("bk");
	ck_assert_uint_eq(exam_count("bookings-stale"), 0);
	side_exec(rig.side, "UPDATE shop.b SET left_at = now() - interval '40 d'");
	rig_conf(RULE("due = \"left_at\" max-age = 60d"));
	exam("bk");
	ck_assert_uint_eq(exam_count("bookings-stale"), 0);
	rig_conf(RULE("due = \"left_at\""));
	exam("bk");
	ck_assert_str_eq(exam_finding("bookings-stale")->what,
			 "3 bookings are due and older than max-age, 30d");
}
END_TEST

/* --- keys --- */

/* The table and its key, and what is found; NULL = nothing. */
static const struct {
	const char *table;
	const char *key;
	const char *level;
	const char *what;
	const char *fix;
} keys[] = {
	{"CREATE TABLE shop.k (id int PRIMARY KEY, site int, status text, at timestamptz)",
	 "\"id\", \"site\"", "note", "the key column \"site\" may be NULL",
	 "ALTER TABLE \"shop\".\"k\" ALTER COLUMN \"site\" SET NOT NULL;"},
	{"CREATE TABLE shop.k (id int PRIMARY KEY, site int, status text, at timestamptz);"
	 "INSERT INTO shop.k VALUES (1, NULL, 'X', now()), (2, 5, 'C', now())",
	 "\"id\", \"site\"", "warning",
	 "1 booking whose key column \"site\" is NULL, for example 1 NULL",
	 "ALTER TABLE \"shop\".\"k\" ALTER COLUMN \"site\" SET NOT NULL;"},
	{"CREATE TABLE shop.k (id int PRIMARY KEY, site int NOT NULL, status text, at timestamptz)",
	 "\"id\", \"site\"", NULL, NULL, NULL},
	/* Nothing is known of a view's columns, so only rows count. */
	{"CREATE TABLE shop.t (id int, status text, at timestamptz); CREATE VIEW shop.k AS SELECT *"
	 " FROM shop.t",
	 "\"id\"", NULL, NULL, NULL},
	{"CREATE TABLE shop.t (id int, status text, at timestamptz); CREATE VIEW shop.k AS SELECT *"
	 " FROM shop.t; INSERT INTO shop.t SELECT NULL, 'C', now() FROM generate_series(1, 2)",
	 "\"id\"", "warning", "2 bookings whose key column \"id\" is NULL, for example NULL",
	 "give them a value"},
	{"CREATE TABLE shop.k (id int, status text, at timestamptz) PARTITION BY HASH (id)",
	 "\"id\"", "note", "the key column \"id\" may be NULL", "SET NOT NULL"},
};

static void map_keys(const char *table, const char *key)
{
	BK_CLEAN(bk_free_str)
	char *conf = bk_asprintf(
		"cancel-no-shows { enabled = no } update-expired { enabled = no } update-completed"
		" { enabled = no } bookings { table = \"shop.k\" key = {%s} status = \"status\""
		" start = \"at\" check-in-mode = untracked states { confirmed = {\"C\"} active ="
		" {\"A\"} completed = {\"D\"} } }",
		key);

	side_exec(rig.side, "%s; GRANT SELECT, UPDATE ON shop.k TO booking_update", table);
	rig_conf(conf);
}

START_TEST(a_key_that_may_be_null_is_told_of)
{
	const struct bk_finding *f;

	map_keys(keys[_i].table, keys[_i].key);
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 0);
	ck_assert_uint_eq(exam_count("key-null"), keys[_i].level ? 1 : 0);
	if (!keys[_i].level)
		return;
	f = exam_finding("key-null");
	ck_assert_str_eq(f->level_word, keys[_i].level);
	ck_assert_str_eq(f->subject, "bookings.key");
	ck_assert_msg(strstr(f->what, keys[_i].what) != NULL, "%s", f->what);
	ck_assert_msg(strstr(f->fix, keys[_i].fix) != NULL, "%s", f->fix);
}
END_TEST

START_TEST(a_unique_index_that_holds_nulls_is_named_by_what_mends_it)
{
	map_keys("CREATE TABLE shop.k (code text UNIQUE, status text, at timestamptz);"
		 "INSERT INTO shop.k VALUES (NULL, 'C', now()), (NULL, 'D', now()), ('x', 'C',"
		 " now())",
		 "\"code\"");
	exam("bk");
	ck_assert_uint_eq(exam_count("mapping"), 1);
	ck_assert_str_eq(exam_finding("mapping")->subject, "bookings.key");
	ck_assert_ptr_nonnull(strstr(exam_finding("mapping")->what, "column \"code\" may be NULL"));
	ck_assert_int_eq(exam_finding("key-null")->count, 2);
	side_exec(rig.side, "DELETE FROM shop.k WHERE code IS NULL; %s",
		  exam_finding("mapping")->fix);
	exam("bk");
	exam_is("index-missing state-without-end");
}
END_TEST

/* --- states --- */

START_TEST(states_that_are_spelled_in_another_way_are_counted)
{
	const struct bk_finding *f;

	map_keys("DROP EXTENSION IF EXISTS citext; CREATE EXTENSION citext SCHEMA shop;"
		 "CREATE TABLE shop.k (id int PRIMARY KEY, status shop.citext, at timestamptz);"
		 "INSERT INTO shop.k SELECT g, CASE g % 3 WHEN 0 THEN 'C' WHEN 1 THEN 'c' ELSE"
		 " 'other' END, now() FROM generate_series(1, 9) AS g",
		 "\"id\"");
	exam("bk");
	f = exam_finding("status-spelling");
	ck_assert_str_eq(f->level_word, "warning");
	ck_assert_int_eq(f->count, 3);
	ck_assert_ptr_nonnull(strstr(f->what, "3 bookings"));
	side_exec(rig.side, "UPDATE shop.k SET status = 'C' WHERE status = 'c'");
	exam("bk");
	ck_assert_uint_eq(exam_count("status-spelling"), 0);
}
END_TEST

/* Its start is NULL, and no rule asks for it; and a row that is no booking. */
START_TEST(what_no_rule_asks_for_is_no_fault_of_a_booking)
{
	add_out("left_at", "now()");
	side_exec(rig.side, "INSERT INTO shop.b (id, status, gone) VALUES (1, 'C', true)");
	rig_conf(BEGINNING " where = \"(NOT b.gone)\" }\nrule archive { job = \"update-completed\""
			   " from = {\"OUT\"} to = \"OLD\" due = \"left_at\" }");
	exam("bk");
	ck_assert_uint_eq(exam_count("start-null"), 0);
	side_exec(rig.side, "UPDATE shop.b SET gone = false");
	exam("bk");
	ck_assert_int_eq(exam_finding("start-null")->count, 1);
}
END_TEST

START_TEST(what_is_not_mapped_is_no_fault_of_a_booking)
{
	add_out("left_at", "now()");
	rig_conf("defaults = no bookings { table = \"shop.b\" key = {\"id\"} status = \"status\""
		 " check-in-mode = untracked }\nrule archive { job = \"update-completed\" from ="
		 " {\"OUT\"} to = \"OLD\" due = \"left_at\" }");
	exam("bk");
	exam_is("index-missing");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor_late");
	TCase *tc = tcase_create("doctor_late");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD_ROWS(tc, a_scan_that_is_later_than_due_is_told_of_with_one_that_is_not, scans);
	ADD(tc, a_scan_of_the_bookings_may_be_late_too);
	ADD(tc, a_rule_with_a_max_age_of_its_own_has_its_own_old_bookings);
	ADD_ROWS(tc, a_key_that_may_be_null_is_told_of, keys);
	ADD(tc, a_unique_index_that_holds_nulls_is_named_by_what_mends_it);
	ADD(tc, states_that_are_spelled_in_another_way_are_counted);
	ADD(tc, what_no_rule_asks_for_is_no_fault_of_a_booking);
	ADD(tc, what_is_not_mapped_is_no_fault_of_a_booking);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

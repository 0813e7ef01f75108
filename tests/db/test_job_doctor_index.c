/*
 * The index that the doctor asks for: only where the scan is not read in order, and by a
 * statement that can be typed and mends it, whatever stands between bk and the rows.
 */
#include "job/doctor.h"

#include <string.h>

#include "base/mem.h"
#include "exam.h"
#include "rig.h"
#include "suite.h"

/* Of the mapped relation shop.b: one job, and one scan by the start. */
#define CONF                                                                                       \
	"bookings { table = \"shop.b\" key = {\"id\"} status = \"status\" start ="                 \
	" \"starts_at\" check-in-mode = untracked states { confirmed = {\"C\"} active = {\"A\"}"   \
	" completed = {\"D\"} } } cancel-no-shows { enabled = no } update-expired { enabled ="     \
	" no } update-completed { enabled = no }"

static void setup(void)
{
	exam_open();
	side_exec(rig.side, "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
			    "GRANT USAGE ON SCHEMA shop TO booking_read");
}

/* Each statement by itself, as psql sends them: what goes concurrently does not go with another. */
static void type(const char *statements)
{
	while (*statements) {
		size_t len = strcspn(statements, ";");

		side_exec(rig.side, "%.*s", (int)len, statements);
		statements += len + (statements[len] == ';');
	}
}

/* Types what the doctor says of one index, and that is enough. */
static void make_index(const char *expected)
{
	exam("bk");
	ck_assert_uint_eq(exam_count("index-missing"), 1);
	ck_assert_str_eq(exam_finding("index-missing")->fix, expected);
	type(exam_finding("index-missing")->fix);
	exam("bk");
	ck_assert_uint_eq(exam_count("index-missing"), 0);
	ck_assert_uint_eq(exam_count("index-unclear"), 0);
}

/* No statement is printed that would fail. */
static void is_unclear(const char *why)
{
	const struct bk_finding *f;

	exam("bk");
	ck_assert_uint_eq(exam_count("index-missing"), 0);
	f = exam_finding("index-unclear");
	ck_assert_msg(strstr(f->what, why) != NULL, "%s", f->what);
	ck_assert_ptr_null(strstr(f->fix, "CREATE"));
}

/* The plan of several partitions has a key by which they are merged, and no sort. */
START_TEST(an_index_of_every_partition_serves)
{
	side_exec(rig.side, "CREATE TABLE shop.b (id int, status text, starts_at timestamptz,"
			    " PRIMARY KEY (id)) PARTITION BY HASH (id);"
			    "CREATE TABLE shop.p0 PARTITION OF shop.b FOR VALUES WITH (modulus 2,"
			    " remainder 0);"
			    "CREATE TABLE shop.p1 PARTITION OF shop.b FOR VALUES WITH (modulus 2,"
			    " remainder 1);"
			    "GRANT SELECT, UPDATE ON shop.b TO booking_update");
	rig_conf(CONF);
	make_index("CREATE INDEX ON \"shop\".\"b\" (\"starts_at\", \"id\") WHERE"
		   " \"status\" = 'C';");
}
END_TEST

START_TEST(only_the_heir_that_lacks_an_index_gets_one)
{
	side_exec(rig.side, "CREATE TABLE shop.b (id int PRIMARY KEY, status text, starts_at"
			    " timestamptz); CREATE TABLE shop.heir (PRIMARY KEY (id)) INHERITS"
			    " (shop.b); GRANT SELECT, UPDATE ON shop.b TO booking_update");
	rig_conf(CONF);
	side_exec(rig.side, "CREATE INDEX ON shop.b (starts_at, id) WHERE status = 'C'");
	make_index("CREATE INDEX CONCURRENTLY ON \"shop\".\"heir\" (\"starts_at\", \"id\") WHERE"
		   " \"status\" = 'C';");
}
END_TEST

/* A look into another table is none at the order. */
START_TEST(a_filter_that_reads_a_table_without_an_index_is_no_fault)
{
	side_exec(rig.side, "CREATE TABLE shop.b (id int PRIMARY KEY, status text, starts_at"
			    " timestamptz, site int); CREATE TABLE shop.site (id int);"
			    "GRANT SELECT, UPDATE ON shop.b TO booking_update;"
			    "GRANT SELECT ON shop.site TO booking_read;"
			    "CREATE INDEX ON shop.b (starts_at, id) WHERE status = 'C'");
	rig_conf(
		"bookings { table = \"shop.b\" key = {\"id\"} status = \"status\" start"
		" = \"starts_at\" where = \"(b.site IN (SELECT s.id FROM shop.site AS s))\""
		" check-in-mode = untracked states { confirmed = {\"C\"} active = {\"A\"} completed"
		" = {\"D\"} } } cancel-no-shows { enabled = no } update-expired { enabled = no }"
		" update-completed { enabled = no }");
	exam("bk");
	exam_is("state-without-end");
}
END_TEST

/* What stands before the table, and the index that is to be made. */
static const struct {
	const char *table;
	const char *view;
	const char *index; /* NULL = in words, for this reason */
	const char *why;
} views[] = {
	{"id int PRIMARY KEY, state text, s timestamptz, live boolean",
	 "SELECT id, state AS status, s AS starts_at FROM shop.t WHERE live",
	 "CREATE INDEX CONCURRENTLY ON \"shop\".\"t\" (\"s\", \"id\") WHERE \"state\" = 'C';",
	 NULL},
	{"\"The Id\" int PRIMARY KEY, \"a \"\"b\" text, \"s\\ t\" timestamptz",
	 "SELECT \"s\\ t\" AS starts_at, (SELECT max(\"The Id\") FROM shop.t) AS n, \"a \"\"b\" AS"
	 " status, \"The Id\" AS id FROM shop.t",
	 "CREATE INDEX CONCURRENTLY ON \"shop\".\"t\" (\"s\\ t\", \"The Id\") WHERE \"a \"\"b\" ="
	 " 'C';",
	 NULL},
	{"id int PRIMARY KEY, status text, starts_at timestamptz) PARTITION BY HASH (id);"
	 "CREATE TABLE shop.p PARTITION OF shop.t FOR VALUES WITH (modulus 1, remainder 0",
	 "SELECT * FROM shop.t",
	 "CREATE INDEX ON \"shop\".\"t\" (\"starts_at\", \"id\") WHERE \"status\" = 'C';", NULL},
	{"id int PRIMARY KEY, status text, starts_at text",
	 "SELECT id, status, starts_at::timestamptz AS starts_at FROM shop.t", NULL,
	 "in one table below the view"},
	{"id int PRIMARY KEY, status text, starts_at timestamptz",
	 "SELECT a.id, a.status, b.starts_at FROM shop.t AS a JOIN shop.t AS b USING (id)", NULL,
	 "in one table below the view"},
};

static void make_view(const char *table, const char *view)
{
	side_exec(rig.side,
		  "CREATE TABLE shop.t (%s); CREATE VIEW shop.inner AS %s;"
		  "CREATE VIEW shop.b AS SELECT id, status, starts_at FROM shop.inner WHERE id >"
		  " 0; GRANT SELECT, UPDATE ON shop.b TO booking_update",
		  table, view);
	rig_conf(CONF);
}

START_TEST(of_a_view_the_index_is_on_the_table_below)
{
	make_view(views[_i].table, views[_i].view);
	if (views[_i].index)
		make_index(views[_i].index);
	else
		is_unclear(views[_i].why);
}
END_TEST

START_TEST(a_view_that_keeps_an_index_from_serving_is_told_of)
{
	make_view("id int PRIMARY KEY, status text, starts_at timestamptz", "SELECT * FROM shop.t");
	side_exec(rig.side, "ALTER VIEW shop.inner SET (security_barrier)");
	is_unclear("a security barrier");
	side_exec(rig.side, "ALTER VIEW shop.inner RESET (security_barrier); DROP VIEW shop.b;"
			    "CREATE VIEW shop.b AS SELECT id, status, starts_at, random() AS r FROM"
			    " shop.inner; GRANT SELECT, UPDATE ON shop.b TO booking_update;"
			    "CREATE INDEX ON shop.t (starts_at, id) WHERE status = 'C'");
	is_unclear("keeps the one that its table has from serving");
}
END_TEST

/* Rows elsewhere, which no index of this server holds. */
START_TEST(a_foreign_heir_gets_no_index)
{
	side_exec(rig.side,
		  "DROP EXTENSION IF EXISTS file_fdw CASCADE; CREATE EXTENSION file_fdw;"
		  "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
		  "CREATE TABLE shop.b (id int PRIMARY KEY, status text, starts_at timestamptz);"
		  "CREATE INDEX ON shop.b (starts_at, id) WHERE status = 'C';"
		  "CREATE FOREIGN TABLE shop.far () INHERITS (shop.b) SERVER files"
		  " OPTIONS (filename '/dev/null'); GRANT SELECT, UPDATE ON shop.b TO"
		  " booking_update");
	rig_conf(CONF);
	is_unclear("a foreign one");
}
END_TEST

/* citext has operators of its own; bk compares states as texts. */
START_TEST(the_index_of_a_type_of_its_own_is_by_text)
{
	side_exec(rig.side, "DROP EXTENSION IF EXISTS citext; CREATE EXTENSION citext SCHEMA shop;"
			    "CREATE TABLE shop.b (id int PRIMARY KEY, status shop.citext, starts_at"
			    " timestamptz); GRANT SELECT, UPDATE ON shop.b TO booking_update");
	rig_conf(CONF);
	make_index("CREATE INDEX CONCURRENTLY ON \"shop\".\"b\" (\"starts_at\", \"id\")"
		   " WHERE \"status\"::text = 'C';");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor_index");
	TCase *tc = tcase_create("doctor_index");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD(tc, an_index_of_every_partition_serves);
	ADD(tc, only_the_heir_that_lacks_an_index_gets_one);
	ADD(tc, a_filter_that_reads_a_table_without_an_index_is_no_fault);
	ADD_ROWS(tc, of_a_view_the_index_is_on_the_table_below, views);
	ADD(tc, a_view_that_keeps_an_index_from_serving_is_told_of);
	ADD(tc, a_foreign_heir_gets_no_index);
	ADD(tc, the_index_of_a_type_of_its_own_is_by_text);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

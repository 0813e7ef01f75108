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

int main(void)
{
	Suite *suite = suite_create("doctor_index");
	TCase *tc = tcase_create("doctor_index");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD(tc, an_index_of_every_partition_serves);
	ADD(tc, a_filter_that_reads_a_table_without_an_index_is_no_fault);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

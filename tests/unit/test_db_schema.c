/*
 * Which schema and which program go together.
 */
#include "suite.h"

#include "db/rows.h"
#include "db/schema.h"

static const struct {
	const char *a;
	const char *b;
	int order;
} versions[] = {
	{"1.0.0", "1.0.0", 0},
	{"1.0.1", "1.0.0", 1},
	{"1.10.0", "1.9.2", 1},
	{"2.0.0", "1.99.99", 1},
	{"1.0", "1.0.0", 0},
	{"1", "1.0.0", 0},
	{"1.0.0-rc1", "1.0.0", 0},
	{"0.9.9", "1.0.0", -1},
	{"", "0.0.0", 0},
	{"x", "0.0.1", -1},
	{"9999999999999999999999.0.0", "1.0.0", 1},
};

START_TEST(versions_are_compared_part_by_part)
{
	ck_assert_int_eq(bk_version_compare(versions[_i].a, versions[_i].b), versions[_i].order);
	ck_assert_int_eq(bk_version_compare(versions[_i].b, versions[_i].a), -versions[_i].order);
}
END_TEST

static const struct {
	const char *file;
	int64_t number;
} files[] = {
	{"schema/001_core", 1},
	{"schema/042_stats", 42},
	{"schema/1000_x", 1000},
	{"schema/x", 0},
	{"preflight", 0},
	{"schema_bootstrap", 0},
	{"", 0},
};

START_TEST(a_migration_is_known_by_its_number)
{
	ck_assert_int_eq(bk_schema_number(files[_i].file), files[_i].number);
}
END_TEST

START_TEST(the_program_carries_migrations)
{
	ck_assert_int_ge(bk_schema_newest(), 1);
}
END_TEST

static const struct {
	struct bk_schema_state state;
	const char *message; /* NULL = they fit */
} states[] = {
	{{"bk", 3, "1.0.0", 3, "1.0.0"}, NULL},
	{{"bk", 4, "1.0.0", 3, "1.0.0"}, NULL},
	{{"bk", 3, NULL, 3, "1.0.0"}, NULL},
	{{"bk", 4, "1.2.0", 3, "1.10.0"}, NULL},
	{{"bk", 2, "1.0.0", 3, "1.0.0"}, "schema bk is at version 2, this program needs 3"},
	{{"own", BK_NULL_INT, NULL, 3, "1.0.0"},
	 "schema own is at version 0, this program needs 3"},
	{{"bk", 4, "1.1.0", 3, "1.0.9"}, "schema bk needs bk 1.1.0 or newer, this is 1.0.9"},
	{{"bk", 2, "9.0.0", 3, "1.0.0"}, "schema bk is at version 2, this program needs 3"},
};

START_TEST(schema_and_program_fit_or_the_message_says_why)
{
	struct bk_error err = {0};
	enum bk_rc rc = bk_schema_check(&states[_i].state, &err);

	ck_assert_int_eq(rc, states[_i].message ? BK_E_SCHEMA : BK_OK);
	ck_assert_str_eq(err.message, states[_i].message ? states[_i].message : "");
	ck_assert_int_eq(err.hint[0] != '\0', states[_i].message != NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("db_schema");
	TCase *tc = tcase_create("schema");

	ADD_ROWS(tc, versions_are_compared_part_by_part, versions);
	ADD_ROWS(tc, a_migration_is_known_by_its_number, files);
	ADD(tc, the_program_carries_migrations);
	ADD_ROWS(tc, schema_and_program_fit_or_the_message_says_why, states);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

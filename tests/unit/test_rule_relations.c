/*
 * Tables that the SQL of a mapping names: what is one, and what is to be granted on it.
 */
#include "rule/relations.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "suite.h"

/* "schema|table|PRIVILEGE schema|table|PRIVILEGE". */
static void is(const struct bk_mapping *m, bool wants_update, const char *expected)
{
	BK_CLEAN(bk_relations_clear) struct bk_relations got;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_relations_of(m, wants_update, &got);
	for (size_t i = 0; i < got.names.count; i++)
		bk_buf_fmt(&text, "%s%s|%s|%s", i ? " " : "", got.schemas.items[i],
			   got.names.items[i], got.privileges.items[i]);
	ck_assert_str_eq(bk_buf_cstr(&text), expected);
}

static const struct {
	const char *sql;
	const char *expected;
} expressions[] = {
	{"(b.deleted_at IS NULL)", ""},
	{"(EXISTS (SELECT FROM app.site))", "app|site|SELECT"},
	{"(EXISTS (SELECT FROM App.Site, app.site, app.lot))", "app|site|SELECT app|lot|SELECT"},
	{"(EXISTS (SELECT FROM \"My App\".\"a.\"\"b\"))", "My App|a.\"b|SELECT"},
	{"(app.site.id = 1)", "app|site|SELECT"},
	{"(b.note = 'app.site')", ""},
	{"(b.note = 'it''s app.site' AND EXISTS (SELECT FROM app.lot))", "app|lot|SELECT"},
	{"(b.n * 1.5 > 2)", ""},
	{"(B.x = 1)", ""},
	/* Whether there is such a table, the database knows. */
	{"(s.grace > 1)", "s|grace|SELECT"},
	{"(b.note = 'open", ""},
	{"(\"app\".", ""},
};

START_TEST(a_table_is_named_with_its_schema)
{
	const struct bk_mapping m = {.where = (char *)(uintptr_t)expressions[_i].sql};

	is(&m, false, expressions[_i].expected);
}
END_TEST

static const struct {
	const char *statement;
	const char *expected;
} statements[] = {
	{"INSERT INTO app.log SELECT c.id FROM changed AS c", "app|log|INSERT c|id|SELECT"},
	{"insert into app.log select l.x from app.lot as l",
	 "app|log|INSERT l|x|SELECT app|lot|SELECT"},
	{"UPDATE app.copy SET x = 1", "app|copy|UPDATE app|copy|SELECT"},
	{" DELETE FROM app.copy", "app|copy|DELETE app|copy|SELECT"},
	{"SELECT app.f(1) FROM app.lot", "app|f|SELECT app|lot|SELECT"},
};

START_TEST(a_statement_changes_its_first_table)
{
	const struct bk_mapping m = {.after_batch = (char *)(uintptr_t)statements[_i].statement};

	is(&m, true, statements[_i].expected);
	is(&m, false, "");
}
END_TEST

START_TEST(what_is_set_is_read_by_a_change_only)
{
	char item[] = "n = (SELECT max(l.x) FROM app.lot AS l)";
	char *items[] = {item};
	const struct bk_mapping m = {.set = {items, 1}};

	is(&m, false, "");
	is(&m, true, "l|x|SELECT app|lot|SELECT");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_relations");
	TCase *tc = tcase_create("rule_relations");

	ADD_ROWS(tc, a_table_is_named_with_its_schema, expressions);
	ADD_ROWS(tc, a_statement_changes_its_first_table, statements);
	ADD(tc, what_is_set_is_read_by_a_change_only);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

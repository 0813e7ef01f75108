/*
 * Values of the mapping that are names or SQL: how they are read, and that SQL of the file
 * cannot become more than the expression that it stands for.
 */
#include "conf/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "suite.h"

static const struct {
	const char *text;
	const char *column;
	const char *expr;
	enum bk_source_type type;
} sources[] = {
	{"starts_at", "starts_at", NULL, BK_SOURCE_TIMESTAMPTZ},
	{"Starts At", "Starts At", NULL, BK_SOURCE_TIMESTAMPTZ},
	{"a.b", "a.b", NULL, BK_SOURCE_TIMESTAMPTZ},
	{"x::timestamp", "x", NULL, BK_SOURCE_TIMESTAMP},
	{"x::daterange", "x", NULL, BK_SOURCE_DATERANGE},
	{"x::milliseconds", "x", NULL, BK_SOURCE_MILLISECONDS},
	{"(b.x)", NULL, "(b.x)", BK_SOURCE_TIMESTAMPTZ},
	{"(b.x)::date", NULL, "(b.x)", BK_SOURCE_DATE},
	{"(b.x::text || ')')::flag", NULL, "(b.x::text || ')')", BK_SOURCE_FLAG},
	{"(b.\")\" = '(''')", NULL, "(b.\")\" = '(''')", BK_SOURCE_TIMESTAMPTZ},
	{"(f($$ ) ; -- $$))", NULL, "(f($$ ) ; -- $$))", BK_SOURCE_TIMESTAMPTZ},
	{"(f($x$ $$ ) $x$))::interval", NULL, "(f($x$ $$ ) $x$))", BK_SOURCE_INTERVAL},
	{"(b.a - b.c / 2 * b.$x)", NULL, "(b.a - b.c / 2 * b.$x)", BK_SOURCE_TIMESTAMPTZ},
};

START_TEST(this_is_a_source)
{
	BK_CLEAN(bk_source_clear) struct bk_source s = {NULL, NULL, BK_SOURCE_TIMESTAMPTZ};
	struct bk_error err;

	ck_assert_msg(!bk_source_parse(sources[_i].text, BK_SOURCE_TIMESTAMPTZ, &s, &err), "%s: %s",
		      sources[_i].text, err.message);
	ck_assert_pstr_eq(s.column, sources[_i].column);
	ck_assert_pstr_eq(s.expr, sources[_i].expr);
	ck_assert_int_eq(s.type, sources[_i].type);
	ck_assert(bk_is_mapped(&s));
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} refused[] = {
	{"", "names no column"},
	{"::date", "names no column"},
	{"x::", "\"\" behind :: is no type"},
	{"x::Date", "\"Date\" behind :: is no type"},
	{"(b.x", "a bracket that is not closed"},
	{"(b.x))", "text behind its closing bracket"},
	{"(b.x) OR (b.y)", "text behind its closing bracket"},
	{"(b.x; DROP TABLE y)", "a semicolon"},
	{"(b.x -- y)", "a comment (--)"},
	{"(b.x /* y */)", "a comment (/*)"},
	{"(b.x = ')", "a quote that is not closed"},
	{"(b.\"x)", "a quote that is not closed"},
	{"(b.x + $1)", "a parameter ($1)"},
	{"(f($$ x)", "a dollar quote that is not closed"},
	{"(f($a$ x $b$))", "a dollar quote that is not closed"},
	{"()::flag::flag", "is no type"},
};

START_TEST(this_is_none)
{
	struct bk_source s = {NULL, NULL, BK_SOURCE_FLAG};
	struct bk_error err;

	ck_assert_int_eq(bk_source_parse(refused[_i].text, BK_SOURCE_TIMESTAMPTZ, &s, &err),
			 BK_E_CONFIG);
	ck_assert_msg(strstr(err.message, refused[_i].message) != NULL, "%s: %s", refused[_i].text,
		      err.message);
	/* What failed leaves nothing behind. */
	ck_assert(!bk_is_mapped(&s));
	ck_assert_int_eq(s.type, BK_SOURCE_FLAG);
}
END_TEST

static const struct {
	const char *text;
	const char *name;  /* NULL = it is none */
	const char *value; /* with the equals sign */
} assignments[] = {
	{"a = 1", "a", "= 1"},
	{"a=b=c", "a", "=b=c"},
	{"  My Column  = now()", "My Column", "= now()"},
	{"app.user = x", "app.user", "= x"},
	{"a", NULL, NULL},
	{"= 1", NULL, NULL},
	{" = 1", NULL, NULL},
	{"", NULL, NULL},
};

START_TEST(an_assignment_is_split_at_its_first_equals_sign)
{
	BK_CLEAN(bk_free_str) char *name = NULL;
	const char *value = bk_assignment_split(assignments[_i].text, &name);

	ck_assert_pstr_eq(name, assignments[_i].name);
	ck_assert_pstr_eq(name ? value : NULL, assignments[_i].value);
}
END_TEST

START_TEST(a_statement_may_have_brackets_anywhere_but_they_must_match)
{
	struct bk_error err;

	ck_assert_int_eq(bk_sql_check_text("INSERT INTO a (b) SELECT (c) FROM d", &err), BK_OK);
	ck_assert_int_eq(bk_sql_check_text("a) (b", &err), BK_E_CONFIG);
	ck_assert_int_eq(bk_sql_check_text("SELECT 1;", &err), BK_E_CONFIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_source");
	TCase *tc = tcase_create("source");

	ADD_ROWS(tc, this_is_a_source, sources);
	ADD_ROWS(tc, this_is_none, refused);
	ADD_ROWS(tc, an_assignment_is_split_at_its_first_equals_sign, assignments);
	ADD(tc, a_statement_may_have_brackets_anywhere_but_they_must_match);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

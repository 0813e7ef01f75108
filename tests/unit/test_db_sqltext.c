/*
 * The template filler: what it replaces, what it must leave alone, and how
 * names and literals are quoted. Against libpq's own quoting: tests/db/.
 */
#include "db/sqltext.h"

#include <string.h>

#include "db/sqlfile.h"
#include "suite.h"

static const struct bk_sql_var vars[] = {
	{"bk", "my \"own\" schema"},
	{"word", "it's"},
	{"path", "C:\\temp"},
	{"frag", "a :: b :bk :'bk' :\"bk\" 'open $$"},
	{"a1_b", "x"},
	{"empty", ""},
};

struct filled {
	const char *text;
	const char *result; /* NULL = refused */
};

static enum bk_rc fill(const char *text, struct bk_buf *out, struct bk_error *err)
{
	return bk_sql_fill(out, text, vars, BK_COUNT(vars), err);
}

static void expect(const struct filled *c)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;
	enum bk_rc rc = fill(c->text, &out, &err);

	if (c->result) {
		ck_assert_msg(rc == BK_OK, "%s: %s", c->text, err.message);
		ck_assert_str_eq(bk_buf_cstr(&out), c->result);
	} else {
		ck_assert_msg(rc == BK_E_INTERNAL, "%s was filled", c->text);
		ck_assert_str_ne(err.message, "");
	}
}

static const struct filled replaced[] = {
	{"SELECT :word", "SELECT it's"},
	{":\"bk\".jobs", "\"my \"\"own\"\" schema\".jobs"},
	{"= :'word'", "= 'it''s'"},
	{"= :'path'", "=  E'C:\\\\temp'"},
	{":\"path\"", "\"C:\\temp\""},
	{":a1_b:word", "xit's"},
	{"(:word)", "(it's)"},
	{":word", "it's"},
	{":'empty':empty:\"empty\"", "''\"\""},
	{"f(:a1_b, :a1_b)", "f(x, x)"},
	{":a1_b::text", "x::text"},
	{"''||:a1_b||''", "''||x||''"},
};

/* What was put in may hold anything that looks like SQL or like a variable. */
static const struct filled once[] = {
	{":frag", "a :: b :bk :'bk' :\"bk\" 'open $$"},
	{":frag :a1_b", "a :: b :bk :'bk' :\"bk\" 'open $$ x"},
	{":'frag'", "'a :: b :bk :''bk'' :\"bk\" ''open $$'"},
};

static const struct filled untouched[] = {
	{"x::text", "x::text"},
	{"'a'::word", "'a'::word"},
	{"x:: word", "x:: word"},
	{"a[1:2]", "a[1:2]"},
	{"a[:1]", "a[:1]"},
	{": word", ": word"},
	{":", ":"},
	{"x :", "x :"},
	{"x ::", "x ::"},
	{"':word'", "':word'"},
	{"'it''s :word'", "'it''s :word'"},
	{"'\\' || :a1_b", "'\\' || x"},
	{"E'\\' :word' || :a1_b", "E'\\' :word' || x"},
	{"e'a\\\\' || :a1_b", "e'a\\\\' || x"},
	{"nameE'\\' || :a1_b", "nameE'\\' || x"},
	{"(E'\\':word')", "(E'\\':word')"},
	{"\":word\"", "\":word\""},
	{"\"a\"\":word\"", "\"a\"\":word\""},
	{"\"\\\" || :a1_b", "\"\\\" || x"},
	{"x -- :word 'open\n:a1_b", "x -- :word 'open\nx"},
	{"x -- :word", "x -- :word"},
	{"x - -:a1_b", "x - -x"},
	{"/* :word */:a1_b", "/* :word */x"},
	{"/* /* :word */ 'open */ :a1_b", "/* /* :word */ 'open */ x"},
	{"/**/:a1_b", "/**/x"},
	{"/*/ :word */ :a1_b", "/*/ :word */ x"},
	{"a / b * :a1_b", "a / b * x"},
	{"$$ :word 'open $$ :a1_b", "$$ :word 'open $$ x"},
	{"$q$ :word $$ $q$ :a1_b", "$q$ :word $$ $q$ x"},
	{"$1::int + $2 + :a1_b", "$1::int + $2 + x"},
	{"$1$ :a1_b", "$1$ x"},
	{"a$b :a1_b $b", "a$b x $b"},
	{"", ""},
};

static const struct filled refused[] = {
	{":nosuch", NULL},       {":'nosuch'", NULL},   {":\"nosuch\"", NULL}, {":wor", NULL},
	{":words", NULL},        {"'open", NULL},       {"E'open\\'", NULL},   {"\"open", NULL},
	{"/* /* half */", NULL}, {"$q$ open $$", NULL}, {"'a' 'b", NULL},
};

START_TEST(a_variable_is_replaced)
{
	expect(&replaced[_i]);
}
END_TEST

START_TEST(what_is_put_in_is_not_scanned_again)
{
	expect(&once[_i]);
}
END_TEST

START_TEST(strings_comments_and_casts_are_left_alone)
{
	expect(&untouched[_i]);
}
END_TEST

START_TEST(an_unknown_variable_or_an_open_end_is_refused)
{
	expect(&refused[_i]);
}
END_TEST

START_TEST(an_error_names_the_variable)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	ck_assert_int_eq(fill("SELECT :'nosuch'", &out, &err), BK_E_INTERNAL);
	ck_assert_ptr_nonnull(strstr(err.message, ":nosuch"));
}
END_TEST

START_TEST(an_error_names_the_file)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	ck_assert_int_eq(bk_sql_fill_file(&out, "run_end", NULL, 0, &err), BK_E_INTERNAL);
	ck_assert_str_eq(err.message, "run_end.sql: SQL variable :bk has no value");
}
END_TEST

START_TEST(the_comment_at_the_head_is_left_out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	ck_assert_int_eq(fill("-- it's :nosuch\n-- more\nSELECT 1 -- :nosuch\n", &out, &err),
			 BK_OK);
	ck_assert_str_eq(bk_buf_cstr(&out), "SELECT 1 -- :nosuch\n");
	bk_buf_reset(&out);
	ck_assert_int_eq(fill("-- nothing else", &out, &err), BK_OK);
	ck_assert_str_eq(bk_buf_cstr(&out), "");
}
END_TEST

START_TEST(the_result_is_appended)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	bk_buf_str(&out, "EXPLAIN ");
	ck_assert_int_eq(fill("SELECT :a1_b", &out, &err), BK_OK);
	ck_assert_str_eq(bk_buf_cstr(&out), "EXPLAIN SELECT x");
}
END_TEST

/* Names of files in use are C strings; a misspelt one aborts at run time only. */
START_TEST(the_embedded_files_are_sorted_and_end_in_nul)
{
	ck_assert_uint_gt(bk_sql_files_count, 20);
	for (size_t i = 0; i < bk_sql_files_count; i++) {
		const struct bk_sql_file *f = &bk_sql_files[i];
		const char *text = (const char *)f->text;
		const char *body;

		ck_assert_uint_eq(strlen(text), f->len);
		/* What is sent is the file without its head comment. */
		body = bk_sql_text(f->name);
		ck_assert(body >= text && body < text + f->len);
		ck_assert_int_ne(strncmp(body, "--", 2), 0);
		if (i > 0)
			ck_assert_str_lt(bk_sql_files[i - 1].name, f->name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqltext");
	TCase *tc = tcase_create("sqltext");

	ADD_ROWS(tc, a_variable_is_replaced, replaced);
	ADD_ROWS(tc, what_is_put_in_is_not_scanned_again, once);
	ADD_ROWS(tc, strings_comments_and_casts_are_left_alone, untouched);
	ADD_ROWS(tc, an_unknown_variable_or_an_open_end_is_refused, refused);
	ADD(tc, an_error_names_the_variable);
	ADD(tc, an_error_names_the_file);
	ADD(tc, the_comment_at_the_head_is_left_out);
	ADD(tc, the_result_is_appended);
	ADD(tc, the_embedded_files_are_sorted_and_end_in_nul);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

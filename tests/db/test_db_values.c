/*
 * Values on their way to and from the server: rows into structs, text arrays,
 * and quoting, which is ours and must be what libpq's would be.
 */
#include "db/rows.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/array.h"
#include "db/internal.h"
#include "db/sqltext.h"
#include "pg.h"
#include "rule_cases.h"
#include "suite.h"

static struct bk_error err;

struct record {
	char *text;
	int64_t number;
	bool flag;
	struct bk_array list;
};

static const struct bk_field fields[] = {
	{"text", BK_FIELD_TEXT, offsetof(struct record, text)},
	{"number", BK_FIELD_INT, offsetof(struct record, number)},
	{"flag", BK_FIELD_BOOL, offsetof(struct record, flag)},
};

static const struct bk_field list_field[] = {
	{"list", BK_FIELD_ARRAY, offsetof(struct record, list)},
};

static enum bk_rc read_fields(const char *sql, const struct bk_field *wanted, size_t count,
			      struct record *ret)
{
	const struct bk_stmt stmt = {.name = "rows", .sql = sql, .shape = BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

	*ret = (struct record){.text = NULL};
	bk_db_deadline(pg_db, 60000);
	ck_assert_msg(bk_db_run(pg_db, &stmt, 1, &rows, &err) == BK_OK, "%s", err.message);
	return bk_rows_read(rows, 0, wanted, count, ret, &err);
}

static enum bk_rc read_record(const char *sql, struct record *ret)
{
	return read_fields(sql, fields, BK_COUNT(fields), ret);
}

static const struct {
	const char *sql;
	const char *text; /* NULL = NULL */
	int64_t number;
	bool flag;
} records[] = {
	{"SELECT 'x' AS text, 7 AS number, true AS flag", "x", 7, true},
	{"SELECT true AS flag, -1 AS number, '' AS text, 5 AS more", "", -1, true},
	{"SELECT NULL AS text, NULL AS number, NULL AS flag", NULL, BK_NULL_INT, false},
	{"SELECT 'a' AS text, 9223372036854775807 AS number, false AS flag", "a", INT64_MAX, false},
};

START_TEST(a_row_is_read_by_the_names_of_its_columns)
{
	struct record r;

	ck_assert_int_eq(read_record(records[_i].sql, &r), BK_OK);
	ck_assert_pstr_eq(r.text, records[_i].text);
	ck_assert_int_eq(r.number, records[_i].number);
	ck_assert_int_eq(r.flag, records[_i].flag);
	bk_fields_clear(fields, BK_COUNT(fields), &r);
	ck_assert_ptr_null(r.text);
}
END_TEST

static const struct {
	const char *sql;
	const char *message;
} unreadable[] = {
	{"SELECT 'x' AS text, true AS flag", "the answer has no column number"},
	{"SELECT 'x' AS text, '7x' AS number, true AS flag", "column number: \"7x\" is no integer"},
	{"SELECT 'x' AS text, '' AS number, true AS flag", "column number: \"\" is no integer"},
	{"SELECT 'x' AS text, 7.5 AS number, true AS flag", "column number: \"7.5\" is no integer"},
	{"SELECT 'x' AS text, 9223372036854775808 AS number, true AS flag",
	 "column number: \"9223372036854775808\" is no integer"},
};

START_TEST(an_answer_that_makes_no_sense_is_refused)
{
	struct record r;

	ck_assert_int_eq(read_record(unreadable[_i].sql, &r), BK_E_INTERNAL);
	ck_assert_str_eq(err.message, unreadable[_i].message);
	bk_fields_clear(fields, BK_COUNT(fields), &r);
}
END_TEST

/* The i-th element as the server reads the array. */
static char *element(const char *array, size_t i)
{
	char index[24];
	const char *params[] = {array, index};

	(void)snprintf(index, sizeof(index), "%zu", i + 1);
	return pg_text("SELECT ($1::text[])[$2::int]", params, 2);
}

static const char *const items[] = {
	"plain",    "",   NULL, "NULL", "null", "a,b",  "{a}",     "a\"b",
	"a\\b",     "\\", "\"", " x ",  "\n\t", "it's", "\\\"{},", "Ünïcode \xe2\x82\xac",
	"E'\\x41'", "$1",
};

START_TEST(a_text_array_reads_back_as_it_was)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf array = BK_BUF_INIT;
	const char *params[1];
	BK_CLEAN(bk_free_str) char *count = NULL;

	bk_db_text_array(&array, items, BK_COUNT(items));
	params[0] = bk_buf_cstr(&array);
	count = pg_text("SELECT cardinality($1::text[])", params, 1);
	ck_assert_int_eq(strtol(count, NULL, 10), (long)BK_COUNT(items));
	for (size_t i = 0; i < BK_COUNT(items); i++) {
		BK_CLEAN(bk_free_str) char *got = element(bk_buf_cstr(&array), i);

		ck_assert_pstr_eq(got, items[i]);
	}
}
END_TEST

START_TEST(an_empty_text_array_is_one)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf array = BK_BUF_INIT;

	bk_db_text_array(&array, NULL, 0);
	ck_assert_str_eq(bk_buf_cstr(&array), "{}");
}
END_TEST

START_TEST(a_list_is_read_as_the_server_has_it)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf array = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct record r;

	bk_db_text_array(&array, items, BK_COUNT(items));
	bk_buf_str(&sql, "SELECT ");
	bk_sql_literal(&sql, bk_buf_cstr(&array));
	bk_buf_str(&sql, "::text[] AS list");
	ck_assert_int_eq(read_fields(bk_buf_cstr(&sql), list_field, 1, &r), BK_OK);
	ck_assert_uint_eq(r.list.count, BK_COUNT(items));
	for (size_t i = 0; i < BK_COUNT(items); i++)
		ck_assert_pstr_eq(r.list.items[i], items[i]);
	bk_fields_clear(list_field, 1, &r);
	ck_assert_ptr_null(r.list.items);
}
END_TEST

START_TEST(a_list_may_be_empty_or_null)
{
	struct record r;

	ck_assert_int_eq(read_fields("SELECT '{}'::text[] AS list", list_field, 1, &r), BK_OK);
	ck_assert_uint_eq(r.list.count, 0);
	ck_assert_int_eq(read_fields("SELECT NULL::text[] AS list", list_field, 1, &r), BK_OK);
	ck_assert_uint_eq(r.list.count, 0);
}
END_TEST

static const char *const no_lists[] = {
	"",     "{",      "}",         "a",      "{a",    "a}",    "{a}b",  "{a,}",        "{,a}",
	"{,}",  "{\"a}",  "{\"a\\\"}", "{a b}",  "{a\"}", "{\"}",  "{{a}}", "{{a},{b}}",   "{ a}",
	"{a}}", "{a\\b}", "{\"a\"b}",  "{\"a\\", "{\"",   "{a\nb", " {a}",  "[0:1]={a,b}",
};

START_TEST(what_is_no_list_is_refused)
{
	struct bk_array array = {NULL, 7};

	ck_assert_msg(!bk_array_parse(no_lists[_i], &array), "%s", no_lists[_i]);
	ck_assert_uint_eq(array.count, 7);
}
END_TEST

START_TEST(a_column_that_is_no_list_is_refused)
{
	struct record r;

	ck_assert_int_eq(read_fields("SELECT '{{a},{b}}'::text[] AS list", list_field, 1, &r),
			 BK_E_INTERNAL);
	ck_assert_str_eq(err.message, "column list: \"{{a},{b}}\" is no list of texts");
}
END_TEST

/* Quotes, backslashes, letters, and characters of two to four bytes. */
static void draw_text(struct draw *d, struct bk_buf *out)
{
	static const char *const pieces[] = {
		"'",    "\"",   "\\", "''",       "\\'",          "a",
		"Z",    " ",    ";",  "--",       "$$",           "/*",
		":x",   "E",    "\n", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\x01", "\x7f",
	};
	int64_t n = draw_below(d, 12);

	for (int64_t i = 0; i < n; i++)
		bk_buf_str(out, pieces[draw_below(d, (int64_t)BK_COUNT(pieces))]);
}

START_TEST(names_and_literals_are_quoted_as_libpq_does)
{
	struct draw d = {draw_seed()};

	for (int i = 0; i < 20000; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
		BK_CLEAN(bk_buf_clear) struct bk_buf ident = BK_BUF_INIT;
		BK_CLEAN(bk_buf_clear) struct bk_buf literal = BK_BUF_INIT;
		char *theirs;

		draw_text(&d, &text);
		bk_sql_ident(&ident, bk_buf_cstr(&text));
		theirs = PQescapeIdentifier(pg_db->conn, bk_buf_cstr(&text), text.len);
		ck_assert_str_eq(bk_buf_cstr(&ident), theirs);
		PQfreemem(theirs);
		bk_sql_literal(&literal, bk_buf_cstr(&text));
		theirs = PQescapeLiteral(pg_db->conn, bk_buf_cstr(&text), text.len);
		ck_assert_str_eq(bk_buf_cstr(&literal), theirs);
		PQfreemem(theirs);
	}
}
END_TEST

/* What the server makes of them, one long statement for all. */
START_TEST(a_literal_is_read_by_the_server_as_it_was)
{
	static const char *const settings[] = {"on", "off"};
	struct draw d = {draw_seed()};

	for (size_t s = 0; s < BK_COUNT(settings); s++)
		for (int i = 0; i < 300; i++) {
			BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
			BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
			BK_CLEAN(bk_free_str) char *got = NULL;

			draw_text(&d, &text);
			bk_buf_fmt(&sql, "SET standard_conforming_strings = %s", settings[s]);
			pg_script(bk_buf_cstr(&sql));
			bk_buf_reset(&sql);
			bk_buf_str(&sql, "SELECT ");
			bk_sql_literal(&sql, bk_buf_cstr(&text));
			got = pg_text(bk_buf_cstr(&sql), NULL, 0);
			ck_assert_str_eq(got, bk_buf_cstr(&text));
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("values");
	TCase *tc = tcase_create("values");

	tcase_add_checked_fixture(tc, pg_open, pg_close);
	ADD_ROWS(tc, a_row_is_read_by_the_names_of_its_columns, records);
	ADD_ROWS(tc, an_answer_that_makes_no_sense_is_refused, unreadable);
	ADD(tc, a_text_array_reads_back_as_it_was);
	ADD(tc, an_empty_text_array_is_one);
	ADD(tc, a_list_is_read_as_the_server_has_it);
	ADD(tc, a_list_may_be_empty_or_null);
	ADD_ROWS(tc, what_is_no_list_is_refused, no_lists);
	ADD(tc, a_column_that_is_no_list_is_refused);
	ADD(tc, names_and_literals_are_quoted_as_libpq_does);
	ADD(tc, a_literal_is_read_by_the_server_as_it_was);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

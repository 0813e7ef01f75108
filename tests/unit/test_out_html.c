/*
 * Text of others in a page: nothing of it is markup, nothing of it acts on the eye, and
 * not more of it is there than a page can show.
 */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "db/rows.h"
#include "out/html.h"

static const struct {
	const char *text;
	const char *html;
} texts[] = {
	{"", ""},
	{"plain, caf\u00e9, \u5e74", "plain, caf\u00e9, \u5e74"},
	{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
	{"\" onload='x' &lt;", "&quot; onload=&#39;x&#39; &amp;lt;"},
	{"a\nb\tc\r", "a\\nb\\tc\\x0d"},
	{"\033[2J\x7f", "\\x1b[2J\\x7f"},
	{"\u202egnp.exe\u2066", "\\u{202e}gnp.exe\\u{2066}"},
	{"\xc2\x9b"
	 "31m",
	 "\\u{9b}31m"},
	{"bad \xff\xc0\xaf end", "bad \\xff\\xc0\\xaf end"},
	{"--></style>]]>", "--&gt;&lt;/style&gt;]]&gt;"},
};

START_TEST(a_text_is_no_markup)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_html_text(&out, texts[_i].text);
	ck_assert_str_eq(bk_buf_cstr(&out), texts[_i].html);
}
END_TEST

static const struct {
	const char *text;
	size_t most;
	const char *html;
} cuts[] = {
	{"", 3, ""},
	{"abc", 3, "abc"},
	{"abcd", 3, "abc\u2026"},
	{"\u00e4\u5e74\U0001F600x", 3, "\u00e4\u5e74\U0001F600\u2026"},
	{"<<<<", 2, "&lt;&lt;\u2026"},
	{"\xff\xff\xff", 2, "\\xff\\xff\u2026"},
	/* A character that the end of the text cuts off. */
	{"ab\xe5\xb9", 9, "ab\\xe5\\xb9"},
};

START_TEST(a_long_text_is_cut_between_characters)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_html_cut(&out, cuts[_i].text, cuts[_i].most);
	ck_assert_str_eq(bk_buf_cstr(&out), cuts[_i].html);
}
END_TEST

START_TEST(a_megabyte_becomes_a_cell_like_any_other)
{
	BK_CLEAN(bk_free_str) char *text = bk_calloc((1 << 20) + 1, 1);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	memset(text, '<', 1 << 20);
	bk_html_cell(&out, text);
	ck_assert_uint_lt(out.len, 2000);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), "&lt;\u2026</td>"));
}
END_TEST

START_TEST(a_table_has_heads_and_a_name)
{
	static const char *const headers[] = {"Job", "#Runs", "##1", NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_html_table(&out, "Runs \"x\"", headers);
	bk_html_row(&out);
	bk_html_head(&out, "a&b");
	bk_html_count(&out, 1234567);
	bk_html_cell(&out, NULL);
	bk_html_row_end(&out);
	bk_html_table_end(&out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "<div class=\"scroll\" role=\"region\" tabindex=\"0\""
			 " aria-label=\"Runs &quot;x&quot;\">\n<table>\n<thead><tr>"
			 "<th scope=\"col\">Job</th><th scope=\"col\" class=\"n\">Runs</th>"
			 "<th scope=\"col\" class=\"n\">#1</th></tr></thead>\n<tbody>\n"
			 "<tr><th scope=\"row\">a&amp;b</th><td class=\"n\">1,234,567</td>"
			 "<td class=\"none\">\u2013</td></tr>\n</tbody>\n</table>\n</div>\n");
}
END_TEST

START_TEST(what_is_not_known_is_a_dash)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf dashes = BK_BUF_INIT;

	bk_html_count(&out, BK_NULL_INT);
	bk_html_duration(&out, -1);
	bk_html_time(&out, NULL);
	for (int i = 0; i < 3; i++)
		bk_html_cell(&dashes, NULL);
	ck_assert_str_eq(bk_buf_cstr(&out), bk_buf_cstr(&dashes));
}
END_TEST

START_TEST(a_time_is_shown_to_the_second)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_html_time(&out, "2026-11-23T06:30:00.097Z");
	ck_assert_str_eq(bk_buf_cstr(&out), "<td><time datetime=\"2026-11-23T06:30:00.097Z\">"
					    "2026-11-23 06:30:00</time></td>");
	bk_buf_reset(&out);
	bk_html_time(&out, "infinity");
	ck_assert_str_eq(bk_buf_cstr(&out), "<td><time datetime=\"infinity\">infinity</time></td>");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_html");
	TCase *tc = tcase_create("html");

	ADD_ROWS(tc, a_text_is_no_markup, texts);
	ADD_ROWS(tc, a_long_text_is_cut_between_characters, cuts);
	ADD(tc, a_megabyte_becomes_a_cell_like_any_other);
	ADD(tc, a_table_has_heads_and_a_name);
	ADD(tc, what_is_not_known_is_a_dash);
	ADD(tc, a_time_is_shown_to_the_second);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

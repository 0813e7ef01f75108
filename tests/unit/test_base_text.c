/*
 * UTF-8, the escapers, and "did you mean".
 */
#include "suite.h"

#include <string.h>

#include "base/text.h"

#define SIXTY "123456789 123456789 123456789 123456789 123456789 123456789 "
#define REPLACED "\xEF\xBF\xBD"

/* One sequence; len is what is at hand of it. */
static const struct {
	const char *bytes;
	size_t len;
	size_t good; /* bytes of the sequence, 0 = bad */
	uint32_t code;
} sequences[] = {
	{"a", 1, 1, 'a'},
	{"\x7F", 1, 1, 0x7F},
	{"", 0, 0, 0},
	{"\xC2\x80", 2, 2, 0x80},
	{"\xC3\xA9x", 3, 2, 0xE9},
	{"\xDF\xBF", 2, 2, 0x7FF},
	{"\xE0\xA0\x80", 3, 3, 0x800},
	{"\xED\x9F\xBF", 3, 3, 0xD7FF},
	{"\xEE\x80\x80", 3, 3, 0xE000},
	{"\xEF\xBF\xBF", 3, 3, 0xFFFF},
	{"\xF0\x90\x80\x80", 4, 4, 0x10000},
	{"\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF},
	{"\x80", 1, 0, 0},             /* a continuation */
	{"\xC0\x80", 2, 0, 0},         /* overlong */
	{"\xC1\xBF", 2, 0, 0},         /* overlong */
	{"\xE0\x9F\xBF", 3, 0, 0},     /* overlong */
	{"\xF0\x8F\xBF\xBF", 4, 0, 0}, /* overlong */
	{"\xED\xA0\x80", 3, 0, 0},     /* surrogate */
	{"\xED\xBF\xBF", 3, 0, 0},     /* surrogate */
	{"\xF4\x90\x80\x80", 4, 0, 0}, /* beyond U+10FFFF */
	{"\xF5\x80\x80\x80", 4, 0, 0},
	{"\xFF", 1, 0, 0},
	{"\xC3", 1, 0, 0}, /* cut off */
	{"\xE2\x82", 2, 0, 0},
	{"\xF0\x9F\x98", 3, 0, 0},
	{"\xC3x", 2, 0, 0},
	{"\xE2\x82x", 3, 0, 0},
	{"\xF0\x9F\x98x", 4, 0, 0},
};

START_TEST(only_well_formed_utf_8_is_utf_8)
{
	size_t n = bk_utf8_len(sequences[_i].bytes, sequences[_i].len);

	ck_assert_uint_eq(n, sequences[_i].good);
	if (n)
		ck_assert_uint_eq(bk_utf8_decode(sequences[_i].bytes, n), sequences[_i].code);
	ck_assert_int_eq(bk_utf8_valid(sequences[_i].bytes, sequences[_i].len),
			 n || !sequences[_i].len);
}
END_TEST

static const struct {
	const char *text;
	const char *clean;
	const char *line;
} texts[] = {
	{"", "", ""},
	{"plain", "plain", "plain"},
	{"caf\xC3\xA9", "caf\xC3\xA9", "caf\xC3\xA9"},
	{"caf\xC3", "caf" REPLACED, "caf\\xc3"},
	{"\xFFx\xFE", REPLACED "x" REPLACED, "\\xffx\\xfe"},
	{"\xED\xA0\x80", REPLACED REPLACED REPLACED, "\\xed\\xa0\\x80"},
	{"a\nb\tc", "a\nb\tc", "a\\nb\\tc"},
	{"\x1b[2J\x07\x7F", "\x1b[2J\x07\x7F", "\\x1b[2J\\x07\\x7f"},
	{"\xC2\x9B"
	 "31m",
	 "\xC2\x9B"
	 "31m",
	 "\\u{9b}31m"},                                               /* CSI in C1 */
	{"\xE2\x80\xAE", "\xE2\x80\xAE", "\\u{202e}"},                /* right to left */
	{"\xE2\x80\xA8", "\xE2\x80\xA8", "\\u{2028}"},                /* line separator */
	{"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"}, /* a face */
	{"back\\slash \"quoted\"", "back\\slash \"quoted\"", "back\\slash \"quoted\""},
};

START_TEST(bad_bytes_are_replaced_and_controls_made_visible)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf clean = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;

	bk_utf8_clean(&clean, texts[_i].text, strlen(texts[_i].text));
	bk_escape_line(&line, texts[_i].text);
	ck_assert_str_eq(bk_buf_cstr(&clean), texts[_i].clean);
	ck_assert_str_eq(bk_buf_cstr(&line), texts[_i].line);
	ck_assert(bk_utf8_valid(bk_buf_cstr(&clean), clean.len));
}
END_TEST

START_TEST(no_byte_string_leaves_a_control_in_a_line)
{
	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b++) {
			BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
			char text[3] = {(char)a, (char)b, '\0'};
			const char *p;

			bk_escape_line(&line, text);
			p = bk_buf_cstr(&line);
			for (size_t n; *p; p += n) {
				n = bk_utf8_len(p, strlen(p));
				if (!n || bk_is_control(bk_utf8_decode(p, n)))
					ck_abort_msg("%02x %02x", (unsigned)a, (unsigned)b);
			}
		}
	}
}
END_TEST

static const struct {
	const char *text;
	const char *quoted;
} quotes[] = {
	{"", "\"\""},
	{"5x", "\"5x\""},
	{"\x1b[2J", "\"\\x1b[2J\""},
	{SIXTY, "\"" SIXTY "\""},
	{SIXTY "x", "\"" SIXTY "...\""},
	{"12345678" SIXTY, "\"12345678123456789 123456789 123456789 123456789 123456789 12...\""},
	{"\xC3\xA9\xC3\xA9"
	 "123456789 123456789 123456789 123456789 123456789 12345\xC3\xA9",
	 "\"\xC3\xA9\xC3\xA9"
	 "123456789 123456789 123456789 123456789 123456789 12345...\""},
};

START_TEST(what_was_typed_is_shown_in_quotes_and_not_whole)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_quote(&out, quotes[_i].text);
	ck_assert_str_eq(bk_buf_cstr(&out), quotes[_i].quoted);
}
END_TEST

START_TEST(words_are_listed_with_or)
{
	static const char *const lists[][4] = {{"a"}, {"a", "b"}, {"a", "b", "c"}};
	static const char *const wanted[] = {"a", "a or b", "a, b or c"};

	for (size_t i = 0; i < BK_COUNT(wanted); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

		bk_list_words(&out, lists[i]);
		ck_assert_str_eq(bk_buf_cstr(&out), wanted[i]);
	}
}
END_TEST

START_TEST(of_two_words_it_is_neither)
{
	static const char *const lists[][4] = {{"a"}, {"a", "b"}, {"a", "b", "c"}};
	static const char *const wanted[] = {"is none of a", "is neither a nor b",
					     "is none of a, b or c"};

	for (size_t i = 0; i < BK_COUNT(wanted); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

		bk_none_of(&out, lists[i]);
		ck_assert_str_eq(bk_buf_cstr(&out), wanted[i]);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *cell;
	bool is_number;
} cells[] = {
	{"", "\"\"", false},
	{"", "", true},
	{"plain text", "plain text", false},
	{"a,b", "\"a,b\"", false},
	{"a \"b\"", "\"a \"\"b\"\"\"", false},
	{"a\nb", "\"a\nb\"", false},
	{"a\rb", "\"a\rb\"", false},
	{"=1+1", "\"'=1+1\"", false},
	{"+1", "\"'+1\"", false},
	{"-1", "-1", false},
	{"-50.25", "-50.25", false},
	{"-1+2", "\"'-1+2\"", false},
	{"@x", "\"'@x\"", false},
	{"\tx", "\"'\tx\"", false},
	{"-1", "-1", true},
	{"bad\xFF", "bad" REPLACED, false},
};

START_TEST(a_csv_cell_is_quoted_where_needed_and_is_no_formula)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_escape_csv(&out, cells[_i].text, cells[_i].is_number);
	ck_assert_str_eq(bk_buf_cstr(&out), cells[_i].cell);
}
END_TEST

static const char *const words[] = {"jobs", "job",     "history",        "execution", "config",
				    "dev",  "tracked", "update-expired", NULL};

static const struct {
	const char *word;
	const char *nearest;
} guesses[] = {
	{"history", "history"},
	{"histroy", "history"}, /* exchanged */
	{"hstory", "history"},
	{"histooory", "history"},
	{"hisstooory", NULL},
	{"confg", "config"},
	{"jbos", "jobs"},
	{"foo", NULL}, /* two edits from "job", which are most of it */
	{"dve", "dev"},
	{"traked", "tracked"},
	{"update-exipred", "update-expired"},
	{"update", NULL},
	{"jo", NULL},
	{"", NULL},
	{"HISTORY", NULL},
	{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	 NULL},
};

START_TEST(a_near_miss_is_guessed)
{
	const char *found = bk_nearest(guesses[_i].word, words);

	if (guesses[_i].nearest)
		ck_assert_pstr_eq(found, guesses[_i].nearest);
	else
		ck_assert_msg(!found, "%s: %s", guesses[_i].word, found);
}
END_TEST

START_TEST(a_word_too_long_to_compare_is_no_guess)
{
	char longer[200];
	const char *list[] = {longer, NULL};

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_ptr_null(bk_nearest(longer, list));
}
END_TEST

static const struct {
	const char *before;
	const char *text;
	size_t width;
	size_t indent;
	const char *wrapped;
} wraps[] = {
	{"", "", 10, 2, ""},
	{"", "one two", 0, 2, "one two"},
	{"", "one two", 7, 2, "one two"},
	{"", "one two", 6, 2, "one\n  two"},
	{"", "  one   two ", 80, 2, "one two"},
	/* A word that is too long gets a line of its own. */
	{"", "aaaaaaaa bb", 4, 2, "aaaaaaaa\n  bb"},
	{"", "bb aaaaaaaa", 4, 2, "bb\n  aaaaaaaa"},
	/* Characters count, not bytes. */
	{"", "\xC3\xBC\xC3\xBC \xC3\xBC", 4, 2, "\xC3\xBC\xC3\xBC \xC3\xBC"},
	/* The line has begun. */
	{"-x  ", "one two", 9, 4, "-x  one\n    two"},
	{"-x", "one", 9, 4, "-x one"},
};

START_TEST(words_are_wrapped_at_blanks)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_buf_str(&out, wraps[_i].before);
	bk_wrap(&out, wraps[_i].text, wraps[_i].width, wraps[_i].indent);
	ck_assert_str_eq(bk_buf_cstr(&out), wraps[_i].wrapped);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_text");
	TCase *tc = tcase_create("text");

	ADD_ROWS(tc, only_well_formed_utf_8_is_utf_8, sequences);
	ADD_ROWS(tc, bad_bytes_are_replaced_and_controls_made_visible, texts);
	ADD(tc, no_byte_string_leaves_a_control_in_a_line);
	ADD_ROWS(tc, what_was_typed_is_shown_in_quotes_and_not_whole, quotes);
	ADD(tc, words_are_listed_with_or);
	ADD(tc, of_two_words_it_is_neither);
	ADD_ROWS(tc, words_are_wrapped_at_blanks, wraps);
	ADD_ROWS(tc, a_csv_cell_is_quoted_where_needed_and_is_no_formula, cells);
	ADD_ROWS(tc, a_near_miss_is_guessed, guesses);
	ADD(tc, a_word_too_long_to_compare_is_no_guess);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Cursors and bounds in time, as users hand them in.
 */
#include "suite.h"

#include <string.h>

#include "base/attr.h"
#include "view/cursor.h"
#include "view/moment.h"

static const struct bk_cursor cursors[] = {
	{0, 1},
	{INT64_C(1795415400097123), 4711},
	{-1, INT64_MAX},
	{INT64_C(-62135596800000000), 1},
	{INT64_C(253402300799999999), INT64_C(9007199254740993)},
};

START_TEST(a_cursor_comes_back_as_it_was)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct bk_cursor back = {0, 0};

	bk_cursor_write(&text, &cursors[_i]);
	ck_assert(bk_cursor_parse(bk_buf_cstr(&text), &back));
	ck_assert_int_eq(back.at_us, cursors[_i].at_us);
	ck_assert_int_eq(back.id, cursors[_i].id);
}
END_TEST

START_TEST(a_cursor_is_a_word_that_needs_no_quotes)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	const struct bk_cursor c = {INT64_C(1795415400097123), 4711};

	bk_cursor_write(&text, &c);
	ck_assert_uint_eq(strspn(bk_buf_cstr(&text), "0123456789abcdef"), text.len);
}
END_TEST

/* Each character replaced by each other digit, and each one left out. */
START_TEST(a_damaged_cursor_is_refused)
{
	static const char digits[] = "0123456789abcdef";
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	const struct bk_cursor c = {INT64_C(1795415400097123), 4711};
	struct bk_cursor back = {5, 6};
	char broken[64];

	bk_cursor_write(&text, &c);
	for (size_t i = 0; i < text.len; i++) {
		for (size_t d = 0; digits[d]; d++) {
			memcpy(broken, text.data, text.len + 1);
			if (broken[i] == digits[d])
				continue;
			broken[i] = digits[d];
			ck_assert_msg(!bk_cursor_parse(broken, &back), "%s", broken);
		}
		memmove(broken, text.data, i);
		memmove(broken + i, text.data + i + 1, text.len - i);
		ck_assert_msg(!bk_cursor_parse(broken, &back), "%s", broken);
	}
	ck_assert_int_eq(back.at_us, 5);
}
END_TEST

static const char *const no_cursors[] = {
	"",
	"x",
	"1",
	"0",
	"1000000000000000000000000000000000",
	"100000000000000000000000000000000z",
	"1000660F0E1ECA42D00000000000000037",
	"  1000660f0e1eca42d0000000000000003",
	"10006 60f0e1eca42d00000000000000037",
	"-1006660f0e1eca42d0000000000000003",
};

START_TEST(what_is_no_cursor_is_refused)
{
	struct bk_cursor c;

	ck_assert(!bk_cursor_parse(no_cursors[_i], &c));
}
END_TEST

static const struct {
	const char *text;
	enum bk_moment_kind kind;
	int64_t value;
} moments[] = {
	{"1970-01-01T00:00:01Z", BK_MOMENT_AT, 1000000},
	{"1970-01-01T01:00:00.5+01:00", BK_MOMENT_AT, 500000},
	{"1970-01-02", BK_MOMENT_AT, INT64_C(86400000000)},
	{"2h", BK_MOMENT_AGO, 7200000},
	{"30d", BK_MOMENT_AGO, INT64_C(2592000000)},
	{"0", BK_MOMENT_AGO, 0},
	{"", BK_MOMENT_NONE, 0},
	{"yesterday", BK_MOMENT_NONE, 0},
	{"-2h", BK_MOMENT_NONE, 0},
	{"2 h", BK_MOMENT_NONE, 0},
	{"2026-02-30", BK_MOMENT_NONE, 0},
	{"2026-11-23T06:30:00", BK_MOMENT_NONE, 0},
	{"1795415400", BK_MOMENT_NONE, 0},
};

START_TEST(a_bound_is_an_instant_or_how_long_ago)
{
	struct bk_moment m = {BK_MOMENT_NONE, 0, 0};

	ck_assert_int_eq(bk_moment_parse(moments[_i].text, &m), moments[_i].kind != BK_MOMENT_NONE);
	ck_assert_int_eq(m.kind, moments[_i].kind);
	ck_assert_int_eq(m.kind == BK_MOMENT_AT ? m.at_us : m.ago_ms, moments[_i].value);
}
END_TEST

static const struct bk_place places[] = {
	{0, 0, 0},
	{731, 0, 0},
	{731, 17, 5000},
	{INT64_MAX, INT64_MAX, INT32_MAX},
};

START_TEST(a_place_among_events_comes_back_as_it_was)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct bk_place back = {9, 9, 9};

	bk_event_cursor_write(&text, &places[_i]);
	ck_assert_uint_eq(strspn(bk_buf_cstr(&text), "0123456789abcdef"), text.len);
	ck_assert(bk_event_cursor_parse(bk_buf_cstr(&text), &back));
	ck_assert_int_eq(bk_place_compare(&back, &places[_i]), 0);
}
END_TEST

START_TEST(no_damaged_one_and_none_of_another_list_is_taken_for_it)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf other = BK_BUF_INIT;
	const struct bk_cursor cursor = {5, 7};
	struct bk_cursor read = {0, 0};
	struct bk_place back = {9, 9, 9};

	bk_event_cursor_write(&text, &places[2]);
	for (size_t i = 0; i < text.len; i++) {
		char was = text.data[i];

		text.data[i] = was == 'f' ? '0' : 'f';
		ck_assert(!bk_event_cursor_parse(text.data, &back));
		text.data[i] = was;
	}
	ck_assert(!bk_cursor_parse(text.data, &read));
	bk_cursor_write(&other, &cursor);
	ck_assert(!bk_event_cursor_parse(bk_buf_cstr(&other), &back));
	ck_assert_int_eq(back.item, 9);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_cursor");
	TCase *tc = tcase_create("cursor");

	ADD_ROWS(tc, a_cursor_comes_back_as_it_was, cursors);
	ADD(tc, a_cursor_is_a_word_that_needs_no_quotes);
	ADD(tc, a_damaged_cursor_is_refused);
	ADD_ROWS(tc, what_is_no_cursor_is_refused, no_cursors);
	ADD_ROWS(tc, a_place_among_events_comes_back_as_it_was, places);
	ADD(tc, no_damaged_one_and_none_of_another_list_is_taken_for_it);
	ADD_ROWS(tc, a_bound_is_an_instant_or_how_long_ago, moments);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

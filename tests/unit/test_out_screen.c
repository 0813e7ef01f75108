/*
 * Frames of a screen: every line is cleared behind its text, nothing before.
 */
#include "out/screen.h"

#include "base/attr.h"
#include "suite.h"

static const struct {
	const char *text;
	int rows;
	const char *frame;
} frames[] = {
	{"", 24, "\033[H\033[J"},
	{"a\n", 24, "\033[Ha\033[K\033[J"},
	{"a", 24, "\033[Ha\033[K\033[J"},
	{"a\n\nb\n", 24, "\033[Ha\033[K\r\n\033[K\r\nb\033[K\033[J"},
	{"a\nb\n", 2, "\033[Ha\033[K\r\nb\033[K\033[J"},
	{"a\nb\nc\n", 2, "\033[Ha\033[K\r\n... 2 more lines\033[K\033[J"},
	{"a\nb\nc\n", 1, "\033[H... 3 more lines\033[K\033[J"},
};

START_TEST(a_frame_begins_at_home_and_leaves_nothing_below)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_screen_frame(&out, frames[_i].text, frames[_i].rows);
	ck_assert_str_eq(bk_buf_cstr(&out), frames[_i].frame);
}
END_TEST

START_TEST(leaving_takes_back_what_entering_did)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf in = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_screen_enter(&in);
	bk_out_screen_leave(&out);
	ck_assert_str_eq(bk_buf_cstr(&in), "\033[?1049h\033[?25l\033[?7l");
	ck_assert_str_eq(bk_buf_cstr(&out), "\033[?7h\033[?25h\033[?1049l");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_screen");
	TCase *tc = tcase_create("screen");

	ADD_ROWS(tc, a_frame_begins_at_home_and_leaves_nothing_below, frames);
	ADD(tc, leaving_takes_back_what_entering_did);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

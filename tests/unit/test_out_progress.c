/*
 * The words of progress: each field, what is left out where it does not fit,
 * and the pace of the last seconds.
 */
#include "out/progress.h"

#include "base/attr.h"
#include "db/rows.h"
#include "suite.h"

#define NONE BK_NULL_INT

static const struct {
	struct bk_progress progress;
	struct bk_pace pace;
	int width;
	const char *line;
} lines[] = {
	{{120000, 300000, 1043},
	 {120000, 1043},
	 0,
	 "activate-due  120,000 / 300,000  40 %  115,052/s  1.5 s left"},
	{{120000, NONE, 1043},
	 {120000, 1043},
	 0,
	 "activate-due  120,000 done  115,052/s  1.0 s so far"},
	{{0, NONE, 0}, {0, 0}, 0, "activate-due  0 done  0/s  0 ms so far"},
	{{5, 10, 90000}, {0, 10000}, 0, "activate-due  5 / 10  50 %  0/s  1m 30s so far"},
	{{10, 10, 2000}, {10, 2000}, 0, "activate-due  10 / 10  100 %  5/s  2.0 s so far"},
	{{12, 10, 2000}, {12, 2000}, 0, "activate-due  12 / 10  100 %  6/s  2.0 s so far"},
	{{0, 0, 2000}, {0, 2000}, 0, "activate-due  0 / 0  0/s  2.0 s so far"},
	{{120000, 300000, 1043},
	 {120000, 1043},
	 60,
	 "activate-due  120,000 / 300,000  40 %  115,052/s  1.5 s left"},
	{{120000, 300000, 1043},
	 {120000, 1043},
	 59,
	 "activate-due  120,000 / 300,000  40 %  115,052/s"},
	{{120000, 300000, 1043}, {120000, 1043}, 47, "activate-due  120,000 / 300,000  40 %"},
	{{120000, 300000, 1043}, {120000, 1043}, 36, "activate-due  120,000 / 300,000"},
	{{120000, 300000, 1043}, {120000, 1043}, 30, "activate-due"},
	{{120000, 300000, 1043}, {120000, 1043}, 5, "activ"},
};

START_TEST(a_line_has_what_fits)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	/* What stood in the buffer before does not count for the width. */
	bk_buf_str(&out, "\r");
	bk_out_progress_line(&out, "activate-due", &lines[_i].progress, &lines[_i].pace,
			     lines[_i].width);
	ck_assert_str_eq(bk_buf_cstr(&out) + 1, lines[_i].line);
}
END_TEST

START_TEST(a_sentence_names_the_execution)
{
	const struct bk_progress known = {120000, 300000, 3200};
	const struct bk_progress uncounted = {120000, NONE, 3200};
	const struct bk_pace pace = {120000, 1043};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_progress_sentence(&out, "activate-due", "17", &known, &pace);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "activate-due: execution 17, 120,000 of 300,000 bookings, 115,052/s, "
			 "3.2 s so far");
	bk_buf_reset(&out);
	bk_out_progress_sentence(&out, "activate-due", NULL, &uncounted, &pace);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "activate-due: 120,000 bookings, 115,052/s, 3.2 s so far");
}
END_TEST

static void note(struct bk_out_samples *samples, int64_t processed, int64_t elapsed_ms)
{
	bk_out_progress_note(samples, &(const struct bk_progress){processed, NONE, elapsed_ms});
}

START_TEST(a_young_run_has_the_pace_of_its_whole_life)
{
	struct bk_out_samples samples = {.count = 0};
	struct bk_pace pace;

	for (int i = 1; i <= 40; i++)
		note(&samples, i * 10, i * 200);
	pace = bk_out_progress_pace(&samples);
	ck_assert_int_eq(pace.count, 400);
	ck_assert_int_eq(pace.ms, 8000);
}
END_TEST

START_TEST(later_only_the_last_seconds_count)
{
	struct bk_out_samples samples = {.count = 0};
	struct bk_pace pace;

	/* Nothing for a minute, then a hundred a second. */
	for (int64_t ms = 200; ms <= 60000; ms += 200)
		note(&samples, 0, ms);
	for (int64_t ms = 60200; ms <= 90000; ms += 200)
		note(&samples, (ms - 60000) / 10, ms);
	pace = bk_out_progress_pace(&samples);
	ck_assert_int_eq(bk_pace_per_second(&pace), 100);
	ck_assert_int_ge(pace.ms, 8000);
	ck_assert_int_le(pace.ms, 15000);
}
END_TEST

START_TEST(a_pace_ends_with_the_last_batch_if_that_was_just_now)
{
	struct bk_out_samples samples = {.count = 0};
	struct bk_pace pace;

	note(&samples, 10, 1000);
	note(&samples, 50, 1100);
	note(&samples, 50, 3099);
	pace = bk_out_progress_pace(&samples);
	ck_assert_int_eq(pace.count, 50);
	ck_assert_int_eq(pace.ms, 1100);
	note(&samples, 50, 3100);
	pace = bk_out_progress_pace(&samples);
	ck_assert_int_eq(pace.count, 50);
	ck_assert_int_eq(pace.ms, 3100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_progress");
	TCase *tc = tcase_create("progress");

	ADD_ROWS(tc, a_line_has_what_fits, lines);
	ADD(tc, a_sentence_names_the_execution);
	ADD(tc, a_young_run_has_the_pace_of_its_whole_life);
	ADD(tc, later_only_the_last_seconds_count);
	ADD(tc, a_pace_ends_with_the_last_batch_if_that_was_just_now);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

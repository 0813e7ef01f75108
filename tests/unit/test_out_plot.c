/*
 * Plots: the scales, where marks are on them, and what is drawn, to the byte.
 */
#include "suite.h"

#include <string.h>

#include "base/attr.h"
#include "out/plot.h"

/* 2026-11-23T00:00:00Z */
#define MONDAY INT64_C(1795392000000000)
#define HOUR INT64_C(3600000000)

static const struct {
	int64_t max;
	size_t count;
	int64_t second;
	int64_t last;
} count_scales[] = {
	{0, 2, 1, 1},
	{1, 2, 1, 1},
	{3, 4, 1, 3},
	{4, 5, 1, 4},
	{5, 4, 2, 6},
	{84, 3, 50, 100},
	{101, 4, 50, 150},
	{1000000, 3, 500000, 1000000},
	{INT64_MAX, 4, INT64_C(1000000000000000000), INT64_C(3000000000000000000)},
};

START_TEST(counts_have_round_ticks_from_zero)
{
	int64_t ticks[BK_PLOT_TICKS];
	size_t n = bk_plot_count_ticks(count_scales[_i].max, ticks);

	ck_assert_uint_eq(n, count_scales[_i].count);
	ck_assert_int_eq(ticks[0], 0);
	ck_assert_int_eq(ticks[1], count_scales[_i].second);
	ck_assert_int_eq(ticks[n - 1], count_scales[_i].last);
}
END_TEST

static const struct {
	int64_t min;
	int64_t max;
	int64_t first;
	int64_t last;
	size_t count;
} time_scales[] = {
	{0, 0, 1, 10, 2},
	{5, 9, 1, 10, 2},
	{10, 10, 1, 10, 2},
	{12, 90, 10, 100, 2},
	{12, 101, 10, 1000, 3},
	{3, 61000, 1, 600000, 7},
	{0, INT64_MAX, 1, 3600000000, 11},
	{INT64_MAX, INT64_MAX, 360000000, 3600000000, 2},
};

START_TEST(times_have_round_ticks_around_them)
{
	int64_t ticks[BK_PLOT_TICKS];
	size_t n = bk_plot_time_ticks(time_scales[_i].min, time_scales[_i].max, ticks);

	ck_assert_uint_eq(n, time_scales[_i].count);
	ck_assert_int_eq(ticks[0], time_scales[_i].first);
	ck_assert_int_eq(ticks[n - 1], time_scales[_i].last);
}
END_TEST

START_TEST(a_logarithmic_scale_gives_each_decade_the_same_room)
{
	ck_assert_double_eq_tol(bk_plot_log(10, 1, 1000), 1.0 / 3, 1e-5);
	ck_assert_double_eq_tol(bk_plot_log(100, 1, 1000), 2.0 / 3, 1e-5);
	ck_assert_double_eq_tol(bk_plot_log(31.6227766, 10, 100), 0.5, 1e-5);
	ck_assert_double_eq(bk_plot_log(0, 1, 1000), 0);
	ck_assert_double_eq(bk_plot_log(1, 1, 1000), 0);
	ck_assert_double_eq(bk_plot_log(1000, 1, 1000), 1);
	ck_assert_double_eq(bk_plot_log(5000, 1, 1000), 1);
}
END_TEST

START_TEST(times_are_short)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_plot_time(&out, MONDAY + 6 * HOUR, 0, 0);
	bk_buf_char(&out, '|');
	bk_plot_time(&out, MONDAY + 6 * HOUR, 1, 0);
	bk_buf_char(&out, '|');
	bk_plot_time(&out, MONDAY + 6 * HOUR, 1, 1);
	ck_assert_str_eq(bk_buf_cstr(&out), "23 Nov|23 Nov 06:00|23 Nov 2026 06:00");
}
END_TEST

static const int64_t ones[] = {1, 0, 3, -1};
static const int64_t twos[] = {1, 0, 0, -1};
static const struct bk_series two_jobs[] = {
	{"activate-due", 0, 0, 4, ones},
	{"<b>", 9, 4, 1, twos},
};
static const struct bk_plot bars = {
	.id = "p",
	.title = "Runs & more",
	.unit = "runs per hour",
	.kind = BK_PLOT_BARS,
	.start_us = MONDAY - HOUR,
	.step_us = HOUR,
	.step_count = 4,
	.series = two_jobs,
	.series_count = 2,
};

START_TEST(bars_stand_on_each_other)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_plot_draw(&out, &bars);
	ck_assert_str_eq(
		bk_buf_cstr(&out),
		"<svg class=\"plot\" id=\"p\" role=\"img\" aria-labelledby=\"p-t p-d\""
		" height=\"234\">\n"
		"<title id=\"p-t\">Runs &amp; more</title>\n"
		"<desc id=\"p-d\">runs per hour; the highest is 3 at 23 Nov 01:00 UTC. The"
		" figures"
		" are in the table below.</desc>\n"
		"<g transform=\"translate(0 22)\">\n"
		"<text class=\"unit\" x=\"-50\" y=\"-10\">runs per hour</text>\n"
		"<line class=\"axis\" x2=\"100%\" y1=\"170.0\" y2=\"170.0\"/><text class=\"y\""
		" x=\"-7\" y=\"174.0\">0</text>\n"
		"<line class=\"grid\" x2=\"100%\" y1=\"113.3\" y2=\"113.3\"/><text class=\"y\""
		" x=\"-7\" y=\"117.3\">1</text>\n"
		"<line class=\"grid\" x2=\"100%\" y1=\"56.7\" y2=\"56.7\"/><text class=\"y\""
		" x=\"-7\" y=\"60.7\">2</text>\n"
		"<line class=\"grid\" x2=\"100%\" y1=\"0.0\" y2=\"0.0\"/><text class=\"y\""
		" x=\"-7\""
		" y=\"4.0\">3</text>\n"
		"<line class=\"tick\" x1=\"0.00%\" x2=\"0.00%\" y1=\"170\" y2=\"174\"/><text"
		" class=\"x\" x=\"0.00%\" y=\"190\">23:00</text>\n"
		"<line class=\"tick\" x1=\"25.00%\" x2=\"25.00%\" y1=\"170\" y2=\"174\"/><text"
		" class=\"x odd\" x=\"25.00%\" y=\"190\">23 Nov</text>\n"
		"<line class=\"tick\" x1=\"50.00%\" x2=\"50.00%\" y1=\"170\" y2=\"174\"/><text"
		" class=\"x\" x=\"50.00%\" y=\"190\">01:00</text>\n"
		"<line class=\"tick\" x1=\"75.00%\" x2=\"75.00%\" y1=\"170\" y2=\"174\"/><text"
		" class=\"x odd\" x=\"75.00%\" y=\"190\">02:00</text>\n"
		"<text class=\"x end\" x=\"100%\" y=\"206\">time (UTC)</text>\n"
		"<rect class=\"f c0 d0\" x=\"2.250%\" width=\"20.500%\" y=\"113.3\""
		" height=\"56.7\"/>\n"
		"<rect class=\"f c1 d1\" x=\"2.250%\" width=\"20.500%\" y=\"56.7\""
		" height=\"56.7\"/>\n"
		"<rect class=\"at\" x=\"0.000%\" width=\"25.000%\" y=\"0\""
		" height=\"170\"><title>22"
		" Nov 23:00\n"
		"activate-due: 1\n"
		"&lt;b&gt;: 1</title></rect>\n"
		"<rect class=\"f c0 d0\" x=\"52.250%\" width=\"20.500%\" y=\"0.0\""
		" height=\"170.0\"/>\n"
		"<rect class=\"at\" x=\"50.000%\" width=\"25.000%\" y=\"0\""
		" height=\"170\"><title>23"
		" Nov 01:00\n"
		"activate-due: 3</title></rect>\n"
		"</g>\n"
		"</svg>\n");
}
END_TEST

START_TEST(the_legend_says_what_is_what)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_plot_legend(&out, &bars);
	ck_assert_str_eq(
		bk_buf_cstr(&out),
		"<ul class=\"legend\">\n"
		"<li><svg class=\"key\" aria-hidden=\"true\"><rect width=\"12\""
		" height=\"12\" x=\"5\" class=\"f c0 d0\"/></svg> activate-due <b>4</b></li>\n"
		"<li><svg class=\"key\" aria-hidden=\"true\"><rect width=\"12\""
		" height=\"12\" x=\"5\" class=\"f c1 d1\"/></svg> &lt;b&gt; <b>1</b></li>\n"
		"</ul>\n");
}
END_TEST

/* The drawing of one series of times. */
static const char *line_of(const int64_t *values, size_t count, struct bk_buf *out)
{
	const struct bk_series series = {"median", 3, 0, 1530, values};
	const struct bk_plot plot = {
		.id = "l",
		.title = "t",
		.unit = "time",
		.kind = BK_PLOT_LINES,
		.start_us = MONDAY,
		.step_us = 24 * HOUR,
		.step_count = count,
		.series = &series,
		.series_count = 1,
	};

	bk_buf_reset(out);
	bk_plot_draw(out, &plot);
	return bk_buf_cstr(out);
}

START_TEST(a_line_is_broken_where_nothing_ran)
{
	static const int64_t values[] = {10, 100, -1, 100, 10};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	const char *svg = line_of(values, 5, &out);

	ck_assert_ptr_nonnull(strstr(svg, " d=\"M5 170.0L15 0.0M35 0.0L45 170.0\"/>"));
	ck_assert_ptr_null(strstr(svg, "<circle"));
	ck_assert_ptr_nonnull(strstr(svg, "<title>24 Nov 00:00\nmedian: 100 ms</title>"));
	ck_assert_ptr_null(strstr(svg, "<title>25 Nov"));
	ck_assert_ptr_nonnull(strstr(svg, "<desc id=\"l-d\">time; the highest is 100 ms at"
					  " 24 Nov"
					  " 00:00 UTC."));
}
END_TEST

START_TEST(a_run_that_stands_alone_is_a_point)
{
	static const int64_t values[] = {10, -1, 1, 1};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	const char *svg = line_of(values, 4, &out);
	const char *circle = strstr(svg, "<circle");

	ck_assert_ptr_nonnull(circle);
	ck_assert_ptr_eq(
		strstr(svg, "<circle class=\"f c3 d0\" r=\"3\" cx=\"12.500%\" cy=\"0.0\"/>"),
		circle);
	ck_assert_ptr_null(strstr(circle + 1, "<circle"));
}
END_TEST

START_TEST(a_list_of_bars_has_its_texts_beside_it)
{
	static const struct bk_bar list[] = {
		{"activate", "12, oldest 5m", 0, 0, 12},
		{"no-show", "not known", 1, 0, INT64_MIN},
		{"<i>", "6", 2, 1, 6},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_plot_bars(&out, "o", "Overdue", list, 3);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "<svg class=\"bars\" id=\"o\" role=\"img\" aria-labelledby=\"o-t o-d\""
			 " height=\"138\">\n<title id=\"o-t\">Overdue</title>\n<desc id=\"o-d\">One"
			 " bar each."
			 " The figures are in the table below.</desc>\n"
			 "<text class=\"name\" x=\"0\" y=\"13\">activate</text><rect class=\"f c0"
			 " d0\" x=\"0\""
			 " width=\"50.00%\" y=\"20\" height=\"14\"/><text class=\"value\""
			 " x=\"50.00%\" dx=\"7\""
			 " y=\"31\">12, oldest 5m</text>\n"
			 "<text class=\"name\" x=\"0\" y=\"59\">no-show</text><text class=\"value\""
			 " x=\"0.00%\" dx=\"0\" y=\"77\">not known</text>\n"
			 "<text class=\"name\" x=\"0\" y=\"105\">&lt;i&gt;</text><rect class=\"f c2"
			 " d1\" x=\"0\""
			 " width=\"25.00%\" y=\"112\" height=\"14\"/><text class=\"value\""
			 " x=\"25.00%\" dx=\"7\""
			 " y=\"123\">6</text>\n</svg>\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_plot");
	TCase *tc = tcase_create("plot");

	ADD_ROWS(tc, counts_have_round_ticks_from_zero, count_scales);
	ADD_ROWS(tc, times_have_round_ticks_around_them, time_scales);
	ADD(tc, a_logarithmic_scale_gives_each_decade_the_same_room);
	ADD(tc, times_are_short);
	ADD(tc, bars_stand_on_each_other);
	ADD(tc, the_legend_says_what_is_what);
	ADD(tc, a_line_is_broken_where_nothing_ran);
	ADD(tc, a_run_that_stands_alone_is_a_point);
	ADD(tc, a_list_of_bars_has_its_texts_beside_it);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

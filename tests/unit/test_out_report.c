/*
 * The page as a whole: what is in it for a report with everything and for one with
 * nothing, and that texts of others are markup nowhere.
 */
#include "suite.h"

#include <string.h>

#include "base/attr.h"
#include "db/rows.h"
#include "out/report.h"
#include "out/report_style.h"

#define TEXT(s) ((char *)(uintptr_t)(s))
#define HOUR INT64_C(3600000000)
/* 2026-11-23T00:00:00Z */
#define MONDAY INT64_C(1795392000000000)
#define EVIL "<i>\"'&\u202e\033"
#define TAME "&lt;i&gt;&quot;&#39;&amp;\\u{202e}\\x1b"

static struct bk_report_runs hours[] = {
	{.runs = 30, .empty = 28, .processed = 12, .p50_ms = 10, .p95_ms = 15, .max_ms = 90},
	{.runs = 2, .faults = {[BK_REPORT_ERROR] = 2}, .p50_ms = 5, .p95_ms = 8, .max_ms = 8},
};
static int64_t changes[] = {12, 0};
static struct bk_report_job jobs[] = {
	{TEXT(EVIL), 0, hours, {.runs = 32, .faults = {0, 2}, .processed = 12, .max_ms = 90}},
};
static struct bk_report_rule rules[] = {
	{TEXT(EVIL), TEXT("ACTIVE" EVIL), 0, 0, changes, 12},
};
static struct bk_job_view views[] = {
	{
		.job_name = TEXT(EVIL),
		.status = TEXT("ERROR"),
		.status_text = TEXT("ERROR"),
		.last_execution_status = TEXT("ERROR"),
		.last_execution_time = TEXT("2026-11-23T01:30:00.097Z"),
		.retry_count = 2,
		.queue_depth = BK_NULL_INT,
	},
};
static struct bk_check checks[] = {
	{TEXT(EVIL), BK_HEALTH_CRITICAL, "CRITICAL", TEXT("late " EVIL), 1, 1, false, 1},
	{TEXT("overdue"), BK_HEALTH_WARNING, "WARNING", TEXT("much " EVIL), 1, 1, false, 1},
};
static struct bk_overdue_view overdue[] = {
	{TEXT(EVIL), TEXT(EVIL), 10000, TEXT("2026-11-23T00:00:00.000Z"), 5400000, 0, 1,
	 TEXT(EVIL)},
	{TEXT("total"), NULL, 10000, TEXT("2026-11-23T00:00:00.000Z"), 5400000, 0, BK_NULL_INT,
	 NULL},
};
static struct bk_report_failure failures[] = {
	{TEXT("4711"), TEXT(EVIL), TEXT("2026-11-23T01:10:00.000Z"), TEXT("ERROR"), 0, 8,
	 TEXT("40P01"), TEXT("deadlock " EVIL), TEXT("host " EVIL)},
};
static const struct bk_report full = {
	.as_of = TEXT("2026-11-23T01:30:00.000Z"),
	.as_of_us = MONDAY + HOUR + HOUR / 2,
	.start_us = MONDAY,
	.step_us = HOUR,
	.step_count = 2,
	.job_list = {views, 1, NULL},
	.health = {checks, 2, 1},
	.jobs = jobs,
	.job_count = 1,
	.rules = rules,
	.rule_count = 1,
	.changes_from_us = BK_NULL_INT,
	.overdue = {.items = overdue, .count = 1, .limit = 10000},
	.failures = failures,
	.failure_count = 1,
};

static struct bk_buf page;

static void make(const struct bk_report *report)
{
	bk_buf_reset(&page);
	bk_out_report(&page, report, "host=" EVIL);
}

static void close_all(void)
{
	bk_buf_clear(&page);
}

static void has(const char *text)
{
	ck_assert_msg(strstr(bk_buf_cstr(&page), text) != NULL, "the page lacks %s", text);
}

static void lacks(const char *text)
{
	ck_assert_msg(!strstr(bk_buf_cstr(&page), text), "the page has %s", text);
}

static int count(const char *text)
{
	int n = 0;

	for (const char *p = bk_buf_cstr(&page); (p = strstr(p, text)); p++)
		n++;
	return n;
}

START_TEST(the_policy_lets_in_one_style_sheet_and_nothing_else)
{
	make(&full);
	has("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	    "'sha256-");
	has(bk_report_style_hash);
	ck_assert_int_eq(count("<style>"), 1);
	for (size_t i = 0; bk_report_style[i]; i++)
		has(bk_report_style[i]);
	lacks("<script");
	lacks("style=\"");
	lacks("url(");
	lacks("http:");
	lacks("https:");
	lacks("<link");
	lacks("<img");
}
END_TEST

START_TEST(every_section_has_its_plot_and_its_table)
{
	static const char *const plots[] = {"plot-overdue", "plot-runs", "plot-times-0",
					    "plot-changes", "plot-failures"};

	make(&full);
	for (size_t i = 0; i < BK_COUNT(plots); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf id = BK_BUF_INIT;

		bk_buf_fmt(&id, " id=\"%s\" role=\"img\"", plots[i]);
		has(bk_buf_cstr(&id));
	}
	ck_assert_int_eq(count("<details>"), 5);
	ck_assert_int_eq(count("<table>"), 8);
	ck_assert_int_eq(count("<section "), 6);
	ck_assert_int_eq(count("</section>"), 6);
	ck_assert_int_eq(count("<figure>"), count("</figure>"));
	ck_assert_int_eq(count("<div"), count("</div>"));
	has("<title>Booking maintenance, 23 Nov 2026 00:00 to 23 Nov 2026 01:30 UTC</title>");
}
END_TEST

START_TEST(the_figures_are_there)
{
	make(&full);
	has("<b class=\"bad\">0 of 1</b><span>jobs are in order now</span>");
	has("<b>10,000</b><span>bookings overdue now</span>");
	has("10,000 or more, oldest 1h 30m</text>");
	has("<b>32</b><span>runs</span>");
	has("<b class=\"bad\">2</b><span>runs without success</span>");
	has("<text class=\"unit\" x=\"-50\" y=\"-10\">bookings per hour</text>");
	has("<tr><th scope=\"row\">23 Nov 2026 00:00</th><td class=\"n\">30</td>"
	    "<td class=\"n\">10 ms</td><td class=\"n\">15 ms</td><td class=\"n\">90 ms</td></tr>");
	has("<span class=\"bad\">CRITICAL</span>");
	has("<td dir=\"auto\">40P01</td>");
}
END_TEST

START_TEST(texts_of_others_are_no_markup)
{
	make(&full);
	lacks("<i>");
	lacks("\u202e");
	lacks("\033");
	has("late " TAME);
	has("Overdue: much " TAME);
	has("deadlock " TAME);
	has("host " TAME);
	has("host=" TAME);
	has(TAME " \u2192 ACTIVE" TAME);
}
END_TEST

START_TEST(without_anything_each_section_says_so)
{
	static struct bk_overdue_view none[] = {
		{TEXT("activate"), TEXT("activate-due"), 0, NULL, BK_NULL_INT, 0, 1, NULL},
		{TEXT("total"), NULL, 0, NULL, BK_NULL_INT, 0, BK_NULL_INT, NULL},
	};
	const struct bk_report empty = {
		.as_of = TEXT("2026-11-23T01:30:00.000Z"),
		.as_of_us = MONDAY + HOUR,
		.start_us = MONDAY,
		.step_us = HOUR,
		.step_count = 2,
		.changes_from_us = BK_NULL_INT,
		.overdue = {.items = none, .count = 1, .limit = 10000},
	};

	make(&empty);
	has("No booking is overdue.");
	ck_assert_int_eq(count("Nothing ran in this time."), 2);
	has("No booking was changed in this time.");
	has("Nothing failed in this time.");
	lacks("role=\"img\"");
}
END_TEST

START_TEST(what_is_not_known_is_said_in_its_place)
{
	struct bk_report report = full;

	report.overdue = (struct bk_overdue){.items = NULL};
	report.overdue_problem = TEXT("no column " EVIL);
	report.changes_from_us = MONDAY + HOUR;
	make(&report);
	has("<b>not known</b><span>bookings overdue now</span>");
	has("It could not be counted: no column " TAME);
	lacks("plot-overdue");
	has("Only the newest batches were counted, from 23 Nov 2026 01:00 UTC on");
}
END_TEST

START_TEST(longer_steps_are_named)
{
	struct bk_report report = full;

	report.step_us = 6 * HOUR;
	make(&report);
	has(">runs per 6 hours</text>");
	report.step_us = 24 * HOUR;
	make(&report);
	has(">runs per day</text>");
	report.step_us = 72 * HOUR;
	make(&report);
	has(">runs per 3 days</text>");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_report");
	TCase *tc = tcase_create("report");

	tcase_add_checked_fixture(tc, NULL, close_all);
	ADD(tc, the_policy_lets_in_one_style_sheet_and_nothing_else);
	ADD(tc, every_section_has_its_plot_and_its_table);
	ADD(tc, the_figures_are_there);
	ADD(tc, texts_of_others_are_no_markup);
	ADD(tc, without_anything_each_section_says_so);
	ADD(tc, what_is_not_known_is_said_in_its_place);
	ADD(tc, longer_steps_are_named);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

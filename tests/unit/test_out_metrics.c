/*
 * Shares and drawings in lists, and the text format of Prometheus.
 */
#include "suite.h"

#include <locale.h>
#include <string.h>

#include "base/attr.h"
#include "db/rows.h"
#include "out/metrics.h"
#include "out/prometheus.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static int64_t rising[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 100};
static int64_t nothing[] = {0, 0};
static struct bk_metrics_view jobs[] = {
	{.job_name = TEXT("a"),
	 .success_share = 9987,
	 .processed_by_time = {rising, 10},
	 .runs_by_time = {nothing, 2}},
	{.job_name = TEXT("b"), .success_share = BK_NULL_INT},
};
static const struct bk_metrics metrics = {.items = jobs, .count = BK_COUNT(jobs)};

static void table_is(const struct bk_list *list, const char *text)
{
	static const struct bk_style style = {.width = 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_table(list, &style, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
}

START_TEST(a_drawing_is_in_blocks_or_in_ascii)
{
	const struct bk_list list = bk_out_metrics_drawings(&metrics);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	table_is(&list, "JOB  PROCESSED   RUNS\n"
			"a    _▁▁▁▁▁▁▁▁█  __\n"
			"b                \n");
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C"));
	table_is(&list, "JOB  PROCESSED   RUNS\n"
			"a    _........#  __\n"
			"b                \n");
}
END_TEST

START_TEST(a_share_is_a_percentage_for_people_and_a_fraction_for_programs)
{
	static const struct bk_column columns[] = {
		{"SUCCESS", "successRate", BK_CELL_SHARE,
		 offsetof(struct bk_metrics_view, success_share), 0},
	};
	struct bk_list list = bk_out_metrics(&metrics);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	list.columns = columns;
	list.column_count = 1;
	table_is(&list, "SUCCESS\n99.87 %\n      -\n");
	bk_list_csv(&list, &out);
	bk_list_jsonl(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), "successRate\n0.9987\n\n"
					    "{\"type\":\"metrics\",\"successRate\":0.9987}\n"
					    "{\"type\":\"metrics\",\"successRate\":null}\n");
}
END_TEST

static char *codes[] = {TEXT("57014"), TEXT("x\"\\\n\r\xff")};
static char *counts[] = {TEXT("3"), TEXT("1")};
static char *hosts[] = {TEXT("h1"), TEXT("h2")};
static char *versions[] = {TEXT("1.2.0"), TEXT("1.1.0")};
static char *seen[] = {TEXT("1530"), TEXT("0")};
static char *clocks[] = {TEXT("-50"), NULL};
static struct bk_job_totals totals_items[] = {
	{.job_name = TEXT("a"),
	 .enabled = true,
	 .last_run = BK_NULL_INT,
	 .last_ms = BK_NULL_INT,
	 .queue_depth = BK_NULL_INT,
	 .oldest_due = BK_NULL_INT,
	 .successes = 2,
	 .total_ms = 1234567,
	 .octaves = {1, 1},
	 .codes = {codes, 2},
	 .code_counts = {counts, 2},
	 .servers = {hosts, 1},
	 .server_ticks = {seen, 1}},
};
static const struct bk_totals totals = {
	.items = totals_items,
	.count = 1,
	.hosts = {hosts, 2},
	.host_versions = {versions, 2},
	.host_seen = {seen, 2},
	.host_clocks = {clocks, 2},
	.oldest_failure = BK_NULL_INT,
	.history_ms = 86400000,
	.clock_skew_ms = 5000,
};

static void has(const struct bk_buf *out, const char *text)
{
	ck_assert_msg(strstr(bk_buf_cstr(out), text), "%s\nis not in\n%s", text, bk_buf_cstr(out));
}

START_TEST(samples_are_in_base_units_and_labels_are_escaped)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_prometheus(&out, &totals, BK_PROMETHEUS_JOBS);
	has(&out, "\nbk_enabled{operation=\"a\"} 1\n");
	has(&out, "\nbk_last_run_timestamp_seconds{operation=\"a\"} 0.000\n");
	has(&out, "\nbk_runs_total{operation=\"a\",status=\"SUCCESS\"} 2\n");
	has(&out, "\nbk_runs_total{operation=\"a\",status=\"ERROR\"} 0\n");
	has(&out, "# TYPE bk_errors_total counter\n"
		  "bk_errors_total{operation=\"a\",code=\"57014\"} 3\n"
		  "bk_errors_total{operation=\"a\",code=\"x\\\"\\\\\\n \xEF\xBF\xBD\"} 1\n");
	has(&out, "\nbk_last_tick_timestamp_seconds{operation=\"a\",server=\"h1\"} 1.530\n");
	has(&out, "# TYPE bk_run_duration_seconds histogram\n"
		  "bk_run_duration_seconds_bucket{operation=\"a\",le=\"0.002\"} 1\n"
		  "bk_run_duration_seconds_bucket{operation=\"a\",le=\"0.004\"} 2\n");
	has(&out, "{operation=\"a\",le=\"1048.576\"} 2\n"
		  "bk_run_duration_seconds_bucket{operation=\"a\",le=\"+Inf\"} 2\n"
		  "bk_run_duration_seconds_sum{operation=\"a\"} 1234.567\n"
		  "bk_run_duration_seconds_count{operation=\"a\"} 2\n");
	ck_assert_ptr_null(strstr(bk_buf_cstr(&out), "bk_build_info"));
	/* What is not known has no sample, and then there is nothing to explain. */
	ck_assert_ptr_null(strstr(bk_buf_cstr(&out), "bk_due_items"));
	ck_assert_ptr_null(strstr(bk_buf_cstr(&out), "bk_last_run_duration_seconds"));
}
END_TEST

START_TEST(what_concerns_hosts_stands_by_itself)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_prometheus(&out, &totals, BK_PROMETHEUS_HOSTS);
	has(&out, "\nbk_server_info{server=\"h2\",version=\"1.1.0\"} 1\n");
	has(&out, "gauge\nbk_clock_difference_seconds{server=\"h1\"} -0.050\n# HELP");
	has(&out, "\nbk_server_seen_timestamp_seconds{server=\"h2\"} 0.000\n");
	has(&out, "\nbk_clock_skew_limit_seconds 5.000\n");
	has(&out, "\nbk_history_retention_seconds 86400.000\n");
	ck_assert_ptr_null(strstr(bk_buf_cstr(&out), "operation="));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_metrics");
	TCase *tc = tcase_create("out_metrics");

	ADD(tc, a_drawing_is_in_blocks_or_in_ascii);
	ADD(tc, a_share_is_a_percentage_for_people_and_a_fraction_for_programs);
	ADD(tc, samples_are_in_base_units_and_labels_are_escaped);
	ADD(tc, what_concerns_hosts_stands_by_itself);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

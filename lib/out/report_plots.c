/*
 * What went on over time; see report_plots.h.
 */
#include "out/report_plots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "out/html.h"
#include "out/plot.h"

/* Of a plot: there are no more jobs than rules. */
enum { MOST_SERIES = BK_REPORT_RULES, TIMES = 3 };

#define HOUR_US INT64_C(3600000000)

/* A plot with what it points into. */
struct drawing {
	struct bk_plot plot;
	struct bk_series series[MOST_SERIES];
	struct bk_buf names[MOST_SERIES];
	struct bk_buf unit;
	int64_t *values; /* step_count for each series */
};

static void clear_drawing(struct drawing *d)
{
	for (size_t i = 0; i < MOST_SERIES; i++)
		bk_buf_clear(&d->names[i]);
	bk_buf_clear(&d->unit);
	free(d->values);
}

/* "per hour", "per 3 hours", "per 2 days" */
static void put_per_step(struct bk_buf *out, const struct bk_report *report)
{
	int64_t hours = report->step_us / HOUR_US;
	bool days = hours % 24 == 0;
	int64_t n = days ? hours / 24 : hours;
	const char *word = days ? "day" : "hour";

	if (n == 1)
		bk_buf_fmt(out, "per %s", word);
	else
		bk_buf_fmt(out, "per %" PRId64 " %ss", n, word);
}

static void begin(struct drawing *d, const struct bk_report *report, enum bk_plot_kind kind,
		  const char *id, const char *title, const char *what)
{
	*d = (struct drawing){.unit = BK_BUF_INIT};
	d->values = bk_calloc(MOST_SERIES * report->step_count, sizeof(*d->values));
	bk_buf_fmt(&d->unit, "%s", what);
	if (kind == BK_PLOT_BARS) {
		bk_buf_char(&d->unit, ' ');
		put_per_step(&d->unit, report);
	}
	d->plot = (struct bk_plot){
		.id = id,
		.title = title,
		.unit = bk_buf_cstr(&d->unit),
		.kind = kind,
		.start_us = report->start_us,
		.step_us = report->step_us,
		.step_count = report->step_count,
		.series = d->series,
	};
}

/* One more series; its values are to be written. */
static int64_t *add_series(struct drawing *d, struct bk_series series)
{
	size_t n = d->plot.series_count++;
	int64_t *values = d->values + n * d->plot.step_count;

	BK_ASSERT(n < MOST_SERIES);
	series.values = values;
	d->series[n] = series;
	return values;
}

static void put_figure(struct bk_buf *out, const struct drawing *d)
{
	bk_buf_str(out, "<h3>");
	bk_html_text(out, d->plot.title);
	bk_buf_str(out, "</h3>\n");
	bk_plot_legend(out, &d->plot);
	bk_plot_draw(out, &d->plot);
}

void bk_report_details(struct bk_buf *out, const char *what, const char *const *headers)
{
	bk_buf_fmt(out, "<details>\n<summary>%s</summary>\n", what);
	bk_html_table(out, what, headers);
}

void bk_report_details_end(struct bk_buf *out)
{
	bk_html_table_end(out);
	bk_buf_str(out, "</details>\n");
}

void bk_report_nothing(struct bk_buf *out, const char *text)
{
	bk_buf_fmt(out, "<p class=\"card soft\">%s</p>\n", text);
}

static void put_step(struct bk_buf *out, const struct bk_report *report, size_t step)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf at = BK_BUF_INIT;

	bk_plot_time(&at, report->start_us + report->step_us * (int64_t)step, 1, 1);
	bk_html_head(out, bk_buf_cstr(&at));
}

/* Above 0 anywhere. */
static bool has_any(const struct drawing *d, size_t step)
{
	for (size_t i = 0; i < d->plot.series_count; i++)
		if (d->series[i].values[step] > 0)
			return true;
	return false;
}

/* A row for each step in which there was anything, the newest first. */
static void put_steps(struct bk_buf *out, const struct bk_report *report, const struct drawing *d)
{
	const char *headers[MOST_SERIES + 2] = {"From (UTC)"};
	char *names[MOST_SERIES] = {NULL};

	/* A number, of whatever name. */
	for (size_t i = 0; i < d->plot.series_count; i++)
		headers[i + 1] = names[i] = bk_asprintf("#%s", d->series[i].name);
	bk_report_details(out, "The same as a table", headers);
	for (size_t s = report->step_count; s-- > 0;) {
		if (!has_any(d, s))
			continue;
		bk_html_row(out);
		put_step(out, report, s);
		for (size_t i = 0; i < d->plot.series_count; i++)
			bk_html_count(out, d->series[i].values[s]);
		bk_html_row_end(out);
	}
	bk_report_details_end(out);
	for (size_t i = 0; i < d->plot.series_count; i++)
		free(names[i]);
}

int64_t bk_report_faults(const struct bk_report_runs *runs)
{
	int64_t sum = 0;

	for (size_t i = 0; i < BK_REPORT_FAULTS; i++)
		sum += runs->faults[i];
	return sum;
}

/* --- runs --- */

static void put_totals(struct bk_buf *out, const struct bk_report *report)
{
	static const char *const headers[] = {
		"Job",          "#Runs",        "#Nothing due", "#No success", "#Bookings changed",
		"#Median time", "#95 % within", "#Longest",     NULL};

	bk_html_table(out, "Runs by job, in all", headers);
	for (size_t i = 0; i < report->job_count; i++) {
		const struct bk_report_runs *total = &report->jobs[i].total;

		bk_html_row(out);
		bk_html_head(out, report->jobs[i].name);
		bk_html_count(out, total->runs);
		bk_html_count(out, total->empty);
		bk_html_count(out, bk_report_faults(total));
		bk_html_count(out, total->processed);
		bk_html_duration(out, total->p50_ms);
		bk_html_duration(out, total->p95_ms);
		bk_html_duration(out, total->max_ms);
		bk_html_row_end(out);
	}
	bk_html_table_end(out);
}

static int64_t all_runs(const struct bk_report_runs *runs)
{
	return runs->runs;
}

/* Bars of something that is counted of each job; false where there is nothing. */
static bool add_jobs(struct drawing *d, const struct bk_report *report,
		     int64_t (*count)(const struct bk_report_runs *runs))
{
	bool any = false;

	for (size_t i = 0; i < report->job_count; i++) {
		const struct bk_report_job *job = &report->jobs[i];
		int64_t total = count(&job->total);
		int64_t *values;

		if (!total)
			continue;
		any = true;
		values = add_series(
			d,
			(struct bk_series){.name = job->name, .color = job->slot, .total = total});
		for (size_t s = 0; s < report->step_count; s++)
			values[s] = count(&job->steps[s]);
	}
	return any;
}

void bk_report_plot_runs(struct bk_buf *out, const struct bk_report *report)
{
	BK_CLEAN(clear_drawing) struct drawing d = {.values = NULL};

	begin(&d, report, BK_PLOT_BARS, "plot-runs", "Runs by job", "runs");
	if (!add_jobs(&d, report, all_runs)) {
		bk_report_nothing(out, "Nothing ran in this time.");
		return;
	}
	bk_buf_str(out, "<figure>\n");
	put_figure(out, &d);
	put_totals(out, report);
	put_steps(out, report, &d);
	bk_buf_str(out, "</figure>\n");
}

void bk_report_plot_faults(struct bk_buf *out, const struct bk_report *report)
{
	BK_CLEAN(clear_drawing) struct drawing d = {.values = NULL};

	begin(&d, report, BK_PLOT_BARS, "plot-failures", "Runs without success, by job", "runs");
	if (!add_jobs(&d, report, bk_report_faults)) {
		bk_report_nothing(out, "Nothing failed in this time.");
		return;
	}
	bk_buf_str(out, "<figure>\n");
	put_figure(out, &d);
	put_steps(out, report, &d);
	bk_buf_str(out, "</figure>\n");
}

/* --- execution times --- */

static void put_times(struct bk_buf *out, const struct bk_report *report,
		      const struct bk_report_job *job)
{
	static const char *const headers[] = {"From (UTC)",   "#Runs",    "#Median",
					      "#95 % within", "#Longest", NULL};

	bk_report_details(out, "The same as a table", headers);
	for (size_t s = report->step_count; s-- > 0;) {
		const struct bk_report_runs *runs = &job->steps[s];

		if (!runs->runs)
			continue;
		bk_html_row(out);
		put_step(out, report, s);
		bk_html_count(out, runs->runs);
		bk_html_duration(out, runs->p50_ms);
		bk_html_duration(out, runs->p95_ms);
		bk_html_duration(out, runs->max_ms);
		bk_html_row_end(out);
	}
	bk_report_details_end(out);
}

static void put_job_times(struct bk_buf *out, const struct bk_report *report,
			  const struct bk_report_job *job)
{
	static const char *const names[TIMES] = {"median", "95 % within", "longest"};
	const int64_t totals[TIMES] = {job->total.p50_ms, job->total.p95_ms, job->total.max_ms};
	BK_CLEAN(clear_drawing) struct drawing d = {.values = NULL};
	BK_CLEAN(bk_free_str) char *id = bk_asprintf("plot-times-%zu", job->slot);
	int64_t *values[TIMES];

	begin(&d, report, BK_PLOT_LINES, id, job->name, "time of a run, logarithmic");
	for (size_t i = 0; i < TIMES; i++)
		values[i] = add_series(&d, (struct bk_series){.name = names[i],
							      .color = job->slot,
							      .shade = i,
							      .total = totals[i]});
	for (size_t s = 0; s < report->step_count; s++) {
		values[0][s] = job->steps[s].p50_ms;
		values[1][s] = job->steps[s].p95_ms;
		values[2][s] = job->steps[s].max_ms;
	}
	bk_buf_str(out, "<figure>\n");
	put_figure(out, &d);
	put_times(out, report, job);
	bk_buf_str(out, "</figure>\n");
}

void bk_report_plot_times(struct bk_buf *out, const struct bk_report *report)
{
	bool any = false;

	for (size_t i = 0; i < report->job_count; i++)
		any = any || report->jobs[i].total.max_ms >= 0;
	if (!any) {
		bk_report_nothing(out, "Nothing ran in this time.");
		return;
	}
	bk_buf_str(out, "<div class=\"grid2\">\n");
	for (size_t i = 0; i < report->job_count; i++)
		if (report->jobs[i].total.max_ms >= 0)
			put_job_times(out, report, &report->jobs[i]);
	bk_buf_str(out, "</div>\n");
}

/* --- changes --- */

static void put_cut(struct bk_buf *out, const struct bk_report *report)
{
	if (report->changes_from_us == BK_NULL_INT)
		return;
	bk_buf_str(out, "<p class=\"note\">Only the newest batches were counted, from ");
	bk_plot_time(out, report->changes_from_us, 1, 1);
	bk_buf_str(out, " UTC on: there were too many for all of them.</p>\n");
}

void bk_report_plot_changes(struct bk_buf *out, const struct bk_report *report)
{
	BK_CLEAN(clear_drawing) struct drawing d = {.values = NULL};

	if (!report->rule_count) {
		bk_report_nothing(out, "No booking was changed in this time.");
		return;
	}
	begin(&d, report, BK_PLOT_BARS, "plot-changes", "Bookings changed, by rule and new state",
	      "bookings");
	for (size_t i = 0; i < report->rule_count; i++) {
		const struct bk_report_rule *rule = &report->rules[i];
		int64_t *values;

		bk_buf_fmt(&d.names[i], "%s%s%s", rule->rule,
			   rule->to_state ? " \xE2\x86\x92 " : "",
			   rule->to_state ? rule->to_state : "");
		values = add_series(&d, (struct bk_series){.name = bk_buf_cstr(&d.names[i]),
							   .color = rule->slot,
							   .shade = rule->nth,
							   .total = rule->total});
		memcpy(values, rule->steps, report->step_count * sizeof(*values));
	}
	bk_buf_str(out, "<figure>\n");
	put_cut(out, report);
	put_figure(out, &d);
	put_steps(out, report, &d);
	bk_buf_str(out, "</figure>\n");
}

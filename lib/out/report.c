/*
 * The page of `bkstatus report`; see report.h.
 */
#include "out/report.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "out/html.h"
#include "out/plot.h"
#include "out/report_plots.h"
#include "out/report_style.h"

static const struct {
	const char *id;
	const char *title;
} sections[] = {
	{"jobs", "Jobs"},
	{"overdue", "Overdue work"},
	{"runs", "Runs"},
	{"times", "Execution times"},
	{"changes", "Bookings changed"},
	{"failures", "Failures"},
};

/* --- head --- */

static void put_span(struct bk_buf *out, const struct bk_report *report)
{
	bk_plot_time(out, report->start_us, 1, 1);
	bk_buf_str(out, " to ");
	bk_plot_time(out, report->as_of_us, 1, 1);
	bk_buf_str(out, " UTC");
}

static void put_head(struct bk_buf *out, const struct bk_report *report)
{
	bk_buf_fmt(out,
		   "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		   "style-src '%s'; base-uri 'none'; form-action 'none'\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n"
		   "<meta name=\"referrer\" content=\"no-referrer\">\n"
		   "<meta name=\"robots\" content=\"noindex\">\n<title>Booking maintenance, ",
		   bk_report_style_hash);
	put_span(out, report);
	bk_buf_str(out, "</title>\n<style>");
	for (size_t i = 0; bk_report_style[i]; i++)
		bk_buf_str(out, bk_report_style[i]);
	bk_buf_str(out, "</style>\n</head>\n<body>\n");
}

static void put_header(struct bk_buf *out, const struct bk_report *report)
{
	bk_buf_str(out, "<header>\n<a class=\"skip\" href=\"#jobs\">Skip to the jobs</a>\n"
			"<h1>Booking maintenance</h1>\n<p class=\"soft\">");
	put_span(out, report);
	bk_buf_str(out, "</p>\n<nav aria-label=\"Sections\"><ul>\n");
	for (size_t i = 0; i < BK_COUNT(sections); i++)
		bk_buf_fmt(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
			   sections[i].title);
	bk_buf_str(out, "</ul></nav>\n</header>\n<main>\n");
}

/* --- the figures above all others --- */

static void put_tile(struct bk_buf *out, int64_t n, const char *more, const char *class,
		     const char *what)
{
	bk_buf_fmt(out, "<li><b%s>", class);
	if (n < 0)
		bk_buf_str(out, "not known");
	else
		bk_human_count(out, n);
	bk_buf_fmt(out, "%s</b><span>%s</span></li>\n", more, what);
}

static int64_t healthy_jobs(const struct bk_report *report)
{
	int64_t n = 0;

	for (size_t i = 0; i < report->health.count; i++)
		n += report->health.items[i].state == BK_HEALTH_OK &&
		     strcmp(report->health.items[i].name, "overdue") != 0;
	return n;
}

static int64_t overdue_in_all(const struct bk_report *report)
{
	return report->overdue.items ? report->overdue.items[report->overdue.count].count : -1;
}

static void put_tiles(struct bk_buf *out, const struct bk_report *report)
{
	int64_t jobs = 0;
	int64_t runs = 0;
	int64_t faults = 0;
	int64_t changed = 0;
	BK_CLEAN(bk_buf_clear) struct bk_buf of = BK_BUF_INIT;

	for (size_t i = 0; i < report->job_list.count; i++)
		jobs += !report->job_list.items[i].is_foreign;
	for (size_t i = 0; i < report->job_count; i++) {
		runs += report->jobs[i].total.runs;
		faults += bk_report_faults(&report->jobs[i].total);
		changed += report->jobs[i].total.processed;
	}
	bk_buf_fmt(&of, " of %" PRId64, jobs);
	bk_buf_str(out, "<ul class=\"tiles\">\n");
	put_tile(out, healthy_jobs(report), bk_buf_cstr(&of),
		 healthy_jobs(report) < jobs ? " class=\"bad\"" : "", "jobs are in order now");
	put_tile(out, overdue_in_all(report), report->overdue.partial ? " or more" : "", "",
		 "bookings overdue now");
	put_tile(out, runs, "", "", "runs");
	put_tile(out, faults, "", faults ? " class=\"bad\"" : "", "runs without success");
	put_tile(out, changed, "", "", "bookings changed");
	bk_buf_str(out, "</ul>\n");
}

/* --- sections --- */

static void put_section(struct bk_buf *out, size_t i, const char *what)
{
	bk_buf_fmt(out,
		   "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n"
		   "<p class=\"soft\">%s</p>\n",
		   sections[i].id, sections[i].id, sections[i].title, what);
}

static void put_section_end(struct bk_buf *out)
{
	bk_buf_str(out, "</section>\n");
}

static const char *class_of(const char *word)
{
	static const struct {
		const char *word;
		const char *class;
	} classes[] = {
		{"SUCCESS", "good"},  {"OK", "good"},      {"PARTIAL", "warn"},
		{"TIMEOUT", "warn"},  {"REFUSED", "warn"}, {"CANCELLED", "warn"},
		{"PAUSED", "warn"},   {"WARNING", "warn"}, {"ERROR", "bad"},
		{"ABANDONED", "bad"}, {"CRITICAL", "bad"}, {"UNKNOWN", "bad"},
	};

	for (size_t i = 0; i < BK_COUNT(classes); i++)
		if (strcmp(classes[i].word, word) == 0)
			return classes[i].class;
	return "soft";
}

static void put_state(struct bk_buf *out, const char *word, const char *why)
{
	if (!word) {
		bk_html_cell(out, NULL);
		return;
	}
	bk_buf_fmt(out, "<td><span class=\"%s\">", class_of(word));
	bk_html_cut(out, word, 40);
	bk_buf_str(out, "</span>");
	if (why) {
		bk_buf_str(out, "<div class=\"text soft\" dir=\"auto\">");
		bk_html_cut(out, why, 200);
		bk_buf_str(out, "</div>");
	}
	bk_buf_str(out, "</td>");
}

static const struct bk_check *check_of(const struct bk_report *report, const char *name)
{
	for (size_t i = 0; i < report->health.count; i++)
		if (strcmp(report->health.items[i].name, name) == 0)
			return &report->health.items[i];
	return NULL;
}

static void put_job(struct bk_buf *out, const struct bk_report *report,
		    const struct bk_job_view *job)
{
	const struct bk_check *check = check_of(report, job->job_name);

	bk_html_row(out);
	bk_html_head(out, job->job_name);
	put_state(out, job->status_text, NULL); /* of a pause its health tells */
	put_state(out, check ? check->state_word : NULL,
		  check && check->state != BK_HEALTH_OK ? check->message : NULL);
	bk_html_time(out, job->last_execution_time);
	put_state(out, job->last_execution_status, NULL);
	bk_html_time(out, job->next_execution_time);
	bk_html_count(out, job->retry_count);
	bk_html_count(out, job->queue_depth);
	bk_html_row_end(out);
}

static void put_jobs(struct bk_buf *out, const struct bk_report *report)
{
	static const char *const headers[] = {"Job",
					      "State",
					      "Health",
					      "Last run (UTC)",
					      "Its result",
					      "Next run (UTC)",
					      "#Failures in a row",
					      "#Due now",
					      NULL};
	const struct bk_check *overdue = check_of(report, "overdue");

	put_section(out, 0,
		    "As of now. A job is in order while its last success is recent and "
		    "its last run did not fail.");
	bk_buf_str(out, "<div class=\"card\">\n");
	bk_html_table(out, "Jobs", headers);
	for (size_t i = 0; i < report->job_list.count; i++)
		put_job(out, report, &report->job_list.items[i]);
	bk_html_table_end(out);
	bk_buf_str(out, "</div>\n");
	if (overdue && overdue->state != BK_HEALTH_OK) {
		bk_buf_str(out, "<p class=\"card note\">Overdue: ");
		bk_html_cut(out, overdue->message, 300);
		bk_buf_str(out, "</p>\n");
	}
	put_section_end(out);
}

static size_t slot_of(const struct bk_report *report, const char *job)
{
	for (size_t i = 0; i < report->job_count; i++)
		if (strcmp(report->jobs[i].name, job) == 0)
			return report->jobs[i].slot;
	return BK_REPORT_JOBS - 1;
}

static void put_overdue_text(struct bk_buf *out, const struct bk_overdue *overdue,
			     const struct bk_overdue_view *item)
{
	if (item->count == BK_NULL_INT) {
		bk_buf_str(out, "not known");
		return;
	}
	bk_human_count(out, item->count);
	if (item->count >= overdue->limit)
		bk_buf_str(out, " or more");
	if (item->oldest_age_ms < 0)
		return;
	bk_buf_str(out, ", oldest ");
	bk_human_duration(out, item->oldest_age_ms);
}

/* A shade for each rule of the same job, in their order. */
static size_t shade_of(const struct bk_overdue *overdue, size_t at)
{
	size_t n = 0;

	for (size_t i = 0; i < at; i++)
		n += strcmp(overdue->items[i].job_name, overdue->items[at].job_name) == 0;
	return n;
}

static void draw_overdue(struct bk_buf *out, const struct bk_report *report)
{
	const struct bk_overdue *overdue = &report->overdue;
	struct bk_bar *bars = bk_calloc(overdue->count, sizeof(*bars));
	struct bk_buf *texts = bk_calloc(overdue->count, sizeof(*texts));

	for (size_t i = 0; i < overdue->count; i++) {
		put_overdue_text(&texts[i], overdue, &overdue->items[i]);
		bars[i] = (struct bk_bar){
			.name = overdue->items[i].rule,
			.text = bk_buf_cstr(&texts[i]),
			.color = slot_of(report, overdue->items[i].job_name),
			.shade = shade_of(overdue, i),
			.value = overdue->items[i].count,
		};
	}
	bk_buf_str(out, "<h3>Bookings overdue now, by rule</h3>\n");
	bk_plot_bars(out, "plot-overdue", "Bookings overdue now, by rule", bars, overdue->count);
	for (size_t i = 0; i < overdue->count; i++)
		bk_buf_clear(&texts[i]);
	free(texts);
	free(bars);
}

static void put_overdue_table(struct bk_buf *out, const struct bk_overdue *overdue)
{
	static const char *const headers[] = {
		"Rule", "Job", "#Overdue", "Oldest due (UTC)", "#Its age", "#Too old to change",
		NULL};

	bk_report_details(out, "The same as a table", headers);
	for (size_t i = 0; i <= overdue->count; i++) {
		const struct bk_overdue_view *item = &overdue->items[i];

		bk_html_row(out);
		bk_html_head(out, item->rule);
		bk_html_cell(out, item->job_name);
		bk_html_count(out, item->count);
		bk_html_time(out, item->oldest_due_at);
		bk_html_duration(out, item->oldest_age_ms);
		bk_html_count(out, item->stale);
		bk_html_row_end(out);
	}
	bk_report_details_end(out);
}

static void put_uncounted(struct bk_buf *out, const struct bk_overdue *overdue)
{
	for (size_t i = 0; i < overdue->count; i++) {
		const struct bk_overdue_view *item = &overdue->items[i];

		if (!item->error_message)
			continue;
		bk_buf_str(out, "<p class=\"card warn\">Rule ");
		bk_html_cut(out, item->rule, 60);
		bk_buf_str(out, " could not be counted: ");
		bk_html_cut(out, item->error_message, 300);
		bk_buf_str(out, "</p>\n");
	}
}

static void put_overdue(struct bk_buf *out, const struct bk_report *report)
{
	put_section(out, 1, "Bookings that should have changed already and have not.");
	if (report->overdue_problem) {
		bk_buf_str(out, "<p class=\"card warn\">It could not be counted: ");
		bk_html_cut(out, report->overdue_problem, 300);
		bk_buf_str(out, "</p>\n");
	} else if (!report->overdue.count) {
		bk_report_nothing(out, "No job that changes bookings is enabled.");
	} else {
		put_uncounted(out, &report->overdue);
		bk_buf_str(out, "<figure>\n");
		if (overdue_in_all(report) || report->overdue.partial)
			draw_overdue(out, report);
		else
			bk_buf_str(out, "<p class=\"soft\">No booking is overdue.</p>\n");
		put_overdue_table(out, &report->overdue);
		bk_buf_str(out, "</figure>\n");
	}
	put_section_end(out);
}

static void put_failure(struct bk_buf *out, const struct bk_report_failure *failure)
{
	bk_html_row(out);
	bk_html_head(out, failure->id);
	bk_html_time(out, failure->executed_at);
	bk_html_cell(out, failure->operation);
	put_state(out, failure->status, NULL);
	bk_html_cell(out, failure->error_code);
	bk_buf_str(out, "<td><div class=\"text\" dir=\"auto\">");
	bk_html_cut(out, failure->error_message ? failure->error_message : "", 300);
	bk_buf_str(out, "</div></td>");
	bk_html_count(out, failure->processed_count);
	bk_html_duration(out, failure->execution_time_ms);
	bk_html_cell(out, failure->server_instance);
	bk_html_row_end(out);
}

static void put_failures(struct bk_buf *out, const struct bk_report *report)
{
	static const char *const headers[] = {
		"Execution", "Started (UTC)", "Operation", "Status",   "Code",
		"Error",     "#Changed",      "#Time",     "Instance", NULL};

	put_section(out, 5, "Runs that failed, were ended or refused, or left work behind.");
	bk_report_plot_faults(out, report);
	if (report->failure_count) {
		bk_buf_str(out, "<div class=\"card\">\n<h3>The last of them</h3>\n");
		bk_html_table(out, "Last failures", headers);
		for (size_t i = 0; i < report->failure_count; i++)
			put_failure(out, &report->failures[i]);
		bk_html_table_end(out);
		bk_buf_str(out, "</div>\n");
	}
	put_section_end(out);
}

static void put_footer(struct bk_buf *out, const struct bk_report *report, const char *source)
{
	bk_buf_str(out, "</main>\n<footer>\n<p>Made by bkstatus report (bk " BK_VERSION
			") from the records of bk at ");
	bk_html_text(out, report->as_of);
	bk_buf_str(out, ": ");
	bk_html_cut(out, source, 300);
	bk_buf_str(out, ". Percentiles are within an eighth of the truth. The last step of time "
			"is not over yet.</p>\n</footer>\n</body>\n</html>\n");
}

void bk_out_report(struct bk_buf *out, const struct bk_report *report, const char *source)
{
	put_head(out, report);
	put_header(out, report);
	put_tiles(out, report);
	put_jobs(out, report);
	put_overdue(out, report);
	put_section(out, 2, "What started, whatever came of it. Most runs find nothing due.");
	bk_report_plot_runs(out, report);
	put_section_end(out);
	put_section(out, 3, "How long a run took from its claim to its end.");
	bk_report_plot_times(out, report);
	put_section_end(out);
	put_section(out, 4, "What the rules did, by the state that bookings came to.");
	bk_report_plot_changes(out, report);
	put_section_end(out);
	put_failures(out, report);
	put_footer(out, report, source);
}

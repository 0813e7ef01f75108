/*
 * The table of metrics and their samples; see prometheus.h.
 */
#include "out/prometheus.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "db/rows.h"

void bk_escape_label(struct bk_buf *out, const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf clean = BK_BUF_INIT;

	bk_utf8_clean(&clean, text, strlen(text));
	for (const char *p = bk_buf_cstr(&clean); *p; p++) {
		if (*p == '\n')
			bk_buf_str(out, "\\n");
		else if (*p == '\r')
			bk_buf_char(out, ' '); /* the format has no escape for it */
		else if (*p == '\\' || *p == '"')
			bk_buf_fmt(out, "\\%c", *p);
		else
			bk_buf_char(out, *p);
	}
}

static void put_label(struct bk_buf *out, const char *name, const char *value)
{
	bk_buf_fmt(out, ",%s=\"", name);
	bk_escape_label(out, value);
	bk_buf_char(out, '"');
}

/* 1530 ms are 1.53. */
static void put_seconds(struct bk_buf *out, int64_t ms)
{
	bk_buf_fmt(out, "%s%" PRId64 ".%03" PRId64, ms < 0 ? "-" : "", (ms < 0 ? -ms : ms) / 1000,
		   (ms < 0 ? -ms : ms) % 1000);
}

enum unit { COUNT, SECONDS, BOOLEAN };

struct metric;
typedef void (*put_fn)(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job);

/* A metric of a job: `put` writes its samples, else it has one, the member at `offset`. */
struct metric {
	const char *name;
	const char *type;
	const char *help;
	put_fn put;
	enum unit unit;
	size_t offset;
};

/* "name{operation="..."", to be closed by end_sample(). */
static void begin_sample(struct bk_buf *out, const char *name, const struct bk_job_totals *job)
{
	bk_buf_fmt(out, "%s{operation=\"", name);
	bk_escape_label(out, job->job_name);
	bk_buf_char(out, '"');
}

static void end_sample(struct bk_buf *out, enum unit unit, int64_t n)
{
	bk_buf_str(out, "} ");
	if (unit == SECONDS)
		put_seconds(out, n);
	else
		bk_buf_fmt(out, "%" PRId64, n);
	bk_buf_char(out, '\n');
}

static void put_labelled(struct bk_buf *out, const struct metric *m,
			 const struct bk_job_totals *job, const char *label, const char *value,
			 int64_t n)
{
	begin_sample(out, m->name, job);
	put_label(out, label, value);
	end_sample(out, m->unit, n);
}

static void put_member(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	const void *member = (const char *)job + m->offset;
	int64_t n = m->unit == BOOLEAN ? *(const bool *)member : *(const int64_t *)member;

	if (n == BK_NULL_INT)
		return;
	begin_sample(out, m->name, job);
	end_sample(out, m->unit, n);
}

/* A time that has not come yet is 0, so that the sample is there from the start. */
static void put_time(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	int64_t n = *(const int64_t *)(const void *)((const char *)job + m->offset);

	begin_sample(out, m->name, job);
	end_sample(out, SECONDS, n == BK_NULL_INT ? 0 : n);
}

static void put_runs(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	const struct {
		const char *status;
		int64_t n;
	} runs[] = {
		{"SUCCESS", job->successes},   {"PARTIAL", job->partial},
		{"ERROR", job->errors},        {"TIMEOUT", job->timeouts},
		{"CANCELLED", job->cancelled}, {"ABANDONED", job->abandoned},
		{"REFUSED", job->refused},
	};

	for (size_t i = 0; i < BK_COUNT(runs); i++)
		put_labelled(out, m, job, "status", runs[i].status, runs[i].n);
}

static void put_items(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	put_labelled(out, m, job, "result", "changed", job->processed);
	put_labelled(out, m, job, "result", "quarantined", job->quarantined);
	put_labelled(out, m, job, "result", "skipped_locked", job->skipped_locked);
}

static void put_codes(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	for (size_t i = 0; i < job->codes.count; i++) {
		begin_sample(out, m->name, job);
		put_label(out, "code", job->codes.items[i]);
		bk_buf_fmt(out, "} %s\n", job->code_counts.items[i]);
	}
}

static void put_ticks(struct bk_buf *out, const struct metric *m, const struct bk_job_totals *job)
{
	for (size_t i = 0; i < job->servers.count; i++) {
		int64_t ms;

		if (bk_parse_u63(job->server_ticks.items[i], &ms))
			put_labelled(out, m, job, "server", job->servers.items[i], ms);
	}
}

static void put_histogram(struct bk_buf *out, const struct metric *m,
			  const struct bk_job_totals *job)
{
	char name[64];
	int64_t sum = 0;

	(void)snprintf(name, sizeof(name), "%s_bucket", m->name);
	for (size_t k = 0; k < BK_TOTALS_OCTAVES; k++) {
		sum += job->octaves[k];
		begin_sample(out, name, job);
		bk_buf_str(out, ",le=\"");
		if (k + 1 < BK_TOTALS_OCTAVES)
			put_seconds(out, INT64_C(1) << (k + 1));
		else
			bk_buf_str(out, "+Inf");
		bk_buf_char(out, '"');
		end_sample(out, COUNT, sum);
	}
	(void)snprintf(name, sizeof(name), "%s_sum", m->name);
	begin_sample(out, name, job);
	end_sample(out, SECONDS, job->total_ms);
	(void)snprintf(name, sizeof(name), "%s_count", m->name);
	begin_sample(out, name, job);
	end_sample(out, COUNT, sum);
}

#define AT(member) offsetof(struct bk_job_totals, member)

static const struct metric metrics[] = {
	{"bk_read_timestamp_seconds", "gauge", "When this was read from the database.", put_member,
	 SECONDS, AT(read_at)},
	{"bk_enabled", "gauge", "Whether the job is enabled, in the file and in the database.",
	 put_member, BOOLEAN, AT(enabled)},
	{"bk_paused", "gauge", "Whether the job is paused by hand.", put_member, BOOLEAN,
	 AT(paused)},
	{"bk_interval_seconds", "gauge", "Time from the start of one run to the next.", put_member,
	 SECONDS, AT(delay_ms)},
	{"bk_timeout_seconds", "gauge", "Time that a run may take.", put_member, SECONDS,
	 AT(timeout_ms)},
	{"bk_last_run_timestamp_seconds", "gauge", "Start of the last run; 0 = none yet.", put_time,
	 SECONDS, AT(last_run)},
	{"bk_last_success_timestamp_seconds", "gauge",
	 "End of the last run that succeeded; 0 = none yet.", put_time, SECONDS, AT(last_success)},
	{"bk_fresh_timestamp_seconds", "gauge",
	 "The last success, else the registration of the job; or the end of a pause after it.",
	 put_member, SECONDS, AT(fresh)},
	{"bk_last_run_success", "gauge", "Whether the last run that ended succeeded.", put_member,
	 BOOLEAN, AT(last_succeeded)},
	{"bk_last_run_duration_seconds", "gauge", "Execution time of the last run that ended.",
	 put_member, SECONDS, AT(last_ms)},
	{"bk_last_run_items", "gauge", "What the last run that ended changed.", put_member, COUNT,
	 AT(last_processed)},
	{"bk_consecutive_failures", "gauge", "Failed runs in a row.", put_member, COUNT,
	 AT(failures_in_a_row)},
	{"bk_due_items", "gauge", "What is due for the job, counted up to 10000.", put_member,
	 COUNT, AT(queue_depth)},
	{"bk_oldest_due_timestamp_seconds", "gauge",
	 "Since when the oldest of what is due is due; absent where nothing is.", put_member,
	 SECONDS, AT(oldest_due)},
	{"bk_quarantined_bookings", "gauge",
	 "Bookings set aside because the database refuses their change.", put_member, COUNT,
	 AT(aside)},
	{"bk_last_tick_timestamp_seconds", "gauge",
	 "When a host last called the job, due or not, kept to the minute.", put_ticks, SECONDS, 0},
	{"bk_runs_total", "counter", "Runs that ended.", put_runs, COUNT, 0},
	{"bk_empty_runs_total", "counter", "Runs that found nothing due.", put_member, COUNT,
	 AT(empty)},
	{"bk_idle_while_due_runs_total", "counter",
	 "Runs that changed nothing while something was due.", put_member, COUNT,
	 AT(idle_with_rest)},
	{"bk_items_total", "counter",
	 "Bookings (of cleanup: records) by what became of them in runs.", put_items, COUNT, 0},
	{"bk_retries_total", "counter", "Batches that were tried again.", put_member, COUNT,
	 AT(retries)},
	{"bk_errors_total", "counter", "Runs that ended with an error, by its code.", put_codes,
	 COUNT, 0},
	{"bk_run_duration_seconds", "histogram", "Execution times of runs.", put_histogram, SECONDS,
	 0},
};

#undef AT

static void put_head(struct bk_buf *out, const char *name, const char *type, const char *help)
{
	bk_buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_jobs(struct bk_buf *out, const struct bk_totals *totals)
{
	for (size_t m = 0; m < BK_COUNT(metrics); m++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf samples = BK_BUF_INIT;

		for (size_t i = 0; i < totals->count; i++)
			metrics[m].put(&samples, &metrics[m], &totals->items[i]);
		if (!samples.len)
			continue;
		put_head(out, metrics[m].name, metrics[m].type, metrics[m].help);
		bk_buf_bytes(out, samples.data, samples.len);
	}
}

/* A sample for each host of which the list knows a number. */
static void put_hosts(struct bk_buf *out, const struct bk_totals *totals,
		      const struct bk_array *values, const char *name, const char *help)
{
	bool head = false;

	for (size_t i = 0; i < totals->hosts.count; i++) {
		const char *text = values->items[i];
		bool below = text && *text == '-';
		int64_t ms;

		if (!text || !bk_parse_u63(text + below, &ms))
			continue;
		if (!head)
			put_head(out, name, "gauge", help);
		head = true;
		bk_buf_fmt(out, "%s{server=\"", name);
		bk_escape_label(out, totals->hosts.items[i]);
		bk_buf_str(out, "\"} ");
		put_seconds(out, below ? -ms : ms);
		bk_buf_char(out, '\n');
	}
}

static void put_versions(struct bk_buf *out, const struct bk_totals *totals)
{
	if (totals->hosts.count)
		put_head(out, "bk_server_info", "gauge", "The program that a host called last.");
	for (size_t i = 0; i < totals->hosts.count; i++) {
		bk_buf_str(out, "bk_server_info{server=\"");
		bk_escape_label(out, totals->hosts.items[i]);
		bk_buf_char(out, '"');
		put_label(out, "version", totals->host_versions.items[i]);
		bk_buf_str(out, "} 1\n");
	}
}

static void put_common(struct bk_buf *out, const struct bk_totals *totals)
{
	put_head(out, "bk_build_info", "gauge", "The program that wrote this.");
	bk_buf_str(out, "bk_build_info{version=\"" BK_VERSION "\"} 1\n");
	put_versions(out, totals);
	put_hosts(out, totals, &totals->host_seen, "bk_server_seen_timestamp_seconds",
		  "When a host last called any job, kept to the minute.");
	put_hosts(out, totals, &totals->host_clocks, "bk_clock_difference_seconds",
		  "Clock of a host minus that of the database, at its last call.");
	put_head(out, "bk_clock_skew_limit_seconds", "gauge",
		 "Difference of the clocks that is warned about.");
	bk_buf_str(out, "bk_clock_skew_limit_seconds ");
	put_seconds(out, totals->clock_skew_ms);
	bk_buf_char(out, '\n');
	put_head(out, "bk_history_retention_seconds", "gauge",
		 "How long the history keeps runs that failed.");
	bk_buf_str(out, "bk_history_retention_seconds ");
	put_seconds(out, totals->history_ms);
	bk_buf_char(out, '\n');
	put_head(out, "bk_held_bookings", "gauge", "Bookings on hold.");
	bk_buf_fmt(out, "bk_held_bookings %" PRId64 "\n", totals->held);
	if (totals->oldest_failure == BK_NULL_INT)
		return;
	put_head(out, "bk_oldest_failure_timestamp_seconds", "gauge",
		 "Start of the oldest run in the history that did not succeed.");
	bk_buf_str(out, "bk_oldest_failure_timestamp_seconds ");
	put_seconds(out, totals->oldest_failure);
	bk_buf_char(out, '\n');
}

void bk_out_prometheus(struct bk_buf *out, const struct bk_totals *totals, unsigned parts)
{
	if (parts & BK_PROMETHEUS_HOSTS)
		put_common(out, totals);
	if (parts & BK_PROMETHEUS_JOBS)
		put_jobs(out, totals);
}

/*
 * Gathering a report; see report.h.
 */
#include "view/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "view/histogram.h"
#include "view/read.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_US (3600 * SECOND_US)
#define DAY_US (24 * HOUR_US)
#define OTHER_JOBS "other jobs"
#define OTHER_RULES "other rules"

/* A row of view_report_hours. */
struct hour {
	char *operation;
	int64_t hour_s;
	struct bk_report_runs runs;
	char *buckets;
};

#define AT(member) offsetof(struct hour, member)
#define FAULT(n) offsetof(struct hour, runs.faults) + (n) * sizeof(int64_t)

static const struct bk_field hour_fields[] = {
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"hour_s", BK_FIELD_INT, AT(hour_s)},
	{"runs", BK_FIELD_INT, AT(runs.runs)},
	{"empty", BK_FIELD_INT, AT(runs.empty)},
	{"processed", BK_FIELD_INT, AT(runs.processed)},
	{"partial", BK_FIELD_INT, FAULT(BK_REPORT_PARTIAL)},
	{"errors", BK_FIELD_INT, FAULT(BK_REPORT_ERROR)},
	{"timeouts", BK_FIELD_INT, FAULT(BK_REPORT_TIMEOUT)},
	{"cancelled", BK_FIELD_INT, FAULT(BK_REPORT_CANCELLED)},
	{"abandoned", BK_FIELD_INT, FAULT(BK_REPORT_ABANDONED)},
	{"refused", BK_FIELD_INT, FAULT(BK_REPORT_REFUSED)},
	{"max_ms", BK_FIELD_INT, AT(runs.max_ms)},
	{"buckets", BK_FIELD_TEXT, AT(buckets)},
};

#undef AT
#undef FAULT

/* A row of view_report_changes. */
struct change {
	char *operation;
	char *rule;
	char *to_state;
	int64_t hour_s;
	int64_t bookings;
	bool cut;
	int64_t first_s;
};

#define AT(member) offsetof(struct change, member)

static const struct bk_field change_fields[] = {
	{"operation", BK_FIELD_TEXT, AT(operation)}, {"rule", BK_FIELD_TEXT, AT(rule)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},   {"hour_s", BK_FIELD_INT, AT(hour_s)},
	{"bookings", BK_FIELD_INT, AT(bookings)},    {"cut", BK_FIELD_BOOL, AT(cut)},
	{"first_s", BK_FIELD_INT, AT(first_s)},
};

#undef AT
#define AT(member) offsetof(struct bk_report_failure, member)

static const struct bk_field failure_fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"executed_at", BK_FIELD_TEXT, AT(executed_at)},
	{"status", BK_FIELD_TEXT, AT(status)},
	{"processed_count", BK_FIELD_INT, AT(processed_count)},
	{"execution_time_ms", BK_FIELD_INT, AT(execution_time_ms)},
	{"error_code", BK_FIELD_TEXT, AT(error_code)},
	{"error_message", BK_FIELD_TEXT, AT(error_message)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
};

#undef AT

static void clear_hour(struct hour *row)
{
	bk_fields_clear(hour_fields, BK_COUNT(hour_fields), row);
}

static void clear_change(struct change *row)
{
	bk_fields_clear(change_fields, BK_COUNT(change_fields), row);
}

void bk_report_clear(struct bk_report *report)
{
	for (size_t i = 0; i < report->job_count; i++) {
		free(report->jobs[i].name);
		free(report->jobs[i].steps);
	}
	for (size_t i = 0; i < report->rule_count; i++) {
		free(report->rules[i].rule);
		free(report->rules[i].to_state);
		free(report->rules[i].steps);
	}
	for (size_t i = 0; i < report->failure_count; i++)
		bk_fields_clear(failure_fields, BK_COUNT(failure_fields), &report->failures[i]);
	free(report->jobs);
	free(report->rules);
	free(report->failures);
	free(report->as_of);
	free(report->overdue_problem);
	bk_job_list_clear(&report->job_list);
	bk_health_clear(&report->health);
	bk_overdue_clear(&report->overdue);
	*report = (struct bk_report){.step_count = 0};
}

/* --- time --- */

int64_t bk_report_step(int64_t span_us)
{
	static const int64_t hours[] = {1, 2, 3, 4, 6, 8, 12};
	const int64_t most = BK_REPORT_STEPS - 1;

	for (size_t i = 0; i < BK_COUNT(hours); i++)
		if (span_us <= hours[i] * HOUR_US * most)
			return hours[i] * HOUR_US;
	return (span_us / (most * DAY_US) + 1) * DAY_US;
}

/* Down to a multiple, also below 0. */
static int64_t floor_to(int64_t n, int64_t unit)
{
	return n - (n % unit + unit) % unit;
}

/* A start that is yet to come leaves one step, the one at hand. */
static void lay_steps(struct bk_report *report, int64_t since_us)
{
	int64_t end = report->as_of_us;

	since_us = since_us < end ? since_us : end;
	report->step_us = bk_report_step(end - since_us);
	report->start_us = floor_to(since_us, report->step_us);
	report->step_count = (size_t)((end - report->start_us) / report->step_us) + 1;
}

/* Where a second of the clock belongs; what began after as-of, in the last step. */
static size_t step_of(const struct bk_report *report, int64_t at_s)
{
	int64_t step = (at_s * SECOND_US - report->start_us) / report->step_us;

	if (step < 0)
		return 0;
	return (size_t)step < report->step_count ? (size_t)step : report->step_count - 1;
}

struct clock {
	char *as_of;
	int64_t as_of_us;
	int64_t since_us;
};

static enum bk_rc read_clock(struct bk_db *db, const struct bk_conf *conf,
			     const struct bk_moment *since, struct bk_report *report,
			     struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"as_of", BK_FIELD_TEXT, offsetof(struct clock, as_of)},
		{"as_of_us", BK_FIELD_INT, offsetof(struct clock, as_of_us)},
		{"since_us", BK_FIELD_INT, offsetof(struct clock, since_us)},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct clock clock = {.as_of = NULL};
	char at[24];
	char ago[24];
	const char *params[] = {since->kind == BK_MOMENT_AT ? at : NULL, ago};
	struct bk_stmt stmt = {"view_report_clock", NULL, params, 2, BK_ONE_ROW};
	enum bk_rc rc;

	(void)snprintf(at, sizeof(at), "%" PRId64, since->at_us);
	(void)snprintf(ago, sizeof(ago), "%" PRId64, since->ago_ms);
	if ((rc = bk_view_sql(&sql, conf, stmt.name, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_view_read(db, &stmt, 1, &rows, err)) ||
	    (rc = bk_rows_read(rows, 0, fields, BK_COUNT(fields), &clock, err)))
		return rc;
	report->as_of = clock.as_of;
	report->as_of_us = clock.as_of_us;
	lay_steps(report, clock.since_us);
	return BK_OK;
}

/* --- runs --- */

/* The job of that name, which is added where it is new: beyond the last place the one of
   all others. */
static struct bk_report_job *job_of(struct bk_report *report, const char *name)
{
	struct bk_report_job *job = report->jobs;
	bool is_last = report->job_count + 1 >= BK_REPORT_JOBS;

	for (size_t i = 0; i < report->job_count; i++)
		if (strcmp(report->jobs[i].name, name) == 0)
			return &report->jobs[i];
	if (report->job_count == BK_REPORT_JOBS)
		return &report->jobs[BK_REPORT_JOBS - 1];
	job += report->job_count;
	*job = (struct bk_report_job){
		.name = bk_strdup(is_last ? OTHER_JOBS : name),
		.slot = report->job_count++,
		.steps = bk_calloc(report->step_count, sizeof(*job->steps)),
	};
	return job;
}

static void add_runs(struct bk_report_runs *sum, const struct bk_report_runs *more)
{
	sum->runs += more->runs;
	sum->empty += more->empty;
	sum->processed += more->processed;
	for (size_t i = 0; i < BK_REPORT_FAULTS; i++)
		sum->faults[i] += more->faults[i];
}

/* The times of each job and step, and behind them of the job in all. */
struct times {
	struct bk_histogram *items;
	size_t per_job;
};

static void clear_times(struct times *times)
{
	free(times->items);
}

static enum bk_rc add_hour(struct bk_report *report, struct times *times, const struct hour *row,
			   struct bk_error *err)
{
	struct bk_report_job *job = job_of(report, row->operation);
	size_t step = step_of(report, row->hour_s);
	struct bk_histogram *of_job = &times->items[job->slot * times->per_job];
	enum bk_rc rc;

	add_runs(&job->steps[step], &row->runs);
	add_runs(&job->total, &row->runs);
	if ((rc = bk_histogram_add(&of_job[step], row->buckets, row->runs.max_ms, err)))
		return rc;
	return bk_histogram_add(&of_job[report->step_count], row->buckets, row->runs.max_ms, err);
}

static int64_t rounded(double ms)
{
	return ms < 0 ? -1 : (int64_t)(ms + 0.5);
}

static void set_times(struct bk_report_runs *runs, const struct bk_histogram *h)
{
	runs->p50_ms = rounded(bk_histogram_quantile(h, 0.5));
	runs->p95_ms = rounded(bk_histogram_quantile(h, 0.95));
	runs->max_ms = h->total ? h->max_ms : -1;
}

static enum bk_rc read_hours(const struct bk_rows *rows, const struct bk_conf *conf,
			     struct bk_report *report, struct bk_error *err)
{
	BK_CLEAN(clear_times) struct times times = {.per_job = report->step_count + 1};
	enum bk_rc rc = BK_OK;

	times.items = bk_calloc(BK_REPORT_JOBS * times.per_job, sizeof(*times.items));
	report->jobs = bk_calloc(BK_REPORT_JOBS, sizeof(*report->jobs));
	for (size_t i = 0; i < bk_conf_job_count(conf); i++)
		(void)job_of(report, bk_conf_job_at(conf, i)->name);
	for (int i = 0; i < bk_rows_count(rows) && !rc; i++) {
		BK_CLEAN(clear_hour) struct hour row = {.operation = NULL};

		rc = bk_rows_read(rows, i, hour_fields, BK_COUNT(hour_fields), &row, err);
		if (!rc)
			rc = add_hour(report, &times, &row, err);
	}
	for (size_t i = 0; i < report->job_count; i++) {
		struct bk_report_job *job = &report->jobs[i];

		for (size_t s = 0; s < report->step_count; s++)
			set_times(&job->steps[s], &times.items[i * times.per_job + s]);
		set_times(&job->total, &times.items[i * times.per_job + report->step_count]);
	}
	return rc;
}

/* --- changes --- */

static struct bk_report_rule *rule_of(struct bk_report *report, const struct change *row)
{
	struct bk_report_rule *rule = &report->rules[report->rule_count];
	size_t slot = job_of(report, row->operation)->slot;
	bool is_last = report->rule_count + 1 == BK_REPORT_RULES;

	for (size_t i = 0; i < report->rule_count; i++) {
		const struct bk_report_rule *known = &report->rules[i];

		if (known->slot == slot && known->to_state && strcmp(known->rule, row->rule) == 0 &&
		    strcmp(known->to_state, row->to_state) == 0)
			return &report->rules[i];
	}
	if (report->rule_count == BK_REPORT_RULES)
		return rule - 1;
	*rule = (struct bk_report_rule){
		.rule = bk_strdup(is_last ? OTHER_RULES : row->rule),
		.to_state = is_last ? NULL : bk_strdup(row->to_state),
		.slot = is_last ? BK_REPORT_JOBS - 1 : slot,
		.steps = bk_calloc(report->step_count, sizeof(*rule->steps)),
	};
	report->rule_count++;
	return rule;
}

static int compare_rules(const void *a, const void *b)
{
	const struct bk_report_rule *left = a;
	const struct bk_report_rule *right = b;
	int order = (left->slot > right->slot) - (left->slot < right->slot);

	if (order == 0)
		order = (left->to_state == NULL) - (right->to_state == NULL);
	if (order == 0)
		order = strcmp(left->rule, right->rule);
	return order || !left->to_state ? order : strcmp(left->to_state, right->to_state);
}

static void sort_rules(struct bk_report *report)
{
	qsort(report->rules, report->rule_count, sizeof(*report->rules), compare_rules);
	for (size_t i = 1; i < report->rule_count; i++)
		if (report->rules[i].slot == report->rules[i - 1].slot)
			report->rules[i].nth = report->rules[i - 1].nth + 1;
}

static enum bk_rc read_changes(const struct bk_rows *rows, struct bk_report *report,
			       struct bk_error *err)
{
	report->rules = bk_calloc(BK_REPORT_RULES, sizeof(*report->rules));
	report->changes_from_us = BK_NULL_INT;
	for (int i = 0; i < bk_rows_count(rows); i++) {
		BK_CLEAN(clear_change) struct change row = {.rule = NULL};
		struct bk_report_rule *rule;
		enum bk_rc rc = bk_rows_read(rows, i, change_fields, BK_COUNT(change_fields), &row,
					     err);

		if (rc)
			return rc;
		rule = rule_of(report, &row);
		rule->steps[step_of(report, row.hour_s)] += row.bookings;
		rule->total += row.bookings;
		if (row.cut)
			report->changes_from_us = row.first_s * SECOND_US;
	}
	sort_rules(report);
	return BK_OK;
}

static enum bk_rc read_failures(const struct bk_rows *rows, struct bk_report *report,
				struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	report->failures = bk_calloc((size_t)count + 1, sizeof(*report->failures));
	for (int i = 0; i < count && !rc; i++)
		rc = bk_rows_read(rows, i, failure_fields, BK_COUNT(failure_fields),
				  &report->failures[report->failure_count++], err);
	return rc;
}

/* --- all of it --- */

enum { HOURS, CHANGES, FAILURES, PAST };

struct past {
	struct bk_buf sql[PAST];
	struct bk_rows *rows[PAST];
};

static void clear_past(struct past *past)
{
	for (size_t i = 0; i < PAST; i++) {
		bk_buf_clear(&past->sql[i]);
		bk_rows_free(past->rows[i]);
	}
}

static enum bk_rc read_past(struct bk_db *db, const struct bk_conf *conf, struct bk_report *report,
			    struct bk_error *err)
{
	BK_CLEAN(clear_past) struct past past = {.rows = {NULL}};
	char start[24];
	char batches[24];
	char failures[24];
	const char *params[PAST][2] = {{start, NULL}, {start, batches}, {start, failures}};
	struct bk_stmt stmts[PAST] = {
		{"view_report_hours", NULL, params[HOURS], 1, BK_ANY_ROWS},
		{"view_report_changes", NULL, params[CHANGES], 2, BK_ANY_ROWS},
		{"view_report_failures", NULL, params[FAILURES], 2, BK_ANY_ROWS},
	};
	enum bk_rc rc;

	(void)snprintf(start, sizeof(start), "%" PRId64, report->start_us);
	(void)snprintf(batches, sizeof(batches), "%d", BK_REPORT_BATCHES);
	(void)snprintf(failures, sizeof(failures), "%d", BK_REPORT_FAILURES);
	for (size_t i = 0; i < PAST; i++) {
		if ((rc = bk_view_sql(&past.sql[i], conf, stmts[i].name, err)))
			return rc;
		stmts[i].sql = bk_buf_cstr(&past.sql[i]);
	}
	if ((rc = bk_view_read(db, stmts, PAST, past.rows, err)) ||
	    (rc = read_hours(past.rows[HOURS], conf, report, err)) ||
	    (rc = read_changes(past.rows[CHANGES], report, err)))
		return rc;
	return read_failures(past.rows[FAILURES], report, err);
}

static enum bk_rc read_present(struct bk_db *db, const struct bk_conf *conf,
			       struct bk_report *report, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = bk_view_jobs(db, conf, &report->job_list, err)) ||
	    (rc = bk_view_queues(db, conf, &report->job_list, err)))
		return rc;
	bk_health_jobs(&report->health, &report->job_list);
	bk_health_overdue(&report->health, &report->job_list);
	rc = bk_view_overdue(db, conf, &report->overdue, err);
	if (rc && bk_view_is_fatal(db, rc))
		return rc;
	if (rc)
		report->overdue_problem = bk_strdup(err->message);
	return BK_OK;
}

enum bk_rc bk_view_report(struct bk_db *db, const struct bk_conf *conf,
			  const struct bk_moment *since, struct bk_report *ret,
			  struct bk_error *err)
{
	BK_CLEAN(bk_report_clear) struct bk_report report = {.step_count = 0};
	enum bk_rc rc;

	if ((rc = read_present(db, conf, &report, err)) ||
	    (rc = read_clock(db, conf, since, &report, err)) ||
	    (rc = read_past(db, conf, &report, err)))
		return rc;
	*ret = report;
	report = (struct bk_report){.step_count = 0};
	return BK_OK;
}

/*
 * What a run prints: a line for people, JSON, CSV, JSON lines.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "conf/jobs.h"

/* Changes per rule and from-state: the units of several scans count together. */
static void add_rules(struct bk_json *o, const struct bk_job *work)
{
	struct bk_json *list = bk_json_array();
	size_t n = work ? bk_job_unit_count(work) : 0;

	for (size_t i = 0; i < n; i++) {
		struct bk_tally t = bk_job_tally(work, i);
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++) {
			struct bk_tally earlier = bk_job_tally(work, k);

			seen = strcmp(earlier.rule, t.rule) == 0 &&
			       strcmp(earlier.from, t.from) == 0;
		}
		for (size_t k = i + 1; k < n; k++) {
			struct bk_tally later = bk_job_tally(work, k);

			if (strcmp(later.rule, t.rule) == 0 && strcmp(later.from, t.from) == 0)
				t.changed += later.changed;
		}
		if (seen)
			continue;
		struct bk_json *rule = bk_json_object();
		bk_json_set_str(rule, "rule", t.rule);
		bk_json_set_str(rule, "from", t.from);
		bk_json_set_str(rule, "to", t.to);
		bk_json_set_int(rule, "count", t.changed);
		bk_json_push(list, rule);
	}
	bk_json_set(o, "rules", list);
}

/* What the work has to say, a text for each line. */
static void add_warnings(struct bk_json *o, const struct bk_job *work)
{
	struct bk_json *list = bk_json_array();
	const char *line = work ? bk_job_said(work) : NULL;

	for (size_t len; line; line = line[len] ? line + len + 1 : NULL) {
		len = strcspn(line, "\n");
		BK_CLEAN(bk_free_str) char *text = bk_strndup(line, len);

		bk_json_push_str(list, text);
	}
	bk_json_set(o, "warnings", list);
}

/* NULL for a run that failed before it was claimed: it came to nothing. */
static const char *outcome(const struct bk_run_report *r)
{
	if (r->rc && !r->result.execution_id && r->result.outcome == BK_OUTCOME_RAN)
		return NULL;
	return bk_outcome_names[r->result.outcome];
}

static void set_number(struct bk_json *o, const char *key, int64_t n)
{
	if (n == BK_NULL_INT)
		bk_json_set_null(o, key);
	else
		bk_json_set_int(o, key, n);
}

struct bk_json *bk_run_report_json(const struct bk_run_report *r)
{
	const struct bk_run_result *result = &r->result;
	bool recorded = result->execution_id != NULL;
	struct bk_json *o = bk_json_object();

	bk_json_set_str(o, "operation", r->job);
	bk_json_set_str(o, "description", r->description);
	bk_json_set_str(o, "executedAt", recorded ? result->executed_at : NULL);
	bk_json_set_str(o, "status", result->status);
	bk_json_set_int(o, "processedCount", result->processed);
	bk_json_set_str(o, "errorMessage", r->rc ? r->error.message : NULL);
	set_number(o, "executionTimeMs", result->status ? result->execution_time_ms : BK_NULL_INT);
	bk_json_set_str(o, "outcome", outcome(r));
	bk_json_set_str(o, "executionId", result->execution_id);
	bk_json_set_str(o, "triggeredBy", r->manual ? "MANUAL" : "SCHEDULER");
	bk_json_set_int(o, "skippedLocked", result->skipped_locked);
	set_number(o, "remaining", result->remaining);
	bk_json_set_int(o, "quarantined", result->quarantined);
	bk_json_set_int(o, "retryCount", result->retries);
	add_rules(o, r->work);
	bk_json_set_str(o, "abandonedExecutionId", result->abandoned_id);
	bk_json_set_str(o, "nextExecutionTime", result->next_at);
	bk_json_set_str(o, "runningOn", result->holder);
	bk_json_set_str(o, "pausedReason", result->paused_reason);
	set_number(o, "clockDifferenceMs",
		   result->has_clock_difference ? result->clock_difference_ms : BK_NULL_INT);
	add_warnings(o, r->work);
	return o;
}

const char *bk_run_noun(const char *job)
{
	return strcmp(job, BK_JOB_CLEANUP) == 0 ? "record" : "booking";
}

static void put_line(struct bk_buf *out, const struct bk_run_report *r)
{
	const struct bk_run_result *result = &r->result;

	bk_buf_fmt(out, "%s: ", r->job);
	if (!result->execution_id) {
		bk_buf_str(out, bk_outcome_names[result->outcome]);
		if ((result->outcome == BK_OUTCOME_NOT_DUE || result->outcome == BK_OUTCOME_LATE) &&
		    result->next_at)
			bk_buf_fmt(out, ", next run at %s", result->next_at);
		if (result->outcome == BK_OUTCOME_BUSY && result->holder)
			bk_buf_fmt(out, ", running on %s", result->holder);
		bk_buf_char(out, '\n');
		return;
	}
	bk_buf_fmt(out, "%s, %" PRId64 " %s%s changed",
		   result->status ? result->status : "not closed", result->processed,
		   bk_run_noun(r->job), result->processed == 1 ? "" : "s");
	if (result->status) {
		bk_buf_str(out, " in ");
		bk_human_duration(out, result->execution_time_ms);
	}
	bk_buf_fmt(out, " (execution %s)", result->execution_id);
	if (result->skipped_locked)
		bk_buf_fmt(out, ", %" PRId64 " locked by others", result->skipped_locked);
	if (result->quarantined)
		bk_buf_fmt(out, ", %" PRId64 " set aside", result->quarantined);
	if (result->remaining > result->skipped_locked)
		bk_buf_fmt(out, ", %" PRId64 "%s remain", result->remaining,
			   result->remaining >= 10000 ? " or more" : "");
	bk_buf_char(out, '\n');
}

static const char csv_head[] = "operation,outcome,executionId,executedAt,status,processedCount,"
			       "skippedLocked,remaining,executionTimeMs,errorMessage\n";

void bk_run_report_csv(struct bk_buf *out, const struct bk_run_report *r, bool head)
{
	const struct bk_run_result *result = &r->result;

	if (head)
		bk_buf_str(out, csv_head);
	bk_buf_fmt(out, "%s,%s,%s,%s,%s,%" PRId64 ",%" PRId64 ",", r->job,
		   outcome(r) ? outcome(r) : "", result->execution_id ? result->execution_id : "",
		   result->execution_id ? result->executed_at : "",
		   result->status ? result->status : "", result->processed, result->skipped_locked);
	if (result->remaining != BK_NULL_INT)
		bk_buf_fmt(out, "%" PRId64, result->remaining);
	bk_buf_char(out, ',');
	if (result->status)
		bk_buf_fmt(out, "%" PRId64, result->execution_time_ms);
	bk_buf_char(out, ',');
	if (r->rc)
		bk_escape_csv(out, r->error.message, false);
	bk_buf_char(out, '\n');
}

void bk_run_report_jsonl(struct bk_buf *out, const struct bk_run_report *r)
{
	bk_json_typed_line(out, "run", bk_run_report_json(r));
}

static enum bk_rc print_jsonl(struct bk_app *app, const struct bk_run_report *r, struct bk_buf *out)
{
	bk_run_report_jsonl(out, r);
	/* The error line of a failure is the tool's own last line. */
	if (!r->rc)
		bk_buf_fmt(out,
			   "{\"type\":\"summary\",\"runs\":1,\"processedCount\":%" PRId64 "}\n",
			   r->result.processed);
	return bk_app_write(app, out);
}

enum bk_rc bk_run_report_print(struct bk_app *app, const struct bk_run_report *r)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	/* Where nothing came to pass there is no run to show; the error says it all. */
	if (r->rc && !r->result.execution_id)
		return BK_OK;
	switch (app->format) {
	case BK_OUT_JSON:
		app->data = bk_run_report_json(r);
		return BK_OK;
	case BK_OUT_JSONL:
		return print_jsonl(app, r, &out);
	case BK_OUT_CSV:
		bk_run_report_csv(&out, r, true);
		return bk_app_write(app, &out);
	case BK_OUT_TABLE:
	case BK_OUT_PROMETHEUS: /* no other command has it */
	case BK_OUT_DEFAULT:
		break;
	}
	if (bk_app_is_quiet(app))
		return BK_OK;
	put_line(&out, r);
	return bk_app_write(app, &out);
}

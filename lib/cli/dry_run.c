/*
 * The dry run as the user sees it: the exact bookings, streamed, and in every
 * format the word that nothing was changed. It records nothing and needs only
 * booking_read.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/pager.h"
#include "conf/jobs.h"
#include "rule/privilege.h"
#include "rule/table.h"

/* JSON is one document that must fit in memory, so it lists so many bookings
   and counts them all; csv and jsonl list them all. CSV has rows only: its totals and
   the word that nothing was changed go to standard error. */
#define JSON_ITEMS 1000

struct rule_total {
	char *rule;
	int64_t count;
};

struct dry_out {
	struct bk_app *app;
	const char *job;
	struct bk_pager pager;
	struct bk_json *items;
	int64_t total;
	int64_t listed;
	bool headed; /* the head of csv is written */
	struct rule_total *rules;
	size_t rule_count;
};

/* Rule comes after rule, so it is the last one most of the time. */
static void count_rule(struct dry_out *d, const char *rule)
{
	size_t i = d->rule_count;

	while (i > 0 && strcmp(d->rules[i - 1].rule, rule) != 0)
		i--;
	if (i == 0) {
		d->rules = bk_realloc(d->rules, d->rule_count + 1, sizeof(*d->rules));
		d->rules[d->rule_count++] = (struct rule_total){bk_strdup(rule), 0};
		i = d->rule_count;
	}
	d->rules[i - 1].count++;
}

static struct bk_json *row_json(const struct bk_dry_row *row)
{
	struct bk_json *o = bk_json_object();
	struct bk_json *keys = bk_json_array();

	for (size_t i = 0; i < row->key_count; i++)
		bk_json_push_str(keys, row->keys[i]);
	bk_json_set(o, "key", keys);
	bk_json_set_str(o, "from", row->from);
	bk_json_set_str(o, "to", row->to);
	bk_json_set_str(o, "rule", row->rule);
	bk_json_set_str(o, "dueAt", row->due_at);
	return o;
}

static void put_keys(struct bk_buf *out, const struct bk_dry_row *row, const char *separator,
		     void (*escape)(struct bk_buf *, const char *))
{
	for (size_t i = 0; i < row->key_count; i++) {
		bk_buf_str(out, i ? separator : "");
		escape(out, row->keys[i] ? row->keys[i] : "");
	}
}

static void csv_cell(struct bk_buf *out, const char *text)
{
	bk_escape_csv(out, text, false);
}

/* Not before it is known that there is a list at all. */
static void put_head(struct dry_out *d, struct bk_buf *out)
{
	const struct bk_mapping *m = bk_conf_mapping(d->app->conf);

	if (d->app->format != BK_OUT_CSV || d->headed)
		return;
	d->headed = true;
	if (strcmp(d->job, BK_JOB_CLEANUP) == 0)
		bk_buf_str(out, "key,");
	else
		for (size_t i = 0; i < m->key_count; i++) {
			bk_escape_csv(out, m->keys[i], false);
			bk_buf_char(out, ',');
		}
	bk_buf_str(out, "from,to,rule,dueAt\n");
}

static void put_row(struct dry_out *d, const struct bk_dry_row *row, struct bk_buf *out)
{
	if (d->app->format == BK_OUT_CSV) {
		put_keys(out, row, ",", csv_cell);
		bk_buf_char(out, ',');
		csv_cell(out, row->from);
		bk_buf_char(out, ',');
		csv_cell(out, row->to);
		bk_buf_fmt(out, ",%s,%s\n", row->rule, row->due_at ? row->due_at : "");
		return;
	}
	if (d->app->format == BK_OUT_JSONL) {
		bk_json_typed_line(out, "booking", row_json(row));
		return;
	}
	put_keys(out, row, " ", bk_escape_line);
	bk_buf_str(out, "  ");
	bk_escape_line(out, row->from);
	bk_buf_str(out, " -> ");
	bk_escape_line(out, row->to);
	bk_buf_fmt(out, "  %s, due %s\n", row->rule, row->due_at ? row->due_at : "?");
}

static enum bk_rc on_row(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	struct dry_out *d = arg;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	enum bk_rc rc;

	d->total++;
	count_rule(d, row->rule);
	if (d->app->format == BK_OUT_JSON) {
		if (d->listed < JSON_ITEMS) {
			bk_json_push(d->items, row_json(row));
			d->listed++;
		}
		return BK_OK;
	}
	put_head(d, &out);
	put_row(d, row, &out);
	rc = bk_pager_write(&d->pager, &out);
	if (rc)
		*err = d->app->err;
	return rc;
}

static struct bk_json *rules_json(const struct dry_out *d)
{
	struct bk_json *list = bk_json_array();

	for (size_t i = 0; i < d->rule_count; i++) {
		struct bk_json *o = bk_json_object();

		bk_json_set_str(o, "rule", d->rules[i].rule);
		bk_json_set_int(o, "count", d->rules[i].count);
		bk_json_push(list, o);
	}
	return list;
}

static void set_summary(struct bk_json *o, const struct dry_out *d, const struct bk_dry_head *head)
{
	bk_json_set_str(o, "operation", d->job);
	bk_json_set_bool(o, "dryRun", true);
	bk_json_set_str(o, "asOf", head->as_of);
	bk_json_set_str(o, "jobStatus", head->job_status);
	bk_json_set_str(o, "nextExecutionTime", head->next_at);
	bk_json_set_str(o, "pausedUntil", head->paused_until);
	bk_json_set_str(o, "pausedReason", head->paused_reason);
	bk_json_set_str(o, "runningExecutionId", head->running_id);
	bk_json_set_str(o, "leaseExpiresAt", head->lease_until);
	bk_json_set_int(o, "total", d->total);
	bk_json_set(o, "rules", rules_json(d));
}

/* What a run would heed and a dry run does not. */
static void put_state(struct bk_buf *out, const struct bk_dry_head *head)
{
	if (head->job_status)
		bk_buf_fmt(out, "; the job is %s", head->job_status);
	if (head->running_id)
		bk_buf_fmt(out, " as execution %s, its lease until %s", head->running_id,
			   head->lease_until);
	if (head->paused_until)
		bk_buf_fmt(out, ", paused until %s", head->paused_until);
	if (head->paused_reason) {
		bk_buf_str(out, " (");
		bk_escape_line(out, head->paused_reason);
		bk_buf_char(out, ')');
	}
	if (head->next_at)
		bk_buf_fmt(out, ", its next run at %s", head->next_at);
}

/* The word that nothing was changed, and how many by which rule; a line each. */
static enum bk_rc finish_text(struct dry_out *d, const struct bk_dry_head *head)
{
	bool aside = d->app->format == BK_OUT_CSV;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	for (size_t i = 0; i < d->rule_count; i++)
		bk_buf_fmt(&out, "rule %s: %" PRId64 "\n", d->rules[i].rule, d->rules[i].count);
	bk_buf_fmt(&out, "DRY RUN: %s would change %" PRId64 " %ss as of %s; nothing was changed",
		   d->job, d->total, bk_run_noun(d->job), head->as_of);
	put_state(&out, head);
	bk_buf_char(&out, '\n');
	if (!aside)
		return bk_pager_write(&d->pager, &out);
	bk_app_note(d->app, bk_buf_cstr(&out));
	return BK_OK;
}

static enum bk_rc finish_jsonl(struct dry_out *d, const struct bk_dry_head *head)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_json_clean) struct bk_json *line = bk_json_object();

	bk_json_set_str(line, "type", "summary");
	set_summary(line, d, head);
	bk_json_render(line, &out);
	bk_buf_char(&out, '\n');
	return bk_app_write(d->app, &out);
}

/* What stands under the rows in each format. */
static enum bk_rc finish(struct dry_out *d, const struct bk_dry_head *head)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	enum bk_rc rc;

	switch (d->app->format) {
	case BK_OUT_JSON:
		d->app->message = "dry run: nothing was changed";
		d->app->data = bk_json_object();
		set_summary(d->app->data, d, head);
		bk_json_set(d->app->data, "items", BK_TAKE(d->items));
		bk_json_set_int(d->app->data, "limit", JSON_ITEMS);
		bk_json_set_null(d->app->data, "nextCursor");
		return BK_OK;
	case BK_OUT_JSONL:
		return finish_jsonl(d, head);
	case BK_OUT_CSV:
	case BK_OUT_PROMETHEUS: /* no other command has it */
	case BK_OUT_DEFAULT:
	case BK_OUT_TABLE:
		break;
	}
	put_head(d, &out);
	rc = out.len ? bk_app_write(d->app, &out) : BK_OK;
	return rc ? rc : finish_text(d, head);
}

/* What the run would end with, as far as a look can tell. */
static enum bk_rc verdict(struct bk_app *app, const struct dry_out *d,
			  const struct bk_dry_head *head)
{
	const struct bk_bound *bound = &head->bound;

	if (bound->key && !bound->trickle && d->total > bound->allowed) {
		bk_error_set(&app->err, BK_E_REFUSED,
			     "%s%s would be refused: it would change %" PRId64
			     " %ss, %s allows %" PRId64,
			     head->never_succeeded ? "the first run of " : "", d->job, d->total,
			     bk_run_noun(d->job), bound->key, bound->allowed);
		return bk_error_hint(&app->err, "let it through once with --allow=N");
	}
	if (!head->more)
		return BK_OK;
	if (bound->trickle)
		return bk_error_set(&app->err, BK_E_PARTIAL,
				    "more than the %" PRId64
				    " bookings that max-changes allows are due, work would remain",
				    bound->allowed);
	return bk_error_set(&app->err, BK_E_PARTIAL,
			    "the limit of %" PRId64 " bookings is reached, work would remain",
			    app->line.options.limit);
}

static void clear_dry(struct dry_out *d)
{
	for (size_t i = 0; i < d->rule_count; i++)
		free(d->rules[i].rule);
	free(d->rules);
	bk_json_clean(&d->items);
	bk_pager_clear(&d->pager);
}

/* The list up to its last row. */
static enum bk_rc list(struct dry_out *d, struct bk_dry_head *head)
{
	struct bk_app *app = d->app;
	BK_CLEAN(bk_job_clean) struct bk_job *work = bk_run_new_job(app, d->job);
	struct bk_run_request request = bk_job_request(app->conf, d->job);
	enum bk_rc rc;

	bk_run_narrow(app, &request);
	request.clock = app->clock;
	rc = bk_job_dry_run(work, app->db, &request, on_row, d, head, &app->err);
	if (rc == BK_E_PERMISSION)
		bk_explain_permission(app->db, request.schema, bk_conf_mapping(app->conf), false,
				      &app->err);
	return rc;
}

/* What a job that the file disables is to a command: for a tick no error, for there are no
   rules then, and nothing is due. */
enum bk_rc bk_dry_allowed(struct bk_app *app, const char *job, bool manual)
{
	if (!manual || bk_conf_job_enabled(app->conf, job))
		return BK_OK;
	return bk_error_set(&app->err, BK_E_DISABLED, "%s is disabled in the configuration", job);
}

enum bk_rc bk_dry_command(struct bk_app *app, const char *job, bool manual)
{
	BK_CLEAN(bk_dry_head_clear) struct bk_dry_head head = {.as_of = NULL};
	BK_CLEAN(clear_dry)
	struct dry_out d = {.app = app, .job = job, .pager = bk_pager_begin(app)};
	enum bk_rc rc;

	if ((rc = bk_dry_allowed(app, job, manual)) || (rc = bk_app_connect(app, job, true)))
		return rc;
	d.items = bk_json_array();
	if ((rc = list(&d, &head)))
		return rc;
	if (!bk_conf_job_enabled(app->conf, job)) {
		bk_free_str(&head.job_status);
		head.job_status = bk_strdup("DISABLED");
	}
	/* Who reads for an hour needs no connection meanwhile. */
	bk_db_clean(&app->db);
	if ((rc = finish(&d, &head)) || (rc = bk_pager_end(&d.pager)))
		return rc;
	return verdict(app, &d, &head);
}

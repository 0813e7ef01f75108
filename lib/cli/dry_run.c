/*
 * The dry run as the user sees it: the exact bookings, streamed, and in every
 * format the word that nothing was changed. It records nothing and needs only
 * booking_read.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "rule/table.h"

/* JSON is one document that must fit in memory, so it lists so many bookings
   and counts them all; csv and jsonl list them all. */
#define JSON_ITEMS 1000

struct dry_out {
	struct bk_app *app;
	const char *job;
	struct bk_json *items;
	int64_t limit; /* -1 = all */
	int64_t total;
	int64_t listed;
	bool more;   /* the limit cut the list short */
	bool headed; /* the head of csv is written */
	struct {
		const char *rule;
		int64_t count;
	} rules[16];
	size_t rule_count;
};

static void count_rule(struct dry_out *d, const char *rule)
{
	size_t i = 0;

	while (i < d->rule_count && strcmp(d->rules[i].rule, rule) != 0)
		i++;
	if (i == d->rule_count && i < BK_COUNT(d->rules))
		d->rules[d->rule_count++].rule = rule;
	d->rules[i].count++;
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

	if (d->total == d->limit) {
		d->more = true;
		return BK_OK;
	}
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
	rc = bk_app_write(d->app, &out);
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
	bk_json_set_int(o, "total", d->total);
	bk_json_set(o, "rules", rules_json(d));
}

/* What stands under the rows in each format. */
static enum bk_rc finish(struct dry_out *d, const struct bk_dry_head *head, bool failed)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	if (d->app->format == BK_OUT_JSON) {
		d->app->message = "dry run: nothing was changed";
		d->app->data = bk_json_object();
		set_summary(d->app->data, d, head);
		bk_json_set(d->app->data, "items", BK_TAKE(d->items));
		bk_json_set_int(d->app->data, "limit", JSON_ITEMS);
		bk_json_set_null(d->app->data, "nextCursor");
		return BK_OK;
	}
	put_head(d, &out);
	if (d->app->format == BK_OUT_CSV)
		return bk_app_write(d->app, &out);
	if (d->app->format == BK_OUT_JSONL) {
		BK_CLEAN(bk_json_clean) struct bk_json *line = bk_json_object();

		if (failed)
			return BK_OK; /* the error is the last line */
		bk_json_set_str(line, "type", "summary");
		set_summary(line, d, head);
		bk_json_render(line, &out);
		bk_buf_char(&out, '\n');
		return bk_app_write(d->app, &out);
	}
	for (size_t i = 0; i < d->rule_count; i++)
		bk_buf_fmt(&out, "rule %s: %" PRId64 "\n", d->rules[i].rule, d->rules[i].count);
	bk_buf_fmt(
		&out,
		"DRY RUN: %s would change %" PRId64 " %ss as of %s; nothing was changed%s%s%s%s\n",
		d->job, d->total, bk_run_noun(d->job), head->as_of,
		head->job_status ? "; the job is " : "", head->job_status ? head->job_status : "",
		head->next_at ? ", its next run at " : "", head->next_at ? head->next_at : "");
	return bk_app_write(d->app, &out);
}

/* The same guard as a run: before the first success no more than
   first-run-limit, unless --allow or --limit say otherwise. */
static enum bk_rc guard(struct bk_app *app, const struct dry_out *d, const struct bk_dry_head *head)
{
	const struct bk_options *o = &app->line.options;
	int64_t allowed = bk_conf_job_num(app->conf, d->job, "first-run-limit");

	if (!head->never_succeeded || allowed == 0)
		return BK_OK;
	if (o->allow > allowed)
		allowed = o->allow;
	if (d->total <= allowed)
		return BK_OK;
	bk_error_set(&app->err, BK_E_REFUSED,
		     "the first run of %s would be refused: more than %" PRId64
		     " bookings (first-run-limit)",
		     d->job, allowed);
	return bk_error_hint(&app->err, "let it through once with --allow=N");
}

/* What the run would end with, as far as a look can tell. */
static enum bk_rc verdict(struct bk_app *app, const struct dry_out *d,
			  const struct bk_dry_head *head)
{
	enum bk_rc rc = guard(app, d, head);

	if (rc || !d->more)
		return rc;
	return bk_error_set(&app->err, BK_E_PARTIAL,
			    "the limit of %" PRId64 " bookings is reached, work would remain",
			    d->limit);
}

static void clear_dry(struct dry_out *d)
{
	bk_json_clean(&d->items);
}

enum bk_rc bk_dry_command(struct bk_app *app, const char *job, bool manual)
{
	const struct bk_options *o = &app->line.options;
	BK_CLEAN(bk_dry_head_clear) struct bk_dry_head head = {.as_of = NULL};
	BK_CLEAN(clear_dry)
	struct dry_out d = {.app = app, .job = job, .items = bk_json_array(), .limit = o->limit};
	BK_CLEAN(bk_job_clean) struct bk_job *work = NULL;
	const char *schema = bk_conf_str(app->conf, "schema");
	bool enabled = bk_conf_job_enabled(app->conf, job);
	enum bk_rc end;
	enum bk_rc rc;

	/* For a tick that is no error: there are no rules then, and nothing is due. */
	if (manual && !enabled)
		return bk_error_set(&app->err, BK_E_DISABLED, "%s is disabled in the configuration",
				    job);
	if ((rc = bk_app_connect(app, job, true)))
		return rc;
	work = bk_job_new(app->conf, job);
	rc = bk_job_dry_run(work, app->db, schema,
			    o->backlog ? -1 : bk_conf_job_num(app->conf, job, "max-age"),
			    o->limit < 0 ? -1 : o->limit + 1, on_row, &d, &head, &app->err);
	if (rc == BK_E_PERMISSION)
		bk_explain_permission(app->db, schema, bk_conf_mapping(app->conf), false,
				      &app->err);
	if (rc)
		return rc;
	if (!enabled) {
		bk_free_str(&head.job_status);
		head.job_status = bk_strdup("DISABLED");
	}
	end = verdict(app, &d, &head);
	rc = finish(&d, &head, end != BK_OK);
	return end ? end : rc;
}

/*
 * --explain as the user sees it. The text is SQL itself, what is not a statement stands in
 * comments: a statement can be taken as it is once its parameters are put in.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/pager.h"
#include "job/explain.h"
#include "rule/privilege.h"
#include "rule/table.h"

struct explain_out {
	struct bk_app *app;
	const char *job;
	struct bk_pager pager;
	struct bk_json *items;
	int64_t count;
};

static void clear_out(struct explain_out *o)
{
	bk_json_clean(&o->items);
	bk_pager_clear(&o->pager);
}

static struct bk_json *params_json(const struct bk_explained *e)
{
	struct bk_json *list = bk_json_array();

	for (size_t i = 0; i < e->param_count; i++) {
		struct bk_json *o = bk_json_object();

		bk_json_set_int(o, "number", (int64_t)i + 1);
		bk_json_set_str(o, "name", e->params[i].name);
		bk_json_set_str(o, "value", e->params[i].value);
		bk_json_push(list, o);
	}
	return list;
}

static struct bk_json *explained_json(const struct bk_explained *e)
{
	struct bk_json *o = bk_json_object();
	struct bk_json *plan = bk_json_array();

	for (size_t i = 0; i < e->plan_count; i++)
		bk_json_push_str(plan, e->plan[i]);
	bk_json_set_str(o, "rule", e->rule);
	bk_json_set_str(o, "from", e->from);
	bk_json_set_str(o, "to", e->to);
	bk_json_set_str(o, "scan", e->scan);
	bk_json_set_bool(o, "pinned", e->pinned);
	bk_json_set_str(o, "sql", e->sql);
	bk_json_set(o, "parameters", params_json(e));
	bk_json_set_bool(o, "selectingPartOnly", e->selecting);
	bk_json_set_str(o, "refused", e->refused);
	bk_json_set(o, "plan", plan);
	return o;
}

/* A line of a comment. */
static void put_comment(struct bk_buf *out, const char *indent, const char *text)
{
	bk_buf_fmt(out, "--%s", indent);
	bk_escape_line(out, text);
	bk_buf_char(out, '\n');
}

/* As it is, but for what could do a terminal harm: a label of the configuration may be any
   text. */
static void put_sql(struct bk_buf *out, const char *sql)
{
	for (;;) {
		size_t len = strcspn(sql, "\n\t");
		BK_CLEAN(bk_free_str) char *piece = bk_strndup(sql, len);

		bk_escape_line(out, piece);
		sql += len;
		if (!*sql || (*sql == '\n' && !sql[1]))
			break;
		bk_buf_char(out, *sql++);
	}
	bk_buf_str(out, ";\n");
}

static void put_head(struct bk_buf *out, const struct explain_out *o, const struct bk_explained *e)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf head = BK_BUF_INIT;

	bk_buf_fmt(&head, "%s", o->job);
	if (e->rule)
		bk_buf_fmt(&head, ", rule %s: %s -> %s", e->rule, e->from, e->to);
	if (e->scan)
		bk_buf_fmt(&head, ", in the order of %s", e->scan);
	bk_buf_str(out, o->count ? "\n" : "");
	put_comment(out, " ", bk_buf_cstr(&head));
}

static void put_params(struct bk_buf *out, const struct bk_explained *e)
{
	put_comment(out, " ", "parameters:");
	for (size_t i = 0; i < e->param_count; i++) {
		const struct bk_param *p = &e->params[i];
		BK_CLEAN(bk_free_str)
		char *line = bk_asprintf("$%zu = %s  (%s)", i + 1, p->value ? p->value : "NULL",
					 p->name);

		put_comment(out, "   ", line);
	}
}

static void put_plan(struct bk_buf *out, const struct bk_explained *e)
{
	BK_CLEAN(bk_free_str) char *why = NULL;

	if (e->selecting) {
		why = bk_asprintf("plan of the selecting part alone (%s):", e->refused);
		put_comment(out, " ", why);
	} else {
		put_comment(out, " ", "plan:");
	}
	if (e->scan)
		put_comment(out, "   ",
			    e->pinned ? "(an index serves the order; no other plan is allowed)"
				      : "(no index serves the order; the planner is free)");
	for (size_t i = 0; i < e->plan_count; i++)
		put_comment(out, "   ", e->plan[i]);
}

static enum bk_rc on_explained(void *arg, const struct bk_explained *e, struct bk_error *err)
{
	struct explain_out *o = arg;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	enum bk_rc rc;

	if (o->app->format == BK_OUT_JSON) {
		bk_json_push(o->items, explained_json(e));
		o->count++;
		return BK_OK;
	}
	if (o->app->format == BK_OUT_JSONL) {
		bk_json_typed_line(&out, "statement", explained_json(e));
	} else {
		put_head(&out, o, e);
		put_params(&out, e);
		put_sql(&out, e->sql);
		put_plan(&out, e);
	}
	o->count++;
	if ((rc = bk_pager_write(&o->pager, &out)))
		*err = o->app->err;
	return rc;
}

static void set_summary(const struct explain_out *o, struct bk_json *object)
{
	bk_json_set_str(object, "operation", o->job);
	bk_json_set_bool(object, "explain", true);
	bk_json_set_int(object, "count", o->count);
}

static enum bk_rc finish(struct explain_out *o)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_json_clean) struct bk_json *line = NULL;

	if (o->app->format == BK_OUT_JSON) {
		o->app->message = "explained: nothing was run";
		o->app->data = bk_json_object();
		set_summary(o, o->app->data);
		bk_json_set(o->app->data, "statements", BK_TAKE(o->items));
		return BK_OK;
	}
	if (o->app->format == BK_OUT_JSONL) {
		line = bk_json_object();
		bk_json_set_str(line, "type", "summary");
		set_summary(o, line);
		bk_json_render(line, &out);
		bk_buf_char(&out, '\n');
	} else {
		bk_buf_fmt(&out, "%s-- EXPLAIN: %s has %" PRId64 " statement%s; nothing was run\n",
			   o->count ? "\n" : "", o->job, o->count, o->count == 1 ? "" : "s");
	}
	return bk_pager_write(&o->pager, &out);
}

static enum bk_rc explain_job(struct explain_out *o)
{
	struct bk_app *app = o->app;
	BK_CLEAN(bk_job_clean) struct bk_job *work = bk_job_new(app->conf, o->job);
	struct bk_run_request request = bk_job_request(app->conf, o->job);
	enum bk_rc rc;

	request.instance = app->instance;
	bk_run_narrow(app, &request);
	rc = bk_job_explain(work, app->db, &request, on_explained, o, &app->err);
	if (rc == BK_E_PERMISSION)
		bk_explain_permission(app->db, request.schema, bk_conf_mapping(app->conf), false,
				      &app->err);
	return rc;
}

enum bk_rc bk_explain_command(struct bk_app *app, const char *job, bool manual)
{
	BK_CLEAN(clear_out) struct explain_out o = {.app = app, .job = job};
	enum bk_rc rc;

	if (app->format == BK_OUT_CSV) {
		bk_error_set(&app->err, BK_E_USAGE, "--explain does not print csv");
		return bk_error_hint(&app->err, "use --output=json");
	}
	if ((rc = bk_dry_allowed(app, job, manual)) || (rc = bk_app_connect(app, job, true)))
		return rc;
	o.pager = bk_pager_begin(app);
	o.items = bk_json_array();
	if ((rc = explain_job(&o)))
		return rc;
	bk_db_clean(&app->db);
	rc = finish(&o);
	return rc ? rc : bk_pager_end(&o.pager);
}

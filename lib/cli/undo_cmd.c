/*
 * The command undo: takes back what an execution did, or lists what it would take back;
 * see undo_cmd.h.
 */
#include "cli/undo_cmd.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/booking_cmd.h"
#include "cli/control.h"
#include "cli/pager.h"
#include "cli/run_job.h"
#include "out/undo.h"

#define HOLD_MS INT64_C(86400000)
/* JSON is one document that must fit in memory. */
#define JSON_ITEMS 1000

static enum bk_rc read_target(struct bk_app *app, struct bk_undo_target *ret)
{
	const struct bk_options *o = &app->line.options;
	enum bk_rc rc;

	*ret = (struct bk_undo_target){
		.rule = o->rule,
		.key = o->key.count ? o->key.items : NULL,
		.hold_ms = o->hold_ms < 0 ? HOLD_MS : o->hold_ms,
	};
	if ((rc = bk_control_number(app, "an execution", "bkstatus history", &ret->execution)))
		return rc;
	if (!o->key.count)
		return BK_OK;
	rc = bk_booking_check_keys(app, (int)o->key.count);
	return rc ? bk_error_hint(&app->err, "give --key once for each column") : BK_OK;
}

/* --- the dry run --- */

struct look {
	struct bk_app *app;
	struct bk_pager pager;
	struct bk_json *items;
	int64_t back, left, listed;
	bool headed;
};

static void put_line(struct bk_buf *out, const struct bk_undo_row *row)
{
	bk_out_key(out, row->key);
	bk_buf_str(out, "  ");
	bk_escape_line(out, row->from);
	bk_buf_str(out, " -> ");
	bk_escape_line(out, row->to);
	bk_buf_str(out, "  ");
	bk_escape_line(out, row->rule);
	if (row->reason) {
		bk_buf_str(out, ", would be left: ");
		bk_out_undo_reason(out, row->reason, row->detail);
	}
	bk_buf_char(out, '\n');
}

static enum bk_rc put_row(struct look *l, const struct bk_list *list, const struct bk_undo_row *row,
			  struct bk_buf *out)
{
	switch (l->app->format) {
	case BK_OUT_JSON:
		if (l->listed++ < JSON_ITEMS)
			bk_json_push(l->items, bk_list_row_json(list, 0));
		return BK_OK;
	case BK_OUT_JSONL:
		bk_list_jsonl(list, out);
		break;
	case BK_OUT_CSV: {
		BK_CLEAN(bk_buf_clear) struct bk_buf csv = BK_BUF_INIT;
		const char *text;

		bk_list_csv(list, &csv);
		text = bk_buf_cstr(&csv);
		/* The first line holds the keys. */
		bk_buf_str(out, l->headed ? strchr(text, '\n') + 1 : text);
		l->headed = true;
		break;
	}
	case BK_OUT_TABLE:
	case BK_OUT_PROMETHEUS:
	case BK_OUT_DEFAULT:
		put_line(out, row);
		break;
	}
	return bk_pager_write(&l->pager, out);
}

static enum bk_rc on_row(void *arg, const struct bk_undo_row *row, struct bk_error *err)
{
	struct look *l = arg;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	/* The list only reads them. */
	const struct bk_out_undo_row shown = {
		.rule = (char *)(uintptr_t)row->rule,
		.from = (char *)(uintptr_t)row->from,
		.to = (char *)(uintptr_t)row->to,
		.left = {*row->key, (char *)(uintptr_t)row->reason, (char *)(uintptr_t)row->detail},
	};
	const struct bk_list list = bk_out_undo_rows(&shown, 1);
	enum bk_rc rc;

	row->reason ? l->left++ : l->back++;
	if ((rc = put_row(l, &list, row, &out)))
		*err = l->app->err;
	return rc;
}

static void set_target(struct bk_json *o, const struct bk_undo *undo)
{
	bk_json_set_str(o, "operation", "undo");
	bk_json_set_str(o, "undoOf", bk_undo_execution(undo));
	bk_json_set_str(o, "jobName", bk_undo_job(undo));
}

static void set_look(struct bk_json *o, const struct look *l, const struct bk_undo *undo)
{
	set_target(o, undo);
	bk_json_set_bool(o, "dryRun", true);
	bk_json_set_int(o, "total", l->back);
	bk_json_set_int(o, "leftCount", l->left);
}

static void put_counts(struct bk_buf *out, int64_t back, int64_t left, const char *verb)
{
	bk_buf_fmt(out, "%" PRId64 " booking%s %sset back", back, back == 1 ? "" : "s", verb);
	if (left)
		bk_buf_fmt(out, ", %" PRId64 " left as %s", left, left == 1 ? "it is" : "they are");
}

/* What an undo does not do, said before and after. */
static void put_effects(struct bk_buf *out, const struct bk_undo *undo)
{
	if (bk_undo_has_own(undo))
		bk_buf_str(out, "what after-batch did is not taken back except by on-undo\n");
	else if (bk_undo_had_after(undo))
		bk_buf_str(out, "what after-batch did is not taken back\n");
}

static enum bk_rc end_look(struct look *l, const struct bk_undo *undo)
{
	struct bk_app *app = l->app;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_json_clean) struct bk_json *summary = bk_json_object();
	enum bk_rc rc;

	if (app->format == BK_OUT_JSON) {
		app->message = "dry run: nothing was changed";
		set_look(summary, l, undo);
		bk_json_set(summary, "items", BK_TAKE(l->items));
		bk_json_set_int(summary, "limit", JSON_ITEMS);
		bk_json_set_null(summary, "nextCursor");
		app->data = BK_TAKE(summary);
		return BK_OK;
	}
	if (app->format == BK_OUT_JSONL) {
		bk_json_set_str(summary, "type", "summary");
		set_look(summary, l, undo);
		bk_json_render(summary, &out);
		bk_buf_char(&out, '\n');
		return bk_app_write(app, &out);
	}
	put_effects(&out, undo);
	bk_buf_fmt(&out, "DRY RUN: of execution %s of %s at %s ", bk_undo_execution(undo),
		   bk_undo_job(undo), bk_undo_executed_at(undo));
	put_counts(&out, l->back, l->left, "would be ");
	bk_buf_str(&out, "; nothing was changed\n");
	if (app->format == BK_OUT_CSV) {
		bk_app_note(app, bk_buf_cstr(&out));
		return BK_OK;
	}
	rc = bk_pager_write(&l->pager, &out);
	return rc ? rc : bk_pager_end(&l->pager);
}

static void clear_look(struct look *l)
{
	bk_json_clean(&l->items);
	bk_pager_clear(&l->pager);
}

static enum bk_rc look(struct bk_app *app, struct bk_undo *undo)
{
	BK_CLEAN(clear_look) struct look l = {.app = app, .pager = bk_pager_begin(app)};
	enum bk_rc rc;

	l.items = bk_json_array();
	if ((rc = bk_undo_list(undo, app->db, on_row, &l, &app->err)))
		return rc;
	/* Who reads for an hour needs no connection meanwhile. */
	bk_db_clean(&app->db);
	return end_look(&l, undo);
}

/* --- the run --- */

static enum bk_rc connect_more(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
			       struct bk_error *err)
{
	return bk_app_connect_more(arg, "undo", timeout_ms, hold, ret, err);
}

static void set_result(struct bk_json *o, const struct bk_undo *undo,
		       const struct bk_run_result *result)
{
	set_target(o, undo);
	bk_json_set_str(o, "executionId", result->execution_id);
	bk_json_set_str(o, "executedAt", result->executed_at);
	bk_json_set_str(o, "status", result->status);
	bk_json_set_int(o, "changedCount", result->processed);
	bk_json_set_int(o, "leftCount", bk_undo_left_total(undo));
}

static void put_summary(struct bk_buf *out, const struct bk_undo *undo,
			const struct bk_run_result *result)
{
	BK_CLEAN(bk_json_clean) struct bk_json *line = bk_json_object();

	bk_json_set_str(line, "type", "summary");
	set_result(line, undo, result);
	bk_json_render(line, out);
	bk_buf_char(out, '\n');
}

static void put_text(struct bk_buf *out, const struct bk_undo *undo, int64_t hold_ms,
		     const struct bk_run_result *result)
{
	const struct bk_undo_left *left = bk_undo_left_rows(undo);

	for (size_t i = 0; i < bk_undo_left_count(undo); i++) {
		bk_out_key(out, &left[i].key);
		bk_buf_str(out, "  left as it is: ");
		bk_out_undo_reason(out, left[i].reason, left[i].detail);
		bk_buf_char(out, '\n');
	}
	put_effects(out, undo);
	bk_buf_fmt(out, "undo of execution %s of %s: ", bk_undo_execution(undo), bk_undo_job(undo));
	put_counts(out, result->processed, bk_undo_left_total(undo), "");
	if (hold_ms && result->processed) {
		bk_buf_str(out, "; on hold for ");
		bk_human_duration(out, hold_ms);
	}
	bk_buf_fmt(out, " (execution %s)\n", result->execution_id);
}

static enum bk_rc print(struct bk_app *app, const struct bk_undo *undo, int64_t hold_ms,
			const struct bk_run_result *result, bool failed)
{
	const struct bk_list list = bk_out_undo_left(bk_undo_left_rows(undo),
						     bk_undo_left_count(undo));
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	switch (app->format) {
	case BK_OUT_JSON:
		app->data = bk_json_object();
		set_result(app->data, undo, result);
		bk_json_set(app->data, "left", bk_list_json(&list));
		return BK_OK;
	case BK_OUT_JSONL:
		bk_list_jsonl(&list, &out);
		/* After a failure the error is the last line. */
		if (!failed)
			put_summary(&out, undo, result);
		break;
	case BK_OUT_CSV:
		bk_list_csv(&list, &out);
		break;
	case BK_OUT_TABLE:
	case BK_OUT_PROMETHEUS:
	case BK_OUT_DEFAULT:
		if (bk_app_is_quiet(app))
			return BK_OK;
		put_text(&out, undo, hold_ms, result);
		break;
	}
	return bk_app_write(app, &out);
}

/* A run that did not happen. */
static enum bk_rc check_outcome(struct bk_app *app, const struct bk_undo *undo,
				const struct bk_run_result *result)
{
	if (result->outcome == BK_OUTCOME_RAN)
		return BK_OK;
	return bk_error_set(&app->err, BK_E_BUSY, "%s is running%s%s; an undo needs its lease",
			    bk_undo_job(undo), result->holder ? " on " : "",
			    result->holder ? result->holder : "");
}

static enum bk_rc run_undo(struct bk_app *app, struct bk_undo *undo, int64_t hold_ms,
			   struct bk_run_result *result)
{
	struct bk_run_request request = bk_undo_request(undo);
	struct bk_work work;
	struct bk_error failure;
	enum bk_rc printed;
	enum bk_rc rc;

	request.instance = app->instance;
	request.os_user = app->os_user;
	request.clock = app->clock;
	request.random = app->random;
	request.connect = connect_more;
	request.connect_arg = app;
	if ((rc = bk_undo_work(undo, &work, &app->err)))
		return rc;
	rc = bk_run(&app->db, &request, &work, result, &app->err);
	if (!rc)
		rc = check_outcome(app, undo, result);
	if (!result->execution_id)
		return rc;
	/* What it did is said also where it did not come to its end. */
	failure = app->err;
	printed = print(app, undo, hold_ms, result, rc != BK_OK);
	if (!rc)
		return printed;
	app->err = failure;
	return rc;
}

enum bk_rc bk_undo_command(struct bk_app *app)
{
	bool dry = app->line.options.dry_run;
	BK_CLEAN(bk_undo_clean) struct bk_undo *undo = NULL;
	BK_CLEAN(bk_run_result_clear) struct bk_run_result result = {.execution_id = NULL};
	struct bk_undo_target target;
	enum bk_rc rc;

	if ((rc = read_target(app, &target)) || (rc = bk_app_connect(app, "undo", dry)))
		return rc;
	rc = bk_undo_find(app->db, &target, app->conf, &undo, &app->err);
	if (!rc)
		rc = dry ? look(app, undo) : run_undo(app, undo, target.hold_ms, &result);
	if (!app->db)
		return rc;
	if (dry && rc == BK_E_PERMISSION)
		bk_app_hint_grant(app);
	return dry ? rc : bk_control_failed(app, rc);
}

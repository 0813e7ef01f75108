/*
 * The common part of the steering commands; see control.h.
 */
#include "cli/control.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"

#define REASON_MAX 1000

void bk_control_name(struct bk_app *app, char run_id[BK_UUID_SIZE], struct bk_control *ret)
{
	bk_random_uuid(&app->random, run_id);
	*ret = (struct bk_control){
		.conf = app->conf,
		.instance = app->instance,
		.os_user = app->os_user,
		.run_id = run_id,
		.clock = app->clock,
	};
}

enum bk_rc bk_control_start(struct bk_app *app, char run_id[BK_UUID_SIZE], struct bk_control *ret)
{
	bk_control_name(app, run_id, ret);
	return bk_app_connect(app, app->line.command->name, false);
}

enum bk_rc bk_control_until(struct bk_app *app, struct bk_until *ret)
{
	const char *text = app->line.options.until;
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	struct bk_until until = {BK_UNTIL_NONE, 0, 0};

	if (!text)
		until.kind = BK_UNTIL_NONE;
	else if (bk_parse_time(text, &until.at_us))
		until.kind = BK_UNTIL_AT;
	else if (bk_parse_duration(text, &until.in_ms))
		until.kind = BK_UNTIL_IN;
	else {
		bk_quote(&shown, text);
		bk_error_set(&app->err, BK_E_USAGE, "option --until: %s is no time",
			     bk_buf_cstr(&shown));
		return bk_error_hint(&app->err, "write 2026-11-23T06:30:00Z, 2026-11-23, or how "
						"long from now: 30m, 2h, 30d");
	}
	*ret = until;
	return BK_OK;
}

enum bk_rc bk_control_check_reason(struct bk_app *app)
{
	const char *reason = app->line.options.reason;

	if (!reason || strlen(reason) <= REASON_MAX)
		return BK_OK;
	return bk_error_set(&app->err, BK_E_USAGE, "option --reason: is longer than %d bytes",
			    REASON_MAX);
}

enum bk_rc bk_control_number(struct bk_app *app, const char *what, const char *list, int64_t *ret)
{
	const char *text = app->line.operands[0];
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	int64_t number;

	if (bk_parse_u63(text, &number) && number > 0) {
		*ret = number;
		return BK_OK;
	}
	bk_quote(&shown, text);
	bk_error_set(&app->err, BK_E_USAGE, "%s is no number of %s", bk_buf_cstr(&shown), what);
	return bk_error_hint(&app->err, "%s lists them", list);
}

void bk_change_report_clear(struct bk_change_report *report)
{
	bk_buf_clear(&report->text);
}

static void set_head(struct bk_json *o, const struct bk_change_report *r)
{
	bk_json_set_str(o, "operation", r->operation);
	bk_json_set_str(o, "executionId", r->recorded->execution_id);
	bk_json_set_int(o, "changedCount", r->recorded->changed);
}

static struct bk_json *report_json(const struct bk_change_report *r)
{
	struct bk_json *o = bk_json_object();

	set_head(o, r);
	bk_json_set(o, r->key, r->single ? bk_list_row_json(&r->list, 0) : bk_list_json(&r->list));
	return o;
}

/* After a failure the error is the last line. */
static void put_jsonl(struct bk_buf *out, const struct bk_change_report *r)
{
	BK_CLEAN(bk_json_clean) struct bk_json *summary = NULL;

	bk_list_jsonl(&r->list, out);
	if (r->failed)
		return;
	summary = bk_json_object();
	bk_json_set_str(summary, "type", "summary");
	set_head(summary, r);
	bk_json_render(summary, out);
	bk_buf_char(out, '\n');
}

enum bk_rc bk_change_report_print(struct bk_app *app, const struct bk_change_report *report)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	switch (app->format) {
	case BK_OUT_JSON:
		app->data = report_json(report);
		return BK_OK;
	case BK_OUT_JSONL:
		put_jsonl(&out, report);
		return bk_app_write(app, &out);
	case BK_OUT_CSV:
		bk_list_csv(&report->list, &out);
		return bk_app_write(app, &out);
	case BK_OUT_TABLE:
	case BK_OUT_PROMETHEUS: /* no other command has it */
	case BK_OUT_DEFAULT:
		break;
	}
	return report->failed || bk_app_is_quiet(app) ? BK_OK : bk_app_write(app, &report->text);
}

void bk_change_report_record(struct bk_buf *out, const struct bk_recorded *recorded)
{
	if (recorded->execution_id)
		bk_buf_fmt(out, " (execution %s)", recorded->execution_id);
}

enum bk_rc bk_control_failed(struct bk_app *app, enum bk_rc rc)
{
	if (rc == BK_E_PERMISSION)
		bk_control_explain(app->db, app->conf, &app->err);
	return rc;
}

/*
 * Settings at run time; see settings_cmd.h.
 */
#include "cli/settings_cmd.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/control.h"
#include "cli/status_print.h"
#include "job/owner.h"
#include "out/settings.h"

/* As the lists of bkstatus have it. */
enum { MOST = 1000 };

/* "activate-due.timeout is 60s, it was 30s (change 17, execution 12)". */
static void put_change(struct bk_buf *out, const struct bk_setting_change *c)
{
	bk_escape_line(out, c->name);
	if (c->new_value) {
		bk_buf_str(out, c->recorded.changed ? " is " : " was ");
		bk_escape_line(out, c->new_value);
	} else {
		bk_buf_str(out, c->recorded.changed ? " is unset" : " was not set");
	}
	if (!c->recorded.changed) {
		bk_buf_str(out, c->new_value ? " already" : "");
	} else if (c->old_value) {
		bk_buf_str(out, ", it was ");
		bk_escape_line(out, c->old_value);
	}
	if (c->change)
		bk_buf_fmt(out, " (change %s, execution %s)", c->change, c->recorded.execution_id);
	bk_buf_char(out, '\n');
}

static enum bk_rc print_change(struct bk_app *app, const struct bk_setting_change *c)
{
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = app->line.command->name,
		.recorded = &c->recorded,
		.list = bk_out_setting_change(c),
		.key = "setting",
		.single = true,
		.text = BK_BUF_INIT,
	};

	if (c->overridden_by && c->new_value)
		bk_app_warn(app, "%s comes from %s on this host, which stands over the database",
			    c->name, c->overridden_by);
	put_change(&report.text, c);
	return bk_change_report_print(app, &report);
}

/* What is told, when it is done or not. */
static enum bk_rc end(struct bk_app *app, enum bk_rc rc, const struct bk_setting_change *c)
{
	if (rc == BK_E_PERMISSION)
		bk_owner_explain_settings(app->db, bk_conf_str(app->conf, "schema"), &app->err);
	return rc ? rc : print_change(app, c);
}

/* Who lacks more than the last privilege is told at once what it takes in the end. */
static enum bk_rc start(struct bk_app *app, char run_id[BK_UUID_SIZE], struct bk_control *ret)
{
	enum bk_rc rc = bk_control_check_reason(app);

	if (!rc)
		rc = bk_control_start(app, run_id, ret);
	if (rc == BK_E_PERMISSION && app->db)
		bk_owner_explain(app->db, bk_conf_str(app->conf, "schema"), &app->err);
	return rc;
}

enum bk_rc bk_set_command(struct bk_app *app)
{
	const char *key = app->line.operands[0];
	const char *value = app->line.operands[1];
	BK_CLEAN(bk_setting_change_clear) struct bk_setting_change change = {.name = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	if ((rc = bk_settings_typed(app->conf, key, value, &app->err)) ||
	    (rc = start(app, run_id, &control)))
		return rc;
	rc = bk_settings_set(app->db, &control, app->conf, key, value, app->line.options.reason,
			     &change, &app->err);
	return end(app, rc, &change);
}

enum bk_rc bk_unset_command(struct bk_app *app)
{
	BK_CLEAN(bk_setting_change_clear) struct bk_setting_change change = {.name = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	if ((rc = start(app, run_id, &control)))
		return rc;
	rc = bk_settings_unset(app->db, &control, app->conf, app->line.operands[0],
			       app->line.options.reason, &change, &app->err);
	return end(app, rc, &change);
}

enum bk_rc bk_rollback_command(struct bk_app *app)
{
	BK_CLEAN(bk_setting_change_clear) struct bk_setting_change change = {.name = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	int64_t id;
	enum bk_rc rc;

	if ((rc = bk_control_number(app, "a change", "bkmaint settings --history", &id)) ||
	    (rc = start(app, run_id, &control)))
		return rc;
	rc = bk_settings_rollback(app->db, &control, app->conf, id, app->line.options.reason,
				  &change, &app->err);
	return end(app, rc, &change);
}

static enum bk_rc print_stored(struct bk_app *app)
{
	BK_CLEAN(bk_stored_list_clear) struct bk_stored_list list = {NULL, 0};
	BK_CLEAN(bk_free_str) char *version = bk_asprintf("%" PRId64, app->settings_version);
	enum bk_rc rc = bk_view_settings(app->db, app->conf, &list, &app->err);

	if (rc)
		return rc;
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_stored(&list));

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	bk_json_set_str(page.data, "settingsVersion", version);
	bk_json_set_str(page.summary, "settingsVersion", version);
	return bk_status_print(app, &page);
}

static enum bk_rc print_trail(struct bk_app *app, const struct bk_page *page)
{
	BK_CLEAN(bk_trail_clear) struct bk_trail trail = {NULL, 0, NULL};
	enum bk_rc rc = bk_view_settings_history(app->db, app->conf, page, &trail, &app->err);

	if (rc)
		return rc;
	return bk_status_print_items(app, bk_out_trail(&trail), trail.next_cursor);
}

enum bk_rc bk_settings_command(struct bk_app *app)
{
	const struct bk_options *o = &app->line.options;
	struct bk_page page = {.has_after = false};
	enum bk_rc rc;

	if (!o->history && (o->limit >= 0 || o->after))
		return bk_error_set(&app->err, BK_E_USAGE, "option --%s needs --history",
				    o->limit >= 0 ? "limit" : "after");
	if (o->limit > MOST)
		return bk_error_set(&app->err, BK_E_USAGE,
				    "option --limit: a page has 1 to %d changes", MOST);
	if ((rc = bk_status_paging(app, &page.has_after, &page.after, &page.limit)) ||
	    (rc = bk_app_connect(app, "settings", true)))
		return rc;
	return o->history ? print_trail(app, &page) : print_stored(app);
}

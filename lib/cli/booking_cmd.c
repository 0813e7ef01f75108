/*
 * Steering of single bookings; see booking_cmd.h.
 */
#include "cli/booking_cmd.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/control.h"
#include "out/changes.h"

enum bk_rc bk_booking_check_keys(struct bk_app *app, int count)
{
	const struct bk_mapping *m = bk_conf_mapping(app->conf);
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;

	if ((size_t)count == m->key_count)
		return BK_OK;
	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(&columns, "%s%s", i ? ", " : "", m->keys[i]);
	bk_error_set(&app->err, BK_E_USAGE,
		     "the key of a booking has %zu column%s (%s), %d %s given", m->key_count,
		     m->key_count == 1 ? "" : "s", bk_buf_cstr(&columns), count,
		     count == 1 ? "is" : "are");
	return bk_error_hint(&app->err, "type KEY once for each column");
}

/* "booking t1 5 (CONFIRMED)". */
static void put_booking(struct bk_buf *out, const struct bk_hold_change *hold)
{
	bk_buf_str(out, "booking");
	for (size_t i = 0; i < hold->key.count; i++) {
		bk_buf_char(out, ' ');
		bk_escape_line(out, hold->key.items[i]);
	}
	bk_buf_str(out, " (");
	bk_escape_line(out, hold->booking_status ? hold->booking_status : "gone");
	bk_buf_char(out, ')');
}

static void put_held(struct bk_buf *out, const struct bk_hold_change *hold)
{
	put_booking(out, hold);
	bk_buf_str(out, hold->recorded.changed ? " is on hold" : " was on hold so already");
	if (hold->held_until)
		bk_buf_fmt(out, " until %s", hold->held_until);
	if (hold->recorded.changed && hold->replaced)
		bk_buf_str(out, " instead of its former hold");
	bk_change_report_record(out, &hold->recorded);
	bk_buf_char(out, '\n');
}

static void put_released(struct bk_buf *out, const struct bk_hold_change *hold)
{
	put_booking(out, hold);
	bk_buf_str(out, " is released");
	if (hold->expired)
		bk_buf_fmt(out, ", its hold had ended at %s", hold->held_until);
	bk_change_report_record(out, &hold->recorded);
	bk_buf_char(out, '\n');
}

static enum bk_rc print_hold(struct bk_app *app, const char *operation, struct bk_list list,
			     const struct bk_hold_change *hold,
			     void (*put)(struct bk_buf *out, const struct bk_hold_change *hold))
{
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = operation,
		.recorded = &hold->recorded,
		.list = list,
		.key = "hold",
		.single = true,
		.text = BK_BUF_INIT,
	};

	put(&report.text, hold);
	return bk_change_report_print(app, &report);
}

enum bk_rc bk_hold_command(struct bk_app *app)
{
	BK_CLEAN(bk_hold_change_clear) struct bk_hold_change hold = {.held_until = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	struct bk_until until;
	enum bk_rc rc;

	if ((rc = bk_booking_check_keys(app, app->line.operand_count)) ||
	    (rc = bk_control_until(app, &until)) || (rc = bk_control_check_reason(app)) ||
	    (rc = bk_control_start(app, run_id, &control)))
		return rc;
	rc = bk_control_hold(app->db, &control, app->line.operands, &until,
			     app->line.options.reason, &hold, &app->err);
	if (rc)
		return bk_control_failed(app, rc);
	return print_hold(app, "hold", bk_out_held(&hold), &hold, put_held);
}

enum bk_rc bk_release_command(struct bk_app *app)
{
	BK_CLEAN(bk_hold_change_clear) struct bk_hold_change hold = {.held_until = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	if ((rc = bk_booking_check_keys(app, app->line.operand_count)) ||
	    (rc = bk_control_start(app, run_id, &control)))
		return rc;
	rc = bk_control_release(app->db, &control, app->line.operands, &hold, &app->err);
	if (rc)
		return bk_control_failed(app, rc);
	return print_hold(app, "release", bk_out_released(&hold), &hold, put_released);
}

static void put_retried(struct bk_buf *out, const struct bk_retried *retried)
{
	if (!retried->found) {
		bk_buf_str(out, "no booking is in quarantine\n");
		return;
	}
	bk_buf_fmt(out, "%" PRId64 " booking%s %s", retried->found, retried->found == 1 ? "" : "s",
		   retried->recorded.changed
			   ? "will be tried again by the next run"
			   : "in quarantine, to be tried by the next run already");
	bk_change_report_record(out, &retried->recorded);
	bk_buf_char(out, '\n');
}

static enum bk_rc check_retry(struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (app->line.operand_count && strcmp(app->line.operands[0], "retry") == 0)
		return BK_OK;
	if (!app->line.operand_count)
		bk_error_set(&app->err, BK_E_USAGE, "bkmaint quarantine needs the word retry");
	else {
		bk_quote(&shown, app->line.operands[0]);
		bk_error_set(&app->err, BK_E_USAGE, "bkmaint quarantine has no word %s, but retry",
			     bk_buf_cstr(&shown));
	}
	return bk_error_hint(&app->err, "bkstatus quarantine lists the bookings");
}

enum bk_rc bk_quarantine_command(struct bk_app *app)
{
	int count = app->line.operand_count - 1;
	const char *const *keys = count > 0 ? app->line.operands + 1 : NULL;
	BK_CLEAN(bk_retried_clear) struct bk_retried retried = {.found = 0};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	if ((rc = check_retry(app)) || (keys && (rc = bk_booking_check_keys(app, count))) ||
	    (rc = bk_control_start(app, run_id, &control)))
		return rc;
	rc = bk_control_retry(app->db, &control, keys, &retried, &app->err);
	if (rc)
		return bk_control_failed(app, rc);
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = "quarantine-retry",
		.recorded = &retried.recorded,
		.list = bk_out_retried(&retried),
		.key = "quarantine",
		.single = true,
		.text = BK_BUF_INIT,
	};
	put_retried(&report.text, &retried);
	return bk_change_report_print(app, &report);
}

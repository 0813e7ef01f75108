/*
 * `bkstatus booking KEY...`: one booking, and why bk does what it does with it.
 */
#include "cli/status_commands.h"

#include "cli/booking_cmd.h"
#include "cli/status_print.h"
#include "out/lookup.h"

static enum bk_rc print_booking(struct bk_app *app, const struct bk_lookup *found)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_lookup(found));
	static const char *const keys[BK_STATUS_LISTS] = {NULL,    "columns",    "rules",
							  "holds", "quarantine", "transitions"};

	page.lists[1] = bk_out_lookup_values(found);
	page.lists[2] = bk_out_lookup_rules(found);
	page.lists[3] = bk_out_lookup_hold(found);
	page.lists[4] = bk_out_lookup_quarantine(found);
	page.lists[5] = bk_out_lookup_changes(found);
	page.list_count = 6;
	bk_out_lookup_why(&page.notes[2], found, (size_t)app->out_width);
	page.data = bk_list_row_json(&page.lists[0], 0);
	for (size_t i = 1; i < page.list_count; i++)
		bk_json_set(page.data, keys[i], bk_list_json(&page.lists[i]));
	return bk_status_print(app, &page);
}

enum bk_rc bk_status_booking(struct bk_app *app)
{
	BK_CLEAN(bk_lookup_clear) struct bk_lookup found = {.rules = NULL};
	enum bk_rc rc;

	if ((rc = bk_booking_check_keys(app, app->line.operand_count)) ||
	    (rc = bk_app_connect(app, "booking", true)) ||
	    (rc = bk_view_booking(app->db, app->conf, app->line.operands, &found, &app->err)))
		return rc;
	return print_booking(app, &found);
}

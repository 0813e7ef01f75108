/*
 * `bkstatus holds` and `bkstatus quarantine`: the bookings that jobs pass over.
 */
#include "cli/status_commands.h"

#include "cli/status_print.h"
#include "out/lists.h"
#include "view/booking.h"

static enum bk_rc open_page(struct bk_app *app, const char *what, struct bk_page *ret)
{
	enum bk_rc rc = bk_status_paging(app, &ret->has_after, &ret->after, &ret->limit);

	return rc ? rc : bk_app_connect(app, what, true);
}

enum bk_rc bk_status_holds(struct bk_app *app)
{
	BK_CLEAN(bk_hold_list_clear) struct bk_hold_list list = {.count = 0};
	struct bk_page page = {.has_after = false};
	enum bk_rc rc;

	if ((rc = open_page(app, "holds", &page)) ||
	    (rc = bk_view_holds(app->db, app->conf, &page, &list, &app->err)))
		return rc;
	return bk_status_print_items(app, bk_out_holds(&list), list.next_cursor);
}

enum bk_rc bk_status_quarantine(struct bk_app *app)
{
	BK_CLEAN(bk_quarantine_clear) struct bk_quarantine list = {.count = 0};
	struct bk_page page = {.has_after = false};
	enum bk_rc rc;

	if ((rc = open_page(app, "quarantine", &page)) ||
	    (rc = bk_view_quarantine(app->db, app->conf, &page, &list, &app->err)))
		return rc;
	return bk_status_print_items(app, bk_out_quarantine(&list), list.next_cursor);
}

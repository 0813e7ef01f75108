/*
 * `bkstatus events`: what bk has done to bookings, for callers who keep the
 * cursor. It only reads, also on a standby.
 */
#include "cli/status_commands.h"

#include "cli/feed.h"
#include "out/events.h"
#include "view/cursor.h"

enum { JSON_LIMIT = 50 };

/* A standby may lag behind the primary from which the cursor is; that another server was
   reached than before is the only way to a place that is none. */
static enum bk_rc connect(struct bk_feed *f)
{
	struct bk_app *app = f->app;
	enum bk_rc rc = bk_app_connect(app, "events", true);

	return rc ? rc : bk_view_events_check(app->db, app->conf, &f->place, &app->err);
}

static enum bk_rc print_page(struct bk_feed *f)
{
	struct bk_app *app = f->app;
	int64_t limit = f->limit > 0 ? f->limit : JSON_LIMIT;
	BK_CLEAN(bk_event_list_clear) struct bk_event_list list = {NULL, 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf cursor = BK_BUF_INIT;
	enum bk_rc rc = bk_view_events(app->db, app->conf, &f->place, limit, &list, &app->err);

	if (rc)
		return rc;
	const struct bk_list events = bk_out_events(list.items, list.count);

	bk_event_cursor_write(&cursor, list.count ? &list.items[list.count - 1].place : &f->place);
	app->data = bk_json_object();
	bk_json_set(app->data, "items", bk_list_json(&events));
	bk_json_set_int(app->data, "limit", limit);
	bk_json_set_str(app->data, "nextCursor", bk_buf_cstr(&cursor));
	return BK_OK;
}

enum bk_rc bk_status_events(struct bk_app *app)
{
	static const struct bk_feed_hooks hooks = {.connect = connect};
	struct bk_feed_start start = {BK_FEED_START, {0, 0, 0}};
	struct bk_feed feed = {.app = app, .hooks = &hooks};
	enum bk_rc rc;

	if ((rc = bk_feed_format(app, !app->line.options.follow)) ||
	    (rc = bk_feed_take_start(app, "after", app->line.options.after, &start)))
		return rc;
	feed.place = start.place;
	bk_feed_options(&feed);
	if ((rc = connect(&feed)))
		return rc;
	if (start.from == BK_FEED_NOW &&
	    (rc = bk_view_events_now(app->db, app->conf, &feed.place, &app->err)))
		return rc;
	if (app->format == BK_OUT_JSON)
		return print_page(&feed);
	rc = bk_feed_run(&feed);
	return rc ? rc : bk_feed_summary(&feed);
}

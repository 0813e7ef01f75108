/*
 * The feed of events; see feed.h.
 */
#include "cli/feed.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/schedule.h"
#include "out/events.h"
#include "run/retry.h"
#include "view/cursor.h"

enum { PAGE_EVENTS = 1000, INTERVAL_MS = 1000, BEAT_MS = 1000 };

/* As the jobs have them by default: no job's settings are those of a reader. */
static const struct bk_retry retry = {.base_ms = 250, .cap_ms = 5000};

void bk_feed_options(struct bk_feed *f)
{
	const struct bk_options *o = &f->app->line.options;

	f->follow = o->follow;
	f->limit = o->limit;
	f->interval_ms = o->interval_ms > 0 ? o->interval_ms : INTERVAL_MS;
}

enum bk_rc bk_feed_format(struct bk_app *app, bool json)
{
	static const char *const names[] = {
		[BK_OUT_TABLE] = "table", [BK_OUT_JSON] = "json", [BK_OUT_CSV] = "csv"};

	if (app->format == BK_OUT_DEFAULT)
		app->format = BK_OUT_JSONL;
	if (app->format == BK_OUT_JSONL || (app->format == BK_OUT_JSON && json))
		return BK_OK;
	(void)bk_error_set(&app->err, BK_E_USAGE, "events%s does not print %s",
			   app->format == BK_OUT_JSON && app->line.options.follow ? " --follow"
										  : "",
			   names[app->format]);
	return bk_error_hint(&app->err, "use --output=jsonl");
}

enum bk_rc bk_feed_take_start(struct bk_app *app, const char *option, const char *text,
			      struct bk_feed_start *ret)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	struct bk_feed_start start = {BK_FEED_AFTER, {0, 0, 0}};

	if (!text)
		return BK_OK;
	if (strcmp(text, "start") == 0)
		start.from = BK_FEED_START;
	else if (strcmp(text, "now") == 0)
		start.from = BK_FEED_NOW;
	else if (!bk_event_cursor_parse(text, &start.place)) {
		bk_quote(&shown, text);
		(void)bk_error_set(&app->err, BK_E_USAGE,
				   "option --%s: %s is neither start nor now nor a cursor", option,
				   bk_buf_cstr(&shown));
		return bk_error_hint(&app->err, "take the cursor of an event as it is");
	}
	*ret = start;
	return BK_OK;
}

static enum bk_rc confirm(struct bk_feed *f)
{
	struct bk_app *app = f->app;
	enum bk_rc rc;

	if (!f->unconfirmed || !f->hooks->confirm) {
		f->unconfirmed = false;
		return BK_OK;
	}
	/* What arrived is known to have arrived, also when the end was asked for meanwhile. */
	bk_db_hold_interrupts(app->db, true);
	rc = f->hooks->confirm(f, f->head_written);
	if (!bk_db_lost(app->db))
		bk_db_hold_interrupts(app->db, false);
	if (!rc)
		f->unconfirmed = f->head_written = false;
	return rc;
}

static bool may_pass(const struct bk_error *err)
{
	return bk_fault_of(err) == BK_FAULT_PASSING || bk_fault_of(err) == BK_FAULT_SLOW;
}

/* A passing fault is left to the next page, which meets it too. */
static enum bk_rc beat(struct bk_feed *f)
{
	enum bk_rc rc = f->hooks->beat && !bk_db_lost(f->app->db) ? f->hooks->beat(f) : BK_OK;

	return rc && may_pass(&f->app->err) ? BK_OK : rc;
}

static enum bk_rc beat_while_writing(void *arg, struct bk_error *err)
{
	struct bk_feed *f = arg;

	(void)err; /* it is the app's, as beat() fills it */
	return beat(f);
}

static void put_page(const struct bk_event_list *list, struct bk_lines *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct bk_list one = bk_out_events(&list->items[i], 1);

		bk_list_jsonl(&one, &out->text);
		bk_lines_end(out);
	}
}

static enum bk_rc write_page(struct bk_feed *f, const struct bk_event_list *list)
{
	const struct bk_lines_way way = {
		.fd = STDOUT_FILENO,
		.interrupted = f->app->interrupted,
		.waiting = beat_while_writing,
		.arg = f,
	};
	BK_CLEAN(bk_lines_clear) struct bk_lines lines = BK_LINES_INIT;
	size_t heads;
	size_t whole = 0;
	enum bk_rc rc;

	if (f->hooks->head)
		f->hooks->head(f, &lines);
	heads = lines.count;
	put_page(list, &lines);
	if ((rc = bk_lines_write(&lines, &way, &whole, &f->app->err)))
		return rc;
	if (whole) {
		f->unconfirmed = true;
		f->head_written = heads > 0;
	}
	if (whole > heads) {
		f->place = list->items[whole - heads - 1].place;
		f->count += (int64_t)(whole - heads);
	}
	rc = confirm(f);
	return !rc && whole < lines.count ? bk_app_stopped(f->app) : rc;
}

/* *ret_more: there may be more at once. */
static enum bk_rc page(struct bk_feed *f, bool *ret_more)
{
	BK_CLEAN(bk_event_list_clear) struct bk_event_list list = {NULL, 0};
	struct bk_app *app = f->app;
	int64_t left = f->limit - f->count;
	int64_t want = f->limit >= 0 && left < PAGE_EVENTS ? left : PAGE_EVENTS;
	enum bk_rc rc;

	if (bk_db_lost(app->db) && (rc = f->hooks->connect(f)))
		return rc;
	if ((rc = confirm(f)) ||
	    (rc = bk_view_events(app->db, app->conf, &f->place, want, &list, &app->err)))
		return rc;
	*ret_more = (int64_t)list.count == want;
	return write_page(f, &list);
}

/* One who only shows goes as he always does when his reader has gone. */
static enum bk_rc check_reader(struct bk_feed *f)
{
	enum bk_rc rc = bk_lines_check(STDOUT_FILENO, &f->app->err);

	if (rc && f->app->tool->quiet_pipe)
		(void)raise(SIGPIPE);
	return rc;
}

static enum bk_rc wait(struct bk_feed *f, int64_t ms)
{
	struct bk_app *app = f->app;
	int64_t now = app->clock.mono_ms(app->clock.self);
	int64_t until = now + ms;
	enum bk_rc rc;

	for (; now < until; now = app->clock.mono_ms(app->clock.self)) {
		int64_t next = until - now > BEAT_MS ? now + BEAT_MS : until;

		if ((rc = check_reader(f)) ||
		    (rc = bk_wait_until(&app->clock, app->interrupted, next, &app->err)) ||
		    (rc = beat(f)))
			return rc;
	}
	return BK_OK;
}

/* After a fault that may pass. */
static enum bk_rc wait_for_better(struct bk_feed *f)
{
	if (!f->attempt++)
		bk_app_warn(f->app, "%s; trying again", f->app->err.message);
	return wait(f, bk_retry_pause(&retry, f->attempt, &f->app->random));
}

static enum bk_rc run(struct bk_feed *f)
{
	for (;;) {
		bool more = false;
		enum bk_rc rc = page(f, &more);

		if (rc && !(f->follow && may_pass(&f->app->err)))
			return rc;
		if (!rc) {
			f->attempt = 0;
			if (f->limit >= 0 && f->count >= f->limit)
				return BK_OK;
			if (!more && !f->follow)
				return BK_OK;
		}
		rc = rc ? wait_for_better(f) : more ? BK_OK : wait(f, f->interval_ms);
		if (rc)
			return rc;
	}
}

enum bk_rc bk_feed_run(struct bk_feed *f)
{
	enum bk_rc rc = run(f);

	return rc == BK_E_INTERRUPTED || rc == BK_E_TERMINATED ? bk_app_stopped(f->app) : rc;
}

enum bk_rc bk_feed_summary(const struct bk_feed *f)
{
	BK_CLEAN(bk_json_clean) struct bk_json *summary = bk_json_object();
	BK_CLEAN(bk_buf_clear) struct bk_buf cursor = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_event_cursor_write(&cursor, &f->place);
	bk_json_set_str(summary, "type", "summary");
	bk_json_set_int(summary, "count", f->count);
	bk_json_set_str(summary, "nextCursor", bk_buf_cstr(&cursor));
	bk_json_render(summary, &out);
	bk_buf_char(&out, '\n');
	return bk_app_write(f->app, &out);
}

/*
 * `bkmaint events --consumer=NAME`: events for a reader whose place is kept in the
 * database. It moves after each page that standard output took, so whoever dies goes on
 * where it was, and gets at most that page again.
 */
#include "cli/consume_cmd.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/feed.h"
#include "out/events.h"
#include "run/consumer.h"
#include "view/events.h"

#define NAME_MAX_BYTES 63

struct reader {
	struct bk_consumer consumer;
	int64_t told;    /* lost events that the line in front of the page tells of, in all */
	int64_t kept_ms; /* the last sign of life, by the monotonic clock */
};

static enum bk_rc check_name(struct bk_app *app, const char *name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (strlen(name) <= NAME_MAX_BYTES && !name[strspn(name, allowed)])
		return BK_OK;
	bk_quote(&shown, name);
	return bk_error_set(&app->err, BK_E_USAGE,
			    "option --consumer: %s is no name of up to %d letters, digits, dots, "
			    "hyphens and underscores",
			    bk_buf_cstr(&shown), NAME_MAX_BYTES);
}

static int64_t now_ms(const struct bk_app *app)
{
	return app->clock.mono_ms(app->clock.self);
}

static enum bk_rc keep(struct bk_feed *f, int64_t told)
{
	struct reader *r = f->self;
	int64_t now = now_ms(f->app);
	enum bk_rc rc = bk_consumer_keep(f->app->db, &r->consumer, &f->place, told, &f->app->err);

	if (rc)
		return rc;
	r->kept_ms = now;
	/* Cleanup may have moved it on, over what is pruned. */
	if (bk_place_compare(&r->consumer.place, &f->place) > 0)
		f->place = r->consumer.place;
	return BK_OK;
}

static enum bk_rc confirm(struct bk_feed *f, bool head)
{
	struct reader *r = f->self;

	return keep(f, head ? r->told : r->consumer.lost_told);
}

/* The place and what was told of are said with it: after a commit whose answer was lost
   they are said twice. */
static enum bk_rc reconnect(struct bk_feed *f)
{
	enum bk_rc rc = bk_app_connect(f->app, "events", false);

	return rc ? rc : confirm(f, f->head_written);
}

static void head(struct bk_feed *f, struct bk_lines *out)
{
	struct reader *r = f->self;

	if (r->consumer.lost <= r->consumer.lost_told)
		return;
	r->told = r->consumer.lost;
	bk_out_events_lost(&out->text, &r->consumer);
	bk_lines_end(out);
}

/* The place that it says was reached with the last page; nothing new is confirmed. */
static enum bk_rc beat(struct bk_feed *f)
{
	struct reader *r = f->self;

	if (now_ms(f->app) - r->kept_ms < BK_CONSUMER_RENEW_MS)
		return BK_OK;
	return keep(f, r->consumer.lost_told);
}

static enum bk_rc claim(struct bk_app *app, const struct bk_feed_start *start, struct reader *r)
{
	BK_CLEAN(bk_free_str)
	char *holder = bk_asprintf("%s pid %ld", app->instance, (long)getpid());
	const struct bk_consumer_request request = {
		.conf = app->conf,
		.name = app->line.options.consumer,
		.holder = holder,
		.from = start->from == BK_FEED_NOW ? NULL : &start->place,
	};
	enum bk_rc rc;

	/* Before anything is made: a place that is never reached would stay for ever. */
	if (start->from == BK_FEED_AFTER &&
	    (rc = bk_view_events_check(app->db, app->conf, &start->place, &app->err)))
		return rc;
	r->kept_ms = now_ms(app);
	return bk_consumer_claim(app->db, &request, &r->consumer, &app->err);
}

/* Whatever it ended with; the error on its way is the one to report. */
static void release(struct bk_app *app, const struct reader *r)
{
	struct bk_error err;

	if (bk_db_lost(app->db))
		return;
	bk_db_hold_interrupts(app->db, true);
	if (bk_consumer_release(app->db, &r->consumer, &err))
		bk_app_warn(app, "%s; the next reader has to wait for the end of the lease",
			    err.message);
}

static void clear_reader(struct reader *r)
{
	bk_consumer_clear(&r->consumer);
}

enum bk_rc bk_events_command(struct bk_app *app)
{
	static const struct bk_feed_hooks hooks = {reconnect, head, confirm, beat};
	struct bk_feed_start start = {BK_FEED_NOW, {0, 0, 0}};
	BK_CLEAN(clear_reader) struct reader reader = {.consumer = BK_CONSUMER_INIT};
	struct bk_feed feed = {.app = app, .hooks = &hooks, .self = &reader};
	enum bk_rc rc;

	if ((rc = bk_feed_format(app, false)) ||
	    (rc = check_name(app, app->line.options.consumer)) ||
	    (rc = bk_feed_take_start(app, "from", app->line.options.from, &start)) ||
	    (rc = bk_app_connect(app, "events", false)) || (rc = claim(app, &start, &reader)))
		return rc;
	bk_feed_options(&feed);
	feed.place = reader.consumer.place;
	rc = bk_feed_run(&feed);
	release(app, &reader);
	return rc ? rc : bk_feed_summary(&feed);
}

/*
 * Events to standard output, page by page, and with --follow as they come: for
 * callers who keep the cursor (bkstatus events) and for those whose place is kept
 * in the database (bkmaint events).
 *
 *     struct bk_feed feed = {.app = app, .place = place, .hooks = &hooks, .self = &mine};
 *     bk_feed_options(&feed);
 *     if ((rc = bk_feed_run(&feed)))
 *             return rc;
 *     return bk_feed_summary(&feed);
 *
 * No transaction is open while lines are written: a reader may take hours over one.
 */
#ifndef BK_CLI_FEED_H
#define BK_CLI_FEED_H

#include "cli/app.h"
#include "cli/lines.h"
#include "run/consumer.h"

struct bk_feed;

struct bk_feed_hooks {
	/* Makes app->db usable, from the beginning or after a loss. */
	enum bk_rc (*connect)(struct bk_feed *feed);
	/* Lines in front of the next page. NULL = never any. */
	void (*head)(struct bk_feed *feed, struct bk_lines *out);
	/* Everything up to feed->place was written, with the lines in front where `head` says so;
	   repeated when it failed. May put the place further on. NULL = nobody has to know. */
	enum bk_rc (*confirm)(struct bk_feed *feed, bool head);
	/* Called while there is nothing to do. NULL = nothing is to be done. */
	enum bk_rc (*beat)(struct bk_feed *feed);
};

struct bk_feed {
	struct bk_app *app;
	struct bk_place place; /* the last event that was written */
	int64_t count;         /* events written so far */
	const struct bk_feed_hooks *hooks;
	void *self; /* the hooks' own */
	bool follow;
	int64_t interval_ms;
	int64_t limit; /* of events; -1 = none */
	/* how it stands */
	bool unconfirmed;
	bool head_written;
	int64_t attempt; /* of what fails; 0 = all is well */
};

/* Takes --follow, --interval and --limit, whose defaults are 1s and no limit. */
void bk_feed_options(struct bk_feed *feed);

/* Lines of JSON are the default, and with `json` an object of one page is the only other
   form. BK_E_USAGE. */
enum bk_rc bk_feed_format(struct bk_app *app, bool json);

/* Where to begin, as it is typed: start, now, or a cursor. NULL text = *ret untouched. */
enum bk_feed_from { BK_FEED_START, BK_FEED_NOW, BK_FEED_AFTER };
struct bk_feed_start {
	enum bk_feed_from from;
	struct bk_place place; /* of AFTER; that of START otherwise */
};
enum bk_rc bk_feed_take_start(struct bk_app *app, const char *option, const char *text,
			      struct bk_feed_start *ret);

/* Until there is nothing more, the limit is reached, or a signal comes; what may pass by
   itself is waited for with --follow. */
enum bk_rc bk_feed_run(struct bk_feed *feed);

/* The last line: how many there were, and where to go on. */
enum bk_rc bk_feed_summary(const struct bk_feed *feed);

#endif

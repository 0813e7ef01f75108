/*
 * `bkstatus watch`: the jobs, what is at work and what failed last, again and
 * again. A terminal shows it in place, heeds single keys, and is drawn anew as
 * soon as its size changes; elsewhere a block follows a block, or with jsonl a
 * line for each running execution.
 *
 * A database that is lost meanwhile is said to be lost and asked again at the
 * next refresh, for what it does then is what somebody watches for. Where the
 * first refresh fails nothing was watched yet, and it is the end.
 */
#include "cli/status_commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/signals.h"
#include "cli/status_print.h"
#include "cli/terminal.h"
#include "cli/typing.h"
#include "out/lists.h"
#include "out/screen.h"

#define DEFAULT_INTERVAL_MS 2000
/* A signal that lands just before the sleep is seen after this long at most. */
#define SLICE_MS 200
#define FAILURES 5

/* What one refresh has seen. */
struct shot {
	struct bk_job_list jobs;
	struct bk_running_list running;
	struct bk_failure_list failures;
};

struct size {
	int columns;
	int rows;
};

struct watch {
	struct bk_app *app;
	int64_t interval_ms;
	int64_t count;     /* of refreshes; -1 = until a signal comes */
	int64_t refreshes; /* so far */
	bool in_place;     /* on a terminal's other screen */
	bool paused;       /* by a key, here and below */
	bool quit;
	struct bk_typing typing;
	struct size size;      /* of the terminal, when it was drawn last */
	struct shot shot;      /* of the last refresh that did not fail */
	struct bk_buf trouble; /* why the last one did; "" = it did not */
};

static void clear_shot(struct shot *shot)
{
	bk_job_list_clear(&shot->jobs);
	bk_running_list_clear(&shot->running);
	bk_failure_list_clear(&shot->failures);
}

static enum bk_rc flush(struct bk_app *app)
{
	if (fflush(stdout) == 0)
		return BK_OK;
	return bk_error_set(&app->err, BK_E_IO, "cannot write to standard output: %s",
			    strerror(errno));
}

static enum bk_rc put(struct bk_app *app, const struct bk_buf *text)
{
	enum bk_rc rc = bk_app_write(app, text);

	return rc ? rc : flush(app);
}

static void leave_screen(struct watch *w)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (!w->in_place)
		return;
	w->in_place = false;
	bk_out_screen_leave(&text);
	/* An error that is on its way is the one to report. */
	(void)fwrite(bk_buf_cstr(&text), 1, text.len, stdout);
	(void)fflush(stdout);
	bk_typing_end(&w->typing);
	bk_signals_catch_stop(false);
}

static void clear_watch(struct watch *w)
{
	leave_screen(w);
	clear_shot(&w->shot);
	bk_buf_clear(&w->trouble);
}

static bool has_screen(const struct bk_app *app)
{
	return bk_status_is_table(app) && app->out_is_terminal &&
	       bk_terminal_can_move(getenv("TERM"));
}

static enum bk_rc enter_screen(struct watch *w)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	w->in_place = true;
	bk_signals_catch_stop(true);
	bk_typing_begin(&w->typing);
	bk_out_screen_enter(&text);
	return put(w->app, &text);
}

/* One document, or one header, is not what never ends. */
static enum bk_rc check_format(struct bk_app *app)
{
	if (app->format != BK_OUT_JSON && app->format != BK_OUT_CSV)
		return BK_OK;
	(void)bk_error_set(&app->err, BK_E_USAGE, "watch does not print %s",
			   app->format == BK_OUT_JSON ? "json" : "csv");
	return bk_error_hint(&app->err, "use --output=jsonl");
}

static enum bk_rc gather(struct bk_app *app, struct shot *ret)
{
	enum bk_rc rc;

	rc = !app->db || bk_db_lost(app->db) ? bk_app_connect(app, "watch", true)
					     : bk_app_read_settings(app);
	if (rc)
		return rc;
	if ((rc = bk_view_jobs(app->db, app->conf, &ret->jobs, &app->err)) ||
	    (rc = bk_view_running(app->db, app->conf, &ret->running, &app->err)))
		return rc;
	/* Lines are of what is running only. */
	if (app->format == BK_OUT_JSONL)
		return BK_OK;
	if ((rc = bk_view_queues(app->db, app->conf, &ret->jobs, &app->err)))
		return rc;
	return bk_view_failures(app->db, app->conf, FAILURES, &ret->failures, &app->err);
}

/* Whether it may go by itself: the server, not the question, is the matter. */
static bool may_pass(enum bk_rc rc)
{
	return rc == BK_E_UNAVAILABLE || rc == BK_E_STANDBY || rc == BK_E_LOGIN || rc == BK_E_RUN;
}

/* To the second, as tables show times. */
static void put_now(const struct watch *w, struct bk_buf *out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf now = BK_BUF_INIT;

	bk_format_time(&now, w->app->clock.wall_us(w->app->clock.self));
	bk_buf_bytes(out, now.data, strcspn(bk_buf_cstr(&now), "."));
	bk_buf_char(out, 'Z');
}

static struct size size_now(const struct watch *w)
{
	const struct size none = {0, 0};

	if (!w->app->out_is_terminal)
		return none;
	return (struct size){bk_terminal_width(STDOUT_FILENO, getenv("COLUMNS")),
			     bk_terminal_height(STDOUT_FILENO, getenv("LINES"))};
}

static void put_tables(const struct watch *w, struct bk_buf *out)
{
	struct bk_app *app = w->app;
	int columns = w->size.columns;
	const struct bk_style style = {
		.color = app->out_color,
		.wide = app->line.options.verbose > 0,
		/* In the last column the end of a line would be cleared with the rest. */
		.width = columns > 1 ? columns - 1 : columns,
	};
	const struct bk_list jobs = bk_out_watched_jobs(&w->shot.jobs);
	const struct bk_list running = bk_out_running(&w->shot.running);
	const struct bk_list failures = bk_out_failures(&w->shot.failures);

	bk_list_table(&jobs, &style, out);
	if (w->shot.jobs.queue_problem) {
		bk_buf_str(out, "no queue can be counted: ");
		bk_escape_line(out, w->shot.jobs.queue_problem);
		bk_buf_char(out, '\n');
	}
	bk_buf_char(out, '\n');
	bk_list_table(&running, &style, out);
	bk_buf_char(out, '\n');
	bk_list_table(&failures, &style, out);
}

/* The page with its head: the time, the keys, and what is the matter, if anything is. That
   is last, for it may be longer than the line. */
static void put_page(const struct watch *w, struct bk_buf *out)
{
	put_now(w, out);
	if (w->in_place && w->paused)
		bk_buf_str(out, "  paused: p goes on, q ends");
	else if (w->in_place && w->typing.on)
		bk_buf_str(out, "  p pauses, q ends");
	if (w->trouble.len)
		bk_buf_fmt(out, "  %s%s",
			   w->paused ? "" : "asking again: ", bk_buf_cstr(&w->trouble));
	bk_buf_char(out, '\n');
	put_tables(w, out);
}

/* On the screen, or below the one before. */
static enum bk_rc show_page(struct watch *w)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf page = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	w->size = size_now(w);
	put_page(w, &page);
	if (w->in_place)
		bk_out_screen_frame(&out, bk_buf_cstr(&page), w->size.rows);
	else
		bk_buf_fmt(&out, "%s%s", w->refreshes ? "\n" : "", bk_buf_cstr(&page));
	return put(w->app, &out);
}

static enum bk_rc show(struct watch *w)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	const struct bk_list running = bk_out_running(&w->shot.running);

	if (w->app->format != BK_OUT_JSONL)
		return show_page(w);
	bk_list_jsonl(&running, &out);
	return put(w->app, &out);
}

/* What was seen last stays on the screen, below what is the matter. */
static enum bk_rc show_failure(struct watch *w)
{
	if (!w->in_place) {
		bk_app_warn(w->app, "%s; asking again", w->app->err.message);
		return BK_OK;
	}
	bk_escape_line(&w->trouble, w->app->err.message);
	return show_page(w);
}

/* One refresh. An error where there is to be no other. */
static enum bk_rc refresh(struct watch *w)
{
	BK_CLEAN(clear_shot) struct shot shot = {.jobs = {NULL, 0, NULL}};
	bool is_last = w->refreshes + 1 == w->count;
	enum bk_rc failure = gather(w->app, &shot);
	enum bk_rc rc;

	if (failure && (!w->refreshes || is_last || !may_pass(failure)))
		return failure;
	if (!failure && !w->refreshes && has_screen(w->app) && (rc = enter_screen(w)))
		return rc;
	bk_buf_reset(&w->trouble);
	if (!failure) {
		struct shot before = w->shot;

		w->shot = shot;
		shot = before;
	}
	if (w->in_place)
		bk_typing_begin(&w->typing); /* it may have come to the foreground */
	rc = failure ? show_failure(w) : show(w);
	w->refreshes++;
	return rc;
}

/* Ctrl-Z: the shell gets its terminal as it was, and we ours when it is over. Other
   signals end the process as they would have done, on a terminal as it was. */
static enum bk_rc stop_here(struct watch *w, int number)
{
	enum bk_rc rc;

	leave_screen(w);
	(void)raise(number == SIGTSTP ? SIGSTOP : number);
	if ((rc = enter_screen(w)))
		return rc;
	return show_page(w);
}

/* *ret_over: what came ends the pause between two refreshes. */
static enum bk_rc heed(struct watch *w, char key, bool *ret_over)
{
	struct size now = size_now(w);
	int number = bk_signals_take_stop();

	if (number)
		return stop_here(w, number);
	w->quit = key == 'q' || key == 'Q';
	if (key == 'p' || key == 'P')
		w->paused = !w->paused;
	else if (!w->quit &&
		 (!w->in_place || (now.columns == w->size.columns && now.rows == w->size.rows)))
		return BK_OK;
	*ret_over = w->quit || (key && !w->paused);
	return *ret_over ? BK_OK : show_page(w);
}

/* A piece of the pause; the key that ended it, if any. */
static char wait_a_while(struct watch *w, int64_t ms)
{
	struct bk_app *app = w->app;

	if (w->typing.on)
		return bk_typing_wait(&w->typing, (int)ms);
	app->clock.sleep_ms(app->clock.self, ms);
	return '\0';
}

/* An interval from the end of one refresh to the next, so that a server which is
   slow is left in peace as long as any other. */
static enum bk_rc pause_between(struct watch *w)
{
	struct bk_app *app = w->app;
	int64_t until = app->clock.mono_ms(app->clock.self) + w->interval_ms;
	bool over = false;
	enum bk_rc rc;

	while (!*app->interrupted) {
		int64_t left = until - app->clock.mono_ms(app->clock.self);

		/* Nobody could end a pause whose terminal has gone. */
		w->paused = w->paused && w->typing.on;
		if (over || (left <= 0 && !w->paused))
			return BK_OK;
		rc = heed(w, wait_a_while(w, w->paused || left > SLICE_MS ? SLICE_MS : left),
			  &over);
		if (rc)
			return rc;
	}
	return bk_app_stopped(app);
}

static enum bk_rc watch(struct watch *w)
{
	enum bk_rc rc;

	for (;;) {
		rc = refresh(w);
		if (rc == BK_E_INTERRUPTED || rc == BK_E_TERMINATED)
			return bk_app_stopped(w->app);
		if (rc)
			return rc;
		if (w->refreshes == w->count)
			return BK_OK;
		if ((rc = pause_between(w)) || w->quit)
			return rc;
	}
}

/* What stood on the screen last stays when the count is full; who types q has seen it. */
static enum bk_rc end(struct watch *w)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_json_clean) struct bk_json *summary = NULL;

	if (w->in_place) {
		leave_screen(w);
		if (w->quit)
			return BK_OK;
		put_page(w, &out);
		return bk_app_write(w->app, &out);
	}
	if (w->app->format != BK_OUT_JSONL)
		return BK_OK;
	summary = bk_json_object();
	bk_json_set_str(summary, "type", "summary");
	bk_json_set_int(summary, "refreshes", w->refreshes);
	bk_json_render(summary, &out);
	bk_buf_char(&out, '\n');
	return bk_app_write(w->app, &out);
}

enum bk_rc bk_status_watch(struct bk_app *app)
{
	int64_t given = app->line.options.interval_ms;
	BK_CLEAN(clear_watch)
	struct watch w = {
		.app = app,
		.interval_ms = given > 0 ? given : DEFAULT_INTERVAL_MS,
		.count = app->line.options.count,
		.trouble = BK_BUF_INIT,
	};
	enum bk_rc rc;

	if ((rc = check_format(app)) || (rc = watch(&w)))
		return rc;
	return end(&w);
}

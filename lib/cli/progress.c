/*
 * The progress line; see progress.h.
 */
#include "cli/progress.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/terminal.h"

/* A run shorter than that shows nothing. */
#define APPEAR_MS 1000
#define REDRAW_MS 100
#define LINE_EVERY_MS 1000
/* With nobody there a count is worth its cost later only: for bkstatus. */
#define COUNT_UNSEEN_MS 5000

#define START_OF_LINE "\r"
#define CLEAR_TO_END "\033[K"

enum bk_progress_mode bk_progress_mode_of(const struct bk_progress_when *when)
{
	bool always = when->option && strcmp(when->option, "always") == 0;
	bool in_place = when->is_terminal && bk_terminal_can_move(when->term);

	if (when->option && strcmp(when->option, "never") == 0)
		return BK_PROGRESS_OFF;
	if (!always && (!in_place || when->quiet || when->machine))
		return BK_PROGRESS_OFF;
	return in_place ? BK_PROGRESS_LINE : BK_PROGRESS_LINES;
}

/* One write(2), if it would not block: of PIPE_BUF bytes at most, so a pipe takes
   all or is not ready. A failure is nobody's business: there is no place left to
   say so. */
static bool put(const struct bk_progress_state *p, const struct bk_buf *text)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLOUT};
	ssize_t ignored;

	if (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLOUT))
		return false;
	ignored = write(p->fd, bk_buf_cstr(text), text->len);
	(void)ignored;
	return true;
}

/* A shell's job in the background must not write over what the user types. */
static bool is_in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();
}

static bool is_stopping(const struct bk_progress_state *p)
{
	return p->interrupted && *p->interrupted;
}

/* Whether a line is to be shown now. */
static bool is_time(const struct bk_progress_state *p, int64_t now)
{
	int64_t pause = p->mode == BK_PROGRESS_LINE ? REDRAW_MS : LINE_EVERY_MS;

	if (p->mode == BK_PROGRESS_OFF || p->samples.last.elapsed_ms < APPEAR_MS || is_stopping(p))
		return false;
	if (p->mode == BK_PROGRESS_LINE && !is_in_foreground(p->fd))
		return false;
	return !p->shown || now - p->shown_ms >= pause;
}

/* The last column stays free: a cursor beyond it would have the end of the line
   cleared with it, or wrap. */
static void show(struct bk_progress_state *p, int64_t now)
{
	bool in_place = p->mode == BK_PROGRESS_LINE;
	int columns = in_place ? bk_terminal_width(p->fd, getenv("COLUMNS")) : 0;
	struct bk_pace pace = bk_out_progress_pace(&p->samples);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_buf_str(&text, in_place ? START_OF_LINE : "");
	bk_out_progress_line(&text, p->job, &p->samples.last, &pace, columns > 1 ? columns - 1 : 0);
	bk_buf_str(&text, in_place ? CLEAR_TO_END : "\n");
	if (!put(p, &text))
		return;
	p->drawn = in_place;
	p->shown = true;
	p->shown_ms = now;
}

static void answer(struct bk_progress_state *p)
{
	struct bk_pace pace = bk_out_progress_pace(&p->samples);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_buf_fmt(&text, "%s%s: ", p->drawn ? START_OF_LINE CLEAR_TO_END : "", p->tool);
	if (p->job)
		bk_out_progress_sentence(&text, p->job, p->execution ? *p->execution : NULL,
					 &p->samples.last, &pace);
	else
		bk_buf_str(&text, "waiting");
	bk_buf_char(&text, '\n');
	if (!put(p, &text))
		return;
	p->asked = false;
	/* The line below the answer is a new one. */
	if (p->drawn)
		p->drawn = p->shown = false;
}

/* Whoever asked for the end may ask again, which ends the process at once. */
static void try_erase(struct bk_progress_state *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_buf_str(&text, START_OF_LINE CLEAR_TO_END);
	if (p->drawn && is_in_foreground(p->fd) && put(p, &text))
		p->drawn = p->shown = false;
}

void bk_progress_begin(struct bk_progress_state *p, const char *job, char *const *execution)
{
	p->job = job;
	p->execution = execution;
	p->samples = (struct bk_out_samples){.count = 0};
	p->shown = false;
}

void bk_progress_update(void *arg, const struct bk_progress *progress)
{
	struct bk_progress_state *p = arg;
	int64_t now = p->clock.mono_ms(p->clock.self);

	bk_out_progress_note(&p->samples, progress);
	if (bk_signals_take_question())
		p->asked = true;
	if (p->asked)
		answer(p);
	if (is_stopping(p))
		try_erase(p);
	if (is_time(p, now))
		show(p, now);
}

void bk_progress_erase(struct bk_progress_state *p)
{
	const char clear[] = START_OF_LINE CLEAR_TO_END;
	ssize_t ignored;

	/* In the background the line is the shell's by now. */
	if (p->drawn && is_in_foreground(p->fd)) {
		ignored = write(p->fd, clear, sizeof(clear) - 1);
		(void)ignored;
	}
	p->drawn = p->shown = false;
}

void bk_progress_end(struct bk_progress_state *p)
{
	bk_progress_erase(p);
	p->job = NULL;
	p->execution = NULL;
}

void bk_progress_waiting(struct bk_progress_state *p)
{
	if (p->job)
		return;
	if (bk_signals_take_question())
		p->asked = true;
	if (p->asked)
		answer(p);
}

int64_t bk_progress_count_after_ms(const struct bk_progress_state *p)
{
	return p->mode == BK_PROGRESS_OFF ? COUNT_UNSEEN_MS : APPEAR_MS;
}

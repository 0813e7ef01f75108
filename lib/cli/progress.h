/*
 * Shows on standard error how far a run is: a line that a terminal redraws in
 * place, or for --progress=always elsewhere a line a second; and one line
 * whenever SIGUSR1 asks, also with --quiet.
 *
 *     progress.mode = bk_progress_mode_of(&when);
 *     request.progress = bk_progress_update;
 *     request.progress_arg = &progress;
 *     bk_progress_begin(&progress, job, &result.execution_id);
 *     ... the run calls bk_progress_update some five times a second ...
 *     bk_progress_end(&progress);
 *
 * No update fails or waits: a terminal that takes no text now (Ctrl-S, a full
 * pipe) does not hold a run up.
 */
#ifndef BK_CLI_PROGRESS_H
#define BK_CLI_PROGRESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "out/progress.h"

enum bk_progress_mode {
	BK_PROGRESS_OFF,   /* answers SIGUSR1 only */
	BK_PROGRESS_LINE,  /* redrawn in place */
	BK_PROGRESS_LINES, /* a whole line a second */
};

/* What decides about the mode. */
struct bk_progress_when {
	const char *option; /* the word of --progress; NULL = auto */
	bool is_terminal;   /* standard error */
	const char *term;   /* the variable TERM, NULL = unset */
	bool quiet;
	bool machine; /* --output=json or jsonl */
};

/* auto: in place at a terminal that can do so, unless quiet or for a machine;
   always: there in place, elsewhere in lines; never: off. */
enum bk_progress_mode bk_progress_mode_of(const struct bk_progress_when *when);

/* Plain data; zeroed it shows nothing. */
struct bk_progress_state {
	enum bk_progress_mode mode;
	int fd; /* where to */
	const char *tool;
	struct bk_clock clock;
	const volatile sig_atomic_t *interrupted; /* may be NULL */
	const char *job;                          /* of the run at work; NULL = none is */
	char *const *execution;                   /* where its number stands once it is claimed */
	struct bk_out_samples samples;
	int64_t shown_ms; /* when a line was last drawn or written, on the monotonic clock */
	bool shown;       /* one was, of this run */
	bool drawn;       /* one stands on the terminal now */
	bool asked;       /* SIGUSR1 came and is not answered yet */
};

/* The run of `job` begins; `execution` points at what will name its record. */
void bk_progress_begin(struct bk_progress_state *p, const char *job, char *const *execution);

/* The callback of struct bk_run_request; `arg` is the state. */
void bk_progress_update(void *arg, const struct bk_progress *progress);

/* The run is over, and the terminal's line is clean again. */
void bk_progress_end(struct bk_progress_state *p);

/* Clears the line, so that a message may be written; the next update draws it
   again. This one waits for the terminal, as the message will. */
void bk_progress_erase(struct bk_progress_state *p);

/* Answers SIGUSR1 where no run is at work: "bkactivate: waiting". To be called
   after each sleep, which the signal ends early; of the sleeps inside a run, which
   workers may be in as well, it keeps away. */
void bk_progress_waiting(struct bk_progress_state *p);

/* When a run is to count what it has to do: sooner where somebody looks on. */
int64_t bk_progress_count_after_ms(const struct bk_progress_state *p);

#endif

/*
 * How far a run is, in words: the line that a terminal shows while it is at
 * work, and the sentence that SIGUSR1 asks for. Pure; ASCII without control
 * characters. Who shows them, when and where is up to lib/cli.
 *
 *     struct bk_out_samples samples = {.count = 0};    once a run
 *     ...
 *     bk_out_progress_note(&samples, &progress);       whenever it is known
 *     pace = bk_out_progress_pace(&samples);
 *     bk_out_progress_line(&buf, "activate-due", &progress, &pace, 80);
 */
#ifndef BK_OUT_PROGRESS_H
#define BK_OUT_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/pace.h"
#include "run/run.h"

enum { BK_OUT_SAMPLES = 20 };

/* Where the run was in its last ten seconds or so, so that the pace is that of
   now and not that of a start which waited for a lock. */
struct bk_out_samples {
	struct {
		int64_t processed;
		int64_t elapsed_ms;
	} items[BK_OUT_SAMPLES]; /* a ring: at least half a second lies between two */
	size_t next;
	size_t count;
	struct bk_progress last;
	struct bk_progress grown; /* the last one that had more than the one before */
};

/* Takes how far the run is now. */
void bk_out_progress_note(struct bk_out_samples *samples, const struct bk_progress *progress);

/* From the oldest sample, or from the start while the run is young, to the last
   note; or to the end of the last batch, if that was just now: the pace is not to
   fall while a batch is at work, and jump when it is done. */
struct bk_pace bk_out_progress_pace(const struct bk_out_samples *samples);

/*
 * "activate-due  120,000 / 300,000  40 %  115,000/s  1.6 s left", without a
 * newline; before the total is counted, and while nothing moves, how long it has
 * been at work: "activate-due  120,000 done  115,000/s  1.0 s so far". What does
 * not fit into `width` columns is left out from the right; 0 = no limit.
 */
void bk_out_progress_line(struct bk_buf *out, const char *job, const struct bk_progress *progress,
			  const struct bk_pace *pace, int width);

/* "activate-due: execution 17, 120,000 of 300,000 bookings, 115,000/s, 3.2 s so
   far"; `execution` may be NULL. */
void bk_out_progress_sentence(struct bk_buf *out, const char *job, const char *execution,
			      const struct bk_progress *progress, const struct bk_pace *pace);

#endif

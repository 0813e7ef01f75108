/*
 * For tests of undo, over rig.h: a run of activate-due that changed twelve bookings and
 * set two further columns, and the undo of an execution in batches of four.
 */
#ifndef TESTS_UNDONE_H
#define TESTS_UNDONE_H

#include <stdint.h>

#include "job/undo.h"

/* The head of bookings { }, for a configuration of one's own. */
#define UNDONE_TABLE                                                                               \
	"table = \"public.bookings\" key = {\"id\"} status = \"status\" start = \"starts_at\""     \
	" end = \"ends_at\" updated = \"updated_at\" "

extern struct bk_undo *undone;
/* What is taken back: everything of execution 1, unless a test says otherwise. */
extern struct bk_undo_target undone_target;
/* Called when that was found, before the run; NULL = nothing. */
extern void (*undone_before_run)(void);

/* A checked fixture: the bookings, and as table `was` what they are. */
void undone_open(void);
void undone_close(void);

/* Execution 1: it must change all twelve. */
void undone_activate(void);

void undone_find(void);

/* The undo; rig.result and rig.err say more. */
enum bk_rc undone_run_in(int64_t batch_size, int64_t statement_timeout_ms);
enum bk_rc undone_run(void);

/* The same, which must come out well. `whole`: in one batch, which must not need to be
   made smaller. */
void undone_took(int64_t changed, int64_t left);
void undone_took_whole(int64_t changed, int64_t left);

/* Bookings that are not as in `was`, the time of the change aside. */
int64_t undone_different(void);

/* "KEY REASON DETAIL" of the only booking that was left. */
const char *undone_left(void);

#endif

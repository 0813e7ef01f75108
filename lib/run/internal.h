/*
 * What the files of lib/run share; nobody else includes it.
 *
 * A crew is the workers of one run: each has its connection, its ledger row and
 * its own state of the work; what they share is behind the crew's lock.
 */
#ifndef BK_RUN_INTERNAL_H
#define BK_RUN_INTERNAL_H

#include <pthread.h>

#include "run/run.h"

/* What must be known or closed has this long, also when the run's own time is
   used up. */
#define BK_PATIENCE_MS 5000

struct bk_crew {
	const struct bk_run_request *request;
	const struct bk_work *work;
	bool first;       /* the job never succeeded before */
	bool tries_again; /* something was set aside and is to be tried again by now */
	char *as_of;
	char *lower;

	pthread_mutex_t lock;
	pthread_cond_t news; /* a worker gave changes back, failed, or came to its end */
	int at_work;
	int64_t start_ms; /* of the run, on the monotonic clock */
	int64_t changed;
	int64_t locked; /* of the latest pass, as the next one */
	int64_t vetoed; /* locked, and not changed all the same */
	int64_t slowest_ms;
	int64_t retries;
	int64_t aside;
	int64_t newly_aside;     /* of these, not by earlier runs as well */
	struct bk_error refusal; /* why the first of them was set aside */
	int64_t allowance;       /* changes that may still be reserved; -1 = any number */
	int64_t reserved;        /* by batches that are not over */
	const char *bound_key;   /* the setting behind the allowance; NULL = --limit */
	int64_t bound;
	bool bound_reached;
	int64_t absent;         /* workers that could not connect */
	struct bk_error missed; /* why the first of them could not */
	bool stop;              /* a worker failed: the others finish their batch */
	enum bk_rc rc;
	struct bk_error error; /* of the first that failed */
	int64_t total;         /* BK_NULL_INT until counted */
	bool counted;
	int64_t shown_ms;    /* when progress was last reported */
	struct bk_rest rest; /* skipped_locked without what was vetoed or set aside */
	int64_t passed_over; /* still due and passed over, and not set aside by this run */
};

struct bk_worker {
	struct bk_crew *crew;
	struct bk_work work; /* the crew's, with a state of its own */
	struct bk_run run;
	int committed;   /* number of the last batch that is known to be committed */
	int64_t size;    /* of a batch; less after one that took too long */
	int64_t attempt; /* retries of the step at hand */
	bool done;
	pthread_t thread;
	bool started;
};

int64_t bk_crew_now(const struct bk_crew *crew);

/* Reserves up to `want` changes of the allowance. Where others hold the last of it,
   waits for what they give back. 0 = there is none left, or the run is to stop. */
int64_t bk_crew_reserve(struct bk_crew *crew, int64_t want, bool reports);
/* The batch is over; what it did not change others may. */
void bk_crew_return(struct bk_crew *crew, int64_t reserved, int64_t changed);

/* Adds a committed batch. */
void bk_crew_note(struct bk_crew *crew, const struct bk_batch *batch, int64_t took_ms);

/* Reports progress where it is time; also what connections call while they wait. */
void bk_crew_progress(void *crew);

/* Counts what is still due into the crew's rest. */
enum bk_rc bk_crew_rest(struct bk_worker *w, struct bk_error *err) BK_NODISCARD;

/* Drains everything: worker 0 in this thread, the others in theirs; then sweeps what
   was passed over. Leaves in the crew's rest what is still due then, BK_NULL_INT where
   that could not be counted. */
enum bk_rc bk_crew_drain(struct bk_crew *crew, struct bk_worker *first,
			 struct bk_error *err) BK_NODISCARD;

/* One worker until nothing is left, or for one batch. */
enum bk_rc bk_worker_drain(struct bk_worker *w, bool one_batch, struct bk_error *err) BK_NODISCARD;

/* One committed step: a batch of at most `count`, or with first >= 0 a part of
   the page. Tried again after what may pass. An error of BK_FAULT_ROW, and of a part
   BK_FAULT_SLOW, is the caller's to look into: then nothing was changed. */
enum bk_rc bk_worker_step(struct bk_worker *w, int64_t first, int64_t count, struct bk_batch *ret,
			  struct bk_error *err) BK_NODISCARD;

/* After *err: BK_OK when the step may be tried again, after a pause and with a
   working connection; else what it ends with. */
enum bk_rc bk_worker_again(struct bk_worker *w, struct bk_error *err) BK_NODISCARD;

/* Tries the page of a refused batch, at most `max` items, in parts until each refused
   row is alone and set aside. *ret sums up what was changed. `why` is the batch's error. */
enum bk_rc bk_worker_bisect(struct bk_worker *w, int64_t max, struct bk_batch *ret,
			    struct bk_error *err) BK_NODISCARD;

/* Before the first write: how many bookings the run may change. BK_E_REFUSED. */
enum bk_rc bk_guard(struct bk_crew *crew, struct bk_worker *w, struct bk_error *err) BK_NODISCARD;

/* After the drain: whether what remains makes the run less than a success. */
enum bk_rc bk_judge_rest(const struct bk_crew *crew, struct bk_error *err) BK_NODISCARD;

/* True where that cause is recorded as status ERROR. */
bool bk_status_is_error(enum bk_rc cause);

/* Closes the record: `cause` and `why` are what the run came to. */
enum bk_rc bk_end(struct bk_worker *w, enum bk_rc cause, const struct bk_error *why,
		  struct bk_run_result *result, struct bk_error *err) BK_NODISCARD;

#endif

/*
 * A run under test: bk's schema and the reference table made anew, a job with
 * its request, and seams at which another session may stir. rig_open() and
 * rig_close() are a checked fixture; they open pg_db as well.
 *
 *     rig_job("activate-due");
 *     rig.request.batch_size = 7;
 *     rig.before_batch = steal_the_lease;
 *     ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
 *
 * With parallel workers the seams are called in their threads: the side is then
 * for one of them only.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "conf/conf.h"
#include "job/job.h"
#include "pg.h"
#include "run/run.h"
#include "side.h"

struct rig {
	struct bk_conf *conf;
	struct bk_job *job;
	struct bk_run_request request;
	struct bk_run_result result; /* of the last run, here and below */
	struct bk_error err;
	struct bk_error elsewhere_err; /* of the last run elsewhere */
	_Atomic int batches;           /* begun, by all workers */
	_Atomic int pauses;
	_Atomic int parts;       /* of refused batches, tried */
	struct side *side;       /* a session of postgres */
	void (*on_pause)(int n); /* a piece of a pause before a retry, n from 1 */
	void (*before_prepare)(void);
	void (*before_batch)(int n);  /* n from 1; nothing is open yet */
	void (*before_commit)(int n); /* the batch is done and its transaction open */
	void (*after_commit)(int n);
	void (*before_part)(int n);
	void (*before_end)(void);                 /* nothing is left but to close the record */
	const volatile sig_atomic_t *interrupted; /* of connections made anew */
	_Atomic int64_t jump_ms; /* what the run's monotonic clock is ahead of the true one */
};
extern struct rig rig;

/* The run at whose seam this thread is: which worker, on which connection. */
extern _Thread_local const struct bk_run *rig_at;

void rig_open(void);
void rig_close(void);

/* Another configuration; the job has to be chosen anew. */
void rig_conf(const char *text);

/* A job of the configuration, by hand, with the request that it gives. */
void rig_job(const char *job);

/* Runs it; rig.result and rig.err say more. */
enum bk_rc rig_run(void);

/* A tick that judges by the instant `at`, and must come out well. */
enum bk_outcome rig_tick_at(const char *at);

/* The same job as another instance on a connection of its own, at any moment;
   clear *ret. */
enum bk_rc rig_run_elsewhere(struct bk_run_result *ret);

/* For request.connect: another connection like pg_db, which it replaces where it
   was lost. */
enum bk_rc rig_connect(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
		       struct bk_error *err);

/* Bookings of the reference table that are due for activation: `n` that started
   one after the other between an hour and half an hour ago. */
void rig_due(int n);

/* From now on a trigger refuses to make bookings of resource 666 active; turns those
   of which `which` (a condition) holds into such bookings. */
void rig_refuse(void);
void rig_spoil(const char *which);

/* Writes each change of a status to table audit (id, from_state, to_state). */
void rig_audit(void);

/* "STATUS processed error_code" of an execution; a column of the row of the job
   activate-due. Both are valid until the side's next question. */
const char *rig_record(int id);
const char *rig_job_column(const char *column);

/* Ids of the bookings that are set aside, in order: "3 7". "" = none. */
const char *rig_aside(void);

/* Changes in table audit, and those of a booking that had one before. */
int64_t rig_changed(void);
int64_t rig_changed_twice(void);

#endif

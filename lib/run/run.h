/*
 * The machinery of one run, ignorant of bookings: claim with token and lease,
 * batches under a fence, end. What is drained is the business of a struct
 * bk_work, which lib/job fills.
 *
 *     struct bk_run_result result;
 *     rc = bk_run(&db, &request, &work, &result, err);
 *     ... result is filled also when rc is not BK_OK, as far as it got ...
 *     bk_run_result_clear(&result);
 *
 * A run that was claimed is closed exactly once, also when it fails, unless
 * the lease was lost: then nothing more is written. One that could not look whether
 * work is due, because of what may pass and did not, is claimed to say so.
 */
#ifndef BK_RUN_RUN_H
#define BK_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "db/db.h"
#include "db/tx.h"

/* How far a run is. */
struct bk_progress {
	int64_t processed;  /* bookings changed and committed, by all its workers */
	int64_t total;      /* in all, once counted; BK_NULL_INT until then */
	int64_t elapsed_ms; /* since the claim */
};

struct bk_run_request {
	const char *schema; /* bk's own schema */
	const char *job;
	const char *description;
	const char *instance;
	const char *os_user;
	const char *version;
	const char *fingerprint; /* of the mapping, stored with the tick; NULL = not checked */
	bool manual;             /* by hand: ignores the delay, recorded as MANUAL */
	bool force;              /* also when paused or disabled at run time */
	bool beside;             /* none that the job's schedule asks for: its row tells of the
				    run before, when the next one is due, and no failure of it */
	int64_t slots;           /* so many instances may work on the job at once */
	int64_t workers;         /* connections that work on this run */
	int64_t leader_ms;       /* silence after which a leader is none; 0 = no leader is kept */
	int64_t late_ms;         /* a run may be so late; 0 = any */
	int64_t delay_ms;
	int64_t timeout_ms;
	int64_t lease_ms;
	int64_t lock_timeout_ms;
	int64_t statement_timeout_ms;
	int64_t max_age_ms; /* -1 = no lower bound (--backlog) */
	int64_t batch_size;
	int64_t limit;           /* at most so many changes; -1 = no limit */
	int64_t first_run_limit; /* for a job that never succeeded; 0 = no limit */
	int64_t max_changes;     /* for any run; 0 = no limit */
	bool trickle;            /* beyond max_changes: change that many, refuse nothing */
	int64_t allow;           /* --allow=N lifts the guard to N; -1 = not given */
	int64_t max_aside;       /* more bookings set aside in one run are a fault of all */
	int64_t max_retries;     /* of one step, in a row */
	int64_t retry_base_ms;
	int64_t retry_cap_ms;
	int64_t backoff_cap_ms; /* longest wait for the next run after failures in a row */
	/* Of the database's settings that made the request; 0 = there were none. */
	int64_t settings_version;
	const char
		*clock_override; /* tests: a timestamptz to judge by; NULL = the database's clock */
	struct bk_clock clock;
	struct bk_random random;
	/* Makes another connection like the first within timeout_ms: after a loss, and
	   for parallel workers, which call it each in its own thread. `hold`: signals end
	   neither the attempt nor, for now, a wait on the new connection. NULL = there is
	   none to be had. */
	enum bk_rc (*connect)(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
			      struct bk_error *err);
	void *connect_arg;
	/* Before the claim: whether the work can be done at all. Called again, on another
	   connection maybe, after what may pass. NULL = there is nothing to check. */
	enum bk_rc (*check)(void *arg, struct bk_db *db, struct bk_error *err);
	void *check_arg;
	/* How far the run is; called some five times a second while it is at work,
	   by the thread of bk_run. NULL = nobody looks. */
	void (*progress)(void *arg, const struct bk_progress *progress);
	void *progress_arg;
	int64_t count_after_ms; /* a run that takes so long counts what it has to do */
};

/* How many bookings a run may change, by the settings and --allow. */
struct bk_bound {
	const char *key; /* the setting that bounds it; NULL = none, or not more than --limit */
	int64_t allowed;
	bool trickle; /* where more are due it changes so many, and is not refused */
};

/* `first`: the job never succeeded yet. */
struct bk_bound bk_run_bound(const struct bk_run_request *request, bool first);

/* A claimed run, as the work of one worker sees it. */
struct bk_run {
	const struct bk_run_request *request;
	struct bk_db *db;
	int64_t execution;
	int64_t token;
	char application[96]; /* "bk:activate-due:17", for whoever looks at pg_stat_activity */
	const char *as_of;    /* texts that read back as timestamptz */
	const char *lower;
	int worker;
	int batch_no;        /* of the batch at hand, from 1 */
	int64_t count_ms;    /* how long one count may take */
	int64_t deadline_ms; /* of the whole run, on the monotonic clock */
};

struct bk_batch {
	int64_t locked; /* rows that were ours to change */
	int64_t changed;
	bool ledger; /* the worker's ledger row was ours and is updated */
	bool cancel; /* somebody asked for the end of the run */
	bool done;   /* nothing is left to scan after this batch */
};

/* What is due, counted up to a limit. */
struct bk_due {
	int64_t total;
	const char *rule; /* the one that most are due by; NULL = none */
	int64_t by_rule;
};

struct bk_rest {
	int64_t remaining;      /* still due, counted up to a limit; BK_NULL_INT = not known */
	int64_t skipped_locked; /* of these, passed over by the run, for whatever reason */
};

struct bk_work {
	void *self;
	const char *probe; /* SQL expression for the claim, true = work is due */
	/* How the transactions that ask it are set up; NULL = as any other. */
	const struct bk_tx_company *company;
	/* The same for lease_idle.sql, and also true for work that no job may touch:
	   cheaper to ask. NULL = there is none. */
	const char *rough_probe;
	/* Once, after the claim and before the first write. */
	enum bk_rc (*prepare)(void *self, const struct bk_run *run, struct bk_error *err);
	/* Bookings due now, counted up to `limit`. */
	enum bk_rc (*count)(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			    struct bk_error *err);
	/* One batch of at most `max` changes: opens the transaction and leaves it
	   open, its ledger row updated. */
	enum bk_rc (*batch)(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			    struct bk_error *err);
	/* The batch is known to be committed: positions and counts may advance. */
	void (*committed)(void *self);
	enum bk_rc (*rest)(void *self, const struct bk_run *run, struct bk_rest *ret,
			   struct bk_error *err);

	/* From here on NULL where the work has no such thing. */

	/* Another worker's own state: prepared alike, at the same position; what is set
	   aside is known to all of them. join takes over what it counted, and frees it. */
	void *(*fork)(void *self);
	void (*join)(void *self, void *other);
	/* Back to where everything begins, to look for what was passed over. */
	void (*rewind)(void *self);

	/* After a batch was refused for a row's fault. page fixes what the next batch
	   would take, at most `max` items, in their order and without those that this
	   run set aside; part is a batch of `count` of these from `first` on, and
	   committed follows it, too; page_done moves the position behind the page and
	   says whether anything is left to scan. */
	enum bk_rc (*page)(void *self, const struct bk_run *run, int64_t max, int64_t *ret_count,
			   struct bk_error *err);
	enum bk_rc (*part)(void *self, const struct bk_run *run, int64_t first, int64_t count,
			   struct bk_batch *ret, struct bk_error *err);
	bool (*page_done)(void *self);
	/* True for an item that an earlier run set aside: that it is refused again says
	   nothing about the others. */
	bool (*was_aside)(void *self, int64_t item);
	/* Remembers an item of the page as refused for that reason; false where another
	   worker of the run did so before. */
	bool (*set_aside)(void *self, int64_t item, const struct bk_error *why);
	/* In the open transaction that closes the record: stores what was set aside;
	   `whole`: the run saw everything that was due, so that what is not refused
	   again is set aside no longer. */
	enum bk_rc (*settle)(void *self, const struct bk_run *run, bool whole,
			     struct bk_error *err);
	/* After the probe failed for a row's fault, once the run is claimed all the same: says
	   more of it in *err. Returns err->rc. */
	enum bk_rc (*explain)(void *self, const struct bk_run *run, struct bk_error *err);
};

enum bk_outcome {
	BK_OUTCOME_RAN,
	BK_OUTCOME_NOT_DUE,
	BK_OUTCOME_BUSY,
	BK_OUTCOME_PAUSED,
	BK_OUTCOME_DISABLED,
	BK_OUTCOME_STANDBY, /* the database is a standby, and on-standby = skip */
	BK_OUTCOME_LATE,    /* it would run too late, and late = skip */
};

/* "ran", "not-due", "busy", "paused", "disabled", "standby", "late". */
extern const char *const bk_outcome_names[];

struct bk_run_result {
	enum bk_outcome outcome;
	char *execution_id; /* NULL unless it ran */
	char *executed_at;  /* RFC 3339, the claim's instant; also for other outcomes */
	char *status; /* SUCCESS PARTIAL ERROR TIMEOUT CANCELLED REFUSED, NULL = none was written */
	int64_t processed;
	int64_t skipped_locked;
	int64_t remaining;
	int64_t quarantined;
	int64_t retries;
	int64_t execution_time_ms;
	bool has_clock_difference;
	int64_t clock_difference_ms; /* the host's clock less the database's */
	char *abandoned_id;          /* the dead execution that this claim closed */
	char *holder;  /* busy: "host pid 17", or the leader's name; NULL = not known */
	char *next_at; /* not due: from when on */
	char *paused_reason;
	int64_t absent;   /* parallel workers that could not connect: the others did their share */
	char *absent_why; /* why the first of them could not */
};

void bk_run_result_clear(struct bk_run_result *result);

/*
 * The usual tick: nothing is due, nobody else is at work, this instance has
 * checked its mapping and the schema. One small statement that records the
 * finished run; true when that is what came to pass. Else nothing was done and
 * bk_run() is to find out why. It needs no look at the schema before.
 */
bool bk_run_idle(struct bk_db *db, const struct bk_run_request *request, const struct bk_work *work,
		 struct bk_run_result *ret) BK_NODISCARD;

/*
 * Claims and, where work is due, drains it. A connection that is lost is made
 * anew, hence **db, which is never NULL. BK_OK for every outcome and for
 * SUCCESS; BK_E_PARTIAL, BK_E_TIMEOUT, BK_E_CANCELLED, BK_E_REFUSED, BK_E_INTERRUPTED or
 * BK_E_TERMINATED when the record says so; BK_E_LEASE_LOST; BK_E_UNKNOWN; else
 * the cause, recorded as ERROR where the database could still be reached.
 */
enum bk_rc bk_run(struct bk_db **db, const struct bk_run_request *request,
		  const struct bk_work *work, struct bk_run_result *ret,
		  struct bk_error *err) BK_NODISCARD;

#endif

/*
 * A job of bk at work on the mapped table: what lib/run drains. A job is data
 * (its rules); this turns them into batches and keeps the position of each scan.
 *
 *     struct bk_job *job = bk_job_new(conf, "activate-due");
 *     if ((rc = bk_job_work(job, &work, err))) ...
 *     rc = bk_run(db, &request, &work, &result, err);
 *     for (i = 0; i < bk_job_unit_count(job); i++) ... bk_job_tally(job, i)
 *     bk_job_free(job);
 */
#ifndef BK_JOB_JOB_H
#define BK_JOB_JOB_H

#include "conf/conf.h"
#include "run/run.h"

struct bk_job;

/* conf must outlive the job. */
struct bk_job *bk_job_new(const struct bk_conf *conf, const char *name);
void bk_job_free(struct bk_job *job);
/* For BK_CLEAN. */
void bk_job_clean(struct bk_job **job);

/* Of the job cleanup: only what is pruned and archived is left of it. */
void bk_job_only_archive(struct bk_job *job);

/* The callbacks for bk_run; they belong to the job. */
enum bk_rc bk_job_work(struct bk_job *job, struct bk_work *ret, struct bk_error *err) BK_NODISCARD;

/* What was changed, per unit: one rule over one from-state and scan. */
struct bk_tally {
	const char *rule;
	const char *from; /* labels of the status column */
	const char *to;
	int64_t changed;
};

size_t bk_job_unit_count(const struct bk_job *job);
struct bk_tally bk_job_tally(const struct bk_job *job, size_t unit);

/* What people are to be warned of, one a line: "execution 17 of activate-due on host-7 pid
   4711 had lost its lease and was closed as ABANDONED"; NULL = nothing. */
const char *bk_job_said(const struct bk_job *job);

/* A run's request from the configuration; instance, manual and the like are
   the caller's to fill in. */
struct bk_run_request bk_job_request(const struct bk_conf *conf, const char *job);

/* One booking that a dry run found. Texts are valid during the call only. */
struct bk_dry_row {
	const char *const *keys;
	size_t key_count;
	const char *rule;
	const char *from;
	const char *to;
	const char *due_at; /* RFC 3339, milliseconds */
};

struct bk_dry_head {
	char *as_of;      /* RFC 3339, here and below */
	char *job_status; /* of the view jobs; NULL where the job is not registered */
	char *next_at;    /* from when on a tick runs it; NULL = at once */
	char *paused_until;
	char *paused_reason;
	char *running_id; /* the execution that is at work; NULL = none */
	char *lease_until;
	bool never_succeeded;
	struct bk_bound bound; /* what the settings let through */
	bool more;             /* a limit cut the list short */
};
void bk_dry_head_clear(struct bk_dry_head *head);

typedef enum bk_rc (*bk_dry_fn)(void *arg, const struct bk_dry_row *row, struct bk_error *err);

/*
 * What a run of this request would change now, row by row as it arrives, in one
 * read-only snapshot: rule after rule, what is due longest first, then by key. Where the
 * limit of the request, or max-changes with on-exceed = trickle, lets a run change no more,
 * it is the bookings that the run would come to. A guard that would refuse the run
 * cuts nothing: that is for the caller to tell from head->bound.
 * A row of the job cleanup has one key, a text for people.
 * Fills *ret_head before the first row. Changes and records nothing.
 */
enum bk_rc bk_job_dry_run(struct bk_job *job, struct bk_db *db,
			  const struct bk_run_request *request, bk_dry_fn row, void *arg,
			  struct bk_dry_head *ret_head, struct bk_error *err) BK_NODISCARD;

#endif

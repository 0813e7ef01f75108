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

/* Dead executions that the job cleanup closed, one a line: "execution 17 of
   activate-due on host-7 pid 4711"; NULL = none. */
const char *bk_job_closed(const struct bk_job *job);

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
	char *as_of;      /* RFC 3339 */
	char *job_status; /* of the view jobs; NULL where the job is not registered */
	char *next_at;    /* RFC 3339: from when on a tick runs it; NULL = at once */
	bool never_succeeded;
};
void bk_dry_head_clear(struct bk_dry_head *head);

typedef enum bk_rc (*bk_dry_fn)(void *arg, const struct bk_dry_row *row, struct bk_error *err);

/*
 * What a run would change now, row by row as it arrives, in the order of a run,
 * in one read-only snapshot. `limit` -1 = all; max_age_ms -1 = no lower bound.
 * A row of the job cleanup has one key, a text for people.
 * Fills *ret_head before the first row. Changes and records nothing.
 */
enum bk_rc bk_job_dry_run(struct bk_job *job, struct bk_db *db, const char *schema,
			  int64_t max_age_ms, int64_t limit, bk_dry_fn row, void *arg,
			  struct bk_dry_head *ret_head, struct bk_error *err) BK_NODISCARD;

#endif

/*
 * The job cleanup: closes the records of executions that died and that no later
 * run took over, and removes holds and quarantined bookings that are over. A run
 * like any other, but of bk's own tables: it needs no rules and no mapping.
 */
#ifndef BK_JOB_CLEANUP_H
#define BK_JOB_CLEANUP_H

#include "job/job.h"

struct bk_cleanup;

/* `conf` must outlive it. */
struct bk_cleanup *bk_cleanup_new(const struct bk_conf *conf);
void bk_cleanup_free(struct bk_cleanup *cleanup);

/* Leaves out all but what goes into the archive. */
void bk_cleanup_only_archive(struct bk_cleanup *cleanup);

/* The callbacks for bk_run; they belong to the cleanup. */
enum bk_rc bk_cleanup_work(struct bk_cleanup *cleanup, struct bk_work *ret,
			   struct bk_error *err) BK_NODISCARD;

/* What was done, by kind: in place of a job's units. */
size_t bk_cleanup_kind_count(void);
struct bk_tally bk_cleanup_tally(const struct bk_cleanup *cleanup, size_t kind);

/* See bk_job_said(). */
const char *bk_cleanup_said(const struct bk_cleanup *cleanup);

/* Hands over the SQL of a kind's batch, its parameters and what each is, and the SQL that only
   finds what is due and has the first of them. */
typedef enum bk_rc (*bk_statement_fn)(void *arg, const struct bk_tally *kind, const char *sql,
				      const char *selecting, const char *const *names,
				      const char *const *params, int count, struct bk_error *err);
enum bk_rc bk_cleanup_explain(struct bk_cleanup *cleanup, const struct bk_run *run, int64_t max,
			      bk_statement_fn fn, void *arg, struct bk_error *err) BK_NODISCARD;

/* The rows of a dry run, in the snapshot that is open. `limit` -1 = all. */
enum bk_rc bk_cleanup_list(struct bk_cleanup *cleanup, struct bk_db *db, int64_t limit,
			   bk_dry_fn row, void *arg, struct bk_error *err) BK_NODISCARD;

#endif

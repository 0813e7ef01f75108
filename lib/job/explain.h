/*
 * What a job would send, without sending it: the SQL of its batches, their parameters, and
 * the plan that the server has for each under the settings of a batch. Nothing is run,
 * locked or written: EXPLAIN without ANALYZE, in a read-only transaction.
 */
#ifndef BK_JOB_EXPLAIN_H
#define BK_JOB_EXPLAIN_H

#include "job/job.h"

struct bk_param {
	const char *name; /* for people: "batch size" */
	const char *value;
};

/* The first batch of one unit, a rule over one from-state and scan; of the job cleanup the
   one of each of its kinds, without scan. Texts are valid during the call only. */
struct bk_explained {
	const char *rule;
	const char *from;
	const char *to;
	const char *scan; /* SQL of the column that orders the scan */
	bool pinned;      /* an index serves that order, and no other plan is allowed */
	const char *sql;
	const struct bk_param *params;
	size_t param_count;
	const char *const *plan; /* lines */
	size_t plan_count;
	bool selecting;      /* the plan is that of the selecting part alone, */
	const char *refused; /* because the role may not have the other: why */
};

typedef enum bk_rc (*bk_explain_fn)(void *arg, const struct bk_explained *explained,
				    struct bk_error *err);

/*
 * Explains each unit in the order of a run. Where the role may only read, the plan is that
 * of the selecting part. Numbers that only a run has (execution, token) are 0.
 */
enum bk_rc bk_job_explain(struct bk_job *job, struct bk_db *db,
			  const struct bk_run_request *request, bk_explain_fn fn, void *arg,
			  struct bk_error *err) BK_NODISCARD;

#endif

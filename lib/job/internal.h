/*
 * What the files of lib/job share; nobody else includes it.
 */
#ifndef BK_JOB_INTERNAL_H
#define BK_JOB_INTERNAL_H

#include "job/cleanup.h"
#include "job/job.h"
#include "rule/unit.h"

/* The position of a scan: scan instant, then key columns, as texts. */
struct bk_position {
	char **values; /* 1 + key_count, NULL = at the start */
	size_t count;
};

struct bk_job {
	const char *name;
	const struct bk_conf *conf;
	struct bk_cleanup *cleanup; /* of the job cleanup, which has no units; else NULL */
	const struct bk_mapping *mapping;
	struct bk_policy policy;
	struct bk_rules rules;
	struct bk_units units;
	struct bk_table table; /* empty until prepare */
	struct bk_buf probe;
	bool *pinned;                /* per unit: an index serves the ordered scan */
	int64_t *changed;            /* per unit, committed */
	size_t current;              /* unit at hand */
	struct bk_position position; /* of the last committed batch of the current unit */
	/* The batch that is not yet known to be committed. */
	struct bk_position next;
	int64_t next_changed;
	bool next_ends_unit;
};

void bk_position_clear(struct bk_position *position);

/* Appends the SQL of one batch of the current unit. */
enum bk_rc bk_batch_sql(const struct bk_job *job, const char *schema, struct bk_buf *out,
			struct bk_error *err) BK_NODISCARD;

/* Runs it: transaction head and statement in one trip, transaction left open. */
enum bk_rc bk_batch_run(struct bk_job *job, const struct bk_run *run, int64_t max,
			struct bk_batch *ret, struct bk_error *err) BK_NODISCARD;

/* Counts of what is still due; see struct bk_work. */
enum bk_rc bk_rest_count(struct bk_job *job, const struct bk_run *run, struct bk_rest *ret,
			 struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_due_count(struct bk_job *job, const struct bk_run *run, int64_t limit, int64_t *ret,
			struct bk_error *err) BK_NODISCARD;

#endif

/*
 * What the files of the job cleanup share; nobody else includes it.
 */
#ifndef BK_JOB_CLEANUP_KINDS_H
#define BK_JOB_CLEANUP_KINDS_H

#include "job/cleanup.h"

/* What the parameters of a batch's first statement are. */
enum bk_kind_param {
	BK_KIND_MAX,
	BK_KIND_EXECUTION,
	BK_KIND_INSTANCE,
	BK_KIND_PID,
	BK_KIND_AT, /* the position */
	BK_KIND_ID,
	BK_KIND_BOOKINGS,
	BK_KIND_PARAMS
};

/* One kind of what the job does. */
struct bk_kind {
	const char *rule;
	const char *from;
	const char *to;
	const char *due;   /* SQL file of what is due: key, due, and what the batch needs */
	const char *batch; /* SQL file of a batch: locked, changed, said; of one that is paged:
			      locked, done, ids, at, id */
	bool paged;        /* locks a page of executions first, then prunes it */
	enum bk_kind_param params[BK_KIND_PARAMS];
	int param_count;
};

extern const struct bk_kind bk_kinds[];

#define BK_KINDS 6

struct bk_cleanup {
	const struct bk_conf *conf;
	const char *schema;
	struct bk_buf probe;
	bool only_paged;        /* the other kinds are left out */
	size_t current;         /* kind at hand */
	char *at;               /* position of the last committed page of it; NULL = none */
	char *id;               /* both texts */
	int64_t done[BK_KINDS]; /* committed */
	struct bk_buf said;
	/* The batch that is not yet known to be committed. */
	int64_t next_changed;
	bool next_ends_kind;
	char *next_at;
	char *next_id;
	char *next_said;
};

/* Appends the SQL of a file over what is due, of one kind; `page`: with the conditions and
   the limit of a batch. */
enum bk_rc bk_kind_sql(const struct bk_cleanup *cleanup, const struct bk_kind *kind,
		       const char *file, bool page, struct bk_buf *out,
		       struct bk_error *err) BK_NODISCARD;

/* The parameters of the statements of a batch, as they are sent. */
struct bk_kind_values {
	char max[24], execution[24], worker[16], token[24], batch_no[16], lease[24], pid[16];
	char bookings[24], changed[24];
	const char *batch[BK_KIND_PARAMS];
	const char *names[BK_KIND_PARAMS]; /* what they are, for people */
	const char *fence[3];
	const char *ledger[6];
};
void bk_kind_values_fill(struct bk_kind_values *values, const struct bk_cleanup *cleanup,
			 const struct bk_run *run, const struct bk_kind *kind, int64_t max);

struct bk_tx_limits bk_kind_limits(const struct bk_run *run);

/* One batch of the kind at hand: see struct bk_work. */
enum bk_rc bk_kind_batch(struct bk_cleanup *cleanup, const struct bk_run *run, int64_t max,
			 struct bk_batch *ret, struct bk_error *err) BK_NODISCARD;

/* What becomes of a page that is locked, in its open transaction: it goes, and is archived
   before where that is asked for. *ret_changed is how many went; `said` is added to. */
enum bk_rc bk_kind_prune(const struct bk_cleanup *cleanup, const struct bk_run *run,
			 const char *ids, int64_t *ret_changed, char **ret_said,
			 struct bk_error *err) BK_NODISCARD;

/* Into the files of the archive, on the disk when this is BK_OK. Does nothing where the
   configuration names no directory. */
enum bk_rc bk_kind_file(const struct bk_cleanup *cleanup, const struct bk_run *run, const char *ids,
			struct bk_error *err) BK_NODISCARD;

/* Whether what is pruned goes into the tables of the archive. */
bool bk_kind_moves(const struct bk_cleanup *cleanup);

#endif

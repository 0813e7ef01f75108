/*
 * What the files of lib/job share; nobody else includes it.
 */
#ifndef BK_JOB_INTERNAL_H
#define BK_JOB_INTERNAL_H

#include <pthread.h>

#include "job/cleanup.h"
#include "job/job.h"
#include "rule/unit.h"

/* The position of a scan: scan instant, then key columns, as texts. */
struct bk_position {
	char **values; /* 1 + key_count, NULL = at the start */
	size_t count;
};

/* The bookings of a page: for each the scan instant, then the key columns, as texts.
   Those that this run set aside are left out. */
struct bk_page {
	char **values;
	bool *was_aside; /* per booking: by an earlier run */
	size_t width;
	size_t count;
	size_t first; /* the part at hand */
	size_t part;  /* its length, 0 = the whole batch is meant */
	bool empty;   /* nothing is meant: only the ledger is written */
	struct bk_position end;
	bool ends_unit;
};

/* A booking that the database refuses to change. */
struct bk_refusal {
	const char *rule;
	char *key; /* an array literal of the key's texts */
	char sqlstate[6];
	char *message;
};

/* All of a run, by all its workers: one worker must not try what another one found
   refused. */
struct bk_refusals {
	pthread_mutex_t lock;
	struct bk_refusal *items;
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
	struct bk_buf rough_probe;
	struct bk_tx_company company; /* of each transaction that touches bookings */
	struct bk_buf session;
	bool *pinned;                /* per unit: an index serves the ordered scan */
	bool forked;                 /* all of the above belongs to the job it was forked from */
	int64_t *changed;            /* per unit, committed */
	size_t current;              /* unit at hand */
	struct bk_position position; /* of the last committed batch of the current unit */
	/* The batch that is not yet known to be committed. */
	struct bk_position next;
	int64_t next_changed;
	bool next_ends_unit;
	struct bk_page page;
	struct bk_refusals *refusals; /* shared with the job it was forked from */
};

void bk_position_clear(struct bk_position *position);
void bk_position_copy(struct bk_position *to, const struct bk_position *from);
void bk_page_clear(struct bk_page *page);

/* The scope of the job's scans by parameters. */
struct bk_scope bk_job_scope(const struct bk_job *job);

/* Appends the SQL of one batch of the current unit, or of the part at hand. */
enum bk_rc bk_batch_sql(const struct bk_job *job, const char *schema, struct bk_buf *out,
			struct bk_error *err) BK_NODISCARD;

/* The parameters of that SQL, as they are sent. */
struct bk_batch_params {
	char max[24], execution[24], worker[16], token[24], batch_no[16], lease[24];
	struct bk_buf *arrays; /* per key column, of a part */
	size_t array_count;
	const char **values;
	int count;
};

/* Fills an empty one; it points into job and run. */
void bk_batch_params_fill(struct bk_batch_params *params, const struct bk_job *job,
			  const struct bk_run *run, int64_t max);
void bk_batch_params_clear(struct bk_batch_params *params);

/* What the n-th of them is, from 0 on, for people. */
const char *bk_batch_param_name(int n);

/* The further columns that a change by the unit sets, each once; free them. */
void bk_unit_sets(const struct bk_job *job, const struct bk_unit *unit, struct bk_labels *ret);

/* Appends a scan's position of the row z as texts: d, k1, ... */
void bk_position_texts(const struct bk_job *job, struct bk_buf *out);

/* Appends what a scan selects for its position: column AS d, key columns AS k1, ... */
void bk_position_columns(const struct bk_job *job, struct bk_buf *out);

/* Runs it: transaction head and statement in one trip, transaction left open. */
enum bk_rc bk_batch_run(struct bk_job *job, const struct bk_run *run, int64_t max,
			struct bk_batch *ret, struct bk_error *err) BK_NODISCARD;

/* Appends the value of a column that a rule sets as a text for the record: the same in every
   session, and without a collation of its own, which would not mix with others'. `type` as in
   struct bk_column; bk's schema has the function for types that have several texts. */
void bk_set_text(struct bk_buf *out, const char *schema, const char *value, const char *type);

/* How long a statement of a batch may take: the setting, never beyond what is left of the
   run's time; at least 1 ms. */
int64_t bk_batch_statement_ms(const struct bk_run *run);

/* The statements that run behind a batch, i from 0; NULL behind the last. And the SQL of one:
   $1 execution, $2 worker, $3 number of the batch. */
const char *bk_after_statement(const struct bk_job *job, size_t i);
enum bk_rc bk_after_sql(const struct bk_job *job, const char *schema, const char *statement,
			struct bk_buf *out, struct bk_error *err) BK_NODISCARD;

/* The strength of the locks of a unit's batch: "FOR UPDATE" or "FOR NO KEY UPDATE". */
const char *bk_batch_lock(const struct bk_unit *unit);

/* Appends the SQL of the page that the next batch of the current unit would take; with
   `lock` of the statement that locks it. */
enum bk_rc bk_page_sql(const struct bk_job *job, const char *schema, bool lock, struct bk_buf *out,
		       struct bk_error *err) BK_NODISCARD;

/* That statement with its parameters, which live in *ret; and its answer. */
struct bk_page_query {
	struct bk_buf sql;
	char limit[24];
	const char **params;
	struct bk_stmt stmt;
};
void bk_page_query_clear(struct bk_page_query *query);
enum bk_rc bk_page_query(const struct bk_job *job, const struct bk_run *run, int64_t max, bool lock,
			 struct bk_page_query *ret, struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_page_take(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			struct bk_error *err) BK_NODISCARD;

/*
 * After *err in a scan of the unit (or of the probe, which is all of them: BK_ANY_UNIT): where an
 * expression of the mapping failed for some booking, *err names both. Returns err->rc.
 */
#define BK_ANY_UNIT SIZE_MAX
struct bk_blame {
	struct bk_db *db;
	const struct bk_run_request *request;
	const char *as_of;
	const char *lower;
	int64_t deadline_ms; /* on the request's clock */
};
enum bk_rc bk_job_blame(struct bk_job *job, const struct bk_blame *blame, size_t unit,
			struct bk_error *err);
/* The same for a run. */
enum bk_rc bk_run_blame(struct bk_job *job, const struct bk_run *run, size_t unit,
			struct bk_error *err);

/* Bad rows; see struct bk_work. */
enum bk_rc bk_page_load(struct bk_job *job, const struct bk_run *run, int64_t max,
			int64_t *ret_count, struct bk_error *err) BK_NODISCARD;
bool bk_page_done(struct bk_job *job);
bool bk_page_set_aside(struct bk_job *job, int64_t item, const struct bk_error *why);
enum bk_rc bk_page_settle(struct bk_job *job, const struct bk_run *run, bool whole,
			  struct bk_error *err) BK_NODISCARD;
struct bk_refusals *bk_refusals_new(void);
void bk_refusals_free(struct bk_refusals *refusals);

/* Counts of what is still due; see struct bk_work. */
enum bk_rc bk_rest_count(struct bk_job *job, const struct bk_run *run, struct bk_rest *ret,
			 struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_due_count(struct bk_job *job, const struct bk_run *run, int64_t limit,
			struct bk_due *ret, struct bk_error *err) BK_NODISCARD;

#endif

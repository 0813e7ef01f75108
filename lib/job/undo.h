/*
 * Taking back what an execution did: status and further columns go back to what they were,
 * where both still are what that execution wrote and nobody changed the booking since. An
 * undo is a run like any other, with the lease of the job whose execution it takes back, so
 * it can be taken back itself.
 *
 *     rc = bk_undo_find(db, &target, conf, &undo, err);       what there is to take back
 *     rc = bk_undo_work(undo, &work, err);                    and bk_run() with bk_undo_request()
 *     for (i = 0; i < bk_undo_left_count(undo); i++) ...      what was left as it is
 *     bk_undo_free(undo);
 */
#ifndef BK_JOB_UNDO_H
#define BK_JOB_UNDO_H

#include "conf/conf.h"
#include "db/array.h"
#include "job/job.h"
#include "run/run.h"

/* What somebody wants to take back. Everything is the caller's. */
struct bk_undo_target {
	int64_t execution;
	const char *rule;       /* only what this rule did; NULL = everything */
	const char *const *key; /* only this booking, a text per key column; NULL = every one */
	int64_t hold_ms; /* so long no job changes them again; 0 = they are not put on hold */
};

struct bk_undo;

/*
 * Looks at the execution. BK_E_NOT_FOUND where there is none, or where it changed no booking
 * (by that rule); BK_E_BUSY while it runs; BK_E_CONFIG where its job is none of the
 * configuration; BK_E_USAGE for a key that is none; BK_E_MAPPING where the table has changed.
 */
enum bk_rc bk_undo_find(struct bk_db *db, const struct bk_undo_target *target,
			const struct bk_conf *conf, struct bk_undo **ret,
			struct bk_error *err) BK_NODISCARD;
void bk_undo_free(struct bk_undo *undo);
/* For BK_CLEAN. */
void bk_undo_clean(struct bk_undo **undo);

/* Facts about the execution: its number, its job, its instant (RFC 3339), the execution that it
   took back itself (NULL = none), and how many bookings it changed (by that rule). */
const char *bk_undo_execution(const struct bk_undo *undo);
const char *bk_undo_job(const struct bk_undo *undo);
const char *bk_undo_executed_at(const struct bk_undo *undo);
const char *bk_undo_of(const struct bk_undo *undo);
int64_t bk_undo_bookings(const struct bk_undo *undo);
/* Whether statements ran behind its batches, whose effects stay, and whether the
   configuration has some that run behind an undo. */
bool bk_undo_had_after(const struct bk_undo *undo);
bool bk_undo_has_own(const struct bk_undo *undo);

/* The request of the run: the job's, by hand, whatever its state, without guard, and with a
   timeout of its own, 15 minutes. */
struct bk_run_request bk_undo_request(const struct bk_undo *undo);

/* The callbacks for bk_run; they belong to the undo. */
enum bk_rc bk_undo_work(struct bk_undo *undo, struct bk_work *ret,
			struct bk_error *err) BK_NODISCARD;

/* A booking, and why it was left as it is (or would be): "gone"; "later", changed since by
   the execution `detail`; "state", it has the state `detail`; "column", that column has
   another value; "locked" by another session; "vetoed" by a trigger or policy; "refused" with
   the server's message. */
struct bk_undo_left {
	struct bk_array key;
	char *reason;
	char *detail; /* NULL = there is none */
};

/* How many were left, and the first of them, at most BK_UNDO_MOST. */
enum { BK_UNDO_MOST = 10000 };
int64_t bk_undo_left_total(const struct bk_undo *undo);
size_t bk_undo_left_count(const struct bk_undo *undo);
const struct bk_undo_left *bk_undo_left_rows(const struct bk_undo *undo);

/* A booking of a dry run; reason NULL = it would be set back. */
struct bk_undo_row {
	const struct bk_array *key;
	const char *rule;
	const char *from;
	const char *to;
	const char *reason;
	const char *detail;
};
typedef enum bk_rc (*bk_undo_fn)(void *arg, const struct bk_undo_row *row, struct bk_error *err);

/* Every booking, in one read-only snapshot, in the order of the undo. */
enum bk_rc bk_undo_list(struct bk_undo *undo, struct bk_db *db, bk_undo_fn fn, void *arg,
			struct bk_error *err) BK_NODISCARD;

#endif

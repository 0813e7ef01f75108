/*
 * A changing command as one transaction: begin, change, and, if anything was
 * changed, the record of the command and the commit. For the files of this
 * folder only.
 *
 *     BK_CLEAN(bk_manual_end) struct bk_manual m = bk_manual_of(db, control, &limits);
 *     if ((rc = bk_manual_begin(&m, NULL, NULL, err))) ...
 *     if ((rc = bk_manual_run(&m, stmts, BK_COUNT(stmts), rows, err))) ...
 *     if ((rc = bk_manual_commit(&m, "pause", "Pause a job", changed, &recorded, err))) ...
 */
#ifndef BK_JOB_MANUAL_H
#define BK_JOB_MANUAL_H

#include "db/tx.h"
#include "job/control.h"

struct bk_manual {
	struct bk_db *db;
	const struct bk_control *control;
	struct bk_tx_limits limits;
	int64_t started_ms; /* monotonic */
	bool open;
};

struct bk_manual bk_manual_of(struct bk_db *db, const struct bk_control *control,
			      const struct bk_tx_limits *limits);

/* Limits for a command that waits for batches in flight. */
struct bk_tx_limits bk_manual_patience(const struct bk_conf *conf);

/* Opens the transaction. With `until` (may be NULL) *ret_until is its instant, as
   a text that reads back, or NULL for none; BK_E_USAGE when it is past. */
enum bk_rc bk_manual_begin(struct bk_manual *m, const struct bk_until *until, char **ret_until,
			   struct bk_error *err) BK_NODISCARD;

/* The SQL of the file, bk's schema filled in. */
enum bk_rc bk_manual_sql(const struct bk_manual *m, const char *file, struct bk_buf *out,
			 struct bk_error *err) BK_NODISCARD;

/* Statements in one trip; ret[i] is the answer to stmts[i]. */
enum bk_rc bk_manual_run(struct bk_manual *m, const struct bk_stmt *stmts, size_t count,
			 struct bk_rows **ret, struct bk_error *err) BK_NODISCARD;

/* Records the command and commits; with `changed` 0 it does neither. */
enum bk_rc bk_manual_commit(struct bk_manual *m, const char *operation, const char *description,
			    int64_t changed, struct bk_recorded *ret,
			    struct bk_error *err) BK_NODISCARD;

/* Rolls back what was not committed. */
void bk_manual_end(struct bk_manual *m);

#endif

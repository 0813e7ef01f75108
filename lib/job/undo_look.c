/*
 * A look at what an undo would take back, without a lock: for the dry run, and for the page
 * of a batch that was refused.
 */
#include "job/undo.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "job/undo_internal.h"

/* Rows of a dry run that are asked for at once. */
#define LOOK 5000

struct look {
	struct bk_undo *undo;
	bk_undo_fn fn;
	void *arg;
};

const struct bk_field bk_undo_left_fields[BK_UNDO_LEFT_FIELDS] = {
	{"key", BK_FIELD_ARRAY, offsetof(struct bk_undo_left, key)},
	{"reason", BK_FIELD_TEXT, offsetof(struct bk_undo_left, reason)},
	{"detail", BK_FIELD_TEXT, offsetof(struct bk_undo_left, detail)},
};

static enum bk_rc on_look(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	const struct look *l = arg;
	struct bk_undo_left row = {.reason = NULL};
	enum bk_rc rc = bk_rows_read(rows, 0, bk_undo_left_fields, BK_UNDO_LEFT_FIELDS, &row, err);

	if (!rc)
		rc = l->fn(l->arg,
			   &(const struct bk_undo_row){&row.key, bk_rows_text(rows, 0, "rule"),
						       bk_rows_text(rows, 0, "from_state"),
						       bk_rows_text(rows, 0, "to_state"),
						       row.reason, row.detail},
			   err);
	bk_fields_clear(bk_undo_left_fields, BK_UNDO_LEFT_FIELDS, &row);
	return rc;
}

void bk_undo_params_fill(struct bk_undo_params *p, const struct bk_undo *u, int64_t done,
			 int64_t count)
{
	(void)snprintf(p->id, sizeof(p->id), "%" PRId64, u->steps[u->current].id);
	(void)snprintf(p->first, sizeof(p->first), "%" PRId64, done + 1);
	(void)snprintf(p->count, sizeof(p->count), "%" PRId64, count);
	p->values[0] = p->id;
	p->values[1] = p->first;
	p->values[2] = p->count;
	p->values[3] = u->key.len ? bk_buf_cstr(&u->key) : NULL;
	p->values[4] = NULL;
	p->values[5] = u->rule ? u->rule : "";
}

/* A part of the current step, in the snapshot that is open. */
enum bk_rc bk_undo_look_at(struct bk_undo *u, struct bk_db *db, int64_t done, int64_t count,
			   bk_undo_fn fn, void *arg, struct bk_error *err)
{
	struct look look = {u, fn, arg};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_undo_params p;
	enum bk_rc rc = bk_undo_list_sql(u, &u->steps[u->current], &sql, err);

	if (rc)
		return rc;
	bk_undo_params_fill(&p, u, done, count);
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"undo_list", bk_buf_cstr(&sql), p.values, 6, BK_ANY_ROWS},
		on_look, &look, err);
}

enum bk_rc bk_undo_open_look(const struct bk_undo *u, struct bk_db *db, struct bk_error *err)
{
	const struct bk_tx_limits limits = {bk_undo_patience.statement_ms, bk_undo_patience.lock_ms,
					    true, &u->job->company};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD];
	size_t n = bk_tx_begin(&tx, BK_TX_LOOK, &limits, stmts);

	bk_tx_deadline(db, &limits);
	return bk_db_run(db, stmts, n, NULL, err);
}

enum bk_rc bk_undo_list(struct bk_undo *u, struct bk_db *db, bk_undo_fn fn, void *arg,
			struct bk_error *err)
{
	enum bk_rc rc = bk_undo_open_look(u, db, err);

	for (u->current = 0; u->current < u->step_count && !rc; u->current++)
		for (int64_t done = 0; done < u->steps[u->current].row_count && !rc; done += LOOK) {
			bk_tx_deadline(db, &bk_undo_patience);
			rc = bk_undo_look_at(u, db, done, LOOK, fn, arg, err);
		}
	u->current = 0;
	bk_db_rollback(db);
	return rc;
}

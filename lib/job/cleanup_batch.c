/*
 * A batch of the job cleanup: its transaction is fenced by the worker's ledger row as that
 * of any batch is.
 */
#include "job/cleanup_kinds.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "job/internal.h"

/* A page of pruning holds executions that changed no more than this, or a single one: some
   10 MB of keys that a transaction, and an archive, has to do with. */
#define PAGE_BOOKINGS 100000

void bk_kind_values_fill(struct bk_kind_values *v, const struct bk_cleanup *c,
			 const struct bk_run *run, const struct bk_kind *kind, int64_t max)
{
	static const char *const names[BK_KIND_PARAMS] = {
		"batch size", "execution", "instance", "pid", "position", "position", "bookings",
	};

	(void)snprintf(v->max, sizeof(v->max), "%" PRId64, max);
	(void)snprintf(v->execution, sizeof(v->execution), "%" PRId64, run->execution);
	(void)snprintf(v->worker, sizeof(v->worker), "%d", run->worker);
	(void)snprintf(v->token, sizeof(v->token), "%" PRId64, run->token);
	(void)snprintf(v->batch_no, sizeof(v->batch_no), "%d", run->batch_no);
	(void)snprintf(v->lease, sizeof(v->lease), "%" PRId64, run->request->lease_ms);
	(void)snprintf(v->pid, sizeof(v->pid), "%ld", (long)getpid());
	(void)snprintf(v->bookings, sizeof(v->bookings), "%d", PAGE_BOOKINGS);
	v->changed[0] = '\0';
	const char *values[BK_KIND_PARAMS] = {
		v->max, v->execution, run->request->instance, v->pid, c->at, c->id, v->bookings,
	};
	const char *fence[] = {v->execution, v->worker, v->token};
	const char *ledger[] = {v->execution, v->worker, v->token,
				v->batch_no,  v->lease,  v->changed};

	for (int i = 0; i < kind->param_count; i++) {
		v->batch[i] = values[kind->params[i]];
		v->names[i] = names[kind->params[i]];
	}
	memcpy(v->fence, fence, sizeof(fence));
	memcpy(v->ledger, ledger, sizeof(ledger));
}

/* bk's own tables have their indexes: nothing is pinned. No statement outlasts the run. */
struct bk_tx_limits bk_kind_limits(const struct bk_run *run)
{
	return (struct bk_tx_limits){bk_batch_statement_ms(run), run->request->lock_timeout_ms,
				     false, NULL};
}

/* Opens the transaction, locks the own ledger row and runs the kind's statement. */
static enum bk_rc begin(struct bk_cleanup *c, const struct bk_run *run, const struct bk_kind *kind,
			const struct bk_kind_values *v, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_kind_limits(run);
	const struct bk_sql_var var = {"bk", c->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf fence = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	struct bk_rows *rows[BK_TX_HEAD + 2];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&fence, "cleanup_fence", &var, 1, err)) ||
	    (rc = bk_kind_sql(c, kind, kind->batch, true, &sql, err)))
		return rc;
	bk_tx_name(&tx, run->application, &stmts[n++]);
	stmts[n++] = (struct bk_stmt){"cleanup_fence", bk_buf_cstr(&fence), v->fence,
				      BK_COUNT(v->fence), BK_MAYBE_ROW};
	stmts[n] = (struct bk_stmt){kind->batch, bk_buf_cstr(&sql), v->batch, kind->param_count,
				    BK_ONE_ROW};
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n + 1, rows, err)))
		return rc;
	*ret = rows[n];
	for (size_t i = 0; i < n; i++)
		bk_rows_clean(&rows[i]);
	return BK_OK;
}

struct plain_row {
	int64_t locked, changed;
	char *said;
};

static const struct bk_field plain_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct plain_row, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct plain_row, changed)},
	{"said", BK_FIELD_TEXT, offsetof(struct plain_row, said)},
};

static enum bk_rc take_plain(struct bk_cleanup *c, const struct bk_rows *rows, int64_t max,
			     struct bk_batch *ret, struct bk_error *err)
{
	struct plain_row row = {0, 0, NULL};
	enum bk_rc rc = bk_rows_read(rows, 0, plain_fields, BK_COUNT(plain_fields), &row, err);

	if (rc)
		return rc;
	c->next_said = row.said;
	c->next_ends_kind = row.locked < max;
	ret->locked = row.locked;
	ret->changed = row.changed;
	return BK_OK;
}

struct page_row {
	int64_t locked;
	bool done;
	char *ids, *at, *id;
};

static const struct bk_field page_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct page_row, locked)},
	{"done", BK_FIELD_BOOL, offsetof(struct page_row, done)},
	{"ids", BK_FIELD_TEXT, offsetof(struct page_row, ids)},
	{"at", BK_FIELD_TEXT, offsetof(struct page_row, at)},
	{"id", BK_FIELD_TEXT, offsetof(struct page_row, id)},
};

static void clear_page(struct page_row *row)
{
	bk_fields_clear(page_fields, BK_COUNT(page_fields), row);
}

static enum bk_rc take_page(struct bk_cleanup *c, const struct bk_run *run,
			    const struct bk_rows *rows, struct bk_batch *ret, struct bk_error *err)
{
	BK_CLEAN(clear_page) struct page_row row = {.ids = NULL};
	enum bk_rc rc = bk_rows_read(rows, 0, page_fields, BK_COUNT(page_fields), &row, err);

	if (rc)
		return rc;
	if (row.ids && (rc = bk_kind_prune(c, run, row.ids, &ret->changed, &c->next_said, err)))
		return rc;
	c->next_ends_kind = row.done;
	c->next_at = BK_TAKE(row.at);
	c->next_id = BK_TAKE(row.id);
	ret->locked = row.locked;
	return BK_OK;
}

/* Counts the batch in the ledger, which is the fence. */
static enum bk_rc count_in(const struct bk_cleanup *c, const struct bk_run *run,
			   struct bk_kind_values *v, struct bk_batch *ret, struct bk_error *err)
{
	static const struct bk_field field = {"cancel", BK_FIELD_BOOL, 0};
	const struct bk_tx_limits limits = bk_kind_limits(run);
	const struct bk_sql_var var = {"bk", c->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(v->changed, sizeof(v->changed), "%" PRId64, ret->changed);
	if ((rc = bk_sql_fill_file(&sql, "cleanup_ledger", &var, 1, err)))
		return rc;
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db,
			    &(const struct bk_stmt){"cleanup_ledger", bk_buf_cstr(&sql), v->ledger,
						    BK_COUNT(v->ledger), BK_MAYBE_ROW},
			    1, &rows, err)))
		return rc;
	ret->ledger = bk_rows_count(rows) == 1;
	return ret->ledger ? bk_rows_read(rows, 0, &field, 1, &ret->cancel, err) : BK_OK;
}

enum bk_rc bk_kind_batch(struct bk_cleanup *c, const struct bk_run *run, int64_t max,
			 struct bk_batch *ret, struct bk_error *err)
{
	const struct bk_kind *kind = &bk_kinds[c->current];
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_kind_values v;
	enum bk_rc rc;

	bk_kind_values_fill(&v, c, run, kind, max);
	if ((rc = begin(c, run, kind, &v, &rows, err)))
		return rc;
	rc = kind->paged ? take_page(c, run, rows, ret, err) : take_plain(c, rows, max, ret, err);
	c->next_changed = ret->changed;
	if (!rc)
		rc = count_in(c, run, &v, ret, err);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

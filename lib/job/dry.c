/*
 * The dry run: the selecting SQL of the batches in one read-only snapshot, under the
 * settings that a batch has.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqltext.h"

/* A listing may be long; it locks nothing, so it may take its time. */
#define DRY_TIMEOUT_MS 600000

static const struct bk_tx_limits patience = {DRY_TIMEOUT_MS, 10000, true, NULL};

struct dry {
	struct bk_job *job;
	const struct bk_run_request *request;
	const struct bk_unit *unit; /* the first of the rule at hand */
	struct bk_scope scope;
	bk_dry_fn row;
	void *arg;
	int64_t left;    /* rows that may still come, -1 = any number */
	int64_t *shares; /* of these, per unit; NULL = any number */
	bool more;
	char *as_of;
	char *lower;
};

static void clear_dry(struct dry *d)
{
	free(d->shares);
	free(d->as_of);
	free(d->lower);
}

void bk_dry_head_clear(struct bk_dry_head *head)
{
	bk_free_str(&head->as_of);
	bk_free_str(&head->job_status);
	bk_free_str(&head->next_at);
	bk_free_str(&head->paused_until);
	bk_free_str(&head->paused_reason);
	bk_free_str(&head->running_id);
	bk_free_str(&head->lease_until);
}

static enum bk_rc on_row(void *arg, const struct bk_rows *rows, struct bk_error *err)
{
	struct dry *d = arg;
	size_t n = d->job->mapping->key_count;
	const char **keys = bk_calloc(n, sizeof(*keys));
	enum bk_rc rc;

	for (size_t i = 0; i < n; i++)
		keys[i] = bk_rows_cell(rows, 0, (int)i);
	rc = d->row(d->arg,
		    &(const struct bk_dry_row){
			    keys, n, d->unit->rule->name, bk_rows_text(rows, 0, "from_state"),
			    bk_rows_text(rows, 0, "to_state"), bk_rows_text(rows, 0, "due_at")},
		    err);
	free(keys);
	return rc;
}

/* Opens the snapshot and reads the head in it; the transaction stays open. */
static enum bk_rc open_snapshot(struct dry *d, struct bk_db *db, struct bk_dry_head *ret,
				struct bk_error *err)
{
	static const struct bk_field own[] = {
		{"as_of", BK_FIELD_TEXT, offsetof(struct dry, as_of)},
		{"lower", BK_FIELD_TEXT, offsetof(struct dry, lower)},
	};
	static const struct bk_field shown[] = {
		{"shown_as_of", BK_FIELD_TEXT, offsetof(struct bk_dry_head, as_of)},
		{"job_status", BK_FIELD_TEXT, offsetof(struct bk_dry_head, job_status)},
		{"next_execution_time", BK_FIELD_TEXT, offsetof(struct bk_dry_head, next_at)},
		{"paused_until", BK_FIELD_TEXT, offsetof(struct bk_dry_head, paused_until)},
		{"paused_reason", BK_FIELD_TEXT, offsetof(struct bk_dry_head, paused_reason)},
		{"running_execution_id", BK_FIELD_TEXT, offsetof(struct bk_dry_head, running_id)},
		{"lease_expires_at", BK_FIELD_TEXT, offsetof(struct bk_dry_head, lease_until)},
		{"never_succeeded", BK_FIELD_BOOL, offsetof(struct bk_dry_head, never_succeeded)},
	};
	const struct bk_tx_limits limits = {DRY_TIMEOUT_MS, 10000, true, &d->job->company};
	const struct bk_run_request *q = d->request;
	const struct bk_sql_var var = {"bk", q->schema};
	char age[24];
	const char *params[] = {d->job->name, q->max_age_ms < 0 ? NULL : age, q->clock_override};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 1];
	struct bk_rows *rows[BK_TX_HEAD + 1];
	size_t n = bk_tx_begin(&tx, BK_TX_LOOK, &limits, stmts);
	enum bk_rc rc;

	(void)snprintf(age, sizeof(age), "%" PRId64, q->max_age_ms);
	if ((rc = bk_sql_fill_file(&sql, "dry_head", &var, 1, err)))
		return rc;
	stmts[n] = (struct bk_stmt){"dry_head", bk_buf_cstr(&sql), params, 3, BK_ONE_ROW};
	bk_tx_deadline(db, &limits);
	if ((rc = bk_db_run(db, stmts, n + 1, rows, err)))
		return rc;
	rc = bk_rows_read(rows[n], 0, own, BK_COUNT(own), d, err);
	if (!rc)
		rc = bk_rows_read(rows[n], 0, shown, BK_COUNT(shown), ret, err);
	for (size_t i = 0; i <= n; i++)
		bk_rows_clean(&rows[i]);
	return rc;
}

/* As many rows as a run of this request would change. */
static void set_left(struct dry *d, struct bk_dry_head *head)
{
	d->left = d->request->limit;
	head->bound = bk_run_bound(d->request, head->never_succeeded);
	if (head->bound.trickle)
		d->left = head->bound.allowed;
}

static enum bk_rc count_unit(struct dry *d, struct bk_db *db, const struct bk_unit *unit,
			     int64_t limit, int64_t *ret, struct bk_error *err)
{
	static const struct bk_field field = {"n", BK_FIELD_INT, 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char most[24];
	const char *params[] = {d->as_of, d->lower, most};
	enum bk_rc rc;

	(void)snprintf(most, sizeof(most), "%" PRId64, limit);
	if ((rc = bk_unit_count(&sql, unit, &d->scope, "", err)))
		return rc;
	bk_tx_deadline(db, &patience);
	rc = bk_db_run(
		db,
		&(const struct bk_stmt){"booking_count", bk_buf_cstr(&sql), params, 3, BK_ONE_ROW},
		1, &rows, err);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

/* A run takes unit after unit, each in the order of its scan, until its limit is reached. The
   list has another order, so it is counted before how many of each unit that are. */
static enum bk_rc share_out(struct dry *d, struct bk_db *db, struct bk_error *err)
{
	int64_t left = d->left;

	if (left < 0)
		return BK_OK;
	d->shares = bk_calloc(d->job->units.count, sizeof(*d->shares));
	for (size_t i = 0; i < d->job->units.count && !d->more; i++) {
		int64_t n = 0;
		enum bk_rc rc = count_unit(d, db, &d->job->units.items[i], left + 1, &n, err);

		if (rc)
			return rc;
		d->more = n > left;
		d->shares[i] = d->more ? left : n;
		left -= d->shares[i];
	}
	return BK_OK;
}

/* What is selected of a booking, and of its row q in the list. */
static void write_columns(struct bk_buf *out, const struct bk_mapping *m,
			  const struct bk_unit *unit)
{
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, "b.");
		bk_sql_ident(out, m->keys[i]);
		bk_buf_fmt(out, " AS k%zu, ", i + 1);
	}
	bk_buf_fmt(out, "(%s) AS due, ", unit->rule->due);
	bk_sql_literal(out, unit->from);
	bk_buf_str(out, "::pg_catalog.text AS from_state, ");
	bk_sql_literal(out, unit->to);
	bk_buf_str(out, "::pg_catalog.text AS to_state");
}

static void write_key(struct bk_buf *texts, struct bk_buf *order, const struct bk_job *job)
{
	for (size_t i = 0; i < job->mapping->key_count; i++) {
		BK_CLEAN(bk_free_str) char *key = bk_asprintf("q.k%zu", i + 1);

		bk_buf_str(texts, i ? ", " : "");
		bk_value_text(texts, key,
			      bk_table_column(&job->table, job->mapping->keys[i])->type);
		bk_buf_fmt(texts, " AS k%zu", i + 1);
		bk_buf_fmt(order, "%s%s", i ? ", " : "", key);
	}
}

static enum bk_rc write_scans(struct bk_buf *out, const struct dry *d, size_t first, size_t end,
			      struct bk_error *err)
{
	for (size_t i = first; i < end; i++) {
		const struct bk_unit *unit = &d->job->units.items[i];
		BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
		char limit[24] = "ALL";
		enum bk_rc rc;

		if (d->shares)
			(void)snprintf(limit, sizeof(limit), "%" PRId64, d->shares[i]);
		write_columns(&columns, d->job->mapping, unit);
		bk_buf_str(out, i > first ? "\nUNION ALL (\n" : "(\n");
		if ((rc = bk_unit_scan(out, unit, &d->scope, bk_buf_cstr(&columns), "", limit,
				       err)))
			return rc;
		bk_buf_str(out, ")");
	}
	return BK_OK;
}

/* The units of one rule. */
static enum bk_rc list_rule(struct dry *d, struct bk_db *db, size_t first, size_t end,
			    struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf scans = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf order = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	const char *params[] = {d->as_of, d->lower};
	enum bk_rc rc;

	d->unit = &d->job->units.items[first];
	write_key(&texts, &order, d->job);
	if ((rc = write_scans(&scans, d, first, end, err)))
		return rc;
	const struct bk_sql_var vars[] = {
		{"scans", bk_buf_cstr(&scans)},
		{"columns", bk_buf_cstr(&texts)},
		{"order", bk_buf_cstr(&order)},
	};

	if ((rc = bk_sql_fill_file(&sql, "dry_select", vars, BK_COUNT(vars), err)))
		return rc;
	bk_tx_deadline(db, &patience);
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"dry_select", bk_buf_cstr(&sql), params, 2, BK_ANY_ROWS},
		on_row, d, err);
}

static enum bk_rc list_bookings(struct dry *d, struct bk_db *db, struct bk_error *err)
{
	const struct bk_units *units = &d->job->units;
	enum bk_rc rc = share_out(d, db, err);

	for (size_t i = 0, end; i < units->count && !rc; i = end) {
		end = i + 1;
		while (end < units->count && units->items[end].rule == units->items[i].rule)
			end++;
		rc = list_rule(d, db, i, end, err);
	}
	return rc;
}

/* One row more than the limit is asked for, which says that there are more. */
static enum bk_rc on_record(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	struct dry *d = arg;

	if (d->left == 0) {
		d->more = true;
		return BK_OK;
	}
	d->left -= d->left > 0;
	return d->row(d->arg, row, err);
}

enum bk_rc bk_job_dry_run(struct bk_job *job, struct bk_db *db,
			  const struct bk_run_request *request, bk_dry_fn row, void *arg,
			  struct bk_dry_head *ret_head, struct bk_error *err)
{
	BK_CLEAN(clear_dry)
	struct dry d = {.job = job, .request = request, .row = row, .arg = arg};
	enum bk_rc rc;

	bk_table_clear(&job->table);
	if (!job->cleanup && (rc = bk_table_load(db, job->mapping, &job->table, err)))
		return rc;
	d.scope = bk_scope_of_params(job->mapping, &job->table, request->schema);
	if ((rc = open_snapshot(&d, db, ret_head, err)))
		return rc;
	set_left(&d, ret_head);
	if (job->cleanup)
		rc = bk_cleanup_list(job->cleanup, db, d.left < 0 ? -1 : d.left + 1, on_record, &d,
				     err);
	else
		rc = list_bookings(&d, db, err);
	ret_head->more = d.more;
	bk_db_rollback(db);
	if (!rc || job->cleanup)
		return rc;
	return bk_job_blame(job, &(const struct bk_blame){db, request, d.as_of, d.lower, INT64_MAX},
			    BK_ANY_UNIT, err);
}

/*
 * The dry run: the selecting SQL of the batch in one read-only snapshot.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqltext.h"

/* A listing may be long; it locks nothing, so it may take its time. */
#define DRY_TIMEOUT_MS 600000

struct dry {
	struct bk_job *job;
	const struct bk_unit *unit;
	struct bk_scope scope;
	bk_dry_fn row;
	void *arg;
	int64_t left; /* rows that may still come, -1 = any number */
	char *as_of;
	char *lower;
};

static void clear_dry(struct dry *d)
{
	free(d->as_of);
	free(d->lower);
}

void bk_dry_head_clear(struct bk_dry_head *head)
{
	bk_free_str(&head->as_of);
	bk_free_str(&head->job_status);
	bk_free_str(&head->next_at);
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
		    &(const struct bk_dry_row){keys, n, d->unit->rule->name, d->unit->from,
					       d->unit->to, bk_rows_text(rows, 0, "due_at")},
		    err);
	free(keys);
	if (d->left > 0)
		d->left--;
	return rc;
}

/* Opens the snapshot and reads the head in it; the transaction stays open. */
static enum bk_rc open_snapshot(struct dry *d, struct bk_db *db, const char *schema,
				int64_t max_age_ms, struct bk_dry_head *ret, struct bk_error *err)
{
	static const struct bk_field own[] = {
		{"as_of", BK_FIELD_TEXT, offsetof(struct dry, as_of)},
		{"lower", BK_FIELD_TEXT, offsetof(struct dry, lower)},
	};
	static const struct bk_field shown[] = {
		{"shown_as_of", BK_FIELD_TEXT, offsetof(struct bk_dry_head, as_of)},
		{"job_status", BK_FIELD_TEXT, offsetof(struct bk_dry_head, job_status)},
		{"next_execution_time", BK_FIELD_TEXT, offsetof(struct bk_dry_head, next_at)},
		{"never_succeeded", BK_FIELD_BOOL, offsetof(struct bk_dry_head, never_succeeded)},
	};
	const struct bk_tx_limits limits = {DRY_TIMEOUT_MS, 10000, true, &d->job->company};
	const struct bk_sql_var var = {"bk", schema};
	char age[24];
	const char *params[] = {d->job->name, max_age_ms < 0 ? NULL : age};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 1];
	struct bk_rows *rows[BK_TX_HEAD + 1];
	size_t n = bk_tx_begin(&tx, BK_TX_READ, &limits, stmts);
	enum bk_rc rc;

	(void)snprintf(age, sizeof(age), "%" PRId64, max_age_ms);
	if ((rc = bk_sql_fill_file(&sql, "dry_head", &var, 1, err)))
		return rc;
	stmts[n] = (struct bk_stmt){"dry_head", bk_buf_cstr(&sql), params, 2, BK_ONE_ROW};
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

static void write_columns(struct bk_buf *out, const struct bk_job *job, const struct bk_unit *unit)
{
	for (size_t i = 0; i < job->mapping->key_count; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;

		bk_buf_str(&column, "b.");
		bk_sql_ident(&column, job->mapping->keys[i]);
		bk_value_text(out, bk_buf_cstr(&column),
			      bk_table_column(&job->table, job->mapping->keys[i])->type);
		bk_buf_fmt(out, " AS k%zu, ", i + 1);
	}
	bk_buf_fmt(out,
		   "pg_catalog.to_char(pg_catalog.timezone('UTC', %s),"
		   " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') AS due_at",
		   unit->rule->due);
}

static enum bk_rc list_unit(struct dry *d, struct bk_db *db, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	char limit[24];
	const char *params[] = {d->as_of, d->lower, d->left < 0 ? NULL : limit};
	enum bk_rc rc;

	(void)snprintf(limit, sizeof(limit), "%" PRId64, d->left);
	write_columns(&columns, d->job, d->unit);
	if ((rc = bk_unit_scan(&scan, d->unit, &d->scope, bk_buf_cstr(&columns), "",
			       "$3::pg_catalog.int8", err)))
		return rc;
	if ((rc = bk_sql_fill_file(&sql, "dry_select",
				   &(const struct bk_sql_var){"scan", bk_buf_cstr(&scan)}, 1, err)))
		return rc;
	return bk_db_stream(
		db,
		&(const struct bk_stmt){"dry_select", bk_buf_cstr(&sql), params, 3, BK_ANY_ROWS},
		on_row, d, err);
}

enum bk_rc bk_job_dry_run(struct bk_job *job, struct bk_db *db, const char *schema,
			  int64_t max_age_ms, int64_t limit, bk_dry_fn row, void *arg,
			  struct bk_dry_head *ret_head, struct bk_error *err)
{
	BK_CLEAN(clear_dry) struct dry d = {.job = job, .row = row, .arg = arg, .left = limit};
	enum bk_rc rc;

	bk_table_clear(&job->table);
	if (!job->cleanup && (rc = bk_table_load(db, job->mapping, &job->table, err)))
		return rc;
	d.scope = bk_scope_of_params(job->mapping, &job->table, schema);
	if ((rc = open_snapshot(&d, db, schema, max_age_ms, ret_head, err)))
		return rc;
	if (job->cleanup)
		rc = bk_cleanup_list(job->cleanup, db, limit, row, arg, err);
	for (size_t i = 0; i < job->units.count && !rc && d.left != 0; i++) {
		d.unit = &job->units.items[i];
		rc = list_unit(&d, db, err);
	}
	bk_db_rollback(db);
	return rc;
}

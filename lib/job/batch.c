/*
 * One batch: its SQL from sql/booking_batch.sql, its parameters, its answer.
 */
#include "job/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"

/* $1..$9 of booking_batch.sql; the position follows. */
enum { FIXED_PARAMS = 9, FIRST_POSITION = 10 };

/* The fragments of the template that depend on the key columns. */
struct key_sql {
	struct bk_buf scan_columns, update_match, steady, texts, arrays, hash, position;
};

static void clear_key_sql(struct key_sql *k)
{
	bk_buf_clear(&k->scan_columns);
	bk_buf_clear(&k->update_match);
	bk_buf_clear(&k->steady);
	bk_buf_clear(&k->texts);
	bk_buf_clear(&k->arrays);
	bk_buf_clear(&k->hash);
	bk_buf_clear(&k->position);
}

static void put_column(struct bk_buf *out, const char *name)
{
	bk_buf_str(out, "b.");
	bk_sql_ident(out, name);
}

/* (b.k1, b.k2) = ANY (SELECT c.k1, c.k2 FROM c), for tables whose ctid is not
   unique. The comma list of one column needs no row. */
static void match_by_key(struct bk_buf *out, const struct bk_mapping *m)
{
	bk_buf_str(out, m->key_count > 1 ? "(" : "");
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, i ? ", " : "");
		put_column(out, m->keys[i]);
	}
	bk_buf_fmt(out, "%s OPERATOR(pg_catalog.=) ANY (SELECT ", m->key_count > 1 ? ")" : "");
	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(out, "%sc.k%zu", i ? ", " : "", i + 1);
	bk_buf_str(out, " FROM c)");
}

static void write_match(struct key_sql *k, const struct bk_job *job)
{
	if (job->table.has_children)
		match_by_key(&k->update_match, job->mapping);
	else
		bk_buf_str(&k->update_match,
			   "b.ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT c.t FROM c))");
}

/* Whether the row that z names has the scan instant of z in the snapshot, too. */
static void write_steady(struct bk_buf *out, const struct bk_job *job)
{
	const struct bk_mapping *m = job->mapping;

	bk_buf_fmt(out, "(SELECT %s OPERATOR(pg_catalog.=) z.d FROM ",
		   job->units.items[job->current].scan->column);
	bk_table_sql(out, m);
	bk_buf_str(out, " AS b WHERE ");
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, i ? " AND " : "");
		put_column(out, m->keys[i]);
		bk_buf_fmt(out, " OPERATOR(pg_catalog.=) z.k%zu", i + 1);
	}
	bk_buf_char(out, ')');
}

void bk_position_columns(const struct bk_job *job, struct bk_buf *out)
{
	const struct bk_mapping *m = job->mapping;

	bk_buf_fmt(out, "%s AS d", job->units.items[job->current].scan->column);
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, ", ");
		put_column(out, m->keys[i]);
		bk_buf_fmt(out, " AS k%zu", i + 1);
	}
}

void bk_position_texts(const struct bk_job *job, struct bk_buf *out)
{
	const struct bk_mapping *m = job->mapping;

	bk_value_text(out, "z.d", BK_TYPE_TIMESTAMPTZ);
	bk_buf_str(out, " AS d");
	for (size_t i = 0; i < m->key_count; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf last = BK_BUF_INIT;

		bk_buf_fmt(&last, "z.k%zu", i + 1);
		bk_buf_str(out, ", ");
		bk_value_text(out, bk_buf_cstr(&last),
			      bk_table_column(&job->table, m->keys[i])->type);
		bk_buf_fmt(out, " AS k%zu", i + 1);
	}
}

static void write_key_sql(struct key_sql *k, const struct bk_job *job)
{
	const struct bk_mapping *m = job->mapping;

	bk_buf_str(&k->scan_columns, "b.ctid AS t, ");
	bk_position_columns(job, &k->scan_columns);
	bk_buf_str(&k->arrays, "ARRAY[");
	bk_buf_str(&k->hash, m->key_count > 1 ? "pg_catalog.hashtext(pg_catalog.concat_ws(E'\\x1f'"
					      : "pg_catalog.hashtext(");
	bk_position_texts(job, &k->position);
	for (size_t i = 0; i < m->key_count; i++) {
		const char *type = bk_table_column(&job->table, m->keys[i])->type;
		BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;

		put_column(&column, m->keys[i]);
		/* Key columns may have collations of their own, which do not mix. */
		bk_buf_str(&k->texts, i ? ", (" : "(");
		bk_value_text(&k->texts, bk_buf_cstr(&column), type);
		bk_buf_fmt(&k->texts, ") COLLATE pg_catalog.\"default\" AS k%zu", i + 1);
		bk_buf_fmt(&k->arrays, "%spg_catalog.array_agg(u.k%zu)", i ? ", " : "", i + 1);
		bk_buf_fmt(&k->hash, "%su.k%zu", m->key_count > 1 ? ", " : "", i + 1);
	}
	bk_buf_str(&k->arrays, "]");
	bk_buf_str(&k->hash, m->key_count > 1 ? "))" : ")");
	write_match(k, job);
	write_steady(&k->steady, job);
}

static void write_assign(struct bk_buf *out, const struct bk_mapping *m, const struct bk_unit *unit)
{
	bk_sql_ident(out, m->status);
	bk_buf_str(out, " = ");
	bk_sql_literal(out, unit->to);
	if (m->updated) {
		bk_buf_str(out, ", ");
		bk_sql_ident(out, m->updated);
		bk_buf_str(out, " = pg_catalog.now()");
	}
}

static enum bk_rc fill_batch(const struct bk_job *job, const char *schema,
			     const struct bk_unit *unit, const struct key_sql *k, const char *scan,
			     struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf assign = BK_BUF_INIT;

	bk_table_sql(&table, job->mapping);
	write_assign(&assign, job->mapping, unit);
	const struct bk_sql_var vars[] = {
		{"bk", schema},
		{"scan", scan},
		{"table", bk_buf_cstr(&table)},
		{"status", job->mapping->status},
		{"from", unit->from},
		{"to", unit->to},
		{"assign", bk_buf_cstr(&assign)},
		{"update_match", bk_buf_cstr(&k->update_match)},
		{"steady", bk_buf_cstr(&k->steady)},
		{"key_texts", bk_buf_cstr(&k->texts)},
		{"key_arrays", bk_buf_cstr(&k->arrays)},
		{"key_hash", bk_buf_cstr(&k->hash)},
		{"position", bk_buf_cstr(&k->position)},
	};
	return bk_sql_fill_file(out, "booking_batch", vars, BK_COUNT(vars), err);
}

/* Only the bookings of the part: from its first to its last one, so that few rows are
   read, and their keys, because others may have come in between; parameters from
   $first on: the two positions, and an array of texts per key column. */
static void restrict_to_part(struct bk_buf *out, const struct bk_job *job,
			     const struct bk_unit *unit, int first)
{
	const struct bk_mapping *m = job->mapping;
	int width = 1 + (int)m->key_count;
	int arrays = first + 2 * width;

	bk_unit_keyset(out, unit, m, &job->table, ">=", first);
	bk_buf_char(out, ' ');
	bk_unit_keyset(out, unit, m, &job->table, "<=", first + width);
	bk_buf_str(out, m->key_count > 1 ? " AND ROW(" : " AND ");
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, i ? ", " : "");
		put_column(out, m->keys[i]);
	}
	bk_buf_fmt(out, "%s OPERATOR(pg_catalog.=) ANY (SELECT ", m->key_count > 1 ? ")" : "");
	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(out, "%sp.k%zu::%s", i ? ", " : "", i + 1,
			   bk_table_column(&job->table, m->keys[i])->type);
	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(out, "%spg_catalog.unnest($%d::pg_catalog.text[])",
			   i ? ", " : " FROM ROWS FROM (", arrays + (int)i);
	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(out, "%sk%zu", i ? ", " : ") AS p (", i + 1);
	bk_buf_str(out, "))");
}

enum bk_rc bk_batch_sql(const struct bk_job *job, const char *schema, struct bk_buf *out,
			struct bk_error *err)
{
	const struct bk_unit *unit = &job->units.items[job->current];
	const struct bk_scope scope = bk_job_scope(job);
	BK_CLEAN(clear_key_sql) struct key_sql k = {.scan_columns = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf after = BK_BUF_INIT;
	enum bk_rc rc;

	write_key_sql(&k, job);
	if (job->page.part)
		restrict_to_part(&after, job, unit, FIRST_POSITION);
	else if (job->position.values)
		bk_unit_keyset(&after, unit, job->mapping, &job->table, ">", FIRST_POSITION);
	rc = bk_unit_scan(&scan, unit, &scope, bk_buf_cstr(&k.scan_columns), bk_buf_cstr(&after),
			  "$3::pg_catalog.int8", err);
	return rc ? rc : fill_batch(job, schema, unit, &k, bk_buf_cstr(&scan), out, err);
}

void bk_batch_params_clear(struct bk_batch_params *p)
{
	for (size_t i = 0; i < p->array_count; i++)
		bk_buf_clear(&p->arrays[i]);
	free(p->arrays);
	free(p->values);
}

static void add_param(struct bk_batch_params *p, const char *value)
{
	p->values = bk_realloc(p->values, (size_t)p->count + 1, sizeof(*p->values));
	p->values[p->count++] = value;
}

/* The ends of the part, and its keys. */
static void add_part(struct bk_batch_params *p, const struct bk_job *job)
{
	const struct bk_page *page = &job->page;
	size_t n = job->mapping->key_count;
	char **from = &page->values[page->first * page->width];
	char **to = &page->values[(page->first + page->part - 1) * page->width];
	const char **column = bk_calloc(page->part, sizeof(*column));

	for (size_t i = 0; i < page->width; i++)
		add_param(p, from[i]);
	for (size_t i = 0; i < page->width; i++)
		add_param(p, to[i]);
	p->arrays = bk_calloc(n, sizeof(*p->arrays));
	p->array_count = n;
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < page->part; i++)
			column[i] = page->values[(page->first + i) * page->width + 1 + k];
		bk_db_text_array(&p->arrays[k], column, page->part);
		add_param(p, bk_buf_cstr(&p->arrays[k]));
	}
	free(column);
}

const char *bk_batch_param_name(int n)
{
	static const char *const names[FIXED_PARAMS] = {
		"as-of", "lower bound", "batch size", "execution", "worker",
		"token", "batch",       "lease ms",   "rule",
	};

	return n < FIXED_PARAMS ? names[n] : "position";
}

void bk_batch_params_fill(struct bk_batch_params *p, const struct bk_job *job,
			  const struct bk_run *run, int64_t max)
{
	(void)snprintf(p->max, sizeof(p->max), "%" PRId64, max);
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(p->worker, sizeof(p->worker), "%d", run->worker);
	(void)snprintf(p->token, sizeof(p->token), "%" PRId64, run->token);
	(void)snprintf(p->batch_no, sizeof(p->batch_no), "%d", run->batch_no);
	(void)snprintf(p->lease, sizeof(p->lease), "%" PRId64, run->request->lease_ms);
	const char *const fixed[FIXED_PARAMS] = {
		run->as_of,   run->lower, p->max,
		p->execution, p->worker,  p->token,
		p->batch_no,  p->lease,   job->units.items[job->current].rule->name,
	};
	for (size_t i = 0; i < BK_COUNT(fixed); i++)
		add_param(p, fixed[i]);
	for (size_t i = 0; !job->page.part && job->position.values && i < job->position.count; i++)
		add_param(p, job->position.values[i]);
	if (job->page.part)
		add_part(p, job);
}

struct batch_row {
	int64_t locked, changed, ledger;
	bool cancel;
	bool steady;
};

static const struct bk_field batch_fields[] = {
	{"locked", BK_FIELD_INT, offsetof(struct batch_row, locked)},
	{"changed", BK_FIELD_INT, offsetof(struct batch_row, changed)},
	{"ledger", BK_FIELD_INT, offsetof(struct batch_row, ledger)},
	{"cancel", BK_FIELD_BOOL, offsetof(struct batch_row, cancel)},
	{"steady", BK_FIELD_BOOL, offsetof(struct batch_row, steady)},
};

static enum bk_rc take_position(struct bk_job *job, const struct bk_rows *rows,
				struct bk_error *err)
{
	bk_position_clear(&job->next);
	job->next.count = 1 + job->mapping->key_count;
	job->next.values = bk_calloc(job->next.count, sizeof(*job->next.values));
	for (size_t i = 0; i < job->next.count; i++) {
		const char *text = bk_rows_cell(rows, 0, (int)(BK_COUNT(batch_fields) + i));

		if (!text)
			return bk_error_set(err, BK_E_MAPPING,
					    "a key column of a due booking is NULL");
		job->next.values[i] = bk_strdup(text);
	}
	return BK_OK;
}

static enum bk_rc take_answer(struct bk_job *job, const struct bk_rows *rows, int64_t max,
			      struct bk_batch *ret, struct bk_error *err)
{
	struct batch_row row;
	enum bk_rc rc;

	if ((rc = bk_rows_read(rows, 0, batch_fields, BK_COUNT(batch_fields), &row, err)))
		return rc;
	job->next_changed = row.changed;
	ret->locked = row.locked;
	ret->changed = row.changed;
	ret->ledger = row.ledger == 1;
	ret->cancel = row.cancel;
	if (job->page.part)
		return BK_OK;
	job->next_ends_unit = row.locked < max;
	ret->done = job->next_ends_unit && job->current + 1 == job->units.count;
	if (job->next_ends_unit)
		return BK_OK;
	if (row.steady)
		return take_position(job, rows, err);
	bk_position_clear(&job->next);
	bk_position_copy(&job->next, &job->position);
	return BK_OK;
}

static int64_t statement_limit(const struct bk_run *run)
{
	int64_t left = run->deadline_ms - run->request->clock.mono_ms(run->request->clock.self);
	int64_t limit = run->request->statement_timeout_ms;

	limit = left < limit ? left : limit;
	return limit > 0 ? limit : 1;
}

enum bk_rc bk_batch_run(struct bk_job *job, const struct bk_run *run, int64_t max,
			struct bk_batch *ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = {statement_limit(run), run->request->lock_timeout_ms,
					    job->pinned[job->current]};
	const char *const lock_params[] = {run->request->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_batch_params_clear) struct bk_batch_params p = {.values = NULL};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	struct bk_rows *rows[BK_TX_HEAD + 2];
	size_t n = bk_tx_begin(&tx, BK_TX_COMPANY, &limits, stmts);
	enum bk_rc rc;

	if ((rc = bk_batch_sql(job, run->request->schema, &sql, err)))
		return rc;
	bk_tx_name(&tx, run->application, &stmts[n++]);
	bk_batch_params_fill(&p, job, run, max);
	/* The next statement's snapshot then has every hold that was there before. */
	stmts[n++] = (struct bk_stmt){"booking_batch_head", bk_sql_text("booking_batch_head"),
				      lock_params, 1, BK_ONE_ROW};
	stmts[n] = (struct bk_stmt){"booking_batch", bk_buf_cstr(&sql), p.values, p.count,
				    BK_ONE_ROW};
	bk_tx_deadline(run->db, &limits);
	if ((rc = bk_db_run(run->db, stmts, n + 1, rows, err)))
		return bk_error_prefix(err, "rule %s", job->units.items[job->current].rule->name);
	rc = take_answer(job, rows[n], max, ret, err);
	for (size_t i = 0; i <= n; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		bk_db_rollback(run->db);
	return rc;
}

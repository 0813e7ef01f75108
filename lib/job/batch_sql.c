/*
 * The text of a batch, from sql/booking_batch.sql and the mapping.
 */
#include "job/internal.h"

#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/columns.h"
#include "rule/source.h"

/* $1..$9 of booking_batch.sql; the position follows. */
enum { FIRST_POSITION = 10 };

/* The fragments of the template that depend on the key columns. */
struct key_sql {
	struct bk_buf scan_columns, update_match, steady, texts, arrays, hash, position;
	/* Those of the further columns that the unit sets. */
	struct bk_buf changed, set_columns, set_before, set_after;
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
	bk_buf_clear(&k->changed);
	bk_buf_clear(&k->set_columns);
	bk_buf_clear(&k->set_before);
	bk_buf_clear(&k->set_after);
}

static void put_column(struct bk_buf *out, const char *name)
{
	bk_buf_str(out, "b.");
	bk_sql_ident(out, name);
}

/* b.k1, b.k2. */
static void put_keys(struct bk_buf *out, const struct bk_mapping *m)
{
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(out, i ? ", " : "");
		put_column(out, m->keys[i]);
	}
}

/* (b.k1, b.k2) = ANY (SELECT c.k1, c.k2 FROM c), for tables whose ctid is not
   unique. The comma list of one column needs no row. */
static void match_by_key(struct bk_buf *out, const struct bk_mapping *m)
{
	bk_buf_str(out, m->key_count > 1 ? "(" : "");
	put_keys(out, m);
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

	bk_value_text(out, "z.d", bk_scan_type(job->units.items[job->current].scan, &job->table));
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

/* A value as text without a collation of its own, which would not mix with others'. */
static void put_text(struct bk_buf *out, const char *value, const char *type)
{
	bk_buf_char(out, '(');
	bk_value_text(out, value, type);
	bk_buf_str(out, ") COLLATE pg_catalog.\"default\"");
}

/* Types of which the text is the same in every session, by bk_value_text at the latest. */
static bool has_one_text(const char *type)
{
#define OURS(name) "\"pg_catalog\".\"" name "\""
	static const char *const types[] = {
		BK_TYPE_TIMESTAMPTZ, BK_TYPE_TIMESTAMP, BK_TYPE_DATE, OURS("time"),    OURS("bool"),
		OURS("int2"),        OURS("int4"),      OURS("int8"), OURS("numeric"), OURS("text"),
		OURS("varchar"),     OURS("bpchar"),    OURS("char"), OURS("name"),    OURS("uuid"),
		OURS("json"),        OURS("jsonb"),
	};
#undef OURS

	for (size_t i = 0; i < BK_COUNT(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

void bk_set_text(struct bk_buf *out, const char *schema, const char *value, const char *type)
{
	if (has_one_text(type)) {
		put_text(out, value, type);
		return;
	}
	bk_buf_char(out, '(');
	bk_sql_ident(out, schema);
	bk_buf_fmt(out, ".value_text(%s)) COLLATE pg_catalog.\"default\"", value);
}

static void write_key_sql(struct key_sql *k, const struct bk_job *job)
{
	const struct bk_mapping *m = job->mapping;

	bk_buf_str(&k->scan_columns, job->table.has_children ? "" : "b.ctid AS t, ");
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
		bk_buf_str(&k->texts, i ? ", " : "");
		put_text(&k->texts, bk_buf_cstr(&column), type);
		bk_buf_fmt(&k->texts, " AS k%zu", i + 1);
		bk_buf_fmt(&k->arrays, "%spg_catalog.array_agg(u.k%zu)", i ? ", " : "", i + 1);
		bk_buf_fmt(&k->hash, "%su.k%zu", m->key_count > 1 ? ", " : "", i + 1);
	}
	bk_buf_str(&k->arrays, "]");
	bk_buf_str(&k->hash, m->key_count > 1 ? "))" : ")");
	write_match(k, job);
	write_steady(&k->steady, job);
}

void bk_unit_sets(const struct bk_job *job, const struct bk_unit *unit, struct bk_labels *ret)
{
	const struct bk_mapping *m = job->mapping;
	const struct bk_job_extra *extra = bk_mapping_extra(m, job->name);
	const struct bk_labels *const lists[] = {&m->set, extra ? &extra->set : NULL,
						 unit->rule->own ? &unit->rule->own->set : NULL};

	*ret = (struct bk_labels){NULL, 0};
	for (size_t l = 0; l < BK_COUNT(lists); l++)
		for (size_t i = 0; lists[l] && i < lists[l]->count; i++) {
			BK_CLEAN(bk_free_str) char *column = NULL;

			(void)bk_assignment_split(lists[l]->items[i], &column);
			bk_columns_add(ret, column);
		}
}

/* u beside the rows of c as they were before. Where a key is the company's word it may name
   several rows; each is then told with the values of one of them. */
static void join_former(struct bk_buf *out, const struct bk_job *job)
{
	size_t n = job->mapping->key_count;

	bk_buf_str(out, "u LEFT JOIN ");
	if (job->table.has_children) {
		bk_buf_str(out, "(SELECT DISTINCT ON (");
		for (size_t i = 1; i <= n; i++)
			bk_buf_fmt(out, "%sc.k%zu", i > 1 ? ", " : "", i);
		bk_buf_str(out, ") c.* FROM c) AS ");
	}
	bk_buf_str(out, "c ON ");
	for (size_t i = 1; i <= n; i++)
		bk_buf_fmt(out, "%sc.k%zu OPERATOR(pg_catalog.=) u.j%zu", i > 1 ? " AND " : "", i,
			   i);
}

/* What the further columns held before and hold now, for who wants to take it back. */
static void write_sets(struct key_sql *k, const struct bk_job *job, const char *schema,
		       const struct bk_labels *sets)
{
	const struct bk_mapping *m = job->mapping;
	BK_CLEAN(bk_buf_clear) struct bk_buf names = BK_BUF_INIT;

	bk_buf_str(&k->changed, "u");
	bk_buf_str(&k->set_columns, "NULL");
	bk_buf_str(&k->set_before, "NULL::pg_catalog.text[]");
	bk_buf_str(&k->set_after, "NULL::pg_catalog.text[]");
	if (!sets->count)
		return;
	bk_buf_reset(&k->changed);
	bk_buf_reset(&k->set_columns);
	bk_buf_reset(&k->set_before);
	bk_buf_reset(&k->set_after);
	join_former(&k->changed, job);
	bk_db_text_array(&names, (const char *const *)sets->items, sets->count);
	bk_sql_literal(&k->set_columns, bk_buf_cstr(&names));
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(&k->texts, ", ");
		put_column(&k->texts, m->keys[i]);
		bk_buf_fmt(&k->texts, " AS j%zu", i + 1);
	}
	bk_buf_str(&k->set_before, "ARRAY[");
	bk_buf_str(&k->set_after, "ARRAY[");
	for (size_t i = 0; i < sets->count; i++) {
		const char *type = bk_table_column(&job->table, sets->items[i])->type;
		BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;

		put_column(&column, sets->items[i]);
		bk_buf_str(&k->scan_columns, ", ");
		bk_set_text(&k->scan_columns, schema, bk_buf_cstr(&column), type);
		bk_buf_fmt(&k->scan_columns, " AS s%zu", i + 1);
		bk_buf_str(&k->texts, ", ");
		bk_set_text(&k->texts, schema, bk_buf_cstr(&column), type);
		bk_buf_fmt(&k->texts, " AS s%zu", i + 1);
		bk_buf_fmt(&k->set_before, "%spg_catalog.array_agg(c.s%zu)", i ? ", " : "", i + 1);
		bk_buf_fmt(&k->set_after, "%spg_catalog.array_agg(u.s%zu)", i ? ", " : "", i + 1);
	}
	bk_buf_char(&k->set_before, ']');
	bk_buf_char(&k->set_after, ']');
}

/* "column = expression" as the file has it, the column quoted. */
static void put_assignments(struct bk_buf *out, const struct bk_labels *set)
{
	for (size_t i = 0; i < set->count; i++) {
		BK_CLEAN(bk_free_str) char *column = NULL;
		const char *equals = bk_assignment_split(set->items[i], &column);

		bk_buf_str(out, ", ");
		bk_sql_ident(out, column);
		bk_buf_fmt(out, " = (%s)", equals + 1);
	}
}

static void write_assign(struct bk_buf *out, const struct bk_job *job, const struct bk_unit *unit)
{
	const struct bk_mapping *m = job->mapping;
	const struct bk_job_extra *extra = bk_mapping_extra(m, job->name);

	bk_sql_ident(out, m->status);
	bk_buf_str(out, " = ");
	bk_sql_literal(out, unit->to);
	if (m->updated.column) {
		BK_CLEAN(bk_free_str) char *now = bk_updated_sql(m);

		bk_buf_str(out, ", ");
		bk_sql_ident(out, m->updated.column);
		bk_buf_fmt(out, " = %s", now);
	}
	put_assignments(out, &m->set);
	if (extra)
		put_assignments(out, &extra->set);
	if (unit->rule->own)
		put_assignments(out, &unit->rule->own->set);
}

/* Evidence in another table needs the stronger lock: who refers to the booking by a foreign
   key must wait then. */
const char *bk_batch_lock(const struct bk_unit *unit)
{
	return unit->rule->foreign ? "FOR UPDATE" : "FOR NO KEY UPDATE";
}

static enum bk_rc fill_batch(const struct bk_job *job, const char *schema,
			     const struct bk_unit *unit, const struct key_sql *k, const char *scan,
			     struct bk_buf *out, struct bk_error *err)
{
	const struct bk_scope scope = bk_job_scope(job);
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf assign = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf still = BK_BUF_INIT;

	bk_table_sql(&table, job->mapping);
	write_assign(&assign, job, unit);
	/* A key that is the company's word, as in a view, may name several rows. */
	if (job->table.has_children)
		bk_rule_condition(&still, unit->rule, unit->scan, scope.as_of, scope.lower);
	else
		bk_buf_str(&still, "true");
	const struct bk_sql_var vars[] = {
		{"bk", schema},
		{"scan", scan},
		{"table", bk_buf_cstr(&table)},
		{"status", job->mapping->status},
		{"from", unit->from},
		{"to", unit->to},
		{"lock", bk_batch_lock(unit)},
		{"assign", bk_buf_cstr(&assign)},
		{"still", bk_buf_cstr(&still)},
		{"update_match", bk_buf_cstr(&k->update_match)},
		{"steady", bk_buf_cstr(&k->steady)},
		{"key_texts", bk_buf_cstr(&k->texts)},
		{"key_arrays", bk_buf_cstr(&k->arrays)},
		{"key_hash", bk_buf_cstr(&k->hash)},
		{"position", bk_buf_cstr(&k->position)},
		{"changed", bk_buf_cstr(&k->changed)},
		{"set_columns", bk_buf_cstr(&k->set_columns)},
		{"set_before", bk_buf_cstr(&k->set_before)},
		{"set_after", bk_buf_cstr(&k->set_after)},
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
	put_keys(out, m);
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
	BK_CLEAN(bk_labels_clear) struct bk_labels sets = {NULL, 0};
	BK_CLEAN(clear_key_sql) struct key_sql k = {.scan_columns = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf after = BK_BUF_INIT;
	enum bk_rc rc;

	bk_unit_sets(job, unit, &sets);
	write_key_sql(&k, job);
	write_sets(&k, job, schema, &sets);
	if (job->page.empty)
		bk_buf_str(&after, "AND false");
	else if (job->page.part)
		restrict_to_part(&after, job, unit, FIRST_POSITION);
	else if (job->position.values)
		bk_unit_keyset(&after, unit, job->mapping, &job->table, ">", FIRST_POSITION);
	rc = bk_unit_scan(&scan, unit, &scope, bk_buf_cstr(&k.scan_columns), bk_buf_cstr(&after),
			  "$3::pg_catalog.int8", err);
	return rc ? rc : fill_batch(job, schema, unit, &k, bk_buf_cstr(&scan), out, err);
}

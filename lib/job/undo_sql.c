/*
 * The text of an undo's statements, from sql/undo_*.sql and the mapping.
 */
#include "job/undo_internal.h"

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/source.h"

/* The fragments that depend on the key and on the columns that were set. */
struct parts {
	struct bk_buf table, texts, names, keys, key_names, typed, hit_keys, match, differs,
		key_array, judged_key, assign, match_found, after_texts, key_arrays, before_arrays,
		after_arrays;
};

static void clear_parts(struct parts *p)
{
	struct bk_buf *const all[] = {
		&p->table,        &p->texts,       &p->names,      &p->keys,
		&p->key_names,    &p->typed,       &p->hit_keys,   &p->match,
		&p->differs,      &p->key_array,   &p->judged_key, &p->assign,
		&p->match_found,  &p->after_texts, &p->key_arrays, &p->before_arrays,
		&p->after_arrays,
	};

	for (size_t i = 0; i < BK_COUNT(all); i++)
		bk_buf_clear(all[i]);
}

static void put_column(struct bk_buf *out, const char *name)
{
	bk_buf_str(out, "b.");
	bk_sql_ident(out, name);
}

static void write_keys(struct parts *p, const struct bk_undo *undo)
{
	const struct bk_mapping *m = undo->job->mapping;

	bk_buf_str(&p->key_array, "ARRAY[");
	bk_buf_str(&p->judged_key, "ARRAY[");
	bk_buf_str(&p->key_arrays, "ARRAY[");
	for (size_t i = 1; i <= m->key_count; i++) {
		const char *column = m->keys[i - 1];
		const char *type = bk_table_column(&undo->job->table, column)->type;
		const char *comma = i > 1 ? ", " : "";
		const char *and = i > 1 ? " AND " : "";

		bk_buf_fmt(&p->texts, "%spg_catalog.unnest(t.keys[%zu:%zu])", comma, i, i);
		bk_buf_fmt(&p->names, "%sk%zu", comma, i);
		bk_buf_fmt(&p->keys, "%sx.k%zu", comma, i);
		bk_buf_fmt(&p->typed, "%sCAST(x.k%zu AS %s) AS c%zu", comma, i, type, i);
		bk_buf_fmt(&p->hit_keys, "%sl.keys[%zu][h.m] AS k%zu", comma, i, i);
		bk_buf_fmt(&p->key_names, "%sk%zu", comma, i);
		bk_buf_str(&p->match, and);
		put_column(&p->match, column);
		bk_buf_fmt(&p->match, " OPERATOR(pg_catalog.=) item.c%zu", i);
		bk_buf_str(&p->match_found, and);
		put_column(&p->match_found, column);
		bk_buf_fmt(&p->match_found, " OPERATOR(pg_catalog.=) j.c%zu", i);
		bk_buf_fmt(&p->key_array, "%su.k%zu", comma, i);
		bk_buf_fmt(&p->judged_key, "%sjudged.k%zu", comma, i);
		bk_buf_fmt(&p->key_arrays, "%spg_catalog.array_agg(u.k%zu ORDER BY u.n)", comma, i);
	}
	bk_buf_char(&p->key_array, ']');
	bk_buf_char(&p->judged_key, ']');
	bk_buf_char(&p->key_arrays, ']');
}

/* Status and time of the change; from the states of the row t. */
static void write_status(struct parts *p, const struct bk_undo *undo)
{
	const struct bk_mapping *m = undo->job->mapping;

	bk_sql_ident(&p->assign, m->status);
	bk_buf_fmt(&p->assign, " = CAST(t.from_state AS %s)",
		   bk_table_column(&undo->job->table, m->status)->type);
	if (m->updated.column) {
		BK_CLEAN(bk_free_str) char *now = bk_updated_sql(m);

		bk_buf_str(&p->assign, ", ");
		bk_sql_ident(&p->assign, m->updated.column);
		bk_buf_fmt(&p->assign, " = %s", now);
	}
}

/* The i-th further column, from 1 on. */
static void write_set(struct parts *p, const char *schema, const char *name, const char *type,
		      size_t i)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	put_column(&column, name);
	bk_set_text(&text, schema, bk_buf_cstr(&column), type);
	bk_buf_fmt(&p->texts, ", pg_catalog.unnest(t.set_before[%zu:%zu])", i, i);
	bk_buf_fmt(&p->texts, ", pg_catalog.unnest(t.set_after[%zu:%zu])", i, i);
	bk_buf_fmt(&p->names, ", b%zu, a%zu", i, i);
	bk_buf_fmt(&p->differs,
		   " WHEN (%s OPERATOR(pg_catalog.=) item.a%zu) IS NOT TRUE"
		   " AND NOT (%s IS NULL AND item.a%zu IS NULL) THEN ",
		   bk_buf_cstr(&text), i, bk_buf_cstr(&column), i);
	bk_sql_literal(&p->differs, name);
	bk_buf_str(&p->assign, ", ");
	bk_sql_ident(&p->assign, name);
	bk_buf_fmt(&p->assign, " = CAST(j.b%zu AS %s)", i, type);
	bk_buf_fmt(&p->after_texts, ", %s AS s%zu", bk_buf_cstr(&text), i);
	bk_buf_fmt(&p->before_arrays, "%spg_catalog.array_agg(u.a%zu ORDER BY u.n)",
		   i > 1 ? ", " : "ARRAY[", i);
	bk_buf_fmt(&p->after_arrays, "%spg_catalog.array_agg(u.s%zu ORDER BY u.n)",
		   i > 1 ? ", " : "ARRAY[", i);
}

static enum bk_rc write_sets(struct parts *p, const struct bk_undo *undo,
			     const struct bk_undo_step *step, struct bk_error *err)
{
	const struct bk_mapping *m = undo->job->mapping;
	const struct bk_array *sets = &step->set_columns;

	if (!sets->count) {
		bk_buf_str(&p->differs, "NULL::pg_catalog.text");
		bk_buf_str(&p->before_arrays, "NULL::pg_catalog.text[]");
		bk_buf_str(&p->after_arrays, "NULL::pg_catalog.text[]");
		return BK_OK;
	}
	bk_buf_str(&p->differs, "CASE");
	for (size_t i = 0; i < sets->count; i++) {
		const struct bk_column *c = bk_table_column(&undo->job->table, sets->items[i]);

		if (!c)
			return bk_error_set(err, BK_E_MAPPING,
					    "rule %s set column \"%s\", which table \"%s.%s\" no "
					    "longer has",
					    step->rule, sets->items[i], m->table_schema,
					    m->table_name);
		write_set(p, bk_conf_str(undo->conf, "schema"), c->name, c->type, i + 1);
	}
	bk_buf_str(&p->differs, " END");
	bk_buf_char(&p->before_arrays, ']');
	bk_buf_char(&p->after_arrays, ']');
	return BK_OK;
}

static enum bk_rc write_parts(struct parts *p, const struct bk_undo *undo,
			      const struct bk_undo_step *step, struct bk_error *err)
{
	bk_table_sql(&p->table, undo->job->mapping);
	write_keys(p, undo);
	write_status(p, undo);
	return write_sets(p, undo, step, err);
}

static enum bk_rc fill_items(const struct bk_undo *undo, const struct parts *p, const char *lock,
			     struct bk_buf *out, struct bk_error *err)
{
	const struct bk_mapping *m = undo->job->mapping;
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(undo->conf, "schema")},
		{"table", bk_buf_cstr(&p->table)},
		{"status", m->status},
		{"status_type", bk_table_column(&undo->job->table, m->status)->type},
		{"texts", bk_buf_cstr(&p->texts)},
		{"names", bk_buf_cstr(&p->names)},
		{"keys", bk_buf_cstr(&p->keys)},
		{"key_names", bk_buf_cstr(&p->key_names)},
		{"typed", bk_buf_cstr(&p->typed)},
		{"hit_keys", bk_buf_cstr(&p->hit_keys)},
		{"match", bk_buf_cstr(&p->match)},
		{"differs", bk_buf_cstr(&p->differs)},
		{"lock", lock},
	};

	return bk_sql_fill_file(out, "undo_items", vars, BK_COUNT(vars), err);
}

enum bk_rc bk_undo_batch_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			     struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(clear_parts) struct parts p = {.table = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf items = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = write_parts(&p, undo, step, err)) ||
	    (rc = fill_items(undo, &p,
			     undo->skips_locked ? "FOR NO KEY UPDATE OF b SKIP LOCKED"
						: "FOR NO KEY UPDATE OF b",
			     &items, err)))
		return rc;
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(undo->conf, "schema")},
		{"items", bk_buf_cstr(&items)},
		{"table", bk_buf_cstr(&p.table)},
		{"assign", bk_buf_cstr(&p.assign)},
		{"match_found", bk_buf_cstr(&p.match_found)},
		{"after_texts", bk_buf_cstr(&p.after_texts)},
		{"key_arrays", bk_buf_cstr(&p.key_arrays)},
		{"before_arrays", bk_buf_cstr(&p.before_arrays)},
		{"after_arrays", bk_buf_cstr(&p.after_arrays)},
		{"key_array", bk_buf_cstr(&p.key_array)},
		{"judged_key", bk_buf_cstr(&p.judged_key)},
	};

	return bk_sql_fill_file(out, "undo_batch", vars, BK_COUNT(vars), err);
}

enum bk_rc bk_undo_list_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			    struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(clear_parts) struct parts p = {.table = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf items = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = write_parts(&p, undo, step, err)) || (rc = fill_items(undo, &p, "", &items, err)))
		return rc;
	const struct bk_sql_var vars[] = {
		{"items", bk_buf_cstr(&items)},
		{"key_array", bk_buf_cstr(&p.judged_key)},
	};

	return bk_sql_fill_file(out, "undo_list", vars, BK_COUNT(vars), err);
}

/*
 * The doctor's look at how the scans would be read, and the index that each lacks: on
 * the table itself, on those of its heirs that lack it, or on the table below a view.
 */
#include "job/doctor_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "rule/plan.h"

/* Where an index may be made. */
struct ground {
	struct bk_rows *base;      /* of a view: doctor_base; else NULL */
	struct bk_rows *relations; /* doctor_relations of the mapped table, or of the view's */
};

static void clear_ground(struct ground *g)
{
	bk_rows_free(g->base);
	bk_rows_free(g->relations);
}

static bool is_kind(const struct bk_rows *rows, int row, char kind)
{
	const char *text = bk_rows_text(rows, row, "kind");

	return text && *text == kind;
}

static enum bk_rc ask(struct bk_exam *x, const char *name, const char *schema, const char *table,
		      struct bk_rows **ret, struct bk_error *err)
{
	const char *params[] = {schema, table};
	const struct bk_stmt stmt = {name, bk_sql_text(name), params, 2, BK_ANY_ROWS};

	return bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, ret, err);
}

/* The row of the base of that column of the view; -1 = it is none of a table. */
static int row_of(const struct bk_rows *base, const char *column)
{
	for (int i = 0; i < bk_rows_count(base); i++)
		if (strcmp(bk_rows_text(base, i, "name"), column) == 0)
			return i;
	return -1;
}

static const char *name_in_base(const void *arg, const char *column)
{
	return bk_rows_text(arg, row_of(arg, column), "column_name");
}

/* The rows' table of the row, if the column is one of it, too. */
static bool is_beside(const struct bk_rows *base, int row, const char *column)
{
	int other = row_of(base, column);

	return row >= 0 && other >= 0 &&
	       strcmp(bk_rows_text(base, row, "schema_name"),
		      bk_rows_text(base, other, "schema_name")) == 0 &&
	       strcmp(bk_rows_text(base, row, "table_name"),
		      bk_rows_text(base, other, "table_name")) == 0;
}

/* The row of the view's status in its base, where all that the index needs is beside it in one
   table; -1 = no index of one table can serve. */
static int find_base(const struct bk_exam *x, const struct bk_unit *unit,
		     const struct bk_rows *base)
{
	const struct bk_mapping *m = x->mapping;
	BK_CLEAN(bk_free_str) char *scan = bk_unit_scan_column(unit);
	int row = row_of(base, m->status);

	if (!is_beside(base, row, scan))
		return -1;
	for (size_t i = 0; i < m->key_count; i++)
		if (!is_beside(base, row, m->keys[i]))
			return -1;
	return is_kind(base, row, 'r') || is_kind(base, row, 'p') ? row : -1;
}

static bool is_barrier(const struct bk_rows *base, int row)
{
	const char *text = bk_rows_text(base, row, "barrier");

	return text && *text == 't';
}

/* Whether the index that would be made is there: then the view keeps it from serving. */
static enum bk_rc is_made(struct bk_exam *x, const struct bk_unit *unit, const struct bk_rows *base,
			  int row, bool *ret, struct bk_error *err)
{
	const struct bk_mapping *m = x->mapping;
	BK_CLEAN(bk_free_str) char *scan = bk_unit_scan_column(unit);
	BK_CLEAN(bk_buf_clear) struct bk_buf array = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char **columns = bk_calloc(m->key_count + 1, sizeof(*columns));
	size_t n = 0;
	enum bk_rc rc;

	columns[n++] = name_in_base(base, scan);
	for (size_t i = 0; i < m->key_count; i++)
		if (strcmp(m->keys[i], scan) != 0)
			columns[n++] = name_in_base(base, m->keys[i]);
	bk_db_text_array(&array, columns, n);
	free(columns);
	const char *params[] = {bk_rows_text(base, row, "schema_name"),
				bk_rows_text(base, row, "table_name"), bk_buf_cstr(&array),
				unit->from};
	const struct bk_stmt stmt = {"doctor_indexed", bk_sql_text("doctor_indexed"), params, 4,
				     BK_ONE_ROW};

	if ((rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &rows, err)))
		return rc;
	*ret = *bk_rows_text(rows, 0, "indexed") == 't';
	return BK_OK;
}

/* Whether the rows of that relation, and not of its heirs, are read in order. Where it cannot be
   told, as where the role may read the heirs by their parent only, they are not. */
static bool is_ordered_alone(struct bk_exam *x, const struct bk_exam_job *j,
			     const struct bk_unit *unit, const char *schema, const char *table)
{
	BK_CLEAN(bk_free_str) char *schema_name = bk_strdup(schema);
	BK_CLEAN(bk_free_str) char *table_name = bk_strdup(table);
	struct bk_mapping relation = *x->mapping;
	struct bk_scope scope = bk_job_scope(j->job);
	struct bk_error ignored;
	bool ordered = false;

	relation.table_schema = schema_name;
	relation.table_name = table_name;
	scope.mapping = &relation;
	scope.only = true;
	return !bk_unit_is_ordered(x->db, unit, &scope, j->bounds.as_of, j->bounds.lower,
				   &x->limits, &ordered, &ignored) &&
	       ordered;
}

/* The rows of a table may be in its heirs, which need an index each; those of a
   partitioned one get theirs with it, but not concurrently. */
static void put_indexes(struct bk_buf *out, struct bk_exam *x, const struct bk_exam_job *j,
			const struct bk_unit *unit, const struct ground *g)
{
	const struct bk_rows *relations = g->relations;
	bool partitioned = is_kind(relations, 0, 'p');
	int count = partitioned ? 1 : bk_rows_count(relations);

	for (int i = 0; i < count; i++) {
		const struct bk_index_place place = {
			.schema = bk_rows_text(relations, i, "schema_name"),
			.table = bk_rows_text(relations, i, "table_name"),
			.name_of = g->base ? name_in_base : NULL,
			.arg = g->base,
			.concurrently = !partitioned,
			.status_as_text = x->table.status_equals != NULL,
		};

		if (is_kind(relations, i, 'f') ||
		    (count > 1 && !g->base &&
		     is_ordered_alone(x, j, unit, place.schema, place.table)))
			continue;
		bk_buf_str(out, out->len ? " " : "");
		bk_unit_index_sql(out, unit, x->mapping, &place);
	}
}

/* One index may serve several rules. */
static bool is_said(const struct bk_exam *x, const char *fix)
{
	for (size_t i = 0; i < x->found->count; i++)
		if (x->found->items[i].fix && strcmp(x->found->items[i].fix, fix) == 0)
			return true;
	return false;
}

#define NO_INDEX "no index gives the bookings of this rule in the order in which it takes them"

static const char costs[] = "each look for due bookings reads or sorts the whole table; in a small "
			    "table that does no harm";

static void add_missing(struct bk_exam *x, const struct bk_unit *unit, struct bk_buf *fix)
{
	if (is_said(x, bk_buf_cstr(fix)))
		return;
	bk_diagnosis_add(x->found, (struct bk_finding){
					   .level = BK_LEVEL_WARNING,
					   .code = "index-missing",
					   .subject = bk_exam_unit(unit),
					   .what = bk_strdup(NO_INDEX),
					   .why = costs,
					   .fix = bk_buf_take(fix),
					   .count = BK_NULL_INT,
				   });
}

/* No statement that could be typed would do. */
static void add_unclear(struct bk_exam *x, const struct bk_unit *unit, const char *reason)
{
	BK_CLEAN(bk_free_str) char *scan = bk_unit_scan_column(unit);
	BK_CLEAN(bk_buf_clear) struct bk_buf fix = BK_BUF_INIT;

	bk_buf_str(&fix, "make an index that gives ");
	bk_sql_ident(&fix, scan);
	for (size_t i = 0; i < x->mapping->key_count; i++) {
		bk_buf_str(&fix, ", ");
		bk_sql_ident(&fix, x->mapping->keys[i]);
	}
	bk_buf_str(&fix, " of what has ");
	bk_sql_ident(&fix, x->mapping->status);
	bk_buf_str(&fix, " = ");
	bk_sql_literal(&fix, unit->from);
	bk_buf_str(&fix, ", on the table below, in its own terms; or map that table itself");
	if (is_said(x, bk_buf_cstr(&fix)))
		return;
	bk_diagnosis_add(x->found, (struct bk_finding){
					   .level = BK_LEVEL_WARNING,
					   .code = "index-unclear",
					   .subject = bk_exam_unit(unit),
					   .what = bk_asprintf(NO_INDEX ", and %s", reason),
					   .why = costs,
					   .fix = bk_buf_take(&fix),
					   .count = BK_NULL_INT,
				   });
}

/* Of a view: the table below it, or why there is none that an index of serves. */
static enum bk_rc look_below(struct bk_exam *x, const struct bk_unit *unit, struct ground *g,
			     const char **ret_reason, struct bk_error *err)
{
	int row = find_base(x, unit, g->base);
	bool made = false;
	enum bk_rc rc;

	if (row < 0) {
		*ret_reason = "what it needs is not, as plain columns, in one table below the view";
		return BK_OK;
	}
	if (is_barrier(g->base, row)) {
		*ret_reason = "the view is a security barrier, which lets no order through";
		return BK_OK;
	}
	if ((rc = is_made(x, unit, g->base, row, &made, err)))
		return rc;
	if (made) {
		*ret_reason = "the view keeps the one that its table has from serving";
		return BK_OK;
	}
	bk_rows_clean(&g->relations);
	return ask(x, "doctor_relations", bk_rows_text(g->base, row, "schema_name"),
		   bk_rows_text(g->base, row, "table_name"), &g->relations, err);
}

static enum bk_rc add_no_index(struct bk_exam *x, const struct bk_exam_job *j,
			       const struct bk_unit *unit, struct ground *g, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf fix = BK_BUF_INIT;
	const char *reason = NULL;
	enum bk_rc rc = g->base ? look_below(x, unit, g, &reason, err) : BK_OK;

	if (rc)
		return rc;
	if (!reason)
		put_indexes(&fix, x, j, unit, g);
	if (fix.len)
		add_missing(x, unit, &fix);
	else
		add_unclear(x, unit, reason ? reason : "each table has one, or is a foreign one");
	return BK_OK;
}

static enum bk_rc check_plan(struct bk_exam *x, const struct bk_exam_job *j,
			     const struct bk_unit *unit, struct ground *g, struct bk_error *err)
{
	const struct bk_scope scope = bk_job_scope(j->job);
	BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(unit);
	bool ordered = false;
	enum bk_rc rc = bk_unit_is_ordered(x->db, unit, &scope, j->bounds.as_of, j->bounds.lower,
					   &x->limits, &ordered, err);

	if (rc)
		return bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject, err);
	return ordered ? BK_OK : add_no_index(x, j, unit, g, err);
}

enum bk_rc bk_check_indexes(struct bk_exam *x, struct bk_error *err)
{
	const struct bk_mapping *m = x->mapping;
	BK_CLEAN(clear_ground) struct ground g = {NULL, NULL};
	enum bk_rc rc = x->table.is_view ? ask(x, "doctor_base", m->table_schema, m->table_name,
					       &g.base, err)
					 : ask(x, "doctor_relations", m->table_schema,
					       m->table_name, &g.relations, err);

	for (size_t i = 0; i < x->job_count && !rc; i++) {
		const struct bk_exam_job *j = &x->jobs[i];

		for (size_t u = 0; u < j->job->units.count && !rc && x->can_read; u++)
			rc = check_plan(x, j, &j->job->units.items[u], &g, err);
	}
	return rc;
}

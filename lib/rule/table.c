/*
 * Reading and checking of the mapped table; see table.h.
 */
#include "rule/table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "rule/expression.h"
#include "rule/labels.h"
#include "rule/unit.h"

/* Catalog look-ups are quick; what waits longer is stuck. */
static const struct bk_tx_limits catalog_limits = {10000, 2000, false, NULL};

static const struct bk_field column_fields[] = {
	{"name", BK_FIELD_TEXT, offsetof(struct bk_column, name)},
	{"type_name", BK_FIELD_TEXT, offsetof(struct bk_column, type)},
	{"type_shown", BK_FIELD_TEXT, offsetof(struct bk_column, shown)},
	{"type_base", BK_FIELD_TEXT, offsetof(struct bk_column, base)},
	{"type_kind", BK_FIELD_TEXT, offsetof(struct bk_column, kind)},
	{"is_generated", BK_FIELD_BOOL, offsetof(struct bk_column, generated)},
	{"may_be_null", BK_FIELD_BOOL, offsetof(struct bk_column, nullable)},
};

void bk_table_clear(struct bk_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		bk_fields_clear(column_fields, BK_COUNT(column_fields), &table->columns[i]);
	free(table->columns);
	free(table->nullable_key);
	free(table->status_equals);
	*table = (struct bk_table){.columns = NULL};
}

const struct bk_column *bk_table_column(const struct bk_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].name && strcmp(table->columns[i].name, name) == 0)
			return &table->columns[i];
	return NULL;
}

static bool is_true(const char *text)
{
	return text && *text == 't';
}

static enum bk_rc check_relation(const struct bk_rows *rows, const struct bk_mapping *m,
				 struct bk_table *table, struct bk_error *err)
{
	const char *kind;

	if (bk_rows_count(rows) == 0) {
		bk_error_set(err, BK_E_MAPPING, "table \"%s.%s\" does not exist", m->table_schema,
			     m->table_name);
		return bk_error_hint(err, "name your table in section bookings of bk.conf");
	}
	kind = bk_rows_text(rows, 0, "relkind");
	if (!kind || !strchr("rpv", *kind))
		return bk_error_set(err, BK_E_MAPPING, "\"%s.%s\" is no table", m->table_schema,
				    m->table_name);
	/* An index of a partitioned table must hold the partition's columns too, so
	   there the key's uniqueness is the company's word; so it is of a view. */
	table->key_is_unique = *kind != 'r' || is_true(bk_rows_text(rows, 0, "key_is_unique"));
	table->has_children = *kind != 'r' || is_true(bk_rows_text(rows, 0, "has_children"));
	table->is_view = *kind == 'v';
	return BK_OK;
}

static enum bk_rc read_columns(struct bk_db *db, const struct bk_mapping *m, struct bk_table *table,
			       struct bk_error *err)
{
	const char *params[] = {m->table_schema, m->table_name, NULL};
	const struct bk_stmt stmt = {"booking_columns", bk_sql_text("booking_columns"), params, 3,
				     BK_ANY_ROWS};
	BK_CLEAN(bk_buf_clear) struct bk_buf keys = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;
	int count;

	bk_db_text_array(&keys, (const char *const *)m->keys, m->key_count);
	params[2] = bk_buf_cstr(&keys);
	if ((rc = bk_tx_one(db, BK_TX_READ, &catalog_limits, &stmt, &rows, err)))
		return rc;
	if ((rc = check_relation(rows, m, table, err)))
		return rc;
	table->nullable_key = bk_strdup(bk_rows_text(rows, 0, "nullable_key"));
	count = bk_rows_count(rows);
	table->columns = bk_calloc((size_t)count, sizeof(*table->columns));
	for (int i = 0; i < count; i++) {
		table->count++;
		if ((rc = bk_rows_read(rows, i, column_fields, BK_COUNT(column_fields),
				       &table->columns[i], err)))
			return rc;
	}
	return BK_OK;
}

/* What is looked at, and who hears of faults. */
struct look {
	const struct bk_mapping *mapping;
	const struct bk_table *table;
	struct bk_misfits *misfits;
};

/* One mapped column: the types it may have (any when NULL), and whether bk writes it. */
struct expected {
	const char *column;
	const char *const *types;
	bool written;
};

static enum bk_rc check_column(const struct look *l, const struct expected *e, struct bk_error *err)
{
	const struct bk_column *c;

	if (!e->column)
		return BK_OK;
	c = bk_table_column(l->table, e->column);
	if (!c)
		return bk_error_set(err, BK_E_MAPPING, "table \"%s.%s\" has no column \"%s\"",
				    l->mapping->table_schema, l->mapping->table_name, e->column);
	if (e->written && c->generated)
		return bk_error_set(err, BK_E_MAPPING, "column \"%s\" is generated", e->column);
	for (size_t i = 0; e->types; i++) {
		if (!e->types[i])
			return bk_error_set(err, BK_E_MAPPING,
					    "column \"%s\" is of type %s, %s is needed", e->column,
					    c->shown, e->types[0]);
		if (strcmp(c->base, e->types[i]) == 0)
			break;
	}
	return BK_OK;
}

/* The position of a scan is compared with operators of pg_catalog; an extension's
   type orders by its own, and rows would be passed over. */
static enum bk_rc check_key_column(const struct look *l, const char *key, struct bk_error *err)
{
	enum bk_rc rc = check_column(l, &(struct expected){key, NULL, false}, err);
	const struct bk_column *c = bk_table_column(l->table, key);

	if (rc || strncmp(c->type, "\"pg_catalog\".", 13) == 0 || *c->kind == 'e' ||
	    *c->kind == 'd')
		return rc;
	return bk_error_set(err, BK_E_MAPPING,
			    "column \"%s\" is of type %s, which has an order of its own", key,
			    c->shown);
}

void bk_column_not_null_sql(struct bk_buf *out, const struct bk_mapping *m, const char *column)
{
	bk_buf_str(out, "ALTER TABLE ");
	bk_table_sql(out, m);
	bk_buf_str(out, " ALTER COLUMN ");
	bk_sql_ident(out, column);
	bk_buf_str(out, " SET NOT NULL;");
}

/* Some unique index would do, but for NULLs, of which it holds any number. */
static enum bk_rc refuse_nulls(const struct look *l, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf fix = BK_BUF_INIT;

	bk_column_not_null_sql(&fix, l->mapping, l->table->nullable_key);
	(void)bk_error_set(err, BK_E_MAPPING,
			   "column \"%s\" may be NULL, of which its unique index holds any number: "
			   "it names no single booking",
			   l->table->nullable_key);
	return bk_error_hint(err, "%s", bk_buf_cstr(&fix));
}

static enum bk_rc check_unique(const struct look *l, struct bk_error *err)
{
	if (l->table->key_is_unique)
		return BK_OK;
	if (l->table->nullable_key)
		return refuse_nulls(l, err);
	(void)bk_error_set(err, BK_E_MAPPING,
			   "no unique index without NULLs covers the key, so it names no single "
			   "booking");
	return bk_error_hint(err, "name the columns of the primary key");
}

static enum bk_rc check_key(const struct look *l, struct bk_error *err)
{
	const struct bk_mapping *m = l->mapping;
	size_t before = l->misfits->count;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < m->key_count && !rc; i++)
		rc = bk_misfit(l->misfits, NULL, "bookings.key",
			       check_key_column(l, m->keys[i], err), err);
	/* Columns that are not there have no index. */
	if (rc || l->misfits->count > before)
		return rc;
	return bk_misfit(l->misfits, NULL, "bookings.key", check_unique(l, err), err);
}

/* How a source is written that is really of that type; NULL = there is no such form. */
static const char *form_of(const char *shown)
{
	static const enum bk_source_type telling[] = {
		BK_SOURCE_TIMESTAMPTZ, BK_SOURCE_TIMESTAMP, BK_SOURCE_DATE,     BK_SOURCE_RANGE,
		BK_SOURCE_TSRANGE,     BK_SOURCE_DATERANGE, BK_SOURCE_INTERVAL, BK_SOURCE_FLAG};

	for (size_t i = 0; i < BK_COUNT(telling); i++)
		if (strcmp(bk_server_types(telling[i])[0], shown) == 0)
			return bk_source_type_names[telling[i]];
	return NULL;
}

static enum bk_rc check_source(const struct look *l, const struct bk_source *source, bool written,
			       struct bk_error *err)
{
	const struct bk_column *c;
	enum bk_rc rc = check_column(
		l, &(struct expected){source->column, bk_server_types(source->type), written}, err);

	if (rc != BK_E_MAPPING || !(c = bk_table_column(l->table, source->column)))
		return rc;
	if (!c->generated && form_of(c->base))
		bk_error_hint(err, "write \"%s::%s\"", source->column, form_of(c->base));
	return rc;
}

static enum bk_rc check_columns(const struct look *l, struct bk_error *err)
{
	const struct bk_mapping *m = l->mapping;
	const struct {
		const char *key;
		const struct bk_source *source;
		bool written;
	} sources[] = {
		{"bookings.start", &m->start, false},
		{"bookings.end", &m->end, false},
		{"bookings.check-in", &m->check_in, false},
		{"bookings.hold", &m->hold, false},
		{"bookings.grace", &m->grace, false},
		{"bookings.updated", &m->updated, true},
		{"bookings.start-scan", &m->start_scan, false},
		{"bookings.end-scan", &m->end_scan, false},
		{"bookings.hold-scan", &m->hold_scan, false},
	};
	enum bk_rc rc = check_column(l, &(struct expected){m->status, NULL, true}, err);

	rc = bk_misfit(l->misfits, NULL, "bookings.status", rc, err);
	for (size_t i = 0; i < BK_COUNT(sources) && !rc; i++)
		rc = bk_misfit(l->misfits, NULL, sources[i].key,
			       check_source(l, sources[i].source, sources[i].written, err), err);
	return rc ? rc : check_key(l, err);
}

static enum bk_rc check_set(const struct look *l, const char *origin, const char *key,
			    const struct bk_labels *set, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < set->count && !rc; i++) {
		BK_CLEAN(bk_free_str) char *column = NULL;

		(void)bk_assignment_split(set->items[i], &column);
		rc = bk_misfit(l->misfits, origin, key,
			       check_column(l, &(struct expected){column, NULL, true}, err), err);
	}
	return rc;
}

static enum bk_rc check_rule(const struct look *l, const struct bk_own_rule *rule,
			     struct bk_error *err)
{
	const struct {
		const char *key;
		const struct bk_source *source;
	} sources[] = {{"due", &rule->due}, {"scan", &rule->scan}, {"until", &rule->until}};
	BK_CLEAN(bk_free_str) char *set = bk_asprintf("rule %s: set", rule->name);
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_COUNT(sources) && !rc; i++) {
		BK_CLEAN(bk_free_str)
		char *key = bk_asprintf("rule %s: %s", rule->name, sources[i].key);

		rc = bk_misfit(l->misfits, rule->origin, key,
			       check_source(l, sources[i].source, false, err), err);
	}
	return rc ? rc : check_set(l, rule->origin, set, &rule->set, err);
}

/* The columns that the rules of the file and the jobs name. */
static enum bk_rc check_own(const struct look *l, struct bk_error *err)
{
	const struct bk_mapping *m = l->mapping;
	enum bk_rc rc = check_set(l, NULL, "bookings.set", &m->set, err);

	for (size_t i = 0; i < m->extra_count && !rc; i++) {
		BK_CLEAN(bk_free_str) char *key = bk_asprintf("%s.set", m->extras[i].job);

		rc = check_set(l, NULL, key, &m->extras[i].set, err);
	}
	for (size_t i = 0; i < m->rule_count && !rc; i++)
		rc = check_rule(l, &m->rules[i], err);
	return rc;
}

enum bk_rc bk_table_look(struct bk_db *db, const struct bk_mapping *m, struct bk_misfits *misfits,
			 struct bk_table *ret, struct bk_error *err)
{
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};
	const struct look look = {m, &table, misfits};
	enum bk_rc rc = read_columns(db, m, &table, err);

	if (rc == BK_E_MAPPING)
		return bk_misfit(misfits, NULL, "bookings.table", rc, err);
	if (rc || (rc = check_columns(&look, err)) || (rc = check_own(&look, err)))
		return rc;
	if ((rc = bk_expressions_check(db, m, misfits, err)))
		return rc;
	if (bk_table_column(&table, m->status) &&
	    (rc = bk_labels_check(db, m, &table, misfits, err)))
		return rc;
	*ret = table;
	table = (struct bk_table){.columns = NULL};
	return BK_OK;
}

enum bk_rc bk_table_load(struct bk_db *db, const struct bk_mapping *mapping, struct bk_table *ret,
			 struct bk_error *err)
{
	struct bk_misfits first = {.hear = NULL};

	return bk_table_look(db, mapping, &first, ret, err);
}

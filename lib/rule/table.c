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
#include "rule/columns.h"
#include "rule/expression.h"

/* Catalog look-ups are quick; what waits longer is stuck. */
static const struct bk_tx_limits catalog_limits = {10000, 2000, false, NULL};

static const struct bk_field column_fields[] = {
	{"name", BK_FIELD_TEXT, offsetof(struct bk_column, name)},
	{"type_name", BK_FIELD_TEXT, offsetof(struct bk_column, type)},
	{"type_shown", BK_FIELD_TEXT, offsetof(struct bk_column, shown)},
	{"type_base", BK_FIELD_TEXT, offsetof(struct bk_column, base)},
	{"type_kind", BK_FIELD_TEXT, offsetof(struct bk_column, kind)},
	{"is_generated", BK_FIELD_BOOL, offsetof(struct bk_column, generated)},
};

void bk_table_clear(struct bk_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		bk_fields_clear(column_fields, BK_COUNT(column_fields), &table->columns[i]);
	free(table->columns);
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
	const char *children;

	if (bk_rows_count(rows) == 0) {
		bk_error_set(err, BK_E_MAPPING, "bookings.table: table \"%s.%s\" does not exist",
			     m->table_schema, m->table_name);
		return bk_error_hint(err, "name your table in section bookings of bk.conf");
	}
	kind = bk_rows_text(rows, 0, "relkind");
	children = bk_rows_text(rows, 0, "has_children");
	if (!kind || !strchr("rpv", *kind))
		return bk_error_set(err, BK_E_MAPPING, "bookings.table: \"%s.%s\" is no table",
				    m->table_schema, m->table_name);
	/* An index of a partitioned table must hold the partition's columns too, so
	   there the key's uniqueness is the company's word; so it is of a view. */
	table->key_is_unique = *kind != 'r' || is_true(bk_rows_text(rows, 0, "key_is_unique"));
	table->has_children = *kind != 'r' || (children && *children == 't');
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

/* One mapped column: the key of the file, the column, the types it may have
   (any when NULL), and whether bk writes it. */
struct expected {
	const char *key;
	const char *column;
	const char *const *types;
	bool written;
};

static enum bk_rc check_column(const struct bk_table *table, const struct bk_mapping *m,
			       const struct expected *e, struct bk_error *err)
{
	const struct bk_column *c;

	if (!e->column)
		return BK_OK;
	c = bk_table_column(table, e->column);
	if (!c)
		return bk_error_set(err, BK_E_MAPPING,
				    "bookings.%s: table \"%s.%s\" has no column \"%s\"", e->key,
				    m->table_schema, m->table_name, e->column);
	if (e->written && c->generated)
		return bk_error_set(err, BK_E_MAPPING, "bookings.%s: column \"%s\" is generated",
				    e->key, e->column);
	for (size_t i = 0; e->types; i++) {
		if (!e->types[i])
			return bk_error_set(
				err, BK_E_MAPPING,
				"bookings.%s: column \"%s\" is of type %s, %s is needed", e->key,
				e->column, c->shown, e->types[0]);
		if (strcmp(c->base, e->types[i]) == 0)
			break;
	}
	return BK_OK;
}

/* The position of a scan is compared with operators of pg_catalog; an extension's
   type orders by its own, and rows would be passed over. */
static enum bk_rc check_key_type(const struct bk_table *table, const char *key,
				 struct bk_error *err)
{
	const struct bk_column *c = bk_table_column(table, key);

	if (strncmp(c->type, "\"pg_catalog\".", 13) == 0 || *c->kind == 'e' || *c->kind == 'd')
		return BK_OK;
	return bk_error_set(
		err, BK_E_MAPPING,
		"bookings.key: column \"%s\" is of type %s, which has an order of its own", key,
		c->shown);
}

static enum bk_rc check_key(const struct bk_table *table, const struct bk_mapping *m,
			    struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < m->key_count && !rc; i++) {
		rc = check_column(table, m, &(struct expected){"key", m->keys[i], NULL, false},
				  err);
		if (!rc)
			rc = check_key_type(table, m->keys[i], err);
	}
	if (rc || table->key_is_unique)
		return rc;
	bk_error_set(err, BK_E_MAPPING,
		     "bookings.key: no unique index without NULLs covers the key, so it names no "
		     "single booking");
	return bk_error_hint(err, "name the columns of the primary key");
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

static enum bk_rc check_source(const struct bk_table *table, const struct bk_mapping *m,
			       const char *key, const struct bk_source *source, bool written,
			       struct bk_error *err)
{
	const struct bk_column *c;
	enum bk_rc rc = check_column(
		table, m,
		&(struct expected){key, source->column, bk_server_types(source->type), written},
		err);

	if (rc != BK_E_MAPPING || !(c = bk_table_column(table, source->column)))
		return rc;
	if (!c->generated && form_of(c->base))
		bk_error_hint(err, "write \"%s::%s\"", source->column, form_of(c->base));
	return rc;
}

static enum bk_rc check_columns(const struct bk_table *table, const struct bk_mapping *m,
				struct bk_error *err)
{
	const struct {
		const char *key;
		const struct bk_source *source;
		bool written;
	} sources[] = {
		{"start", &m->start, false},           {"end", &m->end, false},
		{"check-in", &m->check_in, false},     {"hold", &m->hold, false},
		{"grace", &m->grace, false},           {"updated", &m->updated, true},
		{"start-scan", &m->start_scan, false}, {"end-scan", &m->end_scan, false},
		{"hold-scan", &m->hold_scan, false},
	};
	enum bk_rc rc = check_column(table, m, &(struct expected){"status", m->status, NULL, true},
				     err);

	for (size_t i = 0; i < BK_COUNT(sources) && !rc; i++)
		rc = check_source(table, m, sources[i].key, sources[i].source, sources[i].written,
				  err);
	return rc ? rc : check_key(table, m, err);
}

static enum bk_rc check_set(const struct bk_table *table, const struct bk_mapping *m,
			    const struct bk_labels *set, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < set->count && !rc; i++) {
		BK_CLEAN(bk_free_str) char *column = NULL;

		(void)bk_assignment_split(set->items[i], &column);
		rc = check_column(table, m, &(struct expected){"set", column, NULL, true}, err);
	}
	return rc;
}

/* The columns that the rules of the file and the jobs name. */
static enum bk_rc check_own(const struct bk_table *table, const struct bk_mapping *m,
			    struct bk_error *err)
{
	enum bk_rc rc = check_set(table, m, &m->set, err);

	for (size_t i = 0; i < m->extra_count && !rc; i++)
		rc = check_set(table, m, &m->extras[i].set, err);
	for (size_t i = 0; i < m->rule_count && !rc; i++) {
		const struct bk_own_rule *r = &m->rules[i];

		if ((rc = check_source(table, m, "rule: due", &r->due, false, err)) ||
		    (rc = check_source(table, m, "rule: scan", &r->scan, false, err)) ||
		    (rc = check_source(table, m, "rule: until", &r->until, false, err)) ||
		    (rc = check_set(table, m, &r->set, err)))
			return bk_error_prefix(err, "%s: rule %s", r->origin, r->name);
	}
	return rc;
}

/* The labels of every class, and which class and label an error is about. */
static void collect_labels(struct bk_buf *array, const struct bk_mapping *m)
{
	const char **labels = NULL;
	size_t n = 0;

	for (int s = 0; s < BK_STATE_COUNT; s++)
		for (size_t i = 0; i < m->states[s].count; i++) {
			labels = bk_realloc(labels, n + 1, sizeof(*labels));
			labels[n++] = m->states[s].items[i];
		}
	for (size_t r = 0; r < m->rule_count; r++) {
		const struct bk_own_rule *rule = &m->rules[r];

		labels = bk_realloc(labels, n + rule->from.count + 1, sizeof(*labels));
		for (size_t i = 0; i < rule->from.count; i++)
			labels[n++] = rule->from.items[i];
		labels[n++] = rule->to;
	}
	bk_db_text_array(array, labels, n);
	free(labels);
}

static const char *class_of(const struct bk_mapping *m, const char *label)
{
	for (int s = 0; s < BK_STATE_COUNT; s++)
		for (size_t i = 0; i < m->states[s].count; i++)
			if (strcmp(m->states[s].items[i], label) == 0)
				return bk_state_names[s];
	return "?";
}

static enum bk_rc refuse_label(const struct bk_rows *rows, int row, const struct bk_mapping *m,
			       struct bk_error *err)
{
	const char *label = bk_rows_text(rows, row, "label");
	const char *why = NULL;

	if (is_true(bk_rows_text(rows, row, "refused")))
		why = "a CHECK constraint forbids it";
	if (is_true(bk_rows_text(rows, row, "cut")))
		why = "it is too long";
	if (!label || !why)
		return BK_OK;
	return bk_error_set(err, BK_E_MAPPING,
			    "bookings.states.%s: column \"%s\" can never hold '%s': %s",
			    class_of(m, label), m->status, label, why);
}

/* Two labels that the column holds as one value, such as 1 and 01, would be two states, or a
   target that is its own source. */
static enum bk_rc refuse_spelling(const struct bk_rows *rows, int row, const struct bk_mapping *m,
				  struct bk_error *err)
{
	const char *label = bk_rows_text(rows, row, "label");
	const char *value = bk_rows_text(rows, row, "shown");

	for (int i = 0; i < row; i++) {
		const char *other = bk_rows_text(rows, i, "label");
		const char *same = bk_rows_text(rows, i, "shown");

		if (!value || !same || strcmp(value, same) != 0 || strcmp(label, other) == 0)
			continue;
		(void)bk_error_set(err, BK_E_MAPPING,
				   "bookings.states: '%s' and '%s' are one value of column \"%s\"",
				   other, label, m->status);
		return bk_error_hint(err, "write it in one way, and in one state");
	}
	return BK_OK;
}

/* Some label that the type itself does not take; the server says which. */
static enum bk_rc refuse_by_type(const struct bk_mapping *m, const struct bk_column *status,
				 struct bk_error *err)
{
	const struct bk_error theirs = *err;
	const char *reason = strstr(theirs.message, ": ");

	return bk_error_set(err, BK_E_MAPPING, "bookings.states: column \"%s\" is of type %s: %s",
			    m->status, status->shown, reason ? reason + 2 : theirs.message);
}

static enum bk_rc find_bad_label(struct bk_db *db, const struct bk_mapping *m,
				 const struct bk_column *status, const char *check,
				 struct bk_error *err)
{
	const struct bk_sql_var vars[] = {
		{"type", status->shown}, {"status", m->status}, {"check", check}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf labels = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *params[1];
	const struct bk_stmt stmt = {"booking_labels", NULL, params, 1, BK_ANY_ROWS};
	struct bk_stmt filled = stmt;
	enum bk_rc rc;

	collect_labels(&labels, m);
	params[0] = bk_buf_cstr(&labels);
	if ((rc = bk_sql_fill_file(&sql, "booking_labels", vars, BK_COUNT(vars), err)))
		return rc;
	filled.sql = bk_buf_cstr(&sql);
	rc = bk_tx_one(db, BK_TX_READ, &catalog_limits, &filled, &rows, err);
	if (rc && (strncmp(err->sqlstate, "22", 2) == 0 || strncmp(err->sqlstate, "23", 2) == 0))
		return refuse_by_type(m, status, err);
	for (int i = 0; !rc && i < bk_rows_count(rows); i++)
		rc = refuse_label(rows, i, m, err);
	for (int i = 1; !rc && i < bk_rows_count(rows); i++)
		rc = refuse_spelling(rows, i, m, err);
	return rc;
}

static enum bk_rc check_labels(struct bk_db *db, const struct bk_table *table,
			       const struct bk_mapping *m, struct bk_error *err)
{
	const char *params[] = {m->table_schema, m->table_name, m->status};
	const struct bk_stmt stmt = {"booking_checks", bk_sql_text("booking_checks"), params, 3,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *check;
	enum bk_rc rc;

	if ((rc = bk_tx_one(db, BK_TX_READ, &catalog_limits, &stmt, &rows, err)))
		return rc;
	check = bk_rows_text(rows, 0, "expression");
	return find_bad_label(db, m, bk_table_column(table, m->status), check ? check : "true",
			      err);
}

enum bk_rc bk_table_load(struct bk_db *db, const struct bk_mapping *mapping, struct bk_table *ret,
			 struct bk_error *err)
{
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};
	enum bk_rc rc;

	if ((rc = read_columns(db, mapping, &table, err)))
		return rc;
	if ((rc = check_columns(&table, mapping, err)) || (rc = check_own(&table, mapping, err)))
		return rc;
	if ((rc = bk_expressions_check(db, mapping, err)))
		return rc;
	if ((rc = check_labels(db, &table, mapping, err)))
		return rc;
	*ret = table;
	table = (struct bk_table){.columns = NULL};
	return BK_OK;
}

void bk_mapped_columns(const struct bk_mapping *m, bool wants_update, struct bk_buf *reads,
		       struct bk_buf *writes)
{
	BK_CLEAN(bk_columns_clear) struct bk_columns c = {{NULL, 0}, {NULL, 0}};

	bk_columns_of(m, &c);
	if (wants_update)
		bk_columns_add(&c.reads, "ctid"); /* a batch finds its rows by their place */
	bk_db_text_array(reads, (const char *const *)c.reads.items, c.reads.count);
	bk_db_text_array(writes, (const char *const *)c.writes.items, c.writes.count);
}

enum bk_rc bk_missing_privileges(struct bk_db *db, const char *schema, const struct bk_mapping *m,
				 bool wants_update, struct bk_rows **ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf reads = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf writes = BK_BUF_INIT;
	const char *params[6] = {schema, wants_update ? "true" : "false", m->table_schema,
				 m->table_name};
	const struct bk_stmt stmt = {"privilege_missing", bk_sql_text("privilege_missing"), params,
				     6, BK_ANY_ROWS};

	bk_mapped_columns(m, wants_update, &reads, &writes);
	params[4] = bk_buf_cstr(&reads);
	params[5] = bk_buf_cstr(&writes);
	return bk_tx_one(db, BK_TX_READ, &catalog_limits, &stmt, ret, err);
}

void bk_explain_permission(struct bk_db *db, const char *schema, const struct bk_mapping *m,
			   bool wants_update, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_error ignored;
	const char *grant;

	if (bk_missing_privileges(db, schema, m, wants_update, &rows, &ignored))
		return;
	grant = bk_rows_count(rows) ? bk_rows_text(rows, 0, "statement") : NULL;
	if (grant)
		bk_error_hint(err, "let the owner type: %s", grant);
}

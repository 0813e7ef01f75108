/*
 * Units and their SQL; see unit.h.
 */
#include "rule/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqltext.h"

struct bk_scope bk_scope_of_params(const struct bk_mapping *mapping, const struct bk_table *table,
				   const char *schema)
{
	return (struct bk_scope){.mapping = mapping,
				 .table = table,
				 .schema = schema,
				 .as_of = "$1::pg_catalog.timestamptz",
				 .lower = "$2::pg_catalog.timestamptz"};
}

static bool job_is_enabled(const void *arg, const char *job)
{
	return bk_conf_job_enabled(arg, job);
}

struct bk_policy bk_policy_of(const struct bk_conf *conf)
{
	return (struct bk_policy){
		.mapping = bk_conf_mapping(conf),
		.activate = bk_conf_job_enabled(conf, BK_JOB_ACTIVATE),
		.no_show = bk_conf_job_enabled(conf, BK_JOB_NO_SHOW),
		.complete = bk_conf_job_enabled(conf, BK_JOB_COMPLETE),
		.expire = bk_conf_job_enabled(conf, BK_JOB_EXPIRE),
		.is_enabled = job_is_enabled,
		.arg = conf,
	};
}

static void add_units(struct bk_units *units, const struct bk_rule *rule,
		      const struct bk_mapping *m, const struct bk_scan *scan)
{
	const char *from;

	for (size_t i = 0; (from = bk_rule_from(rule, m, i)); i++) {
		units->items = bk_realloc(units->items, units->count + 1, sizeof(*units->items));
		units->items[units->count++] = (struct bk_unit){rule, scan, from,
								bk_rule_to(rule, m)};
	}
}

void bk_units_build(const struct bk_rules *rules, const struct bk_mapping *mapping, const char *job,
		    struct bk_units *ret)
{
	*ret = (struct bk_units){NULL, 0};
	for (size_t r = 0; r < rules->count; r++) {
		const struct bk_rule *rule = &rules->items[r];

		if (strcmp(rule->job, job) != 0)
			continue;
		for (size_t s = 0; s < rule->scan_count; s++)
			add_units(ret, rule, mapping, &rule->scans[s]);
	}
}

void bk_units_clear(struct bk_units *units)
{
	free(units->items);
	*units = (struct bk_units){NULL, 0};
}

void bk_company_of(const struct bk_mapping *m, struct bk_buf *text, struct bk_tx_company *ret)
{
	bk_buf_str(text, "SELECT ");
	for (size_t i = 0; i < m->session.count; i++) {
		BK_CLEAN(bk_free_str) char *name = NULL;
		const char *value = bk_assignment_split(m->session.items[i], &name) + 1;

		value += strspn(value, " ");
		bk_buf_str(text, i ? ", pg_catalog.set_config(" : "pg_catalog.set_config(");
		bk_sql_literal(text, name);
		bk_buf_str(text, ", ");
		bk_sql_literal(text, value);
		bk_buf_str(text, ", true)");
	}
	*ret = (struct bk_tx_company){m->session.count ? bk_buf_cstr(text) : NULL, m->rls_accepted};
}

void bk_table_sql(struct bk_buf *out, const struct bk_mapping *mapping)
{
	bk_sql_ident(out, mapping->table_schema);
	bk_buf_char(out, '.');
	bk_sql_ident(out, mapping->table_name);
}

void bk_key_texts(struct bk_buf *out, const struct bk_mapping *mapping,
		  const struct bk_table *table)
{
	for (size_t i = 0; i < mapping->key_count; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;
		const struct bk_column *c = table ? bk_table_column(table, mapping->keys[i]) : NULL;

		bk_buf_str(&column, "b.");
		bk_sql_ident(&column, mapping->keys[i]);
		bk_buf_str(out, i ? ", " : "");
		bk_buf_str(out, "(");
		bk_value_text(out, bk_buf_cstr(&column), c ? c->type : "");
		/* Key columns may have collations of their own, which do not mix. */
		bk_buf_str(out, ") COLLATE pg_catalog.\"default\"");
	}
}

/* The condition that leaves out what no job may touch. */
static enum bk_rc put_hands_off(struct bk_buf *out, const struct bk_unit *unit,
				const struct bk_scope *scope, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;

	if (!scope->schema)
		return BK_OK;
	bk_key_texts(&texts, scope->mapping, scope->table);
	return bk_sql_fill_file(
		out, "booking_hands_off",
		(const struct bk_sql_var[]){
			{"bk", scope->schema},
			{"key_texts", bk_buf_cstr(&texts)},
			{"as_of", scope->hands_off_at ? scope->hands_off_at : scope->as_of},
			{"rule", unit->rule->name},
		},
		4, err);
}

static void put_condition(struct bk_buf *out, const struct bk_unit *unit,
			  const struct bk_scope *scope)
{
	(scope->stale ? bk_rule_stale_condition : bk_rule_condition)(out, unit->rule, unit->scan,
								     scope->as_of, scope->lower);
}

enum bk_rc bk_unit_condition(struct bk_buf *out, const struct bk_unit *unit,
			     const struct bk_scope *scope, struct bk_error *err)
{
	put_condition(out, unit, scope);
	bk_buf_char(out, ' ');
	return put_hands_off(out, unit, scope, err);
}

enum bk_rc bk_unit_scan(struct bk_buf *out, const struct bk_unit *unit,
			const struct bk_scope *scope, const char *columns, const char *after,
			const char *limit, struct bk_error *err)
{
	const struct bk_mapping *mapping = scope->mapping;
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf hands_off = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf order = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	enum bk_rc rc;

	put_condition(&condition, unit, scope);
	if ((rc = put_hands_off(&hands_off, unit, scope, err)))
		return rc;
	bk_buf_str(&order, unit->scan->column);
	for (size_t i = 0; i < mapping->key_count; i++) {
		bk_buf_str(&order, ", b.");
		bk_sql_ident(&order, mapping->keys[i]);
	}
	bk_buf_str(&table, scope->only ? "ONLY " : "");
	bk_table_sql(&table, mapping);
	return bk_sql_fill_file(out, "booking_scan",
				(const struct bk_sql_var[]){
					{"columns", columns},
					{"table", bk_buf_cstr(&table)},
					{"status", mapping->status},
					{"from", unit->from},
					{"condition", bk_buf_cstr(&condition)},
					{"hands_off", bk_buf_cstr(&hands_off)},
					{"after", after},
					{"order", bk_buf_cstr(&order)},
					{"limit", limit},
				},
				9, err);
}

const char *bk_scan_type(const struct bk_scan *scan, const struct bk_table *table)
{
	if (scan->name)
		return bk_table_column(table, scan->name)->type;
	switch (scan->type) {
	case BK_SOURCE_TSRANGE:
		return BK_TYPE_TIMESTAMP;
	case BK_SOURCE_DATERANGE:
		return BK_TYPE_DATE;
	case BK_SOURCE_TIMESTAMPTZ:
	case BK_SOURCE_TIMESTAMP:
	case BK_SOURCE_DATE:
	case BK_SOURCE_SECONDS:
	case BK_SOURCE_MILLISECONDS:
	case BK_SOURCE_RANGE:
	case BK_SOURCE_FLAG:
	case BK_SOURCE_NUMBER:
	case BK_SOURCE_INTERVAL:
	case BK_SOURCE_TYPE_COUNT:
		break;
	}
	return BK_TYPE_TIMESTAMPTZ;
}

void bk_unit_keyset(struct bk_buf *out, const struct bk_unit *unit,
		    const struct bk_mapping *mapping, const struct bk_table *table, const char *op,
		    int first)
{
	bk_buf_fmt(out, "AND ROW(%s", unit->scan->column);
	for (size_t i = 0; i < mapping->key_count; i++) {
		bk_buf_str(out, ", b.");
		bk_sql_ident(out, mapping->keys[i]);
	}
	bk_buf_fmt(out, ") OPERATOR(pg_catalog.%s) ROW($%d::pg_catalog.text::%s", op, first,
		   bk_scan_type(unit->scan, table));
	for (size_t i = 0; i < mapping->key_count; i++)
		bk_buf_fmt(out, ", $%d::pg_catalog.text::%s", first + 1 + (int)i,
			   bk_table_column(table, mapping->keys[i])->type);
	bk_buf_str(out, ")");
}

enum bk_rc bk_units_probe(struct bk_buf *out, const struct bk_units *units,
			  const struct bk_scope *scope, struct bk_error *err)
{
	bk_buf_str(out, "false");
	for (size_t i = 0; i < units->count; i++) {
		enum bk_rc rc;

		/* IS NOT NULL and not EXISTS, which would drop ORDER BY and LIMIT and
		   with them the ordered scan. */
		bk_buf_str(out, "\n    OR (");
		if ((rc = bk_unit_scan(out, &units->items[i], scope, "1", "", "1", err)))
			return rc;
		bk_buf_str(out, ") IS NOT NULL");
	}
	return BK_OK;
}

enum bk_rc bk_unit_count(struct bk_buf *out, const struct bk_unit *unit,
			 const struct bk_scope *scope, const char *after, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf due = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_fmt(&due, "(%s) AS due", unit->rule->due);
	if ((rc = bk_unit_scan(&scan, unit, scope, bk_buf_cstr(&due), after, "$3::pg_catalog.int8",
			       err)))
		return rc;
	return bk_sql_fill_file(out, "booking_count",
				&(const struct bk_sql_var){"scan", bk_buf_cstr(&scan)}, 1, err);
}

enum bk_rc bk_unit_forecast(struct bk_buf *out, const struct bk_unit *unit,
			    const struct bk_scope *scope, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *due = bk_asprintf("(%s)", unit->rule->due);
	BK_CLEAN(bk_free_str)
	char *lower = bk_asprintf("COALESCE(%s OPERATOR(pg_catalog.-) ($4::pg_catalog.float8"
				  " OPERATOR(pg_catalog.*) '1 millisecond'::pg_catalog.interval),"
				  " '-infinity'::pg_catalog.timestamptz)",
				  due);
	BK_CLEAN(bk_free_str) char *column = bk_asprintf("%s AS due", due);
	BK_CLEAN(bk_buf_clear) struct bk_buf within = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	struct bk_scope at_due = *scope;
	enum bk_rc rc;

	/* Each booking is judged at its own due instant. The bounds of the scan are what an
	   index can serve. */
	at_due.as_of = due;
	at_due.lower = lower;
	at_due.hands_off_at = "$3::pg_catalog.timestamptz";
	bk_buf_str(&within, "AND ");
	bk_scan_between(&within, unit->scan, "$2::pg_catalog.timestamptz",
			"$3::pg_catalog.timestamptz");
	bk_buf_fmt(&within,
		   " AND %s OPERATOR(pg_catalog.>) $1::pg_catalog.timestamptz"
		   " AND %s OPERATOR(pg_catalog.<) $3::pg_catalog.timestamptz",
		   due, due);
	if ((rc = bk_unit_scan(&scan, unit, &at_due, column, bk_buf_cstr(&within), "ALL", err)))
		return rc;
	return bk_sql_fill_file(out, "booking_forecast",
				&(const struct bk_sql_var){"scan", bk_buf_cstr(&scan)}, 1, err);
}

/* Infinite times have no calendar form; their own text reads back everywhere. */
static void put_time(struct bk_buf *out, const char *expression, const char *in_utc,
		     const char *format)
{
	bk_buf_fmt(out, "CASE WHEN pg_catalog.isfinite(%s) THEN pg_catalog.to_char(%s, '%s')",
		   expression, in_utc, format);
	bk_buf_fmt(out, " ELSE %s::pg_catalog.text END", expression);
}

void bk_value_text(struct bk_buf *out, const char *expression, const char *type)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf in_utc = BK_BUF_INIT;

	bk_buf_fmt(&in_utc, "pg_catalog.timezone('UTC', %s)", expression);
	if (strcmp(type, BK_TYPE_TIMESTAMPTZ) == 0)
		put_time(out, expression, bk_buf_cstr(&in_utc),
			 "YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\" BC");
	else if (strcmp(type, BK_TYPE_TIMESTAMP) == 0)
		put_time(out, expression, expression, "YYYY-MM-DD\"T\"HH24:MI:SS.US BC");
	else if (strcmp(type, BK_TYPE_DATE) == 0)
		put_time(out, expression, expression, "YYYY-MM-DD BC");
	else
		bk_buf_fmt(out, "%s::pg_catalog.text", expression);
}

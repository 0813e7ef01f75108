/*
 * Expressions of the mapping against the database; see expression.h.
 */
#include "rule/expression.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "rule/unit.h"

static const char *const instants[] = {"timestamp with time zone", NULL};
static const char *const local_times[] = {"timestamp without time zone", NULL};
static const char *const days[] = {"date", NULL};
static const char *const numbers[] = {"integer",          "smallint", "bigint", "numeric",
				      "double precision", "real",     NULL};
static const char *const intervals[] = {"interval", NULL};
static const char *const ranges[] = {"tstzrange", NULL};
static const char *const local_ranges[] = {"tsrange", NULL};
static const char *const day_ranges[] = {"daterange", NULL};
static const char *const flags[] = {"boolean", NULL};
static const char *const texts[] = {"text", "character varying", "name", NULL};

const char *const *bk_server_types(enum bk_source_type type)
{
	static const char *const *const types[BK_SOURCE_TYPE_COUNT] = {
		[BK_SOURCE_TIMESTAMPTZ] = instants,
		[BK_SOURCE_TIMESTAMP] = local_times,
		[BK_SOURCE_DATE] = days,
		[BK_SOURCE_SECONDS] = numbers,
		[BK_SOURCE_MILLISECONDS] = numbers,
		[BK_SOURCE_RANGE] = ranges,
		[BK_SOURCE_TSRANGE] = local_ranges,
		[BK_SOURCE_DATERANGE] = day_ranges,
		[BK_SOURCE_FLAG] = flags,
		[BK_SOURCE_NUMBER] = numbers,
		[BK_SOURCE_INTERVAL] = intervals,
	};

	return types[type];
}

/* Where an expression stands, and what it may be of; NULL = any type. */
struct asked {
	struct bk_db *db;
	const struct bk_mapping *mapping;
	const char *key;
	const char *expression;
	const char *const *types;
};

/* "KEY: EXPRESSION: what is wrong"; the server's own words where it said some. */
static enum bk_rc blame(const struct asked *a, const char *why, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *message = bk_strdup(why);

	return bk_error_set(err, BK_E_MAPPING, "%s: %.200s: %s", a->key, a->expression, message);
}

static int characters(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

/* The character of the expression that the server names in the statement; 0 = none. */
static int position_in(const struct asked *a, const char *sql, const struct bk_error *err)
{
	const char *start = strstr(sql, a->expression);
	int at = start ? err->position - characters(sql, (size_t)(start - sql)) : 0;

	return at > 0 && at <= characters(a->expression, strlen(a->expression)) ? at : 0;
}

/* What the server says of the statement, as a fault of the mapping. */
static enum bk_rc blame_server(const struct asked *a, const char *sql, struct bk_error *err)
{
	const char *colon = strstr(err->message, ": ");
	int at = position_in(a, sql, err);
	BK_CLEAN(bk_free_str) char *why = bk_strdup(colon ? colon + 2 : err->message);

	if (at)
		(void)bk_error_set(err, BK_E_MAPPING, "%s: %.200s: %s (at character %d of it)",
				   a->key, a->expression, why, at);
	else
		blame(a, why, err);
	return bk_error_hint(err, "names outside pg_catalog are written with their schema, columns "
				  "of the booking with b. before them");
}

static bool is_mistake(const struct bk_error *err)
{
	return err->sqlstate[0] && strcmp(err->sqlstate, "42501") != 0 &&
	       (strncmp(err->sqlstate, "42", 2) == 0 || strncmp(err->sqlstate, "22", 2) == 0 ||
		strncmp(err->sqlstate, "3F", 2) == 0 || strncmp(err->sqlstate, "0A", 2) == 0 ||
		strcmp(err->sqlstate, "25006") == 0 /* it locks or writes */);
}

static enum bk_rc ask(const struct asked *a, const char *file, enum bk_shape shape,
		      struct bk_rows **ret, struct bk_error *err)
{
	struct bk_tx_company company;
	const struct bk_tx_limits limits = {10000, 2000, false, &company};
	BK_CLEAN(bk_buf_clear) struct bk_buf session = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	enum bk_rc rc;

	bk_company_of(a->mapping, &session, &company);
	bk_table_sql(&table, a->mapping);
	const struct bk_sql_var vars[] = {{"expression", a->expression},
					  {"table", bk_buf_cstr(&table)}};

	if ((rc = bk_sql_fill_file(&sql, file, vars, BK_COUNT(vars), err)))
		return rc;
	rc = bk_tx_one(a->db, BK_TX_READ, &limits,
		       &(const struct bk_stmt){file, bk_buf_cstr(&sql), NULL, 0, shape}, ret, err);
	if (!rc)
		return BK_OK;
	if (!is_mistake(err))
		return bk_error_prefix(err, "%s", a->key);
	return blame_server(a, bk_buf_cstr(&sql), err);
}

static enum bk_rc check_type(const struct asked *a, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_free_str) char *why = NULL;
	const char *type;
	enum bk_rc rc = ask(a, "booking_expression", BK_ONE_ROW, &rows, err);

	if (rc || !a->types)
		return rc;
	type = bk_rows_text(rows, 0, "type");
	for (size_t i = 0; type && a->types[i]; i++)
		if (strcmp(type, a->types[i]) == 0)
			return BK_OK;
	why = bk_asprintf("is of type %s, %s is needed", type ? type : "?", a->types[0]);
	return blame(a, why, err);
}

static enum bk_rc check_volatile(const struct asked *a, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if (a->mapping->volatile_accepted)
		return BK_OK;
	if ((rc = ask(a, "booking_volatile", BK_ANY_ROWS, &rows, err)))
		return rc;
	for (int i = 0; i < bk_rows_count(rows); i++) {
		const char *line = bk_rows_cell(rows, i, 0);

		if (!line || !strstr(line, "Subquery Scan"))
			continue;
		blame(a,
		      "calls a VOLATILE function, or one that is for several rows: an aggregate, a "
		      "window or a set",
		      err);
		return bk_error_hint(err,
				     "put what is for several rows into a sub-select; volatile = "
				     "yes inside bookings { } lets a function pass that is known "
				     "to change nothing");
	}
	return BK_OK;
}

static enum bk_rc check(struct bk_db *db, const struct bk_mapping *m, const char *key,
			const char *expression, const char *const *types, struct bk_error *err)
{
	const struct asked a = {db, m, key, expression, types};
	enum bk_rc rc;

	if (!expression)
		return BK_OK;
	rc = check_type(&a, err);
	return rc ? rc : check_volatile(&a, err);
}

static enum bk_rc check_set(struct bk_db *db, const struct bk_mapping *m, const char *section,
			    const struct bk_labels *set, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < set->count && !rc; i++) {
		BK_CLEAN(bk_free_str) char *column = NULL;
		const char *equals = bk_assignment_split(set->items[i], &column);
		BK_CLEAN(bk_free_str) char *key = bk_asprintf("%s.set: %s", section, column);
		BK_CLEAN(bk_free_str) char *value = bk_asprintf("(%s)", equals + 1);

		rc = check(db, m, key, value, NULL, err);
	}
	return rc;
}

static enum bk_rc check_rule(struct bk_db *db, const struct bk_mapping *m,
			     const struct bk_own_rule *rule, struct bk_error *err)
{
	const struct {
		const char *key;
		const char *expression;
		const char *const *types;
	} parts[] = {
		{"due", rule->due.expr, bk_server_types(rule->due.type)},
		{"until", rule->until.expr, bk_server_types(rule->until.type)},
		{"where", rule->where, flags},
	};
	BK_CLEAN(bk_free_str) char *section = bk_asprintf("rule %s", rule->name);
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_COUNT(parts) && !rc; i++) {
		BK_CLEAN(bk_free_str)
		char *key = bk_asprintf("%s: %s: %s", rule->origin, section, parts[i].key);

		rc = check(db, m, key, parts[i].expression, parts[i].types, err);
	}
	return rc ? rc : check_set(db, m, section, &rule->set, err);
}

/* A zone that is named must be one. */
static enum bk_rc check_zone(struct bk_db *db, const struct bk_mapping *m, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	if (!m->zone || *m->zone == '(')
		return BK_OK;
	bk_buf_str(&sql, "(pg_catalog.timezone(");
	bk_sql_literal(&sql, m->zone);
	/* A constant, so that the planner asks for the zone. */
	bk_buf_str(&sql, ", '2000-01-01 00:00:00+00'::pg_catalog.timestamptz))");
	return check(db, m, "bookings.time-zone", bk_buf_cstr(&sql), NULL, err);
}

enum bk_rc bk_expressions_check(struct bk_db *db, const struct bk_mapping *m, struct bk_error *err)
{
	const struct {
		const char *key;
		const char *expression;
		const char *const *types;
	} parts[] = {
		{"bookings.start", m->start.expr, bk_server_types(m->start.type)},
		{"bookings.end", m->end.expr, bk_server_types(m->end.type)},
		{"bookings.check-in", m->check_in.expr, bk_server_types(m->check_in.type)},
		{"bookings.hold", m->hold.expr, bk_server_types(m->hold.type)},
		{"bookings.grace", m->grace.expr, bk_server_types(m->grace.type)},
		{"bookings.where", m->where, flags},
		{"bookings.no-show-if", m->no_show_if, flags},
		{"bookings.time-zone", m->zone && *m->zone == '(' ? m->zone : NULL, texts},
	};
	enum bk_rc rc = check_zone(db, m, err);

	for (size_t i = 0; i < BK_COUNT(parts) && !rc; i++)
		rc = check(db, m, parts[i].key, parts[i].expression, parts[i].types, err);
	if (!rc)
		rc = check_set(db, m, "bookings", &m->set, err);
	for (size_t i = 0; i < m->extra_count && !rc; i++)
		rc = check_set(db, m, m->extras[i].job, &m->extras[i].set, err);
	for (size_t i = 0; i < m->rule_count && !rc; i++)
		rc = check_rule(db, m, &m->rules[i], err);
	return rc;
}

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
	struct bk_misfits *misfits;
	const char *origin; /* FILE:LINE, or NULL */
	const char *key;
	const char *column; /* that a set gives it to; NULL = none */
	const char *expression;
	const char *const *types;
};

/* "EXPRESSION: what is wrong", and of a set its column in front. */
static enum bk_rc blame(const struct asked *a, enum bk_rc rc, const char *why, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *message = bk_strdup(why);

	(void)bk_error_set(err, rc, "%.200s: %s", a->expression, message);
	return a->column ? bk_error_prefix(err, "%s", a->column) : rc;
}

static int characters(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

int bk_position_in(const char *sql, const char *part, const struct bk_error *err)
{
	const char *start = strstr(sql, part);
	int at = start ? err->position - characters(sql, (size_t)(start - sql)) : 0;

	return at > 0 && at <= characters(part, strlen(part)) ? at : 0;
}

/* What the server says of the statement, as a fault of the mapping; who may not read a table
   has no fault in it. */
static enum bk_rc blame_server(const struct asked *a, enum bk_rc rc, const char *sql,
			       struct bk_error *err)
{
	const char *colon = strstr(err->message, ": ");
	int at = bk_position_in(sql, a->expression, err);
	BK_CLEAN(bk_free_str)
	char *why = at ? bk_asprintf("%s (at character %d of it)", colon ? colon + 2 : err->message,
				     at)
		       : bk_strdup(colon ? colon + 2 : err->message);

	blame(a, rc, why, err);
	if (rc != BK_E_MAPPING)
		return rc;
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

/* The server's own answer; *sql is what it was asked. */
static enum bk_rc answer(const struct asked *a, const char *file, enum bk_shape shape,
			 struct bk_buf *sql, struct bk_rows **ret, struct bk_error *err)
{
	struct bk_tx_company company;
	const struct bk_tx_limits limits = {10000, 2000, false, &company};
	BK_CLEAN(bk_buf_clear) struct bk_buf session = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	enum bk_rc rc;

	bk_company_of(a->mapping, &session, &company);
	bk_table_sql(&table, a->mapping);
	const struct bk_sql_var vars[] = {{"expression", a->expression},
					  {"table", bk_buf_cstr(&table)},
					  {"column", a->column ? a->column : ""}};

	if ((rc = bk_sql_fill_file(sql, file, vars, BK_COUNT(vars), err)))
		return rc;
	return bk_tx_one(a->db, BK_TX_READ, &limits,
			 &(const struct bk_stmt){file, bk_buf_cstr(sql), NULL, 0, shape}, ret, err);
}

static enum bk_rc ask(const struct asked *a, const char *file, enum bk_shape shape,
		      struct bk_rows **ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = answer(a, file, shape, &sql, ret, err);

	if (!rc || (!is_mistake(err) && rc != BK_E_PERMISSION))
		return rc;
	return blame_server(a, is_mistake(err) ? BK_E_MAPPING : rc, bk_buf_cstr(&sql), err);
}

/* What the server says but of the types is no matter here: who may not change bookings, or none of
   a view, learns it from the change. */
static enum bk_rc check_assignment(const struct asked *a, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = answer(a, "booking_assign", BK_ANY_ROWS, &sql, NULL, err);

	if (!rc)
		return BK_OK;
	if (strcmp(err->sqlstate, "42804") == 0)
		return blame_server(a, BK_E_MAPPING, bk_buf_cstr(&sql), err);
	return strncmp(err->sqlstate, "42", 2) == 0 || strcmp(err->sqlstate, "55000") == 0 ? BK_OK
											   : rc;
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
	return blame(a, BK_E_MAPPING, why, err);
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
		blame(a, BK_E_MAPPING,
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

static enum bk_rc check(const struct asked *a, struct bk_error *err)
{
	enum bk_rc rc;

	if (!a->expression)
		return BK_OK;
	rc = check_type(a, err);
	if (!rc)
		rc = check_volatile(a, err);
	if (!rc && a->column)
		rc = check_assignment(a, err);
	return bk_misfit(a->misfits, a->origin, a->key, rc, err);
}

/* What one of the settings is, and what it may give. */
struct part {
	const char *key;
	const char *expression;
	const char *const *types;
};

static enum bk_rc check_part(const struct asked *of, const struct part *part, struct bk_error *err)
{
	struct asked a = *of;

	a.key = part->key;
	a.expression = part->expression;
	a.types = part->types;
	return check(&a, err);
}

/* `of` says where the set stands, its key included. */
static enum bk_rc check_set(const struct asked *of, const struct bk_labels *set,
			    struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < set->count && !rc; i++) {
		struct asked a = *of;
		BK_CLEAN(bk_free_str) char *column = NULL;
		const char *equals = bk_assignment_split(set->items[i], &column);
		BK_CLEAN(bk_free_str) char *value = bk_asprintf("(%s)", equals + 1);

		a.column = column;
		a.expression = value;
		rc = check(&a, err);
	}
	return rc;
}

/* The set of bookings, or of a job's section. */
static enum bk_rc check_section_set(const struct asked *of, const char *section,
				    const struct bk_labels *set, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *key = bk_asprintf("%s.set", section);
	struct asked a = *of;

	a.key = key;
	return check_set(&a, set, err);
}

static enum bk_rc check_rule(const struct asked *of, const struct bk_own_rule *rule,
			     struct bk_error *err)
{
	const struct part parts[] = {
		{"due", rule->due.expr, bk_server_types(rule->due.type)},
		{"until", rule->until.expr, bk_server_types(rule->until.type)},
		{"where", rule->where, flags},
	};
	BK_CLEAN(bk_free_str) char *set = bk_asprintf("rule %s: set", rule->name);
	struct asked a = *of;
	enum bk_rc rc = BK_OK;

	a.origin = rule->origin;
	a.key = set;
	for (size_t i = 0; i < BK_COUNT(parts) && !rc; i++) {
		BK_CLEAN(bk_free_str)
		char *key = bk_asprintf("rule %s: %s", rule->name, parts[i].key);

		rc = check_part(&a, &(struct part){key, parts[i].expression, parts[i].types}, err);
	}
	return rc ? rc : check_set(&a, &rule->set, err);
}

/* A zone that is named must be one. */
static enum bk_rc check_zone(const struct asked *of, struct bk_error *err)
{
	const char *zone = of->mapping->zone;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	if (!zone || *zone == '(')
		return BK_OK;
	bk_buf_str(&sql, "(pg_catalog.timezone(");
	bk_sql_literal(&sql, zone);
	/* A constant, so that the planner asks for the zone. */
	bk_buf_str(&sql, ", '2000-01-01 00:00:00+00'::pg_catalog.timestamptz))");
	return check_part(of, &(struct part){"bookings.time-zone", bk_buf_cstr(&sql), NULL}, err);
}

static enum bk_rc check_bookings(const struct asked *of, struct bk_error *err)
{
	const struct bk_mapping *m = of->mapping;
	const struct part parts[] = {
		{"bookings.start", m->start.expr, bk_server_types(m->start.type)},
		{"bookings.end", m->end.expr, bk_server_types(m->end.type)},
		{"bookings.check-in", m->check_in.expr, bk_server_types(m->check_in.type)},
		{"bookings.hold", m->hold.expr, bk_server_types(m->hold.type)},
		{"bookings.grace", m->grace.expr, bk_server_types(m->grace.type)},
		{"bookings.where", m->where, flags},
		{"bookings.no-show-if", m->no_show_if, flags},
		{"bookings.time-zone", m->zone && *m->zone == '(' ? m->zone : NULL, texts},
	};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_COUNT(parts) && !rc; i++)
		rc = check_part(of, &parts[i], err);
	return rc;
}

enum bk_rc bk_expressions_check(struct bk_db *db, const struct bk_mapping *m,
				struct bk_misfits *misfits, struct bk_error *err)
{
	const struct asked of = {.db = db, .mapping = m, .misfits = misfits};
	enum bk_rc rc = check_zone(&of, err);

	if (!rc)
		rc = check_bookings(&of, err);
	if (!rc)
		rc = check_section_set(&of, "bookings", &m->set, err);
	for (size_t i = 0; i < m->extra_count && !rc; i++)
		rc = check_section_set(&of, m->extras[i].job, &m->extras[i].set, err);
	for (size_t i = 0; i < m->rule_count && !rc; i++)
		rc = check_rule(&of, &m->rules[i], err);
	return rc;
}

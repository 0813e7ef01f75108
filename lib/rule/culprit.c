/*
 * The search for a failing expression; see culprit.h. Each question is a transaction of its own,
 * because the answer is that it fails.
 */
#include "rule/culprit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/sqltext.h"
#include "rule/source.h"

/* The first look for the booking is at so many, each further one at twice that. */
#define FIRST_LOOK 64

void bk_culprit_clear(struct bk_culprit *culprit)
{
	free(culprit->key);
	free(culprit->why);
	bk_array_clear(&culprit->booking);
	*culprit = (struct bk_culprit){.key = NULL};
}

void bk_culprit_put(struct bk_buf *out, const struct bk_culprit *culprit)
{
	bk_buf_fmt(out, "%s: %.200s: %s", culprit->key, culprit->expression, culprit->why);
	for (size_t i = 0; i < culprit->booking.count; i++) {
		bk_buf_str(out, i ? " " : " (booking ");
		bk_escape_line(out, culprit->booking.items[i] ? culprit->booking.items[i] : "NULL");
	}
	bk_buf_str(out, culprit->booking.count ? ")" : "");
}

/* --- which expression --- */

struct part {
	const char *key;
	const char *sql; /* NULL = none, or a plain column */
};

enum { PARTS = 8 };

/* What the rule of that kind is made from. Returns the number. */
static size_t list_parts(const struct bk_mapping *m, const struct bk_rule *rule,
			 struct part ret[PARTS])
{
	const char *zone = m->zone && *m->zone == '(' ? m->zone : NULL;
	const struct part own[] = {
		{"bookings.where", m->where},
		{"bookings.time-zone", zone},
		{"due", rule->own ? rule->own->due.expr : NULL},
		{"until", rule->own ? rule->own->until.expr : NULL},
		{"where", rule->own ? rule->own->where : NULL},
	};
	const struct part arrival[] = {
		{"bookings.where", m->where},
		{"bookings.time-zone", zone},
		{"bookings.start", m->start.expr},
		{"bookings.end", m->end.expr},
		{"bookings.check-in", m->check_in.expr},
		{"bookings.grace", m->grace.expr},
		{"bookings.no-show-if", m->no_show_if},
	};
	const struct part hold[] = {
		{"bookings.where", m->where},      {"bookings.time-zone", zone},
		{"bookings.start", m->start.expr}, {"bookings.end", m->end.expr},
		{"bookings.hold", m->hold.expr},
	};
	const struct part *parts = rule->own                           ? own
				   : rule->kind == BK_RULE_EXPIRE_HOLD ? hold
								       : arrival;
	size_t count = rule->own                           ? BK_COUNT(own)
		       : rule->kind == BK_RULE_EXPIRE_HOLD ? BK_COUNT(hold)
							   : BK_COUNT(arrival);

	memcpy(ret, parts, count * sizeof(*parts));
	return count;
}

/* BK_OK where the expression can be computed for all of them. */
static enum bk_rc ask(const struct bk_suspects *s, const char *expression, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	bk_table_sql(&table, s->mapping);
	const struct bk_sql_var vars[] = {{"expression", expression},
					  {"table", bk_buf_cstr(&table)},
					  {"condition", s->condition}};
	rc = bk_sql_fill_file(&sql, "booking_culprit", vars, BK_COUNT(vars), err);
	const struct bk_stmt stmt = {"booking_culprit", bk_buf_cstr(&sql), s->params,
				     s->param_count, BK_ONE_ROW};

	return rc ? rc : bk_tx_one(s->db, BK_TX_READ, s->limits, &stmt, NULL, err);
}

enum bk_rc bk_culprit_among(const struct bk_suspects *s, const struct bk_rule *rule,
			    bool *ret_found, struct bk_culprit *ret, struct bk_error *err)
{
	struct part parts[PARTS];
	size_t count = list_parts(s->mapping, rule, parts);

	*ret_found = false;
	for (size_t i = 0; i < count; i++) {
		bool of_bookings = strncmp(parts[i].key, "bookings.", 9) == 0;
		const char *why;

		if (!parts[i].sql || !ask(s, parts[i].sql, err))
			continue;
		if (bk_fault_of(err) != BK_FAULT_ROW)
			return err->rc;
		why = strstr(err->message, ": ");
		*ret = (struct bk_culprit){
			.key = of_bookings ? bk_strdup(parts[i].key)
					   : bk_asprintf("rule %s: %s", rule->name, parts[i].key),
			.expression = parts[i].sql,
			.why = bk_strdup(why ? why + 2 : err->message),
		};
		*ret_found = true;
		return BK_OK;
	}
	return BK_OK;
}

/* --- which booking --- */

/* A search for the booking of one expression in the scan of one unit. */
struct hunt {
	const struct bk_search *search;
	const char *expression;
	struct bk_buf base;  /* the condition of the scan, without anything that may fail */
	struct bk_buf order; /* its columns, and the columns of the key */
	struct bk_buf keys;
	struct bk_buf row_key;
};

static void clear_hunt(struct hunt *h)
{
	bk_buf_clear(&h->base);
	bk_buf_clear(&h->order);
	bk_buf_clear(&h->keys);
	bk_buf_clear(&h->row_key);
}

static void begin_hunt(struct hunt *h, const struct bk_search *search, const struct bk_unit *unit)
{
	const struct bk_mapping *m = search->mapping;
	static const char as_of[] = "$1::pg_catalog.timestamptz";
	BK_CLEAN(bk_free_str)
	char *lower = bk_rule_lower(unit->rule, as_of, "$2::pg_catalog.timestamptz");

	*h = (struct hunt){.search = search};
	bk_buf_str(&h->base, "b.");
	bk_sql_ident(&h->base, m->status);
	bk_buf_str(&h->base, " OPERATOR(pg_catalog.=) ");
	bk_sql_literal(&h->base, unit->from);
	bk_buf_str(&h->base, " AND ");
	bk_scan_bounds(&h->base, unit->scan, as_of, lower);
	/* Both parameters are always there, and the server wants to know their types. */
	bk_buf_fmt(&h->base, " AND %s IS NOT NULL AND $2::pg_catalog.timestamptz IS NOT NULL",
		   as_of);
	bk_buf_str(&h->order, unit->scan->column);
	for (size_t i = 0; i < m->key_count; i++) {
		bk_buf_str(&h->order, ", b.");
		bk_sql_ident(&h->order, m->keys[i]);
		bk_buf_str(&h->keys, i ? ", b." : "b.");
		bk_sql_ident(&h->keys, m->keys[i]);
	}
	bk_buf_str(&h->row_key, "(ARRAY[");
	bk_key_texts(&h->row_key, m, search->table);
	bk_buf_str(&h->row_key, "])");
}

/* What is left of the time for one statement; 0 = nothing. */
static struct bk_tx_limits limits_of(const struct bk_search *search)
{
	int64_t left = search->deadline_ms - search->clock->mono_ms(search->clock->self);
	struct bk_tx_limits limits = search->limits;

	if (left < limits.statement_ms)
		limits.statement_ms = left > 0 ? left : 1;
	return limits;
}

/* Whether the expression fails for one of the bookings of the scan for which `which`, a
   condition with a third parameter, is true as well. An error where that is not known. */
static enum bk_rc fails_for(const struct hunt *h, const char *which, const char *param,
			    bool *ret_fails, struct bk_error *err)
{
	const char *const params[] = {h->search->as_of, h->search->lower, param};
	const struct bk_tx_limits limits = limits_of(h->search);
	BK_CLEAN(bk_free_str)
	char *condition = bk_asprintf("%s AND %s", bk_buf_cstr(&h->base), which);
	const struct bk_suspects suspects = {h->search->db, h->search->mapping, condition,
					     params,        BK_COUNT(params),   &limits};
	enum bk_rc rc = ask(&suspects, h->expression, err);

	*ret_fails = rc != BK_OK;
	return rc && bk_fault_of(err) != BK_FAULT_ROW ? rc : BK_OK;
}

static enum bk_rc fails_in_first(const struct hunt *h, int64_t n, bool *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *which = NULL;
	char text[24];

	bk_table_sql(&table, h->search->mapping);
	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	which = bk_asprintf("ROW(%s) IN (SELECT %s FROM %s AS b WHERE %s ORDER BY %s"
			    " LIMIT $3::pg_catalog.int8)",
			    bk_buf_cstr(&h->keys), bk_buf_cstr(&h->keys), bk_buf_cstr(&table),
			    bk_buf_cstr(&h->base), bk_buf_cstr(&h->order));
	return fails_for(h, which, text, ret, err);
}

/* The least n for which it fails in the first n. */
static enum bk_rc find_place(const struct hunt *h, int64_t *ret, struct bk_error *err)
{
	int64_t low = 0; /* it does not fail in so many */
	int64_t high = FIRST_LOOK;
	bool fails = false;
	enum bk_rc rc;

	while (!(rc = fails_in_first(h, high, &fails, err)) && !fails) {
		if (high > INT64_MAX / 4)
			return bk_error_set(err, BK_E_NOT_FOUND, "no booking fails any more");
		low = high;
		high *= 2;
	}
	while (!rc && high - low > 1) {
		int64_t mid = low + (high - low) / 2;

		rc = fails_in_first(h, mid, &fails, err);
		*(fails ? &high : &low) = mid;
	}
	*ret = high;
	return rc;
}

static enum bk_rc read_nth(const struct hunt *h, int64_t n, char **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = limits_of(h->search);
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *const params[] = {h->search->as_of, h->search->lower};
	char before[24];
	enum bk_rc rc;

	(void)snprintf(before, sizeof(before), "%" PRId64, n - 1);
	bk_table_sql(&table, h->search->mapping);
	const struct bk_sql_var vars[] = {{"key", bk_buf_cstr(&h->row_key)},
					  {"table", bk_buf_cstr(&table)},
					  {"condition", bk_buf_cstr(&h->base)},
					  {"order", bk_buf_cstr(&h->order)},
					  {"before", before}};
	rc = bk_sql_fill_file(&sql, "booking_nth", vars, BK_COUNT(vars), err);
	if (!rc)
		rc = bk_tx_one(h->search->db, BK_TX_READ, &limits,
			       &(const struct bk_stmt){"booking_nth", bk_buf_cstr(&sql), params, 2,
						       BK_MAYBE_ROW},
			       &rows, err);
	if (!rc && bk_rows_count(rows))
		*ret = bk_strdup(bk_rows_text(rows, 0, "key"));
	return rc;
}

/* The bookings may move between two looks: the one that is found is asked alone. */
static enum bk_rc find_booking(const struct hunt *h, struct bk_array *ret, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *key = NULL;
	BK_CLEAN(bk_free_str) char *which = NULL;
	int64_t place = 0;
	bool fails = false;
	enum bk_rc rc;

	if ((rc = find_place(h, &place, err)) || (rc = read_nth(h, place, &key, err)) || !key)
		return rc;
	which = bk_asprintf("%s OPERATOR(pg_catalog.=) $3::pg_catalog._text",
			    bk_buf_cstr(&h->row_key));
	if (!(rc = fails_for(h, which, key, &fails, err)) && fails)
		(void)bk_array_parse(key, ret);
	return rc;
}

bool bk_culprit_blame(const struct bk_search *search, const struct bk_unit *unit,
		      struct bk_error *err)
{
	const struct bk_tx_limits limits = limits_of(search);
	const char *const params[] = {search->as_of, search->lower};
	const struct bk_error theirs = *err;
	BK_CLEAN(clear_hunt) struct hunt h = {.search = search};
	BK_CLEAN(bk_culprit_clear) struct bk_culprit culprit = {.key = NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct bk_error ignored;
	bool found = false;

	if (bk_fault_of(err) != BK_FAULT_ROW)
		return false;
	begin_hunt(&h, search, unit);
	const struct bk_suspects all = {search->db, search->mapping,  bk_buf_cstr(&h.base),
					params,     BK_COUNT(params), &limits};

	if (bk_culprit_among(&all, unit->rule, &found, &culprit, &ignored) || !found)
		return false;
	h.expression = culprit.expression;
	/* Where there was no time for it, the expression is told all the same. */
	(void)find_booking(&h, &culprit.booking, &ignored);
	bk_culprit_put(&text, &culprit);
	if (strncmp(culprit.key, "rule ", 5) == 0)
		(void)bk_error_set(err, theirs.rc, "%s", bk_buf_cstr(&text));
	else
		(void)bk_error_set(err, theirs.rc, "rule %s: %s", unit->rule->name,
				   bk_buf_cstr(&text));
	memcpy(err->sqlstate, theirs.sqlstate, sizeof(err->sqlstate));
	err->systemic = true;
	(void)bk_error_hint(err, "mend the booking, or make the expression total (CASE, NULLIF); "
				 "until then each run of the job ends like this");
	return true;
}

void bk_culprit_hint(struct bk_error *err)
{
	if (bk_fault_of(err) == BK_FAULT_ROW && !err->hint[0])
		(void)bk_error_hint(err, BK_CULPRIT_HINT);
}

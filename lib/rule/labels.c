/*
 * Labels against the column of the state; see labels.h.
 */
#include "rule/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "db/tx.h"

#define PLAIN_EQUALS "OPERATOR(pg_catalog.=)"

/* Catalog look-ups are quick; what waits longer is stuck. */
static const struct bk_tx_limits limits = {10000, 2000, false, NULL};

/* A label, and where it stands first in the file. */
struct place {
	const char *label;
	const char *origin;
	char *key;
};

struct places {
	struct place *items;
	size_t count;
};

static void clear_places(struct places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->items[i].key);
	free(places->items);
}

/* The key is "bookings.states" and "active", or "rule archive: from" and "". */
static void add(struct places *places, const char *label, const char *origin, const char *key,
		const char *leaf)
{
	for (size_t i = 0; i < places->count; i++)
		if (strcmp(places->items[i].label, label) == 0)
			return;
	places->items = bk_realloc(places->items, places->count + 1, sizeof(*places->items));
	places->items[places->count++] = (struct place){
		label, origin, bk_asprintf("%s%s%s", key, *leaf ? "." : "", leaf)};
}

static void collect(struct places *places, const struct bk_mapping *m)
{
	for (int s = 0; s < BK_STATE_COUNT; s++)
		for (size_t i = 0; i < m->states[s].count; i++)
			add(places, m->states[s].items[i], NULL, "bookings.states",
			    bk_state_names[s]);
	for (size_t r = 0; r < m->rule_count; r++) {
		const struct bk_own_rule *rule = &m->rules[r];
		BK_CLEAN(bk_free_str) char *from = bk_asprintf("rule %s: from", rule->name);
		BK_CLEAN(bk_free_str) char *to = bk_asprintf("rule %s: to", rule->name);

		for (size_t i = 0; i < rule->from.count; i++)
			add(places, rule->from.items[i], rule->origin, from, "");
		add(places, rule->to, rule->origin, to, "");
	}
}

/* What the column says of labels. */
struct column {
	const char *name;
	const char *type;  /* for people and for SQL */
	const char *check; /* here and below as SQL */
	const char *collation;
	const char *equals;
};

/* Asks for some labels that follow one another. */
static enum bk_rc ask(struct bk_db *db, const struct column *c, const struct place *first,
		      size_t count, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var vars[] = {{"type", c->type},
					  {"status", c->name},
					  {"check", c->check},
					  {"collation", c->collation},
					  {"equals", c->equals}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf array = BK_BUF_INIT;
	const char **labels = bk_calloc(count, sizeof(*labels));
	const char *params[1];
	enum bk_rc rc;

	for (size_t i = 0; i < count; i++)
		labels[i] = first[i].label;
	bk_db_text_array(&array, labels, count);
	free(labels);
	params[0] = bk_buf_cstr(&array);
	if ((rc = bk_sql_fill_file(&sql, "booking_labels", vars, BK_COUNT(vars), err)))
		return rc;
	return bk_tx_one(db, BK_TX_READ, &limits,
			 &(const struct bk_stmt){"booking_labels", bk_buf_cstr(&sql), params, 1,
						 BK_ANY_ROWS},
			 ret, err);
}

/* The type itself, or a domain, refuses some label. */
static bool is_by_type(const struct bk_error *err)
{
	return strncmp(err->sqlstate, "22", 2) == 0 || strncmp(err->sqlstate, "23", 2) == 0;
}

static enum bk_rc refuse_by_type(const struct column *c, struct bk_error *err)
{
	const struct bk_error theirs = *err;
	const char *reason = strstr(theirs.message, ": ");

	return bk_error_set(err, BK_E_MAPPING, "column \"%s\" is of type %s: %s", c->name, c->type,
			    reason ? reason + 2 : theirs.message);
}

static bool is_true(const char *text)
{
	return text && *text == 't';
}

static enum bk_rc refuse_value(const struct bk_rows *rows, int row, const struct column *c,
			       struct bk_error *err)
{
	const char *why = NULL;

	if (is_true(bk_rows_text(rows, row, "refused")))
		why = "a CHECK constraint forbids it";
	if (is_true(bk_rows_text(rows, row, "cut")))
		why = "it is too long";
	if (!why)
		return BK_OK;
	return bk_error_set(err, BK_E_MAPPING, "column \"%s\" can never hold '%s': %s", c->name,
			    bk_rows_text(rows, row, "label"), why);
}

/* Two labels that the column holds for one value, such as 1 and 01, or Active and ACTIVE where
   it does not tell cases, would be two states, or a target that is its own source. */
static enum bk_rc refuse_spelling(const struct places *places, size_t i, const char *same_as,
				  const struct column *c, struct bk_error *err)
{
	const struct place *place = &places->items[i];
	size_t n = same_as ? (size_t)strtoul(same_as, NULL, 10) : 0;
	const struct place *other;

	if (!n || n > i)
		return BK_OK;
	other = &places->items[n - 1];
	if (strcmp(other->key, place->key) == 0)
		(void)bk_error_set(err, BK_E_MAPPING,
				   "'%s' and '%s' are one value of column \"%s\"", other->label,
				   place->label, c->name);
	else
		(void)bk_error_set(err, BK_E_MAPPING,
				   "'%s' of %s and '%s' are one value of column \"%s\"",
				   other->label, other->key, place->label, c->name);
	return bk_error_hint(err, "write it in one way, and in one state");
}

/* Each label by itself, for the server names but one that it refuses. */
static enum bk_rc check_each(struct bk_db *db, const struct places *places, const struct column *c,
			     struct bk_misfits *misfits, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < places->count && !rc; i++) {
		const struct place *place = &places->items[i];
		BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

		rc = ask(db, c, place, 1, &rows, err);
		if (rc && is_by_type(err))
			rc = refuse_by_type(c, err);
		else if (!rc && bk_rows_count(rows))
			rc = refuse_value(rows, 0, c, err);
		rc = bk_misfit(misfits, place->origin, place->key, rc, err);
	}
	return rc;
}

static enum bk_rc check_all(struct bk_db *db, const struct places *places, const struct column *c,
			    struct bk_misfits *misfits, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = ask(db, c, places->items, places->count, &rows, err);

	if (rc && is_by_type(err))
		return check_each(db, places, c, misfits, err);
	for (int i = 0; !rc && i < bk_rows_count(rows); i++) {
		const struct place *place = &places->items[i];

		rc = refuse_value(rows, i, c, err);
		if (!rc)
			rc = refuse_spelling(places, (size_t)i, bk_rows_text(rows, i, "same_as"), c,
					     err);
		rc = bk_misfit(misfits, place->origin, place->key, rc, err);
	}
	return rc;
}

enum bk_rc bk_labels_check(struct bk_db *db, const struct bk_mapping *m, struct bk_table *table,
			   struct bk_misfits *misfits, struct bk_error *err)
{
	const char *params[] = {m->table_schema, m->table_name, m->status};
	const struct bk_stmt stmt = {"booking_status", bk_sql_text("booking_status"), params, 3,
				     BK_ONE_ROW};
	BK_CLEAN(clear_places) struct places places = {NULL, 0};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct column c = {.name = m->status, .type = bk_table_column(table, m->status)->shown};
	const char *check;
	enum bk_rc rc;

	if ((rc = bk_tx_one(db, BK_TX_READ, &limits, &stmt, &rows, err)))
		return rc;
	check = bk_rows_text(rows, 0, "expression");
	c.check = check ? check : "true";
	c.collation = bk_rows_text(rows, 0, "collation");
	c.equals = bk_rows_text(rows, 0, "equals");
	if (strcmp(c.equals, PLAIN_EQUALS) != 0)
		table->status_equals = bk_strdup(c.equals);
	collect(&places, m);
	return check_all(db, &places, &c, misfits, err);
}

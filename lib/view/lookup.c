/*
 * Gathering one booking; see lookup.h. The texts of its key are parameters of
 * every statement.
 */
#include "view/lookup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/key.h"
#include "rule/rule.h"
#include "rule/unit.h"
#include "view/mapped.h"
#include "view/read.h"

/* Of a booking's rows in quarantine, of which there is one per rule. */
#define MOST_ASIDE 1000
#define MOST_ASIDE_TEXT "1001" /* one more: then there would be a next page */
#define NOW "pg_catalog.now()"
/* Parameters of a page that stand before the key. */
enum { PAGE_PARAMS = 3 };

enum { BOOKING, HOLD, QUARANTINE, CHANGES, RULES, STATEMENTS };

#define AT(member) offsetof(struct bk_lookup, member)

static const struct bk_field lookup_fields[] = {
	{"key", BK_FIELD_ARRAY, AT(key)},      {"state", BK_FIELD_TEXT, AT(state)},
	{"status", BK_FIELD_TEXT, AT(status)}, {"as_of", BK_FIELD_TEXT, AT(as_of)},
	{"values", BK_FIELD_ARRAY, AT(texts)},
};

#undef AT
#define AT(member) offsetof(struct bk_rule_view, member)

static const struct bk_field rule_fields[] = {
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"job_name", BK_FIELD_TEXT, AT(job_name)},
	{"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},
	{"applies", BK_FIELD_BOOL, AT(applies)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
	{"due_at", BK_FIELD_TEXT, AT(due_at)},
	{"until_at", BK_FIELD_TEXT, AT(until_at)},
	{"end_at", BK_FIELD_TEXT, AT(end_at)},
};

#undef AT
#define AT(member) offsetof(struct bk_change_view, member)

static const struct bk_field change_fields[] = {
	{"at", BK_FIELD_TEXT, AT(at)},
	{"execution_id", BK_FIELD_TEXT, AT(execution_id)},
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"invoked_by", BK_FIELD_TEXT, AT(invoked_by)},
	{"triggered_by", BK_FIELD_TEXT, AT(triggered_by)},
};

#undef AT

void bk_lookup_clear(struct bk_lookup *found)
{
	bk_fields_clear(lookup_fields, BK_COUNT(lookup_fields), found);
	free(found->values);
	for (size_t i = 0; i < found->rule_count; i++)
		bk_fields_clear(rule_fields, BK_COUNT(rule_fields), &found->rules[i]);
	free(found->rules);
	for (size_t i = 0; i < found->change_count; i++)
		bk_fields_clear(change_fields, BK_COUNT(change_fields), &found->changes[i]);
	free(found->changes);
	bk_hold_list_clear(&found->hold);
	bk_quarantine_clear(&found->quarantine);
	*found = (struct bk_lookup){.rules = NULL};
}

/* The statements and what they are made from. */
struct lookup {
	const struct bk_conf *conf;
	const struct bk_mapping *mapping;
	struct bk_table table;
	struct bk_rules rules;
	struct bk_buf session;
	struct bk_tx_company company;
	struct bk_buf table_sql;
	struct bk_key_sql key;      /* parameters from $1 on */
	struct bk_key_sql page_key; /* from $4 on */
	const char **params;        /* those of a page, then the key */
	struct bk_buf sql[STATEMENTS];
	size_t count; /* of the statements: without rules there is one less */
};

static void lookup_clear(struct lookup *l)
{
	bk_rules_clear(&l->rules);
	bk_table_clear(&l->table);
	bk_buf_clear(&l->session);
	bk_buf_clear(&l->table_sql);
	bk_key_sql_clear(&l->key);
	bk_key_sql_clear(&l->page_key);
	free(l->params);
	for (size_t i = 0; i < STATEMENTS; i++)
		bk_buf_clear(&l->sql[i]);
}

static void write_state(const struct lookup *l, struct bk_buf *out)
{
	bk_buf_str(out, "CASE");
	for (int s = 0; s < BK_STATE_COUNT; s++)
		for (size_t i = 0; i < l->mapping->states[s].count; i++) {
			bk_buf_str(out, " WHEN b.");
			bk_sql_ident(out, l->mapping->status);
			bk_buf_str(out, " = ");
			bk_sql_literal(out, l->mapping->states[s].items[i]);
			bk_buf_fmt(out, " THEN '%s'", bk_state_names[s]);
		}
	bk_buf_str(out, " END");
}

static enum bk_rc write_booking(struct lookup *l, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf values = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf state = BK_BUF_INIT;

	bk_mapped_texts(l->mapping, &l->table, &values);
	write_state(l, &state);
	const struct bk_sql_var vars[] = {
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&l->key.match)},
		{"row_key", bk_buf_cstr(&l->key.row_key)},
		{"state", bk_buf_cstr(&state)},
		{"status", l->mapping->status},
		{"values", bk_buf_cstr(&values)},
	};
	return bk_sql_fill_file(&l->sql[BOOKING], "view_booking", vars, BK_COUNT(vars), err);
}

/* The key of the booking as bk's own tables have it, as a sub-select. */
static enum bk_rc write_key(const struct lookup *l, const struct bk_key_sql *key,
			    struct bk_buf *out, struct bk_error *err)
{
	const struct bk_sql_var vars[] = {
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&key->match)},
		{"row_key", bk_buf_cstr(&key->row_key)},
	};

	return bk_sql_fill_file(out, "booking_key", vars, BK_COUNT(vars), err);
}

/* The list of all bookings, narrowed to this one. */
static enum bk_rc write_page(struct lookup *l, int statement, const char *file, const char *column,
			     struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf which = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_fmt(&which, "%s = (", column);
	rc = write_key(l, &l->page_key, &which, err);
	bk_buf_str(&which, ")");
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(l->conf, "schema")},
					  {"which", bk_buf_cstr(&which)}};
	return rc ? rc : bk_sql_fill_file(&l->sql[statement], file, vars, BK_COUNT(vars), err);
}

static enum bk_rc write_changes(struct lookup *l, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;
	enum bk_rc rc = write_key(l, &l->key, &key, err);
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(l->conf, "schema")},
					  {"key", bk_buf_cstr(&key)}};

	return rc ? rc
		  : bk_sql_fill_file(&l->sql[CHANGES], "view_booking_transitions", vars,
				     BK_COUNT(vars), err);
}

/* The parts of a rule that depend on how its scans find a booking. */
struct rule_sql {
	struct bk_buf applies, fresh, not_over;
	char *lower;
};

static void rule_sql_clear(struct rule_sql *r)
{
	bk_buf_clear(&r->applies);
	bk_buf_clear(&r->fresh);
	bk_buf_clear(&r->not_over);
	bk_free_str(&r->lower);
}

static enum bk_rc write_scans(const struct lookup *l, const struct bk_unit *unit,
			      struct rule_sql *ret, struct bk_error *err)
{
	const struct bk_rule *rule = unit->rule;
	int64_t max_age = rule->max_age_ms ? rule->max_age_ms
					   : bk_conf_job_num(l->conf, rule->job, "max-age");
	BK_CLEAN(bk_free_str) char *later = bk_asprintf("GREATEST(" NOW ", (%s))", rule->due);
	enum bk_rc rc = BK_OK;

	ret->lower = max_age < 0 ? bk_strdup("'-infinity'::pg_catalog.timestamptz")
				 : bk_asprintf("(" NOW " - '%" PRId64 " milliseconds'::interval)",
					       max_age);
	const struct bk_scope scope = {.mapping = l->mapping,
				       .table = &l->table,
				       .schema = bk_conf_str(l->conf, "schema"),
				       .as_of = NOW,
				       .lower = ret->lower};
	for (size_t i = 0; i < rule->scan_count && !rc; i++) {
		const struct bk_unit one = {rule, &rule->scans[i], unit->from, unit->to};

		bk_buf_str(&ret->applies, i ? ") OR (" : "(");
		rc = bk_unit_condition(&ret->applies, &one, &scope, err);
		bk_buf_str(&ret->fresh, i ? ") OR (" : "(");
		bk_scan_between(&ret->fresh, one.scan, scope.lower, NOW);
	}
	bk_buf_str(&ret->applies, ")");
	bk_buf_str(&ret->fresh, ")");
	bk_rule_not_over(&ret->not_over, rule, later);
	return rc;
}

static const char *instant(const char *sql)
{
	return sql ? sql : "NULL::pg_catalog.timestamptz";
}

static enum bk_rc write_rule(struct lookup *l, const struct bk_unit *unit, size_t number,
			     struct bk_error *err)
{
	BK_CLEAN(rule_sql_clear) struct rule_sql sql = {.lower = NULL};
	BK_CLEAN(bk_free_str) char *n = bk_asprintf("%zu", number);
	enum bk_rc rc = write_scans(l, unit, &sql, err);
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(l->conf, "schema")},
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&l->key.match)},
		{"row_key", bk_buf_cstr(&l->key.row_key)},
		{"status", l->mapping->status},
		{"n", n},
		{"rule", unit->rule->name},
		{"job", unit->rule->job},
		{"from", unit->from},
		{"to", unit->to},
		{"applies", bk_buf_cstr(&sql.applies)},
		{"due_instant", unit->rule->due},
		{"until_instant", instant(unit->rule->until)},
		{"end_instant", instant(unit->rule->end)},
		{"filter", unit->rule->filter},
		{"not_over", bk_buf_cstr(&sql.not_over)},
		{"fresh", bk_buf_cstr(&sql.fresh)},
	};

	if (rc)
		return rc;
	bk_buf_str(&l->sql[RULES], number ? "UNION ALL\n" : "");
	return bk_sql_fill_file(&l->sql[RULES], "view_booking_rule", vars, BK_COUNT(vars), err);
}

/* Every rule once for each label that it starts from. */
static enum bk_rc write_rules(struct lookup *l, struct bk_error *err)
{
	struct bk_policy policy = bk_policy_of(l->conf);
	size_t number = 0;
	enum bk_rc rc = BK_OK;

	bk_rules_build(&policy, &l->rules);
	for (size_t r = 0; r < l->rules.count && !rc; r++) {
		const struct bk_rule *rule = &l->rules.items[r];
		BK_CLEAN(bk_units_clear) struct bk_units units;

		bk_units_build(&l->rules, l->mapping, rule->job, &units);
		for (size_t u = 0; u < units.count && !rc; u++)
			if (units.items[u].rule == rule && units.items[u].scan == rule->scans)
				rc = write_rule(l, &units.items[u], number++, err);
	}
	bk_buf_str(&l->sql[RULES], "ORDER BY n");
	l->count = number ? STATEMENTS : RULES;
	return rc;
}

static enum bk_rc prepare(struct lookup *l, struct bk_db *db, const char *const *keys,
			  struct bk_error *err)
{
	enum bk_rc rc = bk_table_load(db, l->mapping, &l->table, err);

	if (rc)
		return rc;
	bk_company_of(l->mapping, &l->session, &l->company);
	bk_table_sql(&l->table_sql, l->mapping);
	bk_key_sql_write(&l->key, l->mapping, &l->table, keys, 1);
	bk_key_sql_write(&l->page_key, l->mapping, &l->table, keys, 1 + PAGE_PARAMS);
	l->params = bk_calloc(PAGE_PARAMS + l->mapping->key_count, sizeof(*l->params));
	l->params[PAGE_PARAMS - 1] = MOST_ASIDE_TEXT;
	for (size_t i = 0; i < l->mapping->key_count; i++)
		l->params[PAGE_PARAMS + i] = keys[i];
	if ((rc = write_booking(l, err)) ||
	    (rc = write_page(l, HOLD, "view_holds", "h.booking_key", err)) ||
	    (rc = write_page(l, QUARANTINE, "view_quarantine", "q.booking_key", err)) ||
	    (rc = write_changes(l, err)))
		return rc;
	return write_rules(l, err);
}

/* A text that is no value of its column fails in the first statement. */
static enum bk_rc explain(const struct lookup *l, struct bk_error *err)
{
	if (strncmp(err->message, "view_booking: ", 14) != 0)
		return err->rc;
	return bk_key_explain(l->mapping, &l->table, err);
}

static enum bk_rc run(struct lookup *l, struct bk_db *db, struct bk_rows **rows,
		      struct bk_error *err)
{
	static const struct {
		const char *name;
		bool is_page;
	} statements[STATEMENTS] = {
		[BOOKING] = {"view_booking", false},
		[HOLD] = {"view_holds", true},
		[QUARANTINE] = {"view_quarantine", true},
		[CHANGES] = {"view_booking_transitions", false},
		[RULES] = {"view_booking_rule", false},
	};
	struct bk_stmt stmts[STATEMENTS];
	int keys = (int)l->mapping->key_count;

	for (size_t i = 0; i < l->count; i++)
		stmts[i] = (struct bk_stmt){
			.name = statements[i].name,
			.sql = bk_buf_cstr(&l->sql[i]),
			.params = l->params + (statements[i].is_page ? 0 : PAGE_PARAMS),
			.param_count = keys + (statements[i].is_page ? PAGE_PARAMS : 0),
			.shape = i == BOOKING ? BK_MAYBE_ROW : BK_ANY_ROWS,
		};
	if (bk_view_read_as(db, &l->company, stmts, l->count, rows, err))
		return explain(l, err);
	return BK_OK;
}

static enum bk_rc read_booking(const struct lookup *l, const struct bk_rows *rows,
			       struct bk_lookup *found, struct bk_error *err)
{
	enum bk_rc rc;

	if (!bk_rows_count(rows))
		return bk_error_set(err, BK_E_NOT_FOUND, "no booking %s",
				    bk_buf_cstr(&l->key.shown));
	if ((rc = bk_rows_read(rows, 0, lookup_fields, BK_COUNT(lookup_fields), found, err)))
		return rc;
	found->values = bk_mapped_values(l->mapping, &found->value_count);
	BK_ASSERT(found->texts.count == found->value_count);
	for (size_t i = 0; i < found->value_count; i++)
		found->values[i].value = found->texts.items[i];
	return BK_OK;
}

static enum bk_rc read_rules(const struct bk_rows *rows, struct bk_lookup *found,
			     struct bk_error *err)
{
	int count = rows ? bk_rows_count(rows) : 0;
	enum bk_rc rc = BK_OK;

	found->rules = bk_calloc((size_t)count + 1, sizeof(*found->rules));
	for (int i = 0; i < count && !rc; i++)
		rc = bk_rows_read(rows, i, rule_fields, BK_COUNT(rule_fields),
				  &found->rules[found->rule_count++], err);
	return rc;
}

static enum bk_rc read_changes(const struct bk_rows *rows, struct bk_lookup *found,
			       struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	found->changes = bk_calloc((size_t)count + 1, sizeof(*found->changes));
	for (int i = 0; i < count && !rc; i++)
		rc = bk_rows_read(rows, i, change_fields, BK_COUNT(change_fields),
				  &found->changes[found->change_count++], err);
	return rc;
}

enum bk_rc bk_view_booking(struct bk_db *db, const struct bk_conf *conf, const char *const *keys,
			   struct bk_lookup *ret, struct bk_error *err)
{
	BK_CLEAN(lookup_clear)
	struct lookup l = {.conf = conf, .mapping = bk_conf_mapping(conf)};
	BK_CLEAN(bk_lookup_clear) struct bk_lookup found = {.rules = NULL};
	struct bk_rows *rows[STATEMENTS] = {NULL};
	enum bk_rc rc;

	if ((rc = prepare(&l, db, keys, err)) || (rc = run(&l, db, rows, err)))
		return rc;
	rc = read_booking(&l, rows[BOOKING], &found, err);
	if (!rc)
		rc = bk_hold_list_read(rows[HOLD], 1, &found.hold, err);
	if (!rc)
		rc = bk_quarantine_read(rows[QUARANTINE], MOST_ASIDE, &found.quarantine, err);
	if (!rc)
		rc = read_rules(rows[RULES], &found, err);
	if (!rc)
		rc = read_changes(rows[CHANGES], &found, err);
	for (size_t i = 0; i < STATEMENTS; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		return rc;
	*ret = found;
	found = (struct bk_lookup){.rules = NULL};
	return BK_OK;
}

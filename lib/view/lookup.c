/*
 * Gathering one booking; see lookup.h. All of it is asked in one trip; only where an expression
 * of the mapping fails for this booking it is asked piece by piece, and what fails is told.
 */
#include "view/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/culprit.h"
#include "rule/obstacle.h"
#include "rule/privilege.h"
#include "view/lookup_sql.h"
#include "view/read.h"
#include "view/verdict.h"

enum { BOOKING, HOLD, QUARANTINE, CHANGES, RULES, STATEMENTS };

/* What else a booking's row has. */
struct row {
	struct bk_array texts;
	struct bk_array instants;
};

static const struct bk_field row_fields[] = {
	{"values", BK_FIELD_ARRAY, offsetof(struct row, texts)},
	{"instants", BK_FIELD_ARRAY, offsetof(struct row, instants)},
};

static void row_clear(struct row *row)
{
	bk_fields_clear(row_fields, BK_COUNT(row_fields), row);
}

#define AT(member) offsetof(struct bk_lookup, member)

static const struct bk_field lookup_fields[] = {
	{"key", BK_FIELD_ARRAY, AT(key)},      {"state", BK_FIELD_TEXT, AT(state)},
	{"status", BK_FIELD_TEXT, AT(status)}, {"deadline_at", BK_FIELD_TEXT, AT(deadline_at)},
	{"as_of", BK_FIELD_TEXT, AT(as_of)},
};

#undef AT
#define AT(member) offsetof(struct bk_rule_view, member)

static const struct bk_field rule_fields[] = {
	{"n", BK_FIELD_INT, AT(n)},
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"job_name", BK_FIELD_TEXT, AT(job_name)},
	{"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},
	{"applies", BK_FIELD_BOOL, AT(applies)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
	{"over_by", BK_FIELD_TEXT, AT(over_by)},
	{"is_due", BK_FIELD_BOOL, AT(is_due)},
	{"held", BK_FIELD_BOOL, AT(held)},
	{"aside", BK_FIELD_BOOL, AT(aside)},
	{"stopped", BK_FIELD_BOOL, AT(stopped)},
	{"due_at", BK_FIELD_TEXT, AT(due_at)},
	{"until_at", BK_FIELD_TEXT, AT(until_at)},
	{"end_at", BK_FIELD_TEXT, AT(end_at)},
	{"held_until", BK_FIELD_TEXT, AT(held_until)},
	{"next_try_at", BK_FIELD_TEXT, AT(next_try_at)},
	{"stopped_until", BK_FIELD_TEXT, AT(stopped_until)},
	{"ready_at", BK_FIELD_TEXT, AT(ready_at)},
	{"will_at", BK_FIELD_TEXT, AT(will_at)},
	{"job_status", BK_FIELD_TEXT, AT(job_status)},
	{"job_next_run_at", BK_FIELD_TEXT, AT(job_next_run_at)},
	{"job_reason", BK_FIELD_TEXT, AT(job_reason)},
};

#undef AT
#define AT(member) offsetof(struct bk_change_view, member)

static const struct bk_field change_fields[] = {
	{"at", BK_FIELD_TEXT, AT(at)},
	{"execution_id", BK_FIELD_TEXT, AT(execution_id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"rule", BK_FIELD_TEXT, AT(rule)},
	{"from_state", BK_FIELD_TEXT, AT(from_state)},
	{"to_state", BK_FIELD_TEXT, AT(to_state)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"invoked_by", BK_FIELD_TEXT, AT(invoked_by)},
	{"triggered_by", BK_FIELD_TEXT, AT(triggered_by)},
};

#undef AT

static void rule_clear(struct bk_rule_view *rule)
{
	bk_fields_clear(rule_fields, BK_COUNT(rule_fields), rule);
	bk_free_str(&rule->explanation);
	bk_free_str(&rule->fault);
}

void bk_lookup_clear(struct bk_lookup *found)
{
	bk_fields_clear(lookup_fields, BK_COUNT(lookup_fields), found);
	for (size_t i = 0; i < found->value_count; i++) {
		free(found->values[i].value);
		free(found->values[i].instant);
		free(found->values[i].error);
	}
	free(found->values);
	for (size_t i = 0; i < found->rule_count; i++)
		rule_clear(&found->rules[i]);
	free(found->rules);
	for (size_t i = 0; i < found->change_count; i++)
		bk_fields_clear(change_fields, BK_COUNT(change_fields), &found->changes[i]);
	free(found->changes);
	bk_hold_list_clear(&found->hold);
	bk_quarantine_clear(&found->quarantine);
	*found = (struct bk_lookup){.rules = NULL};
}

/* --- asking --- */

static struct bk_stmt with_key(const struct bk_lookup_sql *l, const char *name,
			       const struct bk_buf *sql, enum bk_shape shape)
{
	return (struct bk_stmt){.name = name,
				.sql = bk_buf_cstr(sql),
				.params = l->params + BK_LOOKUP_PAGE,
				.param_count = (int)l->mapping->key_count,
				.shape = shape};
}

static struct bk_stmt of_page(const struct bk_lookup_sql *l, const char *name,
			      const struct bk_buf *sql)
{
	return (struct bk_stmt){.name = name,
				.sql = bk_buf_cstr(sql),
				.params = l->params,
				.param_count = BK_LOOKUP_PAGE + (int)l->mapping->key_count,
				.shape = BK_ANY_ROWS};
}

/* `plain`: nothing of it can fail for what is in the booking, so the rules are left out. */
static enum bk_rc ask(const struct bk_lookup_sql *l, struct bk_db *db, bool plain,
		      struct bk_rows **rows, struct bk_error *err)
{
	const struct bk_stmt stmts[STATEMENTS] = {
		[BOOKING] = with_key(l, "view_booking", plain ? &l->plain : &l->booking,
				     BK_MAYBE_ROW),
		[HOLD] = of_page(l, "view_holds", &l->hold),
		[QUARANTINE] = of_page(l, "view_quarantine", &l->quarantine),
		[CHANGES] = with_key(l, "view_booking_transitions", &l->changes, BK_ANY_ROWS),
		[RULES] = with_key(l, "view_booking_rule", &l->all, BK_ANY_ROWS),
	};
	size_t count = plain || !l->count ? RULES : STATEMENTS;

	return bk_view_read_as(db, &l->company, stmts, count, rows, err);
}

static enum bk_rc ask_alone(const struct bk_lookup_sql *l, struct bk_db *db, const char *name,
			    const struct bk_buf *sql, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_stmt stmt = with_key(l, name, sql, BK_MAYBE_ROW);

	return bk_view_read_as(db, &l->company, &stmt, 1, ret, err);
}

/* --- reading --- */

static const char *item_of(const struct bk_array *array, size_t i)
{
	return i < array->count ? array->items[i] : NULL;
}

/* What a policy hides is not missing. */
static enum bk_rc not_found(const struct bk_lookup_sql *l, struct bk_db *db, struct bk_error *err)
{
	bool hides = false;
	enum bk_rc rc = BK_OK;

	if (l->mapping->rls_accepted)
		rc = bk_policies_hide(db, bk_conf_str(l->conf, "schema"), l->mapping, &hides, err);
	if (rc)
		return rc;
	(void)bk_error_set(err, BK_E_NOT_FOUND, "no booking %s", bk_buf_cstr(&l->key.shown));
	if (!hides)
		return BK_E_NOT_FOUND;
	return bk_error_hint(err, "row-level security may hide it from the role %s",
			     bk_db_user(db));
}

static enum bk_rc read_booking(const struct bk_lookup_sql *l, struct bk_db *db,
			       const struct bk_rows *rows, struct bk_lookup *found,
			       struct bk_error *err)
{
	BK_CLEAN(row_clear) struct row row = {{NULL, 0}, {NULL, 0}};
	enum bk_rc rc;

	if (!bk_rows_count(rows))
		return not_found(l, db, err);
	if ((rc = bk_rows_read(rows, 0, lookup_fields, BK_COUNT(lookup_fields), found, err)) ||
	    (rc = bk_rows_read(rows, 0, row_fields, BK_COUNT(row_fields), &row, err)))
		return rc;
	found->values = bk_calloc(l->mapped.count, sizeof(*found->values));
	found->value_count = l->mapped.count;
	for (size_t i = 0; i < found->value_count; i++)
		found->values[i] = (struct bk_value_view){
			.name = l->mapped.items[i].name,
			.column = l->mapped.items[i].column,
			.value = bk_strdup(item_of(&row.texts, i)),
			.instant = bk_strdup(item_of(&row.instants, i)),
		};
	return BK_OK;
}

static struct bk_rule_view *add_rule(struct bk_lookup *found)
{
	found->rules = bk_realloc(found->rules, found->rule_count + 1, sizeof(*found->rules));
	found->rules[found->rule_count] = (struct bk_rule_view){.rule = NULL};
	return &found->rules[found->rule_count++];
}

static const char *class_of(const struct bk_mapping *m, const char *label)
{
	for (int s = 0; s < BK_STATE_COUNT; s++)
		for (size_t i = 0; i < m->states[s].count; i++)
			if (strcmp(m->states[s].items[i], label) == 0)
				return bk_state_names[s];
	return NULL;
}

static enum bk_rc read_rules(const struct bk_lookup_sql *l, const struct bk_rows *rows,
			     struct bk_lookup *found, struct bk_error *err)
{
	int count = rows ? bk_rows_count(rows) : 0;

	for (int i = 0; i < count; i++) {
		struct bk_rule_view *rule = add_rule(found);
		enum bk_rc rc = bk_rows_read(rows, i, rule_fields, BK_COUNT(rule_fields), rule,
					     err);

		if (rc)
			return rc;
		rule->kind = l->items[rule->n].rule->kind;
		rule->to_class = class_of(l->mapping, rule->to_state);
	}
	return BK_OK;
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

static enum bk_rc read_all(const struct bk_lookup_sql *l, struct bk_db *db,
			   struct bk_rows *const *rows, struct bk_lookup *found,
			   struct bk_error *err)
{
	enum bk_rc rc = read_booking(l, db, rows[BOOKING], found, err);

	if (!rc)
		rc = bk_hold_list_read(rows[HOLD], 1, &found->hold, err);
	if (!rc)
		rc = bk_quarantine_read(rows[QUARANTINE], BK_LOOKUP_ASIDE, &found->quarantine, err);
	if (!rc)
		rc = read_rules(l, rows[RULES], found, err);
	return rc ? rc : read_changes(rows[CHANGES], found, err);
}

/* --- piece by piece --- */

/* What the server says, without the name of the statement. */
static char *words_of(const struct bk_error *err)
{
	const char *colon = strstr(err->message, ": ");

	return bk_strdup(colon ? colon + 2 : err->message);
}

/* *ret_text and *ret_instant of an expression; *ret_fault where it fails. */
static enum bk_rc ask_value(const struct bk_lookup_sql *l, struct bk_db *db, const char *text,
			    const char *instant, struct bk_value_view *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = bk_lookup_value_sql(l, text, instant, &sql, err)))
		return rc;
	rc = ask_alone(l, db, "view_booking_value", &sql, &rows, err);
	if (rc && bk_fault_of(err) == BK_FAULT_ROW) {
		ret->error = words_of(err);
		return BK_OK;
	}
	if (rc || !bk_rows_count(rows))
		return rc;
	free(ret->value);
	ret->value = bk_strdup(bk_rows_text(rows, 0, "value"));
	ret->instant = bk_strdup(bk_rows_text(rows, 0, "instant"));
	return BK_OK;
}

static enum bk_rc ask_values(const struct bk_lookup_sql *l, struct bk_db *db,
			     struct bk_lookup *found, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *deadline = bk_deadline_sql(&l->policy);
	struct bk_value_view at = {.name = "deadline"};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < found->value_count && !rc; i++) {
		const struct bk_mapped *item = &l->mapped.items[i];

		if (item->is_expression || item->instant)
			rc = ask_value(l, db, item->text, item->instant, &found->values[i], err);
	}
	if (!rc && deadline)
		rc = ask_value(l, db, "NULL", deadline, &at, err);
	found->deadline_at = at.instant;
	free(at.value);
	free(at.error);
	return rc;
}

/* A rule that cannot be judged: which of its expressions fails. */
static enum bk_rc add_failing(const struct bk_lookup_sql *l, struct bk_db *db,
			      const struct bk_lookup_rule *item, struct bk_lookup *found,
			      struct bk_error *err)
{
	const struct bk_tx_limits limits = {10000, 2000, false, &l->company};
	const struct bk_suspects suspects = {.db = db,
					     .mapping = l->mapping,
					     .condition = bk_buf_cstr(&l->key.match),
					     .params = l->params + BK_LOOKUP_PAGE,
					     .param_count = (int)l->mapping->key_count,
					     .limits = &limits};
	BK_CLEAN(bk_culprit_clear) struct bk_culprit culprit = {.key = NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct bk_rule_view *rule = add_rule(found);
	bool is_found = false;
	enum bk_rc rc;

	*rule = (struct bk_rule_view){
		.rule = bk_strdup(item->rule->name),
		.job_name = bk_strdup(item->rule->job),
		.from_state = bk_strdup(item->from),
		.to_state = bk_strdup(item->to),
		.reason = bk_strdup("expression-fails"),
		.kind = item->rule->kind,
		.fault = words_of(err),
	};
	rc = bk_culprit_among(&suspects, item->rule, &is_found, &culprit, err);
	if (rc || !is_found)
		return rc;
	bk_culprit_put(&text, &culprit);
	free(rule->fault);
	rule->fault = bk_buf_take(&text);
	return BK_OK;
}

static enum bk_rc ask_rules(const struct bk_lookup_sql *l, struct bk_db *db,
			    struct bk_lookup *found, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < l->count && !rc; i++) {
		BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

		rc = ask_alone(l, db, "view_booking_rule", &l->items[i].sql, &rows, err);
		if (!rc)
			rc = read_rules(l, rows, found, err);
		else if (bk_fault_of(err) == BK_FAULT_ROW)
			rc = add_failing(l, db, &l->items[i], found, err);
	}
	return rc;
}

static enum bk_rc gather(const struct bk_lookup_sql *l, struct bk_db *db, struct bk_rows **rows,
			 struct bk_lookup *found, struct bk_error *err)
{
	enum bk_rc rc = ask(l, db, false, rows, err);

	if (!rc)
		return read_all(l, db, rows, found, err);
	if (bk_fault_of(err) != BK_FAULT_ROW)
		return rc;
	/* What fails now is a text that is no value of its key column. */
	if ((rc = ask(l, db, true, rows, err)))
		return bk_key_explain(l->mapping, &l->table, err);
	if ((rc = read_all(l, db, rows, found, err)) || (rc = ask_values(l, db, found, err)))
		return rc;
	return ask_rules(l, db, found, err);
}

enum bk_rc bk_view_booking(struct bk_db *db, const struct bk_conf *conf, const char *const *keys,
			   struct bk_lookup *ret, struct bk_error *err)
{
	BK_CLEAN(bk_lookup_sql_clear) struct bk_lookup_sql l = {.conf = conf};
	BK_CLEAN(bk_lookup_clear) struct bk_lookup found = {.rules = NULL};
	struct bk_rows *rows[STATEMENTS] = {NULL};
	enum bk_rc rc;

	if ((rc = bk_lookup_sql_write(&l, db, keys, err)))
		return rc;
	rc = gather(&l, db, rows, &found, err);
	for (size_t i = 0; i < STATEMENTS; i++)
		bk_rows_clean(&rows[i]);
	if (rc)
		return rc;
	for (size_t i = 0; i < found.rule_count; i++)
		bk_verdict_finish(&found, &found.rules[i]);
	*ret = found;
	found = (struct bk_lookup){.rules = NULL};
	return BK_OK;
}

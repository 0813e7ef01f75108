/*
 * Writing of the statements; see lookup_sql.h.
 */
#include "view/lookup_sql.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqltext.h"
#include "rule/obstacle.h"

#define ASIDE_TEXT "1001" /* one more: then there would be a next page */
_Static_assert(BK_LOOKUP_ASIDE == 1000, "the limit and its text are one");
#define NOW "pg_catalog.now()"
#define NEXT "bk_next.bk_at"
#define NO_INSTANT "NULL::pg_catalog.timestamptz"

void bk_lookup_sql_clear(struct bk_lookup_sql *l)
{
	for (size_t i = 0; i < l->count; i++)
		bk_buf_clear(&l->items[i].sql);
	free(l->items);
	for (size_t i = 0; i < l->off_count; i++)
		bk_rules_clear(&l->off[i]);
	free(l->off);
	bk_rules_clear(&l->rules);
	bk_mapped_clear(&l->mapped);
	bk_table_clear(&l->table);
	bk_key_sql_clear(&l->key);
	bk_key_sql_clear(&l->page_key);
	free(l->params);
	struct bk_buf *bufs[] = {&l->session, &l->table_sql,  &l->booking, &l->plain,
				 &l->hold,    &l->quarantine, &l->changes, &l->all};
	for (size_t i = 0; i < BK_COUNT(bufs); i++)
		bk_buf_clear(bufs[i]);
}

static void write_state(const struct bk_lookup_sql *l, struct bk_buf *out)
{
	/* All states may be those of rules of the file. */
	bk_buf_str(out, "CASE WHEN false THEN ''");
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

/* `plain`: columns as they stand there, and nothing made of them. */
static void write_values(const struct bk_lookup_sql *l, bool plain, struct bk_buf *texts,
			 struct bk_buf *instants)
{
	bk_buf_str(texts, "ARRAY[");
	bk_buf_str(instants, "ARRAY[");
	for (size_t i = 0; i < l->mapped.count; i++) {
		const struct bk_mapped *item = &l->mapped.items[i];
		const char *instant = plain ? NULL : item->instant;

		bk_buf_str(texts, i ? ", " : "");
		bk_buf_str(texts, plain && item->is_expression ? "NULL" : item->text);
		bk_buf_str(instants, i ? ", " : "");
		bk_buf_str(instants, instant ? instant : NO_INSTANT);
	}
	bk_buf_char(texts, ']');
	bk_buf_char(instants, ']');
}

static enum bk_rc write_booking(struct bk_lookup_sql *l, bool plain, struct bk_buf *out,
				struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf values = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf instants = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf state = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *deadline = plain ? NULL : bk_deadline_sql(&l->policy);

	write_values(l, plain, &values, &instants);
	write_state(l, &state);
	const struct bk_sql_var vars[] = {
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&l->key.match)},
		{"row_key", bk_buf_cstr(&l->key.row_key)},
		{"state", bk_buf_cstr(&state)},
		{"status", l->mapping->status},
		{"values", bk_buf_cstr(&values)},
		{"instants", bk_buf_cstr(&instants)},
		{"deadline", deadline ? deadline : NO_INSTANT},
	};
	return bk_sql_fill_file(out, "view_booking", vars, BK_COUNT(vars), err);
}

enum bk_rc bk_lookup_value_sql(const struct bk_lookup_sql *l, const char *text, const char *instant,
			       struct bk_buf *out, struct bk_error *err)
{
	const struct bk_sql_var vars[] = {
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&l->key.match)},
		{"text", text},
		{"instant", instant ? instant : NO_INSTANT},
	};

	return bk_sql_fill_file(out, "view_booking_value", vars, BK_COUNT(vars), err);
}

/* The key of the booking as bk's own tables have it, as a sub-select. */
static enum bk_rc write_key(const struct bk_lookup_sql *l, const struct bk_key_sql *key,
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
static enum bk_rc write_page(struct bk_lookup_sql *l, struct bk_buf *out, const char *file,
			     const char *column, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf which = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_fmt(&which, "%s = (", column);
	rc = write_key(l, &l->page_key, &which, err);
	bk_buf_str(&which, ")");
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(l->conf, "schema")},
					  {"which", bk_buf_cstr(&which)}};
	return rc ? rc : bk_sql_fill_file(out, file, vars, BK_COUNT(vars), err);
}

static enum bk_rc write_changes(struct bk_lookup_sql *l, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;
	enum bk_rc rc = write_key(l, &l->key, &key, err);
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(l->conf, "schema")},
					  {"key", bk_buf_cstr(&key)}};

	return rc ? rc
		  : bk_sql_fill_file(&l->changes, "view_booking_transitions", vars, BK_COUNT(vars),
				     err);
}

/* --- rules --- */

/* The parts of a rule that depend on how its scans find a booking, and when. */
struct rule_sql {
	struct bk_buf applies, will, fresh, not_over, obstacle;
	char *until;
};

static void rule_sql_clear(struct rule_sql *r)
{
	bk_buf_clear(&r->applies);
	bk_buf_clear(&r->will);
	bk_buf_clear(&r->fresh);
	bk_buf_clear(&r->not_over);
	bk_buf_clear(&r->obstacle);
	bk_free_str(&r->until);
}

/* How far the rule looks back from an instant. */
static char *lower_from(const struct bk_lookup_sql *l, const struct bk_rule *rule, const char *at)
{
	int64_t max_age = rule->max_age_ms ? rule->max_age_ms
					   : bk_conf_job_num(l->conf, rule->job, "max-age");

	return max_age < 0 ? bk_strdup("'-infinity'::pg_catalog.timestamptz")
			   : bk_asprintf("(%s OPERATOR(pg_catalog.-) '%" PRId64
					 " milliseconds'::pg_catalog.interval)",
					 at, max_age);
}

/* That some scan of the rule takes the booking at that instant; with a schema also that
   nobody keeps it off. */
static enum bk_rc write_condition(const struct bk_lookup_sql *l, const struct bk_unit *unit,
				  const char *schema, const char *at, struct bk_buf *out,
				  struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *lower = lower_from(l, unit->rule, at);
	const struct bk_scope scope = {.mapping = l->mapping,
				       .table = &l->table,
				       .schema = schema,
				       .as_of = at,
				       .lower = lower};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < unit->rule->scan_count && !rc; i++) {
		const struct bk_unit one = {unit->rule, &unit->rule->scans[i], unit->from,
					    unit->to};

		bk_buf_str(out, i ? ") OR (" : "(");
		rc = bk_unit_condition(out, &one, &scope, err);
	}
	bk_buf_str(out, ")");
	return rc;
}

static void write_fresh(const struct bk_lookup_sql *l, const struct bk_rule *rule, const char *at,
			struct bk_buf *out)
{
	BK_CLEAN(bk_free_str) char *lower = lower_from(l, rule, at);

	for (size_t i = 0; i < rule->scan_count; i++) {
		bk_buf_str(out, i ? ") OR (" : "(");
		bk_scan_between(out, &rule->scans[i], lower, at);
	}
	bk_buf_str(out, ")");
}

static void write_obstacle(const struct bk_lookup_sql *l, const struct bk_rule *rule,
			   struct bk_buf *out)
{
	BK_CLEAN(bk_obstacles_clear) struct bk_obstacles obstacles;

	bk_obstacles_write(&l->policy, rule, &obstacles);
	bk_buf_str(out, "CASE WHEN false THEN ''");
	for (size_t i = 0; i < obstacles.count; i++)
		bk_buf_fmt(out, " WHEN %s THEN '%s'", obstacles.items[i].condition,
			   obstacles.items[i].reason);
	bk_buf_str(out, " END");
}

/* Without what an arrival lifts. */
static char *until_of(const struct bk_rule *rule)
{
	if (!rule->until || !rule->arrived)
		return bk_strdup(rule->until ? rule->until : NO_INSTANT);
	return bk_asprintf("CASE WHEN (%s) OPERATOR(pg_catalog.<) (%s) THEN NULL ELSE (%s) END",
			   rule->arrived, rule->until, rule->until);
}

static enum bk_rc write_parts(const struct bk_lookup_sql *l, const struct bk_unit *unit,
			      struct rule_sql *ret, struct bk_error *err)
{
	const struct bk_rule *rule = unit->rule;
	BK_CLEAN(bk_free_str) char *later = bk_asprintf("GREATEST(" NOW ", (%s))", rule->due);
	enum bk_rc rc = write_condition(l, unit, bk_conf_str(l->conf, "schema"), NOW, &ret->applies,
					err);

	if (!rc)
		rc = write_condition(l, unit, NULL, NEXT, &ret->will, err);
	write_fresh(l, rule, later, &ret->fresh);
	bk_rule_not_over(&ret->not_over, rule, later);
	write_obstacle(l, rule, &ret->obstacle);
	ret->until = until_of(rule);
	return rc;
}

static struct bk_lookup_rule *add_item(struct bk_lookup_sql *l, const struct bk_unit *unit,
				       bool is_off)
{
	l->items = bk_realloc(l->items, l->count + 1, sizeof(*l->items));
	l->items[l->count] = (struct bk_lookup_rule){unit->rule, unit->from, unit->to, is_off,
						     BK_BUF_INIT};
	return &l->items[l->count++];
}

static enum bk_rc write_rule(struct bk_lookup_sql *l, const struct bk_unit *unit, bool is_off,
			     struct bk_error *err)
{
	BK_CLEAN(rule_sql_clear) struct rule_sql sql = {.until = NULL};
	BK_CLEAN(bk_free_str) char *n = bk_asprintf("%zu", l->count);
	const struct bk_rule *rule = unit->rule;
	enum bk_rc rc = is_off ? BK_OK : write_parts(l, unit, &sql, err);
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(l->conf, "schema")},
		{"table", bk_buf_cstr(&l->table_sql)},
		{"match", bk_buf_cstr(&l->key.match)},
		{"row_key", bk_buf_cstr(&l->key.row_key)},
		{"status", l->mapping->status},
		{"n", n},
		{"rule", rule->name},
		{"job", rule->job},
		{"from", unit->from},
		{"to", unit->to},
		{"applies", is_off ? "false" : bk_buf_cstr(&sql.applies)},
		{"will", is_off ? "false" : bk_buf_cstr(&sql.will)},
		{"due_instant", is_off ? NO_INSTANT : rule->due},
		{"until_instant", is_off ? NO_INSTANT : sql.until},
		{"end_instant", is_off || !rule->end ? NO_INSTANT : rule->end},
		{"obstacle", is_off ? "'job-off'" : bk_buf_cstr(&sql.obstacle)},
		{"filter", is_off ? "false" : rule->filter},
		{"not_over", is_off ? "false" : bk_buf_cstr(&sql.not_over)},
		{"fresh", is_off ? "false" : bk_buf_cstr(&sql.fresh)},
	};

	if (rc)
		return rc;
	return bk_sql_fill_file(&add_item(l, unit, is_off)->sql, "view_booking_rule", vars,
				BK_COUNT(vars), err);
}

/* Each rule of the job, or of all jobs (NULL), once for each label that it starts from. */
static enum bk_rc write_rules(struct bk_lookup_sql *l, const struct bk_rules *rules,
			      const char *job, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t r = 0; r < rules->count && !rc; r++) {
		const struct bk_rule *rule = &rules->items[r];
		BK_CLEAN(bk_units_clear) struct bk_units units;

		bk_units_build(rules, l->mapping, rule->job, &units);
		for (size_t u = 0; u < units.count && !rc; u++)
			if (units.items[u].rule == rule && units.items[u].scan == rule->scans &&
			    (!job || strcmp(rule->job, job) == 0))
				rc = write_rule(l, &units.items[u], job != NULL, err);
	}
	return rc;
}

static bool is_that_job(const void *arg, const char *job)
{
	return strcmp(arg, job) == 0;
}

/* The rules that a job would have, were it not disabled in the configuration. */
static enum bk_rc write_off(struct bk_lookup_sql *l, const char *job, struct bk_error *err)
{
	struct bk_policy policy = l->policy;
	struct bk_rules *rules;

	policy.activate |= strcmp(job, BK_JOB_ACTIVATE) == 0;
	policy.no_show |= strcmp(job, BK_JOB_NO_SHOW) == 0;
	policy.complete |= strcmp(job, BK_JOB_COMPLETE) == 0;
	policy.expire |= strcmp(job, BK_JOB_EXPIRE) == 0;
	policy.is_enabled = is_that_job;
	policy.arg = job;
	l->off = bk_realloc(l->off, l->off_count + 1, sizeof(*l->off));
	rules = &l->off[l->off_count++];
	bk_rules_build(&policy, rules);
	return write_rules(l, rules, job, err);
}

static enum bk_rc write_all_rules(struct bk_lookup_sql *l, struct bk_error *err)
{
	enum bk_rc rc;

	bk_rules_build(&l->policy, &l->rules);
	rc = write_rules(l, &l->rules, NULL, err);
	for (size_t i = 0; i < bk_conf_job_count(l->conf) && !rc; i++) {
		const char *job = bk_conf_job_at(l->conf, i)->name;

		if (!bk_conf_job_enabled(l->conf, job))
			rc = write_off(l, job, err);
	}
	for (size_t i = 0; i < l->count; i++) {
		bk_buf_str(&l->all, i ? "UNION ALL\n" : "");
		bk_buf_str(&l->all, bk_buf_cstr(&l->items[i].sql));
	}
	bk_buf_str(&l->all, l->count ? "ORDER BY n" : "");
	return rc;
}

enum bk_rc bk_lookup_sql_write(struct bk_lookup_sql *l, struct bk_db *db, const char *const *keys,
			       struct bk_error *err)
{
	enum bk_rc rc;

	l->mapping = bk_conf_mapping(l->conf);
	l->policy = bk_policy_of(l->conf);
	if ((rc = bk_table_load(db, l->mapping, &l->table, err)))
		return rc;
	bk_company_of(l->mapping, &l->session, &l->company);
	bk_table_sql(&l->table_sql, l->mapping);
	bk_mapped_build(l->mapping, &l->table, &l->mapped);
	bk_key_sql_write(&l->key, l->mapping, &l->table, keys, 1);
	bk_key_sql_write(&l->page_key, l->mapping, &l->table, keys, 1 + BK_LOOKUP_PAGE);
	l->params = bk_calloc(BK_LOOKUP_PAGE + l->mapping->key_count, sizeof(*l->params));
	l->params[BK_LOOKUP_PAGE - 1] = ASIDE_TEXT;
	for (size_t i = 0; i < l->mapping->key_count; i++)
		l->params[BK_LOOKUP_PAGE + i] = keys[i];
	if ((rc = write_booking(l, false, &l->booking, err)) ||
	    (rc = write_booking(l, true, &l->plain, err)) ||
	    (rc = write_page(l, &l->hold, "view_holds", "h.booking_key", err)) ||
	    (rc = write_page(l, &l->quarantine, "view_quarantine", "q.booking_key", err)) ||
	    (rc = write_changes(l, err)))
		return rc;
	return write_all_rules(l, err);
}

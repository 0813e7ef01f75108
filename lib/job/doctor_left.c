/*
 * What a rule leaves: bookings that are due and older than it looks back, and those that are
 * due before the column is reached by which it scans.
 */
#include "job/doctor_checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "rule/columns.h"
#include "rule/source.h"

/* --- old bookings --- */

static int64_t max_age_of(const struct bk_exam *x, const struct bk_rule *rule)
{
	return rule->max_age_ms ? rule->max_age_ms
				: bk_conf_job_num(x->request->conf, rule->job, "max-age");
}

/* Bookings of one unit that are due and older than that. */
static enum bk_rc count_old(struct bk_exam *x, const struct bk_exam_job *j,
			    const struct bk_unit *unit, const char *lower, int64_t *ret,
			    struct bk_error *err)
{
	static const struct bk_field field = {"n", BK_FIELD_INT, 0};
	const char *params[] = {j->bounds.as_of, lower, BK_EXAM_LIMIT_TEXT};
	struct bk_scope scope = bk_job_scope(j->job);
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	scope.stale = true;
	if ((rc = bk_unit_count(&sql, unit, &scope, "", err)))
		return rc;
	rc = bk_tx_one(
		x->db, BK_TX_READ, &x->limits,
		&(const struct bk_stmt){"booking_count", bk_buf_cstr(&sql), params, 3, BK_ONE_ROW},
		&rows, err);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

static void add_old(struct bk_exam *x, const struct bk_rule *rule, int64_t n)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	n = n > BK_EXAM_LIMIT ? BK_EXAM_LIMIT : n;
	bk_exam_put_count(&what, n);
	bk_buf_str(&what, n == 1 ? " is" : " are");
	bk_buf_str(&what, " due and older than max-age, ");
	bk_format_duration(&what, max_age_of(x, rule));
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "bookings-stale",
			.subject = bk_asprintf("rule %s", rule->name),
			.what = bk_buf_take(&what),
			.why = "the job leaves them as they are, so that its first run does "
			       "not rewrite years of history",
			.fix = bk_asprintf("bkmaint %s --backlog", rule->job),
			.count = n,
		});
}

/* The units of one rule follow one another; *u is moved behind them. */
static enum bk_rc check_old(struct bk_exam *x, const struct bk_exam_job *j, size_t *u,
			    struct bk_error *err)
{
	BK_CLEAN(bk_bounds_clear) struct bk_bounds bounds = {NULL, NULL};
	const struct bk_units *units = &j->job->units;
	const struct bk_rule *rule = units->items[*u].rule;
	int64_t total = 0;
	enum bk_rc rc = bk_bounds_read(x->db, max_age_of(x, rule), &x->limits, &bounds, err);

	for (; *u < units->count && !rc && x->can_read && units->items[*u].rule == rule; ++*u) {
		BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(&units->items[*u]);
		int64_t n = 0;

		if (count_old(x, j, &units->items[*u], bounds.lower, &n, err))
			rc = bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", subject, err);
		total += n;
	}
	if (total && !rc)
		add_old(x, rule, total);
	return rc;
}

enum bk_rc bk_check_stale(struct bk_exam *x, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < x->job_count && !rc; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count && !rc && x->can_read;)
			rc = check_old(x, &x->jobs[i], &u, err);
	return rc;
}

/* --- late bookings --- */

/* Where the scan of a rule comes from: the key of the file that names another column, and what
   the rule is due by. */
struct scanning {
	const char *key;
	const struct bk_source *due;
};

static struct scanning scanning_of(const struct bk_mapping *m, const struct bk_rule *rule)
{
	switch (rule->kind) {
	case BK_RULE_ACTIVATE:
	case BK_RULE_NO_SHOW:
		return (struct scanning){"bookings.start-scan", &m->start};
	case BK_RULE_COMPLETE:
	case BK_RULE_COMPLETE_ARRIVED:
	case BK_RULE_MISSED:
		return (struct scanning){"bookings.end-scan", &m->end};
	case BK_RULE_EXPIRE_HOLD:
		return (struct scanning){"bookings.hold-scan", &m->hold};
	case BK_RULE_OWN:
		break;
	}
	return (struct scanning){"scan", &rule->own->due};
}

/* Without a column of its own no scan is later than what it scans for. */
static bool may_be_late(const struct bk_mapping *m, const struct bk_rule *rule)
{
	if (!rule->own && !bk_is_mapped(&m->start_scan) && !bk_is_mapped(&m->end_scan) &&
	    !bk_is_mapped(&m->hold_scan))
		return false;
	for (size_t i = 0; i < rule->scan_count; i++)
		if (strcmp(rule->scans[i].instant, rule->due) == 0)
			return false;
	return true;
}

/* Bookings in the rule's from-states that it may take some time, up to the instants that its scans
   have reached then. */
static void put_due(struct bk_buf *out, const struct bk_exam *x, const struct bk_rule *rule)
{
	const char *from;

	bk_buf_str(out, "(false");
	for (size_t i = 0; (from = bk_rule_from(rule, x->mapping, i)); i++) {
		bk_buf_str(out, " OR ");
		bk_exam_put_state(out, x, from);
	}
	bk_buf_fmt(out, ") AND (%s) IS NOT NULL AND %s", rule->due, rule->filter);
}

static void put_late(struct bk_buf *out, const struct bk_rule *rule, const char *instant)
{
	bk_buf_fmt(out, " AND (%s OPERATOR(pg_catalog.<=) (%s)) IS NOT TRUE", instant, rule->due);
}

/* How a column of that type is written as a scan; false = it is no time. Numbers are times
   where the due instant is such a number. */
static bool form_of(const struct bk_mapping *m, const struct bk_column *c, enum bk_source_type due,
		    enum bk_source_type *ret)
{
	static const struct {
		const char *shown;
		enum bk_source_type type;
	} forms[] = {
		{"timestamp with time zone", BK_SOURCE_TIMESTAMPTZ},
		{"timestamp without time zone", BK_SOURCE_TIMESTAMP},
		{"date", BK_SOURCE_DATE},
		{"bigint", BK_SOURCE_MILLISECONDS},
		{"integer", BK_SOURCE_SECONDS},
	};

	for (size_t i = 0; i < BK_COUNT(forms); i++) {
		if (strcmp(c->base, forms[i].shown) != 0)
			continue;
		*ret = forms[i].type;
		if (*ret == BK_SOURCE_MILLISECONDS || *ret == BK_SOURCE_SECONDS) {
			*ret = due;
			return due == BK_SOURCE_MILLISECONDS || due == BK_SOURCE_SECONDS;
		}
		return *ret == BK_SOURCE_TIMESTAMPTZ || m->zone;
	}
	return false;
}

/* Whether that column, scanned by, is never late; *ret is then how it is written. */
static enum bk_rc try_column(struct bk_exam *x, const struct bk_rule *rule,
			     const struct bk_column *column, char **ret, struct bk_error *err)
{
	BK_CLEAN(bk_counted_clear) struct bk_counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *instant = NULL;
	const struct scanning s = scanning_of(x->mapping, rule);
	struct bk_source source = {.column = column->name};
	enum bk_rc rc;

	if (!form_of(x->mapping, column, s.due->type, &source.type))
		return BK_OK;
	instant = bk_source_instant(&source, x->mapping->zone, BK_SIDE_START);
	put_due(&condition, x, rule);
	put_late(&condition, rule, instant);
	rc = bk_exam_count_where(x, &x->table, bk_buf_cstr(&condition), "1", &c, err);
	if (rc || c.n)
		return rc;
	*ret = source.type == BK_SOURCE_TIMESTAMPTZ
		       ? bk_strdup(column->name)
		       : bk_asprintf("%s::%s", column->name, bk_source_type_names[source.type]);
	return BK_OK;
}

/* Of the columns that the due instant is computed from, the first that is never late. */
static enum bk_rc find_column(struct bk_exam *x, const struct bk_rule *rule, char **ret,
			      struct bk_error *err)
{
	const struct scanning s = scanning_of(x->mapping, rule);
	struct bk_labels names = {NULL, 0};
	enum bk_rc rc = BK_OK;

	bk_columns_add_sql(&names, s.due->expr);
	for (size_t i = 0; i < names.count && !rc && !*ret; i++) {
		const struct bk_column *c = bk_table_column(&x->table, names.items[i]);

		if (c)
			rc = try_column(x, rule, c, ret, err);
	}
	bk_labels_clear(&names);
	return rc;
}

/* What to type, with that column where there is one. */
static char *late_fix(const struct bk_mapping *m, const struct bk_rule *rule, const char *column)
{
	const struct scanning s = scanning_of(m, rule);
	BK_CLEAN(bk_free_str)
	char *where = rule->own ? bk_asprintf("rule %s", rule->name) : bk_strdup("bookings");

	if (s.due->column)
		return bk_asprintf("leave %s out of %s: it is due by a plain column", s.key, where);
	if (column)
		return bk_asprintf("%s%s%s = \"%s\"", rule->own ? where : "", rule->own ? ": " : "",
				   s.key, column);
	return bk_asprintf("name in %s another %s, a column that is never later than due; without "
			   "it a run reads all bookings",
			   where, s.key);
}

static void add_late(struct bk_exam *x, const struct bk_rule *rule, struct bk_counted *c,
		     const char *column)
{
	const struct bk_scan *scan = &rule->scans[0];
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	bk_exam_put_count(&what, c->n);
	bk_buf_fmt(&what, " due before %s, by which the rule scans, or where that is NULL",
		   scan->column + (strncmp(scan->column, "b.", 2) == 0 ? 2 : 0));
	bk_exam_put_example(&what, &c->example);
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "scan-late",
			.subject = bk_asprintf("rule %s", rule->name),
			.what = bk_buf_take(&what),
			.why = "no rule takes a booking before its scan column is reached, "
			       "and where that is NULL it never does",
			.fix = late_fix(x->mapping, rule, column),
			.count = c->n,
			.example = c->example,
		});
	c->example = (struct bk_array){NULL, 0};
}

static enum bk_rc check_late(struct bk_exam *x, const struct bk_rule *rule, struct bk_error *err)
{
	BK_CLEAN(bk_counted_clear) struct bk_counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *subject = bk_asprintf("rule %s", rule->name);
	BK_CLEAN(bk_free_str) char *column = NULL;
	enum bk_rc rc;

	put_due(&condition, x, rule);
	for (size_t i = 0; i < rule->scan_count; i++)
		put_late(&condition, rule, rule->scans[i].instant);
	rc = bk_exam_count_where(x, &x->table, bk_buf_cstr(&condition), BK_EXAM_LIMIT_TEXT, &c,
				 err);
	if (!rc && c.n)
		rc = find_column(x, rule, &column, err);
	if (rc)
		return bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", subject, err);
	if (c.n)
		add_late(x, rule, &c, column);
	return BK_OK;
}

enum bk_rc bk_check_late(struct bk_exam *x, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < x->job_count; i++) {
		const struct bk_job *job = x->jobs[i].job;

		for (size_t r = 0; r < job->rules.count && !rc && x->can_read; r++)
			if (strcmp(job->rules.items[r].job, job->name) == 0 &&
			    may_be_late(x->mapping, &job->rules.items[r]))
				rc = check_late(x, &job->rules.items[r], err);
	}
	return rc;
}

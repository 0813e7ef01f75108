/*
 * What the doctor counts: bookings that no rule takes because of their data,
 * bookings that are too old for the jobs, and those that two rules take.
 */
#include "job/doctor_checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/sql.h"

#define LIMIT_TEXT "10000"
_Static_assert(BK_EXAM_LIMIT == 10000, "the limit and its text are one");

/* How many, and the key of one of them. */
struct counted {
	int64_t n;
	struct bk_array example;
};

static const struct bk_field counted_fields[] = {
	{"n", BK_FIELD_INT, offsetof(struct counted, n)},
	{"example", BK_FIELD_ARRAY, offsetof(struct counted, example)},
};

static void clear_counted(struct counted *c)
{
	bk_fields_clear(counted_fields, BK_COUNT(counted_fields), c);
}

static enum bk_rc count(struct bk_exam *x, const char *name, const char *sql,
			const char *const *params, int param_count, struct counted *ret,
			struct bk_error *err)
{
	const struct bk_stmt stmt = {name, sql, params, param_count, BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &rows, err);

	return rc ? rc : bk_rows_read(rows, 0, counted_fields, BK_COUNT(counted_fields), ret, err);
}

/* "17 bookings", "10000 bookings or more". */
static void put_count(struct bk_buf *out, int64_t n)
{
	bk_buf_fmt(out, "%" PRId64 " booking%s%s", n, n == 1 ? "" : "s",
		   n >= BK_EXAM_LIMIT ? " or more" : "");
}

static void put_example(struct bk_buf *out, const struct bk_array *key)
{
	for (size_t i = 0; i < key->count; i++)
		bk_buf_fmt(out, "%s%s", i ? " " : ", for example ",
			   key->items[i] ? key->items[i] : "NULL");
}

/* --- data --- */

/* A kind of fault: the condition on the bookings that have it. */
struct fault {
	enum bk_level level;
	const char *code;
	char *condition; /* NULL = cannot be */
	bool any_state;  /* also of bookings that are over */
	const char *what;
	const char *why;
	const char *fix;
};

static void put_status(struct bk_buf *out, const struct bk_exam *x)
{
	bk_buf_str(out, "b.");
	bk_sql_ident(out, x->mapping->status);
}

/* The from-label is among those that some rule takes. */
static void put_live(struct bk_buf *out, const struct bk_exam *x)
{
	bk_buf_str(out, "(false");
	for (size_t i = 0; i < x->job_count; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count; u++) {
			bk_buf_str(out, " OR ");
			put_status(out, x);
			bk_buf_str(out, " OPERATOR(pg_catalog.=) ");
			bk_sql_literal(out, x->jobs[i].job->units.items[u].from);
		}
	bk_buf_str(out, ") AND ");
}

static enum bk_rc count_fault(struct bk_exam *x, const struct bk_table *table,
			      const struct fault *f, struct counted *ret, struct bk_error *err)
{
	static const char *const params[] = {LIMIT_TEXT};
	BK_CLEAN(bk_buf_clear) struct bk_buf keys = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	bk_key_texts(&keys, x->mapping, table);
	bk_table_sql(&name, x->mapping);
	if (!f->any_state)
		put_live(&condition, x);
	bk_buf_str(&condition, f->condition);
	const struct bk_sql_var vars[] = {{"key_texts", bk_buf_cstr(&keys)},
					  {"table", bk_buf_cstr(&name)},
					  {"condition", bk_buf_cstr(&condition)}};

	rc = bk_sql_fill_file(&sql, "doctor_faults", vars, BK_COUNT(vars), err);
	return rc ? rc : count(x, "doctor_faults", bk_buf_cstr(&sql), params, 1, ret, err);
}

static enum bk_rc check_fault(struct bk_exam *x, const struct bk_table *table,
			      const struct fault *f, struct bk_error *err)
{
	BK_CLEAN(clear_counted) struct counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	if (!f->condition)
		return BK_OK;
	if (count_fault(x, table, f, &c, err))
		return bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", f->code, err);
	if (!c.n)
		return BK_OK;
	put_count(&what, c.n);
	bk_buf_fmt(&what, " %s", f->what);
	put_example(&what, &c.example);
	bk_diagnosis_add(x->found, (struct bk_finding){
					   .level = f->level,
					   .code = f->code,
					   .subject = bk_exam_table(x),
					   .what = bk_buf_take(&what),
					   .why = f->why,
					   .fix = bk_strdup(f->fix),
					   .count = c.n,
					   .example = c.example,
				   });
	c.example = (struct bk_array){NULL, 0};
	return BK_OK;
}

#define NO_RULE "no rule applies to them, so they stay as they are"
#define MEND "mend the bookings, in the application or by hand"

static enum bk_rc check_all(struct bk_exam *x, const struct bk_faults *faults, char *no_status,
			    struct bk_error *err)
{
	const struct fault kinds[] = {
		{BK_LEVEL_WARNING, "status-null", no_status, true, "without a status", NO_RULE,
		 MEND},
		{BK_LEVEL_WARNING, "start-null", faults->no_start, false, "without a start",
		 "no rule that uses the start applies to them", MEND},
		{BK_LEVEL_NOTE, "end-null", faults->no_end, false, "without an end",
		 "they are open-ended: no job completes them",
		 "nothing, where that is meant; else give them an end"},
		{BK_LEVEL_WARNING, "time-infinite", faults->infinite, false,
		 "whose start or end is infinite", NO_RULE, MEND},
		{BK_LEVEL_WARNING, "end-before-start", faults->end_before_start, false,
		 "whose end is before the start", NO_RULE, MEND},
		{BK_LEVEL_WARNING, "grace-negative", faults->negative_grace, false,
		 "with a negative grace", "no rule that uses the grace applies to them", MEND},
	};
	const struct bk_table *table = &x->jobs[0].job->table;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_COUNT(kinds) && !rc && x->can_read; i++)
		rc = check_fault(x, table, &kinds[i], err);
	return rc;
}

enum bk_rc bk_check_faults(struct bk_exam *x, struct bk_error *err)
{
	BK_CLEAN(bk_faults_clear) struct bk_faults faults = {.no_start = NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf no_status = BK_BUF_INIT;

	/* Without rules no booking is a fault. */
	if (!x->job_count)
		return BK_OK;
	bk_faults_write(&x->policy, &faults);
	put_status(&no_status, x);
	bk_buf_str(&no_status, " IS NULL");
	return check_all(x, &faults, no_status.data, err);
}

/* --- old bookings --- */

/* Bookings of one unit that are due and older than max-age. */
static enum bk_rc count_old(struct bk_exam *x, const struct bk_exam_job *j,
			    const struct bk_unit *unit, int64_t *ret, struct bk_error *err)
{
	static const struct bk_field field = {"n", BK_FIELD_INT, 0};
	const char *params[] = {j->bounds.as_of, "-infinity", LIMIT_TEXT, j->bounds.lower};
	const struct bk_scope scope = bk_job_scope(j->job);
	BK_CLEAN(bk_buf_clear) struct bk_buf before = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	bk_unit_before(&before, unit, 4);
	if ((rc = bk_unit_count(&sql, unit, &scope, bk_buf_cstr(&before), err)))
		return rc;
	rc = bk_tx_one(
		x->db, BK_TX_READ, &x->limits,
		&(const struct bk_stmt){"booking_count", bk_buf_cstr(&sql), params, 4, BK_ONE_ROW},
		&rows, err);
	return rc ? rc : bk_rows_read(rows, 0, &field, 1, ret, err);
}

static void add_old(struct bk_exam *x, const struct bk_rule *rule, int64_t n)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	put_count(&what, n > BK_EXAM_LIMIT ? BK_EXAM_LIMIT : n);
	bk_buf_str(&what,
		   n == 1 ? " is due and older than max-age" : " are due and older than max-age");
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
			.count = n > BK_EXAM_LIMIT ? BK_EXAM_LIMIT : n,
		});
}

static bool is_of(const struct bk_unit *unit, const struct bk_rule *rule)
{
	return strcmp(unit->rule->name, rule->name) == 0;
}

/* All units of one rule, which follow one another; *u is moved behind them. */
static enum bk_rc check_old(struct bk_exam *x, const struct bk_exam_job *j, size_t *u,
			    struct bk_error *err)
{
	const struct bk_units *units = &j->job->units;
	const struct bk_rule *rule = units->items[*u].rule;
	int64_t total = 0;
	enum bk_rc rc = BK_OK;

	for (; *u < units->count && x->can_read && is_of(&units->items[*u], rule); ++*u) {
		BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(&units->items[*u]);
		int64_t n = 0;

		if (count_old(x, j, &units->items[*u], &n, err))
			rc = bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", subject, err);
		if (rc)
			return rc;
		total += n;
	}
	if (total)
		add_old(x, rule, total);
	return BK_OK;
}

enum bk_rc bk_check_stale(struct bk_exam *x, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < x->job_count && !rc; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count && !rc && x->can_read;)
			rc = check_old(x, &x->jobs[i], &u, err);
	return rc;
}

/* --- competing rules --- */

/* A unit with its job. */
struct side {
	const struct bk_exam_job *j;
	const struct bk_unit *unit;
};

/* Two rules and a state that both take; the counts of their scans are summed. */
struct pair {
	struct side a;
	struct side b;
	struct counted both;
};

struct pairs {
	struct pair *items;
	size_t count;
};

static void clear_pairs(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		clear_counted(&pairs->items[i].both);
	free(pairs->items);
}

static struct counted *of_pair(struct pairs *pairs, const struct side *a, const struct side *b)
{
	for (size_t i = 0; i < pairs->count; i++) {
		struct pair *p = &pairs->items[i];

		if (is_of(a->unit, p->a.unit->rule) && is_of(b->unit, p->b.unit->rule) &&
		    strcmp(a->unit->from, p->a.unit->from) == 0)
			return &p->both;
	}
	pairs->items = bk_realloc(pairs->items, pairs->count + 1, sizeof(*pairs->items));
	pairs->items[pairs->count] = (struct pair){*a, *b, {0, {NULL, 0}}};
	return &pairs->items[pairs->count++].both;
}

static enum bk_rc count_both(struct bk_exam *x, const struct side *a, const struct side *b,
			     struct counted *ret, struct bk_error *err)
{
	const char *params[] = {a->j->bounds.as_of, a->j->bounds.lower, LIMIT_TEXT,
				b->j->bounds.lower};
	const struct bk_scope scope = bk_job_scope(a->j->job);
	BK_CLEAN(bk_buf_clear) struct bk_buf key = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf other = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_str(&key, "(ARRAY[");
	bk_key_texts(&key, x->mapping, &a->j->job->table);
	bk_buf_str(&key, "])::pg_catalog.text AS k1");
	bk_buf_str(&other, "AND ");
	bk_rule_condition(&other, b->unit->rule, b->unit->scan, scope.as_of,
			  "$4::pg_catalog.timestamptz");
	if ((rc = bk_unit_scan(&scan, a->unit, &scope, bk_buf_cstr(&key), bk_buf_cstr(&other),
			       "$3::pg_catalog.int8", err)))
		return rc;
	const struct bk_sql_var var = {"scan", bk_buf_cstr(&scan)};

	rc = bk_sql_fill_file(&sql, "doctor_both", &var, 1, err);
	return rc ? rc : count(x, "doctor_both", bk_buf_cstr(&sql), params, 4, ret, err);
}

static enum bk_rc compare(struct bk_exam *x, struct pairs *pairs, const struct side *a,
			  const struct side *b, struct bk_error *err)
{
	BK_CLEAN(clear_counted) struct counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_free_str) char *subject = NULL;
	struct counted *sum;

	if (is_of(a->unit, b->unit->rule) || strcmp(a->unit->from, b->unit->from) != 0)
		return BK_OK;
	if (count_both(x, a, b, &c, err)) {
		subject = bk_asprintf("rules %s and %s, %s", a->unit->rule->name,
				      b->unit->rule->name, a->unit->from);
		return bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", subject, err);
	}
	sum = of_pair(pairs, a, b);
	sum->n += c.n;
	if (!sum->example.count) {
		sum->example = c.example;
		c.example = (struct bk_array){NULL, 0};
	}
	return BK_OK;
}

static void add_competing(struct bk_exam *x, struct pair *p)
{
	const struct bk_unit *a = p->a.unit;
	const struct bk_unit *b = p->b.unit;
	int64_t n = p->both.n > BK_EXAM_LIMIT ? BK_EXAM_LIMIT : p->both.n;
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	put_count(&what, n);
	bk_buf_fmt(&what, " would be taken by both now, by the one to %s, by the other to %s",
		   a->to, b->to);
	put_example(&what, &p->both.example);
	bk_diagnosis_add(x->found,
			 (struct bk_finding){
				 .level = BK_LEVEL_WARNING,
				 .code = "rules-compete",
				 .subject = bk_asprintf("rules %s and %s, %s", a->rule->name,
							b->rule->name, a->from),
				 .what = bk_buf_take(&what),
				 .why = "which of them a booking gets depends on which job comes "
					"first",
				 .fix = bk_strdup("narrow one of the two rules, by its where or "
						  "its until"),
				 .count = n,
				 .example = p->both.example,
			 });
	p->both.example = (struct bk_array){NULL, 0};
}

static enum bk_rc compare_all(struct bk_exam *x, const struct side *sides, size_t count_of_sides,
			      struct pairs *pairs, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t a = 0; a < count_of_sides && !rc; a++)
		for (size_t b = a + 1; b < count_of_sides && !rc && x->can_read; b++)
			rc = compare(x, pairs, &sides[a], &sides[b], err);
	return rc;
}

enum bk_rc bk_check_both(struct bk_exam *x, struct bk_error *err)
{
	BK_CLEAN(clear_pairs) struct pairs pairs = {NULL, 0};
	struct side *sides = NULL;
	size_t n = 0;
	enum bk_rc rc;

	for (size_t i = 0; i < x->job_count; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count; u++) {
			sides = bk_realloc(sides, n + 1, sizeof(*sides));
			sides[n++] = (struct side){&x->jobs[i], &x->jobs[i].job->units.items[u]};
		}
	rc = compare_all(x, sides, n, &pairs, err);
	free(sides);
	for (size_t i = 0; i < pairs.count && !rc; i++)
		if (pairs.items[i].both.n)
			add_competing(x, &pairs.items[i]);
	return rc;
}

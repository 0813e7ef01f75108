/*
 * What the doctor finds of rules that compete: bookings that two of them would take now.
 */
#include "job/doctor_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"

static bool is_of(const struct bk_unit *unit, const struct bk_rule *rule)
{
	return strcmp(unit->rule->name, rule->name) == 0;
}

/* A unit with its job. */
struct side {
	const struct bk_exam_job *j;
	const struct bk_unit *unit;
};

/* Two rules and a state that both take; the counts of their scans are summed. */
struct pair {
	struct side a;
	struct side b;
	struct bk_counted both;
};

struct pairs {
	struct pair *items;
	size_t count;
};

static void clear_pairs(struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		bk_counted_clear(&pairs->items[i].both);
	free(pairs->items);
}

static struct bk_counted *of_pair(struct pairs *pairs, const struct side *a, const struct side *b)
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
			     struct bk_counted *ret, struct bk_error *err)
{
	const char *params[] = {a->j->bounds.as_of, a->j->bounds.lower, BK_EXAM_LIMIT_TEXT,
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
	if (rc)
		return rc;
	return bk_exam_count(
		x, &(const struct bk_stmt){"doctor_both", bk_buf_cstr(&sql), params, 4, BK_ONE_ROW},
		ret, err);
}

static enum bk_rc compare(struct bk_exam *x, struct pairs *pairs, const struct side *a,
			  const struct side *b, struct bk_error *err)
{
	BK_CLEAN(bk_counted_clear) struct bk_counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_free_str) char *subject = NULL;
	struct bk_counted *sum;

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

	bk_exam_put_count(&what, n);
	bk_buf_fmt(&what, " would be taken by both now, by the one to %s, by the other to %s",
		   a->to, b->to);
	bk_exam_put_example(&what, &p->both.example);
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

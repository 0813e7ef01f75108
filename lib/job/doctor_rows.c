/*
 * What the doctor counts: bookings that no rule takes because of their data, that their key does
 * not name, or whose state is spelled in another way than in the file.
 */
#include "job/doctor_checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/obstacle.h"

static const struct bk_field counted_fields[] = {
	{"n", BK_FIELD_INT, offsetof(struct bk_counted, n)},
	{"example", BK_FIELD_ARRAY, offsetof(struct bk_counted, example)},
};

void bk_counted_clear(struct bk_counted *c)
{
	bk_fields_clear(counted_fields, BK_COUNT(counted_fields), c);
}

enum bk_rc bk_exam_count(struct bk_exam *x, const struct bk_stmt *stmt, struct bk_counted *ret,
			 struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, stmt, &rows, err);

	return rc ? rc : bk_rows_read(rows, 0, counted_fields, BK_COUNT(counted_fields), ret, err);
}

enum bk_rc bk_exam_count_where(struct bk_exam *x, const struct bk_table *table,
			       const char *condition, const char *limit, struct bk_counted *ret,
			       struct bk_error *err)
{
	const char *params[] = {limit};
	BK_CLEAN(bk_buf_clear) struct bk_buf keys = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	bk_key_texts(&keys, x->mapping, table);
	bk_table_sql(&name, x->mapping);
	const struct bk_sql_var vars[] = {{"key_texts", bk_buf_cstr(&keys)},
					  {"table", bk_buf_cstr(&name)},
					  {"condition", condition}};

	if ((rc = bk_sql_fill_file(&sql, "doctor_faults", vars, BK_COUNT(vars), err)))
		return rc;
	return bk_exam_count(
		x,
		&(const struct bk_stmt){"doctor_faults", bk_buf_cstr(&sql), params, 1, BK_ONE_ROW},
		ret, err);
}

void bk_exam_put_count(struct bk_buf *out, int64_t n)
{
	bk_buf_fmt(out, "%" PRId64 " booking%s%s", n, n == 1 ? "" : "s",
		   n >= BK_EXAM_LIMIT ? " or more" : "");
}

void bk_exam_put_example(struct bk_buf *out, const struct bk_array *key)
{
	for (size_t i = 0; i < key->count; i++)
		bk_buf_fmt(out, "%s%s", i ? " " : ", for example ",
			   key->items[i] ? key->items[i] : "NULL");
}

void bk_exam_put_status(struct bk_buf *out, const struct bk_exam *x)
{
	bk_buf_str(out, "b.");
	bk_sql_ident(out, x->mapping->status);
}

void bk_exam_put_state(struct bk_buf *out, const struct bk_exam *x, const char *label)
{
	bk_exam_put_status(out, x);
	bk_buf_str(out, " OPERATOR(pg_catalog.=) ");
	bk_sql_literal(out, label);
}

/* --- data --- */

/* A kind of fault: the condition on the bookings that have it. */
struct fault {
	enum bk_level level;
	const char *code;
	char *condition; /* NULL = cannot be */
	bool any_state;  /* not only of bookings that a default rule takes */
	const char *what;
	const char *why;
	const char *fix;
};

/* The from-label is among those that some default rule takes; one of the file asks what it says,
   and no more. */
static void put_live(struct bk_buf *out, const struct bk_exam *x)
{
	bk_buf_str(out, "(false");
	for (size_t i = 0; i < x->job_count; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count; u++) {
			if (x->jobs[i].job->units.items[u].rule->own)
				continue;
			bk_buf_str(out, " OR ");
			bk_exam_put_state(out, x, x->jobs[i].job->units.items[u].from);
		}
	bk_buf_str(out, ") AND ");
}

static enum bk_rc count_fault(struct bk_exam *x, const struct fault *f, struct bk_counted *ret,
			      struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;

	if (!f->any_state)
		put_live(&condition, x);
	/* What does not meet it is no booking. */
	if (x->mapping->where)
		bk_buf_fmt(&condition, "%s AND ", x->mapping->where);
	bk_buf_str(&condition, f->condition);
	return bk_exam_count_where(x, &x->table, bk_buf_cstr(&condition), BK_EXAM_LIMIT_TEXT, ret,
				   err);
}

static enum bk_rc check_fault(struct bk_exam *x, const struct fault *f, struct bk_error *err)
{
	BK_CLEAN(bk_counted_clear) struct bk_counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	if (!f->condition)
		return BK_OK;
	if (count_fault(x, f, &c, err))
		return bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", f->code, err);
	if (!c.n)
		return BK_OK;
	bk_exam_put_count(&what, c.n);
	bk_buf_fmt(&what, " %s", f->what);
	bk_exam_put_example(&what, &c.example);
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
			    char *spelled, struct bk_error *err)
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
		{BK_LEVEL_WARNING, "status-spelling", spelled, true,
		 "whose status the column takes for a label of bk.conf, but not as it is spelled "
		 "there",
		 "a type with operators of its own is compared as text, so no rule applies to them",
		 "spell the status of the bookings as bk.conf does, in the application as well"},
	};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < BK_COUNT(kinds) && !rc && x->can_read; i++)
		rc = check_fault(x, &kinds[i], err);
	return rc;
}

/* The column takes it for one of the labels, and a text is another one. */
static void put_spelled(struct bk_buf *out, const struct bk_exam *x)
{
	bk_buf_str(out, "(false");
	for (size_t i = 0; i < x->job_count; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count; u++) {
			BK_CLEAN(bk_buf_clear) struct bk_buf label = BK_BUF_INIT;

			bk_sql_literal(&label, x->jobs[i].job->units.items[u].from);
			bk_buf_str(out, " OR (");
			bk_exam_put_status(out, x);
			bk_buf_fmt(out, " %s %s AND ", x->table.status_equals, bk_buf_cstr(&label));
			bk_exam_put_status(out, x);
			bk_buf_fmt(out, " OPERATOR(pg_catalog.<>) %s)", bk_buf_cstr(&label));
		}
	bk_buf_char(out, ')');
}

enum bk_rc bk_check_faults(struct bk_exam *x, struct bk_error *err)
{
	BK_CLEAN(bk_faults_clear) struct bk_faults faults = {.no_start = NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf no_status = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf spelled = BK_BUF_INIT;

	/* Without rules no booking is a fault. */
	if (!x->job_count)
		return BK_OK;
	bk_faults_write(&x->policy, &faults);
	bk_exam_put_status(&no_status, x);
	bk_buf_str(&no_status, " IS NULL");
	if (x->table.status_equals)
		put_spelled(&spelled, x);
	return check_all(x, &faults, no_status.data, spelled.data, err);
}

/* --- keys --- */

/* The statement that keeps NULLs out; of a view there is none. */
static char *not_null_sql(const struct bk_exam *x, const char *column)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	if (x->table.is_view)
		return NULL;
	bk_column_not_null_sql(&sql, x->mapping, column);
	return bk_buf_take(&sql);
}

static void add_nullable(struct bk_exam *x, const char *column)
{
	/* Of a view nothing is known, and what holds no key is told already. */
	if (x->table.is_view || !x->table.key_is_unique)
		return;
	bk_diagnosis_add(x->found,
			 (struct bk_finding){
				 .level = BK_LEVEL_NOTE,
				 .code = "key-null",
				 .subject = bk_strdup("bookings.key"),
				 .what = bk_asprintf("the key column \"%s\" may be NULL", column),
				 .why = "NULL equals nothing, so such a key would name no booking",
				 .fix = not_null_sql(x, column),
				 .count = BK_NULL_INT,
			 });
}

static void add_nulls(struct bk_exam *x, const char *column, struct bk_counted *c)
{
	BK_CLEAN(bk_free_str) char *statement = not_null_sql(x, column);
	BK_CLEAN(bk_buf_clear) struct bk_buf what = BK_BUF_INIT;

	bk_exam_put_count(&what, c->n);
	bk_buf_fmt(&what, " whose key column \"%s\" is NULL", column);
	bk_exam_put_example(&what, &c->example);
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "key-null",
			.subject = bk_strdup("bookings.key"),
			.what = bk_buf_take(&what),
			.why = "NULL equals nothing: nobody can name such a booking, and in a view "
			       "or a partitioned table no run changes it",
			.fix = statement ? bk_asprintf("give them a value, then: %s", statement)
					 : bk_strdup("give them a value"),
			.count = c->n,
			.example = c->example,
		});
	c->example = (struct bk_array){NULL, 0};
}

static enum bk_rc check_key(struct bk_exam *x, const char *column, struct bk_error *err)
{
	BK_CLEAN(bk_counted_clear) struct bk_counted c = {0, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf condition = BK_BUF_INIT;
	const char *where = x->mapping_fits ? x->mapping->where : NULL;

	bk_buf_str(&condition, "b.");
	bk_sql_ident(&condition, column);
	bk_buf_fmt(&condition, " IS NULL%s%s", where ? " AND " : "", where ? where : "");
	if (bk_exam_count_where(x, &x->table, bk_buf_cstr(&condition), BK_EXAM_LIMIT_TEXT, &c, err))
		return bk_exam_failed(x, BK_LEVEL_ERROR, "check-failed", "key-null", err);
	if (c.n)
		add_nulls(x, column, &c);
	else
		add_nullable(x, column);
	return BK_OK;
}

enum bk_rc bk_check_keys(struct bk_exam *x, struct bk_error *err)
{
	const struct bk_mapping *m = x->mapping;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < m->key_count; i++)
		if (!bk_table_column(&x->table, m->keys[i]))
			return BK_OK;
	for (size_t i = 0; i < m->key_count && !rc && x->can_read; i++)
		if (bk_table_column(&x->table, m->keys[i])->nullable)
			rc = check_key(x, m->keys[i], err);
	return rc;
}

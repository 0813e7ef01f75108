/*
 * The doctor's look at each unit, one rule over one from-label: its plan, its
 * batch, and the change of one booking, which is rolled back.
 */
#include "job/doctor_checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "rule/plan.h"

/* --- indexes --- */

static bool is_true(const char *text)
{
	return text && *text == 't';
}

/* The rows of a table may be in its heirs, which need an index each; those of a
   partitioned one get theirs with it, but not concurrently. */
static void put_index(struct bk_buf *out, const struct bk_exam *x, const struct bk_unit *unit,
		      const struct bk_rows *relations)
{
	bool partitioned = is_true(bk_rows_text(relations, 0, "partitioned"));
	int count = partitioned ? 1 : bk_rows_count(relations);

	for (int i = 0; i < count; i++) {
		bk_buf_str(out, i ? " " : "");
		bk_unit_index_sql(out, unit, x->mapping, bk_rows_text(relations, i, "schema_name"),
				  bk_rows_text(relations, i, "table_name"), !partitioned);
	}
}

/* One statement may serve several rules. */
static bool is_printed(const struct bk_exam *x, const char *fix)
{
	for (size_t i = 0; i < x->found->count; i++)
		if (x->found->items[i].fix && strcmp(x->found->items[i].fix, fix) == 0)
			return true;
	return false;
}

static void add_no_index(struct bk_exam *x, const struct bk_unit *unit,
			 const struct bk_rows *relations)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf fix = BK_BUF_INIT;

	put_index(&fix, x, unit, relations);
	if (is_printed(x, bk_buf_cstr(&fix)))
		return;
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "index-missing",
			.subject = bk_exam_unit(unit),
			.what = bk_strdup("no index gives the bookings of this rule in the order "
					  "in which it takes them"),
			.why = "each look for due bookings reads or sorts the whole table; in a "
			       "small table that does no harm",
			.fix = bk_buf_take(&fix),
			.count = BK_NULL_INT,
		});
}

static enum bk_rc check_plan(struct bk_exam *x, const struct bk_exam_job *j,
			     const struct bk_unit *unit, const struct bk_rows *relations,
			     struct bk_error *err)
{
	const struct bk_scope scope = bk_job_scope(j->job);
	BK_CLEAN(bk_free_str) char *subject = NULL;
	bool ordered = false;

	if (!bk_unit_is_ordered(x->db, unit, &scope, j->bounds.as_of, j->bounds.lower, &x->limits,
				&ordered, err)) {
		if (!ordered)
			add_no_index(x, unit, relations);
		return BK_OK;
	}
	subject = bk_exam_unit(unit);
	return bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject, err);
}

enum bk_rc bk_check_indexes(struct bk_exam *x, struct bk_error *err)
{
	const char *params[] = {x->mapping->table_schema, x->mapping->table_name};
	const struct bk_stmt stmt = {"doctor_relations", bk_sql_text("doctor_relations"), params, 2,
				     BK_ANY_ROWS};
	BK_CLEAN(bk_rows_clean) struct bk_rows *relations = NULL;
	enum bk_rc rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &relations, err);

	for (size_t i = 0; i < x->job_count && !rc; i++) {
		const struct bk_exam_job *j = &x->jobs[i];

		for (size_t u = 0; u < j->job->units.count && !rc && x->can_read; u++)
			rc = check_plan(x, j, &j->job->units.items[u], relations, err);
	}
	return rc;
}

/* --- statements --- */

/* The parameters of booking_batch.sql, for one booking and a worker that is not there. */
enum { BATCH_PARAMS = 9 };

static void batch_params(const struct bk_exam_job *j, const struct bk_unit *unit,
			 const char *execution, const char *ret[BATCH_PARAMS])
{
	const char *const params[BATCH_PARAMS] = {
		j->bounds.as_of, j->bounds.lower, "1", execution, "0", "0", "1", "0",
		unit->rule->name};

	memcpy(ret, params, sizeof(params));
}

static struct bk_stmt plain(const char *sql)
{
	return (struct bk_stmt){.name = sql, .sql = sql, .shape = BK_NO_ROWS};
}

/* Opens a transaction as a batch has it; on a standby one that only reads, under the same
   settings. */
static enum bk_rc begin(struct bk_exam *x, struct bk_error *err)
{
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	size_t n = bk_tx_begin(&tx, x->server.standby ? BK_TX_READ : BK_TX_COMPANY, &x->limits,
			       stmts);

	if (x->server.standby) {
		stmts[n++] = plain("SET LOCAL search_path TO DEFAULT");
		stmts[n++] = plain("SET LOCAL TimeZone TO DEFAULT");
	}
	bk_tx_deadline(x->db, &x->limits);
	return bk_db_run(x->db, stmts, n, NULL, err);
}

/* The plan of the batch: that asks for every privilege, which PREPARE does not. */
static enum bk_rc explain(struct bk_exam *x, const struct bk_exam_job *j,
			  const struct bk_unit *unit, const char *batch, struct bk_error *err)
{
	const struct bk_sql_var var = {"scan", batch};
	const char *params[BATCH_PARAMS];
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, "booking_explain", &var, 1, err);

	if (rc || (rc = begin(x, err)))
		return rc;
	batch_params(j, unit, "0", params);
	const struct bk_stmt stmt = {"booking_batch", bk_buf_cstr(&sql), params, BATCH_PARAMS,
				     BK_ANY_ROWS};

	bk_tx_deadline(x->db, &x->limits);
	rc = bk_db_run(x->db, &stmt, 1, NULL, err);
	bk_db_rollback(x->db);
	return rc;
}

struct trial {
	int64_t locked;
	int64_t changed;
};

/* An execution whose number the batch may write; in the open transaction. */
static enum bk_rc name_execution(struct bk_exam *x, char **ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", x->schema};
	char pid[16];
	const char *params[] = {x->request->run_id, x->request->instance, pid, x->request->version};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_sql_fill_file(&sql, "doctor_execution", &var, 1, err);

	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	const struct bk_stmt stmt = {"doctor_execution", bk_buf_cstr(&sql), params, 4, BK_ONE_ROW};

	if (rc || (rc = bk_db_run(x->db, &stmt, 1, &rows, err)))
		return rc;
	*ret = bk_strdup(bk_rows_text(rows, 0, "id"));
	return BK_OK;
}

/* What runs behind the batch, as the batch of that execution. */
static enum bk_rc try_after(struct bk_exam *x, const struct bk_exam_job *j, const char *execution,
			    struct bk_error *err)
{
	const char *params[] = {execution, "0", "1"};
	const char *statement;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; !rc && (statement = bk_after_statement(j->job, i)); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

		if ((rc = bk_after_sql(j->job, x->schema, statement, &sql, err)))
			break;
		bk_tx_deadline(x->db, &x->limits);
		rc = bk_db_run(x->db,
			       &(const struct bk_stmt){"after-batch", bk_buf_cstr(&sql), params, 3,
						       BK_ANY_ROWS},
			       1, NULL, err);
	}
	return rc;
}

/* The batch itself, for the first due booking that nobody has locked, rolled back. */
static enum bk_rc try_one(struct bk_exam *x, const struct bk_exam_job *j,
			  const struct bk_unit *unit, const char *batch, struct trial *ret,
			  struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"locked", BK_FIELD_INT, offsetof(struct trial, locked)},
		{"changed", BK_FIELD_INT, offsetof(struct trial, changed)},
	};
	const char *params[BATCH_PARAMS];
	const struct bk_stmt stmt = {"booking_batch", batch, params, BATCH_PARAMS, BK_ONE_ROW};
	BK_CLEAN(bk_free_str) char *execution = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = begin(x, err)))
		return rc;
	rc = name_execution(x, &execution, err);
	batch_params(j, unit, execution, params);
	bk_tx_deadline(x->db, &x->limits);
	if (!rc)
		rc = bk_db_run(x->db, &stmt, 1, &rows, err);
	if (!rc)
		rc = try_after(x, j, execution, err);
	bk_db_rollback(x->db);
	return rc ? rc : bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err);
}

static void add_suppressed(struct bk_exam *x, const struct bk_unit *unit)
{
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_ERROR,
			.code = "change-suppressed",
			.subject = bk_exam_unit(unit),
			.what = bk_asprintf("the first due booking did not become %s, and there "
					    "was no error",
					    unit->to),
			.why = "a trigger that returns NULL, or a rule, keeps the status as it is: "
			       "the job would try again and again",
			.fix = bk_strdup("let the trigger return NEW for changes made by bk"),
			.count = BK_NULL_INT,
		});
}

/* What a row or its triggers refuse is set aside by the job, which goes on. */
static enum bk_rc trial_failed(struct bk_exam *x, const struct bk_unit *unit,
			       const struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(unit);

	if (bk_fault_of(err) != BK_FAULT_ROW)
		return bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject, err);
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "change-refused",
			.subject = BK_TAKE(subject),
			.what = bk_asprintf("the database refuses to make the first due booking "
					    "%s: %s",
					    unit->to, err->message),
			.why = "the job sets such bookings aside and tries them later; where all "
			       "are refused it fails",
			.fix = bk_strdup("mend the booking, or the trigger or constraint that "
					 "refuses it"),
			.count = BK_NULL_INT,
		});
	return BK_OK;
}

/* The scan itself, for one booking: what its expressions make of the data. */
static enum bk_rc look(struct bk_exam *x, const struct bk_exam_job *j, const struct bk_unit *unit,
		       struct bk_error *err)
{
	const char *params[] = {j->bounds.as_of, j->bounds.lower, "1"};
	const struct bk_scope scope = bk_job_scope(j->job);
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_unit_count(&sql, unit, &scope, "", err);
	const struct bk_stmt stmt = {"booking_count", bk_buf_cstr(&sql), params, 3, BK_ONE_ROW};

	return rc ? rc : bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, NULL, err);
}

/* Plan and trial of the unit's batch. */
static enum bk_rc check_batch(struct bk_exam *x, const struct bk_exam_job *j, size_t u,
			      const char *subject, struct bk_error *err)
{
	const struct bk_unit *unit = &j->job->units.items[u];
	BK_CLEAN(bk_buf_clear) struct bk_buf batch = BK_BUF_INIT;
	struct trial trial = {0, 0};
	enum bk_rc rc;

	j->job->current = u;
	if ((rc = bk_batch_sql(j->job, x->schema, &batch, err)))
		return rc;
	if (explain(x, j, unit, bk_buf_cstr(&batch), err))
		return bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject, err);
	if (x->server.standby)
		return BK_OK;
	if (try_one(x, j, unit, bk_buf_cstr(&batch), &trial, err))
		return trial_failed(x, unit, err);
	if (trial.locked && !trial.changed)
		add_suppressed(x, unit);
	return BK_OK;
}

enum bk_rc bk_check_statements(struct bk_exam *x, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < x->job_count; i++)
		for (size_t u = 0; u < x->jobs[i].job->units.count && x->can_read; u++) {
			const struct bk_unit *unit = &x->jobs[i].job->units.items[u];
			BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(unit);

			if (look(x, &x->jobs[i], unit, err))
				rc = bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject,
						    err);
			else if (x->can_update)
				rc = check_batch(x, &x->jobs[i], u, subject, err);
			if (rc)
				return rc;
		}
	return BK_OK;
}

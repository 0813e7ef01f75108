/*
 * The doctor's look at each unit, one rule over one from-label: its batch, and the
 * change of one booking, which is rolled back.
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
#include "rule/culprit.h"
#include "rule/expression.h"

/* How long the booking is looked for that an expression fails for. */
#define SEARCH_MS 60000

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

/* Adds where in `part` of that SQL the server found the fault; NULL = it is bk's own. */
static void add_place(const char *sql, const char *part, struct bk_error *err)
{
	size_t len = strlen(err->message);
	int at = part ? bk_position_in(sql, part, err) : 0;

	if (at)
		(void)snprintf(err->message + len, sizeof(err->message) - len,
			       " (at character %d of it)", at);
}

/* The plan of a statement: that asks for every privilege, which PREPARE does not. In the open
   transaction. */
static enum bk_rc explain(struct bk_exam *x, const struct bk_stmt *stmt, const char *part,
			  struct bk_error *err)
{
	const struct bk_sql_var var = {"scan", stmt->sql};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_stmt explained = *stmt;
	enum bk_rc rc = bk_sql_fill_file(&sql, "booking_explain", &var, 1, err);

	if (rc)
		return rc;
	explained.sql = bk_buf_cstr(&sql);
	explained.shape = BK_ANY_ROWS;
	bk_tx_deadline(x->db, &x->limits);
	if ((rc = bk_db_run(x->db, &explained, 1, NULL, err)))
		add_place(explained.sql, part, err);
	return rc;
}

/* What runs behind the batch, as a batch of that execution; NULL = it is only planned. */
static enum bk_rc do_after(struct bk_exam *x, const struct bk_exam_job *j, const char *execution,
			   struct bk_error *err)
{
	const char *params[] = {execution ? execution : "0", "0", "1"};
	const char *statement;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; !rc && (statement = bk_after_statement(j->job, i)); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

		if ((rc = bk_after_sql(j->job, x->schema, statement, &sql, err)))
			break;
		const struct bk_stmt stmt = {"after-batch", bk_buf_cstr(&sql), params, 3,
					     BK_ANY_ROWS};

		bk_tx_deadline(x->db, &x->limits);
		rc = execution ? bk_db_run(x->db, &stmt, 1, NULL, err)
			       : explain(x, &stmt, statement, err);
	}
	return rc;
}

static enum bk_rc explain_batch(struct bk_exam *x, const struct bk_exam_job *j,
				const struct bk_unit *unit, const char *batch, struct bk_error *err)
{
	const char *params[BATCH_PARAMS];
	const struct bk_stmt stmt = {"booking_batch", batch, params, BATCH_PARAMS, BK_ANY_ROWS};
	enum bk_rc rc = begin(x, err);

	if (rc)
		return rc;
	batch_params(j, unit, "0", params);
	rc = explain(x, &stmt, NULL, err);
	if (!rc)
		rc = do_after(x, j, NULL, err);
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
		rc = do_after(x, j, execution, err);
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

/* What a row or its triggers refuse is set aside by the job, which goes on; a fault of the
   statement behind the batch is no booking's. */
static enum bk_rc trial_failed(struct bk_exam *x, const struct bk_unit *unit,
			       const struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *subject = bk_exam_unit(unit);

	if (bk_fault_of(err) != BK_FAULT_ROW || strncmp(err->message, "after-batch: ", 13) == 0)
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

/* What a failed look says; where it was an expression, which one and for which booking. */
static enum bk_rc look_failed(struct bk_exam *x, const struct bk_exam_job *j,
			      const struct bk_unit *unit, const char *subject, struct bk_error *err)
{
	const struct bk_clock *clock = &x->request->clock;
	const struct bk_search search = {
		.db = x->db,
		.mapping = x->mapping,
		.table = &j->job->table,
		.as_of = j->bounds.as_of,
		.lower = j->bounds.lower,
		.limits = x->limits,
		.clock = clock,
		.deadline_ms = clock->mono_ms(clock->self) + SEARCH_MS,
	};

	(void)bk_culprit_blame(&search, unit, err);
	return bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", subject, err);
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
	if (explain_batch(x, j, unit, bk_buf_cstr(&batch), err))
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
				rc = look_failed(x, &x->jobs[i], unit, subject, err);
			else if (x->can_update)
				rc = check_batch(x, &x->jobs[i], u, subject, err);
			if (rc)
				return rc;
		}
	return BK_OK;
}

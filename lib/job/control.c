/*
 * Steering of jobs and executions; see control.h.
 */
#include "job/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "job/manual.h"
#include "rule/privilege.h"
#include "rule/table.h"

const char *const bk_act_names[] = {"pause", "resume", "enable", "disable"};

/* A claim holds a job's row for the time of one statement. */
static const struct bk_tx_limits quick_limits = {10000, 5000, false, NULL};

#define AT(member) offsetof(struct bk_job_change, member)

static const struct bk_field state_fields[] = {
	{"job_name", BK_FIELD_TEXT, AT(job_name)},
	{"status", BK_FIELD_TEXT, AT(status)},
	{"paused_until", BK_FIELD_TEXT, AT(paused_until)},
	{"paused_reason", BK_FIELD_TEXT, AT(paused_reason)},
	{"running_execution_id", BK_FIELD_TEXT, AT(running_execution_id)},
};

#undef AT
#define AT(member) offsetof(struct bk_cancelled, member)

static const struct bk_field execution_fields[] = {
	{"id", BK_FIELD_TEXT, AT(id)},
	{"operation", BK_FIELD_TEXT, AT(operation)},
	{"status", BK_FIELD_TEXT, AT(status)},
	{"finished_at", BK_FIELD_TEXT, AT(finished_at)},
	{"server_instance", BK_FIELD_TEXT, AT(server_instance)},
	{"pid", BK_FIELD_INT, AT(pid)},
	{"processed_count", BK_FIELD_INT, AT(processed_count)},
	{"cancel_requested", BK_FIELD_BOOL, AT(cancel_requested)},
	{"lease_expired", BK_FIELD_BOOL, AT(lease_expired)},
};

#undef AT

void bk_job_changes_clear(struct bk_job_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		bk_fields_clear(state_fields, BK_COUNT(state_fields), &changes->items[i]);
	free(changes->items);
	bk_free_str(&changes->recorded.execution_id);
	*changes = (struct bk_job_changes){.count = 0};
}

void bk_cancelled_clear(struct bk_cancelled *cancelled)
{
	bk_fields_clear(execution_fields, BK_COUNT(execution_fields), cancelled);
	bk_free_str(&cancelled->recorded.execution_id);
}

static bool is_among(const struct bk_rows *rows, const char *job)
{
	for (int i = 0; i < bk_rows_count(rows); i++)
		if (strcmp(bk_rows_text(rows, i, "job_name"), job) == 0)
			return true;
	return false;
}

static enum bk_rc read_states(const struct bk_rows *states, const struct bk_rows *changed,
			      struct bk_job_changes *ret, struct bk_error *err)
{
	int count = bk_rows_count(states);
	enum bk_rc rc;

	ret->items = bk_calloc((size_t)count + 1, sizeof(*ret->items));
	for (int i = 0; i < count; i++) {
		struct bk_job_change *job = &ret->items[ret->count++];

		if ((rc = bk_rows_read(states, i, state_fields, BK_COUNT(state_fields), job, err)))
			return rc;
		job->changed = is_among(changed, job->job_name);
	}
	return BK_OK;
}

/* The change and, with a snapshot of its own, what it led to. */
static enum bk_rc change_jobs(struct bk_manual *m, enum bk_act act, const char *job,
			      const char *until, const char *reason, struct bk_job_changes *ret,
			      struct bk_error *err)
{
	const struct bk_control *c = m->control;
	const char *params[] = {job, bk_act_names[act], until, reason, c->os_user, c->instance};
	BK_CLEAN(bk_buf_clear) struct bk_buf change = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf look = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *changed = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *states = NULL;
	struct bk_rows *rows[2];
	enum bk_rc rc;

	if ((rc = bk_manual_sql(m, "control_jobs", &change, err)) ||
	    (rc = bk_manual_sql(m, "control_states", &look, err)))
		return rc;
	const struct bk_stmt stmts[] = {
		{"control_jobs", bk_buf_cstr(&change), params, BK_COUNT(params), BK_ANY_ROWS},
		{"control_states", bk_buf_cstr(&look), params, 1, BK_ANY_ROWS},
	};
	if ((rc = bk_manual_run(m, stmts, BK_COUNT(stmts), rows, err)))
		return rc;
	changed = rows[0];
	states = rows[1];
	ret->recorded.changed = bk_rows_count(changed);
	return read_states(states, changed, ret, err);
}

static enum bk_rc no_job(const struct bk_conf *conf, const char *job, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, job);
	if (!bk_conf_job(conf, job))
		return bk_error_set(err, BK_E_NOT_FOUND, "no job %s", bk_buf_cstr(&shown));
	bk_error_set(err, BK_E_SCHEMA, "job %s is not registered in the database", job);
	return bk_error_hint(err, "run bkmaint migrate as the owner of the schema");
}

/* "pause activate-due until 2026-11-23T06:30:00.097Z: upgrade", for the history. */
static void describe(struct bk_buf *out, enum bk_act act, const char *job, const char *until,
		     const char *reason)
{
	bk_buf_fmt(out, "%s %s", bk_act_names[act], job ? job : "every job");
	if (until)
		bk_buf_fmt(out, " until %s", until);
	if (reason)
		bk_buf_fmt(out, ": %s", reason);
}

enum bk_rc bk_control_jobs(struct bk_db *db, const struct bk_control *control, enum bk_act act,
			   const char *job, const struct bk_until *until, const char *reason,
			   struct bk_job_changes *ret, struct bk_error *err)
{
	BK_CLEAN(bk_manual_end)
	struct bk_manual m = bk_manual_of(db, control, &quick_limits);
	BK_CLEAN(bk_job_changes_clear) struct bk_job_changes changes = {.count = 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf description = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *instant = NULL;
	enum bk_rc rc;

	if ((rc = bk_manual_begin(&m, until, &instant, err)) ||
	    (rc = change_jobs(&m, act, job, instant, reason, &changes, err)))
		return rc;
	if (job && !changes.count)
		return no_job(control->conf, job, err);
	describe(&description, act, job, instant, reason);
	if ((rc = bk_manual_commit(&m, bk_act_names[act], bk_buf_cstr(&description),
				   changes.recorded.changed, &changes.recorded, err)))
		return rc;
	*ret = changes;
	changes = (struct bk_job_changes){.count = 0};
	return BK_OK;
}

static enum bk_rc ask_to_end(struct bk_manual *m, const char *id, struct bk_cancelled *ret,
			     struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf ask = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf look = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *asked = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *execution = NULL;
	struct bk_rows *rows[2];
	enum bk_rc rc;

	if ((rc = bk_manual_sql(m, "control_cancel", &ask, err)) ||
	    (rc = bk_manual_sql(m, "control_execution", &look, err)))
		return rc;
	const struct bk_stmt stmts[] = {
		{"control_cancel", bk_buf_cstr(&ask), &id, 1, BK_MAYBE_ROW},
		{"control_execution", bk_buf_cstr(&look), &id, 1, BK_MAYBE_ROW},
	};
	if ((rc = bk_manual_run(m, stmts, BK_COUNT(stmts), rows, err)))
		return rc;
	asked = rows[0];
	execution = rows[1];
	if (!bk_rows_count(execution))
		return bk_error_set(err, BK_E_NOT_FOUND, "no execution %s", id);
	ret->recorded.changed = bk_rows_count(asked);
	return bk_rows_read(execution, 0, execution_fields, BK_COUNT(execution_fields), ret, err);
}

enum bk_rc bk_control_cancel(struct bk_db *db, const struct bk_control *control, int64_t id,
			     struct bk_cancelled *ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_manual_patience(control->conf);
	BK_CLEAN(bk_manual_end) struct bk_manual m = bk_manual_of(db, control, &limits);
	BK_CLEAN(bk_cancelled_clear) struct bk_cancelled cancelled = {.id = NULL};
	BK_CLEAN(bk_free_str) char *description = NULL;
	char text[24];
	enum bk_rc rc;

	(void)snprintf(text, sizeof(text), "%" PRId64, id);
	if ((rc = bk_manual_begin(&m, NULL, NULL, err)) ||
	    (rc = ask_to_end(&m, text, &cancelled, err)))
		return rc;
	description = bk_asprintf("cancel execution %s of %s", text, cancelled.operation);
	if ((rc = bk_manual_commit(&m, "cancel", description, cancelled.recorded.changed,
				   &cancelled.recorded, err)))
		return rc;
	*ret = cancelled;
	cancelled = (struct bk_cancelled){.id = NULL};
	return BK_OK;
}

void bk_control_explain(struct bk_db *db, const struct bk_conf *conf, struct bk_error *err)
{
	if (!bk_db_lost(db))
		bk_explain_permission(db, bk_conf_str(conf, "schema"), bk_conf_mapping(conf), true,
				      err);
}

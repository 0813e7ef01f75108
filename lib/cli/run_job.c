/*
 * Running one job for a tool; see run_job.h.
 */
#include "cli/run_job.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "rule/table.h"

#define HOUR_US INT64_C(3600000000)

void bk_run_report_clear(struct bk_run_report *report)
{
	bk_run_result_clear(&report->result);
	bk_job_clean(&report->work);
}

/* A mapping that this instance has not checked since it was last changed is
   checked before the claim: a wrong state must not look like nothing due. */
static enum bk_rc check_mapping(struct bk_app *app, const char *fingerprint, struct bk_error *err)
{
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};

	if (app->checked_mapping && strcmp(app->checked_mapping, fingerprint) == 0)
		return BK_OK;
	return bk_table_load(app->db, bk_conf_mapping(app->conf), &table, err);
}

/* Says more about a failure than its SQLSTATE: which name of the mapping is
   wrong, which grant is lacking. */
static void explain(struct bk_app *app, struct bk_run_report *r)
{
	const struct bk_mapping *mapping = bk_conf_mapping(app->conf);
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};
	struct bk_error why;

	if (bk_db_lost(app->db))
		return;
	if (r->rc == BK_E_PERMISSION)
		bk_explain_permission(app->db, bk_conf_str(app->conf, "schema"), mapping, true,
				      &r->error);
	if (r->rc == BK_E_SCHEMA && !r->error.hint[0] &&
	    bk_table_load(app->db, mapping, &table, &why) == BK_E_MAPPING) {
		r->error = why;
		r->rc = why.rc;
	}
}

/* What a run that did not happen means: an error by hand, a result for a tick. */
static void judge_outcome(struct bk_run_report *r, const struct bk_options *o)
{
	const struct bk_run_result *result = &r->result;

	if (r->rc || !r->manual)
		return;
	switch (result->outcome) {
	case BK_OUTCOME_RAN:
	case BK_OUTCOME_NOT_DUE:
	case BK_OUTCOME_STANDBY:
	case BK_OUTCOME_LATE:
		break;
	case BK_OUTCOME_BUSY:
		r->rc = bk_error_set(&r->error, BK_E_BUSY, "%s is running already%s%s", r->job,
				     result->holder ? " on " : "",
				     result->holder ? result->holder : "");
		break;
	case BK_OUTCOME_PAUSED:
		r->rc = bk_error_set(&r->error, BK_E_PAUSED, "%s is paused%s%s", r->job,
				     result->paused_reason ? ": " : "",
				     result->paused_reason ? result->paused_reason : "");
		break;
	case BK_OUTCOME_DISABLED:
		r->rc = bk_error_set(&r->error, BK_E_DISABLED, "%s is disabled", r->job);
		break;
	}
	if (r->rc && r->rc != BK_E_BUSY && !o->force)
		bk_error_hint(&r->error, "bkmaint %s --force runs it all the same", r->job);
}

/* What the log says of a run beside its message. */
static struct bk_log_record record_of(const struct bk_run_report *r)
{
	const struct bk_run_result *result = &r->result;

	return (struct bk_log_record){
		.operation = r->job,
		.execution_id = result->execution_id,
		.execution_time_ms = result->status ? result->execution_time_ms : -1,
		.status = result->status,
	};
}

void bk_run_report_failure(struct bk_app *app, const struct bk_run_report *r)
{
	const struct bk_log_record about = record_of(r);

	bk_app_fail(app, &r->error, &about);
}

/* As for an execution that a claim took over. */
static void warn_of_closed(struct bk_app *app, const struct bk_run_report *r)
{
	const char *line = r->work ? bk_job_closed(r->work) : NULL;

	for (size_t len; line; line = line[len] ? line + len + 1 : NULL) {
		len = strcspn(line, "\n");
		bk_app_warn(app, "%.*s had lost its lease and was closed as ABANDONED", (int)len,
			    line);
	}
}

static void log_run(struct bk_app *app, const struct bk_run_report *r)
{
	struct bk_log_record record = record_of(r);
	BK_CLEAN(bk_free_str) char *message = NULL;

	if (r->result.abandoned_id)
		bk_app_warn(app,
			    "execution %s of %s had lost its lease and was closed as ABANDONED",
			    r->result.abandoned_id, r->job);
	warn_of_closed(app, r);
	if (r->rc)
		return;
	message = bk_asprintf("%s %s", r->job, bk_outcome_names[r->result.outcome]);
	record.level = BK_LOG_INFO;
	record.message = message;
	bk_log_write(&app->log, &record);
}

static void run_claimable(struct bk_app *app, struct bk_run_report *r)
{
	const struct bk_options *o = &app->line.options;
	struct bk_run_request request = bk_job_request(app->conf, r->job);
	char fingerprint[BK_FINGERPRINT_SIZE];
	struct bk_work work;

	r->result.outcome = BK_OUTCOME_RAN;
	bk_mapping_fingerprint(bk_conf_mapping(app->conf),
			       app->clock.wall_us(app->clock.self) / HOUR_US, fingerprint);
	request.instance = app->instance;
	request.os_user = app->os_user;
	request.fingerprint = fingerprint;
	request.manual = r->manual;
	request.force = o->force;
	request.limit = o->limit;
	request.allow = o->allow;
	request.clock = app->clock;
	request.random = app->random;
	if (o->backlog)
		request.max_age_ms = -1;
	r->work = bk_job_new(app->conf, r->job);
	r->rc = check_mapping(app, fingerprint, &r->error);
	if (!r->rc)
		r->rc = bk_job_work(r->work, &work, &r->error);
	if (!r->rc)
		r->rc = bk_run(app->db, &request, &work, &r->result, &r->error);
	if (r->rc)
		explain(app, r);
}

void bk_run_job(struct bk_app *app, const char *job, bool manual, struct bk_run_report *ret)
{
	*ret = (struct bk_run_report){
		.job = job, .description = bk_job_find(job)->description, .manual = manual};
	ret->result.outcome = BK_OUTCOME_DISABLED;
	if (bk_conf_job_enabled(app->conf, job)) {
		run_claimable(app, ret);
		judge_outcome(ret, &app->line.options);
	} else if (manual) {
		ret->rc = bk_error_set(&ret->error, BK_E_DISABLED,
				       "%s is disabled in the configuration", job);
		bk_error_hint(&ret->error,
			      "set enabled = yes in section %s; --force does not change the rules",
			      job);
	}
	log_run(app, ret);
}

enum bk_rc bk_run_command(struct bk_app *app, const char *job, bool manual)
{
	BK_CLEAN(bk_run_report_clear) struct bk_run_report report = {.job = job};
	enum bk_rc rc;

	if (app->line.options.dry_run)
		return bk_dry_command(app, job, manual);
	if ((rc = bk_app_connect(app, job, false)))
		return rc;
	bk_run_job(app, job, manual, &report);
	rc = bk_run_report_print(app, &report);
	if (!report.rc)
		return rc;
	bk_run_report_failure(app, &report);
	app->err = report.error;
	return report.rc;
}

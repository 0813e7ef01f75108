/*
 * Running one job for a tool; see run_job.h.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "cli/schedule.h"
#include "conf/jobs.h"
#include "rule/privilege.h"
#include "rule/table.h"

#define HOUR_US INT64_C(3600000000)
/* Between two tries of a busy job: from this much on, and by chance up to so much more. */
#define BUSY_PAUSE_MS 200
#define BUSY_JITTER_MS 801

void bk_run_report_init(const struct bk_app *app, struct bk_run_report *report, const char *job,
			bool manual)
{
	*report = (struct bk_run_report){.job = job,
					 .description = bk_conf_job(app->conf, job)->description,
					 .manual = manual};
	report->result.outcome = BK_OUTCOME_RAN;
}

void bk_run_report_clear(struct bk_run_report *report)
{
	bk_run_result_clear(&report->result);
	bk_job_clean(&report->work);
}

/* What the callbacks of a run work on. */
struct caller {
	struct bk_app *app;
	const char *job;
	const char *fingerprint;
};

/* A mapping that this instance has not checked since it was last changed is
   checked before the claim: a wrong state must not look like nothing due. */
static enum bk_rc check_mapping(void *arg, struct bk_db *db, struct bk_error *err)
{
	const struct caller *c = arg;
	struct bk_app *app = c->app;
	BK_CLEAN(bk_table_clear) struct bk_table table = {.columns = NULL};
	enum bk_rc rc;

	if (app->checked_mapping && strcmp(app->checked_mapping, c->fingerprint) == 0)
		return BK_OK;
	if ((rc = bk_table_load(db, bk_conf_mapping(app->conf), &table, err)))
		return rc;
	free(app->checked_mapping);
	app->checked_mapping = bk_strdup(c->fingerprint);
	return BK_OK;
}

/* No run goes before this. */
static enum bk_rc check_schema(struct bk_app *app, struct bk_run_report *r)
{
	enum bk_rc rc = bk_app_check_schema(app, false);

	/* The usual tick came to nothing because its connection went, maybe. */
	if (rc && bk_db_lost(app->db) && !bk_app_connect_raw(app, r->job))
		rc = bk_app_check_schema(app, false);
	if (!rc)
		return BK_OK;
	if (rc == BK_E_PERMISSION)
		bk_app_hint_grant(app);
	r->error = app->err;
	r->unusable = true;
	return rc;
}

bool bk_run_needs_mapping(const char *job)
{
	return strcmp(job, BK_JOB_CLEANUP) != 0;
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
	if (r->rc == BK_E_PERMISSION && !r->error.hint[0])
		bk_explain_permission(app->db, bk_conf_str(app->conf, "schema"), mapping, true,
				      &r->error);
	if (r->rc == BK_E_SCHEMA && !r->error.hint[0] && bk_run_needs_mapping(r->job) &&
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

/* A host whose clock is wrong still does the right thing, by the database's clock;
   its log and its crontab do not. */
static void warn_of_clock(struct bk_app *app, const struct bk_run_result *result)
{
	int64_t ms = result->clock_difference_ms;
	int64_t size = ms < 0 ? -ms : ms;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (app->clock_warned || !result->has_clock_difference ||
	    size <= bk_conf_num(app->conf, "clock-skew"))
		return;
	app->clock_warned = true;
	bk_human_duration(&text, size);
	bk_app_warn(app, "the clock of this host is %s %s the database's", bk_buf_cstr(&text),
		    ms < 0 ? "behind" : "ahead of");
}

/* What the work itself has to say, line by line. */
static void warn_of_said(struct bk_app *app, const struct bk_run_report *r)
{
	const char *line = r->work ? bk_job_said(r->work) : NULL;

	for (size_t len; line; line = line[len] ? line + len + 1 : NULL) {
		len = strcspn(line, "\n");
		bk_app_warn(app, "%.*s", (int)len, line);
	}
}

/* The run is slower than it was meant to be, and nothing else shows it. */
static void warn_of_absent(struct bk_app *app, const struct bk_run_report *r)
{
	const struct bk_run_result *result = &r->result;

	if (result->absent)
		bk_app_warn(app,
			    "%" PRId64 " of the %" PRId64 " workers of %s could not connect: %s",
			    result->absent, bk_conf_job_num(app->conf, r->job, "parallel"), r->job,
			    result->absent_why);
}

void bk_run_report_log(struct bk_app *app, const struct bk_run_report *r)
{
	struct bk_log_record record = record_of(r);
	BK_CLEAN(bk_free_str) char *message = NULL;

	warn_of_clock(app, &r->result);
	if (r->result.abandoned_id)
		bk_app_warn(app,
			    "execution %s of %s had lost its lease and was closed as ABANDONED",
			    r->result.abandoned_id, r->job);
	warn_of_said(app, r);
	warn_of_absent(app, r);
	if (r->rc)
		return;
	message = bk_asprintf("%s %s", r->job, bk_outcome_names[r->result.outcome]);
	record.level = BK_LOG_INFO;
	record.message = message;
	bk_log_write(&app->log, &record);
}

static enum bk_rc connect_more(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
			       struct bk_error *err)
{
	const struct caller *c = arg;

	return bk_app_connect_more(c->app, c->job, timeout_ms, hold, ret, err);
}

/* Shows meanwhile how far it is. */
static enum bk_rc run_watched(struct bk_app *app, struct bk_run_request *request,
			      const struct bk_work *work, struct bk_run_report *r)
{
	enum bk_rc rc;

	request->progress = bk_progress_update;
	request->progress_arg = &app->progress;
	request->count_after_ms = bk_progress_count_after_ms(&app->progress);
	bk_progress_begin(&app->progress, r->job, &r->result.execution_id);
	rc = bk_run(&app->db, request, work, &r->result, &r->error);
	bk_progress_end(&app->progress);
	return rc;
}

void bk_run_narrow(const struct bk_app *app, struct bk_run_request *request)
{
	const struct bk_options *o = &app->line.options;

	request->limit = o->limit;
	request->allow = o->allow;
	if (o->backlog)
		request->max_age_ms = -1;
}

struct bk_job *bk_run_new_job(const struct bk_app *app, const char *name)
{
	struct bk_job *job = bk_job_new(app->conf, name);

	if (app->line.options.archive)
		bk_job_only_archive(job);
	return job;
}

/* One attempt at a run; it points into itself. */
struct attempt {
	struct caller caller;
	char fingerprint[BK_FINGERPRINT_SIZE];
	struct bk_run_request request;
	struct bk_work work;
};

/* Fills it and r->work from the configuration as it is now. */
static enum bk_rc prepare(struct bk_app *app, struct bk_run_report *r, struct attempt *a)
{
	const struct bk_options *o = &app->line.options;
	struct bk_run_request *request = &a->request;

	a->caller = (struct caller){app, r->job, a->fingerprint};
	bk_mapping_fingerprint(bk_conf_mapping(app->conf),
			       app->clock.wall_us(app->clock.self) / HOUR_US, a->fingerprint);
	*request = bk_job_request(app->conf, r->job);
	request->instance = app->instance;
	request->os_user = app->os_user;
	if (bk_run_needs_mapping(r->job)) {
		request->fingerprint = a->fingerprint;
		request->check = check_mapping;
		request->check_arg = &a->caller;
	}
	request->settings_version = app->settings_version;
	request->manual = r->manual;
	request->force = o->force;
	request->beside = o->archive; /* a part of the job, which stays due */
	bk_run_narrow(app, request);
	request->clock = app->clock;
	request->random = app->random;
	request->connect = connect_more;
	request->connect_arg = &a->caller;
	bk_job_clean(&r->work);
	r->work = bk_run_new_job(app, r->job);
	return bk_job_work(r->work, &a->work, &r->error);
}

/* Where it fails, bk's schema may be what is wrong, or the connection went. */
static enum bk_rc read_settings(struct bk_app *app, struct bk_run_report *r)
{
	enum bk_rc rc;

	if (!bk_app_read_settings(app))
		return BK_OK;
	if ((rc = check_schema(app, r)) || !(rc = bk_app_read_settings(app)))
		return rc;
	r->error = app->err;
	r->unusable = true;
	return rc;
}

/* Most ticks are over after one statement, the settings of the database being those
   that are known, or after three, where there are some and this is a new process. */
static bool is_idle(struct bk_app *app, struct bk_run_report *r, struct attempt *a)
{
	int64_t known = app->settings_version;

	r->rc = prepare(app, r, a);
	if (!r->rc && bk_run_idle(app->db, &a->request, &a->work, &r->result))
		return true;
	if (!r->rc)
		r->rc = read_settings(app, r);
	if (r->rc || app->settings_version == known)
		return false;
	r->rc = prepare(app, r, a);
	return !r->rc && bk_run_idle(app->db, &a->request, &a->work, &r->result);
}

static void run_claimable(struct bk_app *app, struct bk_run_report *r)
{
	struct attempt a;

	if (is_idle(app, r, &a))
		return;
	if (!r->rc)
		r->rc = check_schema(app, r);
	if (!r->rc)
		r->rc = run_watched(app, &a.request, &a.work, r);
	/* A pooler may lead to a standby also once there is a connection. */
	if (r->rc == BK_E_STANDBY && !r->result.execution_id &&
	    bk_run_passes_standby(app, r->manual)) {
		r->rc = BK_OK;
		r->result.outcome = BK_OUTCOME_STANDBY;
	}
	if (r->rc)
		explain(app, r);
}

static enum bk_rc still_busy(struct bk_run_report *r, int64_t waited_ms)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf waited = BK_BUF_INIT;
	const char *holder = r->result.holder;

	bk_human_duration(&waited, waited_ms);
	return bk_error_set(&r->error, BK_E_BUSY, "%s is still running%s%s after a wait of %s",
			    r->job, holder ? " on " : "", holder ? holder : "",
			    bk_buf_cstr(&waited));
}

/* Tries a busy job again until then; -1 = once only. At random moments, so that hosts
   which wait for the same run do not ask in step. */
static void run_when_free(struct bk_app *app, int64_t until, struct bk_run_report *r)
{
	const int64_t began = app->clock.mono_ms(app->clock.self);

	for (;;) {
		uint64_t jitter = app->random.next(app->random.self) % BUSY_JITTER_MS;
		int64_t now;

		run_claimable(app, r);
		if (r->rc || r->result.outcome != BK_OUTCOME_BUSY || until < 0)
			return;
		now = app->clock.mono_ms(app->clock.self);
		if (now >= until) {
			r->rc = still_busy(r, now - began);
			return;
		}
		now += BUSY_PAUSE_MS + (int64_t)jitter;
		r->rc = bk_wait_until(&app->clock, app->interrupted, now < until ? now : until,
				      &r->error);
		if (r->rc)
			return;
		bk_run_report_clear(r);
		bk_run_report_init(app, r, r->job, r->manual);
	}
}

void bk_run_job(struct bk_app *app, const char *job, bool manual, int64_t busy_until,
		struct bk_run_report *ret)
{
	bk_run_report_init(app, ret, job, manual);
	if (bk_conf_job_enabled(app->conf, job)) {
		run_when_free(app, busy_until, ret);
		judge_outcome(ret, &app->line.options);
		bk_run_report_log(app, ret);
		return;
	}
	ret->result.outcome = BK_OUTCOME_DISABLED;
	if (manual) {
		ret->rc = bk_error_set(&ret->error, BK_E_DISABLED,
				       "%s is disabled in the configuration", job);
		bk_error_hint(&ret->error,
			      "set enabled = yes in section %s; --force does not change the rules",
			      job);
	}
	bk_run_report_log(app, ret);
}

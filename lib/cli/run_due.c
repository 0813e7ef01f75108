/*
 * `bkmaint run --due`: a tick of every job that has no program of its own. One
 * that fails does not keep the others from running.
 */
#include "cli/run_job.h"

#include <string.h>

#include "cli/runs.h"
#include "cli/schedule.h"
#include "conf/jobs.h"

static bool has_own_program(const char *job)
{
	return strcmp(job, BK_JOB_ACTIVATE) == 0 || strcmp(job, BK_JOB_NO_SHOW) == 0;
}

/* What is wrong for one job is wrong for all of them, and said once. */
static bool concerns_all(const struct bk_run_report *r)
{
	return !r->result.execution_id && (r->rc == BK_E_STANDBY || r->rc == BK_E_SCHEMA);
}

struct due {
	struct bk_runs runs;
	int64_t start;
	bool told;      /* the report of a run has told why the call ends */
	bool misfitted; /* the mapping is wrong, which was said with the first job that needs it */
};

static void clear_due(struct due *d)
{
	bk_runs_clear(&d->runs);
}

/* One job, once its splay has passed since the start. Anything but BK_OK ends the
   call: there is no use in the database, or a signal came. */
static enum bk_rc run_one(struct bk_app *app, const char *job, struct due *d)
{
	BK_CLEAN(bk_run_report_clear) struct bk_run_report r = {.job = job};
	enum bk_rc rc = bk_wait_until(&app->clock, app->interrupted,
				      d->start + bk_run_splay(app, job, false), &app->err);

	if (rc || (rc = bk_run_tick(app, job, false, -1, &r)))
		return rc;
	if (concerns_all(&r)) {
		app->err = r.error;
		return r.rc;
	}
	bk_runs_add(app, &d->runs, &r);
	d->misfitted = d->misfitted || r.rc == BK_E_MAPPING;
	d->told = r.rc && *app->interrupted;
	return d->told ? r.rc : BK_OK;
}

enum bk_rc bk_run_due_command(struct bk_app *app)
{
	BK_CLEAN(clear_due)
	struct due d = {.start = app->clock.mono_ms(app->clock.self)};
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < bk_conf_job_count(app->conf) && !rc; i++) {
		const char *job = bk_conf_job_at(app->conf, i)->name;

		if (!has_own_program(job) && !(d.misfitted && bk_run_needs_mapping(job)))
			rc = run_one(app, job, &d);
	}
	if (rc && !d.runs.count)
		return rc;
	if (rc && !d.told)
		bk_runs_fail(app, &d.runs, &app->err);
	return bk_runs_end(app, &d.runs);
}

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
	return !r->result.execution_id &&
	       (r->rc == BK_E_STANDBY || r->rc == BK_E_SCHEMA || r->rc == BK_E_MAPPING);
}

/* One job, once its splay has passed since `start`. Anything but BK_OK ends the
   call: there is no use in the database, or a signal came; *ret_told says whether the
   report has told why. */
static enum bk_rc run_one(struct bk_app *app, const char *job, int64_t start, struct bk_runs *runs,
			  bool *ret_told)
{
	BK_CLEAN(bk_run_report_clear) struct bk_run_report r = {.job = job};
	enum bk_rc rc = bk_wait_until(&app->clock, app->interrupted,
				      start + bk_run_splay(app, job, false), &app->err);

	if (rc || (rc = bk_run_tick(app, job, false, -1, &r)))
		return rc;
	if (concerns_all(&r)) {
		app->err = r.error;
		return r.rc;
	}
	bk_runs_add(app, runs, &r);
	*ret_told = r.rc && *app->interrupted;
	return *ret_told ? r.rc : BK_OK;
}

enum bk_rc bk_run_due_command(struct bk_app *app)
{
	BK_CLEAN(bk_runs_clear) struct bk_runs runs = {.count = 0};
	int64_t start = app->clock.mono_ms(app->clock.self);
	bool told = false;
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < bk_conf_job_count(app->conf) && !rc; i++) {
		const char *name = bk_conf_job_at(app->conf, i)->name;

		if (!has_own_program(name))
			rc = run_one(app, name, start, &runs, &told);
	}
	if (rc && !runs.count)
		return rc;
	if (rc && !told)
		bk_runs_fail(app, &runs, &app->err);
	return bk_runs_end(app, &runs);
}

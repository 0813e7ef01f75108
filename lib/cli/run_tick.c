/*
 * What goes before a run: the splay of a tick, the connection, the standby that a
 * tick passes over, the time to wait for a busy job. See run_job.h.
 */
#include "cli/run_job.h"

#include "cli/schedule.h"
#include "run/retry.h"

int64_t bk_run_splay_limit(const struct bk_app *app, const char *job)
{
	int64_t typed = app->line.options.splay_ms;

	return typed >= 0 ? typed : bk_conf_job_num(app->conf, job, "splay");
}

int64_t bk_run_splay(const struct bk_app *app, const char *job, bool manual)
{
	if (manual && app->line.options.splay_ms < 0)
		return 0;
	return bk_splay_ms(app->instance, job, bk_run_splay_limit(app, job));
}

int64_t bk_run_busy_until(const struct bk_app *app)
{
	int64_t wait_ms = app->line.options.wait_ms;

	return wait_ms < 0 ? -1 : app->clock.mono_ms(app->clock.self) + wait_ms;
}

bool bk_run_passes_standby(const struct bk_app *app, bool manual)
{
	enum { SKIP = 1 };

	return !manual && bk_conf_num(app->conf, "on-standby") == SKIP;
}

/* Waits for the attempt-th retry. */
static enum bk_rc pause(struct bk_app *app, const char *job, int64_t attempt)
{
	const struct bk_retry retry = {bk_conf_job_num(app->conf, job, "retry-base"),
				       bk_conf_job_num(app->conf, job, "retry-cap")};
	int64_t ms = bk_retry_pause(&retry, attempt, &app->random);

	return bk_wait_until(&app->clock, app->interrupted,
			     app->clock.mono_ms(app->clock.self) + ms, &app->err);
}

/* A tick tries again where it may help, as a run does. Who typed the command is
   told at once. */
static enum bk_rc connect(struct bk_app *app, const char *job, bool manual)
{
	const char *command = app->line.command->name;
	int64_t retries = manual ? 0 : bk_conf_job_num(app->conf, job, "max-retries");

	if (app->db && bk_db_alive(app->db))
		return BK_OK;
	for (int64_t attempt = 1;; attempt++) {
		enum bk_rc rc = bk_app_connect_raw(app, command ? command : job);

		if (!rc || rc == BK_E_STANDBY || attempt > retries ||
		    bk_fault_of(&app->err) != BK_FAULT_PASSING)
			return rc;
		if ((rc = pause(app, job, attempt)))
			return rc;
	}
}

enum bk_rc bk_run_tick(struct bk_app *app, const char *job, bool manual, int64_t busy_until,
		       struct bk_run_report *ret)
{
	enum bk_rc rc = connect(app, job, manual);

	if (!rc) {
		bk_run_job(app, job, manual, busy_until, ret);
		if (ret->unusable)
			return ret->rc;
		bk_run_metrics(app, ret);
		return BK_OK;
	}
	bk_run_report_init(app, ret, job, manual);
	if (rc == BK_E_STANDBY && bk_run_passes_standby(app, manual)) {
		ret->result.outcome = BK_OUTCOME_STANDBY;
		bk_run_report_log(app, ret);
		return BK_OK;
	}
	if (rc == BK_E_PERMISSION)
		bk_app_hint_grant(app);
	ret->rc = rc;
	ret->error = app->err;
	return rc;
}

enum bk_rc bk_run_command(struct bk_app *app, const char *job, bool manual)
{
	BK_CLEAN(bk_run_report_clear) struct bk_run_report report = {.job = job};
	int64_t start = app->clock.mono_ms(app->clock.self);
	enum bk_rc rc;

	if (app->line.options.for_ms >= 0)
		return bk_run_for_command(app, job, manual);
	if (app->line.options.explain)
		return bk_explain_command(app, job, manual);
	if (app->line.options.dry_run)
		return bk_dry_command(app, job, manual);
	if ((rc = bk_wait_until(&app->clock, app->interrupted,
				start + bk_run_splay(app, job, manual), &app->err)))
		return rc;
	if ((rc = bk_run_tick(app, job, manual, bk_run_busy_until(app), &report)))
		return rc;
	rc = bk_run_report_print(app, &report);
	if (!report.rc)
		return rc;
	bk_run_report_failure(app, &report);
	app->err = report.error;
	return report.rc;
}

/*
 * What goes before a run: the splay of a tick, the connection, the standby that a
 * tick passes over, the time to wait for a busy job. See run_job.h.
 */
#include "cli/run_job.h"

#include "cli/schedule.h"

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

static enum bk_rc connect(struct bk_app *app, const char *job)
{
	const char *command = app->line.command->name;

	if (app->db && bk_db_alive(app->db))
		return BK_OK;
	return bk_app_connect(app, command ? command : job, false);
}

enum bk_rc bk_run_tick(struct bk_app *app, const char *job, bool manual, int64_t busy_until,
		       struct bk_run_report *ret)
{
	enum bk_rc rc = connect(app, job);

	if (!rc) {
		bk_run_job(app, job, manual, busy_until, ret);
		return BK_OK;
	}
	bk_run_report_init(ret, job, manual);
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

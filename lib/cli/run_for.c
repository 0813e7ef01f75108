/*
 * --for=TIME: ticks of one job at its delay, because cron calls no oftener than
 * once a minute. Nothing is kept in the session between two ticks, so a pooler or
 * a firewall may end an idle connection: the next tick makes a new one.
 */
#include "cli/run_job.h"

#include "base/number.h"
#include "cli/runs.h"
#include "cli/schedule.h"

struct ticking {
	struct bk_app *app;
	const char *job;
	int64_t end;
	struct bk_runs runs;
	bool told; /* what ended the ticking was told with a run */
};

static void clear_ticking(struct ticking *t)
{
	bk_runs_clear(&t->runs);
}

/* A wait for a job that is busy elsewhere may not begin a run after the end. */
static int64_t busy_until(const struct ticking *t)
{
	int64_t until = bk_run_busy_until(t->app);

	return until < t->end ? until : t->end;
}

static enum bk_rc tick(void *arg, struct bk_error *err)
{
	struct ticking *t = arg;
	BK_CLEAN(bk_run_report_clear) struct bk_run_report report = {.job = t->job};
	enum bk_rc rc = bk_run_tick(t->app, t->job, false, busy_until(t), &report);

	/* What was typed or configured does not mend itself; a database that is down does. */
	if (rc == BK_E_USAGE || rc == BK_E_CONFIG) {
		*err = t->app->err;
		return rc;
	}
	bk_runs_add(t->app, &t->runs, &report);
	if (!report.rc || !*t->app->interrupted)
		return BK_OK;
	t->told = true;
	*err = report.error;
	return report.rc;
}

/* A tick may have met another setting in the database. */
static int64_t delay_now(void *arg)
{
	const struct ticking *t = arg;

	return bk_conf_job_num(t->app->conf, t->job, "delay");
}

static enum bk_rc check_options(struct bk_app *app, bool manual, int64_t splay_ms)
{
	const struct bk_options *o = &app->line.options;
	const char *other = manual       ? "now"
			    : o->dry_run ? "dry-run"
			    : o->explain ? "explain"
					 : "allow";
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	/* --allow lets one run through, and here there are several. */
	if (manual || o->dry_run || o->explain || o->allow >= 0)
		return bk_error_set(&app->err, BK_E_USAGE, "options --for and --%s contradict",
				    other);
	if (splay_ms < o->for_ms)
		return BK_OK;
	bk_format_duration(&text, o->for_ms);
	bk_buf_str(&text, " is not longer than the splay, ");
	bk_format_duration(&text, splay_ms);
	return bk_error_set(&app->err, BK_E_USAGE, "option --for: %s", bk_buf_cstr(&text));
}

enum bk_rc bk_run_for_command(struct bk_app *app, const char *job, bool manual)
{
	int64_t now = app->clock.mono_ms(app->clock.self);
	BK_CLEAN(clear_ticking)
	struct ticking t = {.app = app, .job = job, .end = now + app->line.options.for_ms};
	const struct bk_schedule schedule = {
		.clock = app->clock,
		.interrupted = app->interrupted,
		.start = now + bk_run_splay(app, job, manual),
		.delay = delay_now(&t),
		.delay_now = delay_now,
		.end = t.end,
		.tick = tick,
		.arg = &t,
	};
	struct bk_error err;
	enum bk_rc rc = check_options(app, manual, bk_run_splay_limit(app, job));

	if (rc)
		return rc;
	rc = bk_schedule_run(&schedule, &err);
	if (rc == BK_E_USAGE || rc == BK_E_CONFIG)
		return rc;
	if (rc && !t.told)
		bk_runs_fail(app, &t.runs, &err);
	return bk_runs_end(app, &t.runs);
}

/*
 * Steering of jobs and executions; see control_cmd.h. A command on one job that
 * does not bring about what was asked for is an error; one on every job tells
 * what it left alone.
 */
#include "cli/control_cmd.h"

#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "cli/booking_cmd.h"
#include "cli/control.h"
#include "cli/settings_cmd.h"
#include "conf/jobs.h"
#include "out/changes.h"
#include "view/job.h"

/* What a job that was left alone is, instead of changed. */
static const char *left_alone(enum bk_act act, const struct bk_job_change *job)
{
	bool disabled = strcmp(job->status, "DISABLED") == 0;
	bool paused = strcmp(job->status, "PAUSED") == 0;

	switch (act) {
	case BK_ACT_PAUSE:
		return disabled ? "is disabled and left alone" : "was paused so already";
	case BK_ACT_RESUME:
		return disabled ? "is disabled and left alone" : "was not paused";
	case BK_ACT_ENABLE:
		return paused ? "was enabled already, but is paused" : "was enabled already";
	case BK_ACT_DISABLE:
		break;
	}
	return "was disabled already";
}

static void put_job(struct bk_buf *out, enum bk_act act, const struct bk_job_change *job,
		    const struct bk_recorded *recorded)
{
	static const char *const done[] = {"is paused", "is resumed", "is enabled", "is disabled"};

	bk_escape_line(out, job->job_name);
	bk_buf_fmt(out, " %s", job->changed ? done[act] : left_alone(act, job));
	if (job->paused_until)
		bk_buf_fmt(out, " until %s", job->paused_until);
	if (job->changed)
		bk_change_report_record(out, recorded);
	if (job->running_execution_id && (act == BK_ACT_PAUSE || act == BK_ACT_DISABLE))
		bk_buf_fmt(out, ", execution %s is at work and goes on", job->running_execution_id);
	bk_buf_char(out, '\n');
}

static enum bk_rc print_jobs(struct bk_app *app, enum bk_act act, const struct bk_job_changes *jobs)
{
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = bk_act_names[act],
		.recorded = &jobs->recorded,
		.list = bk_out_job_changes(jobs),
		.key = "jobs",
		.text = BK_BUF_INIT,
	};

	for (size_t i = 0; i < jobs->count; i++)
		put_job(&report.text, act, &jobs->items[i], &jobs->recorded);
	return bk_change_report_print(app, &report);
}

/* One job that was named, and is disabled: neither can it be paused, nor does the
   end of a pause let it run. */
static enum bk_rc check_disabled(struct bk_app *app, enum bk_act act,
				 const struct bk_job_changes *jobs)
{
	const char *name = jobs->items[0].job_name;

	if (app->line.options.all || (act != BK_ACT_PAUSE && act != BK_ACT_RESUME) ||
	    strcmp(jobs->items[0].status, "DISABLED") != 0)
		return BK_OK;
	bk_error_set(&app->err, BK_E_DISABLED, "%s is disabled, nothing was changed", name);
	return bk_error_hint(&app->err, "bkmaint enable %s lets ticks run it", name);
}

/* What the file disables stays so on this host. */
static void warn_of_file(struct bk_app *app, enum bk_act act, const struct bk_job_changes *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		const char *name = jobs->items[i].job_name;

		if ((act == BK_ACT_RESUME || act == BK_ACT_ENABLE) &&
		    bk_conf_job(app->conf, name) && !bk_conf_job_enabled(app->conf, name))
			bk_app_warn(app, "%s is disabled in the configuration of this host", name);
	}
}

static enum bk_rc take_job(struct bk_app *app, const char **ret)
{
	const char *name = app->line.command->name;
	const char *job = app->line.operand_count ? app->line.operands[0] : NULL;

	if (job && app->line.options.all)
		return bk_error_set(&app->err, BK_E_USAGE, "JOB and --all contradict");
	if (!job && !app->line.options.all)
		return bk_error_set(&app->err, BK_E_USAGE, "bkmaint %s needs JOB or --all", name);
	*ret = job;
	return BK_OK;
}

static enum bk_rc act_on_jobs(struct bk_app *app, enum bk_act act)
{
	BK_CLEAN(bk_job_changes_clear) struct bk_job_changes jobs = {.count = 0};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	struct bk_until until = {BK_UNTIL_NONE, 0, 0};
	const char *job = NULL;
	enum bk_rc rc;

	if ((rc = take_job(app, &job)) || (rc = bk_control_until(app, &until)) ||
	    (rc = bk_control_check_reason(app)) || (rc = bk_control_start(app, run_id, &control)))
		return rc;
	rc = bk_control_jobs(app->db, &control, act, job, &until, app->line.options.reason, &jobs,
			     &app->err);
	if (rc == BK_E_NOT_FOUND)
		return bk_view_no_job(app->conf, job, &app->err);
	if (rc)
		return bk_control_failed(app, rc);
	if ((rc = check_disabled(app, act, &jobs)))
		return rc;
	warn_of_file(app, act, &jobs);
	return print_jobs(app, act, &jobs);
}

static enum bk_rc pause_command(struct bk_app *app)
{
	return act_on_jobs(app, BK_ACT_PAUSE);
}

static enum bk_rc resume_command(struct bk_app *app)
{
	return act_on_jobs(app, BK_ACT_RESUME);
}

static enum bk_rc enable_command(struct bk_app *app)
{
	return act_on_jobs(app, BK_ACT_ENABLE);
}

static enum bk_rc disable_command(struct bk_app *app)
{
	return act_on_jobs(app, BK_ACT_DISABLE);
}

static void put_cancelled(struct bk_buf *out, const struct bk_cancelled *c)
{
	bk_buf_fmt(out, "execution %s of %s on ", c->id, c->operation);
	bk_escape_line(out, c->server_instance);
	bk_buf_fmt(out, " pid %" PRId64 " %s", c->pid,
		   c->recorded.changed ? "is asked to end after its batch"
				       : "was asked to end already");
	bk_buf_fmt(out, ", %" PRId64 " booking%s changed so far", c->processed_count,
		   c->processed_count == 1 ? "" : "s");
	bk_change_report_record(out, &c->recorded);
	bk_buf_char(out, '\n');
}

/* Whoever cancels wants to know that a run did not come to its end. One that did is
   no success, so that nobody builds on it; what it did is for the record to say. */
static enum bk_rc check_ended(struct bk_app *app, const struct bk_cancelled *c)
{
	if (strcmp(c->status, "RUNNING") == 0)
		return BK_OK;
	bk_error_set(&app->err, BK_E_REFUSED, "execution %s of %s ended before: %s at %s", c->id,
		     c->operation, c->status, c->finished_at);
	return bk_error_hint(&app->err, "bkstatus execution %s shows what it did", c->id);
}

static enum bk_rc print_cancelled(struct bk_app *app, const struct bk_cancelled *c)
{
	enum bk_rc ended = check_ended(app, c);
	struct bk_error err = app->err;
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = "cancel",
		.recorded = &c->recorded,
		.list = bk_out_cancelled(c),
		.key = "execution",
		.single = true,
		.failed = ended != BK_OK,
		.text = BK_BUF_INIT,
	};
	enum bk_rc rc;

	if (c->lease_expired)
		bk_app_warn(
			app,
			"nobody works on execution %s any more, its lease has expired: the next "
			"run of %s or bkmaint cleanup closes it",
			c->id, c->operation);
	put_cancelled(&report.text, c);
	if ((rc = bk_change_report_print(app, &report)))
		return rc;
	app->err = err;
	return ended;
}

#define RUNNING_LIST "bkstatus history --status=RUNNING"

static enum bk_rc cancel_command(struct bk_app *app)
{
	BK_CLEAN(bk_cancelled_clear) struct bk_cancelled cancelled = {.id = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	int64_t id;
	enum bk_rc rc;

	if ((rc = bk_control_number(app, "an execution", RUNNING_LIST, &id)) ||
	    (rc = bk_control_start(app, run_id, &control)))
		return rc;
	rc = bk_control_cancel(app->db, &control, id, &cancelled, &app->err);
	if (rc == BK_E_NOT_FOUND)
		return bk_error_hint(&app->err, RUNNING_LIST " lists them");
	return rc ? bk_control_failed(app, rc) : print_cancelled(app, &cancelled);
}

bk_app_fn bk_control_command(const char *name)
{
	static const struct {
		const char *name;
		bk_app_fn run;
	} commands[] = {
		{"pause", pause_command},          {"resume", resume_command},
		{"enable", enable_command},        {"disable", disable_command},
		{"cancel", cancel_command},        {"hold", bk_hold_command},
		{"release", bk_release_command},   {"quarantine", bk_quarantine_command},
		{"set", bk_set_command},           {"unset", bk_unset_command},
		{"rollback", bk_rollback_command}, {"settings", bk_settings_command},
	};

	for (size_t i = 0; i < BK_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run;
	return NULL;
}

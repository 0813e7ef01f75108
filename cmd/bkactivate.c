/*
 * bkactivate: runs the job activate-due if it is due.
 */
#include "cli/run_job.h"
#include "cli/tick.h"
#include "conf/jobs.h"

static const char *const examples[] = {
	"bkactivate                 a tick, as cron calls it",
	"bkactivate --now --limit=100",
	"bkactivate --dry-run",
	NULL,
};

static const struct bk_command command = {NULL, "", 0, BK_TICK_OPTION_NAMES,
					  "run the job activate-due if it is due"};

static enum bk_rc run(struct bk_app *app)
{
	return bk_run_command(app, BK_JOB_ACTIVATE, app->line.options.now);
}

int main(int argc, char **argv)
{
	const struct bk_tool tool = {
		.name = "bkactivate",
		.summary = "activate due bookings",
		.options = bk_tick_options,
		.option_count = bk_tick_option_count,
		.commands = &command,
		.command_count = 1,
		.examples = examples,
	};

	return bk_app_main(&tool, argc, argv, run);
}

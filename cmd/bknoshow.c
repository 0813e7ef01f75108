/*
 * bknoshow: runs the job cancel-no-shows if it is due.
 */
#include "cli/run_job.h"
#include "cli/tick.h"
#include "conf/jobs.h"

static const char *const examples[] = {
	"bknoshow                   a tick, as cron calls it",
	"bknoshow --now --json",
	"bknoshow --dry-run -o csv",
	NULL,
};

static const struct bk_command command = {NULL, "", 0, BK_TICK_OPTION_NAMES,
					  "run the job cancel-no-shows if it is due"};

static enum bk_rc run(struct bk_app *app)
{
	return bk_run_command(app, BK_JOB_NO_SHOW, app->line.options.now);
}

int main(int argc, char **argv)
{
	const struct bk_tool tool = {
		.name = "bknoshow",
		.summary = "mark the bookings of absent customers as no-shows",
		.options = bk_tick_options,
		.option_count = bk_tick_option_count,
		.commands = &command,
		.command_count = 1,
		.examples = examples,
	};

	return bk_app_main(&tool, argc, argv, run);
}

/*
 * bkmaint: runs any operation by hand, runs all due jobs, steers jobs and
 * bookings, and looks after bk's own schema.
 */
#include <string.h>

#include "cli/archive_cmd.h"
#include "cli/backup_cmd.h"
#include "cli/consume_cmd.h"
#include "cli/control_cmd.h"
#include "cli/doctor_cmd.h"
#include "cli/migrate_cmd.h"
#include "cli/run_job.h"
#include "cli/tick.h"
#include "cli/undo_cmd.h"
#include "cli/command.h"
#include "conf/jobs.h"

static const char *const examples[] = {
	"bkmaint migrate            once, and after each upgrade",
	"bkmaint doctor             what is wrong, before a job finds out",
	"bkmaint run --due          a tick of the jobs without a program of their own",
	"bkmaint update-expired --dry-run",
	"bkmaint pause --all --until=2h --reason='the application is upgraded'",
	"bkmaint undo 4711 --dry-run",
	"bkmaint hold 4711 --reason='in dispute'",
	"bkmaint set activate-due.max-changes 500 --reason='import of old bookings'",
	"bkmaint update-completed --limit=1000 --json",
	"bkmaint events --consumer=mailer --follow",
	NULL,
};

#define OPERATION_OPTIONS "wait limit allow backlog force dry-run explain"

static const struct bk_command commands[] = {
	{BK_JOB_ACTIVATE, "", 0, OPERATION_OPTIONS, "activate due bookings now"},
	{BK_JOB_NO_SHOW, "", 0, OPERATION_OPTIONS, "cancel no-shows now"},
	{BK_JOB_COMPLETE, "", 0, OPERATION_OPTIONS, "complete ended bookings now"},
	{BK_JOB_EXPIRE, "", 0, OPERATION_OPTIONS, "expire unconfirmed bookings now"},
	{BK_JOB_CLEANUP, "", 0, "force dry-run explain",
	 "close records of dead runs, remove what is over, prune the history"},
	{"run", "", 0, "due", "with --due: every due job but those of bkactivate and bknoshow"},
	{"pause", "[JOB]", BK_OPERAND_MAYBE, "all until reason!", "let no tick run the job"},
	{"resume", "[JOB]", BK_OPERAND_MAYBE, "all", "end the pause of the job"},
	{"enable", "JOB", 1, "", "let ticks run the job again"},
	{"disable", "JOB", 1, "", "let no tick run the job, until it is enabled"},
	{"cancel", "EXECUTION", 1, "", "ask a run on any host to end after its batch"},
	{"undo", "EXECUTION", 1, "rule key hold dry-run",
	 "set the bookings back that an execution changed"},
	{"hold", "KEY...", BK_OPERANDS_SOME, "until reason!", "let no job change the booking"},
	{"release", "KEY...", BK_OPERANDS_SOME, "", "end the hold of the booking"},
	{"quarantine", "retry [KEY...]", BK_OPERANDS_ANY, "",
	 "let the next runs try bookings again that were set aside"},
	{"set", "KEY VALUE", 2, "reason!", "set a setting for every host, from its next tick on"},
	{"unset", "KEY", 1, "reason!", "let the files of the hosts say again what it is"},
	{"rollback", "CHANGE", 1, "reason!", "take back the change of a setting"},
	{"settings", "", 0, "history limit after", "what is set in the database, by whom and why"},
	{"archive", "", 0, "force dry-run", "prune and archive what is no longer kept, now"},
	{"events", "", 0, "consumer! from follow interval limit",
	 "what was done to bookings, for a reader whose place is kept"},
	{"doctor", "", 0, "", "look for what is wrong with mapping, database and bookings"},
	{"backup", "FILE", 1, "", "write bk's schema to a file, by pg_dump"},
	{"restore", "FILE", 1, "", "bring bk's schema back, with every job paused"},
	{"migrate", "", 0, "check sample reference-bookings", "bring bk's schema up to date"},
};

static const struct bk_command own_job = {"JOB", "", 0, OPERATION_OPTIONS,
					  "run a job of the configuration now"};

static bk_app_fn command_of(const char *name)
{
	static const struct {
		const char *name;
		bk_app_fn run;
	} all[] = {
		{"migrate", bk_migrate_command}, {"backup", bk_backup_command},
		{"restore", bk_restore_command}, {"archive", bk_archive_command},
		{"doctor", bk_doctor_command},   {"undo", bk_undo_command},
		{"events", bk_events_command},
	};

	for (size_t i = 0; i < BK_COUNT(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].run;
	return bk_control_command(name);
}

static enum bk_rc run(struct bk_app *app)
{
	const char *command = app->line.command->name;
	bk_app_fn fn = command_of(command);

	if (app->line.command == &app->line.own_job && !bk_conf_job(app->conf, command))
		return bk_command_unknown(app->tool, command, &app->err);
	if (fn)
		return fn(app);
	if (strcmp(command, "run") != 0)
		return bk_run_command(app, command, true);
	if (app->line.options.due)
		return bk_run_due_command(app);
	bk_error_set(&app->err, BK_E_USAGE, "run needs the option --due");
	return bk_error_hint(&app->err, "type: bkmaint run --due");
}

int main(int argc, char **argv)
{
	const struct bk_tool tool = {
		.name = "bkmaint",
		.summary = "run operations on bookings by hand, and look after bk",
		.options = bk_maint_options,
		.option_count = bk_maint_option_count,
		.commands = commands,
		.command_count = BK_COUNT(commands),
		.own_job = &own_job,
		.lines_command = "events",
		.examples = examples,
	};

	return bk_app_main(&tool, argc, argv, run);
}

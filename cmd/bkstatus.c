/*
 * bkstatus: shows jobs, the history of their executions, settings, and whether
 * all is well. It only reads.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/status_cache.h"
#include "cli/status_commands.h"

#define TEXT(argument, field) BK_OPT_TEXT, argument, offsetof(struct bk_options, field)

static const struct bk_option options[] = {
	{"job", 0, TEXT("NAME", job), "only executions of this job", 0, 0, NULL},
	{"status", 0, TEXT("STATUS", status),
	 "only RUNNING, SUCCESS, PARTIAL, ERROR, TIMEOUT, CANCELLED, ABANDONED or REFUSED", 0, 0,
	 NULL},
	{"since", 0, TEXT("TIME", since),
	 "only from this time on: 2026-11-23T06:30:00Z, 2026-11-23 (UTC), or how long ago: 2h, 30d",
	 0, 0, NULL},
	{"until", 0, TEXT("TIME", until), "only before this time", 0, 0, NULL},
	{"trigger", 0, TEXT("TRIGGER", trigger), "only SCHEDULER or MANUAL", 0, 0, NULL},
	{"limit", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, limit),
	 "so many at most, 50 where not given; of events as lines any number", 1, 1000, NULL},
	{"after", 0, TEXT("CURSOR", after),
	 "the page after the one that named this cursor; of events also start or now", 0, 0, NULL},
	{"follow", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, follow),
	 "wait for more events", 0, 0, NULL},
	{"archive", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, archive),
	 "those that were pruned and are in the archive", 0, 0, NULL},
	{"max-age", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, max_age_ms),
	 "an answer that was given so long ago will do", 0, 86400000, NULL},
	{"interval", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, interval_ms),
	 "pause between two refreshes, 2s where not given; of events 1s", 100, 3600000, NULL},
	{"count", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, count),
	 "end after so many refreshes", 1, 1000000000, NULL},
	{"hours", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, hours),
	 "so many hours, 24 where not given", 1, 168, NULL},
	{"out", 0, TEXT("FILE", out), "write it to this file, whole or not at all", 0, 0, NULL},
};

static const struct {
	struct bk_command command;
	bk_app_fn run;
} table[] = {
	{{"jobs", "", 0, "max-age", "every job, as of now"}, bk_status_jobs},
	{{"job", "NAME", 1, "max-age", "one job and its last executions"}, bk_status_job},
	{{"history", "", 0, "job status since until trigger limit after archive max-age",
	  "executions, newest first"},
	 bk_status_history},
	{{"execution", "ID", 1, "max-age", "one execution and what it changed"},
	 bk_status_execution},
	{{"booking", "KEY...", BK_OPERANDS_SOME, "max-age",
	  "one booking: what each rule makes of it, and what bk has changed"},
	 bk_status_booking},
	{{"overdue", "", 0, "max-age", "bookings that should have changed already, by rule"},
	 bk_status_overdue},
	{{"forecast", "", 0, "hours max-age", "bookings that become due, by rule and hour"},
	 bk_status_forecast},
	{{"metrics", "", 0, "since out", "figures of each job over time: rates, times, errors"},
	 bk_status_metrics},
	{{"watch", "", 0, "interval count",
	  "the jobs, what is running and what failed last, again and again"},
	 bk_status_watch},
	{{"report", "", 0, "out! since", "all of it as one page for a browser"}, bk_status_report},
	{{"events", "", 0, "after follow interval limit",
	  "what was done to bookings, as lines of JSON, for callers who keep the cursor"},
	 bk_status_events},
	{{"holds", "", 0, "limit after max-age", "bookings that no job may change, newest first"},
	 bk_status_holds},
	{{"quarantine", "", 0, "limit after max-age",
	  "bookings set aside because the database refuses their change"},
	 bk_status_quarantine},
	{{"config", "", 0, "", "every setting and where it comes from"}, bk_status_config},
	{{"health", "", 0, "", "a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN"},
	 bk_status_health},
};

static const char *const examples[] = {
	"bkstatus",
	"bkstatus history --job=activate-due --status=ERROR --since=7d",
	"bkstatus execution 4711 --json",
	"bkstatus booking 4711",
	"bkstatus metrics --since=7d",
	"bkstatus watch --interval=1s",
	"bkstatus report --out=report.html --since=30d",
	"bkstatus events --after=now --follow",
	"bkstatus health",
	NULL,
};

static enum bk_rc run(struct bk_app *app)
{
	for (size_t i = 0; i < BK_COUNT(table); i++)
		if (strcmp(table[i].command.name, app->line.command->name) == 0)
			return bk_command_takes(&table[i].command, "max-age")
				       ? bk_status_cached(app, table[i].run)
				       : table[i].run(app);
	return bk_error_set(&app->err, BK_E_INTERNAL, "command %s is not known here",
			    app->line.command->name);
}

int main(int argc, char **argv)
{
	struct bk_command commands[BK_COUNT(table)];

	for (size_t i = 0; i < BK_COUNT(table); i++)
		commands[i] = table[i].command;
	const struct bk_tool tool = {
		.name = "bkstatus",
		.summary = "show jobs, their executions, settings and health",
		.options = options,
		.option_count = BK_COUNT(options),
		.commands = commands,
		.command_count = BK_COUNT(commands),
		.default_command = "jobs",
		.examples = examples,
		.format_command = "metrics",
		.format = "prometheus",
		.plugin_command = "health",
		.lines_command = "events",
		.quiet_pipe = true,
	};

	return bk_app_main(&tool, argc, argv, run);
}

/*
 * Option tables of the tools that run jobs; see tick.h.
 */
#include "cli/tick.h"

#include "cli/run_job.h"

#define MAX_BOOKINGS 1000000000
#define SECOND_MS 1000
#define HOUR_MS 3600000
#define DAY_MS 86400000

#define LIMIT(help)                                                                                \
	{                                                                                          \
		"limit", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, limit), help, 1,       \
			MAX_BOOKINGS, NULL                                                         \
	}
#define ALLOW                                                                                      \
	{                                                                                          \
		"allow", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, allow),                \
			"let up to N bookings through the guard, this once", 1, MAX_BOOKINGS, NULL \
	}
#define DRY_RUN                                                                                    \
	{                                                                                          \
		"dry-run", 'n', BK_OPT_FLAG, NULL, offsetof(struct bk_options, dry_run),           \
			"list the bookings that would change; change nothing", 0, 0, NULL          \
	}
#define EXPLAIN                                                                                    \
	{                                                                                          \
		"explain", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, explain),             \
			"show the SQL of the job's batches and its plan; run nothing", 0, 0, NULL  \
	}

#define WAIT                                                                                       \
	{                                                                                          \
		"wait", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, wait_ms),          \
			"wait so long for a job that is busy", 0, DAY_MS, NULL                     \
	}

static const struct bk_option tick_options[] = {
	{"now", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, now),
	 "run by hand, whether it is due or not", 0, 0, NULL},
	{"for", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, for_ms),
	 "keep ticking for so long, at the delay of the job", SECOND_MS, DAY_MS, NULL},
	{"splay", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, splay_ms),
	 "begin up to so much later, by the name of the host", 0, HOUR_MS, NULL},
	WAIT,
	LIMIT("change at most N bookings"),
	ALLOW,
	DRY_RUN,
	EXPLAIN,
};

const struct bk_option bk_maint_options[] = {
	WAIT,
	LIMIT("change at most N bookings; of a list or of events, print so many"),
	ALLOW,
	{"backlog", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, backlog),
	 "also bookings older than max-age", 0, 0, NULL},
	{"force", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, force),
	 "also when the job is paused or disabled in the database", 0, 0, NULL},
	DRY_RUN,
	EXPLAIN,
	{"due", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, due), "run the jobs that are due",
	 0, 0, NULL},
	{"all", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, all), "every job", 0, 0, NULL},
	{"until", 0, BK_OPT_TEXT, "TIME", offsetof(struct bk_options, until),
	 "it ends by itself then: 2026-11-23T06:30:00Z, 2026-11-23 (UTC), or how long from now: 2h",
	 0, 0, NULL},
	{"history", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, history),
	 "every change instead, newest first", 0, 0, NULL},
	{"after", 0, BK_OPT_TEXT, "CURSOR", offsetof(struct bk_options, after),
	 "the page after the one that named this cursor", 0, 0, NULL},
	{"reason", 0, BK_OPT_TEXT, "TEXT", offsetof(struct bk_options, reason),
	 "why, for those who look at it later", 0, 0, NULL},
	{"rule", 0, BK_OPT_TEXT, "RULE", offsetof(struct bk_options, rule),
	 "only what this rule did", 0, 0, NULL},
	{"key", 0, BK_OPT_TEXTS, "KEY", offsetof(struct bk_options, key),
	 "only the booking of that key; once for each column of the key", 0, 0, NULL},
	{"hold", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, hold_ms),
	 "let no job change them for so long, 24h where it is not given", 0, 365 * (int64_t)DAY_MS,
	 NULL},
	{"consumer", 0, BK_OPT_TEXT, "NAME", offsetof(struct bk_options, consumer),
	 "the reader whose place is kept", 0, 0, NULL},
	{"from", 0, BK_OPT_TEXT, "PLACE", offsetof(struct bk_options, from),
	 "where a new reader begins: start, now or a cursor; now where not given", 0, 0, NULL},
	{"follow", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, follow),
	 "wait for more events", 0, 0, NULL},
	{"interval", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, interval_ms),
	 "pause between two looks for more, 1s where not given", 100, HOUR_MS, NULL},
	{"check", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, check),
	 "only say which migrations are missing", 0, 0, NULL},
	{"sample", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, sample),
	 "make public.bookings with 100,000 sample bookings", 0, 0, NULL},
	{"reference-bookings", 0, BK_OPT_FLAG, NULL,
	 offsetof(struct bk_options, reference_bookings), "make public.bookings, empty", 0, 0,
	 NULL},
};
const size_t bk_maint_option_count = BK_COUNT(bk_maint_options);

static enum bk_rc run_tick(struct bk_app *app)
{
	const struct bk_tick *tick = app->tool->self;

	return bk_run_command(app, tick->job, app->line.options.now);
}

int bk_tick_main(const struct bk_tick *tick, int argc, char **argv)
{
	const struct bk_command command = {
		.operands = "",
		.options = "now for splay wait limit allow dry-run explain",
		.help = tick->help};
	const struct bk_tool tool = {
		.name = tick->name,
		.summary = tick->summary,
		.options = tick_options,
		.option_count = BK_COUNT(tick_options),
		.commands = &command,
		.command_count = 1,
		.examples = tick->examples,
		.self = tick,
	};

	return bk_app_main(&tool, argc, argv, run_tick);
}

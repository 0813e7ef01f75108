/*
 * The tools of the tests; see tools.h.
 */
#include "tools.h"

static const struct bk_option options[] = {
	{"now", 0, BK_OPT_FLAG, NULL, offsetof(struct bk_options, now), "do not wait", 0, 0, NULL},
	{"limit", 0, BK_OPT_NUMBER, "N", offsetof(struct bk_options, limit), "at most N", 1,
	 1000000000, NULL},
	{"dry-run", 'n', BK_OPT_FLAG, NULL, offsetof(struct bk_options, dry_run),
	 "show what would be done and change nothing at all, neither bookings nor records", 0, 0,
	 NULL},
	{"for", 0, BK_OPT_DURATION, "TIME", offsetof(struct bk_options, for_ms), "so long", 1000,
	 86400000, NULL},
	{"after", 0, BK_OPT_TEXT, "CURSOR", offsetof(struct bk_options, after), "go on there", 0, 0,
	 NULL},
};

static const struct bk_command many[] = {
	{"jobs", "", 0, "", "all jobs"},
	{"job", "NAME", 1, "", "one job"},
	{"pair", "A B", 2, "", "two operands"},
	{"history", "", 0, "limit after now dry-run for", "the executions"},
	{"maybe", "[NAME]", BK_OPERAND_MAYBE, "", "none or one"},
	{"some", "KEY...", BK_OPERANDS_SOME, "limit after!", "one or more values"},
	{"any", "[KEY...]", BK_OPERANDS_ANY, "", "none or more values"},
};

static const struct bk_command one[] = {{NULL, "", 0, "now limit", "the only one"}};

static const char *const examples[] = {"bkmany history --limit=3", "bkmany --json", NULL};

const struct bk_tool tool_many = {
	.name = "bkmany",
	.summary = "Shows many things.",
	.options = options,
	.option_count = BK_COUNT(options),
	.commands = many,
	.command_count = BK_COUNT(many),
	.default_command = "jobs",
	.examples = examples,
};

const struct bk_tool tool_one = {
	.name = "bkone",
	.summary = "Does one thing.",
	.options = options,
	.option_count = 2,
	.commands = one,
	.command_count = 1,
};

/*
 * The text of --help, 80 columns, from the same tables that the parser reads.
 */
#include "cli/options.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/number.h"
#include "cli/command.h"
#include "cli/status.h"

enum { WIDTH = 80, HELP_COLUMN = 29 };

/* Where the current line of the buffer ends; all text here is ASCII. */
static size_t column(const struct bk_buf *out)
{
	size_t n = 0;

	while (n < out->len && out->data[out->len - 1 - n] != '\n')
		n++;
	return n;
}

static void pad(struct bk_buf *out, size_t to)
{
	while (column(out) < to)
		bk_buf_char(out, ' ');
}

/* One row of a list: `head` at the left, its help wrapped at the right. */
static void row(struct bk_buf *out, const char *head, const char *help)
{
	bk_buf_str(out, head);
	if (strlen(head) + 2 > HELP_COLUMN)
		bk_buf_char(out, '\n');
	pad(out, HELP_COLUMN);
	bk_wrap(out, help, WIDTH, HELP_COLUMN);
	bk_buf_char(out, '\n');
}

static const struct bk_option *find(const struct bk_tool *tool, const char *name, size_t len)
{
	for (size_t i = 0; i < tool->option_count; i++)
		if (strlen(tool->options[i].name) == len &&
		    memcmp(tool->options[i].name, name, len) == 0)
			return &tool->options[i];
	return NULL;
}

/* " [-n]", " [--limit=N]", or " --reason=TEXT" where it is needed, for each
   option of the command, in its order. */
static void usage_options(struct bk_buf *out, const struct bk_tool *tool, const char *names)
{
	struct bk_option_word w;

	while (bk_option_word_next(&names, &w)) {
		const struct bk_option *o = find(tool, w.name, w.len);

		if (!o)
			continue;
		bk_buf_str(out, w.needed ? " " : " [");
		if (o->letter)
			bk_buf_fmt(out, "-%c", o->letter);
		else
			bk_buf_fmt(out, "--%s%s%s", o->name, o->argument ? "=" : "",
				   o->argument ? o->argument : "");
		bk_buf_str(out, w.needed ? "" : "]");
	}
}

static void usage(struct bk_buf *out, const struct bk_tool *tool, const struct bk_command *command)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf rest = BK_BUF_INIT;
	bool optional = command->name && tool->default_command &&
			strcmp(command->name, tool->default_command) == 0;
	size_t indent;

	if (command->name)
		bk_buf_fmt(&rest, optional ? "[%s]" : "%s", command->name);
	if (command->operand_count)
		bk_buf_fmt(&rest, " %s", command->operands);
	usage_options(&rest, tool, command->options);
	bk_buf_str(&rest, " [COMMON]");
	bk_buf_fmt(out, "  %s ", tool->name);
	indent = column(out);
	bk_wrap(out, bk_buf_cstr(&rest), WIDTH, indent);
	bk_buf_char(out, '\n');
}

static void commands(struct bk_buf *out, const struct bk_tool *tool)
{
	if (tool->command_count == 1 && !tool->commands[0].name)
		return;
	bk_buf_str(out, "\nCommands:\n");
	for (size_t i = 0; i < tool->command_count; i++) {
		const struct bk_command *c = &tool->commands[i];
		BK_CLEAN(bk_buf_clear) struct bk_buf head = BK_BUF_INIT;

		bk_buf_fmt(&head, "  %s%s%s", c->name, c->operand_count ? " " : "",
			   c->operand_count ? c->operands : "");
		row(out, bk_buf_cstr(&head), c->help);
	}
}

static void option(struct bk_buf *out, const struct bk_option *o)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf head = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf help = BK_BUF_INIT;

	bk_buf_str(&head, "  ");
	if (o->letter)
		bk_buf_fmt(&head, "-%c, ", o->letter);
	else
		bk_buf_str(&head, "    ");
	bk_buf_fmt(&head, "--%s", o->name);
	if (o->argument)
		bk_buf_fmt(&head, "=%s", o->argument);
	bk_buf_str(&help, o->help);
	if (o->kind == BK_OPT_NUMBER)
		bk_buf_fmt(&help, " (%" PRId64 " to %" PRId64 ")", o->min, o->max);
	if (o->kind == BK_OPT_DURATION) {
		bk_buf_str(&help, " (");
		bk_format_duration(&help, o->min);
		bk_buf_str(&help, " to ");
		bk_format_duration(&help, o->max);
		bk_buf_char(&help, ')');
	}
	row(out, bk_buf_cstr(&head), bk_buf_cstr(&help));
}

static void statuses(struct bk_buf *out)
{
	bk_buf_str(out, "\nExit statuses:\n");
	for (size_t i = 0; i < bk_statuses_count; i++)
		bk_buf_fmt(out, "  %3d  %s\n", (int)bk_statuses[i].status, bk_statuses[i].meaning);
}

void bk_cmdline_help(const struct bk_tool *tool, struct bk_buf *out)
{
	bk_buf_str(out, "Usage:\n");
	for (size_t i = 0; i < tool->command_count; i++)
		usage(out, tool, &tool->commands[i]);
	bk_buf_fmt(out, "\n%s\n", tool->summary);
	commands(out, tool);
	if (tool->option_count)
		bk_buf_str(out, "\nOptions:\n");
	for (size_t i = 0; i < tool->option_count; i++)
		option(out, &tool->options[i]);
	bk_buf_str(out, "\nCommon options (COMMON):\n");
	for (size_t i = 0; i < bk_common_option_count; i++)
		option(out, &bk_common_options[i]);
	statuses(out);
	bk_buf_str(out, "\nExamples:\n");
	for (size_t i = 0; tool->examples && tool->examples[i]; i++)
		bk_buf_fmt(out, "  %s\n", tool->examples[i]);
	bk_buf_fmt(out, "\nSee %s(1).\n", tool->name);
}

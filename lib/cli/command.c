/*
 * From words to command and operands; see command.h.
 */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

bool bk_command_takes(const struct bk_command *command, const char *option)
{
	size_t len = strlen(option);

	for (const char *p = command->options; *p;) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, option, n) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

const char *bk_suggest(const char *word, const char *const *list)
{
	const char *found = NULL;

	for (const char *const *p = list; *word && *p; p++) {
		if (strncmp(*p, word, strlen(word)) != 0)
			continue;
		if (found)
			return bk_nearest(word, list);
		found = *p;
	}
	return found ? found : bk_nearest(word, list);
}

static const struct bk_command *find(const struct bk_tool *tool, const char *name)
{
	for (size_t i = 0; i < tool->command_count; i++)
		if (strcmp(tool->commands[i].name, name) == 0)
			return &tool->commands[i];
	return NULL;
}

static enum bk_rc unknown(const struct bk_tool *tool, const char *word, struct bk_error *err)
{
	const char **names = bk_calloc(tool->command_count + 1, sizeof(*names));
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	const char *near;

	for (size_t i = 0; i < tool->command_count; i++)
		names[i] = tool->commands[i].name;
	near = bk_suggest(word, names);
	free(names);
	bk_quote(&shown, word);
	(void)bk_error_set(err, BK_E_USAGE, "unknown command %s", bk_buf_cstr(&shown));
	return near ? bk_error_hint(err, "did you mean \"%s\"?", near) : BK_E_USAGE;
}

/* Finds the command and drops its word. */
static enum bk_rc take_command(const struct bk_tool *tool, int *count, struct bk_cmdline *line,
			       struct bk_error *err)
{
	if (tool->command_count == 1 && !tool->commands[0].name) {
		line->command = &tool->commands[0];
		return BK_OK;
	}
	if (!*count && !tool->default_command)
		return bk_error_set(err, BK_E_USAGE, "a command is missing");
	line->command = find(tool, *count ? line->operands[0] : tool->default_command);
	if (!line->command)
		return unknown(tool, line->operands[0], err);
	if (*count) {
		line->operands++;
		--*count;
	}
	return BK_OK;
}

static enum bk_rc check_operands(const struct bk_tool *tool, int count,
				 const struct bk_cmdline *line, struct bk_error *err)
{
	const struct bk_command *command = line->command;
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	for (int i = 0; i < count; i++)
		if (bk_check_word(line->operands[i], err) != BK_OK)
			return bk_error_prefix(err, "operand %d", i + 1);
	if (count < command->operand_count)
		return bk_error_set(err, BK_E_USAGE, "%s%s%s needs %s", tool->name,
				    command->name ? " " : "", command->name ? command->name : "",
				    command->operands);
	if (count > command->operand_count) {
		bk_quote(&shown, line->operands[command->operand_count]);
		return bk_error_set(err, BK_E_USAGE, "unexpected operand %s", bk_buf_cstr(&shown));
	}
	return BK_OK;
}

enum bk_rc bk_command_take(const struct bk_tool *tool, int count, struct bk_cmdline *line,
			   struct bk_error *err)
{
	enum bk_rc rc = take_command(tool, &count, line, err);

	return rc ? rc : check_operands(tool, count, line, err);
}

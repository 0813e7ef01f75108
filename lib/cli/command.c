/*
 * From words to command and operands; see command.h.
 */
#include "cli/command.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

bool bk_option_word_next(const char **list, struct bk_option_word *ret)
{
	const char *p = *list + strspn(*list, " ");

	if (!*p)
		return false;
	ret->name = p;
	ret->len = strcspn(p, " !");
	ret->needed = p[ret->len] == '!';
	*list = p + ret->len + ret->needed;
	return true;
}

bool bk_command_takes(const struct bk_command *command, const char *option)
{
	const char *list = command->options;
	struct bk_option_word w;

	while (bk_option_word_next(&list, &w))
		if (w.len == strlen(option) && memcmp(w.name, option, w.len) == 0)
			return true;
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

static const struct bk_option *find_option(const struct bk_tool *tool, const char *arg)
{
	size_t count = bk_common_option_count + tool->option_count;
	bool is_long = strncmp(arg, "--", 2) == 0;

	for (size_t i = 0; i < count; i++) {
		const struct bk_option *o = i < bk_common_option_count
						    ? &bk_common_options[i]
						    : &tool->options[i - bk_common_option_count];

		if (is_long ? strcmp(o->name, arg + 2) == 0 : o->letter == arg[1] && !arg[2])
			return o;
	}
	return NULL;
}

/* Whether the next argument is the value of this one. */
static bool has_value_behind(const struct bk_tool *tool, const char *arg)
{
	const struct bk_option *o = find_option(tool, arg);

	return o && (o->kind == BK_OPT_TEXT || o->kind == BK_OPT_TEXTS ||
		     o->kind == BK_OPT_NUMBER || o->kind == BK_OPT_DURATION);
}

const char *bk_command_word(const struct bk_tool *tool, int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0)
		i += has_value_behind(tool, argv[i]) ? 2 : 1;
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	return i < argc ? argv[i] : NULL;
}

bool bk_command_speaks_lines(const struct bk_tool *tool, int argc, char **argv)
{
	const char *word = bk_command_word(tool, argc, argv);

	if (!tool->lines_command || !word || strcmp(tool->lines_command, word) != 0)
		return false;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strncmp(argv[i], "-o", 2) == 0 || strncmp(argv[i], "--output", 8) == 0)
			return false;
	return true;
}

static const struct bk_command *find(const struct bk_tool *tool, const char *name)
{
	for (size_t i = 0; i < tool->command_count; i++)
		if (strcmp(tool->commands[i].name, name) == 0)
			return &tool->commands[i];
	return NULL;
}

enum bk_rc bk_command_unknown(const struct bk_tool *tool, const char *word, struct bk_error *err)
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

static bool may_be_job(const char *word)
{
	return *word >= 'a' && *word <= 'z' &&
	       !word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-")];
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
	if (!line->command && tool->own_job && may_be_job(line->operands[0])) {
		line->own_job = *tool->own_job;
		line->own_job.name = line->operands[0];
		line->command = &line->own_job;
	}
	if (!line->command)
		return bk_command_unknown(tool, line->operands[0], err);
	if (*count) {
		line->operands++;
		--*count;
	}
	return BK_OK;
}

static int least_operands(const struct bk_command *command)
{
	if (command->operand_count >= 0)
		return command->operand_count;
	return command->operand_count == BK_OPERANDS_SOME ? 1 : 0;
}

static int most_operands(const struct bk_command *command)
{
	if (command->operand_count >= 0)
		return command->operand_count;
	return command->operand_count == BK_OPERAND_MAYBE ? 1 : INT_MAX;
}

/* A value of the database may be what no word is: empty, or with a newline. */
static enum bk_rc check_operand(const struct bk_command *command, const char *text,
				struct bk_error *err)
{
	if (most_operands(command) != INT_MAX)
		return bk_check_word(text, err);
	if (bk_utf8_valid(text, strlen(text)))
		return BK_OK;
	return bk_error_set(err, BK_E_USAGE, "is not valid UTF-8");
}

static enum bk_rc check_operands(const struct bk_tool *tool, const struct bk_cmdline *line,
				 struct bk_error *err)
{
	const struct bk_command *command = line->command;
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	for (int i = 0; i < line->operand_count; i++)
		if (check_operand(command, line->operands[i], err) != BK_OK)
			return bk_error_prefix(err, "operand %d", i + 1);
	if (line->operand_count < least_operands(command))
		return bk_error_set(err, BK_E_USAGE, "%s%s%s needs %s", tool->name,
				    command->name ? " " : "", command->name ? command->name : "",
				    command->operands);
	if (line->operand_count > most_operands(command)) {
		const char *operand = line->operands[most_operands(command)];

		bk_quote(&shown, operand);
		bk_error_set(err, BK_E_USAGE, "unexpected operand %s", bk_buf_cstr(&shown));
		return command->name && find(tool, operand)
			       ? bk_error_hint(err, "it is a command itself: %s %s", tool->name,
					       operand)
			       : err->rc;
	}
	return BK_OK;
}

enum bk_rc bk_command_take(const struct bk_tool *tool, int count, struct bk_cmdline *line,
			   struct bk_error *err)
{
	enum bk_rc rc = take_command(tool, &count, line, err);

	line->operand_count = count;
	return rc ? rc : check_operands(tool, line, err);
}

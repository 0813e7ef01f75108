/*
 * When a command line is a plugin's, also one that cannot be parsed.
 */
#include "suite.h"

#include <string.h>

#include "base/attr.h"
#include "cli/command.h"
#include "cli/plugin.h"
#include "tools.h"

enum { MAX_ARGS = 8 };

static const struct {
	const char *args[MAX_ARGS];
	bool asked;
} lines[] = {
	{{"history"}, true},
	{{"history", "--nosuch"}, true},
	{{"--nosuch", "history"}, true},
	{{"-v", "--limit=3", "history"}, true},
	{{"--limit", "3", "history"}, true},
	{{"--for", "3s", "history"}, true},
	{{"-d", "x", "history"}, true},
	{{"-dx", "history"}, true},
	{{"--", "history"}, true},
	{{NULL}, false},
	{{"jobs"}, false},
	{{"job", "history"}, false},
	{{"-d", "history"}, false},
	{{"--after", "history"}, false},
	{{"--after=history"}, false},
	{{"-d"}, false},
	{{"histor"}, false},
};

static int fill(char *argv[MAX_ARGS + 2], const char *const args[MAX_ARGS])
{
	static char name[] = "bkmany";
	int argc = 1;

	argv[0] = name;
	for (size_t i = 0; i < MAX_ARGS && args[i]; i++)
		argv[argc++] = (char *)(uintptr_t)args[i];
	argv[argc] = NULL;
	return argc;
}

START_TEST(the_first_word_decides)
{
	struct bk_tool tool = tool_many;
	char *argv[MAX_ARGS + 2];
	int argc = fill(argv, lines[_i].args);

	ck_assert(!bk_plugin_asked(&tool, argc, argv));
	tool.plugin_command = "history";
	ck_assert_int_eq(bk_plugin_asked(&tool, argc, argv), lines[_i].asked);
}
END_TEST

START_TEST(what_was_not_judged_is_unknown)
{
	struct bk_app app = {.status = BK_EXIT_OK};

	ck_assert_int_eq((int)bk_plugin_status(&app), 3);
	app.status = (enum bk_exit)2;
	ck_assert_int_eq((int)bk_plugin_status(&app), 2);
}
END_TEST

static const struct {
	const char *args[MAX_ARGS];
	bool lines;
} speakers[] = {
	{{"history"}, true},
	{{"history", "--limit=0"}, true},
	{{"--limit", "0", "history", "--after="}, true},
	{{"history", "-otable"}, false},
	{{"history", "--limit=0", "-o", "csv"}, false},
	{{"history", "--output=table", "--nosuch"}, false},
	{{"history", "--", "-o"}, true},
	{{"jobs"}, false},
	{{NULL}, false},
};

START_TEST(a_command_may_speak_in_lines_unless_it_is_asked_not_to)
{
	struct bk_tool tool = tool_many;
	char *argv[MAX_ARGS + 2];
	int argc = fill(argv, speakers[_i].args);

	ck_assert(!bk_command_speaks_lines(&tool, argc, argv));
	tool.lines_command = "history";
	ck_assert_int_eq(bk_command_speaks_lines(&tool, argc, argv), speakers[_i].lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_plugin");
	TCase *tc = tcase_create("plugin");

	ADD_ROWS(tc, the_first_word_decides, lines);
	ADD(tc, what_was_not_judged_is_unknown);
	ADD_ROWS(tc, a_command_may_speak_in_lines_unless_it_is_asked_not_to, speakers);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

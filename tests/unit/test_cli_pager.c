/*
 * Which pager is called, and how many lines of a terminal a text takes.
 */
#include "cli/pager.h"

#include "suite.h"

static const struct {
	const char *pager;
	const char *term;
	const char *command;
} commands[] = {
	{NULL, "xterm", "less"},  {NULL, "dumb", NULL},          {NULL, "", NULL},
	{NULL, NULL, NULL},       {"", "xterm", NULL},           {" \t", "xterm", NULL},
	{"cat", "xterm", NULL},   {" cat", "xterm", NULL},       {"more", "xterm", "more"},
	{"more", "dumb", "more"}, {" less -S", NULL, "less -S"}, {"cat -v", "xterm", "cat -v"},
};

START_TEST(the_variable_beats_the_usual_one)
{
	const char *got = bk_pager_command(commands[_i].pager, commands[_i].term);

	if (commands[_i].command)
		ck_assert_pstr_eq(got, commands[_i].command);
	else
		ck_assert_ptr_null(got);
}
END_TEST

static const struct {
	const char *text;
	int width;
	int lines;
} texts[] = {
	{"", 10, 0},
	{"\n", 10, 1},
	{"a\n", 10, 1},
	{"a", 10, 1},
	{"a\nb\n", 10, 2},
	{"0123456789\n", 10, 1},
	{"0123456789x\n", 10, 2},
	{"01234567890123456789\n", 10, 2},
	{"01234567890123456789x\ny\n", 10, 4},
	{"\xC3\xA9\xC3\xA9\xC3\xA9\n", 3, 1}, /* three characters of two bytes */
	{"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\n", 3, 2},
	{"a very long line indeed\n", 0, 1},
};

START_TEST(a_long_line_takes_several)
{
	ck_assert_int_eq(bk_pager_lines(texts[_i].text, texts[_i].width), texts[_i].lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pager");
	TCase *tc = tcase_create("pager");

	ADD_ROWS(tc, the_variable_beats_the_usual_one, commands);
	ADD_ROWS(tc, a_long_line_takes_several, texts);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

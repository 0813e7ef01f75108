/*
 * The text of --help: everything of the tables is in it, in 80 columns.
 */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/status.h"
#include "tools.h"

static const struct bk_tool *const tools[] = {&tool_many, &tool_one};

static void has(const struct bk_buf *help, const char *part)
{
	ck_assert_msg(strstr(bk_buf_cstr(help), part), "no \"%s\"", part);
}

START_TEST(no_line_is_wider_than_80_columns_or_ends_in_a_blank)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf help = BK_BUF_INIT;
	const char *p;

	bk_cmdline_help(tools[_i], &help);
	p = bk_buf_cstr(&help);
	for (size_t len; *p; p += len + 1) {
		len = strcspn(p, "\n");
		ck_assert_uint_le(len, 80);
		ck_assert_msg(!len || p[len - 1] != ' ', "%s", p);
		ck_assert_int_eq(p[len], '\n');
	}
}
END_TEST

START_TEST(every_option_command_and_exit_status_is_there)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf help = BK_BUF_INIT;
	const struct bk_tool *tool = tools[_i];
	char part[200];

	bk_cmdline_help(tool, &help);
	has(&help, tool->summary);
	for (size_t i = 0; i < bk_common_option_count + tool->option_count; i++) {
		const struct bk_option *o = i < bk_common_option_count
						    ? &bk_common_options[i]
						    : &tool->options[i - bk_common_option_count];
		char letter[] = {'-', o->letter, ',', ' ', '\0'};

		(void)snprintf(part, sizeof(part), "\n  %s--%s%s%s", o->letter ? letter : "    ",
			       o->name, o->argument ? "=" : " ", o->argument ? o->argument : "");
		has(&help, part);
	}
	for (size_t i = 0; i < bk_statuses_count; i++) {
		(void)snprintf(part, sizeof(part), "\n  %3d  %s\n", (int)bk_statuses[i].status,
			       bk_statuses[i].meaning);
		has(&help, part);
	}
	(void)snprintf(part, sizeof(part), "\nSee %s(1).\n", tool->name);
	has(&help, part);
}
END_TEST

START_TEST(usage_comes_from_the_commands)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf help = BK_BUF_INIT;

	bk_cmdline_help(&tool_many, &help);
	ck_assert_ptr_eq(strstr(bk_buf_cstr(&help),
				"Usage:\n"
				"  bkmany [jobs] [COMMON]\n"
				"  bkmany job NAME [COMMON]\n"
				"  bkmany pair A B [COMMON]\n"
				"  bkmany history [--limit=N] [--after=CURSOR] [--now] [-n] "
				"[--for=TIME] [COMMON]\n"
				"  bkmany maybe [NAME] [COMMON]\n"
				"  bkmany some KEY... [--limit=N] --after=CURSOR [COMMON]\n"
				"  bkmany any [KEY...] [COMMON]\n\n"),
			 bk_buf_cstr(&help));
	has(&help, "\nCommands:\n  jobs                       all jobs\n");
	has(&help, "\n  job NAME                   one job\n");
	has(&help, "\nExamples:\n  bkmany history --limit=3\n  bkmany --json\n");
	has(&help, "at most N (1 to 1000000000)\n");
	has(&help, "so long (1s to 1d)\n");
	has(&help, "show what would be done and change nothing at all,\n"
		   "                             neither bookings nor records\n");
}
END_TEST

START_TEST(a_tool_without_commands_lists_none)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf help = BK_BUF_INIT;

	bk_cmdline_help(&tool_one, &help);
	has(&help, "Usage:\n  bkone [--now] [--limit=N] [COMMON]\n\nDoes one thing.\n");
	ck_assert_ptr_null(strstr(bk_buf_cstr(&help), "Commands:"));
}
END_TEST

START_TEST(the_list_of_exit_statuses_ascends_and_is_complete)
{
	for (size_t i = 1; i < bk_statuses_count; i++)
		ck_assert_int_lt((int)bk_statuses[i - 1].status, (int)bk_statuses[i].status);
	for (int rc = 0; rc < (int)BK_RC_COUNT; rc++) {
		enum bk_exit status = bk_rc_info((enum bk_rc)rc)->exit_status;
		size_t i = 0;

		while (i < bk_statuses_count && bk_statuses[i].status != status)
			i++;
		ck_assert_uint_lt(i, bk_statuses_count);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_help");
	TCase *tc = tcase_create("help");

	ADD_ROWS(tc, no_line_is_wider_than_80_columns_or_ends_in_a_blank, tools);
	ADD_ROWS(tc, every_option_command_and_exit_status_is_there, tools);
	ADD(tc, usage_comes_from_the_commands);
	ADD(tc, a_tool_without_commands_lists_none);
	ADD(tc, the_list_of_exit_statuses_ascends_and_is_complete);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The parser of the command line: what each line means, or what is said about
 * it.
 */
#include "suite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "tools.h"

enum { MAX_ARGS = 9 };

struct line {
	const char *args[MAX_ARGS]; /* without the program's name */
	const char *result;         /* what show() makes of it, or the message */
	const char *hint;
};

/* The caller may change an argument vector, so each test has its own. */
static int fill(char *argv[MAX_ARGS + 2], const char *const args[MAX_ARGS])
{
	static char name[] = "prog";
	int argc = 1;

	argv[0] = name;
	for (int i = 0; i < MAX_ARGS && args[i]; i++)
		argv[argc++] = strdup(args[i]);
	argv[argc] = NULL;
	return argc;
}

static void empty(char *argv[MAX_ARGS + 2])
{
	for (int i = 1; argv[i]; i++)
		free(argv[i]);
}

static void show_text(struct bk_buf *out, const char *name, const char *value)
{
	if (value)
		bk_buf_fmt(out, " %s=%s", name, value);
}

static void show_flag(struct bk_buf *out, const char *name, bool value)
{
	if (value)
		bk_buf_fmt(out, " %s", name);
}

/* The command, its operands in brackets, and every option that is set. */
static void show(struct bk_buf *out, const struct bk_cmdline *line)
{
	const struct bk_options *o = &line->options;

	bk_buf_str(out, line->command ? line->command->name ? line->command->name : "-" : "none");
	for (int i = 0; i < line->operand_count; i++)
		bk_buf_fmt(out, " [%s]", line->operands[i]);
	show_text(out, "host", o->host);
	show_text(out, "port", o->port);
	show_text(out, "user", o->user);
	show_text(out, "dbname", o->dbname);
	show_flag(out, "no-password", o->no_password);
	show_text(out, "config", o->config);
	show_text(out, "profile", o->profile);
	show_text(out, "instance", o->instance);
	show_text(out, "output", o->output);
	show_flag(out, "quiet", o->quiet);
	if (o->verbose)
		bk_buf_fmt(out, " verbose=%d", o->verbose);
	show_text(out, "color", o->color);
	show_flag(out, "version", o->version);
	show_flag(out, "help", o->help);
	show_flag(out, "now", o->now);
	show_flag(out, "dry-run", o->dry_run);
	if (o->limit != -1)
		bk_buf_fmt(out, " limit=%" PRId64, o->limit);
	if (o->for_ms != -1)
		bk_buf_fmt(out, " for=%" PRId64, o->for_ms);
	show_text(out, "after", o->after);
}

static void expect_good(const struct bk_tool *tool, const struct line *line)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	char *argv[MAX_ARGS + 2];
	int argc = fill(argv, line->args);
	char *kept[MAX_ARGS + 2];
	struct bk_cmdline got;
	struct bk_error err = {0};

	memcpy(kept, argv, sizeof(kept));
	ck_assert_msg(bk_cmdline_parse(tool, argc, argv, &got, &err) == BK_OK, "%s", err.message);
	show(&shown, &got);
	ck_assert_str_eq(bk_buf_cstr(&shown), line->result);
	empty(kept);
}

static void expect_bad(const struct bk_tool *tool, const struct line *line)
{
	char *argv[MAX_ARGS + 2];
	int argc = fill(argv, line->args);
	char *kept[MAX_ARGS + 2];
	struct bk_cmdline got;
	struct bk_error err = {0};

	memcpy(kept, argv, sizeof(kept));
	ck_assert_int_eq(bk_cmdline_parse(tool, argc, argv, &got, &err), BK_E_USAGE);
	ck_assert_str_eq(err.message, line->result);
	ck_assert_str_eq(err.hint, line->hint ? line->hint : "");
	ck_assert_ptr_null(got.command);
	ck_assert_int_eq(got.options.limit, -1);
	ck_assert_int_eq(got.options.for_ms, -1);
	empty(kept);
}

static const struct line good[] = {
	{{NULL}, "jobs", NULL},
	{{"jobs"}, "jobs", NULL},
	{{"history"}, "history", NULL},
	{{"job", "x"}, "job [x]", NULL},
	{{"pair", "a", "b"}, "pair [a] [b]", NULL},
	{{"history", "--limit=5"}, "history limit=5", NULL},
	{{"history", "--limit", "5"}, "history limit=5", NULL},
	{{"--limit", "5", "history"}, "history limit=5", NULL},
	{{"history", "--limit=1"}, "history limit=1", NULL},
	{{"history", "--limit=1000000000"}, "history limit=1000000000", NULL},
	{{"history", "--for=55s"}, "history for=55000", NULL},
	{{"history", "--for", "1000ms"}, "history for=1000", NULL},
	{{"history", "--for=24h"}, "history for=86400000", NULL},
	{{"-q", "pair", "-h", "x", "a", "-w", "b", "--color=never"},
	 "pair [a] [b] host=x no-password quiet color=never",
	 NULL},
	{{"-hx", "-p1", "-Uu", "-dd"}, "jobs host=x port=1 user=u dbname=d", NULL},
	{{"--host=x", "--port=1", "--username=u", "--dbname=d"},
	 "jobs host=x port=1 user=u dbname=d",
	 NULL},
	{{"--config=/c", "--profile=dev", "--instance=i"},
	 "jobs config=/c profile=dev instance=i",
	 NULL},
	{{"-d", "host=x dbname=y"}, "jobs dbname=host=x dbname=y", NULL},
	{{"-o", "csv"}, "jobs output=csv", NULL},
	{{"-ojsonl"}, "jobs output=jsonl", NULL},
	{{"--output=table"}, "jobs output=table", NULL},
	{{"--json"}, "jobs output=json", NULL},
	{{"--json", "-o", "json", "--json"}, "jobs output=json", NULL},
	{{"-vvv"}, "jobs verbose=3", NULL},
	{{"-v", "--verbose"}, "jobs verbose=2", NULL},
	{{"-q", "-q"}, "jobs quiet", NULL},
	{{"-nqw", "history"}, "history no-password quiet dry-run", NULL},
	{{"--now", "--now", "history"}, "history now", NULL},
	{{"job", "--", "-x"}, "job [-x]", NULL},
	{{"--", "job", "--help"}, "job [--help]", NULL},
	{{"job", "--", "--"}, "job [--]", NULL},
	{{"job", "-"}, "job [-]", NULL},
	{{"pair", "a", "--", "b"}, "pair [a] [b]", NULL},
	{{"history", "--after", "--limit"}, "history after=--limit", NULL},
	{{"history", "--after=--dry"}, "history after=--dry", NULL},
	{{"history", "--after="
		     "a=b"},
	 "history after=a=b",
	 NULL},
	{{"job", "caf\xC3\xA9"}, "job [caf\xC3\xA9]", NULL},
	{{"maybe"}, "maybe", NULL},
	{{"maybe", "a"}, "maybe [a]", NULL},
	{{"some", "a", "--after=x"}, "some [a] after=x", NULL},
	{{"some", "--after=x", "a", "--limit=2", "b", "--", "--c"},
	 "some [a] [b] [--c] limit=2 after=x",
	 NULL},
	{{"some", "", "a\n\t\x1f\x7f", "--after=x"}, "some [] [a\n\t\x1f\x7f] after=x", NULL},
	{{"any"}, "any", NULL},
	{{"any", "a", "", "c"}, "any [a] [] [c]", NULL},
	{{"-h"}, "none help", NULL},
	{{"-?"}, "none help", NULL},
	{{"-q?"}, "none quiet help", NULL},
	{{"--help"}, "none help", NULL},
	{{"job", "--help"}, "none help", NULL},
	{{"nosuch", "a", "b", "--help"}, "none help", NULL},
	{{"-V"}, "none version", NULL},
	{{"--version", "--json", "-v"}, "none output=json verbose=1 version", NULL},
};

START_TEST(a_good_line_is_understood)
{
	expect_good(&tool_many, &good[_i]);
}
END_TEST

START_TEST(posixly_correct_changes_nothing)
{
	ck_assert_int_eq(setenv("POSIXLY_CORRECT", "1", 1), 0);
	expect_good(&tool_many, &good[_i]);
	ck_assert_int_eq(unsetenv("POSIXLY_CORRECT"), 0);
}
END_TEST

static const struct line good_one[] = {
	{{NULL}, "-", NULL},
	{{"--now", "--limit=3"}, "- now limit=3", NULL},
	{{"--"}, "-", NULL},
};

START_TEST(a_tool_without_commands_takes_options_only)
{
	expect_good(&tool_one, &good_one[_i]);
}
END_TEST

static const struct line bad[] = {
	/* names */
	{{"--nosuch"}, "unknown option --nosuch", NULL},
	{{"--dry"}, "unknown option --dry", "did you mean --dry-run?"},
	{{"--dry-ru"}, "unknown option --dry-ru", "did you mean --dry-run?"},
	{{"--lmit=3"}, "unknown option --lmit", "did you mean --limit?"},
	{{"--d"}, "unknown option --d", NULL}, /* dry-run or dbname */
	{{"--hel"}, "unknown option --hel", "did you mean --help?"},
	{{"--HELP"}, "unknown option --HELP", NULL},
	{{"--=x"}, "unknown option --", NULL},
	{{"--help\x1b[2J"}, "unknown option --help\\x1b[2J", NULL},
	{{"-x"}, "unknown option -x", NULL},
	{{"-qx"}, "unknown option -x", NULL},
	{{"-json"}, "unknown option -j", "did you mean --json?"},
	{{"-\xC3\xA9"}, "unknown option in \"-\xC3\xA9\"", NULL},
	{{"-q\x1b"}, "unknown option in \"-q\\x1b\"", NULL},
	{{"-W"}, "unknown option -W", NULL},
	/* values */
	{{"--json=yes"}, "option --json takes no value", NULL},
	{{"--help="}, "option --help takes no value", NULL},
	{{"--port"}, "option --port needs a value: --port=PORT", NULL},
	{{"job", "-p"}, "option -p needs a value: -p PORT", NULL},
	{{"job", "x", "-h"}, "option -h needs a value: -h HOST", "for help use --help"},
	{{"--host="}, "option --host: is empty", NULL},
	{{"-h", ""}, "option --host: is empty", NULL},
	{{"--host=\xFF"}, "option --host: is not valid UTF-8", NULL},
	{{"--dbname=a\nb"}, "option --dbname: has a control character", NULL},
	{{"--dbname=a\xC2\x9B"
	  "b"},
	 "option --dbname: has a control character",
	 NULL},
	{{"history", "--limit=5x"},
	 "option --limit: \"5x\" is no number from 1 to 1000000000",
	 NULL},
	{{"history", "--limit=0"}, "option --limit: \"0\" is no number from 1 to 1000000000", NULL},
	{{"history", "--limit=1000000001"},
	 "option --limit: \"1000000001\" is no number from 1 to 1000000000",
	 NULL},
	{{"history", "--limit", "-5"},
	 "option --limit: \"-5\" is no number from 1 to 1000000000",
	 NULL},
	{{"history", "--limit="}, "option --limit: \"\" is no number from 1 to 1000000000", NULL},
	{{"history", "--limit=\x1b"},
	 "option --limit: \"\\x1b\" is no number from 1 to 1000000000",
	 NULL},
	{{"history", "--for=55"},
	 "option --for: \"55\" is no duration from 1s to 1d (write 500ms, 30s, 5m, 24h or 30d)",
	 NULL},
	{{"history", "--for=999ms"},
	 "option --for: \"999ms\" is no duration from 1s to 1d (write 500ms, 30s, 5m, 24h or 30d)",
	 NULL},
	{{"history", "--for=25h"},
	 "option --for: \"25h\" is no duration from 1s to 1d (write 500ms, 30s, 5m, 24h or 30d)",
	 NULL},
	{{"history", "--for"}, "option --for needs a value: --for=TIME", NULL},
	{{"history", "--for=1s", "--for=1s"}, "option --for is given twice", NULL},
	{{"--color=alway"},
	 "option --color: \"alway\" is none of auto, always or never",
	 "did you mean \"always\"?"},
	{{"-o", "xml"}, "option --output: \"xml\" is none of table, json, jsonl or csv", NULL},
	/* twice, and against each other */
	{{"--limit=1", "--limit=1", "history"}, "option --limit is given twice", NULL},
	{{"-h", "a", "--host=b"}, "option --host is given twice", NULL},
	{{"-o", "csv", "-o", "csv"}, "option --output is given twice", NULL},
	{{"--json", "-o", "csv"}, "options --json and --output=csv contradict", NULL},
	{{"-ojsonl", "--json"}, "options --json and --output=jsonl contradict", NULL},
	{{"-q", "-v"}, "options --quiet and --verbose contradict", NULL},
	/* words */
	{{"nosuch"}, "unknown command \"nosuch\"", NULL},
	{{"histroy"}, "unknown command \"histroy\"", "did you mean \"history\"?"},
	{{"hist"}, "unknown command \"hist\"", "did you mean \"history\"?"},
	{{"jo"}, "unknown command \"jo\"", NULL},
	{{""}, "unknown command \"\"", NULL},
	{{"\x1b[2J"}, "unknown command \"\\x1b[2J\"", NULL},
	{{"job"}, "bkmany job needs NAME", NULL},
	{{"pair", "a"}, "bkmany pair needs A B", NULL},
	{{"job", "a", "b"}, "unexpected operand \"b\"", NULL},
	{{"maybe", "a", "b\x1b"}, "operand 2: has a control character", NULL},
	{{"maybe", "a", "b"}, "unexpected operand \"b\"", NULL},
	{{"maybe", ""}, "operand 1: is empty", NULL},
	{{"some", "--after=x"}, "bkmany some needs KEY...", NULL},
	{{"some", "a", "\xFF", "--after=x"}, "operand 2: is not valid UTF-8", NULL},
	{{"any", "\xC0\x80"}, "operand 1: is not valid UTF-8", NULL},
	{{"jobs", "x"}, "unexpected operand \"x\"", NULL},
	{{"jobs", "job"}, "unexpected operand \"job\"", "it is a command itself: bkmany job"},
	{{"job", ""}, "operand 1: is empty", NULL},
	{{"pair", "a", "\xFF"}, "operand 2: is not valid UTF-8", NULL},
	{{"job", "a\tb"}, "operand 1: has a control character", NULL},
	{{"--", "--json"}, "unknown command \"--json\"", NULL},
	/* options of other commands */
	{{"--limit=5"}, "option --limit is not for bkmany jobs", NULL},
	{{"job", "x", "-n"}, "option --dry-run is not for bkmany job", NULL},
	/* options that are needed */
	{{"some", "a"}, "bkmany some needs the option --after=CURSOR", NULL},
	{{"some", "a", "--limit=3"}, "bkmany some needs the option --after=CURSOR", NULL},
	/* an error counts although help was asked for */
	{{"--help", "--nosuch"}, "unknown option --nosuch", NULL},
};

START_TEST(a_bad_line_is_refused_in_these_words)
{
	expect_bad(&tool_many, &bad[_i]);
}
END_TEST

static const struct line bad_one[] = {
	{{"x"}, "unexpected operand \"x\"", NULL},
	{{"-n"}, "unknown option -n", NULL},
	{{"--after=x"}, "unknown option --after", NULL},
};

START_TEST(a_tool_without_commands_takes_no_words)
{
	expect_bad(&tool_one, &bad_one[_i]);
}
END_TEST

static const struct line asked[] = {
	{{"--json", "--nosuch"}, "json", NULL},
	{{"--nosuch", "--json"}, "json", NULL},
	{{"--nosuch", "-o", "json"}, "json", NULL},
	{{"--nosuch", "-ojson"}, "json", NULL},
	{{"--nosuch", "--output=json"}, "json", NULL},
	{{"--nosuch", "--output", "json"}, "json", NULL},
	{{"--nosuch", "-o", "jsonl"}, "jsonl", NULL},
	{{"--json", "-o", "csv"}, "json", NULL},
	{{"-o", "csv", "--json"}, "json", NULL},
	{{"--nosuch", "--output=csv"}, "", NULL},
	{{"--nosuch", "--", "--json"}, "", NULL},
	{{"--nosuch"}, "", NULL},
	{{"--nosuch", "-o"}, "", NULL},
	{{"--nosuch", "--jsonx"}, "", NULL},
};

START_TEST(json_is_found_on_a_line_that_is_refused)
{
	char *argv[MAX_ARGS + 2];
	int argc = fill(argv, asked[_i].args);
	char *kept[MAX_ARGS + 2];
	struct bk_cmdline got;
	struct bk_error err;

	memcpy(kept, argv, sizeof(kept));
	ck_assert_int_eq(bk_cmdline_parse(&tool_many, argc, argv, &got, &err), BK_E_USAGE);
	ck_assert_str_eq(got.options.output ? got.options.output : "", asked[_i].result);
	empty(kept);
}
END_TEST

START_TEST(no_arguments_at_all_are_an_error)
{
	char *argv[] = {NULL};
	struct bk_cmdline got;
	struct bk_error err;

	ck_assert_int_eq(bk_cmdline_parse(&tool_many, 0, argv, &got, &err), BK_E_USAGE);
	ck_assert_str_eq(err.message, "started without even a program name");
}
END_TEST

START_TEST(a_command_may_be_required)
{
	static char name[] = "prog";
	struct bk_tool tool = tool_many;
	char *argv[] = {name, NULL};
	struct bk_cmdline got;
	struct bk_error err;

	tool.default_command = NULL;
	ck_assert_int_eq(bk_cmdline_parse(&tool, 1, argv, &got, &err), BK_E_USAGE);
	ck_assert_str_eq(err.message, "a command is missing");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_options");
	TCase *tc = tcase_create("options");

	ADD_ROWS(tc, a_good_line_is_understood, good);
	ADD_ROWS(tc, posixly_correct_changes_nothing, good);
	ADD_ROWS(tc, a_tool_without_commands_takes_options_only, good_one);
	ADD_ROWS(tc, a_bad_line_is_refused_in_these_words, bad);
	ADD_ROWS(tc, a_tool_without_commands_takes_no_words, bad_one);
	ADD_ROWS(tc, json_is_found_on_a_line_that_is_refused, asked);
	ADD(tc, no_arguments_at_all_are_an_error);
	ADD(tc, a_command_may_be_required);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

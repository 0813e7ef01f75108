/*
 * The text of a file: bytes, comments, strings, names, lines.
 */
#include "conf/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf_files.h"
#include "suite.h"

#define DURATION " is no duration (write 500ms, 30s, 5m, 24h or 30d)"

static const struct conf_case accepted[] = {
	{"", NULL},
	{"\n", NULL},
	{"# only a comment", NULL},
	{"#", NULL},
	{"//\n/**/", NULL},
	{"grace = 20m", NULL},
	{"grace=20m", NULL},
	{"grace = \"20m\"\n", NULL},
	{"grace = '20m'\n", NULL},
	{"grace = 20m schema = x\n", NULL},
	{"grace = 20m\r\nschema = x # comment\r\n/* a\r\nb */\r\n", NULL},
	{"\tgrace\t=\t20m\t\n", NULL},
	{"grace = 20m // c\nschema = x # c\nlog-level /* c */ = /* c */ info /* c\nc */\n", NULL},
	{"activate-due { delay = 45s timeout = 20s }\n", NULL},
	{"activate-due\n{\n\tdelay = 45s\n}\n", NULL},
	{"activate-due { }\n", NULL},
	{"instance = \"# no comment // nor /* this\"\n", NULL},
	{"instance = '${NOT} \"expanded\"'\n", NULL},
	{"instance = \"a \\\"b\\\" \\\\ 'c'\"\n", NULL},
	{"instance = caf\xC3\xA9\n", NULL},
};

START_TEST(this_is_a_well_formed_file)
{
	conf_expect(&accepted[_i]);
}
END_TEST

static const struct conf_case refused[] = {
	/* lines stay right after each kind of comment */
	{"# 1\n# 2\n\n# 4\ngrace = x\n",
	 "bk.conf:5: grace: \"x\" is no duration (write 500ms, 30s, 5m, 24h or 30d, or none)"},
	{"// 1\n/* 2\n3\n*/ activate-due {\ndelay = x }\n",
	 "bk.conf:5: activate-due.delay: \"x\"" DURATION},
	{"\r\n# 2\r\nactivate-due {\r\n\r\n delay = \"5\"\r\n}\r\n",
	 "bk.conf:5: activate-due.delay: \"5\"" DURATION},
	{"# 1\nbookings { key = { # 2\n \"a\" # 3\n \"b\" } }\n",
	 "bk.conf:4: unexpected token 'b'"},
	{"# 1\nbookings {\n/*\n\n*/ key = {\"a\",,} }\n", "bk.conf:5: unexpected token ','"},
	/* what is not closed is reported where it starts */
	{"\ngrace = \"20m\nschema = bk\n", "bk.conf:2: the string is not closed on its line"},
	{"\ngrace = '20m\nschema = 'bk'\n", "bk.conf:2: the string is not closed on its line"},
	{"\ngrace = \"20m\\\nschema\"", "bk.conf:2: a backslash in double quotes stands only "
					"before another or before a double quote"},
	{"grace = \"20m", "bk.conf:1: the string is not closed on its line"},
	{"grace = \"20m\\\"", "bk.conf:1: the string is not closed on its line"},
	{"\n\n/* a\ngrace = 20m\n\n", "bk.conf:3: the comment /* is not closed"},
	{"/*/ grace = x\n", "bk.conf:1: the comment /* is not closed"},
	{"\nactivate-due {\n delay = 5s\n\n",
	 "bk.conf:2: activate-due: the section { is not closed"},
	{"\nbookings {\n states {\n }\n", "bk.conf:2: bookings: the section { is not closed"},
	{"\nbookings {\n key = {\n \"a\",\n", "bk.conf:3: the list { is not closed"},
	/* bytes */
	{"\xEF\xBB\xBFgrace = 20m\n",
	 "bk.conf:1: starts with a byte order mark; save it as plain UTF-8"},
	{"\n\n# \xFF\n", "bk.conf:3: is not valid UTF-8"},
	{"schema = \"a\xC0\x80\"\n", "bk.conf:1: is not valid UTF-8"},
	{"\n# \x01\n", "bk.conf:2: has a control character (U+0001)"},
	{"grace = 20m\rschema = x\n", "bk.conf:1: has a control character (U+000D)"},
	{"# \x1b[2J\n", "bk.conf:1: has a control character (U+001B)"},
	{"\n# \xE2\x80\xAE\n", "bk.conf:2: has a control character (U+202E)"},
	/* duplicates */
	{"grace = 1m\n\ngrace = 2m\n", "bk.conf:3: grace: stands on line 1 already"},
	{"activate-due { delay = 5s\n delay = 5s }\n",
	 "bk.conf:2: activate-due.delay: stands on line 1 already"},
	{"activate-due { }\n\n\nactivate-due { }\n",
	 "bk.conf:4: activate-due: stands on line 1 already"},
	{"bookings {\n key = {\"a\"}\n key = {\"b\"}\n}\n",
	 "bk.conf:3: bookings.key: stands on line 2 already"},
	{"bookings {\n states { }\n states { }\n}\n",
	 "bk.conf:3: bookings.states: stands on line 2 already"},
	/* names */
	{"\ngrade = 1m\n", "bk.conf:2: unknown key \"grade\""},
	{"Grace = 1m\n", "bk.conf:1: unknown key \"Grace\""},
	{"__unknown = 1\n", "bk.conf:1: unknown key \"__unknown\""},
	{"activate-due {\n dely = 5s }\n", "bk.conf:2: unknown key \"dely\" in activate-due { }"},
	{"\nactivate { }\n", "bk.conf:2: unknown section \"activate\""},
	{"activate-due { grace = 1m }\n", "bk.conf:1: unknown key \"grace\" in activate-due { }"},
	{"activate-due.delay = 5s\n", "bk.conf:1: unknown key \"activate-due.delay\""},
	{"\"grace\" = 5s\n", "bk.conf:1: a string where a name belongs"},
	{"bookings.table = x\n", "bk.conf:1: unknown key \"bookings.table\""},
	{"activate-due = 5\n", "bk.conf:1: activate-due is a section; write activate-due { ... }"},
	{"grace { }\n", "bk.conf:1: grace is no section; write grace = ..."},
	{"activate-due \"x\" { }\n", "bk.conf:1: activate-due: no { behind it"},
	{"include(\"other.conf\")\n", "bk.conf:1: unexpected ("},
	/* values */
	{"\ngrace\n", "bk.conf:2: grace: no = behind it"},
	{"grace 5m\n", "bk.conf:1: grace: no = behind it"},
	{"activate-due { delay }\n", "bk.conf:1: activate-due.delay: no = behind it"},
	{"grace =\nschema = x\n", "bk.conf:1: grace: no value behind ="},
	{"grace =", "bk.conf:1: grace: no value behind ="},
	{"activate-due { delay = }\n", "bk.conf:1: activate-due.delay: no value behind ="},
	{"grace = \"\"\n",
	 "bk.conf:1: grace: \"\" is no duration (write 500ms, 30s, 5m, 24h or 30d, or none)"},
	{"schema = \"\"\n", "bk.conf:1: schema: is empty"},
	{"activate-due {\n\trule x {\n\t}\n}\n", "bk.conf:2: rule { } stands in no other section"},
	{"grace = 5 m\n", "bk.conf:1: neither a name with = nor a single value"},
	{"grace = 5m 6m\n", "bk.conf:1: neither a name with = nor a single value"},
	{"grace = {5m}\n", "bk.conf:1: grace: takes one value, no list"},
	{"grace = {}\n", "bk.conf:1: grace: takes one value, no list"},
	{"grace += 5m\n", "bk.conf:1: unexpected +"},
	{"grace = 5m;\n", "bk.conf:1: unexpected ;"},
	{"grace = 5m,\n", "bk.conf:1: unexpected ,"},
	{"grace = = 5m\n", "bk.conf:1: unexpected ="},
	{"= 5m\n", "bk.conf:1: unexpected ="},
	{"grace = 5m\n}\n", "bk.conf:2: unexpected }"},
	{"{\n", "bk.conf:1: unexpected {"},
	{"bookings { key = {a = b} }\n", "bk.conf:1: unexpected ="},
	{"bookings { key = {a {} } }\n", "bk.conf:1: unexpected {"},
	{"bookings { key = {,a} }\n", "bk.conf:1: unexpected token ','"},
	{"instance = a#b\n", "bk.conf:1: a comment right behind a word"},
	{"database = postgresql://h/d\n", "bk.conf:1: a comment right behind a word"},
	{"grace = 5m/* x */\n", "bk.conf:1: a comment right behind a word"},
	{"instance = ${HOME}\n", "bk.conf:1: ${...} is not expanded"},
	{"\ninstance = \"a ${HOME}\"\n", "bk.conf:2: ${...} is not expanded"},
	{"instance = \"a\\x00b\"\n", "bk.conf:1: a backslash in double quotes stands only before "
				     "another or before a double quote"},
	{"instance = \"a\"b\n", "bk.conf:1: text right behind a closing quote"},
	{"instance = a\"b\"\n", "bk.conf:1: a quote inside a word"},
	{"instance = \"a\tb\"\n", "bk.conf:1: instance: has a control character"},
	/* numbers are bk's own, not libconfuse's */
	{"activate-due { batch-size = 010 }\n",
	 "bk.conf:1: activate-due.batch-size: \"010\" is no whole number (1 to 100000, or auto)"},
	{"activate-due { batch-size = 0x10 }\n",
	 "bk.conf:1: activate-due.batch-size: \"0x10\" is no whole number (1 to 100000, or auto)"},
	{"activate-due { enabled = 1 }\n",
	 "bk.conf:1: activate-due.enabled: \"1\" is neither yes nor no"},
	{"log-level = trace\n",
	 "bk.conf:1: log-level: \"trace\" is none of debug, info, warn or error"},
};

START_TEST(this_is_refused_with_its_line)
{
	conf_expect(&refused[_i]);
}
END_TEST

static const struct {
	const char *text;
	const char *hint;
} hints[] = {
	{"grade = 5m\n", "did you mean \"grace\"?"},
	{"activate-du { }\n", "did you mean \"activate-due\"?"},
	{"bookings { states { confirmd = A } }\n", "did you mean \"confirmed\"?"},
	{"timeout = 5s\n", "\"timeout\" belongs into a section such as activate-due { }"},
	{"activate-due { schema = x }\n", "\"schema\" belongs to the top level"},
	{"nothing-like-it = 5s\n", ""},
	{"log-level = wran\n", "did you mean \"warn\"?"},
	{"instance = ${HOST}\n", "write the value itself, or put it into single quotes"},
	{"database = postgresql://h/d\n",
	 "put the value into double quotes, or a blank before the comment"},
	{"grace = 5 m\n", "a value with blanks is written in double quotes"},
	{"instance = \"a\\b\"\n", "write \\\\, or use single quotes"},
};

START_TEST(the_hint_says_what_to_write)
{
	struct bk_error err;

	conf_write("bk.conf", hints[_i].text);
	ck_assert_str_ne(conf_message(NULL, NULL, &err), "");
	ck_assert_str_eq(err.hint, hints[_i].hint);
}
END_TEST

static const struct {
	const char *text;
	const char *value;
} values[] = {
	{"instance = bare.word-1_2:3/4@5%6\n", "bare.word-1_2:3/4@5%6"},
	{"instance = \"in double quotes\"\n", "in double quotes"},
	{"instance = 'in single quotes'\n", "in single quotes"},
	{"instance = \"a \\\"b\\\" \\\\ 'c' $d $ {\"\n", "a \"b\" \\ 'c' $d $ {"},
	{"instance = 'a \"b\" \\' \\\\ \\n ${HOME}'\n", "a \"b\" ' \\ \\n ${HOME}"},
	{"instance = \"# // /* */ { } = ,\" # comment\n", "# // /* */ { } = ,"},
	{"instance = \"caf\xC3\xA9\"\n", "caf\xC3\xA9"},
};

START_TEST(a_value_arrives_as_it_was_meant)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;

	conf_write("bk.conf", values[_i].text);
	conf = conf_load(NULL, NULL);
	ck_assert_str_eq(bk_conf_str(conf, "instance"), values[_i].value);
}
END_TEST

START_TEST(no_line_of_a_connection_string_is_ever_shown)
{
	static const char *const texts[] = {
		"database = \"user=u password=hunter2\n",
		"database = \"user=u password=\"hunter2\"\"\n",
		"database = \"user=u password='a\"hunter2 \"'\n",
		"database = user=u password=hunter2\n",
		"database = \"a\" hunter2\n",
		"database = \"a\" \"hunter2\"\n",
		"database \"password=hunter2\"\n",
		"database = postgresql://u:hunter2@h/d\n",
		"database = postgresql:/u:hunter2@h/d#\n",
		"database = \"password=hunter2\\n\"\n",
		"database = \"password=hunter2\t\"\n",
		"database = {\"password=hunter2\"}\n",
		"database += \"password=hunter2\"\n",
		"database = \"password=hunter2\"\ngrace = x\n",
		"database = \"a\" \"hunter2\" = \"b\"\n",
	};

	for (size_t i = 0; i < BK_COUNT(texts); i++) {
		struct bk_error err;

		conf_write("bk.conf", texts[i]);
		ck_assert_str_ne(conf_message(NULL, NULL, &err), "");
		ck_assert_msg(!strstr(err.message, "hunter") && !strstr(err.hint, "hunter"), "%s",
			      err.message);
	}
}
END_TEST

START_TEST(a_nul_byte_is_refused_with_its_line)
{
	static const char text[] = "\n\ninstance = \"a\0b\"\n";
	struct bk_error err;

	conf_write_bytes("bk.conf", text, sizeof(text) - 1);
	ck_assert_str_eq(conf_message(NULL, NULL, &err),
			 "bk.conf:3: has a control character (U+0000)");
}
END_TEST

/* A file of `count` times `text`. */
static const char *repeated(const char *head, const char *text, size_t count, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf all = BK_BUF_INIT;

	bk_buf_str(&all, head);
	for (size_t i = 0; i < count; i++)
		bk_buf_str(&all, text);
	conf_write("bk.conf", bk_buf_cstr(&all));
	return conf_message(NULL, NULL, err);
}

START_TEST(garbage_in_quantity_is_refused_without_a_crash)
{
	struct bk_error err;

	ck_assert_str_eq(repeated("", "a{", 300000, &err), "bk.conf:1: unknown section \"a\"");
	ck_assert_str_eq(repeated("", "{", 1000000, &err), "bk.conf:1: unexpected {");
	ck_assert_str_eq(repeated("bookings", "{states", 140000, &err),
			 "bk.conf:1: unknown section \"states\" in bookings.states { }");
	ck_assert_str_eq(repeated("instance = ", "x", 1000000, &err),
			 "bk.conf:1: instance: is 1000000 bytes long, at most 64 are allowed");
	ck_assert_str_eq(repeated("bookings { key = {a", ",a", 400000, &err),
			 "bk.conf:1: the list { is not closed");
	ck_assert_str_eq(repeated("", "x = y\n", 100000, &err), "bk.conf:1: unknown key \"x\"");
	ck_assert_str_eq(repeated("", "/", 1000000, &err), "");
	ck_assert_str_eq(repeated("/", "*", 500000, &err),
			 "bk.conf:1: the comment /* is not closed");
}
END_TEST

/* Cuts a good file at every byte: refused or accepted, never a crash, and no
   complaint without a line. */
START_TEST(a_file_cut_off_anywhere_does_no_harm)
{
	static const char text[] = "# a\ngrace = 7m /* b\n */\nactivate-due { delay = \"5s\" }\n"
				   "bookings { table = 't' key = {\"a\", # c\n b}\n"
				   "status = s start = st states { active = {} } }\n";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct bk_error err;
		const char *message;

		conf_write_bytes("bk.conf", text, n);
		message = conf_message(NULL, NULL, &err);
		ck_assert_msg(!*message || strncmp(message, "bk.conf:", 8) == 0, "%s", message);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_syntax");
	TCase *tc = tcase_create("syntax");

	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	tcase_add_loop_test(tc, this_is_a_well_formed_file, 0, (int)BK_COUNT(accepted));
	tcase_add_loop_test(tc, this_is_refused_with_its_line, 0, (int)BK_COUNT(refused));
	tcase_add_loop_test(tc, the_hint_says_what_to_write, 0, (int)BK_COUNT(hints));
	tcase_add_loop_test(tc, a_value_arrives_as_it_was_meant, 0, (int)BK_COUNT(values));
	tcase_add_test(tc, no_line_of_a_connection_string_is_ever_shown);
	tcase_add_test(tc, a_nul_byte_is_refused_with_its_line);
	tcase_add_test(tc, garbage_in_quantity_is_refused_without_a_crash);
	tcase_add_test(tc, a_file_cut_off_anywhere_does_no_harm);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The JSON that ends every tool: the envelope and the last line of jsonl.
 */
#include "suite.h"

#include "cli/report.h"
#include "tools.h"

#define META(command)                                                                              \
	"\"meta\":{\"schema\":\"bk/1\",\"command\":\"" command "\",\"version\":\"" BK_VERSION      \
	"\",\"generatedAt\":\"2026-11-23T06:30:00.097Z\"}}"
#define META_ONE META("bkone")
#define META_MANY META("bkmany")

static struct bk_app new_app(const struct bk_tool *tool, const struct bk_command *command)
{
	return (struct bk_app){
		.tool = tool,
		.line = {.command = command},
		.clock = suite_clock(),
	};
}

static void expect(struct bk_json *got, const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_json_render(got, &out);
	bk_json_free(got);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
}

START_TEST(success_has_message_data_and_meta)
{
	struct bk_app app = new_app(&tool_many, &tool_many.commands[3]);

	app.data = bk_json_object();
	bk_json_set_int(app.data, "n", 1);
	expect(bk_report_envelope(&app, NULL),
	       "{\"success\":true,\"message\":\"Operation completed successfully\","
	       "\"data\":{\"n\":1}," META("bkmany history"));
	ck_assert_ptr_null(app.data);
}
END_TEST

START_TEST(a_message_of_its_own_replaces_the_usual_one)
{
	struct bk_app app = new_app(&tool_one, &tool_one.commands[0]);

	app.message = "nothing was due";
	expect(bk_report_envelope(&app, NULL),
	       "{\"success\":true,\"message\":\"nothing was due\",\"data\":null," META("bkone"));
}
END_TEST

START_TEST(failure_has_an_error_and_may_have_data)
{
	struct bk_app app = new_app(&tool_one, NULL);
	struct bk_error err = {.rc = BK_E_UNAVAILABLE,
			       .sqlstate = "57P03",
			       .message = "the database is \"starting\"",
			       .hint = "wait"};

	app.data = bk_json_object();
	app.message = "is not used";
	expect(bk_report_envelope(&app, &err),
	       "{\"success\":false,\"message\":\"the database is \\\"starting\\\"\","
	       "\"data\":{},"
	       "\"error\":{\"code\":\"DATABASE_UNAVAILABLE\",\"exitCode\":69,\"sqlstate\":"
	       "\"57P03\",\"message\":\"the database is \\\"starting\\\"\","
	       "\"hint\":\"wait\"}," META_ONE);
}
END_TEST

START_TEST(what_an_error_lacks_is_null)
{
	struct bk_app app = new_app(&tool_many, NULL);
	struct bk_error err = {.rc = BK_E_USAGE, .message = "no"};

	expect(bk_report_envelope(&app, &err),
	       "{\"success\":false,\"message\":\"no\",\"data\":null,\"error\":{\"code\":\"USAGE\","
	       "\"exitCode\":64,\"sqlstate\":null,\"message\":\"no\",\"hint\":null}," META_MANY);
}
END_TEST

START_TEST(the_last_line_of_a_failed_stream_is_the_error)
{
	struct bk_app app = new_app(&tool_many, NULL);
	struct bk_error err = {.rc = BK_E_RUN, .sqlstate = "22012", .message = "division by zero"};

	expect(bk_report_error_line(&app, &err),
	       "{\"type\":\"error\",\"code\":\"RUN_FAILED\",\"exitCode\":1,\"sqlstate\":\"22012\","
	       "\"message\":\"division by zero\",\"hint\":null}");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_report");
	TCase *tc = tcase_create("report");

	ADD(tc, success_has_message_data_and_meta);
	ADD(tc, a_message_of_its_own_replaces_the_usual_one);
	ADD(tc, failure_has_an_error_and_may_have_data);
	ADD(tc, what_an_error_lacks_is_null);
	ADD(tc, the_last_line_of_a_failed_stream_is_the_error);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

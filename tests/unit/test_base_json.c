/*
 * JSON as it is written: order, types, and text that no reader may choke on.
 */
#include "suite.h"

#include "base/json.h"

static void expect(struct bk_json *value, const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_json_render(value, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
	bk_json_free(value);
}

START_TEST(keys_keep_their_order_and_values_their_types)
{
	struct bk_json *o = bk_json_object();

	bk_json_set_str(o, "z", "text");
	bk_json_set_str(o, "absent", NULL);
	bk_json_set_int(o, "a", INT64_MAX);
	bk_json_set_int(o, "low", INT64_MIN);
	bk_json_set_bool(o, "yes", true);
	bk_json_set_bool(o, "no", false);
	bk_json_set_null(o, "nothing");
	bk_json_set(o, "object", bk_json_object());
	bk_json_set(o, "array", bk_json_array());
	bk_json_set(o, "none", NULL);
	expect(o, "{\"z\":\"text\",\"absent\":null,\"a\":9223372036854775807,"
		  "\"low\":-9223372036854775808,\"yes\":true,\"no\":false,\"nothing\":null,"
		  "\"object\":{},\"array\":[],\"none\":null}");
}
END_TEST

START_TEST(arrays_nest)
{
	struct bk_json *array = bk_json_array();
	struct bk_json *o = bk_json_object();

	bk_json_set_int(o, "n", 1);
	bk_json_push(array, o);
	bk_json_push_str(array, "x");
	bk_json_push_str(array, NULL);
	bk_json_push(array, NULL);
	bk_json_push(array, bk_json_array());
	expect(array, "[{\"n\":1},\"x\",null,null,[]]");
}
END_TEST

static const struct {
	const char *text;
	const char *json;
} strings[] = {
	{"", "\"\""},
	{"a/b", "\"a/b\""},
	{"\"\\", "\"\\\"\\\\\""},
	{"\n\t\r\b\f", "\"\\n\\t\\r\\b\\f\""},
	{"\x01\x1b[2J", "\"\\u0001\\u001b[2J\""},
	{"\x7F", "\"\\u007f\""},
	{"\xC2\x9B", "\"\\u009b\""},
	{"\xE2\x80\xAE", "\"\\u202e\""},
	{"\xE2\x80\xA8", "\"\\u2028\""},
	{"\xEF\xBB\xBF", "\"\\ufeff\""},
	{"caf\xC3\xA9 \xF0\x9F\x98\x80", "\"caf\xC3\xA9 \xF0\x9F\x98\x80\""},
	{"bad \xFF", "\"bad \xEF\xBF\xBD\""},
	{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
	{"cut \xE2\x82", "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
};

START_TEST(text_is_valid_and_harmless_whatever_came_in)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf wanted = BK_BUF_INIT;
	struct bk_json *o = bk_json_object();

	bk_buf_fmt(&wanted, "{\"t\":%s}", strings[_i].json);
	bk_json_set_str(o, "t", strings[_i].text);
	expect(o, bk_buf_cstr(&wanted));
}
END_TEST

START_TEST(rendering_appends_and_can_be_repeated)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_json_clean) struct bk_json *o = bk_json_object();

	bk_buf_str(&out, "> ");
	bk_json_render(o, &out);
	bk_json_set_int(o, "n", 1);
	bk_json_render(o, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), "> {}{\"n\":1}");
}
END_TEST

START_TEST(freeing_nothing_does_nothing)
{
	struct bk_json *o = bk_json_object();

	bk_json_free(NULL);
	bk_json_clean(&o);
	ck_assert_ptr_null(o);
	bk_json_clean(&o);
}
END_TEST

START_TEST(what_was_written_is_read_again)
{
	static const char text[] = "{\"z\":\"a\\u0085\\n\",\"n\":-9223372036854775808,\"yes\":true,"
				   "\"no\":null,\"list\":[{},[]]}";
	struct bk_json *o = bk_json_parse(text);

	ck_assert_ptr_nonnull(o);
	ck_assert(bk_json_has(o, "yes"));
	ck_assert(bk_json_has(o, "no"));
	ck_assert(!bk_json_has(o, "y"));
	bk_json_set_bool(o, "more", true);
	expect(o, "{\"z\":\"a\\u0085\\n\",\"n\":-9223372036854775808,\"yes\":true,"
		  "\"no\":null,\"list\":[{},[]],\"more\":true}");
	ck_assert_ptr_null(bk_json_parse(""));
	ck_assert_ptr_null(bk_json_parse("{\"a\":"));
	ck_assert_ptr_null(bk_json_parse("17"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_json");
	TCase *tc = tcase_create("json");

	ADD(tc, keys_keep_their_order_and_values_their_types);
	ADD(tc, arrays_nest);
	ADD_ROWS(tc, text_is_valid_and_harmless_whatever_came_in, strings);
	ADD(tc, rendering_appends_and_can_be_repeated);
	ADD(tc, what_was_written_is_read_again);
	ADD(tc, freeing_nothing_does_nothing);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

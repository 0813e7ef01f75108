/*
 * What bkmaint doctor prints: the keys of a finding in bk/1, the text for
 * people, and how findings are counted.
 */
#include "suite.h"

#include "base/mem.h"
#include "out/findings.h"

static struct bk_diagnosis found;

static void add(enum bk_level level, const char *code, const char *what, int64_t count)
{
	struct bk_array example = {NULL, 0};

	if (count != BK_NULL_INT)
		ck_assert(bk_array_parse("{acme,17}", &example));
	bk_diagnosis_add(&found, (struct bk_finding){
					 .level = level,
					 .code = code,
					 .subject = bk_strdup("rule \"a\""),
					 .what = bk_strdup(what),
					 .why = "because",
					 .fix = bk_strdup("GRANT x;"),
					 .count = count,
					 .example = example,
				 });
}

static void clear(void)
{
	bk_diagnosis_clear(&found);
}

START_TEST(the_keys_of_a_finding)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_list list;

	add(BK_LEVEL_WARNING, "end-before-start", "2 bookings", 2);
	add(BK_LEVEL_ERROR, "mapping", "no table", BK_NULL_INT);
	list = bk_out_findings(&found);
	bk_list_jsonl(&list, &out);
	ck_assert_str_eq(
		bk_buf_cstr(&out),
		"{\"type\":\"finding\",\"level\":\"warning\",\"code\":\"end-before-start\","
		"\"subject\":\"rule \\\"a\\\"\",\"what\":\"2 bookings\",\"why\":\"because\","
		"\"fix\":\"GRANT x;\",\"count\":2,\"example\":[\"acme\",\"17\"]}\n"
		"{\"type\":\"finding\",\"level\":\"error\",\"code\":\"mapping\","
		"\"subject\":\"rule \\\"a\\\"\",\"what\":\"no table\",\"why\":\"because\","
		"\"fix\":\"GRANT x;\",\"count\":null,\"example\":null}\n");
	bk_buf_reset(&out);
	bk_list_csv(&list, &out);
	ck_assert_str_eq(
		bk_buf_cstr(&out),
		"level,code,subject,what,why,fix,count,example\n"
		"warning,end-before-start,\"rule \"\"a\"\"\",2 bookings,because,GRANT x;,2,"
		"\"[\"\"acme\"\",\"\"17\"\"]\"\n"
		"error,mapping,\"rule \"\"a\"\"\",no table,because,GRANT x;,,\n");
}
END_TEST

START_TEST(the_gravest_come_first_and_nothing_acts_on_the_terminal)
{
	const struct bk_style plain = {.color = false};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	add(BK_LEVEL_NOTE, "superuser", "a\033[2J\nb", BK_NULL_INT);
	add(BK_LEVEL_ERROR, "mapping", "no table", BK_NULL_INT);
	bk_out_findings_text(&out, &found, BK_LEVEL_NOTE, &plain);
	ck_assert_str_eq(bk_buf_cstr(&out), "ERROR mapping: rule \"a\"\n"
					    "    what  no table\n"
					    "    why   because\n"
					    "    type  GRANT x;\n"
					    "NOTE superuser: rule \"a\"\n"
					    "    what  a\\x1b[2J\\nb\n"
					    "    why   because\n"
					    "    type  GRANT x;\n");
	bk_buf_reset(&out);
	bk_out_findings_text(&out, &found, BK_LEVEL_ERROR, &(const struct bk_style){.color = true});
	ck_assert_str_eq(bk_buf_cstr(&out), "\033[31mERROR\033[0m mapping: rule \"a\"\n"
					    "    what  no table\n"
					    "    why   because\n"
					    "    type  GRANT x;\n");
}
END_TEST

static const struct {
	int notes, warnings, errors;
	const char *text;
} counts[] = {
	{0, 0, 0, "nothing"},
	{1, 0, 0, "1 note"},
	{0, 2, 0, "2 warnings"},
	{0, 1, 1, "1 error and 1 warning"},
	{2, 1, 3, "3 errors, 1 warning and 2 notes"},
};

START_TEST(findings_are_counted_by_level)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	for (int i = 0; i < counts[_i].notes; i++)
		add(BK_LEVEL_NOTE, "n", "x", BK_NULL_INT);
	for (int i = 0; i < counts[_i].warnings; i++)
		add(BK_LEVEL_WARNING, "w", "x", BK_NULL_INT);
	for (int i = 0; i < counts[_i].errors; i++)
		add(BK_LEVEL_ERROR, "e", "x", BK_NULL_INT);
	bk_out_findings_count(&out, &found);
	ck_assert_str_eq(bk_buf_cstr(&out), counts[_i].text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("findings");
	TCase *tc = tcase_create("findings");

	tcase_add_checked_fixture(tc, NULL, clear);
	ADD(tc, the_keys_of_a_finding);
	ADD(tc, the_gravest_come_first_and_nothing_acts_on_the_terminal);
	ADD_ROWS(tc, findings_are_counted_by_level, counts);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

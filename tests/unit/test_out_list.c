/*
 * One list in every format, with the texts that hurt: controls, bad UTF-8,
 * quotes, NULL, and what a spreadsheet takes for a formula.
 */
#include "suite.h"

#include <locale.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "db/array.h"
#include "db/rows.h"
#include "out/list.h"

struct fruit {
	const char *id;
	const char *name;
	const char *state;
	const char *at;
	int64_t count;
	int64_t took_ms;
	int64_t every_ms;
	bool ripe;
	const char *secret; /* in data formats only */
};

static const struct bk_column columns[] = {
	{"ID", "id", BK_CELL_ID, offsetof(struct fruit, id), 0},
	{"NAME", "fruitName", BK_CELL_TEXT, offsetof(struct fruit, name), BK_COL_LAST},
	{"STATE", "state", BK_CELL_STATE, offsetof(struct fruit, state), 0},
	{"AT", "at", BK_CELL_TIME, offsetof(struct fruit, at), 0},
	{"COUNT", "count", BK_CELL_INT, offsetof(struct fruit, count), 0},
	{"TOOK", "tookMs", BK_CELL_DURATION, offsetof(struct fruit, took_ms), 0},
	{"EVERY", "everyMs", BK_CELL_PERIOD, offsetof(struct fruit, every_ms), BK_COL_WIDE},
	{"RIPE", "ripe", BK_CELL_BOOL, offsetof(struct fruit, ripe), BK_COL_WIDE},
	{"SECRET", "secret", BK_CELL_TEXT, offsetof(struct fruit, secret), BK_COL_DATA},
};

static const struct fruit plain[] = {
	{"7", "apple", "SUCCESS", "2026-11-23T06:30:00.097Z", 12, 1530, 90000, true, "s"},
	{"12", "pear, big", "ERROR", NULL, BK_NULL_INT, BK_NULL_INT, BK_NULL_INT, false, NULL},
};

static const struct fruit hostile[] = {
	{NULL, "\033[31m\xff\xE2\x80\xAE|\"q\"\n", "\033[2J", "soon", -1, -5, 0, true, NULL},
	{"1", "=1+2", "", "", 0, 0, 0, false, ""},
};

static struct bk_list list_of(const struct fruit *rows, size_t count)
{
	return (struct bk_list){
		.columns = columns,
		.column_count = BK_COUNT(columns),
		.rows = rows,
		.row_size = sizeof(*rows),
		.row_count = count,
		.type = "fruit",
		.none = "no fruit",
	};
}

static struct bk_list plain_list(void)
{
	return list_of(plain, BK_COUNT(plain));
}

static void table_is(const struct bk_list *list, struct bk_style style, const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_table(list, &style, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
}

static void utf8(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
}

START_TEST(a_table_aligns_numbers_right_and_puts_free_text_last)
{
	struct bk_list list = plain_list();

	table_is(&list, (struct bk_style){0},
		 "ID  STATE    AT                    COUNT   TOOK  NAME\n"
		 " 7  SUCCESS  2026-11-23T06:30:00Z     12  1.5 s  apple\n"
		 "12  ERROR    -                         -      -  pear, big\n");
}
END_TEST

START_TEST(a_wide_table_shows_more_columns)
{
	struct bk_list list = plain_list();

	table_is(&list, (struct bk_style){.wide = true},
		 "ID  STATE    AT                    COUNT   TOOK  EVERY  RIPE  NAME\n"
		 " 7  SUCCESS  2026-11-23T06:30:00Z     12  1.5 s    90s  yes   apple\n"
		 "12  ERROR    -                         -      -      -  no    pear, big\n");
}
END_TEST

START_TEST(a_terminal_cuts_lines_at_its_width)
{
	struct bk_list list = plain_list();

	table_is(&list, (struct bk_style){.width = 53},
		 "ID  STATE    AT                    COUNT   TOOK  NAME\n"
		 " 7  SUCCESS  2026-11-23T06:30:00Z     12  1.5 s  appl\n"
		 "12  ERROR    -                         -      -  pear\n");
	table_is(&list, (struct bk_style){.width = 5}, "ID  S\n 7  S\n12  E\n");
}
END_TEST

START_TEST(colour_ends_also_where_the_line_is_cut)
{
	struct bk_list list = plain_list();

	list.row_count = 1;
	table_is(&list, (struct bk_style){.width = 5, .color = true},
		 "\033[1mID\033[0m  \033[1mS\033[0m\n 7  \033[32mS\033[0m\n");
}
END_TEST

START_TEST(what_is_for_people_only_is_in_no_data)
{
	struct bk_column shown[] = {columns[0], columns[2]};
	struct bk_list list = plain_list();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	shown[0].flags = BK_COL_SHOW;
	shown[0].key = NULL;
	list.columns = shown;
	list.column_count = BK_COUNT(shown);
	list.row_count = 1;
	table_is(&list, (struct bk_style){0}, "ID  STATE\n 7  SUCCESS\n");
	bk_list_jsonl(&list, &out);
	bk_list_csv(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "{\"type\":\"fruit\",\"state\":\"SUCCESS\"}\nstate\nSUCCESS\n");
}
END_TEST

START_TEST(no_width_means_no_cut)
{
	static char name[5001];
	const struct fruit row = {.id = "1", .name = name, .state = "OK"};
	struct bk_list list = list_of(&row, 1);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	memset(name, 'x', sizeof(name) - 1);
	bk_list_table(&list, &(struct bk_style){0}, &out);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), name));
}
END_TEST

START_TEST(nothing_raw_reaches_a_terminal)
{
	struct bk_list list = list_of(hostile, BK_COUNT(hostile));

	utf8();
	table_is(&list, (struct bk_style){.color = false},
		 "ID  STATE    AT    COUNT   TOOK  NAME\n"
		 " -  \\x1b[2J  soon     -1  -5 ms  \\x1b[31m\\xff\\u{202e}|\"q\"\\n\n"
		 " 1  \"\"       \"\"        0   0 ms  =1+2\n");
}
END_TEST

/* Each as wide as the one below it. */
START_TEST(wide_and_combining_characters_keep_the_columns)
{
	static const struct fruit rows[] = {
		{.id = "1", .state = "\xE6\xBC\xA2\xE5\xAD\x97", .name = "a"},
		{.id = "1", .state = "e\xCC\x81tat", .name = "b"},
		{.id = "1", .state = "four", .name = "c"},
	};
	struct bk_list list = list_of(rows, BK_COUNT(rows));

	utf8();
	table_is(&list, (struct bk_style){0},
		 "ID  STATE  AT  COUNT  TOOK  NAME\n"
		 " 1  \xE6\xBC\xA2\xE5\xAD\x97   -       0  0 ms  a\n"
		 " 1  e\xCC\x81tat   -       0  0 ms  b\n"
		 " 1  four   -       0  0 ms  c\n");
}
END_TEST

START_TEST(a_cut_never_splits_a_wide_character)
{
	static const struct fruit rows[] = {{.id = "1", .state = "\xE6\xBC\xA2\xE5\xAD\x97"}};
	struct bk_list list = list_of(rows, 1);

	utf8();
	table_is(&list, (struct bk_style){.width = 7}, "ID  STA\n 1  \xE6\xBC\xA2\n");
}
END_TEST

START_TEST(a_locale_without_utf8_gets_escapes_and_no_hang)
{
	static const struct fruit rows[] = {
		{.id = "1", .state = "\xC3\xBC", .name = "\xff\xC3"},
	};
	struct bk_list list = list_of(rows, 1);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C"));
	bk_list_table(&list, &(struct bk_style){.width = 40}, &out);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), "\\xc3\\xbc"));
	for (size_t i = 0; i < out.len; i++)
		ck_assert_int_lt((unsigned char)out.data[i], 0x7F);
}
END_TEST

START_TEST(an_empty_table_says_so)
{
	struct bk_list list = list_of(NULL, 0);

	table_is(&list, (struct bk_style){0}, "no fruit\n");
	list.title = "Fruit";
	table_is(&list, (struct bk_style){0}, "Fruit\nno fruit\n");
}
END_TEST

START_TEST(a_record_shows_every_column_and_cuts_nothing)
{
	struct bk_list list = plain_list();

	list.record = true;
	table_is(&list, (struct bk_style){.width = 10},
		 "ID     7\n"
		 "NAME   apple\n"
		 "STATE  SUCCESS\n"
		 "AT     2026-11-23T06:30:00Z\n"
		 "COUNT  12\n"
		 "TOOK   1.5 s\n"
		 "EVERY  90s\n"
		 "RIPE   yes\n");
}
END_TEST

START_TEST(a_record_in_colour_colours_labels_and_states)
{
	struct bk_list list = plain_list();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	list.record = true;
	bk_list_table(&list, &(struct bk_style){.color = true}, &out);
	ck_assert_ptr_nonnull(
		strstr(bk_buf_cstr(&out), "\033[1mSTATE\033[0m  \033[32mSUCCESS\033[0m\n"));
}
END_TEST

static const struct {
	const char *word;
	const char *shown;
} states[] = {
	{"SUCCESS", "\033[32mSUCCESS\033[0m"},
	{"PARTIAL", "\033[33mPARTIAL\033[0m"},
	{"TIMEOUT", "\033[33mTIMEOUT\033[0m"},
	{"ERROR", "\033[31mERROR\033[0m"},
	{"ABANDONED", "\033[31mABANDONED\033[0m"},
	{"RUNNING", "\033[36mRUNNING\033[0m"},
	{"RUNNING 40 %", "\033[36mRUNNING 40 %\033[0m"},
	{"RUNNINGS", "RUNNINGS"},
	{" RUNNING", " RUNNING"},
	{"IDLE", "IDLE"},
	{"\033[0m", "\\x1b[0m"},
};

START_TEST(a_state_has_its_colour)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_state(&out, states[_i].word, &(struct bk_style){.color = true});
	ck_assert_str_eq(bk_buf_cstr(&out), states[_i].shown);
	bk_buf_reset(&out);
	bk_out_state(&out, "ERROR", &(struct bk_style){.color = false});
	ck_assert_str_eq(bk_buf_cstr(&out), "ERROR");
}
END_TEST

static void json_is(const struct bk_list *list, const char *text)
{
	BK_CLEAN(bk_json_clean) struct bk_json *json = bk_list_json(list);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_json_render(json, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
}

START_TEST(json_has_every_column_in_its_order)
{
	struct bk_list list = plain_list();

	json_is(&list, "[{\"id\":\"7\",\"fruitName\":\"apple\",\"state\":\"SUCCESS\","
		       "\"at\":\"2026-11-23T06:30:00.097Z\",\"count\":12,\"tookMs\":1530,"
		       "\"everyMs\":90000,\"ripe\":true,\"secret\":\"s\"},"
		       "{\"id\":\"12\",\"fruitName\":\"pear, big\",\"state\":\"ERROR\",\"at\":null,"
		       "\"count\":null,\"tookMs\":null,\"everyMs\":null,\"ripe\":false,"
		       "\"secret\":null}]");
	list.row_count = 0;
	json_is(&list, "[]");
}
END_TEST

START_TEST(json_of_hostile_text_is_valid_and_escaped)
{
	struct bk_list list = list_of(hostile, 1);

	json_is(&list,
		"[{\"id\":null,\"fruitName\":\"\\u001b[31m\xEF\xBF\xBD\\u202e|\\\"q\\\"\\n\","
		"\"state\":\"\\u001b[2J\",\"at\":\"soon\",\"count\":-1,\"tookMs\":-5,"
		"\"everyMs\":0,\"ripe\":true,\"secret\":null}]");
}
END_TEST

START_TEST(json_lines_carry_their_type_first)
{
	struct bk_list list = plain_list();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	list.row_count = 1;
	bk_list_jsonl(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "{\"type\":\"fruit\",\"id\":\"7\",\"fruitName\":\"apple\","
			 "\"state\":\"SUCCESS\",\"at\":\"2026-11-23T06:30:00.097Z\",\"count\":12,"
			 "\"tookMs\":1530,\"everyMs\":90000,\"ripe\":true,\"secret\":\"s\"}\n");
}
END_TEST

START_TEST(csv_has_keys_first_and_quotes_what_needs_it)
{
	struct bk_list list = plain_list();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_csv(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "id,fruitName,state,at,count,tookMs,everyMs,ripe,secret\n"
			 "7,apple,SUCCESS,2026-11-23T06:30:00.097Z,12,1530,90000,true,s\n"
			 "12,\"pear, big\",ERROR,,,,,false,\n");
}
END_TEST

START_TEST(csv_of_hostile_text_runs_no_formula)
{
	struct bk_list list = list_of(hostile, BK_COUNT(hostile));
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_csv(&list, &out);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), "\n1,\"'=1+2\","));
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), "|\"\"q\"\"\n\""));
}
END_TEST

static char *one[] = {(char[]){"4711"}};
static char *formula[] = {(char[]){"=1,2"}};
static char *three[] = {(char[]){"a b\n"}, (char[]){""}, NULL};

static const struct bk_array keys[] = {
	{one, 1}, {formula, 1}, {three, 3}, {(char *[]){NULL}, 1}, {NULL, 0}};

static struct bk_list list_of_keys(void)
{
	static const struct bk_column key_columns[] = {{"KEY", "key", BK_CELL_KEY, 0, 0}};

	return (struct bk_list){.columns = key_columns,
				.column_count = BK_COUNT(key_columns),
				.rows = keys,
				.row_size = sizeof(*keys),
				.row_count = BK_COUNT(keys),
				.type = "key"};
}

START_TEST(a_key_is_a_list_in_json)
{
	struct bk_list list = list_of_keys();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_jsonl(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), "{\"type\":\"key\",\"key\":[\"4711\"]}\n"
					    "{\"type\":\"key\",\"key\":[\"=1,2\"]}\n"
					    "{\"type\":\"key\",\"key\":[\"a b\\n\",\"\",null]}\n"
					    "{\"type\":\"key\",\"key\":[null]}\n"
					    "{\"type\":\"key\",\"key\":null}\n");
}
END_TEST

START_TEST(a_key_of_one_column_is_a_plain_cell_of_csv)
{
	struct bk_list list = list_of_keys();
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_csv(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), "key\n4711\n\"'=1,2\"\n"
					    "\"[\"\"a b\\n\"\",\"\"\"\",null]\"\n\n\n");
}
END_TEST

START_TEST(a_table_shows_the_columns_of_a_key_side_by_side)
{
	struct bk_list list = list_of_keys();

	table_is(&list, (struct bk_style){0}, "KEY\n4711\n=1,2\na b\\n \"\" -\n-\n-\n");
}
END_TEST

enum { MANY_ROWS = 1500, LONG_TEXT = 2000 };

/* 3 MB, seconds even with sanitizers under load; when each character cost the rest of the
   text it was a quarter of an hour. */
START_TEST(a_large_table_takes_time_in_proportion_to_its_size)
{
	static struct fruit rows[MANY_ROWS];
	static char name[LONG_TEXT + 1];
	struct bk_list list = list_of(rows, MANY_ROWS);
	const struct bk_style style = {.width = 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	memset(name, 'x', LONG_TEXT);
	for (size_t i = 0; i < MANY_ROWS; i++) {
		rows[i] = plain[0];
		rows[i].name = name;
	}
	bk_list_table(&list, &style, &out);
	ck_assert(!out.broken);
	ck_assert_uint_gt(out.len, (size_t)MANY_ROWS * LONG_TEXT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_list");
	TCase *large = tcase_create("large");
	TCase *tc = tcase_create("list");

	ADD(tc, a_table_aligns_numbers_right_and_puts_free_text_last);
	ADD(tc, a_wide_table_shows_more_columns);
	ADD(tc, a_terminal_cuts_lines_at_its_width);
	ADD(tc, colour_ends_also_where_the_line_is_cut);
	ADD(tc, what_is_for_people_only_is_in_no_data);
	ADD(tc, no_width_means_no_cut);
	ADD(tc, nothing_raw_reaches_a_terminal);
	ADD(tc, wide_and_combining_characters_keep_the_columns);
	ADD(tc, a_cut_never_splits_a_wide_character);
	ADD(tc, a_locale_without_utf8_gets_escapes_and_no_hang);
	ADD(tc, an_empty_table_says_so);
	ADD(tc, a_record_shows_every_column_and_cuts_nothing);
	ADD(tc, a_record_in_colour_colours_labels_and_states);
	ADD_ROWS(tc, a_state_has_its_colour, states);
	ADD(tc, json_has_every_column_in_its_order);
	ADD(tc, json_of_hostile_text_is_valid_and_escaped);
	ADD(tc, json_lines_carry_their_type_first);
	ADD(tc, csv_has_keys_first_and_quotes_what_needs_it);
	ADD(tc, csv_of_hostile_text_runs_no_formula);
	ADD(tc, a_key_is_a_list_in_json);
	ADD(tc, a_key_of_one_column_is_a_plain_cell_of_csv);
	ADD(tc, a_table_shows_the_columns_of_a_key_side_by_side);
	suite_add_tcase(suite, tc);
	ADD(large, a_large_table_takes_time_in_proportion_to_its_size);
	tcase_set_timeout(large, 60);
	suite_add_tcase(suite, large);
	return suite_run(suite);
}

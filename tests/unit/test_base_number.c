/*
 * Numbers and durations: what is read, what is refused, what is written.
 */
#include "suite.h"

#include "base/number.h"

enum { REFUSED = -7 }; /* what the target holds before, and after a refusal */

static const struct {
	const char *text;
	int64_t value;
} numbers[] = {
	{"0", 0},
	{"1", 1},
	{"17", 17},
	{"9223372036854775807", INT64_MAX},
	{"9223372036854775808", REFUSED},
	{"9999999999999999999", REFUSED},
	{"92233720368547758070", REFUSED},
	{"", REFUSED},
	{"00", REFUSED},
	{"01", REFUSED},
	{"+1", REFUSED},
	{"-1", REFUSED},
	{" 1", REFUSED},
	{"1 ", REFUSED},
	{"1\n", REFUSED},
	{"1x", REFUSED},
	{"x1", REFUSED},
	{"0x10", REFUSED},
	{"1e3", REFUSED},
	{"1.0", REFUSED},
	{"1_000", REFUSED},
	{"\xD9\xA1", REFUSED}, /* an Arabic one */
};

START_TEST(a_number_is_digits_and_nothing_else)
{
	int64_t n = REFUSED;
	bool good = bk_parse_u63(numbers[_i].text, &n);

	ck_assert_int_eq(good, numbers[_i].value != REFUSED);
	ck_assert_int_eq(n, numbers[_i].value);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms;
} durations[] = {
	{"0", 0},
	{"0ms", 0},
	{"0d", 0},
	{"1ms", 1},
	{"500ms", 500},
	{"30s", 30000},
	{"5m", 300000},
	{"24h", 86400000},
	{"30d", INT64_C(2592000000)},
	{"36500d", INT64_C(3153600000000)},
	{"36501d", REFUSED},
	{"876000h", INT64_C(3153600000000)},
	{"876001h", REFUSED},
	{"3153600000000ms", INT64_C(3153600000000)},
	{"3153600000001ms", REFUSED},
	{"9223372036854775807d", REFUSED},
	{"9223372036854775808ms", REFUSED},
	{"", REFUSED},
	{"5", REFUSED},
	{"s", REFUSED},
	{"-5s", REFUSED},
	{"05s", REFUSED},
	{"5 s", REFUSED},
	{"5S", REFUSED},
	{"5sec", REFUSED},
	{"5w", REFUSED},
	{"5us", REFUSED},
	{"1.5h", REFUSED},
	{"1h30m", REFUSED},
	{"5s ", REFUSED},
	{"none", REFUSED},
};

START_TEST(a_duration_is_one_number_and_one_unit)
{
	int64_t ms = REFUSED;
	bool good = bk_parse_duration(durations[_i].text, &ms);

	ck_assert_int_eq(good, durations[_i].ms != REFUSED);
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const struct {
	int64_t ms;
	const char *exact;
	const char *human;
} written[] = {
	{0, "0s", "0 ms"},
	{1, "1ms", "1 ms"},
	{84, "84ms", "84 ms"},
	{999, "999ms", "999 ms"},
	{1000, "1s", "1.0 s"},
	{1530, "1530ms", "1.5 s"},
	{59999, "59999ms", "59.9 s"},
	{60000, "1m", "1m 0s"},
	{90000, "90s", "1m 30s"},
	{3600000, "1h", "1h 0m"},
	{5400000, "90m", "1h 30m"},
	{86399999, "86399999ms", "23h 59m"},
	{86400000, "1d", "1d 0h"},
	{273600000, "76h", "3d 4h"},
	{-84, "-84ms", "-84 ms"},
	{-90000, "-90s", "-1m 30s"},
	{INT64_MIN, "-9223372036854775808ms", "-106751991167d 7h"},
};

START_TEST(a_duration_is_written_exactly_and_for_people)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf exact = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf human = BK_BUF_INIT;

	bk_format_duration(&exact, written[_i].ms);
	bk_human_duration(&human, written[_i].ms);
	ck_assert_str_eq(bk_buf_cstr(&exact), written[_i].exact);
	ck_assert_str_eq(bk_buf_cstr(&human), written[_i].human);
}
END_TEST

static const struct {
	int64_t n;
	const char *text;
} counts[] = {
	{0, "0"},
	{999, "999"},
	{1000, "1,000"},
	{123456, "123,456"},
	{1234567, "1,234,567"},
	{-1000, "-1,000"},
	{-999, "-999"},
	{INT64_MAX, "9,223,372,036,854,775,807"},
	{INT64_MIN, "-9,223,372,036,854,775,808"},
};

START_TEST(a_count_has_its_thousands_apart)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_human_count(&text, counts[_i].n);
	ck_assert_str_eq(bk_buf_cstr(&text), counts[_i].text);
}
END_TEST

START_TEST(what_is_written_exactly_is_read_back)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	int64_t ms = REFUSED;

	bk_format_duration(&text, durations[_i].ms);
	if (durations[_i].ms == REFUSED)
		return;
	ck_assert(bk_parse_duration(bk_buf_cstr(&text), &ms));
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_number");
	TCase *tc = tcase_create("number");

	ADD_ROWS(tc, a_number_is_digits_and_nothing_else, numbers);
	ADD_ROWS(tc, a_duration_is_one_number_and_one_unit, durations);
	ADD_ROWS(tc, a_duration_is_written_exactly_and_for_people, written);
	ADD_ROWS(tc, a_count_has_its_thousands_apart, counts);
	ADD_ROWS(tc, what_is_written_exactly_is_read_back, durations);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

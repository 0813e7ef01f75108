/*
 * The calendar: reading and writing of instants.
 */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define DAY_US INT64_C(86400000000)
#define REFUSED INT64_C(-7)

static const struct {
	int64_t us;
	const char *text;
} instants[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{-1, "1969-12-31T23:59:59.999Z"},
	{999, "1970-01-01T00:00:00.000Z"},
	{1000, "1970-01-01T00:00:00.001Z"},
	{INT64_C(1795415400097000), "2026-11-23T06:30:00.097Z"},
	{INT64_C(951782400000000), "2000-02-29T00:00:00.000Z"},
	{INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z"},
	{INT64_C(4107542399999999), "2100-02-28T23:59:59.999Z"},
	{INT64_C(-62135596800000000), "0001-01-01T00:00:00.000Z"},
	{INT64_C(253402300799999000), "9999-12-31T23:59:59.999Z"},
};

START_TEST(an_instant_is_written_in_utc_with_milliseconds)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_format_time(&out, instants[_i].us);
	ck_assert_str_eq(bk_buf_cstr(&out), instants[_i].text);
}
END_TEST

static const struct {
	const char *text;
	int64_t us;
} readings[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2026-11-23T06:30:00Z", INT64_C(1795415400000000)},
	{"2026-11-23T06:30:00.097Z", INT64_C(1795415400097000)},
	{"2026-11-23 06:30:00.097z", INT64_C(1795415400097000)},
	{"2026-11-23t07:30:00.5+01:00", INT64_C(1795415400500000)},
	{"2026-11-23T01:00:00-05:30", INT64_C(1795415400000000)},
	{"2026-11-23T06:30:00-00:00", INT64_C(1795415400000000)},
	{"2026-11-23T06:30:00.1234567Z", INT64_C(1795415400123456)},
	{"2026-11-23", INT64_C(1795392000000000)},
	{"2000-02-29", INT64_C(951782400000000)},
	{"0001-01-01", INT64_C(-62135596800000000)},
	{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
	{"0001-01-01T00:00:00+00:01", REFUSED}, /* is in the year 0 */
	{"9999-12-31T23:59:59-00:01", REFUSED},
	{"0000-01-01", REFUSED},
	{"1900-02-29", REFUSED},
	{"2026-02-29", REFUSED},
	{"2026-04-31", REFUSED},
	{"2026-00-01", REFUSED},
	{"2026-13-01", REFUSED},
	{"2026-01-00", REFUSED},
	{"2026-1-1", REFUSED},
	{"26-01-01", REFUSED},
	{"10000-01-01", REFUSED},
	{"-0001-01-01", REFUSED},
	{"20260101", REFUSED},
	{"2026-11-23T", REFUSED},
	{"2026-11-23T06:30", REFUSED},
	{"2026-11-23T06:30:00", REFUSED}, /* whose clock? */
	{"2026-11-23T24:00:00Z", REFUSED},
	{"2026-11-23T06:60:00Z", REFUSED},
	{"2026-11-23T06:30:60Z", REFUSED},
	{"2026-11-23T06:30:00.Z", REFUSED},
	{"2026-11-23T06:30:00,5Z", REFUSED},
	{"2026-11-23T06:30:00+1:00", REFUSED},
	{"2026-11-23T06:30:00+0100", REFUSED},
	{"2026-11-23T06:30:00+24:00", REFUSED},
	{"2026-11-23T06:30:00+01:60", REFUSED},
	{"2026-11-23T06:30:00Zx", REFUSED},
	{"2026-11-23T06:30:00Z ", REFUSED},
	{" 2026-11-23", REFUSED},
	{"2026-11-23 ", REFUSED},
	{"2026-11-23T06:30:00 UTC", REFUSED},
	{"now", REFUSED},
	{"", REFUSED},
};

START_TEST(an_instant_is_read_with_its_zone_or_not_at_all)
{
	int64_t us = REFUSED;
	bool good = bk_parse_time(readings[_i].text, &us);

	ck_assert_msg(good == (readings[_i].us != REFUSED), "%s", readings[_i].text);
	ck_assert_int_eq(us, readings[_i].us);
}
END_TEST

/* Every day of the calendar, against the C library's, which counts seconds in
   the same way. */
START_TEST(every_day_is_the_c_librarys_day)
{
	int64_t first = -719162; /* 0001-01-01 */
	int64_t last = 2932896;  /* 9999-12-31 */

	for (int64_t day = first; day <= last; day += 13) {
		BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
		time_t seconds = (time_t)(day * 86400);
		struct tm tm;
		char text[64];
		int64_t us;

		ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
		(void)snprintf(text, sizeof(text), "%04d-%02d-%02d", tm.tm_year + 1900,
			       tm.tm_mon + 1, tm.tm_mday);
		bk_format_time(&out, day * DAY_US);
		if (strncmp(bk_buf_cstr(&out), text, 10) != 0)
			ck_abort_msg("%s is not %s", bk_buf_cstr(&out), text);
		if (!bk_parse_time(text, &us) || us != day * DAY_US)
			ck_abort_msg("%s is read as %lld", text, (long long)us);
	}
}
END_TEST

START_TEST(the_systems_clocks_go_forward)
{
	struct bk_clock clock = bk_clock_system();
	int64_t mono = clock.mono_ms(clock.self);

	ck_assert_int_ge(clock.mono_ms(clock.self), mono);
	ck_assert_int_gt(clock.wall_us(clock.self), instants[5].us);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_clock");
	TCase *tc = tcase_create("clock");

	ADD_ROWS(tc, an_instant_is_written_in_utc_with_milliseconds, instants);
	ADD_ROWS(tc, an_instant_is_read_with_its_zone_or_not_at_all, readings);
	ADD(tc, every_day_is_the_c_librarys_day);
	ADD(tc, the_systems_clocks_go_forward);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

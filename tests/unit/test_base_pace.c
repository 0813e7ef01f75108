/*
 * Pace: rates, estimates and shares, up to the largest numbers.
 */
#include "base/pace.h"

#include "base/attr.h"
#include "suite.h"

#define UNKNOWN BK_PACE_UNKNOWN

static const struct {
	struct bk_pace pace;
	int64_t per_second;
} rates[] = {
	{{0, 0}, UNKNOWN},
	{{5, 0}, UNKNOWN},
	{{5, -1}, UNKNOWN},
	{{0, 1000}, 0},
	{{-5, 1000}, 0},
	{{5, 1000}, 5},
	{{1, 1001}, 0},
	{{120000, 1043}, 115052},
	{{INT64_MAX, 1}, INT64_MAX},
	{{INT64_MAX, INT64_MAX}, 1000},
};

START_TEST(a_rate_is_things_a_second)
{
	ck_assert_int_eq(bk_pace_per_second(&rates[_i].pace), rates[_i].per_second);
}
END_TEST

static const struct {
	struct bk_pace pace;
	int64_t rest;
	int64_t ms;
} lefts[] = {
	{{1000, 1000}, 0, 0},
	{{1000, 1000}, -7, 0},
	{{1000, 1000}, 1, 1},
	{{120000, 1000}, 180000, 1500},
	{{1, 60000}, 10, 600000},
	{{0, 1000}, 5, UNKNOWN},
	{{5, 0}, 5, UNKNOWN},
	{{1, 86400000}, INT64_MAX, INT64_C(36500) * 86400000},
	{{1, INT64_MAX}, INT64_MAX, INT64_C(36500) * 86400000},
};

START_TEST(what_is_left_takes_as_long_as_what_was_done)
{
	ck_assert_int_eq(bk_pace_left_ms(&lefts[_i].pace, lefts[_i].rest), lefts[_i].ms);
}
END_TEST

static const struct {
	int64_t done;
	int64_t total;
	int64_t percent;
} shares[] = {
	{0, 0, UNKNOWN},
	{5, INT64_MIN, UNKNOWN},
	{0, 10, 0},
	{-1, 10, 0},
	{4, 10, 40},
	{999, 1000, 99},
	{1000, 1000, 100},
	{1001, 1000, 100},
	{INT64_MAX / 2, INT64_MAX, 49},
	{INT64_MAX - 1, INT64_MAX, 99},
};

START_TEST(all_is_a_hundred_percent_and_nothing_less_is)
{
	ck_assert_int_eq(bk_pace_percent(shares[_i].done, shares[_i].total), shares[_i].percent);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_pace");
	TCase *tc = tcase_create("pace");

	ADD_ROWS(tc, a_rate_is_things_a_second, rates);
	ADD_ROWS(tc, what_is_left_takes_as_long_as_what_was_done, lefts);
	ADD_ROWS(tc, all_is_a_hundred_percent_and_nothing_less_is, shares);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

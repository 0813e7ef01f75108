/*
 * Percentiles of counted execution times against those of the times themselves.
 */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/buf.h"
#include "view/histogram.h"

/* Which bucket a time belongs to, found by its bounds. */
static size_t bucket_of(int64_t ms)
{
	size_t i = 0;

	while (ms >= bk_histogram_upper(i))
		i++;
	ck_assert_int_ge(ms, bk_histogram_lower(i));
	return i;
}

START_TEST(the_buckets_follow_upon_each_other)
{
	ck_assert_int_eq(bk_histogram_lower(0), 0);
	for (size_t i = 1; i < BK_HISTOGRAM_BUCKETS; i++)
		ck_assert_int_eq(bk_histogram_lower(i), bk_histogram_upper(i - 1));
	/* Two days, the longest lease, are in. */
	ck_assert_int_gt(bk_histogram_upper(BK_HISTOGRAM_BUCKETS - 1), INT64_C(172800000));
	ck_assert_uint_eq(bucket_of(15), 15);
	ck_assert_uint_eq(bucket_of(31), 23);
	ck_assert_uint_eq(bucket_of(4096), 80);
}
END_TEST

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static const double shares[] = {0, 0.01, 0.5, 0.9, 0.95, 0.99, 1};

START_TEST(a_percentile_is_within_an_eighth_of_the_truth)
{
	enum { N = 1000 };
	static int64_t times[N];
	struct bk_histogram h = {.max_ms = 0};
	struct bk_error err;
	unsigned seed = 7;

	for (size_t i = 0; i < N; i++) {
		seed = seed * 1103515245U + 12345U;
		times[i] = (int64_t)1 << (seed >> 16) % 20;
		times[i] += (int64_t)((seed >> 8) % (unsigned)times[i]);
	}
	qsort(times, N, sizeof(*times), by_size);
	for (size_t i = 0; i < N; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
		size_t bucket = bucket_of(times[i]);

		bk_buf_str(&text, "{");
		for (size_t k = 0; k < bucket; k++)
			bk_buf_str(&text, "0,");
		bk_buf_str(&text, "1}");
		ck_assert_int_eq(bk_histogram_add(&h, bk_buf_cstr(&text), times[i], &err), BK_OK);
	}
	for (size_t i = 0; i < BK_COUNT(shares); i++) {
		size_t rank = (size_t)(shares[i] * N);
		double truth = (double)times[rank ? rank - 1 : 0];
		double got = bk_histogram_quantile(&h, shares[i]);

		ck_assert_msg(got >= truth * 7 / 8 && got <= truth * 9 / 8 + 1, "p%g: %g, not %g",
			      shares[i] * 100, got, truth);
	}
}
END_TEST

START_TEST(small_times_are_exact_and_the_longest_is_never_exceeded)
{
	struct bk_histogram h = {.max_ms = 0};
	struct bk_error err;

	ck_assert(bk_histogram_quantile(&h, 0.5) < 0);
	ck_assert_int_eq(bk_histogram_add(&h, NULL, 9, &err), BK_OK);
	ck_assert(bk_histogram_quantile(&h, 0.5) < 0);
	ck_assert_int_eq(bk_histogram_add(&h, "{1,0,0,2}", 3, &err), BK_OK);
	ck_assert(bk_histogram_quantile(&h, 0.3) >= 0 && bk_histogram_quantile(&h, 0.3) < 0.1);
	ck_assert(bk_histogram_quantile(&h, 0.5) > 2.9 && bk_histogram_quantile(&h, 0.5) < 3.1);
	h = (struct bk_histogram){.max_ms = 0};
	ck_assert_int_eq(bk_histogram_add(&h, "{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1}",
					  33, &err),
			 BK_OK);
	ck_assert(bk_histogram_quantile(&h, 0.99) < 33.1);
}
END_TEST

static const char *const wrong[] = {"", "{1", "{x}", "{-1}", "{NULL}", "{{1}}"};

START_TEST(what_is_no_array_of_counts_is_refused)
{
	struct bk_histogram h = {.max_ms = 0};
	struct bk_error err;

	ck_assert_int_eq(bk_histogram_add(&h, wrong[_i], 5, &err), BK_E_INTERNAL);
	ck_assert_int_eq(h.total + h.max_ms, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("histogram");
	TCase *tc = tcase_create("histogram");

	ADD(tc, the_buckets_follow_upon_each_other);
	ADD(tc, a_percentile_is_within_an_eighth_of_the_truth);
	ADD(tc, small_times_are_exact_and_the_longest_is_never_exceeded);
	ADD_ROWS(tc, what_is_no_array_of_counts_is_refused, wrong);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Pauses before retries: exponential, with full jitter and a cap.
 */
#include "run/retry.h"

#include "suite.h"

/* A random source that gives one number. */
static uint64_t constant(void *self)
{
	return *(const uint64_t *)self;
}

static int64_t pause_with(uint64_t number, struct bk_retry retry, int64_t attempt)
{
	const struct bk_random random = {constant, &number};

	return bk_retry_pause(&retry, attempt, &random);
}

static const struct {
	struct bk_retry retry;
	int64_t attempt;
	int64_t most;
} bounds[] = {
	{{250, 5000}, 1, 250},
	{{250, 5000}, 2, 500},
	{{250, 5000}, 3, 1000},
	{{250, 5000}, 5, 4000},
	{{250, 5000}, 6, 5000},
	{{250, 5000}, 7, 5000},
	{{250, 5000}, 100, 5000},
	{{250, 5000}, INT64_MAX, 5000},
	{{5000, 250}, 1, 250},
	{{5000, 5000}, 3, 5000},
	{{1, 1}, 9, 1},
	{{3, 3600000}, 21, 3145728},
	{{3, 3600000}, 22, 3600000},
	/* Nothing to double, and nothing that a doubling could overflow. */
	{{0, 5000}, INT64_MAX, 0},
	{{0, 0}, 1, 0},
	{{250, 0}, 5, 0},
	{{1, INT64_MAX}, 63, INT64_C(1) << 62},
	{{1, INT64_MAX}, 64, INT64_MAX},
	{{INT64_MAX - 1, INT64_MAX}, 2, INT64_MAX},
	/* An attempt before the first is the first. */
	{{250, 5000}, 0, 250},
	{{250, 5000}, -1, 250},
};

START_TEST(a_pause_is_any_number_up_to_its_bound)
{
	int64_t most = bounds[_i].most;

	ck_assert_int_eq(pause_with(0, bounds[_i].retry, bounds[_i].attempt), 0);
	ck_assert_int_eq(pause_with((uint64_t)most, bounds[_i].retry, bounds[_i].attempt), most);
	ck_assert_int_eq(pause_with((uint64_t)most / 3, bounds[_i].retry, bounds[_i].attempt),
			 most / 3);
	ck_assert_int_eq(pause_with((uint64_t)most + 1, bounds[_i].retry, bounds[_i].attempt), 0);
}
END_TEST

START_TEST(two_hosts_do_not_pause_alike)
{
	const struct bk_random random = bk_random_system();
	const struct bk_retry retry = {1000, 1000};
	int64_t sum = 0;
	int64_t same = 0;

	for (int i = 0; i < 1000; i++) {
		int64_t a = bk_retry_pause(&retry, 1, &random);
		int64_t b = bk_retry_pause(&retry, 1, &random);

		ck_assert_int_ge(a, 0);
		ck_assert_int_le(a, 1000);
		sum += a;
		same += a == b;
	}
	/* The mean of a thousand is off by 90 once in 10^20 times. */
	ck_assert_int_gt(sum, 410000);
	ck_assert_int_lt(sum, 590000);
	ck_assert_int_lt(same, 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("retry");
	TCase *tc = tcase_create("retry");

	ADD_ROWS(tc, a_pause_is_any_number_up_to_its_bound, bounds);
	ADD(tc, two_hosts_do_not_pause_alike);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Running a suite; see suite.h.
 */
#include "suite.h"

#include <stdlib.h>

static int64_t mono_ms(void *self)
{
	(void)self;
	return 1000;
}

static int64_t wall_us(void *self)
{
	(void)self;
	return INT64_C(1795415400097000);
}

static void sleep_ms(void *self, int64_t ms)
{
	(void)self;
	(void)ms;
}

struct bk_clock suite_clock(void)
{
	return (struct bk_clock){mono_ms, wall_us, NULL, sleep_ms};
}

int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run;
	int failed;

	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

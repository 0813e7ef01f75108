/*
 * How every suite is run, and what tests of pure code pass in for the world: a
 * clock that stands still.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

#include "base/clock.h"

/* Adds a test, or one that is run for each row of a table. */
#define ADD(tc, test) tcase_add_test(tc, test)
#define ADD_ROWS(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)BK_COUNT(table))

/* Runs the suite; the exit status. No check at all is a failure. */
int suite_run(Suite *suite);

/* Always 2026-11-23T06:30:00.097Z, and 1000 ms on the monotonic clock. */
struct bk_clock suite_clock(void);

#endif

/*
 * When ticks begin: the grid of --for and its end, pauses and signals, and the
 * splay of a host.
 */
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/schedule.h"

#define NONE INT64_C(-1)

static const struct {
	int64_t start, delay, now, end;
	int64_t next;
} grid[] = {
	{0, 30000, 0, 55000, 30000},
	{0, 30000, 1, 55000, 30000},
	{0, 30000, 29999, 55000, 30000},
	{0, 30000, 30000, 55000, NONE}, /* 30000 has begun */
	{0, 30000, 30000, 60000, NONE}, /* at the end is too late */
	{0, 30000, 30000, 60001, 60000},
	{0, 30000, 31000, 61000, 60000}, /* the tick at 30000 was missed */
	{0, 30000, 95000, 200000, 120000},
	{0, 30000, 89999, 90001, 90000},
	{0, 60000, 10, 55000, NONE},
	{0, 1000, 2500, 3000, NONE},
	{0, 1000, 1999, 3000, 2000},
	{500, 1000, 500, 10000, 1500},
	{500, 1000, 0, 10000, 500}, /* has not begun */
	{500, 1000, 0, 500, NONE},
	{INT64_C(9000000000000), 1000, INT64_C(9000086400000), INT64_C(9000086402000),
	 INT64_C(9000086401000)},
};

START_TEST(the_next_tick_is_on_the_grid_and_before_the_end)
{
	ck_assert_int_eq(bk_next_tick(grid[_i].start, grid[_i].delay, grid[_i].now, grid[_i].end),
			 grid[_i].next);
}
END_TEST

/* A clock on which a pause takes no time, and the ticks that were made. */
struct world {
	int64_t now;
	int64_t signal_at; /* a signal comes then; 0 = none */
	int number;
	volatile sig_atomic_t interrupted;
	int64_t took[8];   /* of each tick; 0 for the rest */
	int64_t freeze_at; /* a pause that reaches this instant ends at freeze_to */
	int64_t freeze_to;
	int fail_at; /* this tick, counted from 1, returns BK_E_USAGE */
	int ticks;
	char log[200];
};
static struct world world;

static int64_t mono_ms(void *self)
{
	(void)self;
	return world.now;
}

static void pass(int64_t ms)
{
	world.now += ms;
	if (world.signal_at && world.now >= world.signal_at)
		world.interrupted = world.number;
}

static void sleep_ms(void *self, int64_t ms)
{
	(void)self;
	ck_assert_int_gt(ms, 0);
	if (world.signal_at > world.now && world.signal_at < world.now + ms)
		ms = world.signal_at - world.now;
	if (world.freeze_at > world.now && world.freeze_at <= world.now + ms)
		ms = world.freeze_to - world.now;
	pass(ms);
}

static enum bk_rc tick(void *arg, struct bk_error *err)
{
	size_t used = strlen(world.log);

	(void)arg;
	(void)snprintf(world.log + used, sizeof(world.log) - used, "%s%" PRId64, used ? " " : "",
		       world.now);
	pass(world.took[world.ticks++ % 8]);
	if (world.ticks == world.fail_at)
		return bk_error_set(err, BK_E_USAGE, "enough");
	return BK_OK;
}

static struct bk_clock fake_clock(void)
{
	struct bk_clock clock = suite_clock();

	clock.mono_ms = mono_ms;
	clock.sleep_ms = sleep_ms;
	return clock;
}

static const struct {
	const char *what;
	int64_t start, delay, end;
	struct world world;
	const char *log; /* when ticks began */
	enum bk_rc rc;
} runs[] = {
	{"a crontab's line", 0, 30000, 55000, {.took = {20, 20}}, "0 30000", BK_OK},
	{"one that comes close", 0, 30000, 60001, {.took = {20}}, "0 30000 60000", BK_OK},
	{"a delay longer than the time", 0, 60000, 55000, {.took = {20}}, "0", BK_OK},
	{"after a splay", 12000, 30000, 55000, {.took = {20}}, "12000 42000", BK_OK},
	{"a splay that has passed", 500, 1000, 3000, {.now = 700}, "700 1500 2500", BK_OK},
	{"a long tick: the next is dropped",
	 0,
	 1000,
	 5000,
	 {.took = {1500}},
	 "0 2000 3000 4000",
	 BK_OK},
	{"long ticks do not pile up",
	 0,
	 1000,
	 9000,
	 {.took = {3700, 2300}},
	 "0 4000 7000 8000",
	 BK_OK},
	{"a tick longer than all", 0, 1000, 5000, {.took = {7000}}, "0", BK_OK},
	{"a tick up to the very instant", 0, 1000, 3500, {.took = {1000}}, "0 2000 3000", BK_OK},
	{"woken too late: one tick, and back to the grid",
	 0,
	 1000,
	 9000,
	 {.freeze_at = 2500, .freeze_to = 6400},
	 "0 1000 2000 6400 7000 8000",
	 BK_OK},
	{"woken after the end",
	 0,
	 1000,
	 5000,
	 {.freeze_at = 2500, .freeze_to = 5000},
	 "0 1000 2000",
	 BK_OK},
	{"SIGTERM in a pause",
	 0,
	 30000,
	 90000,
	 {.signal_at = 42000, .number = SIGTERM},
	 "0 30000",
	 BK_E_TERMINATED},
	{"SIGINT in a pause",
	 0,
	 30000,
	 90000,
	 {.signal_at = 1, .number = SIGINT},
	 "0",
	 BK_E_INTERRUPTED},
	{"SIGTERM in a splay",
	 20000,
	 30000,
	 90000,
	 {.signal_at = 1, .number = SIGTERM},
	 "",
	 BK_E_TERMINATED},
	{"SIGTERM in a tick",
	 0,
	 30000,
	 90000,
	 {.took = {0, 100}, .signal_at = 30050, .number = SIGTERM},
	 "0 30000",
	 BK_E_TERMINATED},
	{"SIGTERM in the last tick",
	 0,
	 30000,
	 31000,
	 {.took = {0, 100}, .signal_at = 30050, .number = SIGTERM},
	 "0 30000",
	 BK_OK},
	{"a tick that ends it", 0, 1000, 9000, {.fail_at = 3}, "0 1000 2000", BK_E_USAGE},
};

START_TEST(ticks_begin_when_they_should)
{
	struct bk_error err = {.rc = BK_OK};

	world = runs[_i].world;
	const struct bk_schedule schedule = {
		.clock = fake_clock(),
		.interrupted = &world.interrupted,
		.start = runs[_i].start,
		.delay = runs[_i].delay,
		.end = runs[_i].end,
		.tick = tick,
	};
	ck_assert_msg(bk_schedule_run(&schedule, &err) == runs[_i].rc, "%s: %s", runs[_i].what,
		      err.message);
	ck_assert_msg(strcmp(world.log, runs[_i].log) == 0, "%s: ticks at %s", runs[_i].what,
		      world.log);
	/* A signal is heard at once, not when the pause would have ended. */
	if (world.interrupted && (!world.ticks || !world.took[world.ticks - 1]))
		ck_assert_int_eq(world.now, world.signal_at);
}
END_TEST

START_TEST(a_day_of_ticks_takes_no_time_and_loses_none)
{
	struct bk_error err = {.rc = BK_OK};
	const struct bk_schedule schedule = {
		.clock = fake_clock(),
		.interrupted = &world.interrupted,
		.start = 0,
		.delay = 30000,
		.end = 86400000,
		.tick = tick,
	};

	world = (struct world){.took = {20, 900, 29999, 1, 0, 3, 4, 5}};
	ck_assert_int_eq(bk_schedule_run(&schedule, &err), BK_OK);
	ck_assert_int_eq(world.ticks, 2880);
}
END_TEST

/* From the second tick on: each tenth second, then as before the change. */
static int64_t other_delay(void *arg)
{
	(void)arg;
	return world.ticks == 2 || world.ticks == 3 ? 10000 : 30000;
}

START_TEST(a_delay_that_changes_holds_after_the_tick_that_met_it)
{
	struct bk_error err = {.rc = BK_OK};
	const struct bk_schedule schedule = {
		.clock = fake_clock(),
		.interrupted = &world.interrupted,
		.start = 5000,
		.delay = 30000,
		.delay_now = other_delay,
		.end = 100000,
		.tick = tick,
	};

	world = (struct world){.took = {0}};
	ck_assert_int_eq(bk_schedule_run(&schedule, &err), BK_OK);
	ck_assert_str_eq(world.log, "5000 35000 45000 55000 65000 95000");
}
END_TEST

START_TEST(a_wait_for_the_past_is_none)
{
	struct bk_clock clock = fake_clock();
	struct bk_error err;

	world = (struct world){.now = 5000};
	ck_assert_int_eq(bk_wait_until(&clock, &world.interrupted, 5000, &err), BK_OK);
	ck_assert_int_eq(bk_wait_until(&clock, &world.interrupted, 100, &err), BK_OK);
	ck_assert_int_eq(world.now, 5000);
	ck_assert_int_eq(bk_wait_until(&clock, &world.interrupted, 5777, &err), BK_OK);
	ck_assert_int_eq(world.now, 5777);
}
END_TEST

static const struct {
	int number;
	enum bk_rc rc;
	const char *message;
} signals[] = {
	{SIGTERM, BK_E_TERMINATED, "stopped by SIGTERM in a pause"},
	{SIGINT, BK_E_INTERRUPTED, "stopped by SIGINT in a pause"},
};

START_TEST(a_signal_that_has_come_ends_a_wait_that_has_not_begun)
{
	struct bk_clock clock = fake_clock();
	struct bk_error err;

	world = (struct world){.interrupted = signals[_i].number};
	ck_assert_int_eq(bk_wait_until(&clock, &world.interrupted, 1000, &err), signals[_i].rc);
	ck_assert_str_eq(err.message, signals[_i].message);
	ck_assert_int_eq(world.now, 0);
}
END_TEST

/* These may never change: a host would move in the minute with an upgrade. */
static const struct {
	const char *instance;
	const char *job;
	int64_t splay_ms;
	int64_t ms;
} splays[] = {
	{"app-1", "activate-due", 30000, 26877},
	{"app-2", "activate-due", 30000, 27972},
	{"app-1", "cancel-no-shows", 30000, 14252},
	{"app-1", "activate-due", 3600000, 2336877},
	{"app-1", "activate-due", 1, 0},
	{"app-1", "activate-due", 0, 0},
};

START_TEST(a_host_and_a_job_have_always_the_same_splay)
{
	ck_assert_int_eq(bk_splay_ms(splays[_i].instance, splays[_i].job, splays[_i].splay_ms),
			 splays[_i].ms);
}
END_TEST

/* Numbered hosts are what there is: none of ten parts of the splay may get less
   than half of its share, nor more than twice. */
START_TEST(hosts_are_spread_over_the_splay)
{
	static const int64_t lengths[] = {10, 1000, 30000, 32768, 65536, 3600000};
	enum { HOSTS = 1000, PARTS = 10 };

	for (size_t l = 0; l < BK_COUNT(lengths); l++) {
		int parts[PARTS] = {0};

		for (int host = 0; host < HOSTS; host++) {
			char name[32];
			int64_t ms;

			(void)snprintf(name, sizeof(name), "booking-%d.example.org", host);
			ms = bk_splay_ms(name, "activate-due", lengths[l]);
			ck_assert_int_ge(ms, 0);
			ck_assert_int_lt(ms, lengths[l]);
			parts[ms * PARTS / lengths[l]]++;
		}
		for (int part = 0; part < PARTS; part++)
			ck_assert_msg(parts[part] >= HOSTS / PARTS / 2 &&
					      parts[part] <= HOSTS / PARTS * 2,
				      "splay %" PRId64 ", part %d: %d hosts", lengths[l], part,
				      parts[part]);
	}
}
END_TEST

START_TEST(where_a_name_ends_matters)
{
	ck_assert_int_ne(bk_splay_ms("a", "bc", 3600000), bk_splay_ms("ab", "c", 3600000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_schedule");
	TCase *tc = tcase_create("schedule");

	ADD_ROWS(tc, the_next_tick_is_on_the_grid_and_before_the_end, grid);
	ADD_ROWS(tc, ticks_begin_when_they_should, runs);
	ADD(tc, a_day_of_ticks_takes_no_time_and_loses_none);
	ADD(tc, a_delay_that_changes_holds_after_the_tick_that_met_it);
	ADD(tc, a_wait_for_the_past_is_none);
	ADD_ROWS(tc, a_signal_that_has_come_ends_a_wait_that_has_not_begun, signals);
	ADD_ROWS(tc, a_host_and_a_job_have_always_the_same_splay, splays);
	ADD(tc, hosts_are_spread_over_the_splay);
	ADD(tc, where_a_name_ends_matters);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

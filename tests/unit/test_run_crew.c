/*
 * What the workers of a run share: the allowance of changes, exact over all of
 * them, and the sums of their batches.
 */
#include <string.h>

#include "run/internal.h"
#include "suite.h"

static struct bk_run_request request;
static struct bk_crew crew;

static void setup(void)
{
	request = (struct bk_run_request){.clock = suite_clock()};
	crew = (struct bk_crew){.request = &request, .allowance = -1};
	(void)pthread_mutex_init(&crew.lock, NULL);
	(void)pthread_cond_init(&crew.news, NULL);
}

static int64_t reserve(int64_t want)
{
	return bk_crew_reserve(&crew, want, false);
}

START_TEST(without_an_allowance_everything_is_allowed)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(reserve(5000), 5000);
	bk_crew_return(&crew, 5000, 17);
	ck_assert_int_eq(crew.allowance, -1);
	ck_assert(!crew.bound_reached);
}
END_TEST

START_TEST(an_allowance_is_used_up_to_the_last_change)
{
	crew.allowance = 12;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(reserve(5), 5);
		bk_crew_return(&crew, 5, 5);
	}
	ck_assert(!crew.bound_reached);
	ck_assert_int_eq(reserve(5), 2);
	bk_crew_return(&crew, 2, 2);
	ck_assert(!crew.bound_reached);
	ck_assert_int_eq(reserve(5), 0);
	ck_assert(crew.bound_reached);
}
END_TEST

START_TEST(what_a_batch_did_not_change_may_be_changed_later)
{
	crew.allowance = 5;
	ck_assert_int_eq(reserve(5), 5);
	bk_crew_return(&crew, 5, 3);
	ck_assert_int_eq(reserve(5), 2);
	bk_crew_return(&crew, 2, 0);
	ck_assert_int_eq(reserve(1), 1);
	bk_crew_return(&crew, 1, 1);
	ck_assert_int_eq(crew.allowance, 1);
	ck_assert(!crew.bound_reached);
}
END_TEST

START_TEST(nothing_is_allowed_where_the_allowance_is_nothing)
{
	crew.allowance = 0;
	ck_assert_int_eq(reserve(5), 0);
	ck_assert(crew.bound_reached);
}
END_TEST

static int64_t got;

static void *reserve_in_thread(void *arg)
{
	(void)arg;
	got = reserve(5);
	return NULL;
}

/* The other one may find its rows locked: then there is something left for us. */
static void expect_wait(int64_t changed, bool stop, int64_t expected, bool bound_reached)
{
	pthread_t thread;

	crew.allowance = 5;
	ck_assert_int_eq(reserve(5), 5);
	got = -1;
	ck_assert_int_eq(pthread_create(&thread, NULL, reserve_in_thread, NULL), 0);
	(void)pthread_mutex_lock(&crew.lock);
	crew.stop = stop;
	(void)pthread_mutex_unlock(&crew.lock);
	bk_crew_return(&crew, 5, changed);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(got, expected);
	ck_assert_int_eq(crew.bound_reached, bound_reached);
}

START_TEST(who_finds_it_reserved_gets_what_comes_back)
{
	expect_wait(3, false, 2, false);
}
END_TEST

START_TEST(when_nothing_comes_back_the_bound_is_reached)
{
	expect_wait(5, false, 0, true);
}
END_TEST

START_TEST(a_run_that_is_to_stop_is_waited_for_by_nobody)
{
	pthread_t thread;

	crew.allowance = 5;
	ck_assert_int_eq(reserve(5), 5);
	crew.stop = true;
	ck_assert_int_eq(pthread_create(&thread, NULL, reserve_in_thread, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(got, 0);
	ck_assert(!crew.bound_reached);
}
END_TEST

enum { THREADS = 8, ALLOWED = 10000000 };

static pthread_barrier_t together; /* or the first would be done before the last begins */

/* Batches of many sizes of which more or less is changed. */
static void *change_at_random(void *arg)
{
	unsigned seed = *(const unsigned *)arg;
	int64_t *changed = arg;
	int64_t sum = 0;
	int64_t max;

	(void)pthread_barrier_wait(&together);
	while ((max = reserve(1 + (int64_t)(seed % 700)))) {
		int64_t n = seed % 3 ? max : (int64_t)(seed % (unsigned)(max + 1));

		bk_crew_note(&crew, &(const struct bk_batch){.locked = n, .changed = n}, n);
		bk_crew_return(&crew, max, n);
		sum += n;
		seed = seed * 1103515245U + 12345U;
		seed ^= seed >> 16;
	}
	*changed = sum;
	return NULL;
}

START_TEST(over_many_workers_the_allowance_is_exact)
{
	int64_t changed[THREADS];
	pthread_t threads[THREADS];
	int64_t sum = 0;

	crew.allowance = ALLOWED;
	(void)pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		changed[i] = i + 1;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, change_at_random, &changed[i]),
				 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		sum += changed[i];
	}
	ck_assert_int_eq(sum, ALLOWED);
	ck_assert_int_eq(crew.changed, ALLOWED);
	ck_assert_int_eq(crew.locked, ALLOWED);
	ck_assert_int_eq(crew.allowance, 0);
	ck_assert_int_eq(crew.reserved, 0);
	ck_assert(crew.bound_reached);
}
END_TEST

START_TEST(the_sums_tell_locked_rows_from_vetoed_ones)
{
	static const struct bk_batch batches[] = {{.locked = 7, .changed = 5},
						  {.locked = 4, .changed = 4}};

	bk_crew_note(&crew, &batches[0], 30);
	bk_crew_note(&crew, &batches[1], 20);
	ck_assert_int_eq(crew.changed, 9);
	ck_assert_int_eq(crew.locked, 11);
	ck_assert_int_eq(crew.vetoed, 2);
	ck_assert_int_eq(crew.slowest_ms, 30);
}
END_TEST

/* --- progress --- */

static int64_t now;
static struct bk_progress shown;
static int reports;

static int64_t mono_ms(void *self)
{
	(void)self;
	return now;
}

static void show(void *arg, const struct bk_progress *progress)
{
	(void)arg;
	shown = *progress;
	reports++;
}

START_TEST(progress_is_told_five_times_a_second)
{
	request.clock.mono_ms = mono_ms;
	bk_crew_progress(&crew);
	request.progress = show;
	crew.start_ms = crew.shown_ms = 0;
	crew.changed = 42;
	crew.total = 100;
	for (now = 0; now < 2000; now += 10)
		bk_crew_progress(&crew);
	ck_assert_int_eq(reports, 9);
	ck_assert_int_eq(shown.processed, 42);
	ck_assert_int_eq(shown.total, 100);
	ck_assert_int_eq(shown.elapsed_ms, 1800);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crew");
	TCase *tc = tcase_create("crew");

	tcase_add_checked_fixture(tc, setup, NULL);
	ADD(tc, without_an_allowance_everything_is_allowed);
	ADD(tc, an_allowance_is_used_up_to_the_last_change);
	ADD(tc, what_a_batch_did_not_change_may_be_changed_later);
	ADD(tc, nothing_is_allowed_where_the_allowance_is_nothing);
	ADD(tc, who_finds_it_reserved_gets_what_comes_back);
	ADD(tc, when_nothing_comes_back_the_bound_is_reached);
	ADD(tc, a_run_that_is_to_stop_is_waited_for_by_nobody);
	ADD(tc, over_many_workers_the_allowance_is_exact);
	ADD(tc, the_sums_tell_locked_rows_from_vetoed_ones);
	ADD(tc, progress_is_told_five_times_a_second);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

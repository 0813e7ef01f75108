/*
 * Finding the bad rows of a page: a page of items some of which are refused. The
 * step of a worker is played here: no database.
 */
/* The file itself with a worker of ours: the library has the real one. */
#define bk_worker_step played_step
#define bk_worker_again played_again
#define bk_worker_bisect bisect_with_played
#include "run/bisect.c"

#include <stdio.h>

#include "suite.h"

enum { MOST = 1000 };

static struct {
	int count;
	const char *refused[MOST]; /* SQLSTATE, NULL = it is not */
	bool was_aside[MOST];
	bool known[MOST]; /* set aside by another worker meanwhile */
	int changed[MOST];
	int aside[MOST];
	int parts;
	int pages;
	int page_faults; /* so many loads of the page fail before one goes well */
	int again;
	int slow_above;    /* a part of more items takes too long */
	int cancel_at;     /* the part after which the run is to end */
	enum bk_rc broken; /* how a part fails that touches item 5; BK_OK = it does not */
} table;

static struct bk_run_request request;
static struct bk_crew crew;
static struct bk_worker worker;
static struct bk_batch sum;
static struct bk_error err;

static enum bk_rc broken_with(enum bk_rc rc, const char *sqlstate, int item, struct bk_error *ret)
{
	bk_error_set(ret, rc, "item %d", item);
	(void)snprintf(ret->sqlstate, sizeof(ret->sqlstate), "%s", sqlstate);
	return rc;
}

static enum bk_rc judge(int from, int to, struct bk_error *ret)
{
	if (table.slow_above && to - from > table.slow_above)
		return broken_with(BK_E_RUN, "57014", from, ret);
	for (int i = from; i < to; i++) {
		if (i == 5 && table.broken)
			return broken_with(table.broken, "", i, ret);
		if (table.refused[i])
			return broken_with(BK_E_RUN, table.refused[i], i, ret);
	}
	return BK_OK;
}

/* In place of lib/run/worker.c. */
enum bk_rc played_step(struct bk_worker *w, int64_t first, int64_t count, struct bk_batch *ret,
		       struct bk_error *step_err)
{
	int from = (int)first;
	int to = (int)(first + count);
	enum bk_rc rc;

	ck_assert_ptr_eq(w, &worker);
	ck_assert_int_ge(from, 0);
	ck_assert_int_gt(count, 0);
	ck_assert_int_le(to, table.count);
	table.parts++;
	if ((rc = judge(from, to, step_err)))
		return rc;
	for (int i = from; i < to; i++) {
		ret->changed += !table.changed[i];
		table.changed[i] = 1;
	}
	ret->cancel = table.parts == table.cancel_at;
	return BK_OK;
}

enum bk_rc played_again(struct bk_worker *w, struct bk_error *why)
{
	ck_assert_ptr_eq(w, &worker);
	table.again++;
	return bk_fault_of(why) == BK_FAULT_PASSING && table.again <= 3 ? BK_OK : why->rc;
}

static enum bk_rc played_page(void *self, const struct bk_run *run, int64_t max, int64_t *ret_count,
			      struct bk_error *page_err)
{
	(void)self;
	(void)run;
	table.pages++;
	ck_assert_int_ge(max, table.count);
	if (table.pages <= table.page_faults)
		return broken_with(BK_E_RUN, "40P01", 0, page_err);
	*ret_count = table.count;
	return BK_OK;
}

static bool page_done(void *self)
{
	(void)self;
	return true;
}

static bool was_aside(void *self, int64_t item)
{
	(void)self;
	return table.was_aside[item];
}

static bool played_set_aside(void *self, int64_t item, const struct bk_error *why)
{
	char expected[32];

	(void)self;
	(void)snprintf(expected, sizeof(expected), "item %d", (int)item);
	ck_assert_str_eq(why->message, expected);
	ck_assert_str_eq(why->sqlstate, table.refused[item]);
	table.aside[item]++;
	return !table.known[item];
}

static void setup(void)
{
	memset(&table, 0, sizeof(table));
	request = (struct bk_run_request){.max_aside = MOST, .clock = suite_clock()};
	crew = (struct bk_crew){.request = &request, .lock = PTHREAD_MUTEX_INITIALIZER};
	worker = (struct bk_worker){
		.crew = &crew,
		.run.deadline_ms = 2000,
		.work = {.page = played_page,
			 .page_done = page_done,
			 .was_aside = was_aside,
			 .set_aside = played_set_aside},
	};
	sum = (struct bk_batch){.locked = 0};
}

static enum bk_rc bisect(int count)
{
	table.count = count;
	broken_with(BK_E_RUN, "P0001", -1, &err);
	return bisect_with_played(&worker, MOST, &sum, &err);
}

/* Each item is changed, or set aside if it is refused. */
static void expect_all_found(void)
{
	int bad = 0;

	for (int i = 0; i < table.count; i++) {
		ck_assert_msg(table.aside[i] == (table.refused[i] != NULL), "%d: %d", i,
			      table.aside[i]);
		ck_assert_msg(table.changed[i] == !table.refused[i], "%d", i);
		bad += table.refused[i] != NULL;
	}
	ck_assert_int_eq(sum.changed, table.count - bad);
	ck_assert_int_eq(crew.aside, bad);
	ck_assert(sum.done);
}

static int log2_of(int n)
{
	int log = 0;

	while (1 << log < n)
		log++;
	return log;
}

/* Every item that is refused costs two parts on each level, and the sample eight. */
static int most_parts(int count, int bad)
{
	return 8 + 1 + 2 * bad * (log2_of(count) + 1);
}

/* --- places --- */

static const struct {
	int count;
	int from, to, step;
} places[] = {
	{1, 0, 0, 1},        {2, 0, 0, 1},        {2, 1, 1, 1},         {2, 0, 1, 1},
	{7, 0, 6, 1},        {8, 0, 0, 1},        {8, 7, 7, 1},         {8, 3, 4, 1},
	{8, 0, 6, 1},        {8, 1, 7, 1},        {9, 0, 7, 1},         {1000, 0, 0, 1},
	{1000, 999, 999, 1}, {1000, 500, 500, 1}, {1000, 499, 500, 1},  {1000, 0, 999, 999},
	{1000, 0, 99, 1},    {1000, 900, 999, 1}, {1000, 3, 999, 10},   {1000, 0, 998, 2},
	{1000, 1, 999, 1},   {5, 5, 4, 1},        {1000, 1000, 999, 1},
};

START_TEST(every_bad_row_is_found_and_no_other)
{
	int bad = 0;

	for (int i = places[_i].from; i <= places[_i].to; i += places[_i].step, bad++)
		table.refused[i] = "P0001";
	ck_assert_msg(bisect(places[_i].count) == BK_OK, "%s", err.message);
	expect_all_found();
	ck_assert_int_le(table.parts, most_parts(places[_i].count, bad));
}
END_TEST

static void expect_subset_found(int subset)
{
	for (int i = 0; i < 10; i++)
		if (subset >> i & 1)
			table.refused[i] = "23514";
	/* The sample is of items 0 1 2 3 5 6 7 9: 0x2EF. */
	if ((subset & 0x2EF) == 0x2EF) {
		ck_assert_int_eq(bisect(10), BK_E_RUN);
		ck_assert_int_eq(crew.aside, 0);
		return;
	}
	ck_assert_int_eq(bisect(10), BK_OK);
	expect_all_found();
}

START_TEST(every_subset_of_ten)
{
	for (int subset = 0; subset < 1024; subset++) {
		setup();
		expect_subset_found(subset);
	}
}
END_TEST

START_TEST(an_empty_page_is_done)
{
	ck_assert_int_eq(bisect(0), BK_OK);
	ck_assert_int_eq(table.parts, 0);
	ck_assert(sum.done);
}
END_TEST

START_TEST(one_that_is_not_refused_any_more_is_changed)
{
	ck_assert_int_eq(bisect(1), BK_OK);
	expect_all_found();
	ck_assert_int_eq(table.parts, 1);
}
END_TEST

/* --- a fault of all --- */

static void refuse_all(int count, const char *sqlstate)
{
	for (int i = 0; i < count; i++)
		table.refused[i] = sqlstate;
}

static const int sizes[] = {8, 9, 100, 1000};

START_TEST(when_the_sample_is_refused_nothing_is_set_aside)
{
	refuse_all(sizes[_i], "P0001");
	ck_assert_int_eq(bisect(sizes[_i]), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "P0001");
	ck_assert_str_eq(err.message, "each of 8 bookings tried alone is refused: item 0");
	ck_assert_ptr_nonnull(strstr(err.hint, "nothing was set aside"));
	ck_assert_int_eq(table.parts, 8);
	ck_assert_int_eq(crew.aside, 0);
	ck_assert_int_eq(sum.changed, 0);
}
END_TEST

START_TEST(errors_of_several_kinds_are_no_fault_of_all)
{
	refuse_all(100, "P0001");
	table.refused[99] = "23514";
	ck_assert_int_eq(bisect(100), BK_OK);
	expect_all_found();
}
END_TEST

START_TEST(more_than_max_quarantine_are_a_fault_of_all)
{
	for (int i = 0; i < 1000; i += 100)
		table.refused[i] = "23505";
	request.max_aside = 9;
	ck_assert_int_eq(bisect(1000), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "23505");
	ck_assert_str_eq(err.message,
			 "more than 9 bookings are refused (max-quarantine): item 900");
	setup();
	for (int i = 0; i < 1000; i += 100)
		table.refused[i] = "23505";
	request.max_aside = 10;
	ck_assert_int_eq(bisect(1000), BK_OK);
	expect_all_found();
}
END_TEST

START_TEST(those_of_an_earlier_run_are_no_evidence)
{
	refuse_all(500, "P0001");
	for (int i = 0; i < 500; i++)
		table.was_aside[i] = i % 100 != 0;
	request.max_aside = 5;
	ck_assert_msg(bisect(500) == BK_OK, "%s", err.message);
	expect_all_found();
	ck_assert_int_eq(crew.newly_aside, 5);
}
END_TEST

START_TEST(eight_that_are_new_are_evidence_also_among_them)
{
	refuse_all(500, "P0001");
	for (int i = 0; i < 500; i++)
		table.was_aside[i] = i >= 8;
	ck_assert_int_eq(bisect(500), BK_E_RUN);
	ck_assert_int_eq(table.parts, 8);
}
END_TEST

START_TEST(those_that_another_worker_set_aside_do_not_count)
{
	for (int i = 0; i < 100; i += 10)
		table.refused[i] = "P0001";
	table.known[10] = table.known[90] = true;
	request.max_aside = 8;
	ck_assert_int_eq(bisect(100), BK_OK);
	ck_assert_int_eq(crew.aside, 8);
	ck_assert_int_eq(sum.changed, 90);
}
END_TEST

/* --- other faults --- */

static const enum bk_rc breaks[] = {BK_E_UNAVAILABLE, BK_E_LEASE_LOST, BK_E_UNKNOWN,
				    BK_E_PERMISSION, BK_E_INTERRUPTED};

START_TEST(what_is_no_fault_of_a_row_ends_the_search)
{
	table.broken = breaks[_i];
	table.refused[3] = "P0001";
	ck_assert_int_eq(bisect(100), breaks[_i]);
	ck_assert_int_eq(err.rc, breaks[_i]);
	ck_assert_str_eq(err.message, "item 5");
	ck_assert(!sum.done);
}
END_TEST

START_TEST(a_part_that_takes_too_long_is_split_and_no_row_is_blamed)
{
	table.slow_above = 10;
	table.refused[33] = "P0001";
	ck_assert_int_eq(bisect(100), BK_OK);
	expect_all_found();
}
END_TEST

START_TEST(it_is_not_when_the_time_is_up)
{
	table.slow_above = 10;
	table.refused[33] = "P0001";
	worker.run.deadline_ms = 1000;
	ck_assert_int_eq(bisect(100), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "57014");
	ck_assert_int_eq(crew.aside, 0);
}
END_TEST

START_TEST(the_page_is_asked_for_again_after_what_may_pass)
{
	table.page_faults = 3;
	table.refused[3] = "P0001";
	ck_assert_int_eq(bisect(10), BK_OK);
	expect_all_found();
	setup();
	table.page_faults = 4;
	ck_assert_int_eq(bisect(10), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "40P01");
	ck_assert_int_eq(table.parts, 0);
}
END_TEST

START_TEST(a_wish_to_end_the_run_is_passed_on)
{
	table.refused[3] = "P0001";
	table.cancel_at = 1;
	ck_assert_int_eq(bisect(10), BK_OK);
	ck_assert(sum.cancel);
	expect_all_found();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bisect");
	TCase *tc = tcase_create("bisect");

	tcase_add_checked_fixture(tc, setup, NULL);
	ADD_ROWS(tc, every_bad_row_is_found_and_no_other, places);
	ADD(tc, every_subset_of_ten);
	ADD(tc, an_empty_page_is_done);
	ADD(tc, one_that_is_not_refused_any_more_is_changed);
	ADD_ROWS(tc, when_the_sample_is_refused_nothing_is_set_aside, sizes);
	ADD(tc, errors_of_several_kinds_are_no_fault_of_all);
	ADD(tc, more_than_max_quarantine_are_a_fault_of_all);
	ADD(tc, those_of_an_earlier_run_are_no_evidence);
	ADD(tc, eight_that_are_new_are_evidence_also_among_them);
	ADD(tc, those_that_another_worker_set_aside_do_not_count);
	ADD_ROWS(tc, what_is_no_fault_of_a_row_ends_the_search, breaks);
	ADD(tc, a_part_that_takes_too_long_is_split_and_no_row_is_blamed);
	ADD(tc, it_is_not_when_the_time_is_up);
	ADD(tc, the_page_is_asked_for_again_after_what_may_pass);
	ADD(tc, a_wish_to_end_the_run_is_passed_on);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * How many bookings a run may change, and what comes of it: the guard's table.
 * The count of what is due is played here, no database.
 */
#include <stdio.h>
#include <string.h>

#include "run/internal.h"
#include "suite.h"

static struct bk_run_request request;
static struct bk_crew crew;
static struct bk_worker worker;
static struct bk_error err;
static int64_t due;      /* bookings */
static int64_t limit_at; /* up to which they were last counted */
static int counts;
static const char *broken; /* SQLSTATE of the first count */

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *why)
{
	int64_t total = due < limit ? due : limit;

	(void)self;
	(void)run;
	limit_at = limit;
	if (counts++ == 0 && broken) {
		bk_error_set(why, BK_E_RUN, "the count failed");
		(void)snprintf(why->sqlstate, sizeof(why->sqlstate), "%s", broken);
		return BK_E_RUN;
	}
	*ret = (struct bk_due){total, "activate", total};
	return BK_OK;
}

static uint64_t zero(void *self)
{
	(void)self;
	return 0;
}

static void setup(void)
{
	request = (struct bk_run_request){.job = "activate-due",
					  .limit = -1,
					  .allow = -1,
					  .clock = suite_clock(),
					  .random = {zero, NULL}};
	crew = (struct bk_crew){.request = &request, .allowance = -1};
	(void)pthread_mutex_init(&crew.lock, NULL);
	worker = (struct bk_worker){.crew = &crew, .run.deadline_ms = 2000, .work.count = count};
	counts = 0;
	limit_at = 0;
	broken = NULL;
}

enum { NONE = -1, ALL = -1, NOT_COUNTED = 0 };

/* What a run of `due` bookings is told; `allowed` -1 = any number. */
static const struct {
	bool first;
	int64_t first_run_limit;
	int64_t max_changes;
	bool trickle;
	int64_t limit;
	int64_t allow;
	int64_t due;
	enum bk_rc rc;
	int64_t allowed;
	const char *key;  /* the setting that bounds it */
	int64_t count_to; /* NOT_COUNTED = there is nothing to judge */
} guards[] = {
	/* Nothing set. */
	{false, 0, 0, false, NONE, NONE, 50000, BK_OK, ALL, NULL, NOT_COUNTED},
	{true, 0, 0, false, NONE, NONE, 50000, BK_OK, ALL, NULL, NOT_COUNTED},
	{false, 100, 0, false, NONE, NONE, 50000, BK_OK, ALL, NULL, NOT_COUNTED},
	{false, 0, 0, true, NONE, NONE, 50000, BK_OK, ALL, NULL, NOT_COUNTED},
	{false, 0, 0, false, 7, NONE, 50000, BK_OK, 7, NULL, NOT_COUNTED},
	{false, 0, 0, false, NONE, 5, 50000, BK_OK, ALL, NULL, NOT_COUNTED},
	/* max-changes. */
	{false, 0, 100, false, NONE, NONE, 100, BK_OK, 100, "max-changes", 10001},
	{false, 0, 100, false, NONE, NONE, 101, BK_E_REFUSED, 100, "max-changes", 10001},
	{false, 0, 100, false, NONE, NONE, 0, BK_OK, 100, "max-changes", 10001},
	{false, 0, 9999, false, NONE, NONE, 9999, BK_OK, 9999, "max-changes", 10001},
	{false, 0, 10000, false, NONE, NONE, 10000, BK_OK, 10000, "max-changes", 10001},
	{false, 0, 10000, false, NONE, NONE, 10001, BK_E_REFUSED, 10000, "max-changes", 10001},
	{false, 0, 20000, false, NONE, NONE, 20000, BK_OK, 20000, "max-changes", 20001},
	{false, 0, 20000, false, NONE, NONE, 20001, BK_E_REFUSED, 20000, "max-changes", 20001},
	/* --limit below needs no leave, above it changes nothing. */
	{false, 0, 100, false, 100, NONE, 5000, BK_OK, 100, NULL, NOT_COUNTED},
	{false, 0, 100, false, 99, NONE, 5000, BK_OK, 99, NULL, NOT_COUNTED},
	{false, 0, 100, false, 101, NONE, 5000, BK_E_REFUSED, 100, "max-changes", 10001},
	{false, 0, 100, false, 101, NONE, 50, BK_OK, 100, "max-changes", 10001},
	/* --allow lifts it, and never lowers it. */
	{false, 0, 100, false, NONE, 200, 200, BK_OK, 200, "max-changes", 10001},
	{false, 0, 100, false, NONE, 200, 201, BK_E_REFUSED, 200, "max-changes", 10001},
	{false, 0, 100, false, NONE, 0, 100, BK_OK, 100, "max-changes", 10001},
	{false, 0, 100, false, 150, 200, 5000, BK_OK, 150, NULL, NOT_COUNTED},
	/* trickle. */
	{false, 0, 100, true, NONE, NONE, 5000, BK_OK, 100, "max-changes", 10001},
	{false, 0, 100, true, NONE, 300, 5000, BK_OK, 300, "max-changes", 10001},
	{false, 0, 100, true, 30, NONE, 5000, BK_OK, 30, NULL, NOT_COUNTED},
	/* The first run: the smaller of the two, and it never trickles of itself. */
	{true, 100, 0, false, NONE, NONE, 100, BK_OK, 100, "first-run-limit", 10001},
	{true, 100, 0, false, NONE, NONE, 101, BK_E_REFUSED, 100, "first-run-limit", 10001},
	{true, 100, 0, true, NONE, NONE, 101, BK_E_REFUSED, 100, "first-run-limit", 10001},
	{true, 100, 50, false, NONE, NONE, 51, BK_E_REFUSED, 50, "max-changes", 10001},
	{true, 100, 50, true, NONE, NONE, 5000, BK_OK, 50, "max-changes", 10001},
	{true, 50, 100, true, NONE, NONE, 51, BK_E_REFUSED, 50, "first-run-limit", 10001},
	{true, 50, 100, false, NONE, 60, 60, BK_OK, 60, "first-run-limit", 10001},
	{true, 50, 0, false, 50, NONE, 5000, BK_OK, 50, NULL, NOT_COUNTED},
};

START_TEST(a_run_is_let_through_or_refused)
{
	request.first_run_limit = guards[_i].first_run_limit;
	request.max_changes = guards[_i].max_changes;
	request.trickle = guards[_i].trickle;
	request.limit = guards[_i].limit;
	request.allow = guards[_i].allow;
	crew.first = guards[_i].first;
	due = guards[_i].due;
	ck_assert_msg(bk_guard(&crew, &worker, &err) == guards[_i].rc, "%s", err.message);
	ck_assert_int_eq(crew.allowance, guards[_i].allowed);
	ck_assert_pstr_eq(crew.bound_key, guards[_i].key);
	ck_assert_int_eq(limit_at, guards[_i].count_to);
}
END_TEST

static const struct {
	bool first;
	int64_t max_changes;
	int64_t due;
	const char *message;
} refusals[] = {
	{false, 100, 101,
	 "activate-due would change 101 bookings, max-changes allows 100 (rule activate: 101)"},
	{false, 100, 10000,
	 "activate-due would change 10000 bookings, max-changes allows 100 (rule activate:"
	 " 10000)"},
	{false, 100, 10001,
	 "activate-due would change more than 10000 bookings, max-changes allows 100 (rule"
	 " activate: more than 10000)"},
	{false, 100, 1000000,
	 "activate-due would change more than 10000 bookings, max-changes allows 100 (rule"
	 " activate: more than 10000)"},
	{false, 20000, 1000000,
	 "activate-due would change more than 20000 bookings, max-changes allows 20000 (rule"
	 " activate: more than 20000)"},
	{true, 0, 51,
	 "the first run of activate-due would change 51 bookings, first-run-limit allows 50 (rule"
	 " activate: 51)"},
};

START_TEST(a_refusal_says_how_many_and_by_which_rule)
{
	crew.first = refusals[_i].first;
	request.first_run_limit = 50;
	request.max_changes = refusals[_i].max_changes;
	due = refusals[_i].due;
	ck_assert_int_eq(bk_guard(&crew, &worker, &err), BK_E_REFUSED);
	ck_assert_str_eq(err.message, refusals[_i].message);
	ck_assert_ptr_nonnull(strstr(err.hint, "--allow=N"));
}
END_TEST

static const char *const faults[] = {"42883", "22012", "XX000"};

START_TEST(without_a_count_there_is_no_leave)
{
	request.max_changes = 100;
	due = 50;
	broken = faults[_i];
	ck_assert_int_eq(bk_guard(&crew, &worker, &err), BK_E_RUN);
	ck_assert_int_eq(counts, 1);
}
END_TEST

/* --- what came of it --- */

static const struct {
	const char *key; /* NULL = --limit, where there is a bound */
	bool trickle;
	bool reached;
	int64_t remaining; /* -1 = not known */
	int64_t locked;
	int64_t aside;
	int64_t vetoed;
	enum bk_rc rc;
	const char *message; /* a part of it */
} ends[] = {
	{NULL, false, false, 0, 0, 0, 0, BK_OK, ""},
	{NULL, false, false, 3, 3, 0, 0, BK_OK, ""},
	/* More became due behind the positions: the next run's. */
	{NULL, false, false, 5, 3, 0, 0, BK_OK, ""},
	{NULL, false, false, -1, 0, 0, 0, BK_OK, ""},
	{NULL, false, false, -1, 0, 0, 9, BK_OK, ""},
	/* --limit. */
	{NULL, false, true, 1, 0, 0, 0, BK_E_PARTIAL, "the limit of 10 bookings is reached"},
	{NULL, false, true, 0, 0, 0, 0, BK_OK, ""},
	{NULL, false, true, 3, 3, 0, 0, BK_OK, ""},
	{NULL, false, true, 4, 3, 0, 0, BK_E_PARTIAL, "the limit"},
	{NULL, false, true, -1, 0, 0, 0, BK_E_PARTIAL, "the limit"},
	/* max-changes, by what became due while the run was at work. */
	{"max-changes", false, true, 1, 0, 0, 0, BK_E_REFUSED,
	 "activate-due changed the 10 bookings that max-changes allows, and more became due"},
	{"max-changes", false, true, 0, 0, 0, 0, BK_OK, ""},
	{"max-changes", false, false, 7, 0, 0, 0, BK_OK, ""},
	{"max-changes", false, true, -1, 0, 0, 0, BK_E_REFUSED, "more became due"},
	{"max-changes", true, true, 1, 0, 0, 0, BK_E_PARTIAL,
	 "10 bookings that max-changes allows"},
	{"first-run-limit", false, true, 1, 0, 0, 0, BK_E_REFUSED, "first-run-limit"},
	{"first-run-limit", true, true, 1, 0, 0, 0, BK_E_REFUSED, "first-run-limit"},
	/* Refused by the database; a trigger that drops the update. */
	{NULL, false, false, 1, 0, 1, 0, BK_E_PARTIAL, "1 booking was set aside"},
	{NULL, false, false, 2, 0, 2, 2, BK_E_PARTIAL, "2 bookings were set aside"},
	{NULL, false, false, 2, 0, 0, 2, BK_E_PARTIAL, "2 due bookings were locked and yet not"},
	{NULL, false, false, 0, 0, 0, 2, BK_OK, ""},
	{NULL, false, false, 2, 2, 0, 2, BK_OK, ""},
};

START_TEST(what_remains_makes_the_end)
{
	enum bk_rc rc;

	crew.bound = 10;
	crew.bound_key = ends[_i].key;
	crew.bound_reached = ends[_i].reached;
	request.trickle = ends[_i].trickle;
	crew.rest.remaining = ends[_i].remaining < 0 ? BK_NULL_INT : ends[_i].remaining;
	crew.rest.skipped_locked = ends[_i].locked;
	crew.aside = ends[_i].aside;
	crew.vetoed = ends[_i].vetoed;
	bk_error_set(&err, BK_OK, "%s", "");
	rc = bk_judge_rest(&crew, &err);
	ck_assert_msg(rc == ends[_i].rc, "%d: %s", (int)rc, err.message);
	ck_assert_msg(strstr(err.message, ends[_i].message) != NULL, "%s", err.message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tc = tcase_create("guard");

	tcase_add_checked_fixture(tc, setup, NULL);
	ADD_ROWS(tc, a_run_is_let_through_or_refused, guards);
	ADD_ROWS(tc, a_refusal_says_how_many_and_by_which_rule, refusals);
	ADD_ROWS(tc, without_a_count_there_is_no_leave, faults);
	ADD_ROWS(tc, what_remains_makes_the_end, ends);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

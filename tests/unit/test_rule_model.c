/*
 * The model of states: which live states no enabled job ends, for every mode
 * and every set of enabled jobs, against a table worked out by hand from the
 * rules as they are documented.
 */
#include "rule/rule.h"

#include "base/mem.h"
#include "rule_cases.h"
#include "suite.h"

/* Sets of jobs. NOTHING_ENDS can never be enabled. */
enum {
	N = PLAN_NO_SHOW,
	C = PLAN_COMPLETE,
	X = PLAN_EXPIRE,
	NOTHING_ENDS = 16,
};

static const struct need {
	enum bk_check_in_mode mode;
	bool expires;     /* missed = expired */
	bool no_grace;    /* grace = none; bookings may have one of their own */
	unsigned columns; /* PLAN_ALL, or without the end */
	enum bk_state state;
	/* Every booking in the state is ended when all jobs of one of these are on. */
	unsigned jobs[2];
} needs[] = {
	{BK_TRACKED, false, false, PLAN_ALL, BK_PENDING, {X, X}},
	{BK_TRACKED, true, false, PLAN_ALL, BK_PENDING, {X, X}},
	{BK_TRACKED, false, true, PLAN_ALL, BK_PENDING, {X, X}},
	{BK_TRACKED, true, true, PLAN_ALL, BK_PENDING, {X, X}},
	/* Who arrived is completed; who did not is a no-show, or goes by `missed`. */
	{BK_TRACKED, false, false, PLAN_ALL, BK_CONFIRMED, {C, C}},
	{BK_TRACKED, true, false, PLAN_ALL, BK_CONFIRMED, {C | N, C | X}},
	{BK_TRACKED, false, false, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_TRACKED, true, false, PLAN_ALL, BK_ACTIVE, {C | N, C | X}},
	/* Bookings without a grace of their own are never no-shows. */
	{BK_TRACKED, false, true, PLAN_ALL, BK_CONFIRMED, {C, C}},
	{BK_TRACKED, true, true, PLAN_ALL, BK_CONFIRMED, {C | X, C | X}},
	{BK_TRACKED, false, true, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_TRACKED, true, true, PLAN_ALL, BK_ACTIVE, {C | X, C | X}},
	/* Without an end nothing ends who arrived. */
	{BK_TRACKED, false, false, PLAN_ALL & ~PLAN_END, BK_PENDING, {X, X}},
	{BK_TRACKED,
	 false,
	 false,
	 PLAN_ALL & ~PLAN_END,
	 BK_CONFIRMED,
	 {NOTHING_ENDS, NOTHING_ENDS}},
	{BK_TRACKED, true, true, PLAN_ALL & ~PLAN_END, BK_ACTIVE, {NOTHING_ENDS, NOTHING_ENDS}},

	{BK_UNTRACKED, false, false, PLAN_ALL, BK_PENDING, {X, X}},
	{BK_UNTRACKED, true, false, PLAN_ALL, BK_PENDING, {X, X}},
	/* A booking without length is never activated, so `missed` decides. */
	{BK_UNTRACKED, false, false, PLAN_ALL, BK_CONFIRMED, {C, C}},
	{BK_UNTRACKED, true, false, PLAN_ALL, BK_CONFIRMED, {X, X}},
	{BK_UNTRACKED, false, true, PLAN_ALL, BK_CONFIRMED, {C, C}},
	{BK_UNTRACKED, true, true, PLAN_ALL, BK_CONFIRMED, {X, X}},
	{BK_UNTRACKED, false, false, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_UNTRACKED, true, false, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_UNTRACKED,
	 false,
	 false,
	 PLAN_ALL & ~PLAN_END,
	 BK_CONFIRMED,
	 {NOTHING_ENDS, NOTHING_ENDS}},
	{BK_UNTRACKED, true, false, PLAN_ALL & ~PLAN_END, BK_ACTIVE, {NOTHING_ENDS, NOTHING_ENDS}},

	{BK_APP, false, false, PLAN_ALL, BK_PENDING, {X, X}},
	{BK_APP, true, false, PLAN_ALL, BK_PENDING, {X, X}},
	/* Who is still confirmed did not come. */
	{BK_APP, false, false, PLAN_ALL, BK_CONFIRMED, {N, C}},
	{BK_APP, true, false, PLAN_ALL, BK_CONFIRMED, {N, X}},
	{BK_APP, false, true, PLAN_ALL, BK_CONFIRMED, {C, C}},
	{BK_APP, true, true, PLAN_ALL, BK_CONFIRMED, {X, X}},
	{BK_APP, false, true, PLAN_ALL & ~PLAN_GRACE, BK_CONFIRMED, {C, C}},
	{BK_APP, true, true, PLAN_ALL & ~PLAN_GRACE, BK_CONFIRMED, {X, X}},
	{BK_APP, false, false, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_APP, true, false, PLAN_ALL, BK_ACTIVE, {C, C}},
	{BK_APP, false, false, PLAN_ALL & ~PLAN_END, BK_CONFIRMED, {N, N}},
	{BK_APP, false, true, PLAN_ALL & ~PLAN_END, BK_CONFIRMED, {NOTHING_ENDS, NOTHING_ENDS}},
	{BK_APP, false, false, PLAN_ALL & ~PLAN_END, BK_ACTIVE, {NOTHING_ENDS, NOTHING_ENDS}},
};

static bool has_all(unsigned jobs, unsigned wanted)
{
	return (jobs & wanted) == wanted;
}

START_TEST(a_state_is_a_gap_exactly_when_no_enabled_job_ends_it)
{
	const struct need *need = &needs[_i];

	for (unsigned jobs = 0; jobs <= PLAN_JOBS; jobs++)
		for (int accept = 0; accept < 2; accept++) {
			struct plan plan = {need->mode,      accept, need->expires,
					    need->no_grace,  jobs,   need->columns,
					    BK_GRACE_MINUTES};
			bool ended = has_all(jobs, need->jobs[0]) || has_all(jobs, need->jobs[1]);
			bool gaps[BK_STATE_COUNT];
			struct setup s;

			plan_setup(&plan, &s);
			(void)bk_rules_gaps(&s.policy, gaps);
			ck_assert_msg(gaps[need->state] == !ended, "%s: %s is %s", plan_show(&plan),
				      bk_state_names[need->state], ended ? "a gap" : "no gap");
		}
}
END_TEST

/* 3 modes, 16 sets of jobs, 2 ways of `missed`: each is judged by three rows of
   the table above, so that no combination is left out. */
START_TEST(the_table_has_every_combination)
{
	size_t found[3][2][BK_STATE_COUNT] = {{{0}}};

	for (size_t i = 0; i < BK_COUNT(needs); i++)
		if (needs[i].columns == PLAN_ALL && !needs[i].no_grace)
			found[needs[i].mode][needs[i].expires][needs[i].state]++;
	for (int mode = 0; mode < 3; mode++)
		for (int expires = 0; expires < 2; expires++)
			for (int state = BK_PENDING; state <= BK_ACTIVE; state++)
				ck_assert_uint_eq(found[mode][expires][state], 1);
}
END_TEST

START_TEST(the_number_of_gaps_is_that_of_the_states_marked)
{
	for (unsigned jobs = 0; jobs <= PLAN_JOBS; jobs++) {
		struct plan plan = {BK_TRACKED, false,           true, false, jobs,
				    PLAN_ALL,   BK_GRACE_MINUTES};
		bool gaps[BK_STATE_COUNT];
		struct setup s;
		size_t marked = 0;
		size_t n;

		plan_setup(&plan, &s);
		n = bk_rules_gaps(&s.policy, gaps);
		for (int state = 0; state < BK_STATE_COUNT; state++)
			marked += gaps[state];
		ck_assert_uint_eq(n, marked);
		for (int state = BK_COMPLETED; state < BK_STATE_COUNT; state++)
			ck_assert(!gaps[state]);
	}
}
END_TEST

START_TEST(a_state_that_the_company_does_not_have_is_no_gap)
{
	struct plan plan = {BK_TRACKED, false, false, false, 0, PLAN_ALL, BK_GRACE_MINUTES};
	bool gaps[BK_STATE_COUNT];
	struct setup s;

	plan_setup(&plan, &s);
	ck_assert_uint_eq(bk_rules_gaps(&s.policy, gaps), 3);
	s.mapping.states[BK_PENDING].count = 0;
	ck_assert_uint_eq(bk_rules_gaps(&s.policy, gaps), 2);
	ck_assert(!gaps[BK_PENDING]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_model");
	TCase *tc = tcase_create("model");

	ADD_ROWS(tc, a_state_is_a_gap_exactly_when_no_enabled_job_ends_it, needs);
	ADD(tc, the_table_has_every_combination);
	ADD(tc, the_number_of_gaps_is_that_of_the_states_marked);
	ADD(tc, a_state_that_the_company_does_not_have_is_no_gap);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * What the rules promise, on bookings by chance: at one instant no two rules
 * want the same booking, at its end none is left over, and for the modes for
 * which that is documented an outage of any length changes nothing in the end.
 */
#include "rule/rule.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "rule_cases.h"
#include "suite.h"

#define PLANS 48

/* All modes and words, the job cancel-no-shows on and off. */
static struct plan plan_number(int i)
{
	return (struct plan){
		.mode = (enum bk_check_in_mode)(i % 3),
		.accept = i / 3 % 2,
		.expires = i / 6 % 2,
		.no_grace = i / 12 % 2,
		.jobs = i / 24 % 2 ? PLAN_JOBS & ~(unsigned)PLAN_NO_SHOW : PLAN_JOBS,
		.columns = PLAN_ALL,
		.unit = BK_GRACE_MINUTES,
	};
}

static void blame(const struct plan *plan, const struct bk_booking *b, const char *what)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	booking_show(&text, b);
	ck_abort_msg("seed %" PRIu64 ", %s: %s: %s", draw_seed(), plan_show(plan),
		     bk_buf_cstr(&text), what);
}

START_TEST(no_two_rules_apply_to_a_booking_at_one_instant)
{
	struct draw d = {draw_seed() + (uint64_t)_i};
	struct plan plan = plan_number(_i);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	size_t applied = 0;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (int i = 0; i < 20000; i++) {
		struct bk_booking b = booking_draw(&d, CASES_NOW, CASES_LOWER);
		int64_t lower = i % 2 ? CASES_LOWER : BK_MINUS_INFINITY;
		size_t count;

		(void)rules_target(&s, &rules, NULL, &b, CASES_NOW, lower, &count);
		if (count > 1)
			blame(&plan, &b, "more than one rule applies");
		applied += count;
	}
	ck_assert_uint_gt(applied, 1000);
}
END_TEST

/* A booking with times and a grace that make sense, and an end. */
static bool is_sound(const struct bk_booking *b)
{
	return b->start.set && b->start.us != BK_MINUS_INFINITY && b->end.set &&
	       b->end.us < BK_TIME_LIMIT && b->end.us >= b->start.us &&
	       (!b->grace_us.set || b->grace_us.us >= 0);
}

START_TEST(with_all_jobs_on_every_sound_booking_has_a_rule_when_it_is_over)
{
	struct draw d = {draw_seed() + (uint64_t)_i};
	struct plan plan = plan_number(_i);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	int sound = 0;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (int i = 0; i < 20000; i++) {
		struct bk_booking b = booking_draw(&d, CASES_NOW, CASES_LOWER);
		size_t count;
		enum bk_state to;

		if (b.state > BK_ACTIVE || !is_sound(&b))
			continue;
		sound++;
		to = rules_target(&s, &rules, NULL, &b, b.end.us, BK_MINUS_INFINITY, &count);
		if (count != 1 || to < BK_COMPLETED)
			blame(&plan, &b, "is over, and no rule ends it");
		/* Who is expected has a rule from the start on; in app only the app acts. */
		if (b.state != BK_CONFIRMED || plan.mode == BK_APP)
			continue;
		(void)rules_target(&s, &rules, NULL, &b, b.start.us, BK_MINUS_INFINITY, &count);
		if (count != 1)
			blame(&plan, &b, "has started, and no rule applies");
	}
	ck_assert_int_gt(sound, 1000);
}
END_TEST

START_TEST(the_target_of_one_job_is_no_source_of_another_but_for_active)
{
	struct plan plan = plan_number(_i);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (size_t i = 0; i < rules.count; i++)
		for (size_t k = 0; k < rules.count; k++)
			for (size_t f = 0; f < rules.items[k].from_count; f++)
				ck_assert(rules.items[i].to == BK_ACTIVE ||
					  rules.items[i].to != rules.items[k].from[f]);
}
END_TEST

enum { GUESTS = 300, STEPS = 24 };

/* What the order of the jobs, or an outage, may change. */
struct history {
	const struct setup *setup;
	const struct bk_rules *rules;
	int64_t instants[STEPS];
	struct guest guests[GUESTS];
};

/* Three hours before to ten hours after, at growing instants; one of the quarters
   on which bookings start, or any. */
static void draw_instants(struct draw *d, int64_t *ret)
{
	int64_t t = CASES_NOW - 3 * HOUR;

	for (int i = 0; i < STEPS; i++) {
		t += 1 + draw_below(d, HOUR);
		ret[i] = draw_chance(d, 50) ? t : (t / (15 * MINUTE) + 1) * 15 * MINUTE;
		t = ret[i];
	}
}

/* Every job at each instant in the order, or, with `outage`, some of them in any
   order; at the last instant all of them. */
static void play(struct history *h, int order, struct draw *outage)
{
	for (int step = 0; step < STEPS; step++) {
		int jobs[4];

		guests_arrive(h->setup, h->guests, GUESTS, h->instants[step]);
		order_of(outage ? (int)draw_below(outage, 24) : order, jobs);
		for (int j = 0; j < 4; j++)
			if (!outage || step == STEPS - 1 || draw_chance(outage, 15))
				guests_run(h->setup, h->rules, cases_jobs[jobs[j]], h->guests,
					   GUESTS, h->instants[step]);
	}
}

static void compare(const struct plan *plan, const struct history *a, const struct history *b,
		    const char *what)
{
	for (int i = 0; i < GUESTS; i++)
		if (a->guests[i].booking.state != b->guests[i].booking.state)
			blame(plan, &b->guests[i].booking, what);
}

START_TEST(all_orders_of_the_jobs_end_in_the_same_table_in_all_modes)
{
	struct draw d = {draw_seed() + (uint64_t)_i};
	struct plan plan = plan_number(_i);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	struct history drawn = {.setup = &s, .rules = &rules};
	struct history first;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (int round = 0; round < 2; round++) {
		draw_instants(&d, drawn.instants);
		guests_draw(&d, CASES_NOW, false, drawn.guests, GUESTS);
		for (int order = 0; order < 24; order++) {
			struct history h = drawn;

			play(&h, order, NULL);
			if (order == 0)
				first = h;
			compare(&plan, &first, &h, "ends otherwise in another order of the jobs");
		}
	}
}
END_TEST

/* Where an outage is documented to change nothing. */
static bool is_promised(const struct plan *plan)
{
	return plan->mode == BK_TRACKED ? !plan->accept
					: plan->mode == BK_UNTRACKED && !plan->expires;
}

START_TEST(an_outage_changes_nothing_in_the_end_where_that_is_promised)
{
	struct draw d = {draw_seed() + (uint64_t)_i};
	struct plan plan = plan_number(_i);
	/* Where a booking has no deadline any check-in counts, also one after the end,
	   and then it depends on who comes first, that check-in or the job. */
	bool before_end = plan.expires && (plan.no_grace || !(plan.jobs & PLAN_NO_SHOW));
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	struct history drawn = {.setup = &s, .rules = &rules};

	if (!is_promised(&plan))
		return;
	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (int round = 0; round < 40; round++) {
		struct history whole;

		draw_instants(&d, drawn.instants);
		guests_draw(&d, CASES_NOW, before_end, drawn.guests, GUESTS);
		/* Sometimes everything is over at the last tick, sometimes in the middle. */
		if (draw_chance(&d, 50))
			drawn.instants[STEPS - 1] = CASES_NOW + 2 * DAY;
		whole = drawn;
		play(&whole, 0, NULL);
		for (int i = 0; i < 5; i++) {
			struct history broken = drawn;

			play(&broken, 0, &d);
			compare(&plan, &whole, &broken, "ends otherwise after an outage");
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_properties");
	TCase *tc = tcase_create("properties");

	tcase_add_loop_test(tc, no_two_rules_apply_to_a_booking_at_one_instant, 0, PLANS);
	tcase_add_loop_test(tc, with_all_jobs_on_every_sound_booking_has_a_rule_when_it_is_over, 0,
			    PLANS);
	tcase_add_loop_test(tc, the_target_of_one_job_is_no_source_of_another_but_for_active, 0,
			    PLANS);
	tcase_add_loop_test(tc, all_orders_of_the_jobs_end_in_the_same_table_in_all_modes, 0,
			    PLANS);
	tcase_add_loop_test(tc, an_outage_changes_nothing_in_the_end_where_that_is_promised, 0,
			    PLANS);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

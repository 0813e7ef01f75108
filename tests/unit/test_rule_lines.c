/*
 * Each line of the documented table of rules as a story of one booking: what
 * the rules make of it from which instant on, to the microsecond. And the lists
 * that are made from the rules: which job has which, over which states.
 */
#include "rule/rule.h"

#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "rule/unit.h"
#include "rule_cases.h"
#include "suite.h"

#define NONE BK_MINUS_INFINITY
#define LOWEST (BK_MINUS_INFINITY + 1) /* stands for -infinity, which NONE took */
#define M(minutes) ((minutes)*MINUTE)

#define TRACKED BK_TRACKED, false, false, false
#define ACCEPT BK_TRACKED, true, false, false
#define UNTRACKED BK_UNTRACKED, false, false, false
#define APP BK_APP, false, false, false
#define EXPIRES(mode) mode, false, true, false
#define NO_GRACE(mode) mode, false, false, true
#define NO_GRACE_EXPIRES(mode) mode, false, true, true
#define ALL PLAN_JOBS, PLAN_ALL, BK_GRACE_MINUTES
#define WITHOUT(job) PLAN_JOBS & ~(unsigned)(job), PLAN_ALL, BK_GRACE_MINUTES

/* The start is 0 unless said, the configured grace 15 minutes, the usual end 60. */
static const struct line {
	struct plan plan;
	enum bk_state state;
	int64_t s, e, c, h, g; /* microseconds; NONE = NULL */
	/* From `at` on the rules make it `to`; its own state = nothing. */
	struct {
		int64_t at;
		enum bk_state to;
	} steps[3];
	size_t count;
} lines[] = {
	/* A hold ends at its deadline, at the start at the latest. */
	{{TRACKED, ALL}, BK_PENDING, 0, M(60), NONE, -M(60), NONE, {{-M(60), BK_EXPIRED}}, 1},
	{{TRACKED, ALL}, BK_PENDING, 0, M(60), NONE, NONE, NONE, {{0, BK_EXPIRED}}, 1},
	{{TRACKED, ALL}, BK_PENDING, 0, M(60), NONE, 0, NONE, {{0, BK_EXPIRED}}, 1},
	{{TRACKED, ALL}, BK_PENDING, 0, M(60), NONE, M(30), NONE, {{0, BK_EXPIRED}}, 1},
	{{TRACKED, ALL}, BK_PENDING, 0, NONE, NONE, BK_NEVER, NONE, {{0, BK_EXPIRED}}, 1},
	{{TRACKED, ALL}, BK_PENDING, 0, M(60), NONE, -M(60), -M(1), {{-M(60), BK_EXPIRED}}, 1},
	{{UNTRACKED, ALL}, BK_PENDING, 0, M(60), NONE, -M(60), NONE, {{-M(60), BK_EXPIRED}}, 1},
	{{UNTRACKED, ALL}, BK_PENDING, 0, M(60), NONE, M(30), NONE, {{0, BK_EXPIRED}}, 1},
	{{APP, ALL}, BK_PENDING, 0, M(60), NONE, -M(60), NONE, {{-M(60), BK_EXPIRED}}, 1},
	{{APP, ALL}, BK_PENDING, 0, M(60), NONE, M(30), NONE, {{0, BK_EXPIRED}}, 1},
	{{TRACKED, WITHOUT(PLAN_EXPIRE)}, BK_PENDING, 0, M(60), NONE, -M(60), NONE, {{0}}, 0},

	/* Tracked, nobody comes: active from the start, a no-show from the deadline. */
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(15), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 NONE,
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(15), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(10),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(10), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 M(30),
	 {{0, BK_ACTIVE}, {M(30), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 1,
	 {{0, BK_ACTIVE}, {1, BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, M(60), NONE, NONE, 0, {{0, BK_NO_SHOW}}, 1},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 BK_NEVER,
	 {{0, BK_ACTIVE}, {M(60), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, 0, NONE, NONE, NONE, {{0, BK_NO_SHOW}}, 1},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 1,
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {1, BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL}, BK_ACTIVE, 0, M(60), NONE, NONE, NONE, {{M(15), BK_NO_SHOW}}, 1},
	{{TRACKED, ALL}, BK_ACTIVE, 0, NONE, NONE, NONE, NONE, {{M(15), BK_NO_SHOW}}, 1},
	{{TRACKED, ALL}, BK_ACTIVE, 0, M(10), NONE, NONE, NONE, {{M(10), BK_NO_SHOW}}, 1},
	{{ACCEPT, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(15), BK_NO_SHOW}},
	 2},
	{{TRACKED, WITHOUT(PLAN_ACTIVATE)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(15), BK_NO_SHOW}},
	 1},

	/* Tracked, somebody comes before the deadline. */
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 -M(5),
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(15) - 1,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, NONE, M(5), NONE, NONE, {{0, BK_ACTIVE}}, 1},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, 0, -1, NONE, NONE, {{0, BK_COMPLETED}}, 1},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(10),
	 M(10) - 1,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(10), BK_COMPLETED}},
	 2},
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 LOWEST,
	 NONE,
	 0,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{TRACKED, ALL}, BK_ACTIVE, 0, M(60), M(5), NONE, NONE, {{M(60), BK_COMPLETED}}, 1},
	{{TRACKED, ALL}, BK_ACTIVE, 0, NONE, M(5), NONE, NONE, {{0}}, 0},
	{{TRACKED, WITHOUT(PLAN_ACTIVATE)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 0,
	 NONE,
	 NONE,
	 {{M(60), BK_COMPLETED}},
	 1},
	{{TRACKED, WITHOUT(PLAN_COMPLETE)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 0,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_CONFIRMED}},
	 2},
	{{TRACKED, WITHOUT(PLAN_COMPLETE)}, BK_ACTIVE, 0, M(60), 0, NONE, NONE, {{0}}, 0},

	/* Somebody comes at the deadline, or later: rejected or accepted. */
	{{TRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(15),
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(15), BK_NO_SHOW}},
	 2},
	{{TRACKED, ALL}, BK_ACTIVE, 0, M(60), M(40), NONE, NONE, {{M(15), BK_NO_SHOW}}, 1},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, M(60), 0, NONE, 0, {{0, BK_NO_SHOW}}, 1},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, 0, 0, NONE, NONE, {{0, BK_NO_SHOW}}, 1},
	{{ACCEPT, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(15),
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{ACCEPT, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(15) - 1,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{ACCEPT, ALL}, BK_ACTIVE, 0, M(60), M(40), NONE, NONE, {{M(60), BK_COMPLETED}}, 1},
	{{ACCEPT, ALL}, BK_CONFIRMED, 0, 0, BK_NEVER, NONE, NONE, {{0, BK_COMPLETED}}, 1},

	/* Tracked without a grace: never a no-show, `missed` decides at the end. */
	{{NO_GRACE(BK_TRACKED), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_EXPIRED}},
	 2},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL},
	 BK_ACTIVE,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_EXPIRED}},
	 1},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL},
	 BK_ACTIVE,
	 0,
	 M(60),
	 M(40),
	 NONE,
	 NONE,
	 {{M(60), BK_COMPLETED}},
	 1},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(70),
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{NO_GRACE(BK_TRACKED), ALL}, BK_CONFIRMED, 0, NONE, NONE, NONE, NONE, {{0, BK_ACTIVE}}, 1},
	{{NO_GRACE(BK_TRACKED), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 M(30),
	 {{0, BK_ACTIVE}, {M(30), BK_NO_SHOW}},
	 2},
	{{NO_GRACE(BK_TRACKED), ALL},
	 BK_ACTIVE,
	 0,
	 M(60),
	 M(30),
	 NONE,
	 M(30),
	 {{M(30), BK_NO_SHOW}},
	 1},
	{{NO_GRACE(BK_TRACKED), ALL}, BK_CONFIRMED, 0, M(60), NONE, NONE, -1, {{0}}, 0},

	/* Tracked without cancel-no-shows: the same, and a grace of its own counts no more. */
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 0,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 -M(1),
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_EXPIRED}},
	 2},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)},
	 BK_ACTIVE,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_EXPIRED}},
	 1},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)},
	 BK_ACTIVE,
	 0,
	 M(60),
	 M(40),
	 NONE,
	 NONE,
	 {{M(60), BK_COMPLETED}},
	 1},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW | PLAN_EXPIRE)},
	 BK_ACTIVE,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0}},
	 0},

	/* Untracked: the clock alone; check-ins and graces mean nothing. */
	{{UNTRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{UNTRACKED, ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(5),
	 NONE,
	 -M(1),
	 {{0, BK_ACTIVE}, {M(60), BK_COMPLETED}},
	 2},
	{{UNTRACKED, ALL}, BK_CONFIRMED, 0, 0, NONE, NONE, NONE, {{0, BK_COMPLETED}}, 1},
	{{UNTRACKED, ALL}, BK_CONFIRMED, 0, NONE, NONE, NONE, NONE, {{0, BK_ACTIVE}}, 1},
	{{UNTRACKED, ALL}, BK_ACTIVE, 0, M(60), NONE, NONE, NONE, {{M(60), BK_COMPLETED}}, 1},
	{{EXPIRES(BK_UNTRACKED), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 M(5),
	 NONE,
	 NONE,
	 {{0, BK_ACTIVE}, {M(60), BK_EXPIRED}},
	 2},
	{{EXPIRES(BK_UNTRACKED), ALL},
	 BK_ACTIVE,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_COMPLETED}},
	 1},

	/* The app sets active itself: who is confirmed at the deadline did not come. */
	{{APP, ALL}, BK_CONFIRMED, 0, M(60), NONE, NONE, NONE, {{M(15), BK_NO_SHOW}}, 1},
	{{APP, ALL}, BK_CONFIRMED, 0, NONE, NONE, NONE, M(30), {{M(30), BK_NO_SHOW}}, 1},
	{{APP, ALL}, BK_CONFIRMED, 0, 0, NONE, NONE, NONE, {{0, BK_NO_SHOW}}, 1},
	{{APP, ALL}, BK_CONFIRMED, 0, M(60), M(5), NONE, NONE, {{M(15), BK_NO_SHOW}}, 1},
	{{APP, ALL}, BK_ACTIVE, 0, M(60), NONE, NONE, NONE, {{M(60), BK_COMPLETED}}, 1},
	{{APP, ALL}, BK_ACTIVE, 0, NONE, NONE, NONE, NONE, {{0}}, 0},
	{{APP, WITHOUT(PLAN_NO_SHOW)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_COMPLETED}},
	 1},
	{{EXPIRES(BK_APP), WITHOUT(PLAN_NO_SHOW)},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_EXPIRED}},
	 1},
	{{NO_GRACE_EXPIRES(BK_APP), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 NONE,
	 {{M(60), BK_EXPIRED}},
	 1},
	{{NO_GRACE_EXPIRES(BK_APP), ALL},
	 BK_CONFIRMED,
	 0,
	 M(60),
	 NONE,
	 NONE,
	 M(30),
	 {{M(30), BK_NO_SHOW}},
	 1},

	/* What is no booking is left alone. */
	{{TRACKED, ALL}, BK_CONFIRMED, 0, M(60), NONE, NONE, -1, {{0}}, 0},
	{{TRACKED, ALL}, BK_ACTIVE, 0, M(60), 0, NONE, -1, {{0}}, 0},
	{{APP, ALL}, BK_CONFIRMED, 0, M(60), NONE, NONE, -1, {{0}}, 0},
	{{TRACKED, ALL}, BK_CONFIRMED, 0, -1, NONE, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_ACTIVE, 0, -M(60), -M(70), NONE, NONE, {{0}}, 0},
	{{UNTRACKED, ALL}, BK_CONFIRMED, 0, -1, NONE, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_PENDING, 0, -1, NONE, -M(60), NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_PENDING, BK_NEVER, NONE, NONE, -M(60), NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_CONFIRMED, LOWEST, M(60), NONE, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_CONFIRMED, BK_TIME_LIMIT - CASES_NOW, NONE, NONE, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_ACTIVE, 0, BK_NEVER, 0, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_CONFIRMED, NONE, M(60), NONE, NONE, NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_PENDING, NONE, M(60), NONE, -M(60), NONE, {{0}}, 0},

	/* Ends stay. */
	{{TRACKED, ALL}, BK_COMPLETED, 0, M(60), NONE, -M(60), NONE, {{0}}, 0},
	{{TRACKED, ALL}, BK_NO_SHOW, 0, M(60), M(5), -M(60), NONE, {{0}}, 0},
	{{UNTRACKED, ALL}, BK_EXPIRED, 0, M(60), NONE, -M(60), NONE, {{0}}, 0},
	{{APP, ALL}, BK_CANCELLED, 0, M(60), NONE, -M(60), NONE, {{0}}, 0},
};

static struct bk_instant instant(int64_t us)
{
	if (us == NONE || us == BK_NEVER)
		return (struct bk_instant){us == BK_NEVER, us};
	if (us == LOWEST)
		return (struct bk_instant){true, BK_MINUS_INFINITY};
	return (struct bk_instant){true, CASES_NOW + us};
}

static struct bk_booking booking_of(const struct line *line)
{
	return (struct bk_booking){
		.state = line->state,
		.start = instant(line->s),
		.end = instant(line->e),
		.check_in = instant(line->c),
		.hold = instant(line->h),
		.grace_us = {line->g != NONE, line->g},
	};
}

static void expect(const struct line *line, const struct setup *s, const struct bk_rules *rules,
		   int64_t now, enum bk_state to)
{
	struct bk_booking b = booking_of(line);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	size_t count;
	enum bk_state found = rules_target(s, rules, NULL, &b, now, BK_MINUS_INFINITY, &count);

	booking_show(&text, &b);
	bk_buf_str(&text, " at ");
	instant_show(&text, (struct bk_instant){true, now});
	ck_assert_msg(count <= 1, "%s: %s: %zu rules apply", plan_show(&line->plan),
		      bk_buf_cstr(&text), count);
	ck_assert_msg(found == to && (count == 1) == (to != line->state),
		      "%s: %s: becomes %s, expected %s", plan_show(&line->plan), bk_buf_cstr(&text),
		      bk_state_names[found], bk_state_names[to]);
}

START_TEST(each_line_of_the_table_holds_to_the_microsecond)
{
	const struct line *line = &lines[_i];
	enum bk_state before = line->state;
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;

	plan_setup(&line->plan, &s);
	bk_rules_build(&s.policy, &rules);
	expect(line, &s, &rules, CASES_NOW - 9 * DAY, line->state);
	for (size_t i = 0; i < line->count; i++) {
		expect(line, &s, &rules, CASES_NOW + line->steps[i].at - 1, before);
		before = line->steps[i].to;
		expect(line, &s, &rules, CASES_NOW + line->steps[i].at, before);
	}
	expect(line, &s, &rules, CASES_NOW + 9 * DAY, before);
}
END_TEST

/* The scan column of each rule, an hour and less before CASES_NOW. */
static const struct {
	struct plan plan;
	enum bk_state state;
	int64_t e, c, h;
	int64_t column; /* where max-age bounds the rule */
	enum bk_state to;
} ages[] = {
	{{TRACKED, ALL}, BK_CONFIRMED, M(60), 0, NONE, -M(60), BK_ACTIVE},
	{{TRACKED, ALL}, BK_CONFIRMED, M(60), NONE, NONE, -M(60), BK_NO_SHOW},
	{{TRACKED, ALL}, BK_ACTIVE, -M(20), NONE, NONE, -M(60), BK_NO_SHOW},
	{{TRACKED, ALL}, BK_ACTIVE, -M(20), -M(60), NONE, -M(20), BK_COMPLETED},
	{{TRACKED, ALL}, BK_CONFIRMED, -M(20), -M(60), NONE, -M(20), BK_COMPLETED},
	{{EXPIRES(BK_UNTRACKED), ALL}, BK_CONFIRMED, -M(20), NONE, NONE, -M(20), BK_EXPIRED},
	{{TRACKED, ALL}, BK_PENDING, M(60), NONE, NONE, -M(60), BK_EXPIRED},
	/* Either of the two scans of a hold is enough. */
	{{TRACKED, ALL}, BK_PENDING, M(60), NONE, -M(90), -M(60), BK_EXPIRED},
	{{TRACKED, ALL}, BK_PENDING, M(60), NONE, -M(30), -M(30), BK_EXPIRED},
};

START_TEST(max_age_bounds_the_scan_column_and_includes_its_bound)
{
	struct bk_booking b = {
		.state = ages[_i].state,
		.start = instant(-M(60)),
		.end = instant(ages[_i].e),
		.check_in = instant(ages[_i].c == 0 ? -M(60) : ages[_i].c),
		.hold = instant(ages[_i].h),
	};
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	size_t n;

	plan_setup(&ages[_i].plan, &s);
	bk_rules_build(&s.policy, &rules);
	ck_assert_int_eq(
		rules_target(&s, &rules, NULL, &b, CASES_NOW, CASES_NOW + ages[_i].column, &n),
		ages[_i].to);
	ck_assert_uint_eq(n, 1);
	(void)rules_target(&s, &rules, NULL, &b, CASES_NOW, CASES_NOW + ages[_i].column + 1, &n);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* "job: rule from,from>to; ..." of all rules, in their order. */
static void list_rules(struct bk_buf *out, const struct bk_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct bk_rule *r = &rules->items[i];

		bk_buf_fmt(out, "%s%s: %s ", i ? "; " : "", r->job, r->name);
		for (size_t f = 0; f < r->from_count; f++)
			bk_buf_fmt(out, "%s%s", f ? "," : "", bk_state_names[r->from[f]]);
		bk_buf_fmt(out, ">%s", bk_state_names[r->to]);
	}
}

#define ACTIVATE "activate-due: activate confirmed>active"
#define COMPLETE "update-completed: complete active>completed"
#define ARRIVED "update-completed: complete-arrived confirmed>completed"
#define HOLD "update-expired: expire-hold pending>expired"

static const struct {
	struct plan plan;
	const char *rules;
} lists[] = {
	{{TRACKED, ALL},
	 ACTIVATE "; cancel-no-shows: no-show confirmed,active>no-show; " COMPLETE "; " ARRIVED
		  "; " HOLD},
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)},
	 ACTIVATE "; " COMPLETE "; " ARRIVED
		  "; update-completed: complete-missed confirmed,active>completed; " HOLD},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)},
	 ACTIVATE "; " COMPLETE "; " ARRIVED
		  "; update-expired: expire-missed confirmed,active>expired; " HOLD},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_EXPIRE)},
	 ACTIVATE "; cancel-no-shows: no-show confirmed,active>no-show; " COMPLETE "; " ARRIVED},
	{{UNTRACKED, WITHOUT(PLAN_NO_SHOW)},
	 ACTIVATE "; " COMPLETE "; update-completed: complete-missed confirmed>completed; " HOLD},
	{{EXPIRES(BK_UNTRACKED), WITHOUT(PLAN_NO_SHOW)},
	 ACTIVATE "; " COMPLETE "; update-expired: expire-missed confirmed>expired; " HOLD},
	{{APP, WITHOUT(PLAN_ACTIVATE)},
	 "cancel-no-shows: no-show confirmed>no-show; " COMPLETE "; " HOLD},
	{{APP, WITHOUT(PLAN_ACTIVATE | PLAN_NO_SHOW)},
	 COMPLETE "; update-completed: complete-missed confirmed>completed; " HOLD},
	{{NO_GRACE(BK_APP), WITHOUT(PLAN_ACTIVATE)},
	 "cancel-no-shows: no-show confirmed>no-show; " COMPLETE
	 "; update-completed: complete-missed confirmed>completed; " HOLD},
	{{TRACKED, 0, PLAN_ALL, BK_GRACE_MINUTES}, ""},
	{{TRACKED, PLAN_JOBS, PLAN_ALL & ~PLAN_END, BK_GRACE_MINUTES},
	 ACTIVATE "; cancel-no-shows: no-show confirmed,active>no-show; " HOLD},
};

START_TEST(each_mode_has_exactly_these_rules)
{
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	struct setup s;

	plan_setup(&lists[_i].plan, &s);
	bk_rules_build(&s.policy, &rules);
	list_rules(&text, &rules);
	ck_assert_str_eq(bk_buf_cstr(&text), lists[_i].rules);
}
END_TEST

START_TEST(a_job_takes_one_unit_per_rule_scan_and_label)
{
	static const struct {
		const char *job;
		const char *units;
	} jobs[] = {
		{BK_JOB_ACTIVATE, "b.\"s\" CONFIRMED>ACTIVE; b.\"s\" it's>ACTIVE; "},
		{BK_JOB_NO_SHOW,
		 "b.\"s\" CONFIRMED>NO_SHOW; b.\"s\" it's>NO_SHOW; b.\"s\" ACTIVE>NO_SHOW; "},
		{BK_JOB_COMPLETE,
		 "b.\"e\" ACTIVE>COMPLETED; b.\"e\" CONFIRMED>COMPLETED; b.\"e\" it's>COMPLETED; "},
		{BK_JOB_EXPIRE, "b.\"h\" PENDING>EXPIRED; b.\"s\" PENDING>EXPIRED; "},
		{"cleanup", ""},
	};
	const struct plan plan = {TRACKED, ALL};
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (size_t j = 0; j < BK_COUNT(jobs); j++) {
		BK_CLEAN(bk_units_clear) struct bk_units units;
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

		bk_units_build(&rules, &s.mapping, jobs[j].job, &units);
		for (size_t i = 0; i < units.count; i++)
			bk_buf_fmt(&text, "%s %s>%s; ", units.items[i].scan->column,
				   units.items[i].from, units.items[i].to);
		ck_assert_str_eq(bk_buf_cstr(&text), jobs[j].units);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_lines");
	TCase *tc = tcase_create("lines");

	ADD_ROWS(tc, each_line_of_the_table_holds_to_the_microsecond, lines);
	ADD_ROWS(tc, max_age_bounds_the_scan_column_and_includes_its_bound, ages);
	ADD_ROWS(tc, each_mode_has_exactly_these_rules, lists);
	ADD(tc, a_job_takes_one_unit_per_rule_scan_and_label);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Each line of the documented table of rules as a story of one booking: what
 * the rules make of it from which instant on, to the microsecond. And the lists
 * that are made from the rules: which job has which, over which states.
 */
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "rule/unit.h"
#include "rule_cases.h"
#include "suite.h"

#define TRACKED BK_TRACKED, false, false, false
#define ACCEPT BK_TRACKED, true, false, false
#define UNTRACKED BK_UNTRACKED, false, false, false
#define APP BK_APP, false, false, false
#define EXPIRES(mode) mode, false, true, false
#define NO_GRACE(mode) mode, false, false, true
#define NO_GRACE_EXPIRES(mode) mode, false, true, true
#define ALL PLAN_JOBS, PLAN_ALL, BK_GRACE_MINUTES
#define WITHOUT(job) PLAN_JOBS & ~(unsigned)(job), PLAN_ALL, BK_GRACE_MINUTES

/*
 * A booking, and what the rules make of it from which instant on. Instants are
 * minutes from CASES_NOW, "15-1us" is a microsecond before; "never" and "lowest"
 * are the infinities. The start is 0 unless said, "none" is NULL, and so is what
 * is not said. A state that is its own means that no rule applies any more.
 */
static const struct line {
	struct plan plan; /* its grace is 15 minutes */
	const char *booking;
	const char *story;
} lines[] = {
	/* A hold ends at its deadline, at the start at the latest. */
	{{TRACKED, ALL}, "pending e=60 h=-60", "-60 expired"},
	{{TRACKED, ALL}, "pending e=60", "0 expired"},
	{{TRACKED, ALL}, "pending e=60 h=0", "0 expired"},
	{{TRACKED, ALL}, "pending e=60 h=0-1us", "0-1us expired"},
	{{TRACKED, ALL}, "pending e=60 h=30", "0 expired"},
	{{TRACKED, ALL}, "pending h=never", "0 expired"},
	{{TRACKED, ALL}, "pending e=60 h=-60 g=-1", "-60 expired"},
	{{UNTRACKED, ALL}, "pending e=60 h=-60", "-60 expired"},
	{{UNTRACKED, ALL}, "pending e=60 h=30", "0 expired"},
	{{APP, ALL}, "pending e=60 h=-60", "-60 expired"},
	{{APP, ALL}, "pending e=60 h=30", "0 expired"},
	{{TRACKED, WITHOUT(PLAN_EXPIRE)}, "pending e=60 h=-60", ""},

	/* Tracked, nobody comes: active from the start, a no-show from the deadline. */
	{{TRACKED, ALL}, "confirmed e=60", "0 active 15 no-show"},
	{{TRACKED, ALL}, "confirmed", "0 active 15 no-show"},
	{{TRACKED, ALL}, "confirmed e=10", "0 active 10 no-show"},
	{{TRACKED, ALL}, "confirmed e=60 g=30", "0 active 30 no-show"},
	{{TRACKED, ALL}, "confirmed e=60 g=0+1us", "0 active 0+1us no-show"},
	{{TRACKED, ALL}, "confirmed e=60 g=0", "0 no-show"},
	{{TRACKED, ALL}, "confirmed e=60 g=2147483647", "0 active 60 no-show"},
	{{TRACKED, ALL}, "confirmed e=0", "0 no-show"},
	{{TRACKED, ALL}, "confirmed e=0+1us", "0 active 0+1us no-show"},
	{{TRACKED, ALL}, "active e=60", "15 no-show"},
	{{TRACKED, ALL}, "active", "15 no-show"},
	{{TRACKED, ALL}, "active e=10", "10 no-show"},
	{{ACCEPT, ALL}, "confirmed e=60", "0 active 15 no-show"},
	{{ACCEPT, ALL}, "active e=60", "15 no-show"},
	{{TRACKED, WITHOUT(PLAN_ACTIVATE)}, "confirmed e=60", "15 no-show"},

	/* Tracked, somebody comes before the deadline. */
	{{TRACKED, ALL}, "confirmed e=60 c=-5", "0 active 60 completed"},
	{{TRACKED, ALL}, "confirmed e=60 c=15-1us", "0 active 60 completed"},
	{{TRACKED, ALL}, "confirmed c=5", "0 active"},
	{{TRACKED, ALL}, "confirmed e=0 c=0-1us", "0 completed"},
	{{TRACKED, ALL}, "confirmed e=10 c=10-1us", "0 active 10 completed"},
	{{TRACKED, ALL}, "confirmed e=60 c=lowest g=0", "0 active 60 completed"},
	{{TRACKED, ALL}, "active e=60 c=5", "60 completed"},
	{{TRACKED, ALL}, "active c=5", ""},
	{{TRACKED, WITHOUT(PLAN_ACTIVATE)}, "confirmed e=60 c=0", "60 completed"},
	{{TRACKED, WITHOUT(PLAN_COMPLETE)}, "confirmed e=60 c=0", "0 active 60 confirmed"},
	{{TRACKED, WITHOUT(PLAN_COMPLETE)}, "active e=60 c=0", ""},

	/* Somebody comes at the deadline, or later: rejected or accepted. */
	{{TRACKED, ALL}, "confirmed e=60 c=15", "0 active 15 no-show"},
	{{TRACKED, ALL}, "active e=60 c=40", "15 no-show"},
	{{TRACKED, ALL}, "confirmed e=60 c=0 g=0", "0 no-show"},
	{{TRACKED, ALL}, "confirmed e=0 c=0", "0 no-show"},
	{{ACCEPT, ALL}, "confirmed e=60 c=15", "0 active 60 completed"},
	{{ACCEPT, ALL}, "confirmed e=60 c=15-1us", "0 active 60 completed"},
	{{ACCEPT, ALL}, "active e=60 c=40", "60 completed"},
	{{ACCEPT, ALL}, "confirmed e=0 c=never", "0 completed"},

	/* Tracked without a grace: never a no-show, `missed` decides at the end. */
	{{NO_GRACE(BK_TRACKED), ALL}, "confirmed e=60", "0 active 60 completed"},
	{{NO_GRACE(BK_TRACKED), ALL}, "confirmed", "0 active"},
	{{NO_GRACE(BK_TRACKED), ALL}, "confirmed e=60 g=30", "0 active 30 no-show"},
	{{NO_GRACE(BK_TRACKED), ALL}, "active e=60 c=30 g=30", "30 no-show"},
	{{NO_GRACE(BK_TRACKED), ALL}, "confirmed e=60 g=-1", ""},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL}, "confirmed e=60", "0 active 60 expired"},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL}, "active e=60", "60 expired"},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL}, "active e=60 c=40", "60 completed"},
	{{NO_GRACE_EXPIRES(BK_TRACKED), ALL}, "confirmed e=60 c=70", "0 active 60 completed"},

	/* Tracked without cancel-no-shows: the same, and a grace of its own counts no more. */
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)}, "confirmed e=60 g=0", "0 active 60 completed"},
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)}, "confirmed e=60 g=-1", "0 active 60 completed"},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)}, "confirmed e=60", "0 active 60 expired"},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)}, "active e=60", "60 expired"},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)}, "active e=60 c=40", "60 completed"},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW | PLAN_EXPIRE)}, "active e=60", ""},

	/* Untracked: the clock alone; check-ins and graces mean nothing. */
	{{UNTRACKED, ALL}, "confirmed e=60", "0 active 60 completed"},
	{{UNTRACKED, ALL}, "confirmed e=60 c=5 g=-1", "0 active 60 completed"},
	{{UNTRACKED, ALL}, "confirmed e=0", "0 completed"},
	{{UNTRACKED, ALL}, "confirmed", "0 active"},
	{{UNTRACKED, ALL}, "active e=60", "60 completed"},
	{{EXPIRES(BK_UNTRACKED), ALL}, "confirmed e=60 c=5", "0 active 60 expired"},
	{{EXPIRES(BK_UNTRACKED), ALL}, "active e=60", "60 completed"},

	/* The app sets active itself: who is confirmed at the deadline did not come. */
	{{APP, ALL}, "confirmed e=60", "15 no-show"},
	{{APP, ALL}, "confirmed g=30", "30 no-show"},
	{{APP, ALL}, "confirmed e=0", "0 no-show"},
	{{APP, ALL}, "confirmed e=60 c=5", "15 no-show"},
	{{APP, ALL}, "active e=60", "60 completed"},
	{{APP, ALL}, "active", ""},
	{{APP, WITHOUT(PLAN_NO_SHOW)}, "confirmed e=60", "60 completed"},
	{{EXPIRES(BK_APP), WITHOUT(PLAN_NO_SHOW)}, "confirmed e=60", "60 expired"},
	{{NO_GRACE_EXPIRES(BK_APP), ALL}, "confirmed e=60", "60 expired"},
	{{NO_GRACE_EXPIRES(BK_APP), ALL}, "confirmed e=60 g=30", "30 no-show"},

	/* What is no booking is left alone. */
	{{TRACKED, ALL}, "confirmed e=60 g=-1", ""},
	{{TRACKED, ALL}, "active e=60 c=0 g=-1", ""},
	{{TRACKED, ALL}, "confirmed e=60 g=0-1us", ""},
	{{APP, ALL}, "confirmed e=60 g=-1", ""},
	{{TRACKED, ALL}, "confirmed e=0-1us", ""},
	{{TRACKED, ALL}, "active e=-60 c=-70", ""},
	{{UNTRACKED, ALL}, "confirmed e=0-1us", ""},
	{{TRACKED, ALL}, "pending e=0-1us h=-60", ""},
	{{TRACKED, ALL}, "pending s=never h=-60", ""},
	{{TRACKED, ALL}, "confirmed s=lowest e=60", ""},
	{{TRACKED, ALL}, "confirmed s=limit", ""},
	{{TRACKED, ALL}, "active e=never c=0", ""},
	{{TRACKED, ALL}, "active e=limit c=0", ""},
	{{TRACKED, ALL}, "confirmed s=none e=60", ""},
	{{TRACKED, ALL}, "pending s=none e=60 h=-60", ""},

	/* Ends stay. */
	{{TRACKED, ALL}, "completed e=60 h=-60", ""},
	{{TRACKED, ALL}, "no-show e=60 c=5 h=-60", ""},
	{{UNTRACKED, ALL}, "expired e=60 h=-60", ""},
	{{APP, ALL}, "cancelled e=60 h=-60", ""},
};

/* Reads "15", "15-1us" as a duration; moves *p behind it. */
static int64_t read_duration(const char **p)
{
	char *end;
	int64_t us = strtoll(*p, &end, 10) * MINUTE;

	ck_assert_msg(end > *p, "no number: %s", *p);
	if (strncmp(end, "-1us", 4) == 0 || strncmp(end, "+1us", 4) == 0) {
		us += *end == '-' ? -1 : 1;
		end += 4;
	}
	*p = end;
	return us;
}

static struct bk_instant read_instant(const char **p)
{
	static const struct {
		const char *word;
		struct bk_instant instant;
	} words[] = {
		{"none", {false, 0}},
		{"never", {true, BK_NEVER}},
		{"lowest", {true, BK_MINUS_INFINITY}},
		{"limit", {true, BK_TIME_LIMIT}},
	};

	for (size_t i = 0; i < BK_COUNT(words); i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(*p, words[i].word, len) != 0)
			continue;
		*p += len;
		return words[i].instant;
	}
	return (struct bk_instant){true, CASES_NOW + read_duration(p)};
}

/* The state whose name stands at *p; moves it behind. */
static enum bk_state read_state(const char **p)
{
	for (int state = 0; state < BK_STATE_COUNT; state++) {
		size_t len = strlen(bk_state_names[state]);

		if (strncmp(*p, bk_state_names[state], len) != 0)
			continue;
		*p += len;
		return (enum bk_state)state;
	}
	ck_abort_msg("no state: %s", *p);
	return BK_CANCELLED;
}

static struct bk_booking read_booking(const char *text)
{
	struct bk_booking b = {.state = read_state(&text), .start = {true, CASES_NOW}};

	while (*text == ' ') {
		char name = text[1];

		ck_assert_int_eq(text[2], '=');
		text += 3;
		if (name == 's')
			b.start = read_instant(&text);
		else if (name == 'e')
			b.end = read_instant(&text);
		else if (name == 'c')
			b.check_in = read_instant(&text);
		else if (name == 'h')
			b.hold = read_instant(&text);
		else
			b.grace_us = (struct bk_instant){true, read_duration(&text)};
	}
	ck_assert_msg(!*text, "left over: %s", text);
	return b;
}

static void expect(const struct line *line, const struct setup *s, const struct bk_rules *rules,
		   int64_t now, enum bk_state to)
{
	struct bk_booking b = read_booking(line->booking);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	size_t count;
	enum bk_state found = rules_target(s, rules, NULL, &b, now, BK_MINUS_INFINITY, &count);

	bk_buf_fmt(&text, "%s: %s: at ", plan_show(&line->plan), line->booking);
	instant_show(&text, (struct bk_instant){true, now});
	ck_assert_msg(count <= 1, "%s: %zu rules apply", bk_buf_cstr(&text), count);
	ck_assert_msg(found == to && (count == 1) == (to != b.state), "%s: %s, expected %s",
		      bk_buf_cstr(&text), bk_state_names[found], bk_state_names[to]);
}

START_TEST(each_line_of_the_table_holds_to_the_microsecond)
{
	const struct line *line = &lines[_i];
	const char *story = line->story;
	enum bk_state state = read_booking(line->booking).state;
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;

	plan_setup(&line->plan, &s);
	bk_rules_build(&s.policy, &rules);
	expect(line, &s, &rules, CASES_NOW - 9 * DAY, state);
	while (*story) {
		int64_t at = CASES_NOW + read_duration(&story);

		expect(line, &s, &rules, at - 1, state);
		story++;
		state = read_state(&story);
		expect(line, &s, &rules, at, state);
		story += *story == ' ';
	}
	expect(line, &s, &rules, CASES_NOW + 9 * DAY, state);
}
END_TEST

/* Bookings that are due at CASES_NOW, and the column that max-age bounds. */
static const struct {
	struct plan plan;
	const char *booking;
	int64_t column; /* minutes */
	enum bk_state to;
} ages[] = {
	{{TRACKED, ALL}, "confirmed s=-60 e=60 c=-60", -60, BK_ACTIVE},
	{{TRACKED, ALL}, "confirmed s=-60 e=60", -60, BK_NO_SHOW},
	{{TRACKED, ALL}, "active s=-60 e=-20", -60, BK_NO_SHOW},
	{{TRACKED, ALL}, "active s=-60 e=-20 c=-60", -20, BK_COMPLETED},
	{{TRACKED, ALL}, "confirmed s=-60 e=-20 c=-60", -20, BK_COMPLETED},
	{{EXPIRES(BK_UNTRACKED), ALL}, "confirmed s=-60 e=-20", -20, BK_EXPIRED},
	{{TRACKED, ALL}, "pending s=-60 e=60", -60, BK_EXPIRED},
	/* Either of the two scans of a hold is enough. */
	{{TRACKED, ALL}, "pending s=-60 e=60 h=-90", -60, BK_EXPIRED},
	{{TRACKED, ALL}, "pending s=-60 e=60 h=-30", -30, BK_EXPIRED},
};

START_TEST(max_age_bounds_the_scan_column_and_includes_its_bound)
{
	struct bk_booking b = read_booking(ages[_i].booking);
	int64_t bound = CASES_NOW + ages[_i].column * MINUTE;
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	size_t n;

	plan_setup(&ages[_i].plan, &s);
	bk_rules_build(&s.policy, &rules);
	ck_assert_int_eq(rules_target(&s, &rules, NULL, &b, CASES_NOW, bound, &n), ages[_i].to);
	ck_assert_uint_eq(n, 1);
	(void)rules_target(&s, &rules, NULL, &b, CASES_NOW, bound + 1, &n);
	ck_assert_uint_eq(n, 0);
}
END_TEST

/* "job: rule from,from>to; ..." of all rules, in their order. */
static void list_rules(struct bk_buf *out, const struct bk_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct bk_rule *r = &rules->items[i];

		bk_buf_fmt(out, "%s: %s ", r->job, r->name);
		for (size_t f = 0; f < r->from_count; f++)
			bk_buf_fmt(out, "%s%s", f ? "," : "", bk_state_names[r->from[f]]);
		bk_buf_fmt(out, ">%s; ", bk_state_names[r->to]);
	}
}

#define ACTIVATE "activate-due: activate confirmed>active; "
#define NO_SHOW(from) "cancel-no-shows: no-show " from ">no-show; "
#define COMPLETE "update-completed: complete active>completed; "
#define ARRIVED "update-completed: complete-arrived confirmed>completed; "
#define COMPLETE_MISSED(from) "update-completed: complete-missed " from ">completed; "
#define EXPIRE_MISSED(from) "update-expired: expire-missed " from ">expired; "
#define HOLD "update-expired: expire-hold pending>expired; "
#define BOTH "confirmed,active"

static const struct {
	struct plan plan;
	const char *rules;
} lists[] = {
	{{TRACKED, ALL}, ACTIVATE NO_SHOW(BOTH) COMPLETE ARRIVED HOLD},
	{{TRACKED, WITHOUT(PLAN_NO_SHOW)}, ACTIVATE COMPLETE ARRIVED COMPLETE_MISSED(BOTH) HOLD},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_NO_SHOW)},
	 ACTIVATE COMPLETE ARRIVED EXPIRE_MISSED(BOTH) HOLD},
	{{EXPIRES(BK_TRACKED), WITHOUT(PLAN_EXPIRE)}, ACTIVATE NO_SHOW(BOTH) COMPLETE ARRIVED},
	{{NO_GRACE(BK_TRACKED), ALL},
	 ACTIVATE NO_SHOW(BOTH) COMPLETE ARRIVED COMPLETE_MISSED(BOTH) HOLD},
	{{UNTRACKED, ALL}, ACTIVATE COMPLETE COMPLETE_MISSED("confirmed") HOLD},
	{{EXPIRES(BK_UNTRACKED), ALL}, ACTIVATE COMPLETE EXPIRE_MISSED("confirmed") HOLD},
	{{APP, ALL}, NO_SHOW("confirmed") COMPLETE HOLD},
	{{APP, WITHOUT(PLAN_NO_SHOW)}, COMPLETE COMPLETE_MISSED("confirmed") HOLD},
	{{NO_GRACE(BK_APP), ALL}, NO_SHOW("confirmed") COMPLETE COMPLETE_MISSED("confirmed") HOLD},
	{{TRACKED, 0, PLAN_ALL, BK_GRACE_MINUTES}, ""},
	{{TRACKED, PLAN_JOBS, PLAN_ALL & ~PLAN_END, BK_GRACE_MINUTES}, ACTIVATE NO_SHOW(BOTH) HOLD},
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

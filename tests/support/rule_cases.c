/*
 * Policies and bookings for the tests of the rules; see rule_cases.h.
 */
#include "rule_cases.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "conf/jobs.h"

const char *const cases_jobs[4] = {BK_JOB_ACTIVATE, BK_JOB_NO_SHOW, BK_JOB_COMPLETE, BK_JOB_EXPIRE};

uint64_t draw_seed(void)
{
	const char *text = getenv("BK_TEST_SEED");

	return text && *text ? strtoull(text, NULL, 10) : 20261123;
}

/* splitmix64 */
uint64_t draw_next(struct draw *d)
{
	uint64_t z = (d->state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

int64_t draw_below(struct draw *d, int64_t n)
{
	return (int64_t)(draw_next(d) % (uint64_t)n);
}

bool draw_chance(struct draw *d, int percent)
{
	return draw_below(d, 100) < percent;
}

/* Two labels of one class, because a company may have them. */
static char *labels[BK_STATE_COUNT][2] = {
	[BK_PENDING] = {(char *)"PENDING"},
	[BK_CONFIRMED] = {(char *)"CONFIRMED", (char *)"it's"},
	[BK_ACTIVE] = {(char *)"ACTIVE"},
	[BK_COMPLETED] = {(char *)"COMPLETED"},
	[BK_NO_SHOW] = {(char *)"NO_SHOW"},
	[BK_EXPIRED] = {(char *)"EXPIRED"},
	[BK_CANCELLED] = {(char *)"CANCELLED"},
};

static char *column(const struct plan *plan, unsigned bit, const char *name)
{
	return plan->columns & bit ? (char *)name : NULL;
}

void plan_setup(const struct plan *plan, struct setup *ret)
{
	static const char *const graces[] = {"g_seconds", "g_minutes", "g_hours", "g_interval"};
	static char *keys[] = {(char *)"id"};

	*ret = (struct setup){
		.mapping = {.table_schema = (char *)"public",
			    .table_name = (char *)"t",
			    .keys = keys,
			    .key_count = 1,
			    .status = (char *)"status",
			    .start = {.column = (char *)"s"},
			    .end = {.column = column(plan, PLAN_END, "e")},
			    .check_in = {.column = column(plan, PLAN_CHECK_IN, "c")},
			    .hold = {.column = column(plan, PLAN_HOLD, "h")},
			    .grace = {.column = column(plan, PLAN_GRACE, graces[plan->unit])},
			    .grace_unit = plan->unit,
			    .check_in_mode = plan->mode,
			    .accept_late = plan->accept,
			    .missed_expires = plan->expires,
			    .grace_ms = plan->no_grace ? -1 : CASES_GRACE / 1000},
		.policy = {.activate = plan->jobs & PLAN_ACTIVATE,
			   .no_show = plan->jobs & PLAN_NO_SHOW,
			   .complete = plan->jobs & PLAN_COMPLETE,
			   .expire = plan->jobs & PLAN_EXPIRE},
	};
	for (size_t i = 0; i < BK_STATE_COUNT; i++)
		ret->mapping.states[i] = (struct bk_labels){labels[i], labels[i][1] ? 2 : 1};
	ret->policy.mapping = &ret->mapping;
}

static void put_bits(struct bk_buf *out, unsigned bits)
{
	for (unsigned bit = 1; bit < 16; bit *= 2)
		bk_buf_char(out, bits & bit ? '1' : '0');
}

const char *plan_show(const struct plan *plan)
{
	static const char *const modes[] = {"tracked", "untracked", "app"};
	static struct bk_buf out = BK_BUF_INIT;

	bk_buf_reset(&out);
	bk_buf_fmt(&out, "%s %s missed=%s grace=%s jobs=", modes[plan->mode],
		   plan->accept ? "accept" : "reject", plan->expires ? "expired" : "completed",
		   plan->no_grace ? "none" : "15m");
	put_bits(&out, plan->jobs);
	bk_buf_str(&out, " columns=");
	put_bits(&out, plan->columns);
	bk_buf_fmt(&out, " unit=%d", (int)plan->unit);
	return bk_buf_cstr(&out);
}

static struct bk_instant at(int64_t us)
{
	return (struct bk_instant){true, us};
}

/* An instant that is close to nothing in particular, or far from everything. */
static int64_t loose_instant(struct draw *d, int64_t now)
{
	static const int64_t far[] = {
		BK_MINUS_INFINITY,   BK_NEVER,
		BK_TIME_LIMIT,       BK_TIME_LIMIT - 1,
		BK_TIME_LIMIT + DAY, -INT64_C(62104060800000000), /* 0002-01-01 */
	};

	switch (draw_below(d, 4)) {
	case 0:
		return now - 2 * HOUR + draw_below(d, 4 * HOUR);
	case 1:
		return now - 40 * DAY + draw_below(d, 80 * DAY);
	case 2:
		return now + MINUTE * (draw_below(d, 121) - 60);
	default:
		return far[draw_below(d, (int64_t)BK_COUNT(far))];
	}
}

/* One of the instants, on it or a microsecond beside, or a loose one. */
static int64_t near_instant(struct draw *d, int64_t now, const int64_t *close, int64_t count)
{
	int64_t us;

	if (draw_chance(d, 40))
		return loose_instant(d, now);
	us = close[draw_below(d, count)];
	if (us == BK_MINUS_INFINITY || us == BK_NEVER)
		return us;
	return us + draw_below(d, 3) - 1;
}

static struct bk_instant grace_draw(struct draw *d)
{
	/* The limit and one beyond it; 30 days; the least and the most of an integer. */
	static const int64_t minutes[] = {0,
					  0,
					  1,
					  15,
					  30,
					  60,
					  43200,
					  -1,
					  -15,
					  BK_GRACE_LIMIT_MINUTES,
					  BK_GRACE_LIMIT_MINUTES + 1,
					  INT32_MAX,
					  INT32_MIN};

	if (draw_chance(d, 40))
		return (struct bk_instant){false, 0};
	return at(minutes[draw_below(d, (int64_t)BK_COUNT(minutes))] * MINUTE);
}

/* From + length, where that is an instant. */
static int64_t later(int64_t from, int64_t length)
{
	const int64_t limit = BK_GRACE_LIMIT_MINUTES * MINUTE;

	if (from == BK_MINUS_INFINITY || from >= BK_TIME_LIMIT || length > limit || length < -limit)
		return from;
	return from + length;
}

struct bk_booking booking_draw(struct draw *d, int64_t now, int64_t lower)
{
	static const enum bk_state states[] = {
		BK_PENDING,   BK_PENDING, BK_CONFIRMED, BK_CONFIRMED, BK_CONFIRMED,
		BK_CONFIRMED, BK_ACTIVE,  BK_ACTIVE,    BK_ACTIVE,    BK_COMPLETED,
		BK_NO_SHOW,   BK_EXPIRED, BK_CANCELLED};
	struct bk_booking b = {.state = states[draw_below(d, (int64_t)BK_COUNT(states))]};
	int64_t close[6] = {now, lower};
	int64_t grace;

	b.grace_us = grace_draw(d);
	grace = b.grace_us.set ? b.grace_us.us : CASES_GRACE;
	close[2] = later(now, -grace);
	b.start = at(near_instant(d, now, close, 3));
	close[2] = b.start.us;
	close[3] = later(b.start.us, grace);
	if (draw_chance(d, 80))
		b.end = at(near_instant(d, now, close, 4));
	close[4] = b.end.set ? b.end.us : now;
	if (draw_chance(d, 60))
		b.check_in = at(near_instant(d, now, close + 2, 3));
	if (draw_chance(d, 60))
		b.hold = at(near_instant(d, now, close, 3));
	if (draw_chance(d, 2))
		b.start.set = false;
	return b;
}

void instant_show(struct bk_buf *out, struct bk_instant t)
{
	int64_t seconds = t.us / SECOND;
	int64_t us = t.us % SECOND;
	char text[64];
	struct tm tm;
	time_t time;

	if (!t.set || t.us == BK_MINUS_INFINITY || t.us == BK_NEVER) {
		bk_buf_str(out, !t.set ? "-" : t.us == BK_NEVER ? "infinity" : "-infinity");
		return;
	}
	if (us < 0) {
		us += SECOND;
		seconds--;
	}
	time = (time_t)seconds;
	if (gmtime_r(&time, &tm) && strftime(text, sizeof(text), "-%m-%dT%H:%M:%S", &tm))
		bk_buf_fmt(out, "%04d%s.%06" PRId64 "Z", tm.tm_year + 1900, text, us);
}

void booking_show(struct bk_buf *out, const struct bk_booking *b)
{
	bk_buf_fmt(out, "%s S=", bk_state_names[b->state]);
	instant_show(out, b->start);
	bk_buf_str(out, " E=");
	instant_show(out, b->end);
	bk_buf_str(out, " C=");
	instant_show(out, b->check_in);
	bk_buf_str(out, " H=");
	instant_show(out, b->hold);
	if (b->grace_us.set)
		bk_buf_fmt(out, " G=%" PRId64 "us", b->grace_us.us);
	else
		bk_buf_str(out, " G=-");
}

enum bk_state rules_target(const struct setup *s, const struct bk_rules *rules, const char *job,
			   const struct bk_booking *b, int64_t now, int64_t lower,
			   size_t *ret_count)
{
	enum bk_state to = b->state;

	*ret_count = 0;
	for (size_t i = 0; i < rules->count; i++) {
		const struct bk_rule *rule = &rules->items[i];

		if ((job && strcmp(rule->job, job) != 0) ||
		    !bk_rule_applies(&s->policy, rule, b, now, lower))
			continue;
		to = rule->to;
		++*ret_count;
	}
	return to;
}

/* A quarter of an hour within eight hours from three before `start` on, so that
   instants fall together. */
static int64_t quarter(struct draw *d, int64_t start)
{
	return start + 15 * MINUTE * (draw_below(d, 33) - 12);
}

void guests_draw(struct draw *d, int64_t start, bool before_end, struct guest *ret, size_t count)
{
	static const int64_t graces[] = {0, 5, 15, 30, 600, -5, INT32_MAX};

	for (size_t i = 0; i < count; i++) {
		struct bk_booking b = {.state = (enum bk_state)draw_below(d, BK_STATE_COUNT)};
		struct guest *g = &ret[i];

		if (draw_chance(d, 60))
			b.state = draw_chance(d, 60) ? BK_CONFIRMED : BK_PENDING;
		b.start = at(quarter(d, start));
		if (draw_chance(d, 90))
			b.end = at(b.start.us + 15 * MINUTE * (draw_below(d, 14) - 1));
		if (draw_chance(d, 60))
			b.hold = at(quarter(d, start));
		if (draw_chance(d, 40))
			b.grace_us = at(graces[draw_below(d, (int64_t)BK_COUNT(graces))] * MINUTE);
		*g = (struct guest){.booking = b};
		if (draw_chance(d, 40))
			continue;
		g->check_in = at(b.start.us + MINUTE * (draw_below(d, 120) - 30));
		if (draw_chance(d, 20))
			g->check_in = at(b.start.us + CASES_GRACE + draw_below(d, 3) - 1);
		if (before_end && b.end.set && g->check_in.us >= b.end.us)
			g->check_in.us = b.end.us - 1;
		g->known_us = g->check_in.us - (draw_chance(d, 70) ? 0 : draw_below(d, HOUR));
	}
}

void guests_arrive(const struct setup *s, struct guest *guests, size_t count, int64_t now)
{
	for (size_t i = 0; i < count; i++) {
		struct bk_booking *b = &guests[i].booking;

		if (!guests[i].check_in.set || guests[i].known_us > now)
			continue;
		if (s->mapping.check_in_mode == BK_APP && b->state == BK_CONFIRMED &&
		    !b->check_in.set)
			b->state = BK_ACTIVE;
		b->check_in = guests[i].check_in;
	}
}

void guests_run(const struct setup *s, const struct bk_rules *rules, const char *job,
		struct guest *guests, size_t count, int64_t now)
{
	for (size_t i = 0; i < count; i++) {
		size_t n;

		guests[i].booking.state = rules_target(s, rules, job, &guests[i].booking, now,
						       now - 30 * DAY, &n);
	}
}

void order_of(int n, int ret[4])
{
	int left[4] = {0, 1, 2, 3};

	for (int size = 4; size > 0; size--) {
		int i = n % size;

		n /= size;
		ret[4 - size] = left[i];
		memmove(&left[i], &left[i + 1], (size_t)(size - 1 - i) * sizeof(left[0]));
	}
}

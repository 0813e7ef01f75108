/*
 * The pure form of the default rules; see row.h and rule.h.
 */
#include "rule/row.h"

#include "base/mem.h"
#include "rule/rule.h"

static bool is_finite(struct bk_instant t)
{
	return t.set && t.us != BK_MINUS_INFINITY && t.us < BK_TIME_LIMIT;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool times_valid(const struct bk_policy *policy, const struct bk_booking *b)
{
	if (!bk_is_mapped(&policy->mapping->start))
		return true;
	return is_finite(b->start) &&
	       (!b->end.set || (is_finite(b->end) && b->end.us >= b->start.us));
}

/* The booking's own grace, else the configured one; not set = none. */
static struct bk_instant grace(const struct bk_policy *policy, const struct bk_booking *b)
{
	const struct bk_mapping *m = policy->mapping;
	const int64_t limit = BK_GRACE_LIMIT_MINUTES * 60000000;

	if (b->grace_us.set)
		return (struct bk_instant){true, least(b->grace_us.us, limit)};
	return (struct bk_instant){m->grace_ms >= 0, m->grace_ms * 1000};
}

/* The row without the columns that are not mapped. */
static struct bk_booking mapped(const struct bk_mapping *m, const struct bk_booking *b)
{
	const struct bk_instant none = {false, 0};
	struct bk_booking ret = *b;

	if (!bk_is_mapped(&m->start))
		ret.start = none;
	if (!bk_is_mapped(&m->end))
		ret.end = none;
	if (!bk_is_mapped(&m->check_in))
		ret.check_in = none;
	if (!bk_is_mapped(&m->hold))
		ret.hold = none;
	if (!bk_is_mapped(&m->grace))
		ret.grace_us = none;
	return ret;
}

static struct bk_instant deadline(const struct bk_policy *policy, const struct bk_booking *b,
				  bool *ret_valid)
{
	struct bk_instant never = {false, 0};
	struct bk_instant g = grace(policy, b);
	int64_t d;

	*ret_valid = times_valid(policy, b);
	if (!*ret_valid || !policy->no_show || policy->mapping->check_in_mode == BK_UNTRACKED)
		return never;
	if (g.set && g.us < 0)
		*ret_valid = false;
	if (!g.set || !*ret_valid)
		return never;
	d = b->start.us + g.us;
	return (struct bk_instant){true, b->end.set ? least(d, b->end.us) : d};
}

static bool checked_in(const struct bk_policy *policy, const struct bk_booking *b,
		       struct bk_instant d)
{
	const struct bk_mapping *m = policy->mapping;

	if (m->check_in_mode != BK_TRACKED || !b->check_in.set)
		return false;
	return !d.set || m->accept_late || b->check_in.us < d.us;
}

static bool reached(struct bk_instant t, int64_t as_of)
{
	return t.set && as_of >= t.us;
}

static bool in_scan(struct bk_instant column, int64_t as_of, int64_t lower)
{
	return column.set && column.us <= as_of && column.us >= lower;
}

static bool hold_due(const struct bk_booking *b, int64_t as_of, int64_t lower)
{
	return in_scan(b->hold, as_of, lower) || in_scan(b->start, as_of, lower);
}

static bool kind_applies(const struct bk_policy *policy, const struct bk_rule *rule,
			 const struct bk_booking *b, int64_t as_of, int64_t lower)
{
	bool valid;
	struct bk_instant d = deadline(policy, b, &valid);
	bool k = checked_in(policy, b, d);
	bool ended = reached(b->end, as_of);

	if (rule->kind == BK_RULE_EXPIRE_HOLD)
		return times_valid(policy, b) && hold_due(b, as_of, lower);
	if (!valid)
		return false;
	switch (rule->kind) {
	case BK_RULE_ACTIVATE:
		return in_scan(b->start, as_of, lower) && !ended && (k || !reached(d, as_of));
	case BK_RULE_NO_SHOW:
		return in_scan(b->start, as_of, lower) && reached(d, as_of) && !k;
	case BK_RULE_COMPLETE:
		return in_scan(b->end, as_of, lower) &&
		       (k || policy->mapping->check_in_mode != BK_TRACKED);
	case BK_RULE_COMPLETE_ARRIVED:
		return in_scan(b->end, as_of, lower) && k;
	case BK_RULE_MISSED:
		return in_scan(b->end, as_of, lower) && !d.set && !k;
	case BK_RULE_EXPIRE_HOLD:
	case BK_RULE_OWN:
		break;
	}
	return false;
}

struct bk_instant bk_booking_deadline(const struct bk_policy *policy, const struct bk_booking *b,
				      bool *ret_valid)
{
	struct bk_booking row = mapped(policy->mapping, b);

	return deadline(policy, &row, ret_valid);
}

bool bk_rule_applies(const struct bk_policy *policy, const struct bk_rule *rule,
		     const struct bk_booking *b, int64_t as_of, int64_t lower)
{
	struct bk_booking row = mapped(policy->mapping, b);

	for (size_t i = 0; i < rule->from_count; i++)
		if (rule->from[i] == b->state)
			return kind_applies(policy, rule, &row, as_of, lower);
	return false;
}

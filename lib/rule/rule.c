/*
 * The default rules as a table over check-in mode, and the states that they
 * leave without an end. The SQL of each rule is written by sql.c.
 */
#include "rule/rule.h"

#include <stdlib.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "rule/sql.h"

static bool job_enabled(const struct bk_policy *p, enum bk_rule_kind kind)
{
	switch (kind) {
	case BK_RULE_ACTIVATE:
		return p->activate;
	case BK_RULE_NO_SHOW:
		return p->no_show;
	case BK_RULE_COMPLETE:
	case BK_RULE_COMPLETE_ARRIVED:
		return p->complete;
	case BK_RULE_MISSED:
		return p->mapping->missed_expires ? p->expire : p->complete;
	case BK_RULE_EXPIRE_HOLD:
		return p->expire;
	}
	return false;
}

/* Whether some booking may have no deadline D at all. */
static bool may_lack_deadline(const struct bk_policy *p)
{
	return !p->no_show || p->mapping->check_in_mode == BK_UNTRACKED || p->mapping->grace_ms < 0;
}

static bool mode_has(const struct bk_policy *p, enum bk_rule_kind kind)
{
	enum bk_check_in_mode mode = p->mapping->check_in_mode;

	switch (kind) {
	case BK_RULE_ACTIVATE:
		return mode != BK_APP;
	case BK_RULE_NO_SHOW:
		return mode != BK_UNTRACKED;
	case BK_RULE_COMPLETE_ARRIVED:
		return mode == BK_TRACKED && p->mapping->end;
	case BK_RULE_MISSED:
		return may_lack_deadline(p) && p->mapping->end;
	case BK_RULE_COMPLETE:
		return p->mapping->end != NULL;
	case BK_RULE_EXPIRE_HOLD:
		return true;
	}
	return false;
}

static void add_from(struct bk_rule *rule, const struct bk_policy *p, enum bk_state state)
{
	if (p->mapping->states[state].count)
		rule->from[rule->from_count++] = state;
}

/* Name, job, from and to of a kind; the SQL comes later. */
static void describe(struct bk_rule *r, const struct bk_policy *p, enum bk_rule_kind kind)
{
	bool tracked = p->mapping->check_in_mode == BK_TRACKED;
	bool expires = p->mapping->missed_expires;

	*r = (struct bk_rule){.kind = kind};
	switch (kind) {
	case BK_RULE_ACTIVATE:
		r->name = "activate", r->job = BK_JOB_ACTIVATE, r->to = BK_ACTIVE;
		add_from(r, p, BK_CONFIRMED);
		break;
	case BK_RULE_NO_SHOW:
		r->name = "no-show", r->job = BK_JOB_NO_SHOW, r->to = BK_NO_SHOW;
		add_from(r, p, BK_CONFIRMED);
		if (tracked)
			add_from(r, p, BK_ACTIVE);
		break;
	case BK_RULE_COMPLETE:
		r->name = "complete", r->job = BK_JOB_COMPLETE, r->to = BK_COMPLETED;
		add_from(r, p, BK_ACTIVE);
		break;
	case BK_RULE_COMPLETE_ARRIVED:
		r->name = "complete-arrived", r->job = BK_JOB_COMPLETE, r->to = BK_COMPLETED;
		add_from(r, p, BK_CONFIRMED);
		break;
	case BK_RULE_MISSED:
		r->name = expires ? "expire-missed" : "complete-missed";
		r->job = expires ? BK_JOB_EXPIRE : BK_JOB_COMPLETE;
		r->to = expires ? BK_EXPIRED : BK_COMPLETED;
		add_from(r, p, BK_CONFIRMED);
		if (tracked)
			add_from(r, p, BK_ACTIVE);
		break;
	case BK_RULE_EXPIRE_HOLD:
		r->name = "expire-hold", r->job = BK_JOB_EXPIRE, r->to = BK_EXPIRED;
		add_from(r, p, BK_PENDING);
		break;
	}
}

void bk_rules_build(const struct bk_policy *policy, struct bk_rules *ret)
{
	static const enum bk_rule_kind order[] = {
		BK_RULE_ACTIVATE,         BK_RULE_NO_SHOW, BK_RULE_COMPLETE,
		BK_RULE_COMPLETE_ARRIVED, BK_RULE_MISSED,  BK_RULE_EXPIRE_HOLD,
	};

	ret->count = 0;
	for (size_t i = 0; i < BK_COUNT(order); i++) {
		struct bk_rule *rule = &ret->items[ret->count];

		if (!job_enabled(policy, order[i]) || !mode_has(policy, order[i]))
			continue;
		describe(rule, policy, order[i]);
		if (!rule->from_count || !policy->mapping->states[rule->to].count)
			continue;
		bk_rule_write_sql(policy, rule);
		ret->count++;
	}
}

void bk_rules_clear(struct bk_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct bk_rule *r = &rules->items[i];

		for (size_t s = 0; s < r->scan_count; s++) {
			free(r->scans[s].column);
			free(r->scans[s].earlier);
		}
		free(r->due);
		free(r->until);
		free(r->arrived);
		free(r->end);
		free(r->filter);
	}
	rules->count = 0;
}

static bool is_live(enum bk_state state)
{
	return state == BK_PENDING || state == BK_CONFIRMED || state == BK_ACTIVE;
}

/* True when at the end of time some rule takes the booking out of the live
   states; then nothing before had to. */
static bool is_ended(const struct bk_policy *policy, const struct bk_rules *rules,
		     const struct bk_booking *b)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!is_live(rules->items[i].to) &&
		    bk_rule_applies(policy, &rules->items[i], b, BK_TIME_LIMIT, BK_MINUS_INFINITY))
			return true;
	return false;
}

/* One booking per kind of evidence decides for all: no check-in, one before any
   deadline, one after it; with a grace of its own and without. */
static bool has_gap(const struct bk_policy *policy, const struct bk_rules *rules,
		    enum bk_state state)
{
	static const struct bk_instant check_ins[] = {{false, 0}, {true, -1}, {true, 10}};

	for (size_t i = 0; i < BK_COUNT(check_ins); i++) {
		struct bk_booking b = {
			.state = state,
			.start = {true, 0},
			.end = {policy->mapping->end != NULL, 10},
			.check_in = check_ins[i],
		};

		if (check_ins[i].set && policy->mapping->check_in_mode != BK_TRACKED)
			continue;
		if (!is_ended(policy, rules, &b))
			return true;
		b.grace_us = (struct bk_instant){true, 0};
		if (policy->mapping->grace && !is_ended(policy, rules, &b))
			return true;
	}
	return false;
}

size_t bk_rules_gaps(const struct bk_policy *policy, bool ret[BK_STATE_COUNT])
{
	struct bk_rules rules;
	size_t gaps = 0;

	bk_rules_build(policy, &rules);
	for (int state = 0; state < BK_STATE_COUNT; state++) {
		ret[state] = is_live((enum bk_state)state) &&
			     policy->mapping->states[state].count &&
			     has_gap(policy, &rules, (enum bk_state)state);
		gaps += ret[state];
	}
	bk_rules_clear(&rules);
	return gaps;
}

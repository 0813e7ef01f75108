/*
 * The default rules as a table over check-in mode, and the states that they
 * leave without an end. The SQL of each rule is written by sql.c.
 */
#include "rule/rule.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "rule/source.h"
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
	case BK_RULE_OWN:
		break;
	}
	return false;
}

/* Whether some booking may have no deadline D at all. */
static bool may_lack_deadline(const struct bk_policy *p)
{
	return !p->no_show || p->mapping->check_in_mode == BK_UNTRACKED ||
	       p->mapping->grace_ms < 0 || p->mapping->no_show_if;
}

static bool mode_has(const struct bk_policy *p, enum bk_rule_kind kind)
{
	enum bk_check_in_mode mode = p->mapping->check_in_mode;
	bool has_start = bk_is_mapped(&p->mapping->start);
	bool has_end = has_start && bk_is_mapped(&p->mapping->end);

	switch (kind) {
	case BK_RULE_ACTIVATE:
		return mode != BK_APP && has_start;
	case BK_RULE_NO_SHOW:
		return mode != BK_UNTRACKED && has_start;
	case BK_RULE_COMPLETE_ARRIVED:
		return mode == BK_TRACKED && has_end;
	case BK_RULE_MISSED:
		return may_lack_deadline(p) && has_end;
	case BK_RULE_COMPLETE:
		return has_end;
	case BK_RULE_EXPIRE_HOLD:
		return has_start || bk_is_mapped(&p->mapping->hold);
	case BK_RULE_OWN:
		break;
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
	case BK_RULE_OWN:
		break;
	}
}

static struct bk_rule *add_rule(struct bk_rules *rules)
{
	rules->items = bk_realloc(rules->items, rules->count + 1, sizeof(*rules->items));
	return &rules->items[rules->count++];
}

static bool has_select(const char *sql)
{
	for (; sql && *sql; sql++)
		if (strncasecmp(sql, "select", 6) == 0)
			return true;
	return false;
}

/* Under a row's lock PostgreSQL reads that row again, and no other: what is in other
   tables must be asked for a second time. A word in a text does no harm. */
static void finish_rule(struct bk_rule *rule)
{
	rule->foreign = has_select(rule->due) || has_select(rule->until) ||
			has_select(rule->arrived) || has_select(rule->end) ||
			has_select(rule->filter);
}

static void add_default_rules(const struct bk_policy *policy, struct bk_rules *ret)
{
	static const enum bk_rule_kind order[] = {
		BK_RULE_ACTIVATE,         BK_RULE_NO_SHOW, BK_RULE_COMPLETE,
		BK_RULE_COMPLETE_ARRIVED, BK_RULE_MISSED,  BK_RULE_EXPIRE_HOLD,
	};

	for (size_t i = 0; i < BK_COUNT(order); i++) {
		struct bk_rule rule;

		if (!job_enabled(policy, order[i]) || !mode_has(policy, order[i]))
			continue;
		describe(&rule, policy, order[i]);
		if (!rule.from_count || !policy->mapping->states[rule.to].count)
			continue;
		bk_rule_write_sql(policy, &rule);
		finish_rule(&rule);
		*add_rule(ret) = rule;
	}
}

static void add_own_rule(const struct bk_mapping *m, const struct bk_own_rule *own,
			 struct bk_rules *ret)
{
	struct bk_rule rule = {
		.name = own->name,
		.job = own->job,
		.kind = BK_RULE_OWN,
		.own = own,
		.max_age_ms = own->max_age_ms,
	};

	bk_own_rule_write_sql(m, own, &rule);
	finish_rule(&rule);
	*add_rule(ret) = rule;
}

const char *bk_rule_from(const struct bk_rule *rule, const struct bk_mapping *m, size_t i)
{
	if (rule->own)
		return i < rule->own->from.count ? rule->own->from.items[i] : NULL;
	for (size_t f = 0; f < rule->from_count; f++) {
		const struct bk_labels *labels = &m->states[rule->from[f]];

		if (i < labels->count)
			return labels->items[i];
		i -= labels->count;
	}
	return NULL;
}

const char *bk_rule_to(const struct bk_rule *rule, const struct bk_mapping *m)
{
	return rule->own ? rule->own->to : m->states[rule->to].items[0];
}

static bool takes_from(const struct bk_rule *rule, const struct bk_mapping *m, const char *label)
{
	const char *from;

	for (size_t i = 0; (from = bk_rule_from(rule, m, i)); i++)
		if (strcmp(from, label) == 0)
			return true;
	return false;
}

/* Within a job: a rule comes before the one that goes on from its target, so that one run
   takes a booking all the way. Each pass moves one rule; a circle ends the passes. */
static void order_rules(struct bk_rules *rules, const struct bk_mapping *m)
{
	for (size_t pass = 0; pass < rules->count; pass++)
		for (size_t i = 0; i + 1 < rules->count; i++)
			for (size_t k = i + 1; k < rules->count; k++) {
				struct bk_rule *a = &rules->items[i];
				struct bk_rule *b = &rules->items[k];
				struct bk_rule later;

				if (strcmp(a->job, b->job) != 0 ||
				    !takes_from(a, m, bk_rule_to(b, m)) ||
				    takes_from(b, m, bk_rule_to(a, m)))
					continue;
				later = *a;
				*a = *b;
				*b = later;
			}
}

void bk_rules_build(const struct bk_policy *policy, struct bk_rules *ret)
{
	const struct bk_mapping *m = policy->mapping;

	*ret = (struct bk_rules){NULL, 0};
	if (!m->no_defaults)
		add_default_rules(policy, ret);
	for (size_t i = 0; i < m->rule_count; i++)
		if (!policy->is_enabled || policy->is_enabled(policy->arg, m->rules[i].job))
			add_own_rule(m, &m->rules[i], ret);
	if (m->rule_count)
		order_rules(ret, m);
}

void bk_rules_clear(struct bk_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct bk_rule *r = &rules->items[i];

		for (size_t s = 0; s < r->scan_count; s++)
			bk_scan_clear(&r->scans[s]);
		free(r->due);
		free(r->until);
		free(r->arrived);
		free(r->end);
		free(r->filter);
	}
	free(rules->items);
	*rules = (struct bk_rules){NULL, 0};
}

/* Where the rules of the file stand; "" of the default ones. */
static const char *place(const struct bk_rule *rule)
{
	return rule->own ? rule->own->origin : "";
}

static enum bk_rc refuse(const struct bk_rule *rule, const struct bk_rule *other, const char *label,
			 struct bk_error *err)
{
	const char *origin = *place(rule) ? place(rule) : place(other);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, label);
	if (rule == other) {
		(void)bk_error_set(err, BK_E_CONFIG,
				   "%s%srule %s gives %s, and takes bookings from it", origin,
				   *origin ? ": " : "", rule->name, bk_buf_cstr(&shown));
		return bk_error_hint(err, "leave the target out of from");
	}
	(void)bk_error_set(err, BK_E_CONFIG,
			   "%s%srule %s of %s gives %s, from which rule %s of %s goes on", origin,
			   *origin ? ": " : "", rule->name, rule->job, bk_buf_cstr(&shown),
			   other->name, other->job);
	return bk_error_hint(err, "the result would depend on which job runs first; put both "
				  "rules into one job, or let one of them take from other labels");
}

static bool is_label_of(const struct bk_mapping *m, enum bk_state state, const char *label)
{
	for (size_t i = 0; i < m->states[state].count; i++)
		if (strcmp(m->states[state].items[i], label) == 0)
			return true;
	return false;
}

/* The one way that the jobs share: confirmed to active. */
static bool activates(const struct bk_rule *rule, const struct bk_mapping *m)
{
	const char *from;

	for (size_t i = 0; (from = bk_rule_from(rule, m, i)); i++)
		if (!is_label_of(m, BK_CONFIRMED, from))
			return false;
	return is_label_of(m, BK_ACTIVE, bk_rule_to(rule, m));
}

/* Whether bookings that the job's rules take on from `label`, in so many steps, come to `start`
   again: such a job would change them for ever. */
static bool comes_back(const struct bk_rules *rules, const struct bk_mapping *m,
		       const struct bk_rule *start, const char *label, size_t steps)
{
	if (takes_from(start, m, label))
		return true;
	for (size_t i = 0; i < rules->count && steps; i++) {
		const struct bk_rule *next = &rules->items[i];

		if (strcmp(next->job, start->job) == 0 && takes_from(next, m, label) &&
		    comes_back(rules, m, start, bk_rule_to(next, m), steps - 1))
			return true;
	}
	return false;
}

static enum bk_rc refuse_circle(const struct bk_rule *rule, const char *label, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, label);
	(void)bk_error_set(
		err, BK_E_CONFIG,
		"%s%srule %s of %s gives %s, from which rules of the job lead back to it",
		place(rule), *place(rule) ? ": " : "", rule->name, rule->job, bk_buf_cstr(&shown));
	return bk_error_hint(err, "a run would change such bookings again and again");
}

static enum bk_rc check_rule(const struct bk_rules *rules, const struct bk_mapping *m,
			     const struct bk_rule *rule, struct bk_error *err)
{
	const char *to = bk_rule_to(rule, m);

	if (takes_from(rule, m, to))
		return refuse(rule, rule, to, err);
	if (comes_back(rules, m, rule, to, rules->count))
		return refuse_circle(rule, to, err);
	for (size_t i = 0; i < rules->count; i++) {
		const struct bk_rule *other = &rules->items[i];

		if (strcmp(other->job, rule->job) != 0 && takes_from(other, m, to) &&
		    !activates(rule, m))
			return refuse(rule, other, to, err);
	}
	return BK_OK;
}

enum bk_rc bk_rules_check(const struct bk_policy *policy, struct bk_error *err)
{
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	enum bk_rc rc = BK_OK;

	bk_rules_build(policy, &rules);
	for (size_t i = 0; i < rules.count && !rc; i++)
		rc = check_rule(&rules, policy->mapping, &rules.items[i], err);
	return rc;
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
		if (!rules->items[i].own && !is_live(rules->items[i].to) &&
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
			.end = {bk_is_mapped(&policy->mapping->end), 10},
			.check_in = check_ins[i],
		};

		if (check_ins[i].set && policy->mapping->check_in_mode != BK_TRACKED)
			continue;
		if (!is_ended(policy, rules, &b))
			return true;
		b.grace_us = (struct bk_instant){true, 0};
		if (bk_is_mapped(&policy->mapping->grace) && !is_ended(policy, rules, &b))
			return true;
	}
	return false;
}

/* A rule of the file that leaves the live states ends every booking of its labels, as far
   as can be told without the rows. */
static bool own_rules_end(const struct bk_policy *policy, const struct bk_rules *rules,
			  enum bk_state state)
{
	const struct bk_mapping *m = policy->mapping;

	for (size_t i = 0; i < m->states[state].count; i++) {
		bool ended = false;

		for (size_t r = 0; r < rules->count && !ended; r++) {
			const struct bk_rule *rule = &rules->items[r];

			ended = rule->own && takes_from(rule, m, m->states[state].items[i]) &&
				!is_label_of(m, BK_PENDING, rule->own->to) &&
				!is_label_of(m, BK_CONFIRMED, rule->own->to) &&
				!is_label_of(m, BK_ACTIVE, rule->own->to);
		}
		if (!ended)
			return false;
	}
	return m->states[state].count > 0;
}

size_t bk_rules_gaps(const struct bk_policy *policy, bool ret[BK_STATE_COUNT])
{
	struct bk_rules rules;
	size_t gaps = 0;

	bk_rules_build(policy, &rules);
	for (int state = 0; state < BK_STATE_COUNT; state++) {
		ret[state] = is_live((enum bk_state)state) &&
			     policy->mapping->states[state].count &&
			     !own_rules_end(policy, &rules, (enum bk_state)state) &&
			     has_gap(policy, &rules, (enum bk_state)state);
		gaps += ret[state];
	}
	bk_rules_clear(&rules);
	return gaps;
}

/*
 * Rules as data: one transition of a job each, generated from the mapping.
 * For one instant the conditions on each state are disjoint, so the order of
 * the jobs and the number of hosts do not matter.
 *
 *     bk_rules_build(&policy, &rules);
 *     for each rule of the job: for each scan: bk_rule_condition(...)
 *     bk_rules_clear(&rules);
 */
#ifndef BK_RULE_RULE_H
#define BK_RULE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "rule/row.h"

enum bk_rule_kind {
	BK_RULE_ACTIVATE,         /* S reached, E not, and (K or D not reached) */
	BK_RULE_NO_SHOW,          /* D reached, not K */
	BK_RULE_COMPLETE,         /* active, E reached (tracked: and K) */
	BK_RULE_COMPLETE_ARRIVED, /* confirmed, E reached, K */
	BK_RULE_MISSED,           /* E reached, D never, not K */
	BK_RULE_EXPIRE_HOLD,      /* pending, H reached */
	BK_RULE_OWN,              /* of the file: rule NAME { } */
};

/* One keyset scan: a plain column that is never later than the due instant; see source.h. */
struct bk_scan {
	char *column;     /* SQL in its own domain: b."starts_at" */
	const char *name; /* the plain column; NULL = column is a bound of a range */
	enum bk_source_type type;
	bool bounded;    /* as-of bounds the column; else the scan goes by the key alone */
	bool exact;      /* the column is the instant itself */
	bool end_of_day; /* a date stands for the midnight after it */
	char *zone;      /* the mapping's; NULL = none */
	char *instant;   /* SQL of the column as a timestamptz, which max-age bounds from below */
	char *earlier;   /* the instant of the rule's scan before this one, whose rows are
			    left out; NULL = none */
};

struct bk_rule {
	const char *name; /* kebab-case, in transitions and output */
	const char *job;
	enum bk_rule_kind kind;
	enum bk_state from[2]; /* of a default rule; of one's own, see `own` */
	size_t from_count;
	enum bk_state to;
	const struct bk_own_rule *own; /* NULL = a default rule */
	int64_t max_age_ms;            /* 0 = the job's */
	bool foreign;                  /* its condition reads other tables */
	struct bk_scan scans[2];
	size_t scan_count;
	char *due;     /* SQL instant from which the rule applies, NULL = never */
	char *until;   /* SQL instant from which it no longer applies; NULL = no such */
	char *arrived; /* SQL instant of a check-in that lifts an `until` behind it; NULL = none */
	char *end;     /* SQL instant from which it no longer applies at all; NULL = no such */
	char *filter;  /* SQL condition, never NULL */
};

struct bk_rules {
	struct bk_rule *items;
	size_t count;
};

/*
 * The rules of every enabled job, in the order in which a job takes them: the default ones,
 * then the file's, those whose target another rule of the job takes from before that one.
 */
void bk_rules_build(const struct bk_policy *policy, struct bk_rules *ret);
void bk_rules_clear(struct bk_rules *rules);

/* The labels that a rule takes bookings from, i from 0; NULL behind the last. And the one
   that it gives. */
const char *bk_rule_from(const struct bk_rule *rule, const struct bk_mapping *m, size_t i);
const char *bk_rule_to(const struct bk_rule *rule, const struct bk_mapping *m);

/*
 * Refuses rules that would depend on the order in which jobs run: one whose target is its own
 * source, or that of a rule of another job, but for confirmed to active. BK_E_CONFIG naming
 * both rules.
 */
enum bk_rc bk_rules_check(const struct bk_policy *policy, struct bk_error *err) BK_NODISCARD;

/*
 * The pure form. `lower` bounds the scan column from below (max-age);
 * BK_MINUS_INFINITY = no bound. The from-state is part of the condition.
 */
bool bk_rule_applies(const struct bk_policy *policy, const struct bk_rule *rule,
		     const struct bk_booking *b, int64_t as_of, int64_t lower);

/* The SQL form, appended: scan bounds, due, until, end, filter and what an earlier
   scan leaves over, for the row b. as_of and lower are SQL expressions of timestamptz. */
void bk_rule_condition(struct bk_buf *out, const struct bk_rule *rule, const struct bk_scan *scan,
		       const char *as_of, const char *lower);

/* The bound from below of a rule with a max-age of its own, else `lower`; SQL expressions of
   timestamptz. --backlog, whose bound is -infinity, lifts both. */
char *bk_rule_lower(const struct bk_rule *rule, const char *as_of, const char *lower);

/* A part of it, appended: the scan column lies from `lower` to `upper`, both of them
   included; SQL expressions of timestamptz. */
void bk_scan_between(struct bk_buf *out, const struct bk_scan *scan, const char *lower,
		     const char *upper);

/* Another part: neither `until` nor `end` has ended the rule at that instant. */
void bk_rule_not_over(struct bk_buf *out, const struct bk_rule *rule, const char *at);

/* As bk_rule_condition, but for what max-age leaves alone: due, and older than `lower`
   in every scan of the rule. */
void bk_rule_stale_condition(struct bk_buf *out, const struct bk_rule *rule,
			     const struct bk_scan *scan, const char *as_of, const char *lower);

/*
 * The states of live bookings (pending, confirmed, active) that no enabled job
 * ends: some booking in that state with a finite end stays in it for ever.
 * Sets ret[state]; returns their number.
 */
size_t bk_rules_gaps(const struct bk_policy *policy, bool ret[BK_STATE_COUNT]);

#endif

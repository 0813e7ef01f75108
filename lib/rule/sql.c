/*
 * SQL of the rules; see sql.h.
 */
#include "rule/sql.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rule/pieces.h"
#include "rule/source.h"

#define LT " OPERATOR(pg_catalog.<) "
#define LE " OPERATOR(pg_catalog.<=) "
#define GT " OPERATOR(pg_catalog.>) "
#define GE " OPERATOR(pg_catalog.>=) "
#define TSTZ "::pg_catalog.timestamptz"

/* The scan of a rule by one of the mapped times. */
static void add_scan(struct bk_rule *rule, const struct bk_mapping *m,
		     const struct bk_source *source, const struct bk_source *column,
		     enum bk_side side)
{
	bk_scan_init(&rule->scans[rule->scan_count++], m, source, column, side);
}

static void scan_start(struct bk_rule *rule, const struct bk_mapping *m)
{
	add_scan(rule, m, &m->start, &m->start_scan, BK_SIDE_START);
}

static void scan_end(struct bk_rule *rule, const struct bk_mapping *m)
{
	add_scan(rule, m, &m->end, &m->end_scan, BK_SIDE_END);
}

/* Until D, which a check-in before D lifts, and in any case until the end. */
static void write_activate(const struct bk_pieces *p, const struct bk_mapping *m,
			   struct bk_rule *rule)
{
	scan_start(rule, m);
	rule->due = bk_strdup(p->s);
	rule->end = bk_strdup(p->e);
	rule->filter = bk_strdup(p->valid);
	if (!p->d)
		return;
	rule->until = bk_strdup(p->d);
	if (p->k && m->accept_late)
		rule->arrived = bk_asprintf("CASE WHEN %s IS NOT NULL THEN " BK_LOWEST_SQL " END",
					    p->c);
	else if (p->k)
		rule->arrived = bk_strdup(p->c);
}

static void write_no_show(const struct bk_pieces *p, const struct bk_mapping *m,
			  struct bk_rule *rule)
{
	scan_start(rule, m);
	/* Without a grace there is no deadline, and the rule never applies. */
	rule->due = p->d ? bk_strdup(p->d) : bk_strdup("NULL" TSTZ);
	if (!p->k)
		rule->filter = bk_strdup(p->valid);
	else if (m->accept_late)
		rule->filter = bk_asprintf("%s AND %s IS NULL", p->valid, p->c);
	else
		rule->filter = bk_asprintf("%s AND (%s IS NOT TRUE)", p->valid, p->k);
}

static void write_missed(const struct bk_pieces *p, const struct bk_mapping *m,
			 struct bk_rule *rule)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	scan_end(rule, m);
	rule->due = bk_strdup(p->e);
	bk_buf_str(&b, p->valid);
	if (p->d && m->no_show_if)
		bk_buf_fmt(&b, " AND (%s) IS NULL", p->d);
	else if (p->d && p->g)
		bk_buf_fmt(&b, " AND %s IS NULL", p->g);
	if (p->k)
		bk_buf_fmt(&b, " AND NOT %s", p->k);
	rule->filter = bk_buf_take(&b);
}

static void write_expire_hold(const struct bk_pieces *p, const struct bk_mapping *m,
			      struct bk_rule *rule)
{
	rule->filter = bk_strdup(p->times_valid);
	if (p->hold)
		add_scan(rule, m, &m->hold, &m->hold_scan, BK_SIDE_END);
	if (p->s)
		scan_start(rule, m);
	if (p->hold && p->s) {
		rule->due = bk_asprintf("LEAST(%s, %s)", p->hold, p->s);
		rule->scans[1].earlier = bk_strdup(p->hold);
	} else {
		rule->due = bk_strdup(p->hold ? p->hold : p->s);
	}
}

static void write_end_rule(const struct bk_pieces *p, const struct bk_mapping *m,
			   struct bk_rule *rule)
{
	scan_end(rule, m);
	rule->due = bk_strdup(p->e);
	rule->filter = bk_asprintf("%s%s%s", p->valid, p->k ? " AND " : "", p->k ? p->k : "");
}

static void write_kind(const struct bk_pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
{
	switch (rule->kind) {
	case BK_RULE_ACTIVATE:
		write_activate(p, m, rule);
		break;
	case BK_RULE_NO_SHOW:
		write_no_show(p, m, rule);
		break;
	case BK_RULE_COMPLETE:
	case BK_RULE_COMPLETE_ARRIVED:
		write_end_rule(p, m, rule);
		break;
	case BK_RULE_MISSED:
		write_missed(p, m, rule);
		break;
	case BK_RULE_EXPIRE_HOLD:
		write_expire_hold(p, m, rule);
		break;
	case BK_RULE_OWN:
		break;
	}
}

static void add_condition(struct bk_rule *rule, const char *condition)
{
	char *filter = rule->filter;

	if (!condition)
		return;
	rule->filter = bk_asprintf("%s AND %s", filter, condition);
	free(filter);
}

void bk_rule_write_sql(const struct bk_policy *policy, struct bk_rule *rule)
{
	BK_CLEAN(bk_pieces_clear) struct bk_pieces p;

	bk_pieces_init(&p, policy);
	write_kind(&p, policy->mapping, rule);
	add_condition(rule, policy->mapping->where);
}

void bk_own_rule_write_sql(const struct bk_mapping *m, const struct bk_own_rule *own,
			   struct bk_rule *rule)
{
	rule->due = bk_source_instant(&own->due, m->zone, BK_SIDE_START);
	rule->until = bk_source_instant(&own->until, m->zone, BK_SIDE_START);
	rule->filter = bk_asprintf("%s" LT BK_LIMIT_SQL, rule->due);
	add_condition(rule, own->where);
	add_condition(rule, m->where);
	add_scan(rule, m, &own->due, &own->scan, BK_SIDE_START);
}

void bk_scan_between(struct bk_buf *out, const struct bk_scan *scan, const char *lower,
		     const char *upper)
{
	bk_scan_bounds(out, scan, upper, lower);
	if (!scan->exact)
		bk_buf_fmt(out, " AND %s" GE "%s AND %s" LE "%s", scan->instant, lower,
			   scan->instant, upper);
}

/* until > as_of, or arrived < until: one comparison, for `until` is long. LEAST passes over
   a NULL arrival, and no `until` is never. */
static void put_until(struct bk_buf *out, const struct bk_rule *rule, const char *as_of)
{
	bk_buf_fmt(out, " AND COALESCE((%s), 'infinity'" TSTZ ")" GT, rule->until);
	if (rule->arrived)
		bk_buf_fmt(out, "LEAST(%s, %s)", rule->arrived, as_of);
	else
		bk_buf_str(out, as_of);
}

char *bk_rule_lower(const struct bk_rule *rule, const char *as_of, const char *lower)
{
	if (!rule->max_age_ms)
		return bk_strdup(lower);
	return bk_asprintf("(CASE WHEN %s OPERATOR(pg_catalog.=) " BK_LOWEST_SQL
			   " THEN " BK_LOWEST_SQL " ELSE %s OPERATOR(pg_catalog.-) '%" PRId64
			   " milliseconds'::pg_catalog.interval END)",
			   lower, as_of, rule->max_age_ms);
}

static void put_not_over(struct bk_buf *out, const struct bk_rule *rule, const char *as_of)
{
	if (rule->until)
		put_until(out, rule, as_of);
	if (rule->end)
		bk_buf_fmt(out, " AND (%s IS NULL OR %s" GT "%s)", rule->end, rule->end, as_of);
}

void bk_rule_not_over(struct bk_buf *out, const struct bk_rule *rule, const char *at)
{
	bk_buf_str(out, "true");
	put_not_over(out, rule, at);
}

void bk_rule_condition(struct bk_buf *out, const struct bk_rule *rule, const struct bk_scan *scan,
		       const char *as_of, const char *job_lower)
{
	BK_CLEAN(bk_free_str) char *lower = bk_rule_lower(rule, as_of, job_lower);

	bk_scan_between(out, scan, lower, as_of);
	if (strcmp(rule->due, scan->instant) != 0)
		bk_buf_fmt(out, " AND (%s)" LE "%s", rule->due, as_of);
	put_not_over(out, rule, as_of);
	bk_buf_fmt(out, " AND %s", rule->filter);
	if (scan->earlier)
		bk_buf_fmt(out, " AND (%s IS NULL OR %s" GT "%s OR %s" LT "%s)", scan->earlier,
			   scan->earlier, as_of, scan->earlier, lower);
}

void bk_rule_stale_condition(struct bk_buf *out, const struct bk_rule *rule,
			     const struct bk_scan *scan, const char *as_of, const char *lower)
{
	/* By its column, so that an index serves; each scan then leaves out what an earlier
	   one has, however old. */
	bk_buf_fmt(out, "%s" LT "%s AND ", scan->instant, lower);
	bk_rule_condition(out, rule, scan, as_of, BK_LOWEST_SQL);
	for (size_t i = 0; i < rule->scan_count; i++) {
		if (&rule->scans[i] == scan)
			continue;
		bk_buf_str(out, " AND (");
		bk_scan_between(out, &rule->scans[i], lower, as_of);
		bk_buf_str(out, ") IS NOT TRUE");
	}
}

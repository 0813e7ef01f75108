/*
 * SQL of the default rules; see sql.h. Expressions are built bottom up, as
 * instants of the row b: S, E, C (check-in), G (grace), D and K of row.h.
 */
#include "rule/sql.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rule/source.h"

#define LT " OPERATOR(pg_catalog.<) "
#define LE " OPERATOR(pg_catalog.<=) "
#define GT " OPERATOR(pg_catalog.>) "
#define GE " OPERATOR(pg_catalog.>=) "
#define TSTZ "::pg_catalog.timestamptz"
/* BK_TIME_LIMIT of row.h. */
#define LIMIT_SQL "'294000-01-01 00:00:00+00'" TSTZ
#define LOWEST_SQL "'-infinity'" TSTZ

/* The pieces that the rules are put together from; NULL = not mapped. */
struct pieces {
	char *s;
	char *e;
	char *c;
	char *hold;
	char *g;     /* the row's own grace, a number of its unit */
	char *valid; /* times and, where D counts, grace are a booking's */
	char *times_valid;
	char *d;         /* NULL = never, for any booking */
	bool d_may_lack; /* a booking may have none */
	char *k;         /* NULL = no evidence in this mode */
};

/* The row's own grace as a number of its unit; of an interval, its seconds. */
static char *grace_number(const struct bk_mapping *m)
{
	BK_CLEAN(bk_free_str) char *g = bk_source_sql(&m->grace);

	if (!g || m->grace_unit != BK_GRACE_INTERVAL)
		return BK_TAKE(g);
	return bk_asprintf("pg_catalog.date_part('epoch', %s)", g);
}

/* The grace of the row as an interval; real seconds, never days or months,
   whose length would follow a time zone. Kept within its limits, also where it
   is negative and the row no booking: D is computed before the filter is asked,
   and one row must not end the statement with "out of range". A NULL grace is the
   configured one; where that is none the caller asks for NULL. */
static void put_grace(struct bk_buf *out, const struct pieces *p, const struct bk_mapping *m)
{
	static const struct {
		const char *interval;
		int64_t ms;
	} units[] = {
		[BK_GRACE_SECONDS] = {"1 second", 1000},
		[BK_GRACE_MINUTES] = {"1 minute", 60000},
		[BK_GRACE_HOURS] = {"1 hour", 3600000},
		[BK_GRACE_INTERVAL] = {"1 second", 1000},
	};
	int64_t unit_ms = units[m->grace_unit].ms;

	if (!p->g) {
		bk_buf_fmt(out, "'%" PRId64 " milliseconds'::pg_catalog.interval", m->grace_ms);
		return;
	}
	/* OPERATOR(..) binds all operators alike, so a product needs its brackets. */
	bk_buf_str(out, "(LEAST(GREATEST(");
	if (m->grace_ms < 0)
		bk_buf_str(out, p->g);
	else if (m->grace_ms % unit_ms == 0)
		bk_buf_fmt(out, "COALESCE(%s, %" PRId64 ")", p->g, m->grace_ms / unit_ms);
	else
		bk_buf_fmt(out, "COALESCE(%s::pg_catalog.float8, %.17g)", p->g,
			   (double)m->grace_ms / (double)unit_ms);
	bk_buf_fmt(out,
		   ", 0), %" PRId64 ")::pg_catalog.float8 OPERATOR(pg_catalog.*)"
		   " '%s'::pg_catalog.interval)",
		   BK_GRACE_LIMIT_MINUTES * 60000 / unit_ms, units[m->grace_unit].interval);
}

/* D = least(S + G, E). LEAST ignores a NULL end; a NULL grace must be caught, and who cannot be
   a no-show has none. */
static void write_deadline(struct pieces *p, const struct bk_policy *policy)
{
	const struct bk_mapping *m = policy->mapping;
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;
	bool may_be_none = m->grace_ms < 0;

	if (!p->s || !policy->no_show || m->check_in_mode == BK_UNTRACKED || (may_be_none && !p->g))
		return;
	p->d_may_lack = may_be_none || m->no_show_if;
	if (p->d_may_lack)
		bk_buf_fmt(&b, "CASE WHEN %s%s%s%s THEN ", m->no_show_if ? m->no_show_if : "",
			   m->no_show_if && may_be_none ? " AND " : "", may_be_none ? p->g : "",
			   may_be_none ? " IS NOT NULL" : "");
	bk_buf_fmt(&b, "LEAST(LEAST(%s, " LIMIT_SQL ") OPERATOR(pg_catalog.+) ", p->s);
	put_grace(&b, p, m);
	if (p->e)
		bk_buf_fmt(&b, ", %s", p->e);
	bk_buf_str(&b, ")");
	if (p->d_may_lack)
		bk_buf_str(&b, " END");
	p->d = bk_buf_take(&b);
}

static void write_valid(struct pieces *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	if (p->s)
		bk_buf_fmt(&b, "%s" GT LOWEST_SQL " AND %s" LT LIMIT_SQL, p->s, p->s);
	else
		bk_buf_str(&b, "true");
	if (p->e && p->s)
		bk_buf_fmt(&b, " AND (%s IS NULL OR (%s" GE "%s AND %s" LT LIMIT_SQL "))", p->e,
			   p->e, p->s, p->e);
	p->times_valid = bk_strdup(bk_buf_cstr(&b));
	if (p->d && p->g)
		bk_buf_fmt(&b, " AND (%s IS NULL OR %s" GE "0)", p->g, p->g);
	p->valid = bk_buf_take(&b);
}

static char *write_checked_in(const struct pieces *p, const struct bk_mapping *m)
{
	if (m->check_in_mode != BK_TRACKED || !p->c)
		return NULL;
	if (!p->d || m->accept_late)
		return bk_asprintf("%s IS NOT NULL", p->c);
	if (!p->d_may_lack)
		return bk_asprintf("(%s IS NOT NULL AND %s" LT "%s)", p->c, p->c, p->d);
	return bk_asprintf("(%s IS NOT NULL AND COALESCE(%s" LT "(%s), true))", p->c, p->c, p->d);
}

static void init_pieces(struct pieces *p, const struct bk_policy *policy)
{
	const struct bk_mapping *m = policy->mapping;

	*p = (struct pieces){
		.s = bk_source_instant(&m->start, m->zone, BK_SIDE_START),
		.e = bk_source_instant(&m->end, m->zone, BK_SIDE_END),
		.c = bk_source_instant(&m->check_in, m->zone, BK_SIDE_START),
		.hold = bk_source_instant(&m->hold, m->zone, BK_SIDE_END),
		.g = grace_number(m),
	};
	write_deadline(p, policy);
	write_valid(p);
	p->k = write_checked_in(p, m);
}

static void clear_pieces(struct pieces *p)
{
	free(p->s);
	free(p->e);
	free(p->c);
	free(p->hold);
	free(p->g);
	free(p->valid);
	free(p->times_valid);
	free(p->d);
	free(p->k);
}

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
static void write_activate(const struct pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
{
	scan_start(rule, m);
	rule->due = bk_strdup(p->s);
	rule->end = bk_strdup(p->e);
	rule->filter = bk_strdup(p->valid);
	if (!p->d)
		return;
	rule->until = bk_strdup(p->d);
	if (p->k && m->accept_late)
		rule->arrived = bk_asprintf("CASE WHEN %s IS NOT NULL THEN " LOWEST_SQL " END",
					    p->c);
	else if (p->k)
		rule->arrived = bk_strdup(p->c);
}

static void write_no_show(const struct pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
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

static void write_missed(const struct pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
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

static void write_expire_hold(const struct pieces *p, const struct bk_mapping *m,
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

static void write_end_rule(const struct pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
{
	scan_end(rule, m);
	rule->due = bk_strdup(p->e);
	rule->filter = bk_asprintf("%s%s%s", p->valid, p->k ? " AND " : "", p->k ? p->k : "");
}

static void write_kind(const struct pieces *p, const struct bk_mapping *m, struct bk_rule *rule)
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
	BK_CLEAN(clear_pieces) struct pieces p;

	init_pieces(&p, policy);
	write_kind(&p, policy->mapping, rule);
	add_condition(rule, policy->mapping->where);
}

void bk_own_rule_write_sql(const struct bk_mapping *m, const struct bk_own_rule *own,
			   struct bk_rule *rule)
{
	rule->due = bk_source_instant(&own->due, m->zone, BK_SIDE_START);
	rule->until = bk_source_instant(&own->until, m->zone, BK_SIDE_START);
	rule->filter = bk_asprintf("%s" LT LIMIT_SQL, rule->due);
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

/* The bound from below, of a rule with a max-age of its own; --backlog lifts it, too. */
static char *own_lower(const struct bk_rule *rule, const char *as_of, const char *lower)
{
	if (!rule->max_age_ms)
		return bk_strdup(lower);
	return bk_asprintf("(CASE WHEN %s OPERATOR(pg_catalog.=) " LOWEST_SQL " THEN " LOWEST_SQL
			   " ELSE %s OPERATOR(pg_catalog.-) '%" PRId64
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
	BK_CLEAN(bk_free_str) char *lower = own_lower(rule, as_of, job_lower);

	bk_scan_between(out, scan, lower, as_of);
	if (strcmp(rule->due, scan->instant) != 0)
		bk_buf_fmt(out, " AND (%s)" LE "%s", rule->due, as_of);
	put_not_over(out, rule, as_of);
	bk_buf_fmt(out, " AND %s", rule->filter);
	if (scan->earlier)
		bk_buf_fmt(out, " AND (%s IS NULL OR %s" GT "%s OR %s" LT "%s)", scan->earlier,
			   scan->earlier, as_of, scan->earlier, lower);
}

/* Outside of what times_valid allows, NULL aside. */
static char *write_infinite(const struct pieces *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	bk_buf_fmt(&b, "(%s" LE LOWEST_SQL " OR %s" GE LIMIT_SQL, p->s, p->s);
	if (p->e)
		bk_buf_fmt(&b, " OR %s" GE LIMIT_SQL " OR %s" LE LOWEST_SQL, p->e, p->e);
	bk_buf_char(&b, ')');
	return bk_buf_take(&b);
}

void bk_faults_write(const struct bk_policy *policy, struct bk_faults *ret)
{
	BK_CLEAN(clear_pieces) struct pieces p;

	init_pieces(&p, policy);
	*ret = (struct bk_faults){
		.no_start = p.s ? bk_asprintf("%s IS NULL", p.s) : NULL,
		.no_end = p.e ? bk_asprintf("%s IS NULL", p.e) : NULL,
		.infinite = p.s ? write_infinite(&p) : NULL,
		.end_before_start = p.s && p.e ? bk_asprintf("%s" LT "%s", p.e, p.s) : NULL,
		.negative_grace = p.g ? bk_asprintf("%s" LT "0", p.g) : NULL,
	};
}

void bk_faults_clear(struct bk_faults *faults)
{
	free(faults->no_start);
	free(faults->no_end);
	free(faults->infinite);
	free(faults->end_before_start);
	free(faults->negative_grace);
	*faults = (struct bk_faults){.no_start = NULL};
}

void bk_rule_stale_condition(struct bk_buf *out, const struct bk_rule *rule,
			     const struct bk_scan *scan, const char *as_of, const char *lower)
{
	/* By its column, so that an index serves; each scan then leaves out what an earlier
	   one has, however old. */
	bk_buf_fmt(out, "%s" LT "%s AND ", scan->instant, lower);
	bk_rule_condition(out, rule, scan, as_of, LOWEST_SQL);
	for (size_t i = 0; i < rule->scan_count; i++) {
		if (&rule->scans[i] == scan)
			continue;
		bk_buf_str(out, " AND (");
		bk_scan_between(out, &rule->scans[i], lower, as_of);
		bk_buf_str(out, ") IS NOT TRUE");
	}
}

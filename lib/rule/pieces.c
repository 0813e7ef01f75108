/*
 * The instants of a booking as SQL; see pieces.h. Built bottom up.
 */
#include "rule/pieces.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "rule/source.h"

#define LT " OPERATOR(pg_catalog.<) "
#define GT " OPERATOR(pg_catalog.>) "
#define GE " OPERATOR(pg_catalog.>=) "

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
static void put_grace(struct bk_buf *out, const struct bk_pieces *p, const struct bk_mapping *m)
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
static void write_deadline(struct bk_pieces *p, const struct bk_policy *policy)
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
	bk_buf_fmt(&b, "LEAST(LEAST(%s, " BK_LIMIT_SQL ") OPERATOR(pg_catalog.+) ", p->s);
	put_grace(&b, p, m);
	if (p->e)
		bk_buf_fmt(&b, ", %s", p->e);
	bk_buf_str(&b, ")");
	if (p->d_may_lack)
		bk_buf_str(&b, " END");
	p->d = bk_buf_take(&b);
}

static void write_valid(struct bk_pieces *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	if (p->s)
		bk_buf_fmt(&b, "%s" GT BK_LOWEST_SQL " AND %s" LT BK_LIMIT_SQL, p->s, p->s);
	else
		bk_buf_str(&b, "true");
	if (p->e && p->s)
		bk_buf_fmt(&b, " AND (%s IS NULL OR (%s" GE "%s AND %s" LT BK_LIMIT_SQL "))", p->e,
			   p->e, p->s, p->e);
	p->times_valid = bk_strdup(bk_buf_cstr(&b));
	if (p->d && p->g)
		bk_buf_fmt(&b, " AND (%s IS NULL OR %s" GE "0)", p->g, p->g);
	p->valid = bk_buf_take(&b);
}

static char *write_checked_in(const struct bk_pieces *p, const struct bk_mapping *m)
{
	if (m->check_in_mode != BK_TRACKED || !p->c)
		return NULL;
	if (!p->d || m->accept_late)
		return bk_asprintf("%s IS NOT NULL", p->c);
	if (!p->d_may_lack)
		return bk_asprintf("(%s IS NOT NULL AND %s" LT "%s)", p->c, p->c, p->d);
	return bk_asprintf("(%s IS NOT NULL AND COALESCE(%s" LT "(%s), true))", p->c, p->c, p->d);
}

void bk_pieces_init(struct bk_pieces *p, const struct bk_policy *policy)
{
	const struct bk_mapping *m = policy->mapping;

	*p = (struct bk_pieces){
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

void bk_pieces_clear(struct bk_pieces *p)
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

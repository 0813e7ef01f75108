/*
 * Columns and expressions as instants and as scans; see source.h.
 */
#include "rule/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"

#define LE " OPERATOR(pg_catalog.<=) "
#define GE " OPERATOR(pg_catalog.>=) "
#define PLUS " OPERATOR(pg_catalog.+) "
#define MINUS " OPERATOR(pg_catalog.-) "
#define TSTZ "::pg_catalog.timestamptz"
#define INTERVAL "::pg_catalog.interval"
/* BK_TIME_LIMIT of row.h, and a time that no zone brings below what a timestamptz holds. */
#define LIMIT_TEXT "'294000-01-01 00:00:00'"
#define LOWEST_TEXT "'4000-01-01 00:00:00 BC'"
#define LIMIT_EPOCH "9215576668800"
#define LOWEST_EPOCH "-188000000000"

static char *column_sql(const char *name)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	bk_buf_str(&b, "b.");
	bk_sql_ident(&b, name);
	return bk_buf_take(&b);
}

char *bk_source_sql(const struct bk_source *source)
{
	if (source->column)
		return column_sql(source->column);
	return bk_strdup(source->expr);
}

static bool zone_is_of_row(const char *zone)
{
	return *zone == '(';
}

static char *zone_sql(const char *zone)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	if (!zone || zone_is_of_row(zone))
		return bk_strdup(zone);
	bk_sql_literal(&b, zone);
	return bk_buf_take(&b);
}

/* A local timestamp in the zone. */
static char *from_local(const char *local, const char *zone)
{
	BK_CLEAN(bk_free_str) char *in = zone_sql(zone);

	return bk_asprintf("(CASE WHEN %s" GE LIMIT_TEXT
			   "::pg_catalog.timestamp THEN 'infinity'" TSTZ " WHEN %s" LE LOWEST_TEXT
			   "::pg_catalog.timestamp THEN '-infinity'" TSTZ
			   " ELSE pg_catalog.timezone(%s, %s) END)",
			   local, local, in, local);
}

static char *from_date(const char *day, const char *zone, bool day_after)
{
	BK_CLEAN(bk_free_str)
	char *local = bk_asprintf("(%s%s)::pg_catalog.timestamp", day, day_after ? PLUS "1" : "");

	return from_local(local, zone);
}

static char *from_epoch(const char *number, const char *scale)
{
	return bk_asprintf("(CASE WHEN %s" GE LIMIT_EPOCH "%s THEN 'infinity'" TSTZ
			   " WHEN %s" LE LOWEST_EPOCH "%s THEN '-infinity'" TSTZ
			   " ELSE pg_catalog.to_timestamp(%s::pg_catalog.float8%s%s) END)",
			   number, scale, number, scale, number,
			   *scale ? " OPERATOR(pg_catalog./) 1" : "", scale);
}

static char *bound_of(const char *range, enum bk_side side)
{
	return bk_asprintf("pg_catalog.%s(%s)", side == BK_SIDE_END ? "upper" : "lower", range);
}

/* A value of that type. */
static char *instant_of(const char *value, enum bk_source_type type, const char *zone,
			enum bk_side side)
{
	BK_CLEAN(bk_free_str) char *bound = bound_of(value, side);

	switch (type) {
	case BK_SOURCE_TIMESTAMPTZ:
		return bk_strdup(value);
	case BK_SOURCE_TIMESTAMP:
		return from_local(value, zone);
	case BK_SOURCE_DATE:
		return from_date(value, zone, side == BK_SIDE_END);
	case BK_SOURCE_SECONDS:
		return from_epoch(value, "");
	case BK_SOURCE_MILLISECONDS:
		return from_epoch(value, "000");
	case BK_SOURCE_RANGE:
		return BK_TAKE(bound);
	case BK_SOURCE_TSRANGE:
		return from_local(bound, zone);
	/* Its canonical form excludes the upper day. */
	case BK_SOURCE_DATERANGE:
		return from_date(bound, zone, false);
	case BK_SOURCE_FLAG:
		return bk_asprintf("(CASE WHEN %s THEN '-infinity'" TSTZ " END)", value);
	case BK_SOURCE_NUMBER:
	case BK_SOURCE_INTERVAL:
	case BK_SOURCE_TYPE_COUNT:
		break;
	}
	bk_bug(__FILE__, __LINE__, bk_source_type_names[type]);
}

char *bk_source_instant(const struct bk_source *source, const char *zone, enum bk_side side)
{
	BK_CLEAN(bk_free_str) char *value = bk_source_sql(source);

	return value ? instant_of(value, source->type, zone, side) : NULL;
}

char *bk_updated_sql(const struct bk_mapping *m)
{
	BK_CLEAN(bk_free_str) char *zone = zone_sql(m->zone);

	switch (m->updated.type) {
	case BK_SOURCE_TIMESTAMP:
		return bk_asprintf("pg_catalog.timezone(%s, pg_catalog.now())", zone);
	case BK_SOURCE_DATE:
		return bk_asprintf("pg_catalog.timezone(%s, pg_catalog.now())::pg_catalog.date",
				   zone);
	case BK_SOURCE_SECONDS:
	case BK_SOURCE_MILLISECONDS:
		return bk_asprintf(
			"pg_catalog.floor(pg_catalog.date_part('epoch', pg_catalog.now())"
			" OPERATOR(pg_catalog.*) %s)::pg_catalog.int8",
			m->updated.type == BK_SOURCE_SECONDS ? "1" : "1000");
	case BK_SOURCE_TIMESTAMPTZ:
	case BK_SOURCE_RANGE:
	case BK_SOURCE_TSRANGE:
	case BK_SOURCE_DATERANGE:
	case BK_SOURCE_FLAG:
	case BK_SOURCE_NUMBER:
	case BK_SOURCE_INTERVAL:
	case BK_SOURCE_TYPE_COUNT:
		break;
	}
	return bk_strdup("pg_catalog.now()");
}

static bool is_range(enum bk_source_type type)
{
	return type == BK_SOURCE_RANGE || type == BK_SOURCE_TSRANGE || type == BK_SOURCE_DATERANGE;
}

void bk_scan_init(struct bk_scan *scan, const struct bk_mapping *m, const struct bk_source *source,
		  const struct bk_source *column, enum bk_side side)
{
	bool own = bk_is_mapped(column);
	const struct bk_source *by = own ? column : source;

	/* A day of its own is one that begins no later, whatever it is a scan for. */
	side = own ? BK_SIDE_START : side;
	*scan = (struct bk_scan){.type = by->type, .end_of_day = side == BK_SIDE_END};
	scan->zone = bk_strdup(m->zone);
	if (by->column) {
		BK_CLEAN(bk_free_str) char *name = column_sql(by->column);

		scan->bounded = true;
		scan->name = is_range(by->type) ? NULL : by->column;
		scan->column = is_range(by->type) ? bound_of(name, side) : BK_TAKE(name);
		scan->exact = by->type == BK_SOURCE_TIMESTAMPTZ || by->type == BK_SOURCE_RANGE;
		scan->instant = bk_source_instant(by, m->zone, side);
		return;
	}
	scan->name = m->keys[0];
	scan->column = column_sql(m->keys[0]);
	scan->instant = bk_source_instant(source, m->zone, side);
}

void bk_scan_clear(struct bk_scan *scan)
{
	free(scan->column);
	free(scan->instant);
	free(scan->zone);
	free(scan->earlier);
}

/* As-of in the domain of the column, widened: the night in which the clock goes back has an
   hour twice, and where each row names its zone it may be any. */
static void local_bounds(struct bk_buf *out, const struct bk_scan *scan, const char *as_of,
			 const char *lower)
{
	bool of_row = zone_is_of_row(scan->zone);
	BK_CLEAN(bk_free_str) char *zone = of_row ? bk_strdup("'UTC'") : zone_sql(scan->zone);
	const char *slack = of_row ? "15 hours" : "1 hour";

	bk_buf_fmt(out,
		   "%s" LE "(pg_catalog.timezone(%s, %s)" PLUS "'%s'" INTERVAL ") AND %s" GE
		   "(pg_catalog.timezone(%s, %s)" MINUS "'%s'" INTERVAL ")",
		   scan->column, zone, as_of, slack, scan->column, zone, lower, slack);
}

static void date_bounds(struct bk_buf *out, const struct bk_scan *scan, const char *as_of,
			const char *lower)
{
	bool of_row = zone_is_of_row(scan->zone);
	BK_CLEAN(bk_free_str) char *zone = of_row ? bk_strdup("'UTC'") : zone_sql(scan->zone);

	bk_buf_fmt(out,
		   "%s" LE "(pg_catalog.timezone(%s, %s)::pg_catalog.date" PLUS "%d) AND %s" GE
		   "(pg_catalog.timezone(%s, %s)::pg_catalog.date" MINUS "%d)",
		   scan->column, zone, as_of, of_row, scan->column, zone, lower, 1 + of_row);
}

static void epoch_bounds(struct bk_buf *out, const struct bk_scan *scan, const char *as_of,
			 const char *lower, const char *scale)
{
	bk_buf_fmt(out,
		   "%s" LE "pg_catalog.ceil(pg_catalog.date_part('epoch', %s)"
		   " OPERATOR(pg_catalog.*) 1%s)::pg_catalog.int8 AND %s" GE
		   "pg_catalog.floor(pg_catalog.date_part('epoch', GREATEST(%s, " LOWEST_TEXT TSTZ
		   ")) OPERATOR(pg_catalog.*) 1%s)::pg_catalog.int8",
		   scan->column, as_of, scale, scan->column, lower, scale);
}

void bk_scan_bounds(struct bk_buf *out, const struct bk_scan *scan, const char *as_of,
		    const char *lower)
{
	if (!scan->bounded) {
		bk_buf_str(out, "true");
		return;
	}
	switch (scan->type) {
	case BK_SOURCE_TIMESTAMP:
	case BK_SOURCE_TSRANGE:
		local_bounds(out, scan, as_of, lower);
		break;
	case BK_SOURCE_DATE:
	case BK_SOURCE_DATERANGE:
		date_bounds(out, scan, as_of, lower);
		break;
	case BK_SOURCE_SECONDS:
		epoch_bounds(out, scan, as_of, lower, "");
		break;
	case BK_SOURCE_MILLISECONDS:
		epoch_bounds(out, scan, as_of, lower, "000");
		break;
	case BK_SOURCE_TIMESTAMPTZ:
	case BK_SOURCE_RANGE:
	case BK_SOURCE_FLAG:
	case BK_SOURCE_NUMBER:
	case BK_SOURCE_INTERVAL:
	case BK_SOURCE_TYPE_COUNT:
		bk_buf_fmt(out, "%s" LE "%s AND %s" GE "%s", scan->column, as_of, scan->column,
			   lower);
		break;
	}
}

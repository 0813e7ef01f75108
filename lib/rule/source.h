/*
 * The values of a booking as SQL over the row b: what a column or an expression of the
 * mapping gives becomes an instant, and a scan gets its bounds in the domain of its
 * column, so that a plain index on it serves. Every operator and type is qualified.
 */
#ifndef BK_RULE_SOURCE_H
#define BK_RULE_SOURCE_H

#include "base/buf.h"
#include "conf/mapping.h"
#include "rule/rule.h"

/* Which end of a period a value is: of a day the first midnight or the one after it, of a
   range the lower or the upper bound. */
enum bk_side { BK_SIDE_START, BK_SIDE_END };

/* The value as it stands: b."column", or the expression in brackets. NULL = not mapped. */
char *bk_source_sql(const struct bk_source *source);

/*
 * The same as a timestamptz. `zone` is the mapping's. What no timestamptz can hold becomes
 * infinite, for one row must not end the statement; a flag becomes -infinity or NULL.
 */
char *bk_source_instant(const struct bk_source *source, const char *zone, enum bk_side side);

/* The time of the transaction in the form of the column `updated`. */
char *bk_updated_sql(const struct bk_mapping *m);

/*
 * The scan by `source`, or by `column` where that is mapped: a plain column that is never
 * later. Where neither names a column, by the key alone, without bounds.
 */
void bk_scan_init(struct bk_scan *scan, const struct bk_mapping *m, const struct bk_source *source,
		  const struct bk_source *column, enum bk_side side);
void bk_scan_clear(struct bk_scan *scan);

/* Appends the bounds on the scan's column, or "true". as_of and lower are SQL of type
   timestamptz. */
void bk_scan_bounds(struct bk_buf *out, const struct bk_scan *scan, const char *as_of,
		    const char *lower);

#endif

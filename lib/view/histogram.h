/*
 * Execution times as the schema counts them (execution_stats.buckets): one
 * counter a millisecond up to 15, then eight equal parts of each doubling, so
 * that a percentile is within an eighth of the truth whatever its size.
 *
 *     struct bk_histogram h = {.max_ms = 0};
 *     if ((rc = bk_histogram_add(&h, "{0,3,1}", 2, err))) ...
 *     p95 = bk_histogram_quantile(&h, 0.95);
 */
#ifndef BK_VIEW_HISTOGRAM_H
#define BK_VIEW_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { BK_HISTOGRAM_BUCKETS = 208 };

struct bk_histogram {
	int64_t counts[BK_HISTOGRAM_BUCKETS];
	int64_t total;
	int64_t max_ms; /* the longest time of all that was added */
};

/* The bounds of a bucket in ms: from lower (counts) to upper (does not); 0 <= bucket <
   BK_HISTOGRAM_BUCKETS. */
int64_t bk_histogram_lower(size_t bucket);
int64_t bk_histogram_upper(size_t bucket);

/* Adds counters from the text of an SQL array of integers, which may be shorter than
   the histogram (NULL = nothing), and the longest time among them. BK_E_INTERNAL for
   a text that is no such array; then nothing was added. */
enum bk_rc bk_histogram_add(struct bk_histogram *h, const char *array, int64_t max_ms,
			    struct bk_error *err) BK_NODISCARD;

/* The time in ms that the share q (0 to 1) of the executions did not exceed, by the
   nearest rank and evenly spread inside a bucket, never above max_ms; -1 where nothing
   was added. */
double bk_histogram_quantile(const struct bk_histogram *h, double q);

#endif

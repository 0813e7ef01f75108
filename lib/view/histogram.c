/*
 * Percentiles from counted execution times; see histogram.h.
 */
#include "view/histogram.h"

#include "base/attr.h"
#include "base/mem.h"
#include "base/number.h"
#include "db/array.h"

enum { EXACT = 16, PARTS = 8 };

int64_t bk_histogram_lower(size_t bucket)
{
	BK_ASSERT(bucket < BK_HISTOGRAM_BUCKETS);
	if (bucket < EXACT)
		return (int64_t)bucket;
	return (int64_t)(PARTS + bucket % PARTS) << (bucket / PARTS - 1);
}

int64_t bk_histogram_upper(size_t bucket)
{
	BK_ASSERT(bucket < BK_HISTOGRAM_BUCKETS);
	if (bucket < EXACT)
		return (int64_t)bucket + 1;
	return (int64_t)(PARTS + 1 + bucket % PARTS) << (bucket / PARTS - 1);
}

enum bk_rc bk_histogram_add(struct bk_histogram *h, const char *array, int64_t max_ms,
			    struct bk_error *err)
{
	BK_CLEAN(bk_array_clear) struct bk_array items = {.count = 0};
	int64_t counts[BK_HISTOGRAM_BUCKETS] = {0};

	if (!array)
		return BK_OK;
	if (!bk_array_parse(array, &items) || items.count > BK_HISTOGRAM_BUCKETS)
		return bk_error_set(err, BK_E_INTERNAL, "execution_stats: no buckets: %.40s",
				    array);
	for (size_t i = 0; i < items.count; i++)
		if (!items.items[i] || !bk_parse_u63(items.items[i], &counts[i]))
			return bk_error_set(err, BK_E_INTERNAL, "execution_stats: no count: %.40s",
					    items.items[i] ? items.items[i] : "NULL");
	for (size_t i = 0; i < items.count; i++) {
		h->counts[i] += counts[i];
		h->total += counts[i];
	}
	if (max_ms > h->max_ms)
		h->max_ms = max_ms;
	return BK_OK;
}

/* Which one of the executions, the fastest being the first. */
static int64_t nearest_rank(int64_t total, double q)
{
	int64_t rank = (int64_t)(q * (double)total);

	if ((double)rank < q * (double)total)
		rank++;
	return rank < 1 ? 1 : rank;
}

double bk_histogram_quantile(const struct bk_histogram *h, double q)
{
	int64_t rank = nearest_rank(h->total, q);
	double ms = (double)h->max_ms;
	size_t i = 0;

	if (h->total == 0)
		return -1;
	while (i < BK_HISTOGRAM_BUCKETS && h->counts[i] < rank)
		rank -= h->counts[i++];
	if (i < EXACT)
		ms = (double)i;
	else if (i < BK_HISTOGRAM_BUCKETS)
		ms = (double)bk_histogram_lower(i) +
		     (double)(bk_histogram_upper(i) - bk_histogram_lower(i)) * (double)rank /
			     (double)h->counts[i];
	return ms < (double)h->max_ms ? ms : (double)h->max_ms;
}

/*
 * The column tables; see metrics.h.
 */
#include "out/metrics.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_metrics_view, member)

static const struct bk_column columns[] = {
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), 0},
	{"RUNS", "runs", BK_CELL_INT, AT(runs), 0},
	{"SUCCESS", "successRate", BK_CELL_SHARE, AT(success_share), 0},
	{"EMPTY", "emptyRuns", BK_CELL_INT, AT(empty), BK_COL_WIDE},
	{"SUCCESS", "successes", BK_CELL_INT, AT(successes), BK_COL_DATA},
	{"PARTIAL", "partial", BK_CELL_INT, AT(partial), BK_COL_WIDE},
	{"ERROR", "errors", BK_CELL_INT, AT(errors), BK_COL_WIDE},
	{"TIMEOUT", "timeouts", BK_CELL_INT, AT(timeouts), BK_COL_WIDE},
	{"CANCELLED", "cancelled", BK_CELL_INT, AT(cancelled), BK_COL_WIDE},
	{"ABANDONED", "abandoned", BK_CELL_INT, AT(abandoned), BK_COL_WIDE},
	{"REFUSED", "refused", BK_CELL_INT, AT(refused), BK_COL_WIDE},
	{"PROCESSED", "processedCount", BK_CELL_INT, AT(processed), 0},
	{"RETRIES", "retries", BK_CELL_INT, AT(retries), 0},
	{"SKIPPED", "skippedLocked", BK_CELL_INT, AT(skipped_locked), BK_COL_WIDE},
	{"SET ASIDE", "quarantined", BK_CELL_INT, AT(quarantined), BK_COL_WIDE},
	{"DID NOTHING", "idleWhileDue", BK_CELL_INT, AT(idle_with_rest), BK_COL_WIDE},
	{"MEAN", "meanMs", BK_CELL_DURATION, AT(mean_ms), 0},
	{"P50", "p50Ms", BK_CELL_DURATION, AT(p50_ms), 0},
	{"P95", "p95Ms", BK_CELL_DURATION, AT(p95_ms), 0},
	{"P99", "p99Ms", BK_CELL_DURATION, AT(p99_ms), 0},
	{"MAX", "maxMs", BK_CELL_DURATION, AT(max_ms), 0},
	{"QUEUE", "queueDepth", BK_CELL_INT, AT(queue_depth), 0},
	{"OLDEST DUE", "oldestDueAt", BK_CELL_TIME, AT(oldest_due_at), BK_COL_WIDE},
	{"AGE", "oldestAgeMs", BK_CELL_DURATION, AT(oldest_age_ms), 0},
	{"ERROR CODES", NULL, BK_CELL_TEXT, AT(codes), BK_COL_SHOW | BK_COL_LAST},
};

static const struct bk_column drawing_columns[] = {
	{"JOB", NULL, BK_CELL_TEXT, AT(job_name), BK_COL_SHOW},
	{"PROCESSED", NULL, BK_CELL_SPARK, AT(processed_by_time), BK_COL_SHOW},
	{"RUNS", NULL, BK_CELL_SPARK, AT(runs_by_time), BK_COL_SHOW},
	{"FAILURES", NULL, BK_CELL_SPARK, AT(failures_by_time), BK_COL_SHOW | BK_COL_WIDE},
};

#undef AT
#define AT(member) offsetof(struct bk_metrics_code, member)

static const struct bk_column code_columns[] = {
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), 0},
	{"ERROR CODE", "errorCode", BK_CELL_TEXT, AT(error_code), 0},
	{"COUNT", "count", BK_CELL_INT, AT(count), 0},
};

#undef AT

struct bk_list bk_out_metrics(const struct bk_metrics *metrics)
{
	return (struct bk_list){
		.columns = columns,
		.column_count = BK_COUNT(columns),
		.rows = metrics->items,
		.row_size = sizeof(*metrics->items),
		.row_count = metrics->count,
		.type = "metrics",
		.none = "no jobs",
	};
}

struct bk_list bk_out_metrics_drawings(const struct bk_metrics *metrics)
{
	return (struct bk_list){
		.columns = drawing_columns,
		.column_count = BK_COUNT(drawing_columns),
		.rows = metrics->items,
		.row_size = sizeof(*metrics->items),
		.row_count = metrics->count,
		.type = "drawing",
		.none = "no jobs",
	};
}

struct bk_list bk_out_metrics_codes(const struct bk_metrics *metrics)
{
	return (struct bk_list){
		.columns = code_columns,
		.column_count = BK_COUNT(code_columns),
		.rows = metrics->codes,
		.row_size = sizeof(*metrics->codes),
		.row_count = metrics->code_count,
		.type = "code",
		.none = "no errors",
	};
}

/*
 * The column tables; see due.h.
 */
#include "out/due.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_overdue_view, member)

static const struct bk_column overdue_columns[] = {
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), 0},
	{"OVERDUE", "overdueCount", BK_CELL_INT, AT(count), 0},
	{"OLDEST DUE", "oldestDueAt", BK_CELL_TIME, AT(oldest_due_at), 0},
	{"AGE", "oldestAgeMs", BK_CELL_DURATION, AT(oldest_age_ms), 0},
	{"STALE", "staleCount", BK_CELL_INT, AT(stale), 0},
	{"MAX AGE", "maxAgeMs", BK_CELL_PERIOD, AT(max_age_ms), BK_COL_WIDE},
	{"ERROR", "errorMessage", BK_CELL_TEXT, AT(error_message), BK_COL_DATA},
};

#undef AT
#define AT(member) offsetof(struct bk_forecast_view, member)

/* The bar is the last one. */
static const struct bk_column forecast_columns[] = {
	{"HOUR", NULL, BK_CELL_TIME, AT(shown_hour), BK_COL_SHOW},
	{"HOUR", "hour", BK_CELL_INT, AT(hour), BK_COL_DATA},
	{"FROM", "startsAt", BK_CELL_TIME, AT(starts_at), BK_COL_DATA},
	{"TO", "endsAt", BK_CELL_TIME, AT(ends_at), BK_COL_DATA},
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), BK_COL_WIDE},
	{"COUNT", "count", BK_CELL_INT, AT(count), 0},
	{"", NULL, BK_CELL_BAR, AT(count), BK_COL_SHOW | BK_COL_LAST},
};

#undef AT

struct bk_list bk_out_overdue(const struct bk_overdue *overdue, bool total)
{
	return (struct bk_list){
		.columns = overdue_columns,
		.column_count = BK_COUNT(overdue_columns),
		.rows = overdue->items,
		.row_size = sizeof(*overdue->items),
		.row_count = overdue->count + (total && overdue->count ? 1 : 0),
		.type = "overdue",
		.none = "no rule is enabled",
	};
}

struct bk_list bk_out_forecast(const struct bk_forecast *forecast, bool bars)
{
	return (struct bk_list){
		.columns = forecast_columns,
		.column_count = BK_COUNT(forecast_columns) - (bars ? 0 : 1),
		.rows = forecast->items,
		.row_size = sizeof(*forecast->items),
		.row_count = forecast->count,
		.type = "forecast",
		.none = "nothing becomes due",
	};
}

/*
 * `bkstatus overdue` and `bkstatus forecast`: the work of the rules now and in
 * the hours to come.
 */
#include "cli/status_commands.h"

#include "cli/status_print.h"
#include "db/rows.h"
#include "out/due.h"

#define DEFAULT_HOURS 24

#define TOO_LONG "some counts took too long, and are not known"
#define FAILED "rule %s: %s: %s"

static void set_count(struct bk_json *to, const char *key, int64_t n)
{
	if (n == BK_NULL_INT)
		bk_json_set_null(to, key);
	else
		bk_json_set_int(to, key, n);
}

/* What stands beside the rules, in JSON and in the summary of JSON lines. */
static void set_total(const struct bk_overdue *overdue, struct bk_json *to)
{
	const struct bk_overdue_view *total = &overdue->items[overdue->count];

	bk_json_set_str(to, "asOf", overdue->as_of);
	bk_json_set_int(to, "countLimit", overdue->limit);
	bk_json_set_bool(to, "partial", overdue->partial);
	set_count(to, "overdueCount", total->count);
	bk_json_set_str(to, "oldestDueAt", total->oldest_due_at);
	set_count(to, "oldestAgeMs", total->oldest_age_ms);
	set_count(to, "staleCount", total->stale);
}

static void warn_of_overdue(struct bk_app *app, const struct bk_overdue *overdue)
{
	bool slow = false;

	for (size_t i = 0; i < overdue->count; i++) {
		const struct bk_overdue_view *item = &overdue->items[i];

		if (item->error_message)
			bk_app_warn(app, FAILED, item->rule, item->error_message, bk_due_hint);
		else
			slow = slow || item->count == BK_NULL_INT || item->stale == BK_NULL_INT;
	}
	if (slow)
		bk_app_warn(app, TOO_LONG);
}

enum bk_rc bk_status_overdue(struct bk_app *app)
{
	BK_CLEAN(bk_overdue_clear) struct bk_overdue overdue = {.count = 0};
	enum bk_rc rc;

	if ((rc = bk_app_connect(app, "overdue", true)) ||
	    (rc = bk_view_overdue(app->db, app->conf, &overdue, &app->err)))
		return rc;
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(
		bk_out_overdue(&overdue, bk_status_is_table(app)));

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	set_total(&overdue, page.data);
	set_total(&overdue, page.summary);
	warn_of_overdue(app, &overdue);
	return bk_status_print(app, &page);
}

static void set_bounds(const struct bk_forecast *forecast, struct bk_json *to)
{
	struct bk_json *names = bk_json_array();

	for (size_t i = 0; i < forecast->not_counted_count; i++)
		bk_json_push_str(names, forecast->not_counted[i].rule);
	bk_json_set_str(to, "asOf", forecast->as_of);
	bk_json_set_str(to, "until", forecast->until);
	bk_json_set_bool(to, "partial", forecast->partial);
	bk_json_set(to, "notCounted", names);
}

static void warn_of_forecast(struct bk_app *app, const struct bk_forecast *forecast)
{
	for (size_t i = 0; i < forecast->not_counted_count; i++) {
		const struct bk_uncounted *left = &forecast->not_counted[i];

		if (left->error_message)
			bk_app_warn(app, FAILED, left->rule, left->error_message, bk_due_hint);
		else
			bk_app_warn(app,
				    "rule %s: its hours took too long to count, and are left out",
				    left->rule);
	}
	if (forecast->partial && !forecast->not_counted_count)
		bk_app_warn(app, TOO_LONG);
}

enum bk_rc bk_status_forecast(struct bk_app *app)
{
	int64_t hours = app->line.options.hours > 0 ? app->line.options.hours : DEFAULT_HOURS;
	bool bars = bk_status_is_table(app) && app->out_is_terminal;
	BK_CLEAN(bk_forecast_clear) struct bk_forecast forecast = {.count = 0};
	enum bk_rc rc;

	if ((rc = bk_app_connect(app, "forecast", true)) ||
	    (rc = bk_view_forecast(app->db, app->conf, hours, &forecast, &app->err)))
		return rc;
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_forecast(&forecast, bars));

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	set_bounds(&forecast, page.data);
	set_bounds(&forecast, page.summary);
	warn_of_forecast(app, &forecast);
	return bk_status_print(app, &page);
}

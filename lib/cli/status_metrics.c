/*
 * `bkstatus metrics`: the figures of each job over a window, and with
 * -o prometheus the counters of all time for a monitoring system.
 */
#include "cli/status_commands.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/atomic_file.h"
#include "base/mem.h"
#include "cli/status_print.h"
#include "out/metrics.h"
#include "out/prometheus.h"

#define DEFAULT_HOURS 24
#define HOUR_MS INT64_C(3600000)
/* Two drawings of that width fit beside the names of the jobs. */
#define MOST_POINTS 28
/* Whoever collects it is another user. */
#define FILE_MODE 0644

static struct bk_json *points_json(const struct bk_points *points)
{
	struct bk_json *array = bk_json_array();

	for (size_t i = 0; i < points->count; i++)
		bk_json_push_int(array, points->values[i]);
	return array;
}

/* What the columns cannot say: the numbers over time and the error codes. */
static struct bk_json *item_json(const struct bk_list *list, const struct bk_metrics *metrics,
				 size_t row)
{
	const struct bk_metrics_view *item = &metrics->items[row];
	struct bk_json *object = bk_list_row_json(list, row);

	bk_json_set(object, "runsByTime", points_json(&item->runs_by_time));
	bk_json_set(object, "failuresByTime", points_json(&item->failures_by_time));
	bk_json_set(object, "processedByTime", points_json(&item->processed_by_time));
	return object;
}

static void set_window(struct bk_json *to, const struct bk_metrics *metrics)
{
	bk_json_set_str(to, "since", metrics->since);
	bk_json_set_str(to, "until", metrics->until);
	bk_json_set_int(to, "stepMs", metrics->step_hours * HOUR_MS);
}

/* The second list: to look at, or to work with. The table of jobs names the codes. */
static void add_second(const struct bk_app *app, const struct bk_metrics *metrics, char *title,
		       size_t size, struct bk_status_page *page)
{
	struct bk_list *second = &page->lists[1];

	if (!bk_status_is_table(app)) {
		*second = bk_out_metrics_codes(metrics);
		page->list_count++;
	} else if (app->out_is_terminal) {
		*second = bk_out_metrics_drawings(metrics);
		(void)snprintf(title, size, "Since %.16sZ, in steps of %" PRId64 "h",
			       metrics->since, metrics->step_hours);
		second->title = title;
		page->list_count++;
	}
}

static enum bk_rc print_metrics(struct bk_app *app, const struct bk_metrics *metrics)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_metrics(metrics));
	struct bk_list codes = bk_out_metrics_codes(metrics);
	struct bk_json *items = bk_json_array();
	char title[80];

	add_second(app, metrics, title, sizeof(title), &page);
	for (size_t i = 0; i < metrics->count; i++)
		bk_json_push(items, item_json(&page.lists[0], metrics, i));
	page.data = bk_json_object();
	set_window(page.data, metrics);
	bk_json_set(page.data, "items", items);
	bk_json_set(page.data, "errorCodes", bk_list_json(&codes));
	set_window(page.summary, metrics);
	if (metrics->queue_problem)
		bk_app_warn(app, "%s", metrics->queue_problem);
	return bk_status_print(app, &page);
}

/* The counters are of all time, and who reads them asks for rates. */
static enum bk_rc prometheus(struct bk_app *app)
{
	const char *path = app->line.options.out;
	BK_CLEAN(bk_totals_clear) struct bk_totals totals = {.count = 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *problem = NULL;
	enum bk_rc rc;

	if (app->line.options.since)
		return bk_error_set(&app->err, BK_E_USAGE,
				    "options --since and --output=prometheus contradict");
	if ((rc = bk_app_connect(app, "metrics", true)) ||
	    (rc = bk_view_totals(app->db, app->conf, NULL, &totals, &app->err)) ||
	    (rc = bk_view_totals_queues(app->db, app->conf, &totals, &problem, &app->err)))
		return rc;
	if (problem)
		bk_app_warn(app, "%s", problem);
	bk_out_prometheus(&text, &totals, BK_PROMETHEUS_ALL);
	if (bk_status_to_stdout(app))
		return bk_app_write(app, &text);
	return bk_atomic_put(path, FILE_MODE, true, bk_buf_cstr(&text), text.len, &app->err);
}

enum bk_rc bk_status_metrics(struct bk_app *app)
{
	struct bk_metrics_filter filter = {
		.since = {.kind = BK_MOMENT_AGO, .ago_ms = DEFAULT_HOURS * HOUR_MS},
		.most_points = MOST_POINTS,
	};
	BK_CLEAN(bk_metrics_clear) struct bk_metrics metrics = {.count = 0};
	enum bk_rc rc;

	if (app->format == BK_OUT_PROMETHEUS)
		return prometheus(app);
	if (app->line.options.out)
		return bk_error_set(&app->err, BK_E_USAGE,
				    "option --out needs the option --output=prometheus");
	if ((rc = bk_status_moment(app, "since", app->line.options.since, &filter.since)) ||
	    (rc = bk_app_connect(app, "metrics", true)) ||
	    (rc = bk_view_metrics(app->db, app->conf, &filter, &metrics, &app->err)))
		return rc;
	return print_metrics(app, &metrics);
}

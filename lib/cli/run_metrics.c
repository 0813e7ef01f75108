/*
 * What a tick leaves for a monitoring system: its job's metrics and those of the
 * hosts, in the directory that metrics { textfile-dir } names. See run_job.h.
 *
 * One small statement gives both. What is due for the job costs nothing where the
 * run has just found that nothing is; else it is counted, in bounded time. The files
 * are renamed into place but not forced to the disk: after a crash the next tick
 * writes them anew.
 */
#include "cli/run_job.h"

#include "base/atomic_file.h"
#include "base/mem.h"
#include "out/prometheus.h"
#include "view/totals.h"

/* Whoever collects them is another user. */
#define FILE_MODE 0644

static enum bk_rc count_queue(struct bk_app *app, const struct bk_run_report *r,
			      struct bk_totals *totals, struct bk_error *err)
{
	const struct bk_run_result *result = &r->result;
	/* What keeps it from being counted, the run has said already. */
	BK_CLEAN(bk_free_str) char *problem = NULL;

	if (r->rc || result->outcome != BK_OUTCOME_RAN || !result->execution_id ||
	    result->remaining != 0)
		return bk_view_totals_queues(app->db, app->conf, totals, &problem, err);
	for (size_t i = 0; i < totals->count; i++)
		totals->items[i].queue_depth = 0;
	return BK_OK;
}

static enum bk_rc put_file(const char *directory, const char *name, const struct bk_totals *totals,
			   unsigned parts, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *path = bk_asprintf("%s/%s.prom", directory, name);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_out_prometheus(&text, totals, parts);
	return bk_atomic_put(path, FILE_MODE, false, bk_buf_cstr(&text), text.len, err);
}

static enum bk_rc write_files(struct bk_app *app, const struct bk_run_report *r,
			      const char *directory, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *name = bk_asprintf("bk-%s", r->job);
	BK_CLEAN(bk_totals_clear) struct bk_totals totals = {.count = 0};
	enum bk_rc rc;

	if ((rc = bk_view_totals(app->db, app->conf, r->job, &totals, err)) ||
	    (rc = count_queue(app, r, &totals, err)) ||
	    (rc = put_file(directory, name, &totals, BK_PROMETHEUS_JOBS, err)))
		return rc;
	return put_file(directory, "bk", &totals, BK_PROMETHEUS_HOSTS, err);
}

void bk_run_metrics(struct bk_app *app, const struct bk_run_report *r)
{
	const char *directory = bk_conf_str(app->conf, "metrics.textfile-dir");
	struct bk_error err;

	/* Without a connection nothing is known, and the files grow old, which is seen. */
	if (!directory || *app->interrupted || !app->db || bk_db_lost(app->db))
		return;
	if (!write_files(app, r, directory, &err) || *app->interrupted || app->metrics_warned)
		return;
	app->metrics_warned = true;
	bk_app_warn(app, "metrics are not written: %s", err.message);
}

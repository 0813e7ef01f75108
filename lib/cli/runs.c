/*
 * Several runs in one call; see runs.h.
 */
#include "cli/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

void bk_runs_clear(struct bk_runs *runs)
{
	for (size_t i = 0; i < BK_RUNS_KEPT; i++)
		bk_json_clean(&runs->kept[i]);
}

static void note(struct bk_runs *runs, const struct bk_error *err)
{
	enum bk_exit status = bk_rc_info(err->rc)->exit_status;

	if (runs->error.rc && bk_exit_worse(runs->worst, status) == runs->worst)
		return;
	runs->worst = status;
	runs->error = *err;
}

void bk_runs_fail(struct bk_app *app, struct bk_runs *runs, const struct bk_error *err)
{
	bk_app_fail(app, err, NULL);
	note(runs, err);
}

static void keep(struct bk_runs *runs, struct bk_json *run)
{
	struct bk_json **place = &runs->kept[(runs->count - 1) % BK_RUNS_KEPT];

	bk_json_clean(place);
	*place = run;
}

/* A line of jsonl or csv, or what people get; whoever follows the output sees it
   now, not when the next one comes. */
static enum bk_rc print(struct bk_app *app, const struct bk_runs *runs,
			const struct bk_run_report *r)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	enum bk_rc rc;

	if (app->format == BK_OUT_JSONL)
		bk_run_report_jsonl(&line, r);
	else if (app->format == BK_OUT_CSV)
		bk_run_report_csv(&line, r, runs->count == 1);
	rc = line.len ? bk_app_write(app, &line) : bk_run_report_print(app, r);
	if (!rc && fflush(stdout))
		rc = bk_error_set(&app->err, BK_E_IO, "cannot write to standard output: %s",
				  strerror(errno));
	return rc;
}

void bk_runs_add(struct bk_app *app, struct bk_runs *runs, const struct bk_run_report *r)
{
	runs->count++;
	runs->processed += r->result.processed;
	if (r->rc) {
		bk_run_report_failure(app, r);
		note(runs, &r->error);
	}
	if (app->format == BK_OUT_JSON) {
		keep(runs, bk_run_report_json(r));
	} else if (!runs->mute && print(app, runs, r)) {
		runs->mute = true;
		bk_runs_fail(app, runs, &app->err);
	}
}

static void set_data(struct bk_app *app, struct bk_runs *runs)
{
	int64_t first = runs->count > BK_RUNS_KEPT ? runs->count - BK_RUNS_KEPT : 0;
	struct bk_json *list = bk_json_array();

	for (int64_t i = first; i < runs->count; i++)
		bk_json_push(list, BK_TAKE(runs->kept[i % BK_RUNS_KEPT]));
	app->data = bk_json_object();
	bk_json_set(app->data, "runs", list);
	bk_json_set_int(app->data, "runCount", runs->count);
	bk_json_set_int(app->data, "processedCount", runs->processed);
}

enum bk_rc bk_runs_end(struct bk_app *app, struct bk_runs *runs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;

	if (app->format == BK_OUT_JSON)
		set_data(app, runs);
	if (runs->error.rc) {
		app->err = runs->error;
		return app->err.rc;
	}
	/* After a failure the error is the last line. */
	if (app->format != BK_OUT_JSONL)
		return BK_OK;
	bk_buf_fmt(&line,
		   "{\"type\":\"summary\",\"runs\":%" PRId64 ",\"processedCount\":%" PRId64 "}\n",
		   runs->count, runs->processed);
	return bk_app_write(app, &line);
}

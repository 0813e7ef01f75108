/*
 * `bkmaint run --due`: a tick of every job that has no program of its own. One
 * that fails does not keep the others from running.
 */
#include "cli/run_job.h"

#include <inttypes.h>
#include <string.h>

#include "conf/jobs.h"

struct due {
	struct bk_json *runs;
	struct bk_buf lines; /* of csv and jsonl */
	int64_t count;
	int64_t failed;
	int64_t processed;
	enum bk_exit worst; /* exit status so far, and what it came of */
	struct bk_error error;
};

static void clear_due(struct due *d)
{
	bk_json_clean(&d->runs);
	bk_buf_clear(&d->lines);
}

static bool has_own_program(const char *job)
{
	return strcmp(job, BK_JOB_ACTIVATE) == 0 || strcmp(job, BK_JOB_NO_SHOW) == 0;
}

static void note_failure(struct bk_app *app, const struct bk_run_report *r, struct due *d)
{
	enum bk_exit status = bk_rc_info(r->rc)->exit_status;

	bk_run_report_failure(app, r);
	d->failed++;
	if (d->worst != BK_EXIT_OK && bk_exit_worse(d->worst, status) == d->worst)
		return;
	d->worst = status;
	d->error = r->error;
}

/* One job: collected for the machines, for people printed as it comes. */
static enum bk_rc run_one(struct bk_app *app, const char *job, struct due *d)
{
	BK_CLEAN(bk_run_report_clear) struct bk_run_report r = {.job = job};

	bk_run_job(app, job, false, &r);
	d->count++;
	d->processed += r.result.processed;
	if (r.rc)
		note_failure(app, &r, d);
	switch (app->format) {
	case BK_OUT_JSON:
		bk_json_push(d->runs, bk_run_report_json(&r));
		return BK_OK;
	case BK_OUT_JSONL:
		bk_run_report_jsonl(&d->lines, &r);
		return BK_OK;
	case BK_OUT_CSV:
		bk_run_report_csv(&d->lines, &r, d->count == 1);
		return BK_OK;
	case BK_OUT_TABLE:
	case BK_OUT_DEFAULT:
		break;
	}
	return bk_run_report_print(app, &r);
}

static enum bk_rc print_all(struct bk_app *app, struct due *d)
{
	if (app->format == BK_OUT_JSON) {
		app->data = bk_json_object();
		bk_json_set(app->data, "runs", BK_TAKE(d->runs));
		bk_json_set_int(app->data, "runCount", d->count);
		bk_json_set_int(app->data, "processedCount", d->processed);
		return BK_OK;
	}
	/* After a failure the error is the last line. */
	if (app->format == BK_OUT_JSONL && !d->failed)
		bk_buf_fmt(&d->lines,
			   "{\"type\":\"summary\",\"runs\":%" PRId64 ",\"processedCount\":%" PRId64
			   "}\n",
			   d->count, d->processed);
	return bk_app_write(app, &d->lines);
}

static bool is_over(const struct due *d)
{
	return d->worst == BK_EXIT_SIGINT || d->worst == BK_EXIT_SIGTERM;
}

enum bk_rc bk_run_due_command(struct bk_app *app)
{
	BK_CLEAN(clear_due) struct due d = {.runs = bk_json_array(), .worst = BK_EXIT_OK};
	enum bk_rc rc = bk_app_connect(app, "run", false);
	enum bk_rc printed;

	for (size_t i = 0; i < bk_job_names_count && !rc && !is_over(&d); i++) {
		if (has_own_program(bk_job_names[i].name))
			continue;
		if (bk_db_lost(app->db) && (rc = bk_app_connect(app, "run", false)))
			break;
		rc = run_one(app, bk_job_names[i].name, &d);
	}
	printed = d.count ? print_all(app, &d) : BK_OK;
	if (!d.failed)
		return rc ? rc : printed;
	app->err = d.error;
	return app->err.rc;
}

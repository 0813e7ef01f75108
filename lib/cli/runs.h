/*
 * Several runs in one call, as of `bkmaint run --due` and --for: each is told as
 * it happens, the last ones are kept for --json, and the gravest failure decides.
 * For the files of this folder only.
 *
 *     BK_CLEAN(bk_runs_clear) struct bk_runs runs = {.count = 0};
 *     ... bk_runs_add(app, &runs, &report); ...
 *     return bk_runs_end(app, &runs);
 */
#ifndef BK_CLI_RUNS_H
#define BK_CLI_RUNS_H

#include "cli/app.h"
#include "cli/run_job.h"

#define BK_RUNS_KEPT 100

struct bk_runs {
	struct bk_json *kept[BK_RUNS_KEPT]; /* a ring, by number modulo its size; owned */
	int64_t count;
	int64_t processed;
	enum bk_exit worst;    /* of the failures so far */
	struct bk_error error; /* of the worst one; rc BK_OK while there is none */
	bool mute;             /* standard output has failed */
};

void bk_runs_clear(struct bk_runs *runs);

/* Says at once what is to be said of a run: its failure, its line. That standard
   output cannot be written is a failure too, and keeps nobody from the next run. */
void bk_runs_add(struct bk_app *app, struct bk_runs *runs, const struct bk_run_report *report);

/* Says what went wrong between two runs. */
void bk_runs_fail(struct bk_app *app, struct bk_runs *runs, const struct bk_error *err);

/* The totals, app->data, and the gravest failure, whose rc is returned. */
enum bk_rc bk_runs_end(struct bk_app *app, struct bk_runs *runs);

#endif

/*
 * One run of one job for a tool: from the configuration and the options to a
 * report, and from a report to what is printed.
 */
#ifndef BK_CLI_RUN_JOB_H
#define BK_CLI_RUN_JOB_H

#include "cli/app.h"
#include "job/job.h"
#include "run/run.h"

struct bk_run_report {
	const char *job;
	const char *description;
	bool manual;
	struct bk_run_result result;
	struct bk_job *work;   /* for its tallies; NULL when disabled in the file */
	bool unusable;         /* rc is about bk's schema: no job can run */
	enum bk_rc rc;         /* BK_OK also for a tick that was busy, paused or disabled */
	struct bk_error error; /* of rc */
};

/* A report of a run that has come to nothing yet. */
void bk_run_report_init(const struct bk_app *app, struct bk_run_report *report, const char *job,
			bool manual);
void bk_run_report_clear(struct bk_run_report *report);

/*
 * Runs the job over app's connection and fills the report; rc is in it. By hand
 * a busy, paused or disabled job is an error, for a tick it is not. A job that is
 * busy is tried again until that instant of the monotonic clock, and then it is
 * an error for both; -1 = it is not.
 */
void bk_run_job(struct bk_app *app, const char *job, bool manual, int64_t busy_until,
		struct bk_run_report *ret);

/*
 * The same, making the connection first where there is none or the idle one was
 * lost. Where it cannot be made, or bk's schema is not there, app->err and the
 * report say why, and its rc is returned; a standby that a tick passes over is no
 * failure but an outcome.
 */
enum bk_rc bk_run_tick(struct bk_app *app, const char *job, bool manual, int64_t busy_until,
		       struct bk_run_report *ret);

/* Whether the job reads the mapped table: all but cleanup, which runs whatever is wrong
   there. */
bool bk_run_needs_mapping(const char *job);

/* Whether on-standby = skip holds for it. */
bool bk_run_passes_standby(const struct bk_app *app, bool manual);

/* How long it waits before the first run, by --splay or the setting, and what that
   is always less than (or 0). By hand it waits only when it was told to. */
int64_t bk_run_splay(const struct bk_app *app, const char *job, bool manual);
int64_t bk_run_splay_limit(const struct bk_app *app, const char *job);

/* Until when --wait lets a run wait that begins now; -1 where it is not given. */
int64_t bk_run_busy_until(const struct bk_app *app);

/* The object under "data" (and one of data.runs[]). */
struct bk_json *bk_run_report_json(const struct bk_run_report *report);

/* A row of CSV, with the line of keys in front where `head`; a line of JSON. */
void bk_run_report_csv(struct bk_buf *out, const struct bk_run_report *report, bool head);
void bk_run_report_jsonl(struct bk_buf *out, const struct bk_run_report *report);

/* Logs what came of a run, unless it failed. */
void bk_run_report_log(struct bk_app *app, const struct bk_run_report *report);

/* Says why the run failed, on standard error and in the log, as it happens. */
void bk_run_report_failure(struct bk_app *app, const struct bk_run_report *report);

/* Writes the metrics of the job where metrics.textfile-dir is set. A failure is warned of,
   once, and fails nothing. */
void bk_run_metrics(struct bk_app *app, const struct bk_run_report *report);

/* What the job changes: "booking", or "record" of bk's own. */
const char *bk_run_noun(const char *job);

/* Prints the report in the format asked for: one line at a terminal or with
   -v, nothing otherwise; sets app->data for JSON. */
enum bk_rc bk_run_report_print(struct bk_app *app, const struct bk_run_report *report);

/* Connects, runs one job, prints: the whole of bkactivate, bknoshow and
   `bkmaint OPERATION`, dry runs and --for included. */
enum bk_rc bk_run_command(struct bk_app *app, const char *job, bool manual);

/* --for=TIME. */
enum bk_rc bk_run_for_command(struct bk_app *app, const char *job, bool manual);

/* `bkmaint run --due`. */
enum bk_rc bk_run_due_command(struct bk_app *app);

/* The dry run of a job. */
enum bk_rc bk_dry_command(struct bk_app *app, const char *job, bool manual);

/* Whether a job may be looked at by hand: BK_E_DISABLED where the file disables it. */
enum bk_rc bk_dry_allowed(struct bk_app *app, const char *job, bool manual) BK_NODISCARD;

/* --explain: the SQL of the job's batches, their parameters and plans. */
enum bk_rc bk_explain_command(struct bk_app *app, const char *job, bool manual);

/* The job as the command line wants it. */
struct bk_job *bk_run_new_job(const struct bk_app *app, const char *name);

/* What --limit, --allow and --backlog say, into a request. */
void bk_run_narrow(const struct bk_app *app, struct bk_run_request *request);

#endif

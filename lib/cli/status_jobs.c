/*
 * `bkstatus jobs` and `bkstatus job NAME`.
 */
#include "cli/status_commands.h"

#include "base/text.h"
#include "cli/status_print.h"
#include "out/lists.h"
#include "view/execution.h"
#include "view/job.h"

#define RECENT 10

static struct bk_json *words_json(const char *const *words)
{
	struct bk_json *array = bk_json_array();

	for (; *words; words++)
		bk_json_push_str(array, *words);
	return array;
}

/* What the data of JSON says for itself is said beside every other format. */
static void warn(struct bk_app *app, const struct bk_job_list *jobs, const char *const *unended)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf states = BK_BUF_INIT;

	if (jobs->queue_problem)
		bk_app_warn(app, "%s", jobs->queue_problem);
	if (!*unended || app->format == BK_OUT_JSON || app->format == BK_OUT_JSONL)
		return;
	bk_list_words(&states, unended);
	bk_app_warn(app, "no enabled job ends every booking that is %s", bk_buf_cstr(&states));
}

static enum bk_rc print_jobs(struct bk_app *app, const struct bk_job_list *jobs)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_jobs(jobs));
	const char *unended[BK_STATE_COUNT + 1];

	bk_view_unended(app->conf, unended);
	bk_json_set(page.summary, "unendedStates", words_json(unended));
	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	bk_json_set(page.data, "unendedStates", words_json(unended));
	warn(app, jobs, unended);
	return bk_status_print(app, &page);
}

enum bk_rc bk_status_jobs(struct bk_app *app)
{
	BK_CLEAN(bk_job_list_clear) struct bk_job_list jobs = {NULL, 0, NULL};
	enum bk_rc rc;

	if ((rc = bk_app_connect(app, "jobs", true)) ||
	    (rc = bk_view_jobs(app->db, app->conf, &jobs, &app->err)) ||
	    (rc = bk_view_queues(app->db, app->conf, &jobs, &app->err)))
		return rc;
	return print_jobs(app, &jobs);
}

static enum bk_rc print_job(struct bk_app *app, const struct bk_job_list *jobs,
			    const struct bk_execution_list *recent)
{
	static const char *const nothing[] = {NULL};
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_jobs(jobs));

	page.lists[0].record = true;
	page.lists[page.list_count++] = bk_out_executions(recent);
	page.lists[1].title = "Recent executions";
	page.data = bk_list_row_json(&page.lists[0], 0);
	bk_json_set(page.data, "recent", bk_list_json(&page.lists[1]));
	warn(app, jobs, nothing);
	return bk_status_print(app, &page);
}

enum bk_rc bk_status_job(struct bk_app *app)
{
	const char *name = app->line.operands[0];
	const struct bk_history_filter filter = {.job = name, .limit = RECENT};
	BK_CLEAN(bk_job_list_clear) struct bk_job_list jobs = {NULL, 0, NULL};
	BK_CLEAN(bk_execution_list_clear) struct bk_execution_list recent = {NULL, 0, NULL};
	enum bk_rc rc;

	if ((rc = bk_app_connect(app, "job", true)) ||
	    (rc = bk_view_job(app->db, app->conf, name, &jobs, &app->err)) ||
	    (rc = bk_view_queues(app->db, app->conf, &jobs, &app->err)) ||
	    (rc = bk_view_history(app->db, app->conf, &filter, &recent, &app->err)))
		return rc;
	return print_job(app, &jobs, &recent);
}

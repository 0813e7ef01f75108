/*
 * `bkstatus report`: the page for a browser.
 */
#include "cli/status_commands.h"

#include <sys/stat.h>

#include "base/atomic_file.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/status_print.h"
#include "out/report.h"

#define DEFAULT_SINCE_MS (INT64_C(7) * 86400000)

/* As a shell would make it: a page is there to be read, and who wants to keep its error
   messages from others has a umask that says so. */
static mode_t file_mode(void)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return 0644 & ~mask;
}

/* A page is no list; what --json says is said of the file. */
static enum bk_rc check_format(struct bk_app *app)
{
	if (app->format == BK_OUT_JSON && bk_status_to_stdout(app))
		return bk_error_set(&app->err, BK_E_USAGE,
				    "options --out=- and --json contradict: there is one standard "
				    "output");
	if (app->format == BK_OUT_JSON || bk_status_is_table(app))
		return BK_OK;
	(void)bk_error_set(&app->err, BK_E_USAGE, "report does not print %s",
			   app->line.options.output);
	return bk_error_hint(&app->err, "bkstatus history and overdue do");
}

static void set_data(struct bk_app *app, const struct bk_report *report, size_t bytes)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf since = BK_BUF_INIT;

	bk_format_time(&since, report->start_us);
	app->data = bk_json_object();
	bk_json_set_str(app->data, "file", app->line.options.out);
	bk_json_set_int(app->data, "bytes", (int64_t)bytes);
	bk_json_set_str(app->data, "since", bk_buf_cstr(&since));
	bk_json_set_str(app->data, "asOf", report->as_of);
}

static enum bk_rc say(struct bk_app *app, size_t bytes)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	bool wanted = app->out_is_terminal || app->format == BK_OUT_TABLE ||
		      app->line.options.verbose;

	if (!wanted || app->line.options.quiet)
		return BK_OK;
	bk_buf_str(&line, "wrote ");
	bk_escape_line(&line, app->line.options.out);
	bk_buf_str(&line, ", ");
	bk_human_count(&line, (int64_t)bytes);
	bk_buf_str(&line, " bytes\n");
	return bk_app_write(app, &line);
}

static enum bk_rc write_page(struct bk_app *app, const struct bk_report *report)
{
	const char *path = app->line.options.out;
	BK_CLEAN(bk_buf_clear) struct bk_buf page = BK_BUF_INIT;
	enum bk_rc rc;

	bk_out_report(&page, report, bk_db_target(app->db));
	if (bk_status_to_stdout(app))
		return bk_app_write(app, &page);
	if (page.broken)
		return bk_error_set(&app->err, BK_E_INTERNAL, "the page is too large");
	if ((rc = bk_atomic_put(path, file_mode(), true, bk_buf_cstr(&page), page.len, &app->err)))
		return rc;
	if (app->format == BK_OUT_JSON) {
		set_data(app, report, page.len);
		return BK_OK;
	}
	return say(app, page.len);
}

enum bk_rc bk_status_report(struct bk_app *app)
{
	struct bk_moment since = {.kind = BK_MOMENT_AGO, .ago_ms = DEFAULT_SINCE_MS};
	BK_CLEAN(bk_report_clear) struct bk_report report = {.step_count = 0};
	enum bk_rc rc;

	if ((rc = check_format(app)) ||
	    (rc = bk_status_moment(app, "since", app->line.options.since, &since)) ||
	    (rc = bk_app_connect(app, "report", true)) ||
	    (rc = bk_view_report(app->db, app->conf, &since, &report, &app->err)))
		return rc;
	if (report.job_list.queue_problem)
		bk_app_warn(app, "%s", report.job_list.queue_problem);
	return write_page(app, &report);
}

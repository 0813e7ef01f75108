/*
 * `bkstatus health`, a monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3
 * UNKNOWN, and one line on standard output.
 *
 * What could be judged is the answer, also that the database is down. With
 * --json "success" says what a script wants to know: true for OK and WARNING.
 * CRITICAL is a failure with the checks as data, and its error is that of the
 * connection where that is the cause, else RUN_FAILED. Whatever keeps bkstatus
 * from judging (command line, configuration, privileges) is UNKNOWN and ends in
 * bk_report_end, as the errors of all commands do.
 */
#include "cli/status_commands.h"

#include "cli/status_print.h"
#include "out/lists.h"
#include "out/plugin.h"
#include "view/health.h"
#include "view/signs.h"

/* The failure of the connection as a check; false where it says nothing about
   the database's health. */
static bool judge_failure(struct bk_health *health, const struct bk_error *err)
{
	if (err->rc == BK_E_SCHEMA) {
		bk_health_add(health, "database", BK_HEALTH_OK, "answers");
		bk_health_add(health, "schema", BK_HEALTH_CRITICAL, "%s%s%s%s", err->message,
			      err->hint[0] ? " (" : "", err->hint, err->hint[0] ? ")" : "");
		return true;
	}
	if (err->rc != BK_E_UNAVAILABLE && err->rc != BK_E_STANDBY && err->rc != BK_E_LOGIN)
		return false;
	bk_health_add(health, "database", BK_HEALTH_CRITICAL, "%s", err->message);
	return true;
}

/* Of several hosts the one that can be written to is asked, else any. */
static enum bk_rc connect_best(struct bk_app *app)
{
	enum bk_rc rc = bk_app_connect_raw(app, "health");

	return rc == BK_E_STANDBY ? bk_app_connect(app, "health", true)
	       : rc               ? rc
				  : bk_app_check_schema(app, true);
}

static enum bk_rc gather(struct bk_app *app, struct bk_health *health)
{
	BK_CLEAN(bk_job_list_clear) struct bk_job_list jobs = {NULL, 0, NULL};
	BK_CLEAN(bk_signs_clear) struct bk_signs signs = {.tick_count = 0};
	bool standby_is_fine = bk_conf_num(app->conf, "on-standby") != 0;
	enum bk_rc rc;

	if ((rc = connect_best(app)) || (rc = bk_view_jobs(app->db, app->conf, &jobs, &app->err)) ||
	    (rc = bk_view_queues(app->db, app->conf, &jobs, &app->err)) ||
	    (rc = bk_view_signs(app->db, app->conf, &signs, &app->err)))
		return rc;
	bk_health_add(health, "database", BK_HEALTH_OK, "answers");
	bk_health_add(health, "schema", BK_HEALTH_OK, "is current");
	bk_health_jobs(health, &jobs);
	bk_health_overdue(health, &jobs);
	bk_health_signs(health, &signs, &jobs, standby_is_fine);
	return BK_OK;
}

/* The rc of what was judged; app->err is already filled where the connection
   failed. */
static enum bk_rc verdict(struct bk_app *app, const struct bk_health *health, enum bk_rc failure)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf problems = BK_BUF_INIT;
	enum bk_health_state worst = bk_health_worst(health);

	app->status = (enum bk_exit)worst;
	if (failure || worst < BK_HEALTH_CRITICAL)
		return failure;
	bk_out_problems(&problems, health);
	return bk_error_set(&app->err, BK_E_UNHEALTHY, "%s", bk_buf_cstr(&problems));
}

static enum bk_rc print_health(struct bk_app *app, const struct bk_health *health, bool failed)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_checks(health));
	const char *word = bk_health_word(bk_health_worst(health));
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;

	if (bk_status_is_table(app)) {
		bk_out_plugin(&line, health, app->line.options.verbose > 0);
		return bk_app_write(app, &line);
	}
	page.data = bk_json_object();
	bk_json_set_str(page.data, "state", word);
	bk_json_set(page.data, "checks", bk_list_json(&page.lists[0]));
	bk_json_set_str(page.summary, "state", word);
	/* Then the last line is the error, which the end of every command writes. */
	if (failed)
		bk_json_clean(&page.summary);
	return bk_status_print(app, &page);
}

enum bk_rc bk_status_health(struct bk_app *app)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};
	struct bk_error printing;
	enum bk_rc rc = gather(app, &health);

	if (rc && !judge_failure(&health, &app->err))
		return rc;
	rc = verdict(app, &health, rc);
	printing = app->err;
	if (print_health(app, &health, rc != BK_OK)) {
		app->status = BK_EXIT_OK; /* nothing was said: UNKNOWN */
		return app->err.rc;
	}
	app->err = printing;
	return rc;
}

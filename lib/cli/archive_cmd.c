/*
 * The command bkmaint archive; see archive_cmd.h.
 */
#include "cli/archive_cmd.h"

#include "cli/run_job.h"
#include "conf/jobs.h"
#include "job/owner.h"

enum bk_rc bk_archive_wanted(struct bk_app *app)
{
	if (bk_conf_str(app->conf, "archive.dir") || bk_conf_num(app->conf, "archive.table"))
		return BK_OK;
	bk_error_set(&app->err, BK_E_CONFIG, "there is no archive");
	return bk_error_hint(&app->err, "write archive { dir = \"...\" } into the file");
}

/* What is archived leaves the tables: the grants of who runs jobs would do for it. */
static enum bk_rc connect_as_owner(struct bk_app *app)
{
	const char *schema = bk_conf_str(app->conf, "schema");
	enum bk_rc rc = bk_app_connect(app, "archive", false);

	if (rc == BK_E_PERMISSION)
		bk_owner_explain(app->db, schema, &app->err);
	return rc ? rc : bk_owner_check(app->db, schema, "archive", &app->err);
}

enum bk_rc bk_archive_command(struct bk_app *app)
{
	enum bk_rc rc;

	if ((rc = bk_archive_wanted(app)) ||
	    (!app->line.options.dry_run && (rc = connect_as_owner(app))))
		return rc;
	app->line.options.archive = true;
	return bk_run_command(app, BK_JOB_CLEANUP, true);
}

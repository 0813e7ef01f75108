/*
 * The command bkmaint archive; see archive_cmd.h.
 */
#include "cli/archive_cmd.h"

#include "base/mem.h"
#include "cli/run_job.h"
#include "conf/jobs.h"
#include "db/sqlfile.h"
#include "db/tx.h"

#define OWNER_MS 10000

enum bk_rc bk_archive_wanted(struct bk_app *app)
{
	if (bk_conf_str(app->conf, "archive.dir") || bk_conf_num(app->conf, "archive.table"))
		return BK_OK;
	bk_error_set(&app->err, BK_E_CONFIG, "there is no archive");
	return bk_error_hint(&app->err, "write archive { dir = \"...\" } into the file");
}

/* What is archived leaves the tables: the grants of who runs jobs would do for it. */
static enum bk_rc check_owner(struct bk_app *app)
{
	static const struct bk_field field = {"owns", BK_FIELD_BOOL, 0};
	const struct bk_tx_limits limits = {OWNER_MS, OWNER_MS, false, NULL};
	const char *params[] = {bk_conf_str(app->conf, "schema")};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	bool owns = false;
	enum bk_rc rc;

	if ((rc = bk_tx_one(app->db, BK_TX_READ, &limits,
			    &(const struct bk_stmt){"schema_owner", bk_sql_text("schema_owner"),
						    params, 1, BK_ONE_ROW},
			    &rows, &app->err)) ||
	    (rc = bk_rows_read(rows, 0, &field, 1, &owns, &app->err)))
		return rc;
	if (owns)
		return BK_OK;
	bk_error_set(&app->err, BK_E_PERMISSION, "only the owner of the schema %s may archive",
		     params[0]);
	return bk_error_hint(&app->err, "bkmaint cleanup archives, too");
}

enum bk_rc bk_archive_command(struct bk_app *app)
{
	enum bk_rc rc;

	if ((rc = bk_archive_wanted(app)))
		return rc;
	if (!app->line.options.dry_run &&
	    ((rc = bk_app_connect(app, "archive", false)) || (rc = check_owner(app))))
		return rc;
	app->line.options.archive = true;
	return bk_run_command(app, BK_JOB_CLEANUP, true);
}

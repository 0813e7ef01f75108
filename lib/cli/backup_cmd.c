/*
 * Backup and restore at the command line; see backup_cmd.h.
 */
#include "cli/backup_cmd.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/control.h"
#include "cli/migrate_cmd.h"
#include "job/backup.h"
#include "job/owner.h"
#include "out/changes.h"

static enum bk_rc print_backup(struct bk_app *app, const struct bk_backup *b)
{
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = "backup",
		.recorded = &b->recorded,
		.list = bk_out_backup(b),
		.key = "backup",
		.single = true,
		.text = BK_BUF_INIT,
	};

	bk_escape_line(&report.text, b->file);
	bk_buf_fmt(&report.text,
		   " holds schema %s at version %" PRId64 ": %" PRId64 " bytes, sha256 %s",
		   bk_conf_str(app->conf, "schema"), b->schema_version, b->bytes, b->sha256);
	bk_change_report_record(&report.text, &b->recorded);
	bk_buf_char(&report.text, '\n');
	return bk_change_report_print(app, &report);
}

/* Elsewhere it is a stream, which can be neither read back nor given a name. */
static enum bk_rc check_file(struct bk_app *app)
{
	if (strcmp(app->line.operands[0], "-") != 0)
		return BK_OK;
	bk_error_set(&app->err, BK_E_USAGE, "%s needs a file, - is none", app->line.command->name);
	return bk_error_hint(&app->err, "./- is a file of that name");
}

enum bk_rc bk_backup_command(struct bk_app *app)
{
	BK_CLEAN(bk_backup_clear) struct bk_backup backup = {.file = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	if ((rc = check_file(app)))
		return rc;
	rc = bk_control_start(app, run_id, &control);
	if (rc == BK_E_PERMISSION)
		bk_owner_explain(app->db, bk_conf_str(app->conf, "schema"), &app->err);
	if (rc)
		return rc;
	app->role = NULL; /* no grant on a table does, only the owner may */
	rc = bk_backup_make(app->db, &control, app->line.operands[0], app->interrupted, &backup,
			    &app->err);
	return rc ? rc : print_backup(app, &backup);
}

static enum bk_rc print_restored(struct bk_app *app, const struct bk_restored *r)
{
	BK_CLEAN(bk_change_report_clear)
	struct bk_change_report report = {
		.operation = "restore",
		.recorded = &r->recorded,
		.list = bk_out_restored(r),
		.key = "restore",
		.single = true,
		.text = BK_BUF_INIT,
	};

	bk_buf_fmt(&report.text, "schema %s is restored from ", bk_conf_str(app->conf, "schema"));
	bk_escape_line(&report.text, r->file);
	bk_buf_fmt(&report.text, " and at version %" PRId64, r->version);
	bk_change_report_record(&report.text, &r->recorded);
	bk_buf_fmt(&report.text,
		   "; %" PRId64 " job%s paused until bkmaint resume --all, %" PRId64
		   " execution%s closed\n",
		   r->paused_count, r->paused_count == 1 ? " is" : "s are", r->closed_count,
		   r->closed_count == 1 ? "" : "s");
	return bk_change_report_print(app, &report);
}

/* From here on the schema is there and safe, whatever fails. */
static enum bk_rc migrate(struct bk_app *app, struct bk_restored *restored)
{
	BK_CLEAN(bk_migrate_report_clear) struct bk_migrate_report report = {.version = 0};
	enum bk_rc rc = bk_migrate_now(app, &report);

	if (rc)
		return bk_error_prefix(&app->err,
				       "restored with every job paused, but not migrated");
	restored->version = report.version;
	return BK_OK;
}

enum bk_rc bk_restore_command(struct bk_app *app)
{
	BK_CLEAN(bk_restored_clear) struct bk_restored restored = {.file = NULL};
	char run_id[BK_UUID_SIZE];
	struct bk_control control;
	enum bk_rc rc;

	bk_control_name(app, run_id, &control);
	if ((rc = check_file(app)) || (rc = bk_app_connect_raw(app, "restore")))
		return rc;
	rc = bk_backup_restore(app->db, &control, app->line.operands[0], app->interrupted,
			       &restored, &app->err);
	if (rc == BK_E_PERMISSION && !app->err.hint[0])
		bk_owner_explain(app->db, bk_conf_str(app->conf, "schema"), &app->err);
	if (rc)
		return rc;
	if (!restored.checksum_verified)
		bk_app_warn(app, "there is no checksum beside the file, it was not compared");
	if ((rc = migrate(app, &restored)))
		return rc;
	return print_restored(app, &restored);
}

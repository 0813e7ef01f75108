/*
 * Making a backup; see backup.h.
 */
#include "job/backup.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "db/sqltext.h"
#include "job/dump.h"
#include "job/manual.h"
#include "job/owner.h"

static const struct bk_tx_limits record_limits = {10000, 5000, false, NULL};

void bk_backup_clear(struct bk_backup *backup)
{
	free(backup->sha256);
	free(backup->server_version);
	bk_free_str(&backup->recorded.execution_id);
}

static enum bk_rc check_place(struct bk_db *db, const struct bk_dump_place *place,
			      const char *schema, struct bk_error *err)
{
	if (place->standby)
		return bk_error_set(err, BK_E_STANDBY,
				    "the server is a standby, where the backup cannot be recorded");
	if (!place->present) {
		bk_error_set(err, BK_E_SCHEMA, "schema %s is missing in the database", schema);
		return bk_error_hint(err, "run bkmaint migrate as the owner of the database");
	}
	return bk_owner_check(db, schema, "back it up", err);
}

/* The connection is in the environment, the file is standard output: the command line
   tells nobody anything. */
static enum bk_rc dump(const struct bk_dump_tools *tools, int fd, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf pattern = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_str(&pattern, "--schema=");
	bk_sql_ident(&pattern, tools->schema);
	const char *const argv[] = {"pg_dump",
				    "--format=custom",
				    bk_buf_cstr(&pattern),
				    "--strict-names",
				    "--lock-wait-timeout=10s",
				    "--no-password",
				    NULL};
	const struct bk_child_spec spec = {argv, (const char *const *)tools->env.items, -1, fd};

	rc = bk_child_run(&spec, NULL, tools->stop, err);
	return rc ? bk_dump_failed(err) : BK_OK;
}

/* What was written is read back before it counts as a backup. */
static enum bk_rc verify(const struct bk_dump_tools *tools, int fd,
			 const struct bk_dump_place *place, struct bk_backup *ret,
			 struct bk_error *err)
{
	BK_CLEAN(bk_dump_clear) struct bk_dump found = {.version = 0};
	char hex[BK_SHA256_HEX];
	enum bk_rc rc;

	if ((rc = bk_dump_read(tools, fd, &found, err)) ||
	    (rc = bk_sha256_file(fd, hex, &ret->bytes, err)))
		return bk_error_prefix(err, "reading the backup back");
	if (found.tables < place->tables)
		return bk_error_set(err, BK_E_IO, "the backup holds fewer tables than the schema");
	ret->tables = found.tables;
	ret->schema_version = found.version;
	ret->server_version = BK_TAKE(found.server_shown);
	ret->sha256 = bk_strdup(hex);
	return BK_OK;
}

static enum bk_rc record(struct bk_db *db, const struct bk_control *control, const char *path,
			 int64_t started_ms, struct bk_backup *ret, struct bk_error *err)
{
	BK_CLEAN(bk_manual_end)
	struct bk_manual m = bk_manual_of(db, control, &record_limits);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *description = NULL;
	enum bk_rc rc;

	m.started_ms = started_ms;
	bk_quote(&shown, path);
	description = bk_asprintf("back up to %s, sha256 %s", bk_buf_cstr(&shown), ret->sha256);
	if (!(rc = bk_manual_begin(&m, NULL, NULL, err)))
		rc = bk_manual_commit(&m, "backup", description, 1, &ret->recorded, err);
	return rc ? bk_error_prefix(err, "the backup is complete, but not on record") : BK_OK;
}

/* The file under its temporary name, complete and verified. */
static enum bk_rc fill(struct bk_db *db, const char *schema, int fd, bk_stop stop,
		       const struct bk_dump_place *place, struct bk_backup *ret,
		       struct bk_error *err)
{
	BK_CLEAN(bk_dump_tools_clear) struct bk_dump_tools tools = {.schema = NULL};
	enum bk_rc rc;

	if ((rc = bk_dump_tools_init(&tools, db, schema, stop, err)) ||
	    (rc = bk_dump_check_program(&tools, "pg_dump", place, err)) ||
	    (rc = dump(&tools, fd, err)))
		return rc;
	return verify(&tools, fd, place, ret, err);
}

enum bk_rc bk_backup_make(struct bk_db *db, const struct bk_control *control, const char *path,
			  bk_stop stop, struct bk_backup *ret, struct bk_error *err)
{
	const char *schema = bk_conf_str(control->conf, "schema");
	int64_t started_ms = control->clock.mono_ms(control->clock.self);
	BK_CLEAN(bk_newfile_end) struct bk_newfile file = BK_NEWFILE_INIT;
	BK_CLEAN(bk_newfile_end) struct bk_newfile sum = BK_NEWFILE_INIT;
	BK_CLEAN(bk_dump_place_clear) struct bk_dump_place place = {.server_shown = NULL};
	enum bk_rc rc;

	ret->file = path;
	if ((rc = bk_dump_look(db, schema, &place, err)) ||
	    (rc = check_place(db, &place, schema, err)) ||
	    (rc = bk_newfile_begin(&file, path, err)) ||
	    (rc = bk_dump_begin_sum(&sum, path, err)) ||
	    (rc = fill(db, schema, file.fd, stop, &place, ret, err)) ||
	    (rc = bk_newfile_commit(&file, err)) ||
	    (rc = bk_dump_commit_sum(&sum, path, ret->sha256, err)))
		return rc;
	return record(db, control, path, started_ms, ret, err);
}

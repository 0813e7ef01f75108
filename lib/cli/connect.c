/*
 * Connecting as the settings and options say, and the one look at the schema
 * that comes before any work.
 */
#include "cli/app.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/schema.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "job/settings.h"

enum { CONNECT_MS = 10000, STATEMENT_MS = 10000, LOCK_MS = 2000 };

static enum bk_rc connect_as(const struct bk_app *app, const char *what, bool read_only,
			     int64_t timeout_ms, bool hold, struct bk_db **ret,
			     struct bk_error *err)
{
	const struct bk_options *o = &app->line.options;
	BK_CLEAN(bk_free_str) char *application = bk_asprintf("bk:%s", what);
	const struct bk_db_params params = {
		.conninfo = bk_conf_str(app->conf, "database"),
		.dbname = o->dbname,
		.host = o->host,
		.port = o->port,
		.user = o->user,
		.application = application,
		.read_only = read_only,
		.connect_timeout_ms = timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS,
		.clock = app->clock,
		.interrupted = app->interrupted,
		.hold_interrupts = hold,
	};

	return bk_db_connect(&params, ret, err);
}

enum bk_rc bk_app_connect_raw(struct bk_app *app, const char *what)
{
	bk_db_clean(&app->db);
	app->schema_checked = false;
	return connect_as(app, what, false, CONNECT_MS, false, &app->db, &app->err);
}

enum bk_rc bk_app_connect_more(const struct bk_app *app, const char *what, int64_t timeout_ms,
			       bool hold, struct bk_db **ret, struct bk_error *err)
{
	return connect_as(app, what, false, timeout_ms, hold, ret, err);
}

struct preflight {
	int64_t schema_version;
	char *min_program;
	char *mapping_fingerprint;
	bool standby;
};

static const struct bk_field preflight_fields[] = {
	{"schema_version", BK_FIELD_INT, offsetof(struct preflight, schema_version)},
	{"min_program", BK_FIELD_TEXT, offsetof(struct preflight, min_program)},
	{"mapping_fingerprint", BK_FIELD_TEXT, offsetof(struct preflight, mapping_fingerprint)},
	{"standby", BK_FIELD_BOOL, offsetof(struct preflight, standby)},
};

static void clear_preflight(struct preflight *p)
{
	bk_fields_clear(preflight_fields, BK_COUNT(preflight_fields), p);
}

static enum bk_rc ask(struct bk_app *app, const char *schema, bool read_only, struct preflight *ret)
{
	const struct bk_sql_var var = {"bk", schema};
	const struct bk_tx_limits limits = {.statement_ms = STATEMENT_MS, .lock_ms = LOCK_MS};
	const char *const params[] = {app->instance};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_sql_fill_file(&sql, "preflight", &var, 1, &app->err);

	if (rc)
		return rc;
	const struct bk_stmt stmt = {.name = "preflight",
				     .sql = bk_buf_cstr(&sql),
				     .params = params,
				     .param_count = 1,
				     .shape = BK_ONE_ROW};

	rc = bk_tx_one(app->db, read_only ? BK_TX_READ : BK_TX_CHECK, &limits, &stmt, &rows,
		       &app->err);
	if (rc)
		return rc;
	return bk_rows_read(rows, 0, preflight_fields, BK_COUNT(preflight_fields), ret, &app->err);
}

static enum bk_rc schema_missing(struct bk_app *app, const char *schema)
{
	char sqlstate[sizeof(app->err.sqlstate)];

	memcpy(sqlstate, app->err.sqlstate, sizeof(sqlstate));
	(void)bk_error_set(&app->err, BK_E_SCHEMA, "schema %s is missing in the database", schema);
	memcpy(app->err.sqlstate, sqlstate, sizeof(sqlstate));
	return bk_error_hint(&app->err, "run bkmaint migrate as the owner of the database");
}

enum bk_rc bk_app_check_schema(struct bk_app *app, bool read_only)
{
	const char *schema = bk_conf_str(app->conf, "schema");
	BK_CLEAN(clear_preflight) struct preflight found = {0};
	enum bk_rc rc;

	if (app->schema_checked)
		return BK_OK;
	app->role = read_only ? "booking_read" : "booking_update";
	rc = ask(app, schema, read_only, &found);
	if (rc == BK_E_SCHEMA)
		return schema_missing(app, schema);
	if (rc)
		return rc;
	rc = bk_schema_check(&(struct bk_schema_state){.schema = schema,
						       .version = found.schema_version,
						       .min_program = found.min_program,
						       .needed = bk_schema_newest(),
						       .program = BK_VERSION},
			     &app->err);
	if (rc)
		return rc;
	free(app->checked_mapping);
	app->checked_mapping = BK_TAKE(found.mapping_fingerprint);
	app->schema_checked = true;
	return BK_OK;
}

static void warn_of_ignored(void *arg, const char *name, const struct bk_error *why)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_escape_line(&shown, name);
	bk_app_warn(arg, "the setting %s is ignored: %s", bk_buf_cstr(&shown), why->message);
}

enum bk_rc bk_app_read_settings(struct bk_app *app)
{
	return bk_settings_load(app->db, app->conf, &app->settings_version, warn_of_ignored, app,
				&app->err);
}

enum bk_rc bk_app_connect(struct bk_app *app, const char *what, bool read_only)
{
	enum bk_rc rc;

	bk_db_clean(&app->db);
	app->schema_checked = false;
	if ((rc = connect_as(app, what, read_only, CONNECT_MS, false, &app->db, &app->err)) ||
	    (rc = bk_app_check_schema(app, read_only)))
		return rc;
	return bk_app_read_settings(app);
}

/*
 * The steps of bkmaint migrate around the migrations; see setup.h.
 */
#include "job/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "rule/columns.h"
#include "rule/unit.h"

static const struct bk_tx_limits quick_limits = {30000, 5000, false, NULL};
/* 100,000 rows and six indexes on a slow disk. */
static const struct bk_tx_limits sample_limits = {300000, 5000, false, NULL};

static enum bk_rc begin(struct bk_db *db, const struct bk_tx_limits *limits, struct bk_error *err)
{
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, limits, stmts);

	bk_tx_deadline(db, limits);
	return bk_db_run(db, stmts, n, NULL, err);
}

/* A filled script in a transaction of its own. */
static enum bk_rc run_script(struct bk_db *db, const char *name, const char *sql,
			     struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = begin(db, &quick_limits, err)))
		return rc;
	if ((rc = bk_db_script(db, name, sql, err)))
		return rc;
	return bk_db_commit(db, err);
}

static enum bk_rc refuse_reference(struct bk_error *err)
{
	bk_error_set(err, BK_E_REFUSED, "public.bookings exists already, nothing was changed");
	return bk_error_hint(err, "leave --sample and --reference-bookings out to migrate bk's own "
				  "schema only");
}

enum bk_rc bk_setup_check_reference(struct bk_db *db, struct bk_error *err)
{
	const struct bk_stmt stmt = {"reference_exists", bk_sql_text("reference_exists"), NULL, 0,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *present;
	enum bk_rc rc;

	if ((rc = bk_tx_one(db, BK_TX_READ, &quick_limits, &stmt, &rows, err)))
		return rc;
	present = bk_rows_text(rows, 0, "present");
	if (present && *present == 'f')
		return BK_OK;
	return refuse_reference(err);
}

enum bk_rc bk_setup_reference(struct bk_db *db, bool sample, struct bk_migrate_report *report,
			      struct bk_error *err)
{
	const struct bk_stmt count = {"reference_count", bk_sql_text("reference_count"), NULL, 0,
				      BK_ONE_ROW};
	struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = begin(db, &sample_limits, err)))
		return rc;
	rc = bk_db_script(db, "reference_bookings", bk_sql_text("reference_bookings"), err);
	/* Somebody made it since we looked. */
	if (rc && (strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "23505") == 0))
		return refuse_reference(err);
	if (rc)
		return rc;
	if (sample &&
	    (rc = bk_db_script(db, "sample_bookings", bk_sql_text("sample_bookings"), err)))
		return rc;
	if ((rc = bk_db_run(db, &count, 1, &rows, err)))
		return rc;
	report->sample_rows = strtoll(bk_rows_cell(rows, 0, 0), NULL, 10);
	bk_rows_free(rows);
	report->bookings_created = true;
	return bk_db_commit(db, err);
}

static const char *usual_cron(const char *job)
{
	bool each_minute = strcmp(job, BK_JOB_ACTIVATE) == 0 || strcmp(job, BK_JOB_NO_SHOW) == 0;

	return each_minute ? "* * * * *" : "*/5 * * * *";
}

enum bk_rc bk_setup_jobs(struct bk_db *db, const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", bk_conf_str(conf, "schema")};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, "job_upsert", &var, 1, err);

	for (size_t i = 0; i < bk_conf_job_count(conf) && !rc; i++) {
		const struct bk_job_name *job = bk_conf_job_at(conf, i);
		const char *name = job->name;
		char delay[24];
		char timeout[24];
		const char *params[] = {name, job->description, usual_cron(name), delay, timeout};

		(void)snprintf(delay, sizeof(delay), "%" PRId64,
			       bk_conf_job_num(conf, name, "delay"));
		(void)snprintf(timeout, sizeof(timeout), "%" PRId64,
			       bk_conf_job_num(conf, name, "timeout"));
		rc = bk_tx_one(db, BK_TX_OWN, &quick_limits,
			       &(const struct bk_stmt){"job_upsert", bk_buf_cstr(&sql), params, 5,
						       BK_NO_ROWS},
			       NULL, err);
	}
	return rc;
}

/* As text to type: ended by a semicolon and a newline. */
static void add_todo(struct bk_migrate_report *report, const char *sql)
{
	size_t len = strlen(sql);
	BK_CLEAN(bk_free_str) char *text = NULL;

	while (len && strchr(" \n;", sql[len - 1]))
		len--;
	text = bk_asprintf("%.*s;\n", (int)len, sql);
	bk_texts_add(&report->todo, text);
}

/* Roles belong to the whole cluster, and two databases may be migrated at once:
   one of two that change the same row of a catalog fails, and would not again. */
static bool collided(const struct bk_error *err)
{
	return strcmp(err->sqlstate, "23505") == 0 || strcmp(err->sqlstate, "XX000") == 0;
}

/* Runs it, or, where the role may not, leaves it to somebody who may. */
static enum bk_rc try_script(struct bk_db *db, const char *name, const char *sql,
			     struct bk_migrate_report *report, struct bk_error *err)
{
	enum { TRIES = 5 };
	enum bk_rc rc = BK_E_PERMISSION;

	for (int i = 0; i < TRIES && !report->roles_missing; i++) {
		rc = run_script(db, name, sql, err);
		if (!rc || bk_db_lost(db) || !collided(err))
			break;
	}
	if (rc != BK_E_PERMISSION)
		return rc;
	add_todo(report, sql);
	return BK_OK;
}

static enum bk_rc create_roles(struct bk_db *db, struct bk_migrate_report *report,
			       struct bk_error *err)
{
	const struct bk_stmt stmt = {"role_missing", bk_sql_text("role_missing"), NULL, 0,
				     BK_ANY_ROWS};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_tx_one(db, BK_TX_READ, &quick_limits, &stmt, &rows, err);

	for (int i = 0; !rc && i < bk_rows_count(rows); i++) {
		const char *makes_role = bk_rows_text(rows, i, "makes_role");
		size_t before = report->todo.count;

		rc = try_script(db, "roles", bk_rows_text(rows, i, "statement"), report, err);
		/* Another database's migrate has made it meanwhile. */
		if (rc && strcmp(err->sqlstate, "42710") == 0)
			rc = BK_OK;
		if (report->todo.count > before && makes_role && *makes_role == 't')
			report->roles_missing = true;
	}
	return rc;
}

static void put_list(struct bk_buf *out, const char *name)
{
	if (!name)
		return;
	if (out->len)
		bk_buf_str(out, ", ");
	bk_sql_ident(out, name);
}

static enum bk_rc grant_place(struct bk_db *db, const struct bk_sql_var *table,
			      struct bk_migrate_report *report, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, "grant_place", table, 1, err);

	if (!rc)
		rc = try_script(db, "grant_place", bk_buf_cstr(&sql), report, err);
	/* The rows of a view have none. */
	return rc == BK_E_SCHEMA ? BK_OK : rc;
}

static enum bk_rc grant_bookings(struct bk_db *db, const struct bk_mapping *m,
				 struct bk_migrate_report *report, struct bk_error *err)
{
	BK_CLEAN(bk_columns_clear) struct bk_columns columns = {{NULL, 0}, {NULL, 0}};
	BK_CLEAN(bk_buf_clear) struct bk_buf reads = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf writes = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	bk_columns_of(m, &columns);
	/* What bkstatus booking shows beside. */
	if (m->updated.column)
		bk_columns_add(&columns.reads, m->updated.column);
	for (size_t i = 0; i < columns.reads.count; i++)
		put_list(&reads, columns.reads.items[i]);
	for (size_t i = 0; i < columns.writes.count; i++)
		put_list(&writes, columns.writes.items[i]);
	bk_table_sql(&table, m);
	const struct bk_sql_var vars[] = {{"schema", m->table_schema},
					  {"table", bk_buf_cstr(&table)},
					  {"read_columns", bk_buf_cstr(&reads)},
					  {"write_columns", bk_buf_cstr(&writes)}};
	rc = bk_sql_fill_file(&sql, "grant_bookings", vars, BK_COUNT(vars), err);
	if (!rc)
		rc = try_script(db, "grant_bookings", bk_buf_cstr(&sql), report, err);
	if (!rc)
		return grant_place(db, &vars[1], report, err);
	/* The schema may be made before the application's own. */
	if (rc != BK_E_SCHEMA)
		return rc;
	report->bookings_missing = true;
	return BK_OK;
}

enum bk_rc bk_setup_roles(struct bk_db *db, const struct bk_conf *conf,
			  struct bk_migrate_report *report, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", bk_conf_str(conf, "schema")};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = create_roles(db, report, err)))
		return rc;
	if ((rc = bk_sql_fill_file(&sql, "grant_schema", &var, 1, err)))
		return rc;
	if ((rc = try_script(db, "grant_schema", bk_buf_cstr(&sql), report, err)))
		return rc;
	return grant_bookings(db, bk_conf_mapping(conf), report, err);
}

enum bk_rc bk_setup_record(struct bk_db *db, const char *schema,
			   const struct bk_migrate_options *options,
			   struct bk_migrate_report *report, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	char processed[24];
	char elapsed[24];
	char pid[16];
	const char *params[] = {options->run_id,   "migrate", "Migrate the schema of bk",
				processed,         elapsed,   options->os_user,
				options->instance, pid,       BK_VERSION};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(processed, sizeof(processed), "%zu", report->applied.count);
	(void)snprintf(elapsed, sizeof(elapsed), "%" PRId64, options->elapsed_ms(options->arg));
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if ((rc = bk_sql_fill_file(&sql, "command_record", &var, 1, err)))
		return rc;
	rc = bk_tx_one(
		db, BK_TX_OWN, &quick_limits,
		&(const struct bk_stmt){"command_record", bk_buf_cstr(&sql), params, 9, BK_ONE_ROW},
		&rows, err);
	if (!rc)
		report->execution_id = bk_strdup(bk_rows_text(rows, 0, "id"));
	return rc;
}

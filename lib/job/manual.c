/*
 * The transaction of a changing command; see manual.h.
 */
#include "job/manual.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "db/sqltext.h"

/* A client that stops in the middle of a batch is thrown out after this time
   beyond its statement's (idle_in_transaction_session_timeout), and a bit. */
#define FROZEN_MS 7000
#define WORK_MS 5000

struct bk_manual bk_manual_of(struct bk_db *db, const struct bk_control *control,
			      const struct bk_tx_limits *limits)
{
	return (struct bk_manual){
		.db = db,
		.control = control,
		.limits = *limits,
		.started_ms = control->clock.mono_ms(control->clock.self),
	};
}

struct bk_tx_limits bk_manual_patience(const struct bk_conf *conf)
{
	int64_t longest = 0;

	for (size_t i = 0; i < bk_conf_job_count(conf); i++) {
		const char *name = bk_conf_job_at(conf, i)->name;
		int64_t ms = bk_job_has_rules(name)
				     ? bk_conf_job_num(conf, name, "statement-timeout")
				     : 0;

		longest = ms > longest ? ms : longest;
	}
	return (struct bk_tx_limits){.statement_ms = longest + FROZEN_MS + WORK_MS,
				     .lock_ms = longest + FROZEN_MS};
}

static const struct bk_field until_fields[] = {
	{"until", BK_FIELD_TEXT, 0},
};

static enum bk_rc take_until(const struct bk_rows *rows, char **ret, struct bk_error *err)
{
	const char *past = bk_rows_text(rows, 0, "past");

	if (past && *past == 't') {
		bk_error_set(err, BK_E_USAGE, "option --until: %s is past, the database has %s",
			     bk_rows_text(rows, 0, "until"), bk_rows_text(rows, 0, "now"));
		return bk_error_hint(err, "leave it out for no end");
	}
	return bk_rows_read(rows, 0, until_fields, BK_COUNT(until_fields), ret, err);
}

/* The transaction is open already: the clock is asked in it. */
static enum bk_rc resolve_until(struct bk_manual *m, const struct bk_until *until, char **ret,
				struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf at = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char in_ms[24];
	const char *params[] = {NULL, NULL};
	struct bk_stmt stmt = {"control_until", NULL, params, 2, BK_ONE_ROW};
	enum bk_rc rc = bk_manual_sql(m, "control_until", &sql, err);

	(void)snprintf(in_ms, sizeof(in_ms), "%" PRId64, until->in_ms);
	bk_format_time(&at, until->at_us);
	params[0] = until->kind == BK_UNTIL_AT ? bk_buf_cstr(&at) : NULL;
	params[1] = in_ms;
	stmt.sql = bk_buf_cstr(&sql);
	if (!rc)
		rc = bk_manual_run(m, &stmt, 1, &rows, err);
	return rc ? rc : take_until(rows, ret, err);
}

enum bk_rc bk_manual_begin(struct bk_manual *m, const struct bk_until *until, char **ret_until,
			   struct bk_error *err)
{
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &m->limits, stmts);
	enum bk_rc rc;

	bk_tx_deadline(m->db, &m->limits);
	if ((rc = bk_db_run(m->db, stmts, n, NULL, err)))
		return rc;
	m->open = true;
	if (!until || until->kind == BK_UNTIL_NONE)
		return BK_OK;
	return resolve_until(m, until, ret_until, err);
}

enum bk_rc bk_manual_sql(const struct bk_manual *m, const char *file, struct bk_buf *out,
			 struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", bk_conf_str(m->control->conf, "schema")};

	return bk_sql_fill_file(out, file, &var, 1, err);
}

enum bk_rc bk_manual_run(struct bk_manual *m, const struct bk_stmt *stmts, size_t count,
			 struct bk_rows **ret, struct bk_error *err)
{
	enum bk_rc rc;

	bk_tx_deadline(m->db, &m->limits);
	rc = bk_db_run(m->db, stmts, count, ret, err);
	m->open = rc == BK_OK; /* else it is rolled back */
	if (rc && strcmp(err->sqlstate, "55P03") == 0)
		bk_error_hint(err, "others hold a lock that it needs; type it again");
	return rc;
}

/* The record and the commit in one trip: an error of the first undoes it all. */
static enum bk_rc record(struct bk_manual *m, const char *operation, const char *description,
			 int64_t changed, char **ret_id, struct bk_error *err)
{
	const struct bk_control *c = m->control;
	char processed[24];
	char elapsed[24];
	char pid[16];
	const char *params[] = {c->run_id,  operation,   description, processed, elapsed,
				c->os_user, c->instance, pid,         BK_VERSION};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_stmt stmts[] = {{"command_record", NULL, params, BK_COUNT(params), BK_ONE_ROW},
				  BK_COMMIT};
	struct bk_rows *rows[BK_COUNT(stmts)];
	enum bk_rc rc;

	if ((rc = bk_manual_sql(m, "command_record", &sql, err)))
		return rc;
	(void)snprintf(processed, sizeof(processed), "%" PRId64, changed);
	(void)snprintf(elapsed, sizeof(elapsed), "%" PRId64,
		       c->clock.mono_ms(c->clock.self) - m->started_ms);
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	stmts[0].sql = bk_buf_cstr(&sql);
	rc = bk_manual_run(m, stmts, BK_COUNT(stmts), rows, err);
	m->open = false;
	if (rc)
		return rc;
	*ret_id = bk_strdup(bk_rows_text(rows[0], 0, "id"));
	bk_rows_clean(&rows[0]);
	bk_rows_clean(&rows[1]);
	return BK_OK;
}

enum bk_rc bk_manual_commit(struct bk_manual *m, const char *operation, const char *description,
			    int64_t changed, struct bk_recorded *ret, struct bk_error *err)
{
	char *id = NULL;
	enum bk_rc rc = BK_OK;

	if (changed)
		rc = record(m, operation, description, changed, &id, err);
	if (rc == BK_E_UNKNOWN)
		bk_error_hint(err, "type it again: what is already so is left alone");
	if (!rc)
		*ret = (struct bk_recorded){id, changed};
	return rc;
}

void bk_manual_end(struct bk_manual *m)
{
	if (m->open)
		bk_db_rollback(m->db);
	m->open = false;
}

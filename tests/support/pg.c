/*
 * Tests against PostgreSQL; see pg.h.
 */
#include "pg.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf_files.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/job.h"
#include "job/setup.h"

#define DEADLINE_MS 120000

struct bk_db *pg_db;

void pg_open(void)
{
	static const volatile sig_atomic_t no_signal = 0;
	const struct bk_db_params params = {
		.application = "bk:test",
		.connect_timeout_ms = 10000,
		.clock = bk_clock_system(),
		.interrupted = &no_signal,
	};
	struct bk_error err = {0};

	ck_assert_msg(!bk_db_connect(&params, &pg_db, &err), "%s", err.message);
}

void pg_close(void)
{
	bk_db_clean(&pg_db);
}

void pg_script(const char *sql)
{
	struct bk_error err = {0};

	bk_db_deadline(pg_db, DEADLINE_MS);
	ck_assert_msg(!bk_db_script(pg_db, "script", sql, &err), "%s, of: %.300s", err.message,
		      sql);
}

char *pg_text(const char *sql, const char *const *params, int count)
{
	const struct bk_stmt stmt = {"query", sql, params, count, BK_ONE_ROW};
	struct bk_rows *rows = NULL;
	struct bk_error err = {0};
	char *text;

	bk_db_deadline(pg_db, DEADLINE_MS);
	ck_assert_msg(!bk_db_run(pg_db, &stmt, 1, &rows, &err), "%s, of: %.300s", err.message, sql);
	text = bk_strdup(bk_rows_cell(rows, 0, 0));
	bk_rows_free(rows);
	return text;
}

int64_t pg_int(const char *sql)
{
	BK_CLEAN(bk_free_str) char *text = pg_text(sql, NULL, 0);

	ck_assert_ptr_nonnull(text);
	return strtoll(text, NULL, 10);
}

struct bk_conf *pg_conf(const char *text)
{
	static const char *const env[] = {NULL};
	struct bk_conf *conf;
	struct bk_error err = {0};

	conf_dir_open();
	conf_write("bk.conf", text);
	conf = conf_load(NULL, env);
	conf_dir_close();
	ck_assert_msg(!bk_conf_check(conf, &err), "%s", err.message);
	return conf;
}

static void fill_script(const char *file, const char *schema)
{
	const struct bk_sql_var var = {"bk", schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_error err = {0};

	ck_assert_msg(!bk_sql_fill_file(&sql, file, &var, 1, &err), "%s", err.message);
	pg_script(bk_buf_cstr(&sql));
}

void pg_make_schema(const struct bk_conf *conf)
{
	const char *schema = bk_conf_str(conf, "schema");
	struct bk_error err = {0};

	fill_script("schema_bootstrap", schema);
	for (size_t i = 0; i < bk_sql_files_count; i++)
		if (strncmp(bk_sql_files[i].name, "schema/", 7) == 0)
			fill_script(bk_sql_files[i].name, schema);
	ck_assert_msg(!bk_setup_jobs(pg_db, conf, &err), "%s", err.message);
}

void pg_run(const struct bk_conf *conf, const char *job, const char *at, bool manual,
	    struct bk_run_result *ret)
{
	BK_CLEAN(bk_job_clean) struct bk_job *work_of = bk_job_new(conf, job);
	struct bk_run_request request = bk_job_request(conf, job);
	struct bk_work work;
	struct bk_error err = {0};

	request.instance = "test";
	request.os_user = "test";
	request.fingerprint = "test";
	request.manual = manual;
	request.clock_override = at;
	request.clock = bk_clock_system();
	request.random = bk_random_system();
	ck_assert_msg(!bk_job_work(work_of, &work, &err), "%s at %s: %s", job, at, err.message);
	ck_assert_msg(!bk_run(&pg_db, &request, &work, ret, &err), "%s at %s: %s", job, at,
		      err.message);
}

void pg_queue(const struct bk_conf *conf, const char *job, struct bk_queue *ret)
{
	BK_CLEAN(bk_queues_clear) struct bk_queues queues = BK_QUEUES_INIT;
	struct bk_error err = {0};

	ck_assert_msg(!bk_queues_open(&queues, pg_db, conf, &err), "%s", err.message);
	ck_assert_msg(!bk_queue_of_job(&queues, job, 30000, ret, &err), "%s", err.message);
}

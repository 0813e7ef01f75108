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

/* Everything of schema bk but the rows of its tables: versions of its catalog rows, which
   an ALTER, GRANT, TRUNCATE or ANALYZE changes. */
#define MADE                                                                                       \
	"SELECT md5(string_agg(made::text, ',' ORDER BY made::text)) AS print FROM ("              \
	"SELECT oid, xmin FROM pg_namespace WHERE nspname = 'bk' UNION ALL "                       \
	"SELECT oid, xmin FROM pg_class WHERE relnamespace = to_regnamespace('bk') UNION ALL "     \
	"SELECT oid, xmin FROM pg_proc WHERE pronamespace = to_regnamespace('bk') UNION ALL "      \
	"SELECT oid, xmin FROM pg_type WHERE typnamespace = to_regnamespace('bk') UNION ALL "      \
	"SELECT oid, xmin FROM pg_constraint WHERE connamespace = to_regnamespace('bk') "          \
	"UNION ALL SELECT a.attrelid, a.xmin FROM pg_attribute AS a JOIN pg_class AS c "           \
	"ON c.oid = a.attrelid WHERE c.relnamespace = to_regnamespace('bk') "                      \
	"UNION ALL SELECT t.oid, t.xmin FROM pg_trigger AS t JOIN pg_class AS c "                  \
	"ON c.oid = t.tgrelid WHERE c.relnamespace = to_regnamespace('bk') "                       \
	"UNION ALL SELECT r.oid, r.xmin FROM pg_rewrite AS r JOIN pg_class AS c "                  \
	"ON c.oid = r.ev_class WHERE c.relnamespace = to_regnamespace('bk') "                      \
	"UNION ALL SELECT p.oid, p.xmin FROM pg_policy AS p JOIN pg_class AS c "                   \
	"ON c.oid = p.polrelid WHERE c.relnamespace = to_regnamespace('bk') "                      \
	"UNION ALL SELECT s.starelid, s.xmin FROM pg_statistic AS s JOIN pg_class AS c "           \
	"ON c.oid = s.starelid WHERE c.relnamespace = to_regnamespace('bk') "                      \
	"UNION ALL SELECT version::oid, xmin FROM bk.schema_migrations) AS made"

/* A tenth of the time that making it takes. */
#define EMPTY                                                                                      \
	"SET LOCAL session_replication_role = replica;"                                            \
	"DO $$ DECLARE r regclass; BEGIN FOR r IN SELECT oid FROM pg_class "                       \
	"WHERE relnamespace = 'bk'::regnamespace AND relkind IN ('r', 'S') "                       \
	"AND relname <> 'schema_migrations' LOOP "                                                 \
	"IF EXISTS (SELECT FROM pg_sequence WHERE seqrelid = r) "                                  \
	"THEN PERFORM setval(r, 1, false); ELSE EXECUTE format('DELETE FROM %s', r); END IF; "     \
	"END LOOP; END $$"

/* What many rows left behind would be gone through by the next test. */
#define SMALL                                                                                      \
	"SELECT (sum(pg_total_relation_size(oid)) < 4000000)::int FROM pg_class "                  \
	"WHERE relnamespace = 'bk'::regnamespace AND relkind = 'r'"

static bool is_as_made(void)
{
	BK_CLEAN(bk_free_str) char *made = NULL;
	BK_CLEAN(bk_free_str) char *before = NULL;

	if (!pg_int("SELECT (to_regclass('bk.schema_migrations') IS NOT NULL AND "
		    "to_regclass('fixture.made') IS NOT NULL)::int"))
		return false;
	made = pg_text(MADE, NULL, 0);
	before = pg_text("SELECT max(print) FROM fixture.made", NULL, 0);
	return before && strcmp(made, before) == 0 && pg_int(SMALL);
}

void pg_fresh_schema(const struct bk_conf *conf)
{
	struct bk_error err = {0};

	ck_assert_str_eq(bk_conf_str(conf, "schema"), "bk");
	if (is_as_made()) {
		pg_script(EMPTY);
		ck_assert_msg(!bk_setup_jobs(pg_db, conf, &err), "%s", err.message);
		return;
	}
	pg_script("DROP SCHEMA IF EXISTS bk, fixture CASCADE");
	pg_make_schema(conf);
	pg_script("CREATE SCHEMA fixture; CREATE TABLE fixture.made AS " MADE);
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

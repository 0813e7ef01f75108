/*
 * The fixture of the views' tests; see view_db.h.
 */
#include "view_db.h"

#include "conf_files.h"
#include "job/migrate.h"
#include "suite.h"

struct bk_db *view_db;
struct bk_conf *view_conf;

void view_db_conf(const char *text)
{
	static const char *const env[] = {NULL};

	bk_conf_clean(&view_conf);
	conf_write("bk.conf", text);
	view_conf = conf_load(NULL, env);
}

void view_db_sql(const char *sql)
{
	static const struct bk_stmt begin = BK_BEGIN;
	struct bk_error err = {0};

	bk_db_deadline(view_db, 60000);
	ck_assert_msg(!bk_db_run(view_db, &begin, 1, NULL, &err) &&
			      !bk_db_script(view_db, "test", sql, &err) &&
			      !bk_db_commit(view_db, &err),
		      "%s: %s", sql, err.message);
}

static int64_t no_time(void *arg)
{
	(void)arg;
	return 0;
}

static void migrate(void)
{
	const struct bk_migrate_options options = {
		.instance = "test",
		.os_user = "test",
		.run_id = "00000000-0000-4000-8000-000000000000",
		.elapsed_ms = no_time,
	};
	struct bk_migrate_report report = {0};
	struct bk_error err = {0};

	ck_assert_msg(!bk_migrate_apply(view_db, view_conf, &options, &report, &err), "%s",
		      err.message);
	bk_migrate_report_clear(&report);
}

void view_db_open(void)
{
	static const volatile sig_atomic_t no_signal = 0;
	const struct bk_db_params params = {
		.application = "bk:test",
		.connect_timeout_ms = 10000,
		.clock = bk_clock_system(),
		.interrupted = &no_signal,
	};
	struct bk_error err = {0};

	conf_dir_open();
	view_db_conf("");
	ck_assert_msg(!bk_db_connect(&params, &view_db, &err), "%s", err.message);
	view_db_sql("DROP SCHEMA IF EXISTS bk CASCADE; DROP TABLE IF EXISTS public.bookings");
	migrate();
	view_db_sql("DELETE FROM bk.maintenance_executions");
}

void view_db_close(void)
{
	bk_db_clean(&view_db);
	bk_conf_clean(&view_conf);
	conf_dir_close();
}

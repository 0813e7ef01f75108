/*
 * Making a connection: who says which parameter, what a failure is called, and
 * that no message ever holds a password.
 */
#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "pg.h"
#include "side.h"
#include "suite.h"

static struct bk_error err;
static struct bk_db *db;

static void setup(void)
{
	db = NULL;
}

static void teardown(void)
{
	bk_db_clean(&db);
}

static enum bk_rc open_with(struct bk_db_params params)
{
	bk_db_clean(&db);
	params.application = "bk:test";
	params.connect_timeout_ms = 20000;
	params.clock = bk_clock_system();
	return bk_db_connect(&params, &db, &err);
}

/* What the server says about the session. */
static const char *session(const char *sql)
{
	static char value[120];
	const struct bk_stmt stmt = {.name = "session", .sql = sql, .shape = BK_ONE_ROW};
	struct bk_rows *rows = NULL;

	bk_db_deadline(db, 20000);
	ck_assert_msg(bk_db_run(db, &stmt, 1, &rows, &err) == BK_OK, "%s", err.message);
	(void)snprintf(value, sizeof(value), "%s", bk_rows_cell(rows, 0, 0));
	bk_rows_free(rows);
	return value;
}

#define CURRENT "SELECT current_user || '@' || current_database()"

START_TEST(without_any_word_the_environment_says_where)
{
	ck_assert_int_eq(open_with((struct bk_db_params){.read_only = true}), BK_OK);
	ck_assert_str_eq(session("SELECT current_database()"), getenv("PGDATABASE"));
	ck_assert_str_eq(session("SHOW application_name"), "bk:test");
	ck_assert_str_eq(session("SHOW client_encoding"), "UTF8");
	ck_assert_ptr_nonnull(strstr(bk_db_target(db), getenv("PGHOST")));
	ck_assert_ptr_nonnull(strstr(bk_db_target(db), "user=postgres"));
}
END_TEST

static const struct {
	const char *conninfo;
	const char *dbname;
	const char *user;
	const char *pguser; /* PGUSER; NULL = unset */
	const char *who;
} precedences[] = {
	{"user=one dbname=postgres", NULL, NULL, NULL, "one"},
	{"postgresql://one@/postgres", NULL, NULL, NULL, "one"},
	{"user=one", NULL, NULL, "two", "two"},
	{"user=one", "user=three", NULL, "two", "three"},
	{"user=one", "postgres://three@/", NULL, "two", "three"},
	{"user=one", "user=three", "four", "two", "four"},
	{NULL, NULL, "four", "two", "four"},
};

START_TEST(the_command_line_beats_the_environment_and_that_beats_the_file)
{
	ck_assert_int_eq(unsetenv("PGUSER"), 0);
	if (precedences[_i].pguser)
		ck_assert_int_eq(setenv("PGUSER", precedences[_i].pguser, 1), 0);
	ck_assert_msg(open_with((struct bk_db_params){.conninfo = precedences[_i].conninfo,
						      .dbname = precedences[_i].dbname,
						      .user = precedences[_i].user}) == BK_OK,
		      "%s", err.message);
	ck_assert_str_eq(session("SELECT current_user"), precedences[_i].who);
}
END_TEST

START_TEST(a_service_names_the_whole_server)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/services", getenv("BK_TEST_DIR"));
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(file, "[here]\nuser=three\ndbname=postgres\n");
	(void)fclose(file);
	ck_assert_int_eq(setenv("PGSERVICEFILE", path, 1), 0);
	ck_assert_int_eq(unsetenv("PGUSER") + unsetenv("PGDATABASE"), 0);
	ck_assert_int_eq(open_with((struct bk_db_params){.conninfo = "user=one dbname=nosuch",
							 .dbname = "service=here"}),
			 BK_OK);
	ck_assert_str_eq(session(CURRENT), "three@postgres");
	ck_assert_int_eq(setenv("PGSERVICE", "here", 1), 0);
	ck_assert_int_eq(open_with((struct bk_db_params){.conninfo = "user=one dbname=nosuch"}),
			 BK_OK);
	ck_assert_str_eq(session(CURRENT), "three@postgres");
}
END_TEST

/* hunter2 must appear in no message, however wrong the rest is. */
static const struct {
	struct bk_db_params params;
	enum bk_rc rc;
	const char *message; /* a part of it */
} failures[] = {
	{{.dbname = "dbname=x password=hunter2"}, BK_E_USAGE, "--dbname holds a password"},
	{{.dbname = "postgresql://u:hunter2@h/x"}, BK_E_USAGE, "--dbname holds a password"},
	{{.dbname = "password=hunter2 oops"}, BK_E_USAGE, "--dbname is no valid connection string"},
	{{.dbname = "postgresql://u:hun%zzter2@h/x"}, BK_E_USAGE, "is no valid connection string"},
	{{.dbname = "nosuchword=1"}, BK_E_USAGE, "is no valid connection string"},
	{{.port = "abc"}, BK_E_USAGE, "port: \"abc\" is no number from 1 to 65535"},
	{{.port = "65536"}, BK_E_USAGE, "\"65536\" is no number from 1 to 65535"},
	{{.dbname = "port=0"}, BK_E_USAGE, "port: \"0\" is no number"},
	{{.conninfo = "hunter2"}, BK_E_CONFIG, "setting database is no valid connection string"},
	{{.conninfo = "password=hunter2 oops"}, BK_E_CONFIG, "is no valid connection string"},
	{{.conninfo = "password=hunter2", .user = "locked"}, BK_E_LOGIN, "authentication failed"},
	{{.user = "locked"}, BK_E_LOGIN, "no password supplied"},
	{{.user = "nosuchrole"}, BK_E_LOGIN, "role \"nosuchrole\" does not exist"},
	{{.dbname = "nosuchdb"}, BK_E_UNAVAILABLE, "database \"nosuchdb\" does not exist"},
	{{.host = "/nosuchdir"}, BK_E_UNAVAILABLE, "No such file"},
	{{.host = "localhost", .port = "1"}, BK_E_UNAVAILABLE, "refused"},
	{{.host = "nosuch.invalid"}, BK_E_UNAVAILABLE, "nosuch.invalid"},
	{{.user = "shut"}, BK_E_UNAVAILABLE, "too many connections"},
	{{.user = "outside"}, BK_E_PERMISSION, "permission denied for database"},
};

START_TEST(a_connection_that_fails_says_why_and_no_password)
{
	ck_assert_int_eq(open_with(failures[_i].params), failures[_i].rc);
	ck_assert_ptr_null(db);
	ck_assert_msg(strstr(err.message, failures[_i].message) != NULL, "%s", err.message);
	ck_assert_ptr_null(strchr(err.message, '\n'));
	ck_assert_ptr_null(strstr(err.message, "LOCATION"));
	ck_assert_ptr_null(strstr(err.message, "hunter"));
	ck_assert_ptr_null(strstr(err.hint, "hunter"));
}
END_TEST

static const struct {
	struct bk_db_params params;
	const char *sqlstate;
} states[] = {
	{{.user = "nosuchrole"}, "28000"}, {{.conninfo = "password=x", .user = "locked"}, "28P01"},
	{{.dbname = "nosuchdb"}, "3D000"}, {{.user = "shut"}, "53300"},
	{{.host = "/nosuchdir"}, ""},
};

START_TEST(a_refusal_by_the_server_has_its_sqlstate)
{
	ck_assert_int_ne(open_with(states[_i].params), BK_OK);
	ck_assert_str_eq(err.sqlstate, states[_i].sqlstate);
	ck_assert_msg(!err.sqlstate[0] || !strstr(err.message, err.sqlstate), "%s", err.message);
}
END_TEST

START_TEST(a_password_of_the_file_is_used)
{
	ck_assert_int_eq(unsetenv("PGUSER"), 0);
	ck_assert_msg(open_with((struct bk_db_params){
			      .conninfo = "user=locked password='the right one'"}) == BK_OK,
		      "%s", err.message);
	ck_assert_ptr_null(strstr(bk_db_target(db), "right"));
}
END_TEST

START_TEST(a_password_file_is_used_unless_others_may_read_it)
{
	char path[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/pgpass", getenv("BK_TEST_DIR"));
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(file, "*:*:*:locked:the right one\n");
	(void)fclose(file);
	ck_assert_int_eq(setenv("PGPASSFILE", path, 1), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(open_with((struct bk_db_params){.user = "locked"}), BK_OK);
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(open_with((struct bk_db_params){.user = "locked"}), BK_E_LOGIN);
}
END_TEST

/* Several hosts: the first that can be written to. */
START_TEST(a_dead_host_of_several_is_passed_over)
{
	char host[300];

	(void)snprintf(host, sizeof(host), "/nosuchdir,%s", getenv("PGHOST"));
	ck_assert_int_eq(open_with((struct bk_db_params){.host = host}), BK_OK);
	ck_assert_ptr_nonnull(strstr(bk_db_target(db), getenv("PGHOST")));
}
END_TEST

static void make_roles(void)
{
	struct side *side = side_open();

	side_exec(side,
		  "CREATE ROLE one LOGIN; CREATE ROLE two LOGIN; CREATE ROLE three LOGIN;"
		  "CREATE ROLE four LOGIN; CREATE ROLE bk_pw;"
		  "CREATE ROLE locked LOGIN PASSWORD 'the right one' IN ROLE bk_pw;"
		  "CREATE ROLE shut LOGIN CONNECTION LIMIT 0;"
		  "CREATE ROLE outside LOGIN;"
		  "REVOKE CONNECT ON DATABASE %s FROM public;"
		  "GRANT CONNECT ON DATABASE %s TO one, two, three, four, locked, shut",
		  getenv("PGDATABASE"), getenv("PGDATABASE"));
	side_close(side);
}

int main(void)
{
	Suite *suite = suite_create("connect");
	TCase *tc = tcase_create("connect");

	tcase_add_unchecked_fixture(tc, make_roles, NULL);
	tcase_add_checked_fixture(tc, setup, teardown);
	ADD(tc, without_any_word_the_environment_says_where);
	ADD_ROWS(tc, the_command_line_beats_the_environment_and_that_beats_the_file, precedences);
	ADD(tc, a_service_names_the_whole_server);
	ADD_ROWS(tc, a_connection_that_fails_says_why_and_no_password, failures);
	ADD_ROWS(tc, a_refusal_by_the_server_has_its_sqlstate, states);
	ADD(tc, a_password_of_the_file_is_used);
	ADD(tc, a_password_file_is_used_unless_others_may_read_it);
	ADD(tc, a_dead_host_of_several_is_passed_over);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

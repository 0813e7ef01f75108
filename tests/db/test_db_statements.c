/*
 * Statements over one connection: pipelines and their errors, shapes, commits,
 * scripts, streams, notices.
 */
#include "db/db.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "pg.h"
#include "side.h"
#include "suite.h"

static struct side *side;
static struct bk_error err;

static void setup(void)
{
	pg_open();
	side = side_open();
	side_exec(side, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int PRIMARY KEY, s text)");
}

static void teardown(void)
{
	side_close(side);
	pg_close();
}

static struct bk_stmt stmt(const char *name, const char *sql, enum bk_shape shape)
{
	return (struct bk_stmt){.name = name, .sql = sql, .shape = shape};
}

static enum bk_rc run_one(const char *sql, enum bk_shape shape)
{
	const struct bk_stmt s = stmt("one", sql, shape);

	bk_db_deadline(pg_db, 60000);
	return bk_db_run(pg_db, &s, 1, NULL, &err);
}

/* The connection can be used, and no transaction is open on it. */
static void assert_idle(void)
{
	ck_assert(!bk_db_lost(pg_db));
	ck_assert_str_eq(side_text(side, "SELECT state FROM pg_stat_activity WHERE pid = %d",
				   PQbackendPID(pg_db->conn)),
			 "idle");
	ck_assert_int_eq(pg_int("SELECT 42"), 42);
}

START_TEST(a_pipeline_gives_one_answer_for_each_statement)
{
	const char *params[] = {"7", NULL};
	const struct bk_stmt stmts[] = {
		BK_BEGIN,
		{"insert", "INSERT INTO t VALUES ($1, $2)", params, 2, BK_NO_ROWS},
		{"select", "SELECT n, s FROM t", NULL, 0, BK_ONE_ROW},
		{"maybe", "SELECT 1 WHERE false", NULL, 0, BK_MAYBE_ROW},
		{"any", "SELECT generate_series(1, 3)", NULL, 0, BK_ANY_ROWS},
		BK_COMMIT,
	};
	struct bk_rows *rows[BK_COUNT(stmts)];

	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(bk_db_run(pg_db, stmts, BK_COUNT(stmts), rows, &err), BK_OK);
	ck_assert_int_eq(bk_rows_affected(rows[1]), 1);
	ck_assert_str_eq(bk_rows_text(rows[2], 0, "n"), "7");
	ck_assert_ptr_null(bk_rows_text(rows[2], 0, "s"));
	ck_assert_ptr_null(bk_rows_text(rows[2], 0, "nosuch"));
	ck_assert_int_eq(bk_rows_width(rows[2]), 2);
	ck_assert_str_eq(bk_rows_column(rows[2], 1), "s");
	ck_assert_int_eq(bk_rows_count(rows[3]), 0);
	ck_assert_int_eq(bk_rows_count(rows[4]), 3);
	for (size_t i = 0; i < BK_COUNT(stmts); i++)
		bk_rows_free(rows[i]);
	assert_idle();
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 1);
}
END_TEST

START_TEST(the_first_error_of_a_pipeline_is_kept_and_nothing_stays)
{
	const struct bk_stmt stmts[] = {
		BK_BEGIN,
		{"insert", "INSERT INTO t VALUES (1)", NULL, 0, BK_NO_ROWS},
		{"divide", "SELECT 1/0", NULL, 0, BK_ONE_ROW},
		{"later", "SELECT * FROM nosuch", NULL, 0, BK_ANY_ROWS},
		BK_COMMIT,
	};
	struct bk_rows *rows[BK_COUNT(stmts)];

	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(bk_db_run(pg_db, stmts, BK_COUNT(stmts), rows, &err), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "22012");
	ck_assert_str_eq(err.message, "divide: division by zero");
	for (size_t i = 0; i < BK_COUNT(stmts); i++)
		ck_assert_ptr_null(rows[i]);
	assert_idle();
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

START_TEST(an_error_in_an_open_transaction_rolls_it_back)
{
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO t VALUES (1)", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("SELECT 1/0", BK_ONE_ROW), BK_E_RUN);
	assert_idle();
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

static const struct {
	const char *sql;
	enum bk_shape shape;
	bool fits;
} shapes[] = {
	{"SELECT 1", BK_NO_ROWS, false},
	{"SELECT 1", BK_ONE_ROW, true},
	{"SELECT 1", BK_MAYBE_ROW, true},
	{"SELECT 1", BK_ANY_ROWS, true},
	{"SELECT 1 WHERE false", BK_NO_ROWS, true},
	{"SELECT 1 WHERE false", BK_ONE_ROW, false},
	{"SELECT 1 WHERE false", BK_MAYBE_ROW, true},
	{"SELECT generate_series(1, 2)", BK_ONE_ROW, false},
	{"SELECT generate_series(1, 2)", BK_MAYBE_ROW, false},
	{"SELECT generate_series(1, 2)", BK_ANY_ROWS, true},
	{"CREATE TEMPORARY TABLE x ()", BK_NO_ROWS, true},
	{"CREATE TEMPORARY TABLE y ()", BK_ONE_ROW, false},
};

START_TEST(an_answer_of_another_shape_is_an_error_that_names_the_statement)
{
	enum bk_rc rc = run_one(shapes[_i].sql, shapes[_i].shape);

	ck_assert_int_eq(rc, shapes[_i].fits ? BK_OK : BK_E_INTERNAL);
	if (rc)
		ck_assert_ptr_eq(strstr(err.message, "one: "), err.message);
	assert_idle();
}
END_TEST

START_TEST(a_wrong_shape_rolls_an_open_transaction_back)
{
	const struct bk_stmt stmts[] = {
		BK_BEGIN,
		{"insert", "INSERT INTO t VALUES (1)", NULL, 0, BK_NO_ROWS},
		{"two", "SELECT generate_series(1, 2)", NULL, 0, BK_ONE_ROW},
	};

	bk_db_deadline(pg_db, 60000);
	ck_assert_int_eq(bk_db_run(pg_db, stmts, BK_COUNT(stmts), NULL, &err), BK_E_INTERNAL);
	assert_idle();
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

/* A pooler, or a server that was asked by somebody else on the same session. */
START_TEST(a_commit_that_answers_rollback_is_a_failure)
{
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert(PQexitPipelineMode(pg_db->conn));
	PQclear(PQexec(pg_db->conn, "SELECT 1/0"));
	ck_assert(PQenterPipelineMode(pg_db->conn));
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_E_RUN);
	ck_assert_ptr_nonnull(strstr(err.message, "rolled the transaction back"));
	assert_idle();
}
END_TEST

START_TEST(a_commit_that_a_deferred_constraint_refuses_says_why)
{
	pg_script("ALTER TABLE t ADD CHECK (n > 0), ADD UNIQUE (s) DEFERRABLE INITIALLY DEFERRED");
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(run_one("INSERT INTO t VALUES (1, 'a'), (2, 'a')", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(bk_db_commit(pg_db, &err), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "23505");
	assert_idle();
}
END_TEST

START_TEST(a_script_runs_its_statements_in_the_open_transaction)
{
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(
		bk_db_script(pg_db, "s",
			     "INSERT INTO t VALUES (1); SELECT 1; INSERT INTO t VALUES (2)", &err),
		BK_OK);
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 2);
	bk_db_rollback(pg_db);
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

START_TEST(a_script_that_fails_rolls_back_and_names_itself)
{
	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(bk_db_script(pg_db, "schema/7",
				      "INSERT INTO t VALUES (1); SELECT 1/0; SELECT 2", &err),
			 BK_E_RUN);
	ck_assert_str_eq(err.message, "schema/7: division by zero");
	assert_idle();
	ck_assert_int_eq(pg_int("SELECT count(*) FROM t"), 0);
}
END_TEST

struct stream {
	int64_t seen;
	int64_t stop_at; /* -1 = never */
};

static enum bk_rc on_row(void *arg, const struct bk_rows *rows, struct bk_error *error)
{
	struct stream *s = arg;

	s->seen++;
	ck_assert_int_eq(bk_rows_count(rows), 1);
	ck_assert_int_eq(strtoll(bk_rows_text(rows, 0, "g"), NULL, 10), s->seen);
	return s->seen == s->stop_at ? bk_error_set(error, BK_E_IO, "enough") : BK_OK;
}

static enum bk_rc stream(const char *sql, struct stream *s)
{
	const struct bk_stmt one = stmt("list", sql, BK_ANY_ROWS);

	bk_db_deadline(pg_db, 60000);
	return bk_db_stream(pg_db, &one, on_row, s, &err);
}

START_TEST(a_stream_hands_over_every_row_in_order)
{
	struct stream s = {0, -1};

	ck_assert_int_eq(stream("SELECT g FROM generate_series(1, 5000) g", &s), BK_OK);
	ck_assert_int_eq(s.seen, 5000);
	assert_idle();
}
END_TEST

START_TEST(a_stream_ends_with_what_its_reader_says)
{
	struct stream s = {0, 10};

	/* So long that nobody would wait for its end. */
	ck_assert_int_eq(stream("SELECT generate_series(1, 2000000000) AS g", &s), BK_E_IO);
	ck_assert_str_eq(err.message, "enough");
	ck_assert_int_eq(s.seen, 10);
	assert_idle();
}
END_TEST

START_TEST(a_stream_reports_an_error_that_comes_after_rows)
{
	struct stream s = {0, -1};

	ck_assert_int_eq(
		stream("SELECT g, 1 / (300 - g) FROM (SELECT generate_series(1, 1000) AS g) q", &s),
		BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "22012");
	ck_assert_str_eq(err.message, "list: division by zero");
	ck_assert_int_eq(s.seen, 299);
	assert_idle();
}
END_TEST

START_TEST(a_stream_of_nothing_is_no_error)
{
	struct stream s = {0, -1};

	ck_assert_int_eq(stream("SELECT 1 AS g WHERE false", &s), BK_OK);
	ck_assert_int_eq(s.seen, 0);
	ck_assert_int_eq(stream("SELECT nosuch", &s), BK_E_SCHEMA);
	assert_idle();
}
END_TEST

START_TEST(a_stream_that_fails_leaves_no_transaction_open)
{
	struct stream s = {0, 3};

	ck_assert_int_eq(run_one("BEGIN", BK_NO_ROWS), BK_OK);
	ck_assert_int_eq(stream("SELECT g FROM generate_series(1, 10) g", &s), BK_E_IO);
	assert_idle();
}
END_TEST

START_TEST(the_last_notice_is_kept_as_one_line)
{
	ck_assert_str_eq(bk_db_notice(pg_db), "");
	pg_script("DO $$ BEGIN RAISE WARNING E'first\\nsecond'; END $$");
	ck_assert_str_eq(bk_db_notice(pg_db), "first");
}
END_TEST

static TCase *statements(void)
{
	TCase *tc = tcase_create("statements");

	tcase_add_checked_fixture(tc, setup, teardown);
	ADD(tc, a_pipeline_gives_one_answer_for_each_statement);
	ADD(tc, the_first_error_of_a_pipeline_is_kept_and_nothing_stays);
	ADD(tc, an_error_in_an_open_transaction_rolls_it_back);
	ADD_ROWS(tc, an_answer_of_another_shape_is_an_error_that_names_the_statement, shapes);
	ADD(tc, a_wrong_shape_rolls_an_open_transaction_back);
	ADD(tc, a_commit_that_answers_rollback_is_a_failure);
	ADD(tc, a_commit_that_a_deferred_constraint_refuses_says_why);
	ADD(tc, a_script_runs_its_statements_in_the_open_transaction);
	ADD(tc, a_script_that_fails_rolls_back_and_names_itself);
	ADD(tc, a_stream_hands_over_every_row_in_order);
	ADD(tc, a_stream_ends_with_what_its_reader_says);
	ADD(tc, a_stream_reports_an_error_that_comes_after_rows);
	ADD(tc, a_stream_of_nothing_is_no_error);
	ADD(tc, a_stream_that_fails_leaves_no_transaction_open);
	ADD(tc, the_last_notice_is_kept_as_one_line);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("statements");

	suite_add_tcase(suite, statements());
	return suite_run(suite);
}

/*
 * Evidence in other tables: a check-in that is recorded while the run is about to lock the
 * booking must count. PostgreSQL reads only the locked row again, so the run locks first and
 * judges by a second statement.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/internal.h"
#include "rig.h"
#include "suite.h"

#define CONF                                                                                       \
	"bookings { table = \"app.b\" key = {\"k\"} status = \"state\" start = \"start\" "         \
	"check-in = \"(SELECT min(c.at) FROM app.checkins AS c WHERE c.k = b.k)\" "                \
	"states { confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} no-show = {\"N\"} } } " \
	"update-completed { enabled = no } update-expired { enabled = no }"

enum { DUE = 25 };

static void setup(void)
{
	rig_open();
	side_exec(rig.side,
		  "DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;"
		  "CREATE TABLE app.b (k int PRIMARY KEY, state text, start timestamptz);"
		  "CREATE TABLE app.checkins (k int NOT NULL REFERENCES app.b, at timestamptz);"
		  "CREATE INDEX ON app.b (start, k);"
		  "INSERT INTO app.b SELECT g, 'C', now() - interval '1 h' + g * interval '1 s'"
		  " FROM generate_series(1, %d) AS g",
		  DUE);
	rig_conf(CONF);
	rig_job("cancel-no-shows");
	rig.request.batch_size = 10;
}

static int64_t count_of(const char *state)
{
	return side_int(rig.side, "SELECT count(*) FROM app.b WHERE state = '%s'", state);
}

START_TEST(bookings_without_evidence_are_no_shows)
{
	side_exec(rig.side, "INSERT INTO app.checkins SELECT g, now() - interval '59 min'"
			    " FROM generate_series(1, 25, 5) AS g");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 20);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_int_eq(count_of("N"), 20);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 20);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 0);
}
END_TEST

/* A check-in that is not committed yet holds a share of the booking's lock. */
static void check_in(int n)
{
	if (n == 1)
		side_exec(rig.side, "BEGIN; INSERT INTO app.checkins VALUES (3, now() -"
				    " interval '59 min')");
	if (n == 2)
		side_exec(rig.side, "COMMIT");
}

START_TEST(a_check_in_that_is_being_recorded_keeps_the_booking)
{
	rig.before_batch = check_in;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, DUE - 1);
	ck_assert_str_eq(side_text(rig.side, "SELECT state FROM app.b WHERE k = 3"), "C");
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM app.b JOIN app.checkins"
					    " USING (k) WHERE state = 'N'"),
			 0);
}
END_TEST

/* The page that is locked, with a gate between its snapshot and its locks. */
static void gated_lock(struct bk_buf *out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	const char *order;

	ck_assert_int_eq(bk_table_load(pg_db, rig.job->mapping, &rig.job->table, &rig.err), BK_OK);
	ck_assert(rig.job->units.items[0].rule->foreign);
	ck_assert_int_eq(bk_page_sql(rig.job, "bk", true, &sql, &rig.err), BK_OK);
	order = strstr(bk_buf_cstr(&sql), " ORDER BY");
	bk_buf_bytes(out, bk_buf_cstr(&sql), (size_t)(order - bk_buf_cstr(&sql)));
	bk_buf_str(out, " AND (SELECT pg_advisory_xact_lock_shared(7)) IS NOT NULL");
	bk_buf_str(out, order);
}

/* The first statement still takes the booking: it is the second one that must not. */
START_TEST(the_locks_alone_would_not_see_it)
{
	const char *params[] = {"now", "-infinity", "10"};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_stmt stmt = {"lock", NULL, params, 3, BK_ANY_ROWS};

	gated_lock(&sql);
	stmt.sql = bk_buf_cstr(&sql);
	side_exec(rig.side, "SELECT pg_advisory_lock(7)");
	side_send(rig.side,
		  "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  " PERFORM pg_sleep(0.01); END LOOP; END $$;"
		  "INSERT INTO app.checkins VALUES (3, now() - interval '59 min');"
		  "SELECT pg_advisory_unlock(7)");
	ck_assert_msg(bk_db_run(pg_db, &stmt, 1, &rows, &rig.err) == BK_OK, "%s", rig.err.message);
	side_finish(rig.side);
	ck_assert_int_eq(bk_rows_count(rows), 10);
	bk_rows_clean(&rows);
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(side_text(rig.side, "SELECT state FROM app.b WHERE k = 3"), "C");
}
END_TEST

static const int worker_counts[] = {2, 4};

START_TEST(several_workers_share_it)
{
	rig.request.workers = worker_counts[_i];
	rig.request.connect = rig_connect;
	rig.request.batch_size = 3;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, DUE);
	ck_assert_int_eq(count_of("N"), DUE);
}
END_TEST

START_TEST(one_bad_row_is_set_aside_here_as_well)
{
	side_exec(rig.side, "ALTER TABLE app.b ADD CHECK (k <> 7 OR state <> 'N') NOT VALID");
	ck_assert_int_eq(rig_run(), BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.quarantined, 1);
	ck_assert_int_eq(count_of("N"), DUE - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("foreign");
	TCase *tc = tcase_create("foreign");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, bookings_without_evidence_are_no_shows);
	ADD(tc, a_check_in_that_is_being_recorded_keeps_the_booking);
	ADD(tc, the_locks_alone_would_not_see_it);
	ADD_ROWS(tc, several_workers_share_it, worker_counts);
	ADD(tc, one_bad_row_is_set_aside_here_as_well);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

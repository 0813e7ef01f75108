/*
 * Bookings that another session changes between the snapshot of a batch and its
 * locks: the batch waits at a gate in between.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/internal.h"
#include "rig.h"
#include "suite.h"

/* The text of a first batch that waits between its snapshot and its locks. */
static void gated_batch_sql(struct bk_buf *out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_error err;
	const char *order;

	ck_assert_int_eq(bk_table_load(pg_db, rig.job->mapping, &rig.job->table, &err), BK_OK);
	ck_assert_int_eq(bk_batch_sql(rig.job, "bk", &sql, &err), BK_OK);
	order = strstr(bk_buf_cstr(&sql), " ORDER BY");
	ck_assert_ptr_nonnull(order);
	bk_buf_bytes(out, bk_buf_cstr(&sql), (size_t)(order - bk_buf_cstr(&sql)));
	bk_buf_str(out, " AND (SELECT pg_advisory_xact_lock_shared(7)) IS NOT NULL");
	bk_buf_str(out, order);
}

struct gated {
	int64_t locked;
	int64_t changed;
	char steady; /* t, f, or 0 = unknown */
};

/* Runs it while the other session does something to the table. */
static struct gated run_gated_batch(const char *size, const char *meanwhile)
{
	const char *params[] = {"now", "-infinity", size, "1", "0", "1", "1", "60000", "activate"};
	struct bk_stmt stmt = {"batch", NULL, params, 9, BK_ONE_ROW};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

	side_exec(rig.side, "SELECT pg_advisory_lock(7)");
	gated_batch_sql(&sql);
	stmt.sql = bk_buf_cstr(&sql);
	side_exec(rig.side,
		  "INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at,"
		  " status, triggered_by, invoked_by, server_instance, pid, version, lease_token,"
		  " as_of)"
		  " VALUES (gen_random_uuid(), 'x', 'x', now(), 'RUNNING', 'MANUAL', 'u', 'h', 1,"
		  " '1',"
		  " 1, now()); INSERT INTO bk.execution_workers VALUES (1, 0, 1, 0, 0, now())");
	side_send(
		rig.side,
		"BEGIN; DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		" PERFORM pg_sleep(0.01); END LOOP; END $$; %s; COMMIT; SELECT"
		" pg_advisory_unlock(7)",
		meanwhile);
	ck_assert_msg(bk_db_run(pg_db, &stmt, 1, &rows, &rig.err) == BK_OK, "%s", rig.err.message);
	side_finish(rig.side);
	ck_assert_str_eq(bk_rows_text(rows, 0, "ledger"), "1");
	const char *steady = bk_rows_text(rows, 0, "steady");

	return (struct gated){strtoll(bk_rows_text(rows, 0, "locked"), NULL, 10),
			      strtoll(bk_rows_text(rows, 0, "changed"), NULL, 10),
			      steady ? *steady : 0};
}

static const struct {
	const char *meanwhile;
	const char *status; /* of booking 2 afterwards */
	int64_t locked;
} flights[] = {
	{"UPDATE bookings SET status = 'CANCELLED' WHERE id = 2", "CANCELLED", 2},
	{"UPDATE bookings SET starts_at = now() + interval '1 d', ends_at = NULL WHERE id = 2",
	 "CONFIRMED", 2},
	/* Still due, but no longer the row that was seen: the sweep takes it. */
	{"UPDATE bookings SET reference = 'new' WHERE id = 2", "CONFIRMED", 3},
};

START_TEST(a_row_that_changed_before_its_lock_is_not_overwritten)
{
	struct gated batch;

	rig_due(3);
	batch = run_gated_batch("10", flights[_i].meanwhile);
	ck_assert_int_eq(batch.changed, 2);
	ck_assert_int_eq(batch.locked, flights[_i].locked);
	ck_assert_int_eq(
		side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = 'ACTIVE'"), 2);
	ck_assert_str_eq(side_text(rig.side, "SELECT status FROM bookings WHERE id = 2"),
			 flights[_i].status);
	ck_assert_int_eq(side_int(rig.side, "SELECT row_count FROM bk.booking_transitions"), 2);
}
END_TEST

static const struct {
	const char *meanwhile;
	char steady;
} last_rows[] = {
	{"SELECT 1", 't'},
	{"UPDATE bookings SET reference = 'new' WHERE id = 3", 't'},
	{"UPDATE bookings SET starts_at = starts_at + interval '1 m' WHERE id = 3", 'f'},
	{"UPDATE bookings SET starts_at = starts_at + interval '1 m' WHERE id = 2", 't'},
	{"UPDATE bookings SET id = 99 WHERE id = 3", 0},
};

/* The position of a row that moved on would jump over the rows between. */
START_TEST(a_last_row_that_moved_gives_no_position)
{
	struct gated batch;

	rig_due(5);
	batch = run_gated_batch("3", last_rows[_i].meanwhile);
	ck_assert_int_eq(batch.locked, 3);
	ck_assert_int_eq(batch.steady, last_rows[_i].steady);
}
END_TEST

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
}

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tc = tcase_create("gate");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_row_that_changed_before_its_lock_is_not_overwritten, flights);
	ADD_ROWS(tc, a_last_row_that_moved_gives_no_position, last_rows);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

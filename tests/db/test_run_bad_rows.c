/*
 * Bookings that the database refuses to change: each is found and set aside with
 * its error, all others of the run are changed, once. A fault of all rows is
 * told apart: then nothing is set aside.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "rig.h"
#include "suite.h"

static void setup(void)
{
	rig_open();
	side_exec(rig.side, "DROP FUNCTION IF EXISTS refuse(), n() CASCADE;"
			    "DROP TABLE IF EXISTS allowed CASCADE");
	rig_audit();
	rig_job("activate-due");
}

static int64_t spoiled(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bookings WHERE resource_id = 666"
				  " AND status IN ('CONFIRMED', 'ACTIVE')");
}

/* All `due` but the spoiled ones are changed, and these are set aside. */
static void expect_partial(int64_t due)
{
	int64_t bad = spoiled();

	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_int_eq(bk_rc_info(BK_E_PARTIAL)->exit_status, BK_EXIT_REMAINS);
	ck_assert_str_eq(rig.result.status, "PARTIAL");
	ck_assert_int_eq(rig.result.processed, due - bad);
	ck_assert_int_eq(rig.result.quarantined, bad);
	ck_assert_int_eq(rig.result.remaining, bad);
	ck_assert_int_eq(rig_changed(), due - bad);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(rig_aside(),
			 side_text(rig.side, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM"
					     " bookings WHERE resource_id = 666"
					     " AND status = 'CONFIRMED'"));
	ck_assert_str_eq(side_text(rig.side, "SELECT concat_ws(' ', status, processed_count,"
					     " quarantined, remaining, error_code) FROM"
					     " bk.maintenance_executions"),
			 side_text(rig.side, "SELECT 'PARTIAL %d %d %d WORK_REMAINS'",
				   (int)(due - bad), (int)bad, (int)bad));
	ck_assert_int_eq(side_int(rig.side, "SELECT coalesce(sum(row_count), 0) FROM"
					    " bk.booking_transitions"),
			 due - bad);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count, total_failures)"),
			 "IDLE 0 0");
}

/* --- what may refuse a booking --- */

#define TRIGGER(timing, body)                                                                      \
	"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE n int; BEGIN"     \
	" IF NEW.resource_id = 666 THEN " body "; END IF; RETURN NEW; END $$;"                     \
	"CREATE " timing " ON bookings FOR EACH ROW EXECUTE FUNCTION refuse()"

static const struct {
	const char *sqlstate;
	const char *ddl;
} faults[] = {
	{"23514", "ALTER TABLE bookings ADD CHECK (resource_id <> 666 OR status <> 'ACTIVE')"},
	{"P0001", TRIGGER("TRIGGER t BEFORE UPDATE", "RAISE EXCEPTION 'no, % is bad', NEW.id")},
	{"P0001", TRIGGER("TRIGGER t AFTER UPDATE", "RAISE EXCEPTION 'no'")},
	{"BK007", TRIGGER("TRIGGER t BEFORE UPDATE", "RAISE 'no' USING ERRCODE = 'BK007'")},
	{"45000", TRIGGER("TRIGGER t BEFORE UPDATE", "RAISE 'no' USING ERRCODE = '45000'")},
	{"22012", TRIGGER("TRIGGER t BEFORE UPDATE", "n := 1 / (NEW.resource_id - 666)")},
	{"22001", "ALTER TABLE bookings ADD note varchar(5);"
		  "CREATE FUNCTION n() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note :="
		  " CASE NEW.resource_id WHEN 666 THEN 'much too long' END; RETURN NEW; END $$;"
		  "CREATE TRIGGER n BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION n()"},
	/* In the way of each is an active booking of the same customer. */
	{"23P01", "ALTER TABLE bookings ADD EXCLUDE (customer_id WITH =)"
		  " WHERE (status = 'ACTIVE')"},
	{"23P01", "ALTER TABLE bookings ADD EXCLUDE (customer_id WITH =)"
		  " WHERE (status = 'ACTIVE') DEFERRABLE INITIALLY DEFERRED"},
	{"23505", "CREATE UNIQUE INDEX ON bookings (customer_id) WHERE status = 'ACTIVE'"},
	{"23503", "CREATE TABLE allowed AS SELECT resource_id AS r, status AS s FROM bookings UNION"
		  " VALUES (1, 'ACTIVE');"
		  "ALTER TABLE allowed ADD PRIMARY KEY (r, s);"
		  "ALTER TABLE bookings ADD FOREIGN KEY (resource_id, status) REFERENCES allowed"
		  " DEFERRABLE INITIALLY DEFERRED"},
	{"P0001", TRIGGER("CONSTRAINT TRIGGER t AFTER UPDATE",
			  "RAISE EXCEPTION 'at the end of the statement'")},
	{"P0001", "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		  " IF NEW.resource_id = 666 THEN RAISE EXCEPTION 'late'; END IF; RETURN NULL;"
		  " END $$;"
		  "CREATE CONSTRAINT TRIGGER t AFTER UPDATE ON bookings DEFERRABLE INITIALLY"
		  " DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"},
};

static void make_customers(void)
{
	side_exec(rig.side,
		  "UPDATE bookings SET customer_id = id;"
		  "INSERT INTO bookings (id, status, customer_id, starts_at) SELECT 1000 + id,"
		  " 'ACTIVE', id, now() + interval '1 day' FROM bookings WHERE resource_id = 666");
}

START_TEST(a_booking_that_is_refused_is_set_aside_with_its_error)
{
	rig_due(20);
	rig_spoil("id IN (7, 13)");
	make_customers();
	side_exec(rig.side, "%s", faults[_i].ddl);
	expect_partial(20);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(DISTINCT concat_ws(' ', rule,"
					     " operation, execution_id, error_code, tries), ', ')"
					     " FROM bk.quarantined_bookings"),
			 side_text(rig.side, "SELECT 'activate activate-due %s %s 1'",
				   rig.result.execution_id, faults[_i].sqlstate));
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM bk.quarantined_bookings WHERE"
				  " error_message LIKE 'rule activate: booking_batch: _%%' AND"
				  " next_try_at = last_seen_at + interval '5 minutes' AND"
				  " first_seen_at = last_seen_at AND last_seen_at BETWEEN now()"
				  " - interval '1 minute' AND now()"),
			 2);
}
END_TEST

START_TEST(the_error_is_the_one_of_its_booking)
{
	rig_refuse();
	rig_due(20);
	rig_spoil("id IN (7, 8, 13)");
	expect_partial(20);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings WHERE"
					    " error_message LIKE '%%booking ' || booking_key[1] ||"
					    " ' is refused'"),
			 3);
	ck_assert_str_eq(
		rig.err.message,
		"3 bookings were set aside, the database refuses the change: rule activate:"
		" booking_batch: booking 7 is refused");
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "bkstatus quarantine"));
}
END_TEST

/* --- where they are --- */

enum { DUE = 100 };

static const char *const places[] = {
	"id = 1",
	"id = 100",
	"id = 50",
	"id IN (1, 100)",
	"id IN (3, 4)",
	"id <= 20",
	"id > 95",
	"id BETWEEN 40 AND 60",
	"id % 10 = 0",
	"id % 2 = 0",
	"id IN (1, 15, 29, 43, 57, 71, 85)",
};

static const int batch_sizes[] = {5000, 64, 7};

START_TEST(wherever_they_are_and_whatever_the_size_of_a_batch)
{
	rig_refuse();
	rig_due(DUE);
	rig_spoil(places[(size_t)_i / BK_COUNT(batch_sizes)]);
	rig.request.max_aside = DUE;
	rig.request.batch_size = batch_sizes[(size_t)_i % BK_COUNT(batch_sizes)];
	expect_partial(DUE);
}
END_TEST

static const struct {
	const char *which;
	int batch_size;
} hundreds[] = {{"id IN (1, 5000, 10000)", 5000}, {"id % 500 = 50", 5000}, {"id <= 100", 300}};

START_TEST(of_ten_thousand_each_that_is_not_refused_is_changed)
{
	rig_refuse();
	rig_due(10000);
	rig_spoil(hundreds[_i].which);
	rig.request.timeout_ms = 600000;
	rig.request.batch_size = hundreds[_i].batch_size;
	expect_partial(10000);
}
END_TEST

/* --- a fault of all rows --- */

static void expect_error(enum bk_rc rc, const char *record)
{
	ck_assert_msg(rig_run() == rc, "%s", rig.err.message);
	ck_assert_str_eq(rig.result.status, "ERROR");
	ck_assert_int_eq(rig.result.quarantined, 0);
	ck_assert_str_eq(rig_record(1), record);
	ck_assert_str_eq(rig_aside(), "");
	ck_assert_int_eq(rig_changed(), rig.result.processed);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count)"), "ERROR 1");
}

static const char *const maintenance[] = {
	TRIGGER("TRIGGER t BEFORE UPDATE", "NULL; END IF; IF true THEN RAISE 'closed'"),
	"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
	" 'BEGIN RAISE EXCEPTION $$closed$$; END';"
	"CREATE TRIGGER t BEFORE UPDATE ON bookings FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
	"ALTER TABLE bookings ADD CHECK (status <> 'ACTIVE' OR resource_id < 0)",
};

static const int table_sizes[] = {8, 9, 50, 1000};

START_TEST(a_table_that_refuses_every_change_is_an_error)
{
	int64_t due = table_sizes[(size_t)_i % BK_COUNT(table_sizes)];

	rig_due((int)due);
	side_exec(rig.side, "%s", maintenance[(size_t)_i / BK_COUNT(table_sizes)]);
	expect_error(BK_E_RUN, "ERROR 0 RUN_FAILED");
	ck_assert_ptr_nonnull(strstr(rig.err.hint, "nothing was set aside"));
	ck_assert_ptr_nonnull(strstr(rig.err.message, "each of 8 bookings tried alone"));
	ck_assert_str_ne(rig.err.sqlstate, "");
	ck_assert_int_eq(rig.parts, 8);
}
END_TEST

static void close_table(int n)
{
	if (n == 3)
		side_exec(rig.side,
			  "ALTER TABLE bookings ADD CHECK (status <> 'ACTIVE' OR resource_id < 0)"
			  " NOT VALID");
}

START_TEST(a_table_that_refuses_from_some_moment_on_keeps_what_was_done)
{
	rig_refuse();
	rig_due(100);
	rig_spoil("id = 5"); /* is set aside, and in the end is not */
	rig.request.batch_size = 20;
	rig.before_batch = close_table;
	expect_error(BK_E_RUN, "ERROR 39 RUN_FAILED");
	ck_assert_str_eq(rig.err.sqlstate, "23514");
}
END_TEST

START_TEST(more_than_max_quarantine_is_a_fault_of_all)
{
	rig_refuse();
	rig_due(100);
	rig_spoil("id % 20 = 0");
	rig.request.max_aside = 4;
	expect_error(BK_E_RUN, "ERROR 95 RUN_FAILED");
	ck_assert_ptr_nonnull(strstr(rig.err.message, "more than 4 bookings are refused"));
	ck_assert_ptr_nonnull(strstr(rig.err.message, "booking 100 is refused"));
}
END_TEST

START_TEST(as_many_as_max_quarantine_are_set_aside)
{
	rig_refuse();
	rig_due(100);
	rig_spoil("id % 20 = 0");
	rig.request.max_aside = 5;
	expect_partial(100);
}
END_TEST

static void revoke(int n)
{
	if (n == 3)
		side_exec(rig.side, "REVOKE UPDATE ON bookings FROM clerk");
}

START_TEST(a_privilege_that_is_lost_is_a_fault_of_all)
{
	side_exec(rig.side,
		  "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'clerk') THEN"
		  " DROP OWNED BY clerk; DROP ROLE clerk; END IF; END $$; CREATE ROLE clerk LOGIN;"
		  "GRANT USAGE ON SCHEMA bk TO clerk; GRANT ALL ON ALL TABLES IN SCHEMA bk TO"
		  " clerk; GRANT ALL ON bookings, audit TO clerk");
	bk_db_clean(&pg_db);
	ck_assert_int_eq(bk_db_connect(&(const struct bk_db_params){.user = "clerk",
								    .connect_timeout_ms = 20000,
								    .clock = bk_clock_system()},
				       &pg_db, &rig.err),
			 BK_OK);
	rig_due(50);
	rig.request.batch_size = 10;
	rig.before_batch = revoke;
	expect_error(BK_E_PERMISSION, "ERROR 20 PERMISSION_DENIED");
}
END_TEST

/* --- with locks beside --- */

static void lock_one(int64_t id)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bookings WHERE id = %d FOR UPDATE", (int)id);
}

/* The sweep for what was passed over meets the refused ones again. */
START_TEST(a_locked_booking_beside_does_not_count_them_twice)
{
	rig_refuse();
	rig_due(100);
	rig_spoil("id IN (3, 50, 99)");
	rig.request.max_aside = 3;
	lock_one(10);
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 96);
	ck_assert_int_eq(rig.result.quarantined, 3);
	ck_assert_int_eq(rig.result.skipped_locked, 1);
	ck_assert_str_eq(rig_aside(), "3 50 99");
	ck_assert_int_eq(side_int(rig.side, "SELECT max(tries) FROM bk.quarantined_bookings"), 1);
}
END_TEST

START_TEST(what_is_left_of_them_for_the_sweep_is_no_fault_of_all)
{
	rig_refuse();
	rig_due(1000);
	rig_spoil("id % 50 = 0");
	lock_one(10);
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 979);
	ck_assert_int_eq(rig.result.quarantined, 20);
}
END_TEST

START_TEST(a_refused_booking_that_is_locked_is_left_for_later)
{
	rig_refuse();
	rig_due(20);
	rig_spoil("id IN (3, 7)");
	lock_one(7);
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_int_eq(rig.result.processed, 18);
	ck_assert_int_eq(rig.result.skipped_locked, 1);
	ck_assert_str_eq(rig_aside(), "3");
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_str_eq(rig_aside(), "3 7");
}
END_TEST

/* --- with several workers --- */

static const int worker_counts[] = {2, 4};

START_TEST(several_workers_set_each_aside_once)
{
	rig_refuse();
	rig_due(2000);
	rig_spoil("id % 40 = 0");
	rig.request.workers = worker_counts[_i];
	rig.request.connect = rig_connect;
	rig.request.batch_size = 100;
	rig.request.max_aside = 50;
	rig.request.timeout_ms = 600000;
	expect_partial(2000);
}
END_TEST

static TCase *rows(void)
{
	TCase *tc = tcase_create("rows");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_booking_that_is_refused_is_set_aside_with_its_error, faults);
	ADD(tc, the_error_is_the_one_of_its_booking);
	tcase_add_loop_test(tc, wherever_they_are_and_whatever_the_size_of_a_batch, 0,
			    (int)(BK_COUNT(places) * BK_COUNT(batch_sizes)));
	ADD_ROWS(tc, of_ten_thousand_each_that_is_not_refused_is_changed, hundreds);
	ADD(tc, a_locked_booking_beside_does_not_count_them_twice);
	ADD(tc, what_is_left_of_them_for_the_sweep_is_no_fault_of_all);
	ADD(tc, a_refused_booking_that_is_locked_is_left_for_later);
	ADD_ROWS(tc, several_workers_set_each_aside_once, worker_counts);
	return tc;
}

static TCase *all(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_loop_test(tc, a_table_that_refuses_every_change_is_an_error, 0,
			    (int)(BK_COUNT(maintenance) * BK_COUNT(table_sizes)));
	ADD(tc, a_table_that_refuses_from_some_moment_on_keeps_what_was_done);
	ADD(tc, more_than_max_quarantine_is_a_fault_of_all);
	ADD(tc, as_many_as_max_quarantine_are_set_aside);
	ADD(tc, a_privilege_that_is_lost_is_a_fault_of_all);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("bad_rows");

	suite_add_tcase(suite, rows());
	suite_add_tcase(suite, all());
	return suite_run(suite);
}

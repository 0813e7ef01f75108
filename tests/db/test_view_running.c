/*
 * What is at work: leases, workers, and how far each execution is.
 */
#include "view/running.h"

#include "base/attr.h"
#include "suite.h"
#include "view_db.h"

static struct bk_running_list list;

static void open_all(void)
{
	view_db_open();
}

static void close_all(void)
{
	bk_running_list_clear(&list);
	view_db_close();
}

static void read_all(void)
{
	struct bk_error err = {0};

	bk_running_list_clear(&list);
	ck_assert_msg(!bk_view_running(pg_db, view_conf, &list, &err), "%s", err.message);
}

/* Executions 1 and 2 of activate-due in the slots 0 and 1, 3 of update-expired;
   the first with two workers, one of them dead. */
static void three_executions(void)
{
	pg_script("INSERT INTO bk.maintenance_executions (id, run_id, operation, description,"
		  " executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		  " slot, lease_token, as_of) OVERRIDING SYSTEM VALUE"
		  " SELECT i, gen_random_uuid(), o, 'd', now() - interval '10 s', 'RUNNING',"
		  " 'SCHEDULER', 'a/b', 'host-' || i, 40 + i, '1', s, 1, now()"
		  " FROM (VALUES (2, 'activate-due', 1), (1, 'activate-due', 0),"
		  " (3, 'update-expired', 0)) AS v (i, o, s);"
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		  " lease_expires_at) VALUES (1, 0, 1, 300, now() + interval '1 hour'),"
		  " (1, 1, 1, 100, now() - interval '1 s'), (2, 0, 1, 7, now() + interval '1 min'),"
		  " (3, 0, 1, 0, now() + interval '1 min')");
}

START_TEST(where_nothing_runs_the_list_is_empty)
{
	read_all();
	ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(executions_come_by_operation_and_slot)
{
	three_executions();
	read_all();
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[0].id, "1");
	ck_assert_str_eq(list.items[1].id, "2");
	ck_assert_str_eq(list.items[2].id, "3");
	ck_assert_str_eq(list.items[2].operation, "update-expired");
	ck_assert_str_eq(list.items[1].server_instance, "host-2");
	ck_assert_int_eq(list.items[1].pid, 42);
	ck_assert_int_eq(list.items[1].slot, 1);
}
END_TEST

START_TEST(the_work_of_all_workers_counts_and_the_live_ones_are_counted)
{
	const struct bk_running_view *r;

	three_executions();
	read_all();
	r = &list.items[0];
	ck_assert_int_eq(r->workers, 1);
	ck_assert_int_eq(r->processed, 400);
	ck_assert_int_gt(r->lease_left_ms, 3500000);
	ck_assert_int_le(r->lease_left_ms, 3600000);
	ck_assert_int_ge(r->elapsed_ms, 10000);
	ck_assert_int_eq(r->per_second, 400 * 1000 / r->elapsed_ms);
	ck_assert(!r->cancel_requested);
}
END_TEST

START_TEST(until_the_total_is_counted_nobody_knows_what_is_left)
{
	three_executions();
	read_all();
	ck_assert_int_eq(list.items[0].due_total, BK_NULL_INT);
	ck_assert_int_eq(list.items[0].percent, BK_NULL_INT);
	ck_assert_int_eq(list.items[0].left_ms, BK_NULL_INT);
	pg_script("UPDATE bk.maintenance_executions SET due_total = 1000");
	read_all();
	ck_assert_int_eq(list.items[0].percent, 40);
	/* 600 more at 400 in so long. */
	ck_assert_int_ge(list.items[0].left_ms, 15000);
	ck_assert_int_le(list.items[0].left_ms, list.items[0].elapsed_ms * 3 / 2);
	ck_assert_int_eq(list.items[2].percent, 0);
	ck_assert_int_eq(list.items[2].left_ms, BK_NULL_INT);
}
END_TEST

START_TEST(more_than_was_counted_is_all)
{
	three_executions();
	pg_script("UPDATE bk.maintenance_executions SET due_total = 399");
	read_all();
	ck_assert_int_eq(list.items[0].percent, 100);
	ck_assert_int_eq(list.items[0].left_ms, 0);
}
END_TEST

START_TEST(a_dead_and_a_closed_execution_are_not_at_work)
{
	three_executions();
	pg_script("UPDATE bk.execution_workers SET lease_expires_at = now() - interval '1 s'"
		  " WHERE execution_id = 1;"
		  "UPDATE bk.maintenance_executions SET status = 'SUCCESS', finished_at = now()"
		  " WHERE id = 2");
	read_all();
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.items[0].id, "3");
}
END_TEST

START_TEST(a_request_to_cancel_is_seen_of_the_execution_and_of_a_worker)
{
	three_executions();
	pg_script("UPDATE bk.maintenance_executions SET cancel_requested = true WHERE id = 2;"
		  "UPDATE bk.execution_workers SET cancel_requested = true"
		  " WHERE execution_id = 1 AND worker = 0");
	read_all();
	ck_assert(list.items[0].cancel_requested);
	ck_assert(list.items[1].cancel_requested);
	ck_assert(!list.items[2].cancel_requested);
}
END_TEST

START_TEST(a_claim_in_the_future_has_taken_no_time)
{
	three_executions();
	pg_script("UPDATE bk.maintenance_executions SET executed_at = now() + interval '1 hour'");
	read_all();
	ck_assert_int_eq(list.items[0].elapsed_ms, 0);
	ck_assert_int_eq(list.items[0].per_second, BK_NULL_INT);
}
END_TEST

/* How often the whole table of executions was read so far. */
static int64_t whole_reads(void)
{
	ck_assert_int_eq(pg_int("SELECT (pg_stat_force_next_flush() IS NOT NULL)::int"), 1);
	return pg_int("SELECT seq_scan FROM pg_stat_user_tables"
		      " WHERE relname = 'maintenance_executions' AND schemaname = 'bk'");
}

START_TEST(the_history_is_not_read)
{
	int64_t before;

	three_executions();
	pg_script("INSERT INTO bk.maintenance_executions (id, run_id, operation, description,"
		  " executed_at, finished_at, status, triggered_by, invoked_by, server_instance,"
		  " pid, version, lease_token, as_of) OVERRIDING SYSTEM VALUE"
		  " SELECT 100 + i, gen_random_uuid(), 'activate-due', 'd',"
		  " now(), now(), 'SUCCESS', 'SCHEDULER', 'a/b', 'h', 1, '1', 1, now()"
		  " FROM generate_series(1, 20000) AS i");
	pg_script("ANALYZE bk.maintenance_executions");
	before = whole_reads();
	read_all();
	ck_assert_uint_eq(list.count, 3);
	ck_assert_int_eq(whole_reads(), before);
	/* It is counted. */
	ck_assert_int_eq(pg_int("SELECT count(*) FROM bk.maintenance_executions"
				" WHERE description || '' = 'd'"),
			 20003);
	ck_assert_int_gt(whole_reads(), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_running");
	TCase *tc = tcase_create("running");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, where_nothing_runs_the_list_is_empty);
	ADD(tc, executions_come_by_operation_and_slot);
	ADD(tc, the_work_of_all_workers_counts_and_the_live_ones_are_counted);
	ADD(tc, until_the_total_is_counted_nobody_knows_what_is_left);
	ADD(tc, more_than_was_counted_is_all);
	ADD(tc, a_dead_and_a_closed_execution_are_not_at_work);
	ADD(tc, a_request_to_cancel_is_seen_of_the_execution_and_of_a_worker);
	ADD(tc, a_claim_in_the_future_has_taken_no_time);
	ADD(tc, the_history_is_not_read);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

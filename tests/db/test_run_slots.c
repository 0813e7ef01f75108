/*
 * Several instances and one job: so many at once as there are slots, a tick that
 * joins, dead executions in any slot, a leader that keeps the job, a run that is
 * too late, and the clocks of the hosts.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 23, HOUR = 3600000 };

static void setup(void)
{
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 5;
}

/* An execution of `instance` in that slot, with 42 changed bookings and a lease
   that ends then. */
static void make_running(const char *instance, int slot, const char *lease)
{
	side_exec(
		rig.side,
		"UPDATE bk.scheduler_job_info SET lease_token = lease_token + 1 WHERE job_name ="
		" 'activate-due';"
		"WITH e AS (INSERT INTO bk.maintenance_executions (run_id, operation,"
		" description, executed_at, status, triggered_by, invoked_by, server_instance,"
		" pid, version, slot, lease_token, as_of) SELECT gen_random_uuid(), job_name, 'x',"
		" now() - interval '1 hour', 'RUNNING', 'SCHEDULER', 'u/u', '%s', 17, '1.0.0',"
		" %d, lease_token, now() FROM bk.scheduler_job_info WHERE job_name ="
		" 'activate-due' RETURNING id, lease_token) INSERT INTO bk.execution_workers"
		" (execution_id, worker, token, processed, lease_expires_at) SELECT id, 0,"
		" lease_token, 42, now() + interval '%s' FROM e",
		instance, slot, lease);
}

static void run_to(enum bk_outcome outcome)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, outcome);
}

/* "id status slot" of each, in order. */
static const char *executions(void)
{
	return side_text(rig.side, "SELECT coalesce(string_agg(concat_ws(' ', id, status, slot),"
				   " ', ' ORDER BY id), '') FROM bk.maintenance_executions");
}

/* --- slots --- */

static struct bk_run_result elsewhere;

static void run_elsewhere(int n)
{
	if (n == 2)
		ck_assert_int_eq(rig_run_elsewhere(&elsewhere), BK_OK);
}

START_TEST(two_instances_work_at_once_and_change_each_booking_once)
{
	rig_due(DUE);
	rig.request.slots = 2;
	rig.before_batch = run_elsewhere;
	run_to(BK_OUTCOME_RAN);
	ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_RAN);
	ck_assert_int_eq(elsewhere.processed, DUE - 5);
	ck_assert_int_eq(rig.result.processed, 5);
	ck_assert_str_eq(executions(), "1 SUCCESS 0, 2 SUCCESS 1");
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', lease_token, total_runs, total_processed)"),
			 "2 2 23");
	bk_run_result_clear(&elsewhere);
}
END_TEST

static const struct {
	int slots;
	int running[3]; /* slots of other instances at work, -1 = no more */
	int slot;       /* of ours, -1 = busy */
} places[] = {
	{1, {-1, -1, -1}, 0},
	{1, {0, -1, -1}, -1},
	{2, {0, -1, -1}, 1},
	{2, {1, -1, -1}, 0},
	{2, {0, 1, -1}, -1},
	{3, {0, 2, -1}, 1},
	{3, {0, 1, 2}, -1},
	{16, {0, 1, 2}, 3},
	/* There were more slots when it began. */
	{1, {1, -1, -1}, 0},
	{2, {0, 5, -1}, 1},
};

START_TEST(a_run_takes_the_first_slot_that_is_free)
{
	static const char *const names[] = {"host-5", "host-6", "host-7"};
	int others = 0;

	rig_due(1);
	for (; others < 3 && places[_i].running[others] >= 0; others++)
		make_running(names[others], places[_i].running[others], "1 minute");
	rig.request.slots = places[_i].slots;
	run_to(places[_i].slot < 0 ? BK_OUTCOME_BUSY : BK_OUTCOME_RAN);
	if (places[_i].slot < 0) {
		ck_assert_ptr_null(rig.result.execution_id);
		ck_assert_str_eq(rig.result.holder,
				 side_text(rig.side, "SELECT '%s pid 17'", names[others - 1]));
		return;
	}
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT slot FROM bk.maintenance_executions WHERE id ="
				  " %s",
				  rig.result.execution_id),
			 places[_i].slot);
	ck_assert_ptr_null(rig.result.abandoned_id);
}
END_TEST

/* --- joining --- */

static void tick(void)
{
	rig.request.manual = false;
	rig.request.slots = 2;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time ="
			    " '2100-01-01Z'");
}

START_TEST(a_tick_that_is_not_due_joins_where_others_are_at_work)
{
	rig_due(3);
	make_running("host-7", 0, "1 minute");
	tick();
	run_to(BK_OUTCOME_RAN);
	ck_assert_int_eq(rig.result.processed, 3);
	ck_assert_str_eq(executions(), "1 RUNNING 0, 2 SUCCESS 1");
	/* The schedule is the other one's. */
	ck_assert_str_eq(rig_job_column("next_execution_time = '2100-01-01Z'"), "true");
	ck_assert_str_eq(rig_job_column("last_instance"), "host-1");
}
END_TEST

static const struct {
	const char *what;
	int due;
	int slots;
	const char *instance; /* at work in slot 0 */
	const char *lease;
	enum bk_outcome outcome;
} lonely[] = {
	{"nothing is due", 0, 2, "host-7", "1 minute", BK_OUTCOME_NOT_DUE},
	{"no slot is free", 3, 1, "host-7", "1 minute", BK_OUTCOME_BUSY},
	{"it is at work already", 3, 2, "host-1", "1 minute", BK_OUTCOME_NOT_DUE},
	{"the other one is dead", 3, 2, "host-7", "-1 second", BK_OUTCOME_NOT_DUE},
};

START_TEST(it_does_not_join_when)
{
	rig_due(lonely[_i].due);
	make_running(lonely[_i].instance, 0, lonely[_i].lease);
	tick();
	rig.request.slots = lonely[_i].slots;
	run_to(lonely[_i].outcome);
	ck_assert_msg(rig.result.execution_id == NULL, "%s", lonely[_i].what);
	ck_assert_str_eq(executions(), "1 RUNNING 0");
}
END_TEST

START_TEST(nobody_joins_a_job_that_is_paused)
{
	rig_due(3);
	make_running("host-7", 0, "1 minute");
	tick();
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'PAUSED'");
	run_to(BK_OUTCOME_PAUSED);
}
END_TEST

/* --- the dead --- */

START_TEST(dead_executions_in_every_slot_are_closed_by_one_claim)
{
	rig_due(2);
	make_running("host-5", 0, "-1 second");
	make_running("host-6", 1, "-1 minute");
	make_running("host-7", 4, "-1 hour");
	rig.request.slots = 2;
	run_to(BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.abandoned_id, "3");
	ck_assert_str_eq(executions(), "1 ABANDONED 0, 2 ABANDONED 1, 3 ABANDONED 4, 4 SUCCESS 0");
	ck_assert_str_eq(rig_job_column("concat_ws(' ', total_failures, total_processed)"),
			 "3 128");
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM bk.maintenance_executions WHERE"
				  " status = 'ABANDONED' AND processed_count = 42 AND"
				  " finished_at IS NOT NULL AND error_code = 'ABANDONED' AND"
				  " error_message LIKE 'the lease expired; closed by host-1"
				  " pid %%'"),
			 3);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}
END_TEST

START_TEST(the_living_are_left_alone_beside_them)
{
	rig_due(2);
	make_running("host-5", 0, "1 minute");
	make_running("host-6", 1, "-1 minute");
	rig.request.slots = 2;
	run_to(BK_OUTCOME_RAN);
	ck_assert_str_eq(executions(), "1 RUNNING 0, 2 ABANDONED 1, 3 SUCCESS 1");
	ck_assert_int_eq(side_int(rig.side, "SELECT execution_id FROM bk.execution_workers"), 1);
}
END_TEST

/* Its commit may be on its way. */
START_TEST(one_whose_ledger_row_is_locked_keeps_its_slot)
{
	rig_due(2);
	make_running("host-5", 0, "-1 minute");
	make_running("host-6", 1, "-1 minute");
	side_exec(rig.side, "BEGIN; SELECT 1 FROM bk.execution_workers WHERE execution_id = 1 FOR"
			    " UPDATE");
	rig.request.slots = 2;
	run_to(BK_OUTCOME_RAN);
	side_exec(rig.side, "ROLLBACK");
	ck_assert_str_eq(executions(), "1 RUNNING 0, 2 ABANDONED 1, 3 SUCCESS 1");
}
END_TEST

/* The success of a run ends it; a failure is one more. */
START_TEST(a_run_that_died_counts_as_a_failure_in_a_row)
{
	rig_due(2);
	make_running("host-5", 0, "-1 minute");
	rig.request.max_changes = 1;
	ck_assert_int_eq(rig_run(), BK_E_REFUSED);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count)"), "ERROR 2");
	make_running("host-5", 0, "-1 minute");
	rig.request.max_changes = 2;
	run_to(BK_OUTCOME_RAN);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', status, retry_count)"), "IDLE 0");
}
END_TEST

/* --- the leader --- */

static enum bk_outcome tick_of(const char *instance, const char *at)
{
	rig.request.manual = false;
	rig.request.instance = instance;
	rig.request.clock_override = at;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	return rig.result.outcome;
}

START_TEST(a_job_stays_with_its_leader_while_that_one_ticks)
{
	rig.request.leader_ms = 300000;
	rig.request.delay_ms = 60000;
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:01:00Z"), BK_OUTCOME_BUSY);
	ck_assert_str_eq(rig.result.holder, "host-1 (the leader)");
	ck_assert_ptr_null(rig.result.execution_id);
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:01:00Z"), BK_OUTCOME_RAN);
	/* Five minutes after the leader's last tick, not before. */
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:05:59.999Z"), BK_OUTCOME_BUSY);
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:06:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:07:00Z"), BK_OUTCOME_BUSY);
	ck_assert_str_eq(rig.result.holder, "host-2 (the leader)");
	ck_assert_str_eq(executions(), "1 SUCCESS 0, 2 SUCCESS 0, 3 SUCCESS 0");
}
END_TEST

/* Also ticks at which the job is not due, or paused, are signs of life. */
START_TEST(a_leader_need_not_run_to_stay_one)
{
	rig.request.leader_ms = 300000;
	rig.request.delay_ms = HOUR;
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:30:00Z"), BK_OUTCOME_NOT_DUE);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'PAUSED'");
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:58:00Z"), BK_OUTCOME_PAUSED);
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'IDLE'");
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 13:01:00Z"), BK_OUTCOME_BUSY);
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 13:03:00Z"), BK_OUTCOME_RAN);
}
END_TEST

START_TEST(its_ticks_for_another_job_are_none)
{
	rig.request.leader_ms = 300000;
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	rig_job("update-expired");
	rig.request.leader_ms = 300000;
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:05:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:09:00Z"), BK_OUTCOME_BUSY);
	rig_job("activate-due");
	rig.request.leader_ms = 300000;
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:09:00Z"), BK_OUTCOME_RAN);
}
END_TEST

START_TEST(by_hand_no_leader_is_asked)
{
	rig.request.leader_ms = 300000;
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	rig.request.instance = "host-2";
	rig.request.manual = true;
	run_to(BK_OUTCOME_RAN);
}
END_TEST

START_TEST(without_the_setting_there_is_none)
{
	ck_assert_int_eq(tick_of("host-1", "2026-03-01 12:00:00Z"), BK_OUTCOME_RAN);
	ck_assert_int_eq(tick_of("host-2", "2026-03-01 12:01:00Z"), BK_OUTCOME_RAN);
}
END_TEST

/* --- too late --- */

/* The first tick is at 12:00:00; the next run is due at 12:01:00, and may be five
   minutes late. */
static const struct {
	const char *at;
	enum bk_outcome outcome;
	const char *next; /* after a run that was left out */
} lates[] = {
	{"2026-03-01 12:01:00Z", BK_OUTCOME_RAN, NULL},
	{"2026-03-01 12:06:00Z", BK_OUTCOME_RAN, NULL},
	{"2026-03-01 12:06:00.001Z", BK_OUTCOME_LATE, "2026-03-01T12:07:00.000Z"},
	{"2026-03-01 12:06:59Z", BK_OUTCOME_LATE, "2026-03-01T12:07:00.000Z"},
	{"2026-03-01 12:07:00Z", BK_OUTCOME_LATE, "2026-03-01T12:07:00.000Z"},
	{"2026-03-01 12:07:00.001Z", BK_OUTCOME_LATE, "2026-03-01T12:08:00.000Z"},
	{"2026-03-04 15:30:30Z", BK_OUTCOME_LATE, "2026-03-04T15:31:00.000Z"},
};

START_TEST(a_run_that_would_be_too_late_is_left_out)
{
	rig_due(3);
	side_exec(rig.side, "UPDATE bookings SET starts_at = '2026-03-01 11:00Z',"
			    " checked_in_at = '2026-03-01 11:00Z'");
	rig.request.delay_ms = 60000;
	rig.request.late_ms = 300000;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time ="
			    " '2026-03-01 12:01:00Z'");
	ck_assert_int_eq(tick_of("host-1", lates[_i].at), lates[_i].outcome);
	if (lates[_i].outcome == BK_OUTCOME_RAN) {
		ck_assert_int_eq(rig.result.processed, 3);
		return;
	}
	ck_assert_str_eq(rig.result.next_at, lates[_i].next);
	ck_assert_ptr_null(rig.result.execution_id);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_str_eq(executions(), "");
	ck_assert_int_eq(rig_changed(), 0);
	ck_assert_str_eq(rig_job_column("concat_ws(' ', total_runs, lease_token, status)"),
			 "0 0 IDLE");
	/* The next one is in time. */
	ck_assert_int_eq(tick_of("host-1", side_text(rig.side, "SELECT '%s'", lates[_i].next)),
			 BK_OUTCOME_RAN);
	ck_assert_int_eq(rig.result.processed, 3);
}
END_TEST

START_TEST(by_hand_it_is_never_too_late)
{
	rig_due(3);
	rig.request.late_ms = 300000;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time ="
			    " '2020-01-01Z'");
	run_to(BK_OUTCOME_RAN);
	ck_assert_int_eq(rig.result.processed, 3);
}
END_TEST

START_TEST(the_first_run_of_all_is_not_too_late)
{
	rig.request.late_ms = 1000;
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET next_execution_time = NULL");
	rig.request.manual = false;
	run_to(BK_OUTCOME_RAN);
}
END_TEST

/* --- the clocks --- */

static int64_t ahead_us;

static int64_t wall_us(void *self)
{
	struct bk_clock system = bk_clock_system();

	(void)self;
	return system.wall_us(system.self) + ahead_us;
}

static const int64_t differences_ms[] = {0, 7000, -7000, 86400000, -INT64_C(31536000000)};

START_TEST(the_clock_of_the_host_is_compared_with_the_databases)
{
	int64_t expected = differences_ms[_i];

	ahead_us = expected * 1000;
	rig.request.clock.wall_us = wall_us;
	rig_due(_i % 2); /* with and without work */
	run_to(BK_OUTCOME_RAN);
	ck_assert(rig.result.has_clock_difference);
	/* Within what a statement takes. */
	ck_assert_int_gt(rig.result.clock_difference_ms, expected - 2000);
	ck_assert_int_lt(rig.result.clock_difference_ms, expected + 200);
	ck_assert_int_eq(side_int(rig.side, "SELECT clock_difference_ms FROM bk.instances"),
			 rig.result.clock_difference_ms);
}
END_TEST

static TCase *slots(void)
{
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, two_instances_work_at_once_and_change_each_booking_once);
	ADD_ROWS(tc, a_run_takes_the_first_slot_that_is_free, places);
	ADD(tc, a_tick_that_is_not_due_joins_where_others_are_at_work);
	ADD_ROWS(tc, it_does_not_join_when, lonely);
	ADD(tc, nobody_joins_a_job_that_is_paused);
	ADD(tc, dead_executions_in_every_slot_are_closed_by_one_claim);
	ADD(tc, the_living_are_left_alone_beside_them);
	ADD(tc, one_whose_ledger_row_is_locked_keeps_its_slot);
	ADD(tc, a_run_that_died_counts_as_a_failure_in_a_row);
	return tc;
}

static TCase *times(void)
{
	TCase *tc = tcase_create("times");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD(tc, a_job_stays_with_its_leader_while_that_one_ticks);
	ADD(tc, a_leader_need_not_run_to_stay_one);
	ADD(tc, its_ticks_for_another_job_are_none);
	ADD(tc, by_hand_no_leader_is_asked);
	ADD(tc, without_the_setting_there_is_none);
	ADD_ROWS(tc, a_run_that_would_be_too_late_is_left_out, lates);
	ADD(tc, by_hand_it_is_never_too_late);
	ADD(tc, the_first_run_of_all_is_not_too_late);
	ADD_ROWS(tc, the_clock_of_the_host_is_compared_with_the_databases, differences_ms);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("slots");

	suite_add_tcase(suite, slots());
	suite_add_tcase(suite, times());
	return suite_run(suite);
}

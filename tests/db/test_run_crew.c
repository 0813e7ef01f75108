/*
 * Several workers on one run: together they change each booking once, each keeps
 * its own ledger, and what befalls one of them is either made good or ends the
 * run of all.
 */
#include "run/run.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"
#include "faults.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 230, MOST = 4 };

static volatile sig_atomic_t interrupted;
static pthread_barrier_t meeting;
static _Thread_local bool has_met;
static void (*at_meeting)(int worker); /* once per worker, in its open transaction */

/* All workers are in a batch of theirs at one moment: none can have done the work
   of another. Worker 0 comes in its second one, when there are others. */
static void meet(int n)
{
	if (n == 1 || has_met)
		return;
	has_met = true;
	(void)pthread_barrier_wait(&meeting);
	if (at_meeting)
		at_meeting(rig_at->worker);
	(void)pthread_barrier_wait(&meeting);
}

static _Atomic int refusals; /* connections that are still to fail */
static enum bk_rc refusal;
static _Atomic int connections;
static void (*on_connect)(void); /* before one is made anew */

static enum bk_rc make_connection(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
				  struct bk_error *err)
{
	int n = ++connections;

	if (on_connect && n >= rig.request.workers)
		on_connect();
	if (refusals > 0 && refusals-- > 0)
		return bk_error_set(err, refusal, "connection refused");
	return rig_connect(arg, timeout_ms, hold, ret, err);
}

static void use_workers(int n)
{
	rig.request.workers = n;
	(void)pthread_barrier_init(&meeting, NULL, (unsigned)n);
	rig.before_commit = meet;
}

static void setup(void)
{
	fault_let_commits(); /* where the test before failed */
	rig_open();
	rig_audit();
	rig_job("activate-due");
	rig.request.batch_size = 10;
	rig.request.connect = make_connection;
	rig_due(DUE);
}

static void expect_all_changed(void)
{
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(row_count) FROM bk.booking_transitions"),
			 DUE);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(cardinality(keys)) FROM"
					    " bk.booking_transitions"),
			 DUE);
	ck_assert_int_eq(bk_job_tally(rig.job, 0).changed, DUE);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.execution_workers"), 0);
}

static void expect_success(void)
{
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	ck_assert_int_eq(rig.result.processed, DUE);
	ck_assert_int_eq(rig.result.remaining, 0);
	ck_assert_str_eq(rig_record(1), "SUCCESS 230");
	expect_all_changed();
}

/* What was changed is what the record says; nothing twice, nothing half. */
static void expect_consistent(const char *status)
{
	int64_t changed = rig_changed();

	ck_assert_str_eq(rig.result.status, status);
	ck_assert_int_lt(changed, DUE);
	ck_assert_int_eq(rig.result.processed, changed);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(
		side_int(rig.side, "SELECT processed_count FROM bk.maintenance_executions"),
		changed);
	ck_assert_int_eq(side_int(rig.side, "SELECT coalesce(sum(row_count), 0) FROM"
					    " bk.booking_transitions"),
			 changed);
}

/* --- together --- */

static const int worker_counts[] = {2, 3, MOST};

static void check_ledgers(void)
{
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws(' ', count(*), count(DISTINCT token),"
				   " sum(processed), count(*) FILTER (WHERE batch_no > 0 AND"
				   " lease_expires_at > now())) FROM bk.execution_workers"),
			 side_text(rig.side, "SELECT '%d 1 %d %d'", (int)rig.request.workers, DUE,
				   (int)rig.request.workers));
	/* Each ledger has what its worker logged. */
	ck_assert_int_eq(
		side_int(rig.side,
			 "SELECT count(*) FROM bk.execution_workers AS w WHERE processed <>"
			 " (SELECT sum(row_count) FROM bk.booking_transitions AS t WHERE"
			 " t.worker = w.worker)"),
		0);
}

START_TEST(each_booking_is_changed_by_one_of_them)
{
	use_workers(worker_counts[_i]);
	rig.before_end = check_ledgers;
	expect_success();
	ck_assert_int_eq(connections, worker_counts[_i] - 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(DISTINCT worker) FROM"
					    " bk.booking_transitions"),
			 worker_counts[_i]);
}
END_TEST

START_TEST(what_one_batch_does_needs_no_other_worker)
{
	rig.request.workers = MOST;
	rig.request.batch_size = DUE + 1;
	expect_success();
	ck_assert_int_eq(connections, 0);
}
END_TEST

/* A batch each, and most of them empty. */
START_TEST(there_may_be_more_workers_than_work)
{
	rig.request.workers = 16;
	rig.request.batch_size = DUE - 5;
	expect_success();
}
END_TEST

START_TEST(a_run_without_more_connections_has_one_worker)
{
	rig.request.workers = MOST;
	rig.request.connect = NULL;
	expect_success();
}
END_TEST

/* --- connections --- */

static const int refused[] = {1, 2, 3};

START_TEST(where_one_cannot_connect_the_others_do_its_share)
{
	rig.request.workers = MOST;
	refusals = refused[_i];
	refusal = BK_E_UNAVAILABLE;
	expect_success();
	ck_assert_int_eq(rig.result.retries, 0);
	ck_assert_int_eq(rig.result.absent, refused[_i]);
	ck_assert_str_eq(rig.result.absent_why, "connection refused");
}
END_TEST

START_TEST(where_all_can_connect_nobody_is_missed)
{
	rig.request.workers = MOST;
	expect_success();
	ck_assert_int_eq(rig.result.absent, 0);
	ck_assert_ptr_null(rig.result.absent_why);
}
END_TEST

static void kill_itself(int worker)
{
	struct side *killer;

	if (worker != 1)
		return;
	killer = side_open();
	side_exec(killer, "SELECT pg_terminate_backend(%d)", PQbackendPID(rig_at->db->conn));
	side_close(killer);
}

START_TEST(one_whose_connection_is_lost_makes_another_and_goes_on)
{
	use_workers(worker_counts[_i]);
	at_meeting = kill_itself;
	expect_success();
	ck_assert_int_ge(rig.result.retries, 1);
	ck_assert_int_eq(connections, worker_counts[_i]);
}
END_TEST

static void lose_commit(int worker)
{
	if (worker != 1)
		return;
	fault_hang_commits();
	fault_kill_in_commit(PQbackendPID(rig_at->db->conn));
}

/* The others' commits wait, too, and get their answer in the end. */
START_TEST(the_lost_commit_of_one_is_found_by_its_own_ledger_row)
{
	use_workers(2);
	at_meeting = lose_commit;
	on_connect = fault_let_commits;
	expect_success();
	fault_finish();
	ck_assert_int_ge(rig.result.retries, 1);
}
END_TEST

static void refuse_from_now_on(void)
{
	refusal = BK_E_LOGIN;
	refusals = 1000;
	on_connect = NULL;
}

/* Nobody knows what became of its last batch. */
START_TEST(one_that_cannot_learn_what_became_of_its_commit_ends_the_run)
{
	use_workers(2);
	at_meeting = kill_itself;
	on_connect = refuse_from_now_on;
	ck_assert_int_eq(rig_run(), BK_E_UNKNOWN);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(processed) FROM bk.execution_workers"),
			 rig_changed());
}
END_TEST

START_TEST(ledgers_whose_commit_was_lost_are_opened_again)
{
	fault_gate("bk.execution_workers", "NEW.worker = 1 AND NEW.batch_no = 0");
	fault_close_gate();
	fault_kill_at_lock(PQbackendPID(pg_db->conn));
	rig.request.workers = 2;
	on_connect = fault_open_gate;
	/* The first connection made is the one in place of the lost one. */
	connections = 1;
	expect_success();
	fault_finish();
}
END_TEST

/* --- what ends the run of all --- */

/* Small batches: none of them can have come to the end meanwhile. */
static void setup_small(void)
{
	setup();
	rig.request.batch_size = 3;
}

static void steal_lease(int n)
{
	if (n == 5)
		side_exec(rig.side, "UPDATE bk.execution_workers SET token = token + 1");
}

START_TEST(a_lost_lease_stops_all_of_them)
{
	rig.request.workers = worker_counts[_i];
	rig.before_batch = steal_lease;
	ck_assert_int_eq(rig_run(), BK_E_LEASE_LOST);
	ck_assert_ptr_null(rig.result.status);
	ck_assert_str_eq(rig_record(1), "RUNNING 0");
	ck_assert_int_lt(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(processed) FROM bk.execution_workers"),
			 rig_changed());
}
END_TEST

static struct bk_run_result elsewhere;

static void be_taken_over(int n)
{
	if (n != 5)
		return;
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now()");
	rig.request.workers = 1;
	(void)!rig_run_elsewhere(&elsewhere);
}

/* The ledger row of a batch in flight may be locked: then the other one waits for
   it. Here one worker is between two batches and the other may be anywhere. */
START_TEST(who_takes_over_finds_no_booking_that_is_changed_twice)
{
	rig.request.workers = 2;
	rig.before_batch = be_taken_over;
	if (rig_run() == BK_OK)
		ck_assert_int_eq(elsewhere.outcome, BK_OUTCOME_BUSY);
	else
		ck_assert_int_eq(rig.err.rc, BK_E_LEASE_LOST);
	ck_assert_int_eq(rig_changed(), DUE);
	ck_assert_int_eq(rig_changed_twice(), 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(processed_count) FROM"
					    " bk.maintenance_executions"),
			 DUE);
	bk_run_result_clear(&elsewhere);
}
END_TEST

static void interrupt(int worker)
{
	if (worker == 1)
		interrupted = SIGTERM;
}

START_TEST(a_signal_stops_all_of_them)
{
	interrupted = 0;
	pg_db->interrupted = rig.interrupted = &interrupted;
	use_workers(worker_counts[_i]);
	at_meeting = interrupt;
	ck_assert_int_eq(rig_run(), BK_E_TERMINATED);
	expect_consistent("CANCELLED");
	ck_assert_int_ge(rig.result.processed, 3);
}
END_TEST

static void ask_to_cancel(int n)
{
	if (n == 5)
		side_exec(rig.side, "UPDATE bk.execution_workers SET cancel_requested = true");
}

START_TEST(so_does_bkmaint_cancel)
{
	rig.request.workers = worker_counts[_i];
	rig.before_batch = ask_to_cancel;
	ck_assert_int_eq(rig_run(), BK_E_CANCELLED);
	expect_consistent("CANCELLED");
}
END_TEST

static void close_table(int n)
{
	if (n == 5)
		side_exec(rig.side, "ALTER TABLE bookings ADD CHECK (status <> 'ACTIVE' OR"
				    " resource_id < 0) NOT VALID");
}

START_TEST(so_does_a_table_that_refuses_everything)
{
	rig.request.workers = worker_counts[_i];
	rig.before_batch = close_table;
	ck_assert_int_eq(rig_run(), BK_E_RUN);
	expect_consistent("ERROR");
	ck_assert_str_eq(rig.err.sqlstate, "23514");
	ck_assert_str_eq(rig_aside(), "");
}
END_TEST

static void spend_time(int n)
{
	if (n == 5)
		rig.jump_ms = 3600000;
}

START_TEST(so_does_the_end_of_the_time)
{
	rig.request.workers = worker_counts[_i];
	rig.before_batch = spend_time;
	ck_assert_msg(rig_run() == BK_E_TIMEOUT, "%s", rig.err.message);
	expect_consistent("TIMEOUT");
}
END_TEST

static TCase *together(void)
{
	TCase *tc = tcase_create("together");

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_unchecked_fixture(tc, NULL, fault_let_commits);
	ADD_ROWS(tc, each_booking_is_changed_by_one_of_them, worker_counts);
	ADD(tc, what_one_batch_does_needs_no_other_worker);
	ADD(tc, there_may_be_more_workers_than_work);
	ADD(tc, a_run_without_more_connections_has_one_worker);
	ADD_ROWS(tc, where_one_cannot_connect_the_others_do_its_share, refused);
	ADD(tc, where_all_can_connect_nobody_is_missed);
	ADD_ROWS(tc, one_whose_connection_is_lost_makes_another_and_goes_on, worker_counts);
	ADD(tc, the_lost_commit_of_one_is_found_by_its_own_ledger_row);
	ADD(tc, one_that_cannot_learn_what_became_of_its_commit_ends_the_run);
	ADD(tc, ledgers_whose_commit_was_lost_are_opened_again);
	return tc;
}

static TCase *stops(void)
{
	TCase *tc = tcase_create("stops");

	tcase_add_checked_fixture(tc, setup_small, rig_close);
	ADD_ROWS(tc, a_lost_lease_stops_all_of_them, worker_counts);
	ADD(tc, who_takes_over_finds_no_booking_that_is_changed_twice);
	ADD_ROWS(tc, a_signal_stops_all_of_them, worker_counts);
	ADD_ROWS(tc, so_does_bkmaint_cancel, worker_counts);
	ADD_ROWS(tc, so_does_a_table_that_refuses_everything, worker_counts);
	ADD_ROWS(tc, so_does_the_end_of_the_time, worker_counts);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("crew");

	suite_add_tcase(suite, together());
	suite_add_tcase(suite, stops());
	return suite_run(suite);
}

/*
 * Taking back what an execution did, to the last column, and nothing that somebody else did.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"
#include "undone.h"

START_TEST(a_run_is_taken_back_to_the_last_column)
{
	undone_activate();
	ck_assert_int_eq(undone_different(), 12);
	undone_took(12, 0);
	ck_assert_int_eq(undone_different(), 0);
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws(' ', operation, description, undo_of,"
				   " triggered_by, status, processed_count)"
				   " FROM bk.maintenance_executions WHERE id = 2"),
			 "activate-due Undo of execution 1 1 MANUAL SUCCESS 12");
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM bookings WHERE updated_at > (SELECT at FROM"
				  " bk.booking_transitions WHERE execution_id = 1 LIMIT 1)"),
			 12);
}
END_TEST

START_TEST(what_is_taken_back_is_on_hold_and_the_next_run_leaves_it)
{
	undone_activate();
	undone_took(12, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_holds WHERE reason ="
					    " 'Undo of execution 1' AND held_until > now() +"
					    " interval '59 min' AND author = 'tester/' ||"
					    " (SELECT split_part(invoked_by, '/', 2) FROM"
					    " bk.maintenance_executions LIMIT 1)"),
			 12);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(undone_different(), 0);
	side_exec(rig.side, "DELETE FROM bk.booking_holds");
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(undone_different(), 12);
}
END_TEST

START_TEST(without_a_hold_the_next_run_does_it_again)
{
	undone_target.hold_ms = 0;
	undone_activate();
	undone_took(12, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_holds"), 0);
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(undone_different(), 12);
}
END_TEST

START_TEST(a_longer_hold_stays)
{
	undone_activate();
	side_exec(
		rig.side,
		"INSERT INTO bk.booking_holds (booking_key, held_until, reason, author) VALUES"
		" ('{1}', NULL, 'for ever', 'a'), ('{2}', now() + interval '1 min', 'short', 'a'),"
		" ('{3}', now() + interval '1 day', 'long', 'a')");
	undone_took(12, 0);
	ck_assert_str_eq(side_text(rig.side, "SELECT string_agg(reason, ', ' ORDER BY booking_key)"
					     " FROM bk.booking_holds WHERE booking_key <= '{3}' AND"
					     " booking_key IN ('{1}', '{2}', '{3}')"),
			 "for ever, Undo of execution 1; before: short, long");
}
END_TEST

static const struct {
	const char *change;
	const char *left;
} since[] = {
	{"UPDATE bookings SET status = 'CANCELLED' WHERE id = 3", "3 state CANCELLED"},
	{"UPDATE bookings SET reference = 'changed' WHERE id = 4", "4 column reference"},
	{"UPDATE bookings SET resource_id = 7 WHERE id = 5", "5 column resource_id"},
	{"DELETE FROM bookings WHERE id = 6", "6 gone -"},
	{"INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,"
	 " to_state, row_count, keys, key_hashes, txid, at) SELECT id, 0, 1, 'x', 'A', 'B', 2,"
	 " '{{99,7}}', ARRAY[hashtext('99'), hashtext('7')], '9', now() FROM o",
	 "7 later 2"},
	{"CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
	 " CREATE TRIGGER keep BEFORE UPDATE ON bookings FOR EACH ROW WHEN (OLD.id = 8)"
	 " EXECUTE FUNCTION keep()",
	 "8 vetoed -"},
};

START_TEST(what_somebody_else_changed_since_is_left_and_told)
{
	undone_activate();
	side_exec(rig.side,
		  "CREATE TEMP TABLE o AS WITH e AS (INSERT INTO bk.maintenance_executions (run_id,"
		  " operation, description, executed_at, finished_at, status, triggered_by,"
		  " invoked_by, server_instance, pid, version, lease_token, as_of) SELECT"
		  " gen_random_uuid(), 'other', '', now(), now(), 'SUCCESS', 'MANUAL', 'a', 'h', 1,"
		  " '1', 0, now() RETURNING id) SELECT id FROM e");
	side_exec(rig.side, "%s", since[_i].change);
	undone_took(11, 1);
	ck_assert_str_eq(undone_left(), since[_i].left);
	side_exec(rig.side, "DROP TABLE o");
	ck_assert_int_eq(undone_different(), 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.booking_holds"), 11);
}
END_TEST

START_TEST(an_undo_can_be_taken_back_and_the_first_execution_then_cannot)
{
	undone_activate();
	side_exec(rig.side, "DROP TABLE was; CREATE TABLE was AS SELECT * FROM bookings");
	undone_took(12, 0);
	ck_assert_int_eq(undone_different(), 12);
	undone_target.execution = 2;
	undone_took(12, 0);
	ck_assert_str_eq(bk_undo_of(undone), "1");
	ck_assert_int_eq(undone_different(), 0);
	undone_target.execution = 1;
	undone_took(0, 12);
	ck_assert_str_eq(bk_undo_left_rows(undone)->reason, "later");
	ck_assert_str_eq(bk_undo_left_rows(undone)->detail, "3");
}
END_TEST

START_TEST(a_booking_that_the_database_refuses_is_left_alone)
{
	undone_activate();
	side_exec(rig.side, "ALTER TABLE bookings ADD CHECK (id <> 9 OR status <> 'CONFIRMED')");
	ck_assert_int_eq(undone_run(), BK_E_PARTIAL);
	ck_assert_int_eq(rig.result.processed, 11);
	ck_assert_ptr_nonnull(strstr(undone_left(), "9 refused rule activate: undo_batch: "));
	ck_assert_int_eq(undone_different(), 1);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings"), 0);
	side_exec(rig.side, "ALTER TABLE bookings DROP CONSTRAINT bookings_check");
}
END_TEST

START_TEST(one_booking_alone)
{
	const char *const key[] = {"007"};

	undone_activate();
	undone_target.key = key;
	undone_took(1, 0);
	ck_assert_int_eq(undone_different(), 11);
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM bookings WHERE id = 7 AND status ="
				  " 'CONFIRMED'"),
			 1);
}
END_TEST

static int64_t back, stays;

static enum bk_rc note(void *arg, const struct bk_undo_row *row, struct bk_error *err)
{
	(void)arg;
	(void)err;
	*(row->reason ? &stays : &back) += 1;
	ck_assert_str_eq(row->rule, "activate");
	ck_assert_str_eq(row->from, "ACTIVE");
	ck_assert_str_eq(row->to, "CONFIRMED");
	return BK_OK;
}

START_TEST(a_dry_run_says_what_the_run_does_and_changes_nothing)
{
	undone_activate();
	side_exec(rig.side, "UPDATE bookings SET status = 'CANCELLED' WHERE id IN (3, 9);"
			    "DROP TABLE was; CREATE TABLE was AS SELECT * FROM bookings");
	undone_find();
	back = stays = 0;
	ck_assert_int_eq(bk_undo_list(undone, pg_db, note, NULL, &rig.err), BK_OK);
	ck_assert_int_eq(undone_different(), 0);
	undone_took(back, stays);
	ck_assert_int_eq(back, 10);
	ck_assert_int_eq(stays, 2);
}
END_TEST

/* Two rules, one behind the other, in one run. */
static const char *const chain =
	"defaults = no bookings { " UNDONE_TABLE "check-in-mode = untracked }"
	"job turn { description = \"Turn\" }"
	"rule first { job = turn from = {\"CONFIRMED\"} to = \"ACTIVE\" due = \"starts_at\""
	" set = {\"reference = 'first'\"} }"
	"rule second { job = turn from = {\"ACTIVE\"} to = \"COMPLETED\" due = \"starts_at\""
	" set = {\"reference = b.reference || ' second'\"} on-undo = \"INSERT INTO undone SELECT"
	" c.id, c.rule, c.from_state, c.to_state FROM changed AS c\" }";

START_TEST(two_changes_of_a_booking_by_one_run_are_taken_back_the_last_one_first)
{
	side_exec(rig.side,
		  "DROP TABLE IF EXISTS undone; CREATE TABLE undone (id bigint, rule text,"
		  " from_state text, to_state text)");
	side_exec(rig.side, "INSERT INTO bk.scheduler_job_info (job_name, description) VALUES"
			    " ('turn', 'Turn')");
	rig_conf(chain);
	rig_job("turn");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bookings WHERE status ="
					    " 'COMPLETED' AND reference = 'first second'"),
			 12);
	undone_took(24, 0);
	ck_assert_int_eq(undone_different(), 0);
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT count(*) || min(rule || from_state || to_state)"
				   " || max(rule || from_state || to_state) FROM undone"),
			 "12secondCOMPLETEDACTIVEsecondCOMPLETEDACTIVE");
}
END_TEST

START_TEST(of_one_rule_only)
{
	side_exec(rig.side,
		  "DROP TABLE IF EXISTS undone; CREATE TABLE undone (id bigint, rule text,"
		  " from_state text, to_state text)");
	side_exec(rig.side, "INSERT INTO bk.scheduler_job_info (job_name, description) VALUES"
			    " ('turn', 'Turn')");
	rig_conf(chain);
	rig_job("turn");
	ck_assert_int_eq(rig_run(), BK_OK);
	undone_target.rule = "first";
	undone_took(0, 12);
	ck_assert_str_eq(bk_undo_left_rows(undone)->reason, "state");
	undone_target.rule = "second";
	undone_took(12, 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bookings WHERE status = 'ACTIVE'"
					    " AND reference = 'first'"),
			 12);
	undone_target.rule = NULL;
	undone_took(12, 12);
	ck_assert_int_eq(undone_different(), 0);
}
END_TEST

START_TEST(it_is_no_success_of_the_job_and_waits_for_nobody)
{
	undone_activate();
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET last_success_time = '2020-01-01',"
			    " status = 'PAUSED'");
	undone_took(12, 0);
	ck_assert_str_eq(rig_job_column("last_success_time = '2020-01-01' AND status = 'PAUSED'"),
			 "true");
}
END_TEST

/* Nothing has been counted in these tables, and the arrays say nothing of their length: a plan
   that goes through all of a batch for each of its bookings takes longer than this by far. */
START_TEST(a_batch_takes_no_longer_for_each_of_its_bookings)
{
	side_exec(rig.side, "DELETE FROM bookings");
	rig_due(5000);
	rig.request.batch_size = 5000;
	ck_assert_int_eq(rig_run(), BK_OK);
	undone_took_whole(5000, 0);
	undone_took_whole(0, 5000);
	ck_assert_str_eq(bk_undo_left_rows(undone)->reason, "later");
}
END_TEST

static const struct {
	const char *prepare;
	int64_t execution;
	const char *rule;
	enum bk_rc rc;
	const char *message;
} refusals[] = {
	{"SELECT", 99, NULL, BK_E_NOT_FOUND, "no execution 99"},
	{"SELECT", 1, "nobody", BK_E_NOT_FOUND, "changed no bookings by rule nobody"},
	{"DELETE FROM bk.booking_transitions", 1, NULL, BK_E_NOT_FOUND, "changed no bookings"},
	{"UPDATE bk.maintenance_executions SET status = 'RUNNING', finished_at = NULL", 1, NULL,
	 BK_E_BUSY, "is still running"},
	{"UPDATE bk.maintenance_executions SET operation = 'gone'", 1, NULL, BK_E_CONFIG, "gone"},
};

START_TEST(what_cannot_be_taken_back_is_refused)
{
	undone_activate();
	side_exec(rig.side, "%s", refusals[_i].prepare);
	undone_target.execution = refusals[_i].execution;
	undone_target.rule = refusals[_i].rule;
	ck_assert_int_eq(bk_undo_find(pg_db, &undone_target, rig.conf, &undone, &rig.err),
			 refusals[_i].rc);
	ck_assert_msg(strstr(rig.err.message, refusals[_i].message) != NULL, "%s", rig.err.message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("undo");
	TCase *tc = tcase_create("undo");

	tcase_add_checked_fixture(tc, undone_open, undone_close);
	ADD(tc, a_run_is_taken_back_to_the_last_column);
	ADD(tc, what_is_taken_back_is_on_hold_and_the_next_run_leaves_it);
	ADD(tc, without_a_hold_the_next_run_does_it_again);
	ADD(tc, a_longer_hold_stays);
	ADD_ROWS(tc, what_somebody_else_changed_since_is_left_and_told, since);
	ADD(tc, an_undo_can_be_taken_back_and_the_first_execution_then_cannot);
	ADD(tc, a_booking_that_the_database_refuses_is_left_alone);
	ADD(tc, one_booking_alone);
	ADD(tc, a_dry_run_says_what_the_run_does_and_changes_nothing);
	ADD(tc, two_changes_of_a_booking_by_one_run_are_taken_back_the_last_one_first);
	ADD(tc, of_one_rule_only);
	ADD(tc, it_is_no_success_of_the_job_and_waits_for_nobody);
	ADD(tc, a_batch_takes_no_longer_for_each_of_its_bookings);
	ADD_ROWS(tc, what_cannot_be_taken_back_is_refused, refusals);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * What the doctor counts: bookings that are no booking's, old ones, and those
 * that two rules take. None is an error of a job, and none is changed.
 */
#include "job/doctor_checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exam.h"
#include "rig.h"
#include "suite.h"

/* Three bookings, 4711 the first. */
#define ROWS(columns, values)                                                                      \
	"INSERT INTO bookings (id, " columns ") SELECT g, " values                                 \
	" FROM generate_series(4711, 4713) AS g"

static const struct {
	const char *sql;
	const char *code;
	const char *level;
} kinds[] = {
	{ROWS("status, starts_at, ends_at", "NULL, now(), now()"), "status-null", "warning"},
	{ROWS("status, starts_at, ends_at", "'CONFIRMED', NULL, now()"), "start-null", "warning"},
	{ROWS("status, starts_at, ends_at", "'CONFIRMED', now(), NULL"), "end-null", "note"},
	{ROWS("status, starts_at, ends_at", "'ACTIVE', now(), 'infinity'"), "time-infinite",
	 "warning"},
	{ROWS("status, starts_at, ends_at", "'PENDING', '-infinity', now()"), "time-infinite",
	 "warning"},
	{ROWS("status, starts_at, ends_at", "'CONFIRMED', now(), now() - interval '1 us'"),
	 "end-before-start", "warning"},
	{ROWS("status, starts_at, ends_at, grace_minutes",
	      "'CONFIRMED', now(), now() + interval '1 h', -1"),
	 "grace-negative", "warning"},
};

static void setup(void)
{
	exam_open();
	side_exec(rig.side, "ALTER TABLE bookings ALTER status DROP NOT NULL,"
			    " ALTER starts_at DROP NOT NULL");
}

START_TEST(bookings_with_a_fault_are_counted_and_one_is_named)
{
	const struct bk_finding *f;

	side_exec(rig.side, "%s", kinds[_i].sql);
	exam("reader");
	ck_assert_uint_eq(exam_found.count, 2); /* and that it only reads */
	f = exam_finding(kinds[_i].code);
	ck_assert_str_eq(f->level_word, kinds[_i].level);
	ck_assert_int_eq(f->count, 3);
	ck_assert_uint_eq(f->example.count, 1);
	ck_assert_int_eq(strncmp(f->example.items[0], "471", 3), 0);
	ck_assert_ptr_nonnull(strstr(f->what, "3 bookings"));
	ck_assert_ptr_nonnull(strstr(f->what, "for example 471"));
}
END_TEST

START_TEST(no_job_fails_over_them_or_changes_them)
{
	static const char *const jobs[] = {"activate-due", "cancel-no-shows", "update-completed",
					   "update-expired"};

	/* An open-ended booking is a booking. */
	if (strcmp(kinds[_i].code, "end-null") == 0)
		return;
	side_exec(rig.side, "%s", kinds[_i].sql);
	for (size_t i = 0; i < BK_COUNT(jobs); i++) {
		rig_job(jobs[i]);
		ck_assert_msg(rig_run() == BK_OK, "%s: %s", jobs[i], rig.err.message);
		ck_assert_int_eq(rig.result.processed, 0);
	}
}
END_TEST

START_TEST(bookings_that_are_over_are_no_fault)
{
	side_exec(rig.side,
		  ROWS("status, starts_at, ends_at", "'COMPLETED', now(), now() - interval '1 h'"));
	exam("bk");
	exam_is("");
}
END_TEST

START_TEST(more_than_can_be_counted_is_said_so)
{
	side_exec(rig.side, "INSERT INTO bookings (status, starts_at, ends_at) SELECT 'ACTIVE',"
			    " now(), now() - interval '1 h' FROM generate_series(1, 10001)");
	exam("bk");
	ck_assert_int_eq(exam_finding("end-before-start")->count, 10000);
	ck_assert_ptr_nonnull(
		strstr(exam_finding("end-before-start")->what, "10000 bookings or more"));
}
END_TEST

START_TEST(old_bookings_are_counted_by_rule_with_the_command_for_them)
{
	const struct bk_finding *f;

	side_exec(rig.side,
		  "INSERT INTO bookings (status, starts_at, ends_at, hold_expires_at) VALUES"
		  " ('PENDING', now() - interval '31 d', now(), NULL),"
		  " ('PENDING', now() + interval '31 d', 'infinity', NULL),"
		  " ('PENDING', now() - interval '40 d', now(), now() - interval '50 d'),"
		  " ('PENDING', now() - interval '29 d', now(), NULL);"
		  "UPDATE bookings SET ends_at = NULL WHERE ends_at = 'infinity'");
	exam("bk");
	exam_is("bookings-stale end-null");
	f = exam_finding("bookings-stale");
	ck_assert_uint_eq(exam_count("bookings-stale"), 1);
	ck_assert_str_eq(f->subject, "rule expire-hold");
	ck_assert_int_eq(f->count, 2);
	ck_assert_str_eq(f->fix, "bkmaint update-expired --backlog");
	rig_job("update-expired");
	rig.request.max_age_ms = -1;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_eq(rig.result.processed, 3);
	exam("bk");
	exam_is("end-null");
}
END_TEST

/* The built-in rules never compete. So one of them is made to go on for too long. */
START_TEST(rules_that_compete_are_counted_with_an_example)
{
	struct bk_diagnosis found = {.items = NULL};
	const struct bk_doctor_request request = exam_request();
	BK_CLEAN(bk_db_clean) struct bk_db *db = exam_connect("bk");
	struct bk_exam x;
	struct bk_error err = {0};

	side_exec(rig.side, "INSERT INTO bookings (id, status, starts_at, ends_at) SELECT g,"
			    " 'CONFIRMED', now() - interval '1 h', now() + interval '1 h'"
			    " FROM generate_series(4711, 4713) AS g");
	bk_exam_open(&x, db, &request, &found);
	ck_assert_int_eq(bk_check_mapping(&x, &err), BK_OK);
	x.can_read = true;
	ck_assert_int_eq(bk_check_both(&x, &err), BK_OK);
	ck_assert_uint_eq(found.count, 0);
	for (size_t i = 0; i < x.job_count; i++)
		for (size_t r = 0; r < x.jobs[i].job->rules.count; r++)
			bk_free_str(&x.jobs[i].job->rules.items[r].until);
	ck_assert_int_eq(bk_check_both(&x, &err), BK_OK);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_str_eq(found.items[0].code, "rules-compete");
	ck_assert_str_eq(found.items[0].level_word, "warning");
	ck_assert_str_eq(found.items[0].subject, "rules activate and no-show, CONFIRMED");
	ck_assert_int_eq(found.items[0].count, 3);
	ck_assert_ptr_nonnull(strstr(found.items[0].what, "by the one to ACTIVE"));
	ck_assert_str_eq(found.items[0].example.items[0], "4711");
	bk_exam_close(&x);
	bk_diagnosis_clear(&found);
}
END_TEST

START_TEST(a_key_of_several_columns_is_named_whole)
{
	side_exec(rig.side,
		  "DROP TABLE bookings; CREATE TABLE bookings (tenant text, n int, status text,"
		  " starts_at timestamptz, PRIMARY KEY (tenant, n));"
		  "CREATE INDEX ON bookings (starts_at, tenant, n) WHERE status = 'C';"
		  "GRANT SELECT, UPDATE ON bookings TO booking_update;"
		  "INSERT INTO bookings VALUES ('acme', 17, 'C', NULL)");
	rig_conf("bookings { table = \"public.bookings\" key = {\"tenant\", \"n\"} status ="
		 " \"status\" start = \"starts_at\" check-in-mode = untracked states {"
		 " confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} } }"
		 " cancel-no-shows { enabled = no } update-expired { enabled = no }"
		 " update-completed { enabled = no }");
	exam("bk");
	ck_assert_uint_eq(exam_finding("start-null")->example.count, 2);
	ck_assert_ptr_nonnull(strstr(exam_finding("start-null")->what, "for example acme 17"));
	ck_assert_ptr_nonnull(strstr(exam_finding("start-null")->what, "1 booking without"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor_rows");
	TCase *tc = tcase_create("doctor_rows");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD_ROWS(tc, bookings_with_a_fault_are_counted_and_one_is_named, kinds);
	ADD_ROWS(tc, no_job_fails_over_them_or_changes_them, kinds);
	ADD(tc, bookings_that_are_over_are_no_fault);
	ADD(tc, more_than_can_be_counted_is_said_so);
	ADD(tc, old_bookings_are_counted_by_rule_with_the_command_for_them);
	ADD(tc, rules_that_compete_are_counted_with_an_example);
	ADD(tc, a_key_of_several_columns_is_named_whole);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

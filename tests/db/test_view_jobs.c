/*
 * Jobs as of now: what of the database and what of the configuration counts.
 */
#include "view/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "suite.h"
#include "view/health.h"
#include "view_db.h"

static struct bk_job_list jobs;

static void open_all(void)
{
	view_db_open();
}

static void close_all(void)
{
	bk_job_list_clear(&jobs);
	view_db_close();
}

static void read_all(void)
{
	struct bk_error err = {0};

	bk_job_list_clear(&jobs);
	ck_assert_msg(!bk_view_jobs(pg_db, view_conf, &jobs, &err), "%s", err.message);
}

/* The job of that name after reading them all. */
static const struct bk_job_view *job(const char *name)
{
	read_all();
	for (size_t i = 0; i < jobs.count; i++)
		if (strcmp(jobs.items[i].job_name, name) == 0)
			return &jobs.items[i];
	ck_abort_msg("no job %s", name);
	return NULL;
}

START_TEST(every_configured_job_is_there_in_its_order)
{
	static const char *const names[] = {"activate-due", "cancel-no-shows", "update-completed",
					    "update-expired", "cleanup"};

	read_all();
	ck_assert_uint_eq(jobs.count, BK_COUNT(names));
	for (size_t i = 0; i < BK_COUNT(names); i++) {
		ck_assert_str_eq(jobs.items[i].job_name, names[i]);
		ck_assert(jobs.items[i].registered);
		ck_assert_str_eq(jobs.items[i].status, "IDLE");
		ck_assert_ptr_null(jobs.items[i].last_execution_time);
	}
}
END_TEST

START_TEST(an_empty_schema_still_shows_what_is_configured)
{
	pg_script("DELETE FROM bk.scheduler_job_info");
	read_all();
	ck_assert_uint_eq(jobs.count, 5);
	ck_assert(!jobs.items[0].registered);
	ck_assert_str_eq(jobs.items[0].status, "IDLE");
	ck_assert_str_eq(jobs.items[0].description, "Activate due bookings");
	ck_assert_int_eq(jobs.items[0].delay_ms, 30000);
	ck_assert_int_eq(jobs.items[0].running_processed, BK_NULL_INT);
	ck_assert_str_eq(jobs.items[0].status_text, "IDLE");
}
END_TEST

START_TEST(a_job_that_only_the_database_knows_comes_last)
{
	pg_script("INSERT INTO bk.scheduler_job_info (job_name, description, delay_ms)"
		  " VALUES ('aaa', 'of another version', 7)");
	read_all();
	ck_assert_uint_eq(jobs.count, 6);
	ck_assert_str_eq(jobs.items[5].job_name, "aaa");
	ck_assert_int_eq(jobs.items[5].delay_ms, 7);
}
END_TEST

START_TEST(delay_and_timeout_are_those_of_the_next_claim)
{
	pg_script("UPDATE bk.scheduler_job_info SET delay_ms = 1, timeout_ms = 2");
	view_db_conf("activate-due {\n\tdelay = 45s\n\ttimeout = 20s\n}\n");
	ck_assert_int_eq(job("activate-due")->delay_ms, 45000);
	ck_assert_int_eq(job("activate-due")->timeout_ms, 20000);
}
END_TEST

START_TEST(a_job_with_a_live_worker_is_running)
{
	pg_script("INSERT INTO bk.maintenance_executions (id, run_id, operation, description,"
		  " executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		  " lease_token, as_of) OVERRIDING SYSTEM VALUE"
		  " VALUES (77, gen_random_uuid(), 'activate-due', 'd', now(), 'RUNNING',"
		  " 'SCHEDULER', 'a/b', 'h', 1, '1', 1, now());"
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		  " lease_expires_at)"
		  " VALUES (77, 0, 1, 30, now() + interval '1 hour'), (77, 1, 1, 12, now())");
	ck_assert_str_eq(job("activate-due")->status, "RUNNING");
	ck_assert_str_eq(job("activate-due")->running_execution_id, "77");
	ck_assert_int_eq(job("activate-due")->running_processed, 42);
	ck_assert_int_eq(job("activate-due")->running_executions, 1);
	ck_assert_int_eq(job("activate-due")->running_total, BK_NULL_INT);
	ck_assert_str_eq(job("activate-due")->status_text, "RUNNING");
	pg_script("UPDATE bk.maintenance_executions SET due_total = 100");
	ck_assert_int_eq(job("activate-due")->running_total, 100);
	ck_assert_str_eq(job("activate-due")->status, "RUNNING");
	ck_assert_str_eq(job("activate-due")->status_text, "RUNNING 42 %");
	ck_assert_int_eq(job("activate-due")->processed_count, 0);
	pg_script("UPDATE bk.execution_workers SET lease_expires_at = now() - interval '1 s'");
	ck_assert_str_eq(job("activate-due")->status, "IDLE");
	ck_assert_ptr_null(job("activate-due")->running_execution_id);
	ck_assert_str_eq(job("activate-due")->status_text, "IDLE");
	ck_assert_int_eq(job("activate-due")->running_total, BK_NULL_INT);
	ck_assert_int_eq(job("activate-due")->running_executions, BK_NULL_INT);
}
END_TEST

START_TEST(a_job_that_the_file_disables_is_disabled)
{
	view_db_conf("cancel-no-shows {\n\tenabled = no\n}\n");
	ck_assert_str_eq(job("cancel-no-shows")->status, "DISABLED");
	ck_assert_str_eq(job("cancel-no-shows")->status_text, "DISABLED");
	ck_assert(!job("cancel-no-shows")->enabled);
	ck_assert(job("activate-due")->enabled);
}
END_TEST

START_TEST(a_job_that_the_database_disables_is_disabled)
{
	pg_script("UPDATE bk.scheduler_job_info SET is_active = false"
		  " WHERE job_name = 'activate-due';"
		  "UPDATE bk.scheduler_job_info SET status = 'DISABLED'"
		  " WHERE job_name = 'update-expired'");
	ck_assert_str_eq(job("activate-due")->status, "DISABLED");
	ck_assert(!job("activate-due")->enabled);
	ck_assert_str_eq(job("update-expired")->status, "DISABLED");
	ck_assert(!job("update-expired")->enabled);
}
END_TEST

START_TEST(a_pause_ends_by_itself)
{
	pg_script("UPDATE bk.scheduler_job_info SET status = 'PAUSED', paused_reason = 'stock',"
		  " paused_until = '2126-01-01 00:00:00Z'");
	ck_assert_str_eq(job("activate-due")->status, "PAUSED");
	ck_assert_str_eq(job("activate-due")->paused_until, "2126-01-01T00:00:00.000Z");
	ck_assert_str_eq(job("activate-due")->paused_reason, "stock");
	ck_assert(job("activate-due")->paused);
	pg_script("UPDATE bk.scheduler_job_info SET paused_until = now() - interval '10 s',"
		  " last_success_time = now() - interval '1 day'");
	ck_assert_str_eq(job("activate-due")->status, "IDLE");
	ck_assert_ptr_null(job("activate-due")->paused_until);
	ck_assert_ptr_null(job("activate-due")->paused_reason);
	ck_assert(!job("activate-due")->paused);
	ck_assert_str_eq(job("activate-due")->fresh_since, "pause");
	ck_assert_int_ge(job("activate-due")->fresh_age_ms, 10000);
	ck_assert_int_lt(job("activate-due")->fresh_age_ms, 3600000);
}
END_TEST

START_TEST(a_pause_may_have_no_end)
{
	pg_script("UPDATE bk.scheduler_job_info SET status = 'PAUSED', paused_until = NULL"
		  " WHERE job_name = 'activate-due';"
		  "UPDATE bk.scheduler_job_info SET status = 'PAUSED', paused_until = 'infinity'"
		  " WHERE job_name = 'update-expired'");
	ck_assert(job("activate-due")->paused);
	ck_assert(job("update-expired")->paused);
	ck_assert_ptr_null(job("update-expired")->paused_until);
}
END_TEST

START_TEST(freshness_counts_from_the_last_success_else_from_the_registration)
{
	pg_script("UPDATE bk.scheduler_job_info SET created_at = now() - interval '1 hour'");
	ck_assert_str_eq(job("activate-due")->fresh_since, "creation");
	ck_assert_int_ge(job("activate-due")->fresh_age_ms, 3600000);
	pg_script(
		"UPDATE bk.scheduler_job_info SET last_success_time = now() - interval '2 hours'");
	ck_assert_str_eq(job("activate-due")->fresh_since, "success");
	ck_assert_int_ge(job("activate-due")->fresh_age_ms, 7200000);
}
END_TEST

START_TEST(one_job_is_found_by_its_name)
{
	struct bk_error err = {0};

	ck_assert_int_eq(bk_view_job(pg_db, view_conf, "update-expired", &jobs, &err), BK_OK);
	ck_assert_uint_eq(jobs.count, 1);
	ck_assert_str_eq(jobs.items[0].job_name, "update-expired");
}
END_TEST

START_TEST(an_unknown_job_is_an_error_with_a_suggestion)
{
	struct bk_error err = {0};

	ck_assert_int_eq(bk_view_job(pg_db, view_conf, "activate-deu", &jobs, &err),
			 BK_E_NOT_FOUND);
	ck_assert_str_eq(err.message, "no job \"activate-deu\"");
	ck_assert_str_eq(err.hint, "did you mean \"activate-due\"?");
	ck_assert_int_eq(bk_view_job(pg_db, view_conf, "'; drop", &jobs, &err), BK_E_NOT_FOUND);
	ck_assert_uint_eq(jobs.count, 0);
}
END_TEST

START_TEST(a_queue_that_cannot_be_counted_hides_nothing_else)
{
	struct bk_error err = {0};

	read_all();
	ck_assert_int_eq(bk_view_queues(pg_db, view_conf, &jobs, &err), BK_OK);
	ck_assert_int_eq(jobs.items[0].queue_depth, BK_NULL_INT);
	ck_assert_ptr_nonnull(jobs.queue_problem);
	ck_assert_msg(strncmp(jobs.queue_problem, "no queue can be counted: ", 25) == 0, "%s",
		      jobs.queue_problem);
}
END_TEST

START_TEST(queues_are_counted_with_the_oldest_due)
{
	struct bk_error err = {0};

	pg_script("CREATE TABLE public.bookings (id bigint PRIMARY KEY, status text,"
		  " starts_at timestamptz, ends_at timestamptz, checked_in_at timestamptz,"
		  " hold_expires_at timestamptz, grace_minutes int, updated_at timestamptz);"
		  "INSERT INTO public.bookings (id, status, starts_at, ends_at)"
		  " SELECT i, 'CONFIRMED', date_trunc('second', now()) - i * interval '1 s',"
		  " now() + interval '1 h' FROM generate_series(1, 7) AS i");
	view_db_conf("update-expired {\n\tenabled = no\n}\n");
	read_all();
	ck_assert_msg(!bk_view_queues(pg_db, view_conf, &jobs, &err), "%s", err.message);
	ck_assert_ptr_null(jobs.queue_problem);
	ck_assert_int_eq(jobs.items[0].queue_depth, 7);
	ck_assert_ptr_nonnull(jobs.items[0].oldest_due_at);
	ck_assert_int_eq(jobs.items[1].queue_depth, 0);
	ck_assert_ptr_null(jobs.items[1].oldest_due_at);
	ck_assert_int_eq(jobs.items[3].queue_depth, BK_NULL_INT);
	ck_assert_str_eq(jobs.items[4].job_name, "cleanup");
	ck_assert_int_eq(jobs.items[4].queue_depth, 0);
	ck_assert_ptr_null(jobs.items[4].oldest_due_at);
}
END_TEST

START_TEST(states_that_no_job_ends_are_named)
{
	const char *unended[BK_STATE_COUNT + 1];

	bk_view_unended(view_conf, unended);
	ck_assert_ptr_null(unended[0]);
	view_db_conf("update-completed {\n\tenabled = no\n}\n"
		     "update-expired {\n\tenabled = no\n}\n");
	bk_view_unended(view_conf, unended);
	ck_assert_str_eq(unended[0], "pending");
	ck_assert_ptr_nonnull(unended[1]);
}
END_TEST

START_TEST(health_follows_from_what_is_stored)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	pg_script("UPDATE bk.scheduler_job_info SET last_success_time = now();"
		  "UPDATE bk.scheduler_job_info SET status = 'ERROR', error_message = 'boom'"
		  " WHERE job_name = 'update-expired';"
		  "UPDATE bk.scheduler_job_info SET last_success_time = now() - interval '91 s'"
		  " WHERE job_name = 'activate-due';"
		  "UPDATE bk.scheduler_job_info SET last_success_time = now() - interval '25 h'"
		  " WHERE job_name = 'cleanup'");
	read_all();
	bk_health_jobs(&health, &jobs);
	ck_assert_uint_eq(health.count, 5);
	ck_assert_int_eq(health.items[0].state, BK_HEALTH_CRITICAL);
	ck_assert_int_eq(health.items[1].state, BK_HEALTH_OK);
	ck_assert_int_eq(health.items[2].state, BK_HEALTH_OK);
	ck_assert_int_eq(health.items[3].state, BK_HEALTH_WARNING);
	ck_assert_str_eq(health.items[3].message, "last run failed: boom");
	ck_assert_int_eq(health.items[4].state, BK_HEALTH_OK);
	ck_assert_int_eq(health.items[4].max_age_ms, (2 * 24 * 60 + 15) * 60000);
	bk_health_clear(&health);
	pg_script("UPDATE bk.scheduler_job_info SET last_success_time = now() - interval '49 h'"
		  " WHERE job_name = 'cleanup'");
	read_all();
	bk_health_jobs(&health, &jobs);
	ck_assert_int_eq(health.items[4].state, BK_HEALTH_CRITICAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_jobs");
	TCase *tc = tcase_create("jobs");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, every_configured_job_is_there_in_its_order);
	ADD(tc, an_empty_schema_still_shows_what_is_configured);
	ADD(tc, a_job_that_only_the_database_knows_comes_last);
	ADD(tc, delay_and_timeout_are_those_of_the_next_claim);
	ADD(tc, a_job_with_a_live_worker_is_running);
	ADD(tc, a_job_that_the_file_disables_is_disabled);
	ADD(tc, a_job_that_the_database_disables_is_disabled);
	ADD(tc, a_pause_ends_by_itself);
	ADD(tc, a_pause_may_have_no_end);
	ADD(tc, freshness_counts_from_the_last_success_else_from_the_registration);
	ADD(tc, one_job_is_found_by_its_name);
	ADD(tc, an_unknown_job_is_an_error_with_a_suggestion);
	ADD(tc, a_queue_that_cannot_be_counted_hides_nothing_else);
	ADD(tc, queues_are_counted_with_the_oldest_due);
	ADD(tc, states_that_no_job_ends_are_named);
	ADD(tc, health_follows_from_what_is_stored);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

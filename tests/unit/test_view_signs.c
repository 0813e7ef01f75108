/*
 * What follows from the signs beside the jobs' own rows.
 */
#include "suite.h"

#include <string.h>

#include "base/attr.h"
#include "view/signs.h"

static struct bk_health health;

static void forget(void)
{
	bk_health_clear(&health);
}

/* All is well, and nothing is known of archiving and backups. */
static struct bk_signs signs_of(void)
{
	return (struct bk_signs){
		.lag_ms = BK_NULL_INT,
		.failed_age_ms = BK_NULL_INT,
		.archived_age_ms = BK_NULL_INT,
		.backup_age_ms = BK_NULL_INT,
	};
}

/* delay 30 s, timeout 30 s: called no longer than 150 s ago. */
static struct bk_job_view job_of(const char *name)
{
	return (struct bk_job_view){
		.job_name = (char *)(uintptr_t)name,
		.delay_ms = 30000,
		.timeout_ms = 30000,
		.enabled = true,
		.registered = true,
	};
}

static struct bk_tick_view tick_of(const char *job, const char *host, int64_t age_ms)
{
	return (struct bk_tick_view){(char *)(uintptr_t)job, (char *)(uintptr_t)host, age_ms};
}

static const struct bk_check *judge(const struct bk_signs *signs, struct bk_job_view *job,
				    const char *name)
{
	const struct bk_job_list jobs = {job, job ? 1 : 0, NULL};

	bk_health_clear(&health);
	bk_health_signs(&health, signs, &jobs, false);
	for (size_t i = 0; i < health.count; i++)
		if (strcmp(health.items[i].name, name) == 0)
			return &health.items[i];
	return NULL;
}

static void expect(const struct bk_signs *signs, struct bk_job_view *job, const char *name,
		   enum bk_health_state state, const char *message)
{
	const struct bk_check *check = judge(signs, job, name);

	ck_assert_ptr_nonnull(check);
	ck_assert_str_eq(check->message, message);
	ck_assert_int_eq(check->state, state);
}

START_TEST(where_all_is_well_nothing_is_said_of_what_is_not_known)
{
	struct bk_signs signs = signs_of();

	expect(&signs, NULL, "primary", BK_HEALTH_OK, "can be written to");
	ck_assert_uint_eq(health.count, 4);
	ck_assert_int_eq(bk_health_worst(&health), BK_HEALTH_OK);
	expect(&signs, NULL, "ticks", BK_HEALTH_OK, "none yet");
	ck_assert_ptr_null(judge(&signs, NULL, "archiving"));
	ck_assert_ptr_null(judge(&signs, NULL, "backup"));
}
END_TEST

START_TEST(a_server_that_cannot_be_written_to_is_warned_of)
{
	struct bk_signs signs = signs_of();

	signs.read_only = true;
	expect(&signs, NULL, "primary", BK_HEALTH_WARNING,
	       "the server refuses writes, so no job can run");
	signs.standby = true;
	expect(&signs, NULL, "primary", BK_HEALTH_WARNING, "is a standby, where no job can run");
	signs.lag_ms = 90000;
	expect(&signs, NULL, "primary", BK_HEALTH_WARNING,
	       "is a standby, where no job can run; last change replayed 1m 30s old");
	bk_health_clear(&health);
	bk_health_signs(&health, &signs, &(const struct bk_job_list){NULL, 0, NULL}, true);
	ck_assert_int_eq(health.items[0].state, BK_HEALTH_OK);
}
END_TEST

START_TEST(a_job_that_no_host_calls_is_warned_of_also_when_paused)
{
	struct bk_tick_view ticks[] = {tick_of("activate-due", "h1", 150000),
				       tick_of("activate-due", "h2", 7200000)};
	struct bk_signs signs = signs_of();
	struct bk_job_view job = job_of("activate-due");

	signs.ticks = ticks;
	signs.tick_count = 1;
	expect(&signs, &job, "ticks", BK_HEALTH_OK, "come");
	ticks[0].age_ms++;
	expect(&signs, &job, "ticks", BK_HEALTH_WARNING,
	       "activate-due was last called 2m 30s ago, by h1");
	job.paused = true;
	expect(&signs, &job, "ticks", BK_HEALTH_WARNING,
	       "activate-due was last called 2m 30s ago, by h1");
	job.enabled = false;
	expect(&signs, &job, "ticks", BK_HEALTH_OK, "come");
	job.enabled = true;
	job.is_foreign = true;
	expect(&signs, &job, "ticks", BK_HEALTH_OK, "come");
}
END_TEST

START_TEST(a_host_that_fell_silent_is_named_and_no_fault)
{
	struct bk_tick_view ticks[] = {tick_of("activate-due", "h1", -5),
				       tick_of("activate-due", "h2", 7200000),
				       tick_of("other", "h3", 7200000)};
	struct bk_signs signs = signs_of();
	struct bk_job_view job = job_of("activate-due");

	signs.ticks = ticks;
	signs.tick_count = BK_COUNT(ticks);
	expect(&signs, &job, "ticks", BK_HEALTH_OK,
	       "come, but not from every host: activate-due was last called 2h 0m ago, by h2");
}
END_TEST

START_TEST(leases_past_their_end_are_counted_and_named)
{
	struct bk_signs signs = signs_of();

	signs.expired = 1;
	signs.expired_age_ms = 120000;
	signs.expired_which = (char *)(uintptr_t) "execution 7 of activate-due on h1";
	expect(&signs, NULL, "leases", BK_HEALTH_WARNING,
	       "1 past its end, for 2m 0s at most, and nobody took over: "
	       "execution 7 of activate-due on h1");
	signs.expired = 4;
	expect(&signs, NULL, "leases", BK_HEALTH_WARNING,
	       "4 past their end, for 2m 0s at most, and nobody took over: "
	       "execution 7 of activate-due on h1 and others");
	ck_assert_int_eq(judge(&signs, NULL, "leases")->count, 4);
}
END_TEST

START_TEST(a_quarantine_that_is_not_empty_is_warned_of)
{
	struct bk_signs signs = signs_of();

	expect(&signs, NULL, "quarantine", BK_HEALTH_OK, "is empty");
	signs.quarantined = 1;
	expect(&signs, NULL, "quarantine", BK_HEALTH_WARNING,
	       "1 booking set aside, see bkstatus quarantine");
	signs.quarantined = BK_QUARANTINE_COUNT;
	expect(&signs, NULL, "quarantine", BK_HEALTH_WARNING,
	       "10000 bookings or more set aside, see bkstatus quarantine");
}
END_TEST

START_TEST(archiving_is_judged_by_its_last_attempt)
{
	struct bk_signs signs = signs_of();

	signs.archives = true;
	expect(&signs, NULL, "archiving", BK_HEALTH_OK, "nothing to archive yet");
	signs.failed_age_ms = 2000;
	signs.last_failed_wal = (char *)(uintptr_t) "000000010000000000000001";
	expect(&signs, NULL, "archiving", BK_HEALTH_WARNING,
	       "the last attempt failed 2.0 s ago, with WAL file 000000010000000000000001");
	signs.archived_age_ms = 3000;
	ck_assert_int_eq(judge(&signs, NULL, "archiving")->state, BK_HEALTH_WARNING);
	signs.archived_age_ms = 1000;
	expect(&signs, NULL, "archiving", BK_HEALTH_OK, "last WAL file 1.0 s ago");
	signs.archives_nowhere = true;
	expect(&signs, NULL, "archiving", BK_HEALTH_WARNING,
	       "archive_mode is on, but there is no archive_command");
	signs.archives = false;
	ck_assert_ptr_null(judge(&signs, NULL, "archiving"));
}
END_TEST

START_TEST(a_backup_may_be_eight_days_old)
{
	struct bk_signs signs = signs_of();

	signs.backup_age_ms = BK_BACKUP_MAX_AGE_MS;
	expect(&signs, NULL, "backup", BK_HEALTH_OK, "last backup of bk's schema 8d 0h ago");
	signs.backup_age_ms++;
	expect(&signs, NULL, "backup", BK_HEALTH_WARNING,
	       "last backup of bk's schema 8d 0h ago, allowed 8d 0h");
	ck_assert_int_eq(judge(&signs, NULL, "backup")->max_age_ms, BK_BACKUP_MAX_AGE_MS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_signs");
	TCase *tc = tcase_create("signs");

	tcase_add_checked_fixture(tc, NULL, forget);
	ADD(tc, where_all_is_well_nothing_is_said_of_what_is_not_known);
	ADD(tc, a_server_that_cannot_be_written_to_is_warned_of);
	ADD(tc, a_job_that_no_host_calls_is_warned_of_also_when_paused);
	ADD(tc, a_host_that_fell_silent_is_named_and_no_fault);
	ADD(tc, leases_past_their_end_are_counted_and_named);
	ADD(tc, a_quarantine_that_is_not_empty_is_warned_of);
	ADD(tc, archiving_is_judged_by_its_last_attempt);
	ADD(tc, a_backup_may_be_eight_days_old);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

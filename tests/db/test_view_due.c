/*
 * Work of the rules now and in the hours to come: what counts, what is left out
 * as the jobs leave it out, and what cannot be counted in time.
 */
#include "view/due.h"

#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "side.h"
#include "suite.h"
#include "view_db.h"

static struct bk_overdue overdue;
static struct bk_forecast forecast;

static void open_all(void)
{
	view_db_open();
	pg_script(bk_sql_text("reference_bookings"));
}

static void close_all(void)
{
	bk_overdue_clear(&overdue);
	bk_forecast_clear(&forecast);
	view_db_close();
}

/* `n` bookings; the times are intervals from now, or NULL. */
static void add(int n, const char *status, const char *start, const char *end, const char *more)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_fmt(&sql,
		   "INSERT INTO public.bookings (status, starts_at, ends_at, checked_in_at,"
		   " hold_expires_at, grace_minutes) SELECT '%s', now() + interval '%s',"
		   " now() + interval '%s', %s FROM generate_series(1, %d)",
		   status, start, end, more, n);
	pg_script(bk_buf_cstr(&sql));
}

static void read_overdue(void)
{
	struct bk_error err = {0};

	bk_overdue_clear(&overdue);
	ck_assert_msg(!bk_view_overdue(pg_db, view_conf, &overdue, &err), "%s", err.message);
}

static void read_forecast(int64_t hours)
{
	struct bk_error err = {0};

	bk_forecast_clear(&forecast);
	ck_assert_msg(!bk_view_forecast(pg_db, view_conf, hours, &forecast, &err), "%s",
		      err.message);
}

static const struct bk_overdue_view *rule(const char *name)
{
	for (size_t i = 0; i <= overdue.count; i++)
		if (strcmp(overdue.items[i].rule, name) == 0)
			return &overdue.items[i];
	ck_abort_msg("no rule %s", name);
	return NULL;
}

/* What becomes due by a rule in the hours after now, all together. */
static int64_t to_come(const char *name)
{
	int64_t n = 0;

	for (size_t i = 0; i < forecast.count; i++)
		if (forecast.items[i].hour && strcmp(forecast.items[i].rule, name) == 0)
			n += forecast.items[i].count;
	return n;
}

static int64_t by_now(const char *name)
{
	for (size_t i = 0; i < forecast.count; i++)
		if (!forecast.items[i].hour && strcmp(forecast.items[i].rule, name) == 0)
			return forecast.items[i].count;
	return 0;
}

START_TEST(nothing_is_overdue_in_an_empty_table)
{
	read_overdue();
	ck_assert_uint_eq(overdue.count, 5);
	for (size_t i = 0; i <= overdue.count; i++) {
		ck_assert_int_eq(overdue.items[i].count, 0);
		ck_assert_int_eq(overdue.items[i].stale, 0);
		ck_assert_ptr_null(overdue.items[i].oldest_due_at);
		ck_assert_int_eq(overdue.items[i].oldest_age_ms, BK_NULL_INT);
	}
	ck_assert_str_eq(overdue.items[0].rule, "activate");
	ck_assert_str_eq(overdue.items[0].job_name, "activate-due");
	ck_assert_int_eq(overdue.items[0].max_age_ms, INT64_C(30) * 86400000);
	ck_assert(!overdue.partial);
}
END_TEST

START_TEST(every_rule_has_its_count_and_its_oldest)
{
	add(3, "CONFIRMED", "-5 min", "1 hour", "NULL, NULL, NULL");
	add(2, "CONFIRMED", "-1 hour", "1 hour", "NULL, NULL, NULL");
	add(1, "ACTIVE", "-3 hours", "-2 hours", "now() - interval '3 hours', NULL, NULL");
	add(4, "PENDING", "1 day", "2 days", "NULL, now() - interval '1 min', NULL");
	add(1, "PENDING", "-2 min", "2 days", "NULL, NULL, NULL");
	add(9, "CANCELLED", "-5 min", "1 hour", "NULL, NULL, NULL");
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, 3);
	ck_assert_int_ge(rule("activate")->oldest_age_ms, 300000);
	ck_assert_int_lt(rule("activate")->oldest_age_ms, 600000);
	ck_assert_int_eq(rule("no-show")->count, 2);
	/* Due at the end of the grace, not at the start. */
	ck_assert_int_ge(rule("no-show")->oldest_age_ms, 45 * 60000);
	ck_assert_int_lt(rule("no-show")->oldest_age_ms, 55 * 60000);
	ck_assert_int_eq(rule("complete")->count, 1);
	ck_assert_int_eq(rule("complete-arrived")->count, 0);
	ck_assert_int_eq(rule("expire-hold")->count, 5);
	ck_assert_int_eq(rule("total")->count, 11);
	ck_assert_str_eq(rule("total")->oldest_due_at, rule("complete")->oldest_due_at);
	ck_assert_int_eq(rule("total")->oldest_age_ms, rule("complete")->oldest_age_ms);
}
END_TEST

START_TEST(what_max_age_leaves_alone_is_stale_and_not_overdue)
{
	add(2, "CONFIRMED", "-31 days", "1 day", "now() - interval '32 days', NULL, NULL");
	add(3, "CONFIRMED", "-29 days", "1 day", "now() - interval '30 days', NULL, NULL");
	add(4, "ACTIVE", "-50 days", "-40 days", "now() - interval '50 days', NULL, NULL");
	/* Too old by its hold deadline, but not by its start; by both; the other way round. */
	add(1, "PENDING", "-1 day", "1 day", "NULL, now() - interval '40 days', NULL");
	add(2, "PENDING", "-35 days", "1 day", "NULL, now() - interval '40 days', NULL");
	add(4, "PENDING", "-40 days", "1 day", "NULL, now() - interval '1 day', NULL");
	add(8, "PENDING", "-40 days", "1 day", "NULL, now() + interval '1 day', NULL");
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, 3);
	ck_assert_int_eq(rule("activate")->stale, 2);
	ck_assert_int_eq(rule("complete")->count, 0);
	ck_assert_int_eq(rule("complete")->stale, 4);
	ck_assert_int_eq(rule("expire-hold")->count, 5);
	ck_assert_int_eq(rule("expire-hold")->stale, 10);
	ck_assert_int_eq(rule("total")->stale, 16);
}
END_TEST

START_TEST(a_longer_max_age_of_the_job_counts)
{
	add(2, "CONFIRMED", "-31 days", "1 day", "now() - interval '32 days', NULL, NULL");
	view_db_conf("activate-due {\n\tmax-age = 40d\n}\n");
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, 2);
	ck_assert_int_eq(rule("activate")->stale, 0);
	ck_assert_int_eq(rule("activate")->max_age_ms, INT64_C(40) * 86400000);
}
END_TEST

START_TEST(what_jobs_pass_over_counts_nowhere)
{
	add(5, "CONFIRMED", "-5 min", "1 hour", "NULL, NULL, NULL");
	add(2, "CONFIRMED", "-31 days", "1 day", "now() - interval '32 days', NULL, NULL");
	pg_script("INSERT INTO bk.booking_holds (booking_key, held_until, reason, author) VALUES"
		  " ('{1}', NULL, 'r', 'a'), ('{2}', now() + interval '1 h', 'r', 'a'),"
		  " ('{3}', now() - interval '1 h', 'r', 'a'), ('{6}', NULL, 'r', 'a');"
		  "INSERT INTO bk.quarantined_bookings (rule, booking_key, operation,"
		  " execution_id, error_code, error_message, first_seen_at, last_seen_at,"
		  " next_try_at) SELECT r, k, 'activate-due', 1, '23514', 'x', now(), now(), t"
		  " FROM (VALUES ('activate', '{4}'::text[], now() + interval '1 h'),"
		  " ('no-show', '{5}', now() + interval '1 h'), ('activate', '{3}', now()))"
		  " AS v (r, k, t)");
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, 2); /* 3 and 5 */
	ck_assert_int_eq(rule("activate")->stale, 1); /* 7 */
}
END_TEST

START_TEST(rules_of_jobs_that_the_file_disables_are_not_there)
{
	view_db_conf("activate-due {\n\tenabled = no\n}\n");
	read_overdue();
	ck_assert_str_eq(overdue.items[0].rule, "no-show");
	view_db_conf("activate-due {\n\tenabled = no\n}\ncancel-no-shows {\n\tenabled = no\n}\n"
		     "update-completed {\n\tenabled = no\n}\nupdate-expired {\n\tenabled = no\n}");
	read_overdue();
	ck_assert_uint_eq(overdue.count, 0);
	ck_assert_int_eq(overdue.items[0].count, 0);
	ck_assert_ptr_nonnull(overdue.as_of);
	read_forecast(3);
	ck_assert_uint_eq(forecast.count, 0);
}
END_TEST

START_TEST(what_cannot_be_counted_in_time_is_not_known)
{
	struct side *side = side_open();

	add(3, "CONFIRMED", "-5 min", "1 hour", "NULL, NULL, NULL");
	side_exec(side, "BEGIN");
	side_exec(side, "LOCK TABLE bk.booking_holds IN ACCESS EXCLUSIVE MODE");
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, BK_NULL_INT);
	ck_assert_int_eq(rule("total")->count, BK_NULL_INT);
	ck_assert(overdue.partial);
	side_exec(side, "COMMIT");
	side_close(side);
	read_overdue();
	ck_assert_int_eq(rule("activate")->count, 3);
	ck_assert(!overdue.partial);
}
END_TEST

START_TEST(a_mapping_that_does_not_fit_is_an_error)
{
	struct bk_error err = {0};

	pg_script("ALTER TABLE public.bookings RENAME COLUMN starts_at TO s");
	ck_assert_int_eq(bk_view_overdue(pg_db, view_conf, &overdue, &err), BK_E_MAPPING);
	ck_assert_int_eq(bk_view_forecast(pg_db, view_conf, 1, &forecast, &err), BK_E_MAPPING);
}
END_TEST

START_TEST(each_booking_is_forecast_for_the_hour_in_which_it_becomes_due)
{
	BK_CLEAN(bk_free_str)
	char *hour = pg_text("SELECT to_char(date_trunc('hour', now() AT TIME ZONE 'UTC') +"
			     " interval '3 h', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
			     NULL, 0);
	size_t found = 0;

	pg_script("INSERT INTO public.bookings (status, starts_at, ends_at) SELECT 'CONFIRMED',"
		  " date_trunc('hour', now()) + interval '3 h' + i * interval '59 min',"
		  " now() + interval '9 h' FROM generate_series(0, 1) AS i");
	add(4, "CONFIRMED", "-5 min", "9 hours", "NULL, NULL, NULL");
	read_forecast(8);
	ck_assert_int_eq(by_now("activate"), 4);
	ck_assert_int_eq(to_come("activate"), 2);
	for (size_t i = 0; i < forecast.count; i++)
		if (strcmp(forecast.items[i].rule, "activate") == 0 && forecast.items[i].hour) {
			ck_assert_int_eq(forecast.items[i].hour, 4);
			ck_assert_str_eq(forecast.items[i].starts_at, hour);
			ck_assert_int_eq(forecast.items[i].count, 2);
			found++;
		}
	ck_assert_uint_eq(found, 1);
	/* The others are no-shows ten minutes from now, these 15 minutes after their start. */
	ck_assert_int_eq(to_come("no-show"), 6);
	ck_assert_int_eq(to_come("complete"), 0);
	for (size_t i = 1; i < forecast.count; i++)
		ck_assert_int_le(forecast.items[i - 1].hour, forecast.items[i].hour);
}
END_TEST

START_TEST(the_forecast_ends_with_its_last_hour)
{
	add(1, "CONFIRMED", "59 min", "9 hours", "NULL, NULL, NULL");
	add(2, "CONFIRMED", "61 min", "9 hours", "NULL, NULL, NULL");
	add(4, "CONFIRMED", "167 hours 59 min", "200 hours", "NULL, NULL, NULL");
	add(8, "CONFIRMED", "168 hours 1 min", "200 hours", "NULL, NULL, NULL");
	read_forecast(1);
	ck_assert_int_eq(to_come("activate"), 1);
	read_forecast(168);
	ck_assert_int_eq(to_come("activate"), 7);
}
END_TEST

START_TEST(what_is_over_before_it_begins_is_not_forecast)
{
	/* Without a grace a booking is a no-show at its start, and never active. */
	add(2, "CONFIRMED", "1 hour", "9 hours", "NULL, NULL, 0");
	add(3, "CONFIRMED", "1 hour", "9 hours", "now() - interval '1 min', NULL, 0");
	add(4, "CONFIRMED", "1 hour", "30 min", "NULL, NULL, NULL");
	read_forecast(3);
	ck_assert_int_eq(to_come("activate"), 3);
	ck_assert_int_eq(to_come("no-show"), 2);
}
END_TEST

START_TEST(a_hold_deadline_and_a_start_make_one_forecast)
{
	add(1, "PENDING", "5 hours", "9 hours", "NULL, now() + interval '1 hour', NULL");
	add(2, "PENDING", "1 hour", "9 hours", "NULL, now() + interval '5 hours', NULL");
	add(4, "PENDING", "1 hour", "9 hours", "NULL, now() + interval '1 hour', NULL");
	add(8, "PENDING", "1 hour", "9 hours", "NULL, NULL, NULL");
	read_forecast(3);
	ck_assert_int_eq(to_come("expire-hold"), 15);
}
END_TEST

START_TEST(a_hold_that_outlasts_the_forecast_leaves_a_booking_out)
{
	add(3, "CONFIRMED", "1 hour", "9 hours", "NULL, NULL, NULL");
	pg_script("INSERT INTO bk.booking_holds (booking_key, held_until, reason, author) VALUES"
		  " ('{1}', NULL, 'r', 'a'), ('{2}', now() + interval '2 h', 'r', 'a')");
	read_forecast(3);
	ck_assert_int_eq(to_come("activate"), 2);
	read_forecast(2);
	ck_assert_int_eq(to_come("activate"), 2);
	pg_script("UPDATE bk.booking_holds SET held_until = now() + interval '3 h'");
	read_forecast(2);
	ck_assert_int_eq(to_come("activate"), 1);
}
END_TEST

START_TEST(hours_that_take_too_long_are_left_out_and_named)
{
	struct side *side = side_open();
	struct bk_error err = {0};

	add(3, "CONFIRMED", "1 hour", "9 hours", "NULL, NULL, NULL");
	view_db_conf("cancel-no-shows {\n\tenabled = no\n}\nupdate-completed {\n\tenabled = no\n}"
		     "\nupdate-expired {\n\tenabled = no\n}\n");
	side_exec(side, "BEGIN");
	side_exec(side, "LOCK TABLE bk.booking_holds IN ACCESS EXCLUSIVE MODE");
	ck_assert_msg(!bk_view_forecast(pg_db, view_conf, 3, &forecast, &err), "%s", err.message);
	ck_assert(forecast.partial);
	ck_assert_uint_eq(forecast.not_counted_count, 1);
	ck_assert_str_eq(forecast.not_counted[0].rule, "activate");
	ck_assert_ptr_null(forecast.not_counted[0].error_message);
	ck_assert_int_eq(by_now("activate"), BK_NULL_INT);
	ck_assert_int_eq(to_come("activate"), 0);
	side_exec(side, "COMMIT");
	side_close(side);
	read_forecast(3);
	ck_assert(!forecast.partial);
	ck_assert_uint_eq(forecast.not_counted_count, 0);
	ck_assert_int_eq(to_come("activate"), 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_due");
	TCase *tc = tcase_create("due");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, nothing_is_overdue_in_an_empty_table);
	ADD(tc, every_rule_has_its_count_and_its_oldest);
	ADD(tc, what_max_age_leaves_alone_is_stale_and_not_overdue);
	ADD(tc, a_longer_max_age_of_the_job_counts);
	ADD(tc, what_jobs_pass_over_counts_nowhere);
	ADD(tc, rules_of_jobs_that_the_file_disables_are_not_there);
	ADD(tc, what_cannot_be_counted_in_time_is_not_known);
	ADD(tc, a_mapping_that_does_not_fit_is_an_error);
	ADD(tc, each_booking_is_forecast_for_the_hour_in_which_it_becomes_due);
	ADD(tc, the_forecast_ends_with_its_last_hour);
	ADD(tc, what_is_over_before_it_begins_is_not_forecast);
	ADD(tc, a_hold_deadline_and_a_start_make_one_forecast);
	ADD(tc, a_hold_that_outlasts_the_forecast_leaves_a_booking_out);
	ADD(tc, hours_that_take_too_long_are_left_out_and_named);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

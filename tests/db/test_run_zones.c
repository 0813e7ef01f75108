/*
 * Local times in the two nights in which the clock is set: a run at each instant changes what
 * is due then, grace counts real minutes, and neither the database's nor the session's time
 * zone has a say.
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

#define BERLIN                                                                                     \
	"bookings { table = \"app.b\" key = {\"k\"} status = \"state\" "                           \
	"start = \"start::timestamp\" end = \"until::timestamp\" "                                 \
	"check-in-mode = tracked check-in = \"arrived::timestamp\" "                               \
	"time-zone = \"Europe/Berlin\" states { confirmed = {\"C\"} active = {\"A\"} "             \
	"completed = {\"D\"} no-show = {\"N\"} } } update-expired { enabled = no }"

static const char *const zones[] = {"Asia/Tokyo", "America/New_York"};

static void setup(void)
{
	rig_open();
	side_exec(rig.side,
		  "DROP SCHEMA IF EXISTS app CASCADE; CREATE SCHEMA app;"
		  "CREATE TABLE app.b (k text PRIMARY KEY, state text DEFAULT 'C', start timestamp,"
		  " until timestamp, arrived timestamp);"
		  "CREATE INDEX ON app.b (start, k) WHERE state = 'C'");
}

/* The instant by which the booking is changed, to the microsecond, given as UTC. */
struct night {
	const char *job;
	const char *start;
	const char *until;
	const char *arrived; /* NULL = not */
	const char *before;  /* the last instant at which nothing happens */
	const char *at;
};

static const struct night nights[] = {
	/* 2026-10-25: 02:00 to 03:00 is there twice, first as CEST, then as CET, which is meant. */
	{"activate-due", "2026-10-25 01:30", "2026-10-25 05:00", "2026-10-25 01:00",
	 "2026-10-24 23:29:59.999999Z", "2026-10-24 23:30:00Z"},
	{"activate-due", "2026-10-25 02:30", "2026-10-25 05:00", "2026-10-25 01:00",
	 "2026-10-25 01:29:59.999999Z", "2026-10-25 01:30:00Z"},
	{"activate-due", "2026-10-25 03:00", "2026-10-25 05:00", "2026-10-25 01:00",
	 "2026-10-25 01:59:59.999999Z", "2026-10-25 02:00:00Z"},
	/* 15 minutes are 15 minutes, whatever the clock on the wall shows. */
	{"cancel-no-shows", "2026-10-25 01:50", "2026-10-25 05:00", NULL,
	 "2026-10-25 00:04:59.999999Z", "2026-10-25 00:05:00Z"},
	{"cancel-no-shows", "2026-10-25 02:50", "2026-10-25 05:00", NULL,
	 "2026-10-25 02:04:59.999999Z", "2026-10-25 02:05:00Z"},
	{"update-completed", "2026-10-25 01:30", "2026-10-25 04:00", "2026-10-25 01:30",
	 "2026-10-25 02:59:59.999999Z", "2026-10-25 03:00:00Z"},
	/* 2026-03-29: 02:00 to 03:00 is not there; 02:30 is 90 minutes after 01:00. */
	{"activate-due", "2026-03-29 01:59", "2026-03-29 05:00", "2026-03-29 01:00",
	 "2026-03-29 00:58:59.999999Z", "2026-03-29 00:59:00Z"},
	{"activate-due", "2026-03-29 02:30", "2026-03-29 05:00", "2026-03-29 01:00",
	 "2026-03-29 01:29:59.999999Z", "2026-03-29 01:30:00Z"},
	{"activate-due", "2026-03-29 03:00", "2026-03-29 05:00", "2026-03-29 01:00",
	 "2026-03-29 00:59:59.999999Z", "2026-03-29 01:00:00Z"},
	{"cancel-no-shows", "2026-03-29 01:50", "2026-03-29 05:00", NULL,
	 "2026-03-29 01:04:59.999999Z", "2026-03-29 01:05:00Z"},
	{"update-completed", "2026-03-29 01:30", "2026-03-29 03:30", "2026-03-29 01:30",
	 "2026-03-29 01:29:59.999999Z", "2026-03-29 01:30:00Z"},
};

static const char *quoted(const char *text)
{
	static char buffers[2][80];
	static unsigned next;
	char *buffer = buffers[next++ % 2];

	(void)snprintf(buffer, sizeof(buffers[0]), text ? "'%s'" : "NULL", text);
	return buffer;
}

static int64_t run_at(const char *job, const char *instant)
{
	rig_job(job);
	rig.request.clock_override = instant;
	rig.request.max_age_ms = INT64_C(400) * 86400000;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	return rig.result.processed;
}

START_TEST(each_night_has_its_instants)
{
	const struct night *n = &nights[(size_t)_i % BK_COUNT(nights)];
	const char *zone = zones[(size_t)_i / BK_COUNT(nights)];

	side_exec(rig.side,
		  "DO $$ BEGIN EXECUTE format('ALTER ROLE ALL IN DATABASE %%I SET timezone = %%L',"
		  " current_database(), '%s'); END $$",
		  zone);
	side_exec(rig.side,
		  "INSERT INTO app.b (k, start, until, arrived) VALUES"
		  " ('x', '%s', '%s', %s)",
		  n->start, n->until, quoted(n->arrived));
	pg_close();
	pg_open();
	rig_conf(BERLIN);
	ck_assert_int_eq(run_at(n->job, n->before), 0);
	ck_assert_int_eq(run_at(n->job, n->at), 1);
	ck_assert_int_eq(run_at(n->job, n->at), 0);
}
END_TEST

/* Days: from the midnight that begins the first to the one after the last. */
static const struct night days[] = {
	{"activate-due", "2026-10-25", "2026-10-25", NULL, "2026-10-24 21:59:59.999999Z",
	 "2026-10-24 22:00:00Z"},
	{"update-completed", "2026-10-24", "2026-10-25", NULL, "2026-10-25 22:59:59.999999Z",
	 "2026-10-25 23:00:00Z"},
	{"update-completed", "2026-03-28", "2026-03-29", NULL, "2026-03-29 21:59:59.999999Z",
	 "2026-03-29 22:00:00Z"},
};

START_TEST(a_day_is_what_the_zone_calls_a_day)
{
	const struct night *n = &days[_i];

	side_exec(rig.side,
		  "ALTER TABLE app.b ALTER start TYPE date, ALTER until TYPE date;"
		  "INSERT INTO app.b (k, start, until) VALUES ('x', '%s', '%s')",
		  n->start, n->until);
	rig_conf("bookings { table = \"app.b\" key = {\"k\"} status = \"state\""
		 " start = \"start::date\" end = \"until::date\" check-in-mode = untracked"
		 " time-zone = \"Europe/Berlin\" states { confirmed = {\"C\"} active = {\"A\"}"
		 " completed = {\"D\"} } } update-expired { enabled = no }"
		 " cancel-no-shows { enabled = no }");
	ck_assert_int_eq(run_at(n->job, n->before), 0);
	ck_assert_int_eq(run_at(n->job, n->at), 1);
}
END_TEST

/* What a timestamp or a number can hold and no instant of a booking: never an error. */
static const char *const extremes[] = {
	"NULL",
	"'infinity'",
	"'-infinity'",
	"'4713-01-01 BC'",
	"'294276-12-31 23:59'",
	"'0001-01-01 BC'",
};

START_TEST(no_time_that_a_column_can_hold_stops_a_job)
{
	side_exec(rig.side,
		  "INSERT INTO app.b (k, start, until) VALUES ('x', %s, %s), ('y', now() -"
		  " interval '1 h', %s), ('z', %s, now())",
		  extremes[_i], extremes[_i], extremes[_i], extremes[_i]);
	rig_conf(BERLIN);
	for (size_t i = 0; i < 3; i++) {
		static const char *const jobs[] = {"activate-due", "cancel-no-shows",
						   "update-completed"};

		rig_job(jobs[i]);
		rig.request.max_age_ms = -1;
		ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zones");
	TCase *tc = tcase_create("zones");

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_loop_test(tc, each_night_has_its_instants, 0,
			    (int)(BK_COUNT(nights) * BK_COUNT(zones)));
	ADD_ROWS(tc, a_day_is_what_the_zone_calls_a_day, days);
	ADD_ROWS(tc, no_time_that_a_column_can_hold_stops_a_job, extremes);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

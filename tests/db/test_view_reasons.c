/*
 * Why a rule does not apply to one booking, and when it will: the true reason for every fault of
 * the data, no instant that does not matter, and nothing promised that does not come to pass.
 */
#include "looked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "suite.h"

/* --- what is in the data --- */

#define HOUR_AGO "now() - interval '1 h'"
#define IN_AN_HOUR "now() + interval '1 h'"

static const struct {
	const char *row;
	const char *rule;
	const char *reason;
} faults[] = {
	/* The end is before the start. */
	{"'CONFIRMED', " IN_AN_HOUR ", " HOUR_AGO ", NULL, NULL, NULL", "activate",
	 "end-before-start"},
	{"'CONFIRMED', " IN_AN_HOUR ", " HOUR_AGO ", NULL, NULL, NULL", "no-show",
	 "end-before-start"},
	{"'CONFIRMED', " IN_AN_HOUR ", " HOUR_AGO ", NULL, NULL, NULL", "complete-arrived",
	 "end-before-start"},
	{"'PENDING', " IN_AN_HOUR ", " HOUR_AGO ", NULL, NULL, NULL", "expire-hold",
	 "end-before-start"},
	{"'ACTIVE', " IN_AN_HOUR ", " HOUR_AGO ", " HOUR_AGO ", NULL, NULL", "complete",
	 "end-before-start"},
	/* The grace is negative: a pending one expires all the same. */
	{"'CONFIRMED', " HOUR_AGO ", " IN_AN_HOUR ", NULL, NULL, -1", "activate", "negative-grace"},
	{"'CONFIRMED', " HOUR_AGO ", " IN_AN_HOUR ", NULL, NULL, -1", "no-show", "negative-grace"},
	{"'ACTIVE', " HOUR_AGO ", " HOUR_AGO ", " HOUR_AGO ", NULL, -1", "complete",
	 "negative-grace"},
	{"'PENDING', " HOUR_AGO ", " IN_AN_HOUR ", NULL, NULL, -1", "expire-hold", "applies"},
	/* Infinite times. */
	{"'CONFIRMED', '-infinity', " IN_AN_HOUR ", NULL, NULL, NULL", "activate", "infinite-time"},
	{"'CONFIRMED', 'infinity', NULL, NULL, NULL, NULL", "no-show", "infinite-time"},
	{"'CONFIRMED', " HOUR_AGO ", 'infinity', NULL, NULL, NULL", "complete-arrived",
	 "infinite-time"},
	{"'ACTIVE', " HOUR_AGO ", '-infinity', NULL, NULL, NULL", "complete", "infinite-time"},
	{"'PENDING', 'infinity', NULL, NULL, " HOUR_AGO ", NULL", "expire-hold", "infinite-time"},
	/* A hold deadline may be infinite: then the start counts. */
	{"'PENDING', " IN_AN_HOUR ", NULL, NULL, 'infinity', NULL", "expire-hold", "not-yet-due"},
	/* No end. */
	{"'ACTIVE', " HOUR_AGO ", NULL, " HOUR_AGO ", NULL, NULL", "complete", "open-ended"},
	{"'CONFIRMED', " HOUR_AGO ", NULL, " HOUR_AGO ", NULL, NULL", "complete-arrived",
	 "open-ended"},
	/* Who came, and who did not. */
	{"'CONFIRMED', " HOUR_AGO ", " IN_AN_HOUR ", " HOUR_AGO ", NULL, NULL", "no-show",
	 "arrived"},
	{"'ACTIVE', " HOUR_AGO ", " HOUR_AGO ", NULL, NULL, NULL", "complete", "not-arrived"},
	{"'ACTIVE', " HOUR_AGO ", " HOUR_AGO ", now(), NULL, NULL", "complete", "not-arrived"},
	{"'CONFIRMED', " IN_AN_HOUR ", " IN_AN_HOUR " + interval '1 h', NULL, NULL, NULL",
	 "complete-arrived", "not-arrived"},
};

/* The rule has that verdict for booking 1, made as `row` says; where it is no matter of time no
   instant beside it. */
static void expect_reason(const char *row, const char *name, const char *reason)
{
	const struct bk_rule_view *rule;

	look("1");
	rule = looked_rule(name);
	ck_assert_msg(strcmp(looked_verdict(name), reason) == 0, "rule %s, %s: %s, not %s", name,
		      row, looked_verdict(name), reason);
	ck_assert_str_ne(rule->explanation, "");
	if (!rule->applies && strcmp(reason, "not-yet-due") != 0)
		ck_assert_msg(!rule->due_at && !rule->until_at && !rule->end_at && !rule->will_at,
			      "rule %s, %s", name, row);
}

START_TEST(a_fault_of_the_data_is_the_reason)
{
	for (size_t i = 0; i < BK_COUNT(faults); i++) {
		looked_booking(faults[i].row);
		expect_reason(faults[i].row, faults[i].rule, faults[i].reason);
	}
}
END_TEST

#define FREE_TABLE                                                                                 \
	"DROP TABLE bookings; CREATE TABLE bookings (id int PRIMARY KEY, status text, s"           \
	" timestamptz, e timestamptz, c timestamptz, h timestamptz, g numeric, kind text);"
#define FREE_CONF                                                                                  \
	"bookings { table = bookings key = {id} status = status start = s end = e check-in = c"    \
	" hold = h grace = g states { pending = {P} confirmed = {C} active = {A} completed = {D}"  \
	" no-show = {N} expired = {E} }"

static const struct {
	const char *conf; /* behind FREE_CONF */
	const char *row;  /* status, s, e, c, h, g, kind */
	const char *rule;
	const char *reason;
} free_faults[] = {
	{"}", "'C', NULL, now(), NULL, NULL, NULL, NULL", "activate", "no-start"},
	{"}", "'C', NULL, now(), now(), NULL, NULL, NULL", "complete-arrived", "no-start"},
	{"}", "'P', NULL, now(), NULL, now(), NULL, NULL", "expire-hold", "no-start"},
	{"}\ngrace = none\n", "'C', now(), NULL, NULL, NULL, NULL, NULL", "no-show", "no-deadline"},
	{"}\ngrace = none\n", "'C', now(), now(), NULL, NULL, 0, NULL", "complete-missed",
	 "has-deadline"},
	{"}\ngrace = none\n", "'C', now(), now(), now(), NULL, NULL, NULL", "complete-missed",
	 "arrived"},
	{" no-show-if = \"(b.kind = 'x')\" }", "'C', now(), NULL, NULL, NULL, NULL, 'y'", "no-show",
	 "no-deadline"},
	{" no-show-if = \"(b.kind = 'x')\" }", "'C', now(), now(), NULL, NULL, NULL, 'x'",
	 "complete-missed", "has-deadline"},
	{" where = \"(b.kind = 'x')\" }", "'C', now(), NULL, NULL, NULL, NULL, 'y'", "activate",
	 "excluded"},
	{" where = \"(b.kind = 'x')\" }", "'C', NULL, NULL, NULL, NULL, NULL, NULL", "activate",
	 "excluded"},
	{" late-check-in = accept }", "'A', now() - interval '1 h', NULL, now(), NULL, NULL, NULL",
	 "no-show", "arrived"},
	{"}\nrule own { job = \"update-completed\" from = {\"C\"} to = \"D\" due = \"c\" where ="
	 " \"(b.kind = 'x')\" }\n",
	 "'C', now(), NULL, now(), NULL, NULL, 'y'", "own", "conditions"},
	{"}\nrule own { job = \"update-completed\" from = {\"C\"} to = \"D\" due = \"c\" }\n",
	 "'C', now(), NULL, NULL, NULL, NULL, 'y'", "own", "no-due-instant"},
	{"}\nrule own { job = \"update-completed\" from = {\"C\"} to = \"D\" due = \"c\" }\n",
	 "'C', now(), NULL, 'infinity', NULL, NULL, 'y'", "own", "infinite-time"},
	{"}\nrule own { job = \"update-completed\" from = {\"C\"} to = \"D\" due = \"c\" until ="
	 " \"h\" }\n",
	 "'C', now(), NULL, now() - interval '2 h', now() - interval '1 h', NULL, 'y'", "own",
	 "over"},
	{"}\nupdate-expired { enabled = no }\n", "'P', now(), NULL, NULL, now(), NULL, NULL",
	 "expire-hold", "job-off"},
	{"}\ncancel-no-shows { enabled = no }\n", "'A', now(), NULL, NULL, now(), NULL, NULL",
	 "no-show", "job-off"},
};

START_TEST(a_fault_of_any_table_is_the_reason)
{
	for (size_t i = 0; i < BK_COUNT(free_faults); i++) {
		BK_CLEAN(bk_free_str)
		char *conf = bk_asprintf("%s%s", FREE_CONF, free_faults[i].conf);

		side_exec(rig.side, FREE_TABLE "INSERT INTO bookings VALUES (1, %s)",
			  free_faults[i].row);
		rig_conf(conf);
		expect_reason(free_faults[i].row, free_faults[i].rule, free_faults[i].reason);
	}
}
END_TEST

START_TEST(no_status_has_no_class_and_no_rules)
{
	side_exec(rig.side, FREE_TABLE "INSERT INTO bookings VALUES (1, NULL, now())");
	rig_conf(FREE_CONF "}");
	look("1");
	ck_assert_ptr_null(looked.status);
	ck_assert_ptr_null(looked.state);
	ck_assert_uint_eq(looked.rule_count, 0);
}
END_TEST

/* --- when --- */

START_TEST(an_arrival_lifts_the_deadline)
{
	looked_booking("'CONFIRMED', now() - interval '5 m', '2126-01-01 11:00Z',"
		       " now() - interval '6 m', NULL, NULL");
	look("1");
	ck_assert_str_eq(looked_verdict("activate"), "applies");
	ck_assert_ptr_null(looked_rule("activate")->until_at);
	ck_assert_str_eq(looked_rule("activate")->end_at, "2126-01-01T11:00:00.000Z");
	ck_assert_str_eq(looked_rule("activate")->will_at, looked.as_of);
	ck_assert_ptr_nonnull(looked.deadline_at);
	side_exec(rig.side, "UPDATE bookings SET checked_in_at = NULL");
	look("1");
	ck_assert_str_eq(looked_rule("activate")->until_at, looked.deadline_at);
	ck_assert_str_eq(looked_rule("no-show")->will_at, looked.deadline_at);
	ck_assert_str_eq(looked_rule("no-show")->due_at, looked.deadline_at);
}
END_TEST

/* Whether it is said to apply at the hour, in an hour from 10 to 23, or never ("-"). */
static void expect_will(const char *rule, const char *will)
{
	const char *at = looked_rule(rule)->will_at;

	if (*will == '-')
		ck_assert_msg(!at, "%s: %s", rule, at);
	else
		ck_assert_msg(at && strncmp(at + 11, will, 5) == 0, "%s: %s, not %s", rule,
			      at ? at : "never", will);
}

START_TEST(what_keeps_the_job_off_moves_the_instant)
{
	looked_booking("'CONFIRMED', '2126-01-01 10:00Z', '2126-01-01 12:00Z',"
		       " '2126-01-01 10:05Z', NULL, NULL");
	look("1");
	expect_will("activate", "10:00");
	side_exec(rig.side, "INSERT INTO bk.booking_holds (booking_key, held_until, reason, author)"
			    " VALUES ('{1}', '2126-01-01 11:00Z', 'why', 'who')");
	look("1");
	ck_assert_str_eq(looked_verdict("activate"), "not-yet-due");
	expect_will("activate", "11:00");
	expect_will("complete-arrived", "12:00");
	side_exec(rig.side, "UPDATE bk.booking_holds SET held_until = '2126-01-01 12:30Z'");
	look("1");
	expect_will("activate", "-");
	expect_will("complete-arrived", "12:30");
	ck_assert_ptr_nonnull(strstr(looked_rule("activate")->explanation, "will be over"));
	side_exec(rig.side, "UPDATE bk.booking_holds SET held_until = NULL");
	look("1");
	expect_will("complete-arrived", "-");
	side_exec(rig.side,
		  "DELETE FROM bk.booking_holds; UPDATE bk.scheduler_job_info SET status ="
		  " 'PAUSED', paused_reason = 'x', paused_until = '2126-01-01 11:30Z'");
	look("1");
	expect_will("activate", "11:30");
	ck_assert_str_eq(looked_rule("activate")->job_status, "PAUSED");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET paused_until = NULL");
	look("1");
	expect_will("activate", "-");
	side_exec(rig.side,
		  "UPDATE bk.scheduler_job_info SET paused_until = now() - interval '1 m'");
	look("1");
	expect_will("activate", "10:00");
	ck_assert_str_eq(looked_rule("activate")->job_status, "IDLE");
	side_exec(rig.side, "UPDATE bk.scheduler_job_info SET status = 'IDLE', is_active = false,"
			    " paused_until = NULL");
	look("1");
	expect_will("activate", "-");
	ck_assert_str_eq(looked_rule("activate")->job_status, "DISABLED");
}
END_TEST

START_TEST(a_long_grace_outlasts_the_max_age)
{
	looked_booking("'CONFIRMED', now() - interval '1 d', now() + interval '90 d', NULL, NULL,"
		       " 60 * 24 * 40");
	look("1");
	ck_assert_str_eq(looked_verdict("no-show"), "stale");
	expect_will("no-show", "-");
	rig_conf("cancel-no-shows { max-age = 60d }");
	look("1");
	ck_assert_str_eq(looked_verdict("no-show"), "not-yet-due");
	ck_assert_str_eq(looked_rule("no-show")->will_at, looked.deadline_at);
}
END_TEST

/* That a rule will take a booking from an instant on. */
struct promise {
	int id;
	char *job;
	char *to;
	char *at;
};

enum { BOOKINGS = 84, MOST_PROMISES = 4 * BOOKINGS };

static size_t note_promises(struct promise *ret)
{
	size_t n = 0;

	for (int id = 1; id <= BOOKINGS; id++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "%d", id);
		look(key);
		for (size_t i = 0; i < looked.rule_count; i++) {
			const struct bk_rule_view *r = &looked.rules[i];

			ck_assert_str_ne(r->applies ? "" : r->reason, "conditions");
			if (!r->will_at || strcmp(r->will_at, looked.as_of) <= 0)
				continue;
			ck_assert_str_eq(r->reason, "not-yet-due");
			ret[n++] = (struct promise){id, bk_strdup(r->job_name),
						    bk_strdup(r->to_state), bk_strdup(r->will_at)};
		}
	}
	return n;
}

/* Runs the job as of the promised instant, which was cut to milliseconds, and so many of these
   later: whether it makes of the booking what was promised. */
static bool comes_true(const struct promise *p, int later_ms)
{
	BK_CLEAN(bk_free_str) char *at = NULL;

	side_exec(rig.side,
		  "TRUNCATE bookings, audit; INSERT INTO bookings SELECT * FROM before WHERE id ="
		  " %d",
		  p->id);
	at = bk_strdup(side_text(rig.side,
				 "SELECT '%s'::timestamptz + %d * interval '1 millisecond'", p->at,
				 later_ms));
	rig_job(p->job);
	rig.request.clock_override = at;
	ck_assert_msg(!rig_run(), "%s", rig.err.message);
	return side_int(rig.side, "SELECT count(*) FROM audit WHERE to_state = '%s'", p->to) == 1;
}

START_TEST(what_is_promised_comes_to_pass_and_not_before)
{
	struct promise promises[MOST_PROMISES];
	size_t count;

	side_exec(rig.side,
		  "INSERT INTO bookings (id, status, starts_at, ends_at, checked_in_at,"
		  " hold_expires_at, grace_minutes) SELECT i, (ARRAY['PENDING', 'CONFIRMED',"
		  " 'ACTIVE'])[1 + i %% 3], t.s, t.s + (ARRAY[NULL, '0', '-1 h', '30 m', '3 h',"
		  " '40 d'])[1 + i / 3 %% 6]::interval, t.s + (ARRAY[NULL, '-1 m', '5 m', '20 m'])"
		  "[1 + i / 2 %% 4]::interval, t.s + (ARRAY[NULL, '-2 h', '2 h', '-40 d'])"
		  "[1 + i / 2 %% 4]::interval, (ARRAY[NULL, 0, 10, 100000, -1])[1 + i %% 5]"
		  " FROM generate_series(1, %d) AS i, LATERAL (SELECT now() + (ARRAY['-29 d',"
		  " '-10 m', '10 m', '1 h', '1 d'])[1 + i %% 5]::interval AS s) AS t;"
		  "CREATE TEMPORARY TABLE before AS TABLE bookings",
		  BOOKINGS);
	rig_audit();
	count = note_promises(promises);
	ck_assert_uint_gt(count, 20);
	for (size_t i = 0; i < count; i++) {
		const struct promise *p = &promises[i];

		ck_assert_msg(!comes_true(p, -1), "%d, %s: before %s", p->id, p->to, p->at);
		ck_assert_msg(comes_true(p, 1), "%d, %s: not at %s", p->id, p->to, p->at);
		free(promises[i].job);
		free(promises[i].to);
		free(promises[i].at);
	}
}
END_TEST

/* --- values --- */

START_TEST(local_times_are_shown_as_they_stand_and_as_what_they_stand_for)
{
	side_exec(rig.side,
		  "DROP TABLE bookings; CREATE TABLE bookings (id int PRIMARY KEY, status text, s"
		  " timestamp, e date, c timestamp, h timestamp, u bigint); INSERT INTO bookings"
		  " VALUES (1, 'C', '2126-07-01 10:00:00.000001', '2126-07-01', 'infinity',"
		  " '0044-03-15 12:00 BC', 1000)");
	rig_conf("bookings { table = bookings key = {id} status = status start = \"s::timestamp\""
		 " end = \"e::date\" check-in = \"c::timestamp\" hold = \"h::timestamp\" updated ="
		 " \"u::seconds\" time-zone = \"Europe/Berlin\" states { confirmed = {C} active ="
		 " {A} completed = {D} no-show = {N} } }\nupdate-expired { enabled = no }\n");
	look("1");
	ck_assert_str_eq(looked_value("start"), "2126-07-01T10:00:00.000001");
	ck_assert_str_eq(looked_field("start")->instant, "2126-07-01T08:00:00.000Z");
	ck_assert_str_eq(looked_value("end"), "2126-07-01");
	ck_assert_str_eq(looked_field("end")->instant, "2126-07-01T22:00:00.000Z");
	ck_assert_str_eq(looked_value("check-in"), "infinity");
	ck_assert_ptr_null(looked_field("check-in")->instant);
	ck_assert_str_eq(looked_value("hold"), "0044-03-15T12:00:00.000000 BC");
	ck_assert_str_eq(looked_value("updated"), "1000");
	ck_assert_str_eq(looked_field("updated")->instant, "1970-01-01T00:16:40.000Z");
	ck_assert_ptr_null(looked_field("key")->instant);
}
END_TEST

/* --- expressions that fail --- */

START_TEST(what_fails_for_the_booking_is_told_and_the_rest_is_there)
{
	side_exec(rig.side, FREE_TABLE
		  "INSERT INTO bookings VALUES (1, 'C', now() - interval '1 m', now() + interval"
		  " '1 h', NULL, NULL, 0, '7 min'), (2, 'C', now() - interval '1 m', now() +"
		  " interval '1 h', NULL, NULL, 5, '5'); INSERT INTO bk.booking_holds (booking_key,"
		  " reason, author) VALUES ('{1}', 'why', 'who')");
	rig_conf("bookings { table = bookings key = {id} status = status start = s end = e"
		 " check-in = c grace = \"(b.kind::int)\" states { confirmed = {C} active = {A}"
		 " completed = {D} no-show = {N} } }\nupdate-expired { enabled = no }\nrule own {"
		 " job = \"update-completed\" from = {\"C\"} to = \"E\" due = \"(b.s +"
		 " interval '1 m' /"
		 " b.g::float8)\" scan = s }\n");
	look("1");
	ck_assert_str_eq(looked.status, "C");
	ck_assert_str_eq(looked.state, "confirmed");
	ck_assert_uint_eq(looked.hold.count, 1);
	ck_assert_ptr_nonnull(looked_field("start")->instant);
	ck_assert_ptr_null(looked_value("grace"));
	ck_assert_str_eq(looked_field("grace")->error,
			 "invalid input syntax for type integer: \"7 min\"");
	ck_assert_ptr_null(looked.deadline_at);
	ck_assert_str_eq(looked_verdict("activate"), "expression-fails");
	ck_assert_ptr_nonnull(strstr(looked_rule("activate")->explanation,
				     "bookings.grace: (b.kind::int): invalid input syntax"));
	ck_assert_str_eq(looked_verdict("own"), "expression-fails");
	ck_assert_ptr_nonnull(strstr(looked_rule("own")->explanation, "rule own: due: (b.s"));
	ck_assert_ptr_nonnull(strstr(looked_rule("own")->explanation, "division by zero"));
	look("2");
	ck_assert_ptr_null(looked_field("grace")->error);
	ck_assert_str_eq(looked_value("grace"), "5");
	ck_assert_str_eq(looked_verdict("activate"), "applies");
}
END_TEST

START_TEST(a_bad_key_is_no_failing_expression)
{
	static const char *const bad[] = {"x"};

	rig_conf("bookings { table = bookings key = {id} status = status start = \"(b.starts_at +"
		 " interval '1 m' / b.grace_minutes)\" start-scan = starts_at end = ends_at"
		 " check-in-mode = untracked states { confirmed = {CONFIRMED} active = {ACTIVE}"
		 " completed = {COMPLETED} } }\nupdate-expired { enabled = no }\n"
		 "cancel-no-shows { enabled = no }\n");
	ck_assert_int_eq(look_up(bad), BK_E_USAGE);
	ck_assert_str_eq(rig.err.message, "KEY: invalid input syntax for type bigint: \"x\"");
	looked_booking("'CONFIRMED', now(), NULL, NULL, NULL, 0");
	look("1");
	ck_assert_str_eq(looked_field("start")->error, "division by zero");
	ck_assert_str_eq(looked_verdict("activate"), "expression-fails");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_reasons");
	TCase *tc = tcase_create("reasons");

	tcase_add_checked_fixture(tc, looked_open, looked_close);
	ADD(tc, a_fault_of_the_data_is_the_reason);
	ADD(tc, a_fault_of_any_table_is_the_reason);
	ADD(tc, no_status_has_no_class_and_no_rules);
	ADD(tc, an_arrival_lifts_the_deadline);
	ADD(tc, what_keeps_the_job_off_moves_the_instant);
	ADD(tc, a_long_grace_outlasts_the_max_age);
	ADD(tc, what_is_promised_comes_to_pass_and_not_before);
	ADD(tc, local_times_are_shown_as_they_stand_and_as_what_they_stand_for);
	ADD(tc, what_fails_for_the_booking_is_told_and_the_rest_is_there);
	ADD(tc, a_bad_key_is_no_failing_expression);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

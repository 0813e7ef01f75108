/*
 * One booking: what is mapped, what each rule makes of it and why, who keeps the
 * jobs off it, and what bk has made of it.
 */
#include "looked.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "suite.h"

START_TEST(the_mapped_columns_are_there_as_text)
{
	side_exec(rig.side,
		  "INSERT INTO bookings (id, status, starts_at, ends_at, grace_minutes,"
		  " updated_at) VALUES (7, 'CONFIRMED', '2126-03-29 01:00:00.000001Z', NULL, 5,"
		  " '2026-01-01Z'), (8, 'CANCELLED', 'infinity', '0044-03-15Z BC', NULL,"
		  " now())");
	look("7");
	ck_assert_uint_eq(looked.key.count, 1);
	ck_assert_str_eq(looked.key.items[0], "7");
	ck_assert_str_eq(looked.state, "confirmed");
	ck_assert_str_eq(looked.status, "CONFIRMED");
	ck_assert_uint_eq(looked.value_count, 8);
	ck_assert_str_eq(looked.values[0].name, "key");
	ck_assert_str_eq(looked.values[0].column, "id");
	ck_assert_str_eq(looked_value("key"), "7");
	ck_assert_str_eq(looked_value("status"), "CONFIRMED");
	ck_assert_str_eq(looked_value("start"), "2126-03-29T01:00:00.000001Z");
	ck_assert_ptr_null(looked_value("end"));
	ck_assert_ptr_null(looked_value("check-in"));
	ck_assert_ptr_null(looked_value("hold"));
	ck_assert_str_eq(looked_value("grace"), "5");
	ck_assert_str_eq(looked_value("updated"), "2026-01-01T00:00:00.000000Z");
	ck_assert_uint_eq(looked.hold.count + looked.quarantine.count + looked.change_count, 0);
	look("8");
	ck_assert_str_eq(looked.state, "cancelled");
	ck_assert_str_eq(looked_value("start"), "infinity");
	ck_assert_str_eq(looked_value("end"), "0044-03-15T00:00:00.000000Z BC");
	ck_assert_uint_eq(looked.rule_count, 0);
}
END_TEST

static const struct {
	const char *row;
	const char *rule;
	const char *verdict;
} verdicts[] = {
	{"'CONFIRMED', now() - interval '5 m', now() + interval '1 h', NULL, NULL, NULL",
	 "activate", "applies"},
	{"'CONFIRMED', now() - interval '5 m', now() + interval '1 h', NULL, NULL, NULL", "no-show",
	 "not-yet-due"},
	{"'CONFIRMED', now() - interval '5 m', now() + interval '1 h', NULL, NULL, NULL",
	 "complete-arrived", "not-arrived"},
	{"'CONFIRMED', now() + interval '5 m', now() + interval '1 h', NULL, NULL, NULL",
	 "activate", "not-yet-due"},
	{"'CONFIRMED', now() - interval '20 m', now() + interval '1 h', NULL, NULL, NULL",
	 "activate", "over"},
	{"'CONFIRMED', now() - interval '20 m', now() + interval '1 h', NULL, NULL, NULL",
	 "no-show", "applies"},
	{"'CONFIRMED', now() - interval '20 m', now() + interval '1 h', now() - interval '19 m',"
	 " NULL, NULL",
	 "activate", "applies"},
	{"'CONFIRMED', now() - interval '20 m', now() + interval '1 h', now() - interval '19 m',"
	 " NULL, NULL",
	 "no-show", "arrived"},
	{"'CONFIRMED', now() - interval '2 h', now() - interval '1 h', now() - interval '2 h',"
	 " NULL, NULL",
	 "activate", "over"},
	{"'CONFIRMED', now() - interval '2 h', now() - interval '1 h', now() - interval '2 h',"
	 " NULL, NULL",
	 "complete-arrived", "applies"},
	/* Without a grace it is over at the instant at which it would begin. */
	{"'CONFIRMED', now() + interval '5 m', now() + interval '1 h', NULL, NULL, 0", "activate",
	 "over"},
	{"'CONFIRMED', now() + interval '5 m', now() + interval '1 h', NULL, NULL, -1", "activate",
	 "negative-grace"},
	{"'CONFIRMED', now() - interval '31 d', now() + interval '1 d', NULL, NULL, NULL",
	 "no-show", "stale"},
	{"'ACTIVE', now() - interval '2 h', NULL, now() - interval '2 h', NULL, NULL", "complete",
	 "open-ended"},
	{"'ACTIVE', now() - interval '2 h', now() + interval '1 h', now() - interval '2 h', NULL,"
	 " NULL",
	 "complete", "not-yet-due"},
	{"'ACTIVE', now() - interval '2 h', now(), now() - interval '2 h', NULL, NULL", "activate",
	 ""},
	{"'PENDING', now() + interval '1 h', NULL, NULL, now() - interval '1 m', NULL",
	 "expire-hold", "applies"},
	{"'PENDING', now() - interval '1 m', NULL, NULL, now() + interval '1 h', NULL",
	 "expire-hold", "applies"},
	{"'PENDING', now() - interval '1 m', NULL, NULL, now() - interval '40 d', NULL",
	 "expire-hold", "applies"},
	{"'PENDING', now() + interval '1 m', NULL, NULL, now() - interval '40 d', NULL",
	 "expire-hold", "stale"},
};

START_TEST(a_rule_applies_or_says_why_not)
{
	for (size_t i = 0; i < BK_COUNT(verdicts); i++) {
		looked_booking(verdicts[i].row);
		look("1");
		ck_assert_msg(strcmp(looked_verdict(verdicts[i].rule), verdicts[i].verdict) == 0,
			      "rule %s, %s: %s, not %s", verdicts[i].rule, verdicts[i].row,
			      looked_verdict(verdicts[i].rule), verdicts[i].verdict);
	}
}
END_TEST

START_TEST(a_rule_says_when_it_will_be_due_and_until_when)
{
	looked_booking("'CONFIRMED', '2126-01-01 10:00Z', '2126-01-01 11:00Z', NULL, NULL, NULL");
	look("1");
	ck_assert_str_eq(looked_rule("activate")->due_at, "2126-01-01T10:00:00.000Z");
	ck_assert_str_eq(looked_rule("activate")->until_at, "2126-01-01T10:15:00.000Z");
	ck_assert_str_eq(looked_rule("activate")->end_at, "2126-01-01T11:00:00.000Z");
	ck_assert_str_eq(looked_rule("activate")->job_name, "activate-due");
	ck_assert_str_eq(looked_rule("activate")->from_state, "CONFIRMED");
	ck_assert_str_eq(looked_rule("activate")->to_state, "ACTIVE");
	ck_assert_str_eq(looked_rule("no-show")->due_at, "2126-01-01T10:15:00.000Z");
	ck_assert_ptr_null(looked_rule("no-show")->until_at);
	ck_assert_str_eq(looked.rules[0].rule, "activate");
}
END_TEST

START_TEST(a_hold_and_the_quarantine_keep_jobs_off)
{
	rig_due(1);
	side_exec(rig.side, "INSERT INTO bk.booking_holds (booking_key, held_until, reason,"
			    " author) VALUES ('{1}', now() + interval '1 h', 'why', 'who'),"
			    " ('{2}', NULL, 'another', 'x')");
	look("1");
	ck_assert_str_eq(looked_verdict("activate"), "on-hold");
	ck_assert_uint_eq(looked.hold.count, 1);
	ck_assert_str_eq(looked.hold.items[0].reason, "why");
	side_exec(rig.side, "UPDATE bk.booking_holds SET held_until = now();"
			    "INSERT INTO bk.quarantined_bookings (rule, booking_key, operation,"
			    " execution_id, error_code, error_message, first_seen_at, last_seen_at,"
			    " next_try_at) SELECT r, k::text[], 'activate-due', 1, '23514', 'x',"
			    " now(), now(), now() + interval '1 h' FROM (VALUES"
			    " ('activate', '{1}'), ('of-old', '{1}'), ('activate', '{2}'))"
			    " AS v (r, k)");
	look("1");
	ck_assert_str_eq(looked_verdict("activate"), "in-quarantine");
	ck_assert(looked.hold.items[0].expired);
	ck_assert_uint_eq(looked.quarantine.count, 2);
	side_exec(rig.side, "UPDATE bk.quarantined_bookings SET next_try_at = now()");
	look("1");
	ck_assert_str_eq(looked_verdict("activate"), "applies");
}
END_TEST

START_TEST(every_change_is_found_in_the_batch_that_made_it)
{
	rig_due(20);
	rig_job("activate-due");
	rig.request.batch_size = 3;
	ck_assert_int_eq(rig_run(), BK_OK);
	side_exec(rig.side, "UPDATE bookings SET ends_at = now() - interval '1 m'");
	rig_job("update-completed");
	ck_assert_int_eq(rig_run(), BK_OK);
	for (int id = 1; id <= 20; id++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "%d", id);
		look(key);
		ck_assert_str_eq(looked.state, "completed");
		ck_assert_uint_eq(looked.change_count, 2);
		ck_assert_str_eq(looked.changes[0].rule, "activate");
		ck_assert_str_eq(looked.changes[0].from_state, "CONFIRMED");
		ck_assert_str_eq(looked.changes[0].to_state, "ACTIVE");
		ck_assert_str_eq(looked.changes[0].execution_id, "1");
		ck_assert_str_eq(looked.changes[0].server_instance, "host-1");
		ck_assert_int_eq(strncmp(looked.changes[0].invoked_by, "tester/", 7), 0);
		ck_assert_str_eq(looked.changes[0].triggered_by, "MANUAL");
		ck_assert_str_eq(looked.changes[1].rule, "complete");
		ck_assert_str_eq(looked.changes[1].execution_id, "2");
		ck_assert_int_lt(strcmp(looked.changes[0].at, looked.changes[1].at), 0);
	}
}
END_TEST

START_TEST(a_booking_of_the_same_hash_has_another_history)
{
	rig_due(2);
	rig_job("activate-due");
	ck_assert_int_eq(rig_run(), BK_OK);
	side_exec(rig.side, "UPDATE bk.booking_transitions SET keys = ARRAY[ARRAY['8', '9']]");
	look("1");
	ck_assert_uint_eq(looked.change_count, 0);
	side_exec(rig.side, "UPDATE bk.booking_transitions SET keys = ARRAY[ARRAY['2', '1']],"
			    " key_hashes = ARRAY[hashtext('1'), hashtext('1')]");
	look("1");
	ck_assert_uint_eq(looked.change_count, 1);
	look("2");
	ck_assert_uint_eq(looked.change_count, 0);
}
END_TEST

/* A key of three columns, of types that have several texts for one value. */
START_TEST(a_key_of_several_columns_is_found_however_it_is_written)
{
	const char *const keys[] = {"O'Neill {\"x\"}", "2026-03-29T03:00:00.5+02:00", "1.50"};
	const char *const others[] = {"O'Neill {\"x\"}", "2026-03-29T01:00:00.5Z", "1.51"};

	side_exec(rig.side, "DROP TABLE bookings; CREATE TABLE bookings (tenant text, day"
			    " timestamptz, n numeric, status text, s timestamptz, e timestamptz,"
			    " PRIMARY KEY (tenant, day, n)); INSERT INTO bookings VALUES"
			    " ('O''Neill {\"x\"}', '2026-03-29 01:00:00.5Z', 1.5, 'C', now() -"
			    " interval '1 m', now() + interval '1 h')");
	rig_conf("bookings { table = bookings key = {tenant, day, n} status = status start = s"
		 " end = e check-in-mode = untracked states { confirmed = {C} active = {A}"
		 " completed = {D} } }\ncancel-no-shows { enabled = no }\n"
		 "update-expired { enabled = no }\n");
	rig_job("activate-due");
	ck_assert_msg(!rig_run(), "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 1);
	ck_assert_msg(!look_up(keys), "%s", rig.err.message);
	ck_assert_str_eq(looked.key.items[1], "2026-03-29T01:00:00.500000Z AD");
	ck_assert_str_eq(looked.key.items[2], "1.5");
	ck_assert_str_eq(looked.state, "active");
	ck_assert_uint_eq(looked.change_count, 1);
	side_exec(rig.side, "INSERT INTO bk.booking_holds (booking_key, reason, author)"
			    " SELECT ARRAY[keys[1][1], keys[2][1], keys[3][1]], 'r', 'a'"
			    " FROM bk.booking_transitions; UPDATE bookings SET e = now()");
	ck_assert_msg(!look_up(keys), "%s", rig.err.message);
	ck_assert_uint_eq(looked.hold.count, 1);
	ck_assert_str_eq(looked_verdict("complete"), "on-hold");
	ck_assert_int_eq(look_up(others), BK_E_NOT_FOUND);
}
END_TEST

static const struct {
	const char *type;
	const char *label;
} statuses[] = {
	{"smallint", "2"},   {"boolean", "true"}, {"mood", "C d"},
	{"varchar(3)", "C"}, {"char(4)", "C"},
};

START_TEST(a_status_of_any_type_has_its_class_and_its_rules)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf conf = BK_BUF_INIT;

	side_exec(rig.side,
		  "DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('C d', 'false');"
		  "DROP TABLE bookings; CREATE TABLE bookings (id int PRIMARY KEY, status %s,"
		  " s timestamptz); INSERT INTO bookings VALUES (1, '%s', now())",
		  statuses[_i].type, statuses[_i].label);
	bk_buf_fmt(&conf,
		   "bookings { table = bookings key = {id} status = status start = s"
		   " check-in-mode = untracked states { pending = {\"%s\"} expired = {\"%s\"} } }"
		   "\nactivate-due { enabled = no }\ncancel-no-shows { enabled = no }\n"
		   "update-completed { enabled = no }\n",
		   statuses[_i].label,
		   strcmp(statuses[_i].type, "smallint") == 0 ? "3"
		   : strlen(statuses[_i].type) < 8 && _i < 3  ? "false"
							      : "X");
	rig_conf(bk_buf_cstr(&conf));
	look("1");
	ck_assert_str_eq(looked.state, "pending");
	ck_assert_str_eq(looked_verdict("expire-hold"), "applies");
}
END_TEST

START_TEST(what_is_no_booking_is_an_error)
{
	static const char *const none[] = {"4711"};
	static const char *const bad[] = {"x"};

	ck_assert_int_eq(look_up(none), BK_E_NOT_FOUND);
	ck_assert_str_eq(rig.err.message, "no booking \"4711\"");
	ck_assert_int_eq(look_up(bad), BK_E_USAGE);
	ck_assert_str_eq(rig.err.message, "KEY: invalid input syntax for type bigint: \"x\"");
	ck_assert_str_eq(rig.err.hint, "the key of a booking is id (bigint)");
	side_exec(rig.side, "ALTER TABLE bookings RENAME COLUMN starts_at TO s");
	ck_assert_int_eq(look_up(none), BK_E_MAPPING);
}
END_TEST

static const char *const jobs[] = {"activate-due", "cancel-no-shows", "update-completed",
				   "update-expired"};

/* Looks all of them up: ret[id] has a bit for each job whose rule applies. Where nothing
   is held nothing is said to be. */
static void note_what_applies(int count, unsigned *ret)
{
	for (int id = 1; id <= count; id++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "%d", id);
		look(key);
		for (size_t i = 0; i < looked.rule_count; i++) {
			const struct bk_rule_view *r = &looked.rules[i];

			ck_assert_msg(r->applies || (strcmp(r->reason, "in-quarantine") != 0 &&
						     strcmp(r->reason, "on-hold") != 0),
				      "booking %d, rule %s: %s", id, r->rule, r->reason);
			for (size_t j = 0; j < BK_COUNT(jobs); j++)
				if (r->applies && strcmp(r->job_name, jobs[j]) == 0)
					ret[id] |= 1U << j;
		}
	}
}

START_TEST(what_applies_is_what_the_job_changes)
{
	enum { COUNT = 139 };
	unsigned applies[COUNT + 1] = {0};

	side_exec(rig.side,
		  "INSERT INTO bookings (id, status, starts_at, ends_at, checked_in_at,"
		  " hold_expires_at, grace_minutes) SELECT i, (ARRAY['PENDING', 'CONFIRMED',"
		  " 'ACTIVE'])[1 + i %% 3], t.s, t.s + (ARRAY[NULL, '0', '-1 h', '30 m', '3 h',"
		  " '40 d'])[1 + i %% 6]::interval, t.s + (ARRAY[NULL, '-1 m', '5 m', '20 m'])"
		  "[1 + i %% 4]::interval, t.s + (ARRAY[NULL, '-2 h', '2 h', '-40 d'])"
		  "[1 + i / 2 %% 4]::interval, (ARRAY[NULL, 0, 10, 100000, -1])[1 + i %% 5]"
		  " FROM generate_series(1, %d) AS i, LATERAL (SELECT now() + (ARRAY['-40 d',"
		  " '-29 d', '-2 h', '-10 m', '-1 m', '1 h', '1 d'])[1 + i %% 7]::interval AS s)"
		  " AS t; CREATE TEMPORARY TABLE before AS TABLE bookings",
		  COUNT);
	note_what_applies(COUNT, applies);
	rig_audit();
	for (size_t j = 0; j < BK_COUNT(jobs); j++) {
		side_exec(rig.side, "TRUNCATE bookings, audit; INSERT INTO bookings TABLE before");
		rig_job(jobs[j]);
		ck_assert_msg(!rig_run(), "%s", rig.err.message);
		ck_assert_int_gt(rig.result.processed, 2);
		for (int id = 1; id <= COUNT; id++)
			ck_assert_msg(side_int(rig.side,
					       "SELECT count(*) FROM audit WHERE id ="
					       " '%d'",
					       id) == (applies[id] >> j & 1),
				      "%s, booking %d", jobs[j], id);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_lookup");
	TCase *tc = tcase_create("lookup");

	tcase_add_checked_fixture(tc, looked_open, looked_close);
	ADD(tc, the_mapped_columns_are_there_as_text);
	ADD(tc, a_rule_applies_or_says_why_not);
	ADD(tc, a_rule_says_when_it_will_be_due_and_until_when);
	ADD(tc, a_hold_and_the_quarantine_keep_jobs_off);
	ADD(tc, every_change_is_found_in_the_batch_that_made_it);
	ADD(tc, a_booking_of_the_same_hash_has_another_history);
	ADD(tc, a_key_of_several_columns_is_found_however_it_is_written);
	ADD_ROWS(tc, a_status_of_any_type_has_its_class_and_its_rules, statuses);
	ADD(tc, what_is_no_booking_is_an_error);
	ADD(tc, what_applies_is_what_the_job_changes);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * Holds and another try for single bookings: keys of every type, the form in
 * which they are kept, and that a hold waits for the batches in flight.
 */
#include "job/control.h"

#include <string.h>

#include "base/mem.h"
#include "hostile.h"
#include "rig.h"
#include "steer.h"
#include "suite.h"

static struct bk_hold_change held;

static void open_all(void)
{
	rig_open();
	side_exec(rig.side, "DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
			    "INSERT INTO public.bookings (id, status, starts_at, ends_at)"
			    " OVERRIDING SYSTEM VALUE SELECT g, 'CONFIRMED', now(),"
			    " now() + interval '1 h' FROM generate_series(1, 3) AS g");
}

static void close_all(void)
{
	bk_hold_change_clear(&held);
	rig_close();
}

/* Keys end with NULL. */
static enum bk_rc hold_until(const char *const *keys, const struct bk_until *until,
			     const char *reason)
{
	struct bk_control control = steer();

	bk_hold_change_clear(&held);
	held = (struct bk_hold_change){.held_until = NULL};
	return bk_control_hold(pg_db, &control, keys, until, reason, &held, &steer_err);
}

static enum bk_rc hold(const char *key)
{
	return hold_until((const char *const[]){key, NULL}, NULL, "in dispute");
}

static enum bk_rc release_all(const char *const *keys)
{
	struct bk_control control = steer();

	bk_hold_change_clear(&held);
	held = (struct bk_hold_change){.held_until = NULL};
	return bk_control_release(pg_db, &control, keys, &held, &steer_err);
}

static enum bk_rc release(const char *key)
{
	return release_all((const char *const[]){key, NULL});
}

static int64_t holds(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.booking_holds");
}

START_TEST(a_hold_is_written_and_recorded)
{
	ck_assert_int_eq(hold("2"), BK_OK);
	ck_assert_uint_eq(held.key.count, 1);
	ck_assert_str_eq(held.key.items[0], "2");
	ck_assert_str_eq(held.booking_status, "CONFIRMED");
	ck_assert_str_eq(held.author, "tester/postgres");
	ck_assert_str_eq(held.reason, "in dispute");
	ck_assert_ptr_null(held.held_until);
	ck_assert_ptr_nonnull(held.created_at);
	ck_assert(!held.replaced && !held.expired);
	ck_assert_int_eq(held.recorded.changed, 1);
	ck_assert_str_eq(held.recorded.execution_id, "1");
	ck_assert_str_eq(steer_record(), "hold 1: hold \"2\": in dispute");
	ck_assert_str_eq(side_text(rig.side,
				   "SELECT concat_ws(' ', booking_key, held_until, reason,"
				   " author) FROM bk.booking_holds"),
			 "{2} in dispute tester/postgres");
}
END_TEST

START_TEST(a_second_hold_replaces_the_first_and_the_same_one_changes_nothing)
{
	/* 2100-01-01 */
	const struct bk_until at = {BK_UNTIL_AT, INT64_C(4102444800000000), 0};
	const char *const keys[] = {"2", NULL};

	ck_assert_int_eq(hold("2"), BK_OK);
	side_exec(rig.side, "UPDATE bk.booking_holds SET created_at = '2026-11-23 06:30Z',"
			    " author = 'someone/else'");
	ck_assert_int_eq(hold("2"), BK_OK);
	ck_assert(held.replaced);
	ck_assert_int_eq(held.recorded.changed, 0);
	ck_assert_str_eq(held.author, "someone/else");
	ck_assert_int_eq(hold_until(keys, &at, "in court"), BK_OK);
	ck_assert(held.replaced);
	ck_assert_int_eq(held.recorded.changed, 1);
	ck_assert_str_eq(held.held_until, "2100-01-01T00:00:00.000Z");
	ck_assert_str_eq(held.reason, "in court");
	ck_assert_str_eq(held.author, "tester/postgres");
	ck_assert_str_eq(held.created_at, "2026-11-23T06:30:00.000Z");
	ck_assert_int_eq(holds(), 1);
	ck_assert_str_eq(steer_record(),
			 "hold 1: hold \"2\" until 2100-01-01T00:00:00.000Z: in court");
	ck_assert_int_eq(steer_records(), 2);
}
END_TEST

START_TEST(a_hold_that_ran_out_is_made_anew)
{
	ck_assert_int_eq(hold("2"), BK_OK);
	side_exec(rig.side, "UPDATE bk.booking_holds SET held_until = now(),"
			    " created_at = '2026-11-23 06:30Z'");
	ck_assert_int_eq(hold("2"), BK_OK);
	ck_assert(!held.replaced && !held.expired);
	ck_assert_int_eq(held.recorded.changed, 1);
	ck_assert_str_ne(held.created_at, "2026-11-23T06:30:00.000Z");
	ck_assert_ptr_null(held.held_until);
}
END_TEST

START_TEST(an_end_that_is_past_is_refused)
{
	const struct bk_until now = {BK_UNTIL_IN, 0, 0};

	ck_assert_int_eq(hold_until((const char *const[]){"2", NULL}, &now, "x"), BK_E_USAGE);
	ck_assert_int_eq(holds(), 0);
}
END_TEST

START_TEST(a_booking_that_is_not_there_is_not_found)
{
	ck_assert_int_eq(hold("4711"), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "no booking \"4711\"");
	ck_assert_int_eq(steer_records(), 0);
	ck_assert_int_eq(release("2"), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "booking \"2\" is not on hold");
	ck_assert_str_eq(steer_err.hint, "bkstatus holds lists those that are");
}
END_TEST

static const char *const no_numbers[] = {"", "x", "2x", "99999999999999999999", "2; DROP", "\x1b"};

START_TEST(a_text_that_is_no_key_is_a_usage_error)
{
	ck_assert_int_eq(hold(no_numbers[_i]), BK_E_USAGE);
	ck_assert_msg(strncmp(steer_err.message, "KEY: ", 5) == 0, "%s", steer_err.message);
	ck_assert_str_eq(steer_err.hint, "the key of a booking is id (bigint)");
	ck_assert_int_eq(release(no_numbers[_i]), BK_E_USAGE);
	/* The connection is as good as new. */
	ck_assert_int_eq(hold(" 2 "), BK_OK);
	ck_assert_str_eq(held.key.items[0], "2");
}
END_TEST

START_TEST(release_ends_a_hold)
{
	ck_assert_int_eq(hold("2"), BK_OK);
	ck_assert_int_eq(hold("3"), BK_OK);
	ck_assert_int_eq(release("+2"), BK_OK);
	ck_assert_str_eq(held.key.items[0], "2");
	ck_assert_str_eq(held.reason, "in dispute");
	ck_assert_str_eq(held.booking_status, "CONFIRMED");
	ck_assert(!held.expired);
	ck_assert_int_eq(held.recorded.changed, 1);
	ck_assert_str_eq(steer_record(), "release 1: release \"+2\"");
	ck_assert_int_eq(holds(), 1);
}
END_TEST

START_TEST(a_hold_of_a_booking_that_is_gone_can_be_released)
{
	ck_assert_int_eq(hold("2"), BK_OK);
	side_exec(rig.side, "DELETE FROM public.bookings WHERE id = 2;"
			    "UPDATE bk.booking_holds SET held_until = now()");
	ck_assert_int_eq(release("2"), BK_OK);
	ck_assert_ptr_null(held.booking_status);
	ck_assert(held.expired);
	ck_assert_int_eq(holds(), 0);
}
END_TEST

/* A batch in flight holds the lock shared, and changes the booking before it ends. */
START_TEST(a_hold_waits_for_the_batch_in_flight_and_sees_what_it_did)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared("
			    "hashtext('bk hold'), hashtext('bk'))) AS q");
	steer_when_waited_for("UPDATE public.bookings SET status = 'ACTIVE' WHERE id = 2");
	ck_assert_int_eq(hold("2"), BK_OK);
	side_finish(rig.side);
	ck_assert_str_eq(held.booking_status, "ACTIVE");
}
END_TEST

START_TEST(a_batch_of_another_schema_does_not_matter)
{
	side_exec(rig.side, "BEGIN; SELECT 1 FROM (SELECT pg_advisory_xact_lock_shared("
			    "hashtext('bk hold'), hashtext('bk2'))) AS q");
	ck_assert_int_eq(hold("2"), BK_OK);
	side_exec(rig.side, "ROLLBACK");
}
END_TEST

START_TEST(a_session_that_lies_changes_nothing_of_it)
{
	hostile_make();
	hostile_session();
	ck_assert_int_eq(hold("2"), BK_OK);
	ck_assert_str_eq(held.key.items[0], "2");
	ck_assert_int_eq(hold("9"), BK_E_NOT_FOUND);
	ck_assert_int_eq(release("3"), BK_E_NOT_FOUND);
	ck_assert_int_eq(release("2"), BK_OK);
	side_exec(rig.side, "DROP SCHEMA evil CASCADE");
}
END_TEST

/* A table shop.b, a booking by its typed key, and the key in bk's own form. */
struct keyed {
	const char *type;
	const char *value; /* SQL of the key */
	const char *typed;
	const char *kept;    /* NULL = as typed */
	const char *refused; /* a text that is no such value; NULL = any text is one */
};

static const struct keyed keyed[] = {
	{"bigint", "-5", "-5", NULL, "5.0"},
	{"smallint", "7", " 7", "7", "40000"},
	{"numeric", "1.00", "1.0", "1.00", "1,0"},
	{"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
	 "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99"},
	{"text", "'plain'", "plain", NULL, NULL},
	{"text", "''", "", NULL, NULL},
	{"text", "'NULL'", "NULL", NULL, NULL},
	{"text", "'a,b {c} \"d\" \\\\ ''e'''", "a,b {c} \"d\" \\\\ 'e'", NULL, NULL},
	{"text", "E'new\\nline \\x1f \\t'", "new\nline \x1f \t", NULL, NULL},
	{"text", "'$1 %s :x -- /* ;'", "$1 %s :x -- /* ;", NULL, NULL},
	{"text", "U&'\\20AC\\202E'", "\xE2\x82\xAC\xE2\x80\xAE", NULL, NULL},
	{"text COLLATE shop.blind", "'Abc'", "aBC", "Abc", NULL},
	{"varchar(10)", "'id-1'", "id-1", NULL, NULL},
	{"char(8)", "'id 1'", "id 1   ", "id 1", NULL},
	{"timestamptz", "'2026-03-29 01:00:00.000001Z'", "2026-03-29T03:00:00.000001+02:00",
	 "2026-03-29T01:00:00.000001Z AD", "yesterday-ish"},
	{"timestamptz", "'-infinity'", "-infinity", NULL, "2026-13-01"},
	{"timestamptz", "'0044-03-15 12:00Z BC'", "0044-03-15T12:00:00.000000Z BC", NULL, ""},
	{"timestamp", "'2026-03-29 02:30'", "2026-03-29 02:30:00", "2026-03-29T02:30:00.000000 AD",
	 "29/03/2026 25:00"},
	{"date", "'2026-03-29'", "20260329", "2026-03-29 AD", "2026-02-30"},
	{"double precision", "0.1", "1e-1", "0.1", "0,1"},
	{"bytea", "'\\xdeadbeef'", "\\xDEADBEEF", "\\xdeadbeef", "\\xz"},
	{"inet", "'10.0.0.1'", "10.0.0.1", "10.0.0.1/32", "10.0.0.256"},
	{"shop.mood", "'so so'", "so so", NULL, "bad"},
	{"shop.code", "'id-1'", "id-1", NULL, ""},
	{"shop.instant", "'2026-03-29 01:00Z'", "2026-03-29 01:00:00+00", NULL, "x"},
	{"boolean", "true", "yes", "true", "maybe"},
};

#define SHOP(keys)                                                                                 \
	"bookings { table = \"shop.b\" key = {" keys "} status = \"state\" start = \"start\""      \
	" check-in-mode = untracked states { confirmed = {\"C\"} active = {\"A\"}"                 \
	" completed = {\"D\"} } } cancel-no-shows { enabled = no }"                                \
	" update-expired { enabled = no } update-completed { enabled = no }"

static void open_shop(void)
{
	open_all();
	side_exec(rig.side,
		  "CREATE COLLATION shop.blind (provider = icu, locale = 'und-u-ks-level2',"
		  " deterministic = false); CREATE TYPE shop.mood AS ENUM ('good', 'so so');"
		  "CREATE DOMAIN shop.code AS text CHECK (value <> '');"
		  "CREATE DOMAIN shop.instant AS timestamptz");
	rig_conf(SHOP("\"k\""));
}

static const char *kept_key(void)
{
	return side_text(rig.side, "SELECT booking_key[1] FROM bk.booking_holds");
}

START_TEST(a_key_of_any_type_is_found_kept_and_released)
{
	const struct keyed *k = &keyed[_i];
	const char *kept = k->kept ? k->kept : k->typed;

	side_exec(rig.side,
		  "CREATE TABLE shop.b (k %s PRIMARY KEY, state text, start timestamptz);"
		  "INSERT INTO shop.b VALUES (%s, 'C', now())",
		  k->type, k->value);
	ck_assert_msg(hold(k->typed) == BK_OK, "%s: %s", k->type, steer_err.message);
	ck_assert_str_eq(held.booking_status, "C");
	ck_assert_str_eq(held.key.items[0], kept);
	ck_assert_str_eq(kept_key(), kept);
	/* What bkstatus shows can be typed again. */
	ck_assert_msg(hold(kept) == BK_OK, "%s: %s", k->type, steer_err.message);
	ck_assert(held.replaced);
	ck_assert_msg(release(k->typed) == BK_OK, "%s: %s", k->type, steer_err.message);
	ck_assert_int_eq(holds(), 0);
	if (k->refused)
		ck_assert_int_eq(hold(k->refused), BK_E_USAGE);
	side_exec(rig.side, "DELETE FROM shop.b");
	ck_assert_int_eq(hold(k->typed), BK_E_NOT_FOUND);
}
END_TEST

START_TEST(a_key_may_have_several_columns)
{
	const char *const keys[] = {"t,1 \"x\"", "2026-03-29", "5", NULL};
	const char *const other[] = {"t,1 \"x\"", "2026-03-29", "6", NULL};
	const char *const bad[] = {"t", "x", "5", NULL};

	side_exec(rig.side,
		  "CREATE TABLE shop.b (t text COLLATE \"C\", \"The Day\" date, n text COLLATE"
		  " shop.blind, state text COLLATE \"POSIX\", start timestamptz,"
		  " PRIMARY KEY (t, \"The Day\", n));"
		  "INSERT INTO shop.b VALUES ('t,1 \"x\"', '2026-03-29', '5', 'A', now())");
	rig_conf(SHOP("\"t\", \"The Day\", \"n\""));
	ck_assert_msg(hold_until(keys, NULL, "x") == BK_OK, "%s", steer_err.message);
	ck_assert_uint_eq(held.key.count, 3);
	ck_assert_str_eq(held.key.items[0], "t,1 \"x\"");
	ck_assert_str_eq(held.key.items[1], "2026-03-29 AD");
	ck_assert_str_eq(held.key.items[2], "5");
	ck_assert_str_eq(side_text(rig.side, "SELECT booking_key FROM bk.booking_holds"),
			 "{\"t,1 \\\"x\\\"\",\"2026-03-29 AD\",5}");
	ck_assert_int_eq(hold_until(other, NULL, "x"), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "no booking \"t,1 \"x\"\" \"2026-03-29\" \"6\"");
	ck_assert_int_eq(hold_until(bad, NULL, "x"), BK_E_USAGE);
	ck_assert_str_eq(steer_err.hint,
			 "the key of a booking is t (text), The Day (date), n (text)");
	ck_assert_int_eq(release_all(other), BK_E_NOT_FOUND);
	ck_assert_int_eq(release_all(keys), BK_OK);
	ck_assert_int_eq(holds(), 0);
}
END_TEST

START_TEST(a_mapping_that_does_not_fit_is_an_error)
{
	side_exec(rig.side, "CREATE TABLE shop.b (k int PRIMARY KEY, start timestamptz)");
	ck_assert_int_eq(hold("1"), BK_E_MAPPING);
	ck_assert_int_eq(release("1"), BK_E_MAPPING);
}
END_TEST

/* Bookings 1 to 3 by one rule, booking 1 by another one too; all wait for an hour,
   but booking 3. */
static void quarantine(void)
{
	side_exec(rig.side,
		  "INSERT INTO bk.quarantined_bookings (rule, booking_key, operation,"
		  " execution_id, error_code, error_message, first_seen_at, last_seen_at,"
		  " next_try_at) SELECT r, ARRAY[g::text], 'x', 1, '23514', 'e', now(), now(),"
		  " now() + CASE WHEN g = 3 THEN interval '-1 min' ELSE interval '1 h' END"
		  " FROM generate_series(1, 3) AS g, unnest('{activate,complete}'::text[]) AS r"
		  " WHERE g = 1 OR r = 'activate'");
}

static struct bk_retried retried;

static enum bk_rc retry(const char *key)
{
	const char *const keys[] = {key, NULL};
	struct bk_control control = steer();

	bk_retried_clear(&retried);
	retried = (struct bk_retried){.found = -1};
	return bk_control_retry(pg_db, &control, key ? keys : NULL, &retried, &steer_err);
}

static int64_t waiting(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings"
				  " WHERE next_try_at > now()");
}

START_TEST(every_booking_in_quarantine_is_tried_again)
{
	quarantine();
	ck_assert_int_eq(retry(NULL), BK_OK);
	ck_assert_int_eq(retried.found, 4);
	ck_assert_int_eq(retried.recorded.changed, 3);
	ck_assert_int_eq(waiting(), 0);
	ck_assert_str_eq(steer_record(),
			 "quarantine-retry 3: try every booking in quarantine again");
	ck_assert_int_eq(retry(NULL), BK_OK);
	ck_assert_int_eq(retried.found, 4);
	ck_assert_int_eq(retried.recorded.changed, 0);
	ck_assert_ptr_null(retried.recorded.execution_id);
	ck_assert_int_eq(steer_records(), 1);
	bk_retried_clear(&retried);
}
END_TEST

START_TEST(an_empty_quarantine_is_no_error)
{
	ck_assert_int_eq(retry(NULL), BK_OK);
	ck_assert_int_eq(retried.found, 0);
	ck_assert_int_eq(steer_records(), 0);
}
END_TEST

START_TEST(one_booking_is_tried_again_by_every_rule)
{
	quarantine();
	ck_assert_int_eq(retry("1"), BK_OK);
	ck_assert_int_eq(retried.found, 2);
	ck_assert_int_eq(retried.recorded.changed, 2);
	ck_assert_int_eq(waiting(), 1);
	ck_assert_str_eq(steer_record(), "quarantine-retry 2: try \"1\" again");
	/* It may be gone meanwhile. */
	side_exec(rig.side, "DELETE FROM public.bookings");
	ck_assert_int_eq(retry("2"), BK_OK);
	ck_assert_int_eq(retried.found, 1);
	ck_assert_int_eq(waiting(), 0);
	bk_retried_clear(&retried);
}
END_TEST

START_TEST(a_booking_that_is_not_in_quarantine_is_not_found)
{
	quarantine();
	ck_assert_int_eq(retry("4"), BK_E_NOT_FOUND);
	ck_assert_str_eq(steer_err.message, "booking \"4\" is not in quarantine");
	ck_assert_int_eq(retry("x"), BK_E_USAGE);
	ck_assert_int_eq(waiting(), 3);
	ck_assert_int_eq(steer_records(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control_bookings");
	TCase *tc = tcase_create("bookings");
	TCase *shop = tcase_create("shop");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, a_hold_is_written_and_recorded);
	ADD(tc, a_second_hold_replaces_the_first_and_the_same_one_changes_nothing);
	ADD(tc, a_hold_that_ran_out_is_made_anew);
	ADD(tc, an_end_that_is_past_is_refused);
	ADD(tc, a_booking_that_is_not_there_is_not_found);
	ADD_ROWS(tc, a_text_that_is_no_key_is_a_usage_error, no_numbers);
	ADD(tc, release_ends_a_hold);
	ADD(tc, a_hold_of_a_booking_that_is_gone_can_be_released);
	ADD(tc, a_hold_waits_for_the_batch_in_flight_and_sees_what_it_did);
	ADD(tc, a_batch_of_another_schema_does_not_matter);
	ADD(tc, a_session_that_lies_changes_nothing_of_it);
	ADD(tc, every_booking_in_quarantine_is_tried_again);
	ADD(tc, an_empty_quarantine_is_no_error);
	ADD(tc, one_booking_is_tried_again_by_every_rule);
	ADD(tc, a_booking_that_is_not_in_quarantine_is_not_found);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(shop, open_shop, close_all);
	ADD_ROWS(shop, a_key_of_any_type_is_found_kept_and_released, keyed);
	ADD(shop, a_key_may_have_several_columns);
	ADD(shop, a_mapping_that_does_not_fit_is_an_error);
	suite_add_tcase(suite, shop);
	return suite_run(suite);
}

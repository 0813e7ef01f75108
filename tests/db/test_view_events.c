/*
 * Events in their order: transactions that overlap, commit out of order or are
 * rolled back, rows that are longer than a page, keys of several columns.
 */
#include "view/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rule_cases.h"
#include "side.h"
#include "suite.h"
#include "view/cursor.h"
#include "view_db.h"

enum { SIDES = 4 };

static struct side *sides[SIDES];
static struct bk_place place;
static struct bk_event_list list;

static void open_all(void)
{
	view_db_open();
	for (int i = 0; i < SIDES; i++)
		sides[i] = side_open();
	place = (struct bk_place){0, 0, 0};
	side_exec(sides[0],
		  "INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at, status, finished_at, triggered_by, invoked_by, server_instance,"
		  " pid, version, lease_token, as_of)"
		  " SELECT gen_random_uuid(), 'activate-due', 'd', now(), 'SUCCESS', now(),"
		  " 'SCHEDULER', 'a/b', 'h', 1, '1', 1, now()");
}

static void close_all(void)
{
	bk_event_list_clear(&list);
	for (int i = 0; i < SIDES; i++)
		side_close(sides[i]);
	view_db_close();
}

/* A row of the log in the side's transaction, of `count` bookings whose keys are the name and
   a number. */
static void log_row(struct side *side, const char *name, int count)
{
	side_exec(side,
		  "INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule,"
		  " from_state, to_state, row_count, keys, key_hashes, txid, at)"
		  " SELECT 1, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', %d,"
		  " ARRAY[array_agg('%s' || i ORDER BY i)], array_agg(i), pg_current_xact_id(),"
		  " now() FROM generate_series(1, %d) AS i",
		  count, name, count);
}

/* The next page; the keys of its events, separated by blanks. */
static const char *page(int64_t limit)
{
	static char keys[2000];
	struct bk_error err = {0};

	bk_event_list_clear(&list);
	ck_assert_msg(!bk_view_events(pg_db, view_conf, &place, limit, &list, &err), "%s",
		      err.message);
	keys[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		size_t len = strlen(keys);

		(void)snprintf(keys + len, sizeof(keys) - len, "%s%s", i ? " " : "",
			       list.items[i].key.items[0]);
	}
	if (list.count)
		place = list.items[list.count - 1].place;
	return keys;
}

START_TEST(a_transaction_that_began_first_and_commits_last_is_not_lost)
{
	side_exec(sides[0], "BEGIN");
	log_row(sides[0], "slow", 1);
	side_exec(sides[1], "BEGIN");
	log_row(sides[1], "fast", 1);
	side_exec(sides[1], "COMMIT");
	ck_assert_str_eq(page(10), "");
	side_exec(sides[0], "COMMIT");
	ck_assert_str_eq(page(10), "slow1 fast1");
	ck_assert_str_eq(page(10), "");
}
END_TEST

/* Ids come from a sequence and say nothing about transactions. */
START_TEST(a_row_with_a_lower_number_in_a_later_transaction_comes_later)
{
	side_exec(sides[0], "BEGIN; SELECT pg_current_xact_id()");
	side_exec(sides[1], "BEGIN");
	log_row(sides[1], "second", 1);
	log_row(sides[0], "first", 1);
	side_exec(sides[1], "COMMIT");
	side_exec(sides[0], "COMMIT");
	ck_assert_str_eq(page(10), "first1 second1");
	ck_assert_str_eq(list.items[0].id, "2.1");
}
END_TEST

START_TEST(a_transaction_that_is_rolled_back_delays_and_gives_nothing)
{
	side_exec(sides[0], "BEGIN");
	log_row(sides[0], "never", 1);
	log_row(sides[1], "there", 1);
	ck_assert_str_eq(page(10), "");
	side_exec(sides[0], "ROLLBACK");
	ck_assert_str_eq(page(10), "there1");
}
END_TEST

/* As bk(7) says: who only reads holds nothing up, whoever has written does. */
START_TEST(a_transaction_that_only_reads_delays_nothing)
{
	side_exec(sides[0], "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
	log_row(sides[1], "a", 1);
	ck_assert_str_eq(page(10), "a1");
	side_exec(sides[0], "COMMIT");
}
END_TEST

START_TEST(pages_end_in_the_middle_of_a_row_and_go_on_there)
{
	log_row(sides[0], "a", 3);
	log_row(sides[0], "b", 5);
	log_row(sides[0], "c", 1);
	ck_assert_str_eq(page(2), "a1 a2");
	ck_assert_str_eq(page(2), "a3 b1");
	ck_assert_str_eq(page(3), "b2 b3 b4");
	ck_assert_str_eq(list.items[2].id, "2.4");
	ck_assert_str_eq(page(1), "b5");
	ck_assert_str_eq(page(2), "c1");
	ck_assert_str_eq(page(2), "");
}
END_TEST

START_TEST(a_key_of_several_columns_is_one_booking)
{
	side_exec(sides[0],
		  "INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule,"
		  " from_state, to_state, row_count, keys, key_hashes, txid, at)"
		  " SELECT 1, 0, 1, 'r', 'A', 'B', 3, '{{a,\"b,1\",c},{1,2,3}}', '{1,2,3}',"
		  " pg_current_xact_id(), '2026-11-23T06:30:00.097Z'");
	ck_assert_str_eq(page(2), "a b,1");
	ck_assert_uint_eq(list.items[1].key.count, 2);
	ck_assert_str_eq(list.items[1].key.items[1], "2");
	ck_assert_str_eq(list.items[1].at, "2026-11-23T06:30:00.097Z");
	ck_assert_str_eq(list.items[1].operation, "activate-due");
	ck_assert_str_eq(list.items[1].instance, "h");
	ck_assert_ptr_null(list.items[1].undo_of);
	ck_assert_str_eq(page(9), "c");
	ck_assert_str_eq(list.items[0].key.items[1], "3");
}
END_TEST

START_TEST(the_cursor_of_an_event_is_its_place)
{
	struct bk_place read;

	log_row(sides[0], "a", 2);
	(void)page(2);
	ck_assert(bk_event_cursor_parse(list.items[0].cursor, &read));
	ck_assert_int_eq(bk_place_compare(&read, &list.items[0].place), 0);
	ck_assert_int_lt(bk_place_compare(&read, &place), 0);
}
END_TEST

START_TEST(who_begins_now_gets_what_is_not_over_and_nothing_before)
{
	struct bk_error err = {0};

	log_row(sides[0], "before", 1);
	side_exec(sides[0], "BEGIN");
	log_row(sides[0], "open", 1);
	ck_assert_int_eq(bk_view_events_now(pg_db, view_conf, &place, &err), BK_OK);
	side_exec(sides[0], "COMMIT");
	log_row(sides[0], "after", 1);
	ck_assert_str_eq(page(10), "open1 after1");
}
END_TEST

START_TEST(a_place_behind_every_transaction_is_refused)
{
	const struct bk_place far = {INT64_C(1) << 40, 1, 1};
	struct bk_error err = {0};

	ck_assert_int_eq(bk_view_events_now(pg_db, view_conf, &place, &err), BK_OK);
	ck_assert_int_eq(bk_view_events_check(pg_db, view_conf, &place, &err), BK_OK);
	ck_assert_int_eq(bk_view_events_check(pg_db, view_conf, &far, &err), BK_E_REFUSED);
}
END_TEST

/* A page reads the rows that it shows: neither the whole log nor keys that are not shown. */
START_TEST(a_look_costs_the_same_at_the_end_of_a_long_log)
{
	struct bk_error err = {0};
	int64_t before;
	int64_t after;

	side_exec(sides[0],
		  "INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule,"
		  " from_state, to_state, row_count, keys, key_hashes, txid, at)"
		  " SELECT 1, 0, 1, 'r', 'A', 'B', 1, '{{a}}', '{1}', pg_current_xact_id(), now()"
		  " FROM generate_series(1, 20000); ANALYZE bk.booking_transitions");
	ck_assert_int_eq(bk_view_events_now(pg_db, view_conf, &place, &err), BK_OK);
	before = side_int(sides[0], "SELECT pg_stat_get_tuples_fetched(oid) +"
				    " pg_stat_get_tuples_returned(oid) FROM pg_class"
				    " WHERE oid = 'bk.booking_transitions'::regclass");
	ck_assert_str_eq(page(1000), "");
	pg_script("SELECT pg_stat_force_next_flush()");
	after = side_int(sides[0], "SELECT pg_stat_get_tuples_fetched(oid) +"
				   " pg_stat_get_tuples_returned(oid) FROM pg_class"
				   " WHERE oid = 'bk.booking_transitions'::regclass");
	ck_assert_int_le(after - before, 10);
}
END_TEST

/* What each side does next, by chance: begin, log, commit, roll back. */
struct story {
	struct draw draw;
	bool open[SIDES];
	int logged[SIDES]; /* events of its open transaction */
	int committed;     /* events that must be delivered, all told */
	int64_t delivered;
	struct bk_place last;
};

static void step(struct story *s)
{
	int i = (int)draw_below(&s->draw, SIDES);
	int count = 1 + (int)draw_below(&s->draw, 4);

	if (!s->open[i]) {
		side_exec(sides[i], "BEGIN");
		s->open[i] = true;
		s->logged[i] = 0;
		/* Some have their transaction's number long before they log. */
		if (draw_chance(&s->draw, 50))
			side_exec(sides[i], "SELECT pg_current_xact_id()");
		return;
	}
	if (draw_chance(&s->draw, 50)) {
		log_row(sides[i], "k", count);
		s->logged[i] += count;
		return;
	}
	s->open[i] = false;
	if (draw_chance(&s->draw, 25)) {
		side_exec(sides[i], "ROLLBACK");
		return;
	}
	side_exec(sides[i], "COMMIT");
	s->committed += s->logged[i];
}

/* One page; each event once, behind all that came before it. */
static void deliver(struct story *s)
{
	(void)page(1 + draw_below(&s->draw, 7));
	for (size_t i = 0; i < list.count; i++) {
		ck_assert_int_gt(bk_place_compare(&list.items[i].place, &s->last), 0);
		s->last = list.items[i].place;
		s->delivered++;
	}
}

START_TEST(every_event_is_delivered_once_and_in_order_however_transactions_overlap)
{
	struct story s = {.draw = {draw_seed() + (uint64_t)_i}};

	for (int n = 0; n < 60; n++) {
		step(&s);
		if (draw_chance(&s.draw, 60))
			deliver(&s);
		ck_assert_int_le(s.delivered, s.committed);
	}
	for (int i = 0; i < SIDES; i++)
		if (s.open[i]) {
			side_exec(sides[i], "COMMIT");
			s.committed += s.logged[i];
		}
	do {
		deliver(&s);
	} while (list.count);
	ck_assert_int_gt(s.committed, 0);
	ck_assert_int_eq(s.delivered, s.committed);
	ck_assert_int_eq(s.committed,
			 side_int(sides[0], "SELECT sum(row_count) FROM bk.booking_transitions"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_events");
	TCase *tc = tcase_create("events");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, a_transaction_that_began_first_and_commits_last_is_not_lost);
	ADD(tc, a_row_with_a_lower_number_in_a_later_transaction_comes_later);
	ADD(tc, a_transaction_that_is_rolled_back_delays_and_gives_nothing);
	ADD(tc, a_transaction_that_only_reads_delays_nothing);
	ADD(tc, pages_end_in_the_middle_of_a_row_and_go_on_there);
	ADD(tc, a_key_of_several_columns_is_one_booking);
	ADD(tc, the_cursor_of_an_event_is_its_place);
	ADD(tc, who_begins_now_gets_what_is_not_over_and_nothing_before);
	ADD(tc, a_place_behind_every_transaction_is_refused);
	ADD(tc, a_look_costs_the_same_at_the_end_of_a_long_log);
	tcase_add_loop_test(
		tc, every_event_is_delivered_once_and_in_order_however_transactions_overlap, 0, 20);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

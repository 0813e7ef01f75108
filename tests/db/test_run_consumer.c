/*
 * Durable readers of events: lease, token, and a place that moves forward only.
 */
#include "run/consumer.h"

#include <string.h>

#include "side.h"
#include "suite.h"
#include "view_db.h"

static struct side *side;
static struct bk_consumer consumer;
static struct bk_error err;

static void open_all(void)
{
	view_db_open();
	side = side_open();
	consumer = (struct bk_consumer)BK_CONSUMER_INIT;
	err = (struct bk_error){.rc = BK_OK};
}

static void close_all(void)
{
	bk_consumer_clear(&consumer);
	side_close(side);
	view_db_close();
}

static const struct bk_place start = {0, 0, 0};

static enum bk_rc claim_as(const char *holder, const struct bk_place *from, struct bk_consumer *ret)
{
	const struct bk_consumer_request request = {view_conf, "mailer", holder, from};

	return bk_consumer_claim(pg_db, &request, ret, &err);
}

static void claim(void)
{
	ck_assert_msg(!claim_as("h pid 1", &start, &consumer), "%s", err.message);
}

static void expire(void)
{
	side_exec(side, "UPDATE bk.event_consumers SET lease_expires_at = clock_timestamp()");
}

static const char *row(void)
{
	return side_text(side, "SELECT txid || ' ' || transition_id || '.' || item || ' ' ||"
			       " coalesce(holder, '-') FROM bk.event_consumers");
}

START_TEST(a_new_one_begins_where_it_is_told_to)
{
	claim();
	ck_assert_int_eq(consumer.token, 1);
	ck_assert_int_eq(bk_place_compare(&consumer.place, &start), 0);
	ck_assert_str_eq(row(), "0 0.0 h pid 1");
	ck_assert_int_eq(side_int(side, "SELECT (extract(epoch FROM lease_expires_at -"
					" clock_timestamp()) BETWEEN 5 AND 30)::integer"
					" FROM bk.event_consumers"),
			 1);
}
END_TEST

START_TEST(without_a_place_it_begins_with_what_is_not_over)
{
	side_exec(side, "BEGIN; SELECT pg_current_xact_id()");
	ck_assert_int_eq(claim_as("h", NULL, &consumer), BK_OK);
	ck_assert_int_eq(consumer.place.txid, side_int(side, "SELECT pg_current_xact_id()"));
	side_exec(side, "COMMIT");
}
END_TEST

START_TEST(one_at_a_time)
{
	struct bk_consumer other = BK_CONSUMER_INIT;

	claim();
	ck_assert_int_eq(claim_as("h pid 2", &start, &other), BK_E_BUSY);
	ck_assert_str_eq(err.message, "consumer mailer is read by h pid 1");
	ck_assert_ptr_nonnull(strstr(err.hint, "its lease ends at 20"));
	ck_assert_str_eq(row(), "0 0.0 h pid 1");
}
END_TEST

/* Two that are there at the same moment, and the row is not. */
START_TEST(of_two_new_ones_one_gets_it)
{
	side_exec(side, "BEGIN; INSERT INTO bk.event_consumers (name, txid, transition_id, item,"
			" lease_token, lease_expires_at, holder) VALUES ('mailer', '5', 1, 1, 1,"
			" now() + interval '1 hour', 'rival')");
	side_send(side, "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE"
			" application_name = 'bk:test' AND wait_event_type = 'Lock') LOOP"
			" PERFORM pg_stat_clear_snapshot(); PERFORM pg_sleep(0.002);"
			" END LOOP; END $$; COMMIT");
	ck_assert_int_eq(claim_as("h", &start, &consumer), BK_E_BUSY);
	side_finish(side);
	ck_assert_str_eq(err.message, "consumer mailer is read by rival");
}
END_TEST

START_TEST(after_the_lease_another_one_goes_on_at_the_same_place)
{
	const struct bk_place last = {7, 3, 2};
	struct bk_consumer other = BK_CONSUMER_INIT;

	claim();
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &last, 0, &err), BK_OK);
	expire();
	ck_assert_int_eq(claim_as("h pid 2", &start, &other), BK_OK);
	ck_assert_int_eq(other.token, 2);
	ck_assert_int_eq(bk_place_compare(&other.place, &last), 0);
}
END_TEST

START_TEST(who_was_taken_over_moves_and_releases_nothing)
{
	const struct bk_place last = {7, 3, 2};
	struct bk_consumer other = BK_CONSUMER_INIT;

	claim();
	expire();
	ck_assert_int_eq(claim_as("h pid 2", &start, &other), BK_OK);
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &last, 0, &err), BK_E_LEASE_LOST);
	ck_assert_int_eq(bk_consumer_release(pg_db, &consumer, &err), BK_OK);
	ck_assert_str_eq(row(), "0 0.0 h pid 2");
}
END_TEST

/* Nobody else came: a pause of the process or the network alone costs nothing. */
START_TEST(a_lease_that_ran_out_unseen_goes_on)
{
	const struct bk_place last = {7, 3, 2};

	claim();
	expire();
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &last, 0, &err), BK_OK);
	ck_assert_int_eq(claim_as("h pid 2", &start, &consumer), BK_E_BUSY);
}
END_TEST

START_TEST(a_release_lets_the_next_one_in_at_once)
{
	claim();
	ck_assert_int_eq(bk_consumer_release(pg_db, &consumer, &err), BK_OK);
	ck_assert_str_eq(row(), "0 0.0 -");
	bk_consumer_clear(&consumer);
	claim();
	ck_assert_int_eq(consumer.token, 2);
}
END_TEST

START_TEST(the_place_moves_forward_only)
{
	static const struct {
		struct bk_place to;
		const char *row;
	} moves[] = {
		{{7, 3, 2}, "7 3.2 h pid 1"},   {{7, 3, 1}, "7 3.2 h pid 1"},
		{{7, 2, 9}, "7 3.2 h pid 1"},   {{6, 9, 9}, "7 3.2 h pid 1"},
		{{7, 3, 3}, "7 3.3 h pid 1"},   {{7, 10, 1}, "7 10.1 h pid 1"},
		{{11, 1, 1}, "11 1.1 h pid 1"},
	};

	claim();
	for (size_t i = 0; i < BK_COUNT(moves); i++) {
		ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &moves[i].to, 0, &err), BK_OK);
		ck_assert_str_eq(row(), moves[i].row);
	}
	ck_assert_int_eq(consumer.place.txid, 11);
}
END_TEST

START_TEST(a_sign_of_life_alone_is_no_move)
{
	const char *before;

	claim();
	before = side_text(side, "SELECT moved_at::text FROM bk.event_consumers");
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &consumer.place, 0, &err), BK_OK);
	ck_assert_str_eq(side_text(side, "SELECT moved_at::text FROM bk.event_consumers"), before);
}
END_TEST

START_TEST(what_was_lost_is_known_and_told_once)
{
	claim();
	side_exec(side, "UPDATE bk.event_consumers SET lost = 5,"
			" lost_at = '2026-11-23T06:30:00.097Z', txid = '9'");
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &start, 0, &err), BK_OK);
	ck_assert_int_eq(consumer.lost, 5);
	ck_assert_int_eq(consumer.lost_told, 0);
	ck_assert_str_eq(consumer.lost_at, "2026-11-23T06:30:00.097Z");
	ck_assert_int_eq(consumer.place.txid, 9);
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &start, 5, &err), BK_OK);
	ck_assert_int_eq(consumer.lost_told, 5);
	ck_assert_int_eq(bk_consumer_keep(pg_db, &consumer, &start, 0, &err), BK_OK);
	ck_assert_int_eq(consumer.lost_told, 5);
}
END_TEST

START_TEST(a_place_of_another_database_is_refused_and_the_lease_given_back)
{
	side_exec(side, "INSERT INTO bk.event_consumers (name, txid, transition_id, item)"
			" VALUES ('mailer', '1099511627776', 1, 1)");
	ck_assert_int_eq(claim_as("h", NULL, &consumer), BK_E_REFUSED);
	ck_assert_str_eq(row(), "1099511627776 1.1 -");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_consumer");
	TCase *tc = tcase_create("consumer");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, a_new_one_begins_where_it_is_told_to);
	ADD(tc, without_a_place_it_begins_with_what_is_not_over);
	ADD(tc, one_at_a_time);
	ADD(tc, of_two_new_ones_one_gets_it);
	ADD(tc, after_the_lease_another_one_goes_on_at_the_same_place);
	ADD(tc, who_was_taken_over_moves_and_releases_nothing);
	ADD(tc, a_lease_that_ran_out_unseen_goes_on);
	ADD(tc, a_release_lets_the_next_one_in_at_once);
	ADD(tc, the_place_moves_forward_only);
	ADD(tc, a_sign_of_life_alone_is_no_move);
	ADD(tc, what_was_lost_is_known_and_told_once);
	ADD(tc, a_place_of_another_database_is_refused_and_the_lease_given_back);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

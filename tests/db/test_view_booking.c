/*
 * The lists of bookings on hold and in quarantine: pages that follow each other
 * and are stable, and rows that somebody wrote past bk.
 */
#include "view/booking.h"

#include <string.h>

#include "base/attr.h"
#include "suite.h"
#include "view_db.h"

static struct bk_hold_list holds;
static struct bk_quarantine quarantine;

static void close_all(void)
{
	bk_hold_list_clear(&holds);
	bk_quarantine_clear(&quarantine);
	view_db_close();
}

/* Holds number `from` to `to`, number n made at 06:00:00 plus n / 2 seconds. */
static void hold(int from, int to)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_fmt(&sql,
		   "INSERT INTO bk.booking_holds (booking_key, held_until, reason, author,"
		   " created_at) SELECT ARRAY[n::text, 'x'], CASE n %% 3 WHEN 0 THEN now() +"
		   " interval '1 h' WHEN 1 THEN now() END, 'r' || n, 'a/b',"
		   " timestamptz '2026-11-23 06:00Z' + (n / 2) * interval '1 s'"
		   " FROM generate_series(%d, %d) AS n",
		   from, to);
	pg_script(bk_buf_cstr(&sql));
}

static void read_holds(struct bk_page *page)
{
	struct bk_error err = {0};

	bk_hold_list_clear(&holds);
	ck_assert_msg(!bk_view_holds(pg_db, view_conf, page, &holds, &err), "%s", err.message);
}

static void next(struct bk_page *page, const char *cursor)
{
	ck_assert_ptr_nonnull(cursor);
	page->has_after = bk_cursor_parse(cursor, &page->after);
	ck_assert(page->has_after);
}

/* Every hold from the page on, "5 4 3"; the pages' sizes in *ret_pages. */
static void walk(struct bk_page *page, struct bk_buf *out, int *ret_pages)
{
	for (;;) {
		read_holds(page);
		++*ret_pages;
		for (size_t i = 0; i < holds.count; i++)
			bk_buf_fmt(out, "%s ", holds.items[i].key.items[0]);
		if (!holds.next_cursor)
			break;
		next(page, holds.next_cursor);
	}
}

START_TEST(nothing_is_an_empty_page)
{
	struct bk_page page = {.limit = 10};
	struct bk_error err;

	read_holds(&page);
	ck_assert_uint_eq(holds.count, 0);
	ck_assert_ptr_null(holds.next_cursor);
	ck_assert_int_eq(bk_view_quarantine(pg_db, view_conf, &page, &quarantine, &err), BK_OK);
	ck_assert_uint_eq(quarantine.count, 0);
	ck_assert_ptr_null(quarantine.next_cursor);
}
END_TEST

START_TEST(pages_are_newest_first_and_none_is_lost_or_repeated)
{
	static const int limits[] = {1, 2, 3, 5, 20, 21, 100};
	BK_CLEAN(bk_buf_clear) struct bk_buf whole = BK_BUF_INIT;
	struct bk_page all = {.limit = 1000};
	int pages = 0;

	hold(1, 20);
	walk(&all, &whole, &pages);
	ck_assert_int_eq(pages, 1);
	ck_assert_int_eq(strncmp(bk_buf_cstr(&whole), "20 1", 4), 0);
	for (size_t i = 0; i < BK_COUNT(limits); i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
		struct bk_page page = {.limit = limits[i]};

		pages = 0;
		walk(&page, &got, &pages);
		ck_assert_str_eq(bk_buf_cstr(&got), bk_buf_cstr(&whole));
		ck_assert_int_eq(pages, (20 + limits[i] - 1) / limits[i]);
	}
}
END_TEST

START_TEST(a_cursor_is_stable_under_new_rows)
{
	struct bk_page page = {.limit = 2};

	hold(2, 5);
	read_holds(&page);
	next(&page, holds.next_cursor);
	hold(6, 9);
	read_holds(&page);
	ck_assert_uint_eq(holds.count, 2);
	ck_assert_int_lt(strcmp(holds.items[0].created_at, "2026-11-23T06:00:02"), 0);
	ck_assert_ptr_null(holds.next_cursor);
}
END_TEST

START_TEST(a_hold_is_read_as_it_is)
{
	hold(1, 3);
	pg_script("UPDATE bk.booking_holds SET booking_key = ARRAY['a,\"b\\', '', NULL] WHERE"
		  " reason = 'r1'; UPDATE bk.booking_holds SET held_until = '2100-01-01Z' WHERE"
		  " reason = 'r3'");
	read_holds(&(struct bk_page){.limit = 9});
	ck_assert_uint_eq(holds.count, 3);
	const struct bk_hold_view *old = &holds.items[2];
	ck_assert_uint_eq(old->key.count, 3);
	ck_assert_str_eq(old->key.items[0], "a,\"b\\");
	ck_assert_str_eq(old->key.items[1], "");
	ck_assert_ptr_null(old->key.items[2]);
	ck_assert(old->expired);
	ck_assert_str_eq(old->reason, "r1");
	ck_assert_str_eq(old->author, "a/b");
	ck_assert_str_eq(old->created_at, "2026-11-23T06:00:00.000Z");
	for (size_t i = 0; i < 2; i++) {
		const struct bk_hold_view *h = &holds.items[i];

		ck_assert(!h->expired);
		ck_assert_pstr_eq(h->held_until,
				  strcmp(h->reason, "r3") == 0 ? "2100-01-01T00:00:00.000Z" : NULL);
	}
}
END_TEST

/* Who may write the table cannot keep others from reading it. */
START_TEST(rows_that_nobody_should_write_do_no_harm)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	struct bk_page page = {.limit = 1};
	int pages = 0;

	pg_script("INSERT INTO bk.booking_holds (booking_key, held_until, reason, author,"
		  " created_at) VALUES"
		  " ('{{a,b},{c,d}}', 'infinity', '', '', 'infinity'),"
		  " ('[5:6]={e,f}', '-infinity', '', '', '-infinity'),"
		  " ('{g}', '0044-03-15 BC', '', '', '4713-01-01 BC'),"
		  " ('{h}', NULL, '', '', '294276-12-31Z')");
	walk(&page, &got, &pages);
	ck_assert_int_eq(pages, 4);
	ck_assert_uint_eq(strlen(bk_buf_cstr(&got)), 8);
	for (const char *p = "aegh"; *p; p++)
		ck_assert_ptr_nonnull(strchr(bk_buf_cstr(&got), *p));
	pg_script("INSERT INTO bk.booking_holds (booking_key, reason, author, created_at)"
		  " VALUES ('{}', '', '', 'infinity')");
	read_holds(&(struct bk_page){.limit = 9});
	ck_assert_uint_eq(holds.count, 5);
}
END_TEST

START_TEST(quarantine_is_read_page_by_page)
{
	struct bk_page page = {.limit = 2};
	struct bk_error err;
	char seen[8] = "";

	pg_script("INSERT INTO bk.quarantined_bookings (rule, booking_key, operation,"
		  " execution_id, error_code, error_message, first_seen_at, last_seen_at, tries,"
		  " next_try_at) SELECT 'rule-' || n % 2, ARRAY['k' || n / 2], 'activate-due',"
		  " 9007199254740993, '23514', E'no\n' || n, timestamptz '2026-11-23 06:00Z',"
		  " '2026-11-23 07:00:00.5Z', n, '2026-11-23 08:00Z'"
		  " FROM generate_series(1, 5) AS n");
	for (;;) {
		ck_assert_msg(!bk_view_quarantine(pg_db, view_conf, &page, &quarantine, &err), "%s",
			      err.message);
		for (size_t i = 0; i < quarantine.count; i++)
			seen[quarantine.items[i].tries]++;
		if (!quarantine.next_cursor)
			break;
		ck_assert_uint_eq(quarantine.count, 2);
		next(&page, quarantine.next_cursor);
		bk_quarantine_clear(&quarantine);
	}
	ck_assert_mem_eq(seen, "\0\1\1\1\1\1\0", 7);
	const struct bk_quarantined_view *q = &quarantine.items[0];
	ck_assert_uint_eq(quarantine.count, 1);
	ck_assert_int_eq(strncmp(q->rule, "rule-", 5), 0);
	ck_assert_int_eq(q->key.items[0][0], 'k');
	ck_assert_str_eq(q->operation, "activate-due");
	ck_assert_str_eq(q->execution_id, "9007199254740993");
	ck_assert_str_eq(q->sqlstate, "23514");
	ck_assert_int_eq(strncmp(q->error_message, "no\n", 3), 0);
	ck_assert_str_eq(q->first_seen_at, "2026-11-23T06:00:00.000Z");
	ck_assert_str_eq(q->last_seen_at, "2026-11-23T07:00:00.500Z");
	ck_assert_str_eq(q->next_try_at, "2026-11-23T08:00:00.000Z");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_booking");
	TCase *tc = tcase_create("bookings");

	tcase_add_checked_fixture(tc, view_db_open, close_all);
	ADD(tc, nothing_is_an_empty_page);
	ADD(tc, pages_are_newest_first_and_none_is_lost_or_repeated);
	ADD(tc, a_cursor_is_stable_under_new_rows);
	ADD(tc, a_hold_is_read_as_it_is);
	ADD(tc, rows_that_nobody_should_write_do_no_harm);
	ADD(tc, quarantine_is_read_page_by_page);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

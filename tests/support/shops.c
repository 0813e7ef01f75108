/*
 * What every company's table must do; see shops.h.
 */
#include "shops.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 11, LOCKED = 2 };

static const struct shop *shops;

static const char *table_of(const struct shop *s)
{
	return strstr(s->conf, "My \"\"Shop") ? "\"My \"\"Shop\"\"\".\"Book Ings\"" : "shop.b";
}

static void setup(void)
{
	rig_open();
	side_exec(
		rig.side,
		"DROP SCHEMA IF EXISTS shop, \"My Types\", \"My \"\"Shop\"\"\" CASCADE;"
		"CREATE SCHEMA shop; CREATE SCHEMA \"My Types\"; CREATE SCHEMA \"My \"\"Shop\"\"\";"
		"CREATE DOMAIN shop.code AS text CHECK (value <> '');"
		"DO $$ BEGIN EXECUTE 'CREATE TYPE \"My Types\".\"Mood\" AS ENUM (' ||"
		" (SELECT string_agg(quote_literal('m' || g), ',') FROM generate_series(1, 20) g)"
		" || ')'; END $$");
}

static void open_shop(const struct shop *s)
{
	side_exec(rig.side, "%s", s->ddl);
	rig_conf(s->conf);
	rig_job("activate-due");
	rig.request.batch_size = 3;
}

static int64_t active(const struct shop *s)
{
	return side_int(rig.side, "SELECT count(*) FROM %s AS b WHERE %s", table_of(s), s->active);
}

START_TEST(a_table_of_any_shape_is_drained)
{
	const struct shop *s = &shops[_i];

	open_shop(s);
	ck_assert_msg(rig_run() == BK_OK, "%s: %s", s->name, rig.err.message);
	ck_assert_msg(rig.result.processed == DUE, "%s: %d", s->name, (int)rig.result.processed);
	ck_assert_msg(rig.result.remaining == 0, "%s", s->name);
	ck_assert_msg(active(s) == DUE, "%s", s->name);
	/* The log has the same keys. */
	ck_assert_msg(
		side_int(rig.side,
			 "SELECT count(*) FROM (SELECT unnest(keys[1:1]) FROM"
			 " bk.booking_transitions EXCEPT ALL SELECT %s FROM %s AS b WHERE %s) AS q",
			 s->key, table_of(s), s->active) == 0,
		"%s", s->name);
	ck_assert_msg(rig_run() == BK_OK, "%s", s->name);
	ck_assert_int_eq(rig.result.processed, 0);
}
END_TEST

START_TEST(the_same_while_others_hold_rows_of_it)
{
	const struct shop *s = &shops[_i];

	open_shop(s);
	side_exec(rig.side,
		  "BEGIN; SELECT 1 FROM (SELECT 1 FROM %s AS b WHERE NOT (%s) LIMIT %d"
		  " FOR UPDATE) AS q",
		  table_of(s), s->active, LOCKED);
	ck_assert_msg(rig_run() == BK_OK, "%s: %s", s->name, rig.err.message);
	side_exec(rig.side, "COMMIT");
	/* What is held may be among those that are not due. */
	ck_assert_msg(rig.result.processed == DUE - rig.result.skipped_locked, "%s", s->name);
	ck_assert_msg(rig_run() == BK_OK, "%s", s->name);
	ck_assert_msg(active(s) == DUE, "%s", s->name);
}
END_TEST

/* The dry run lists what the run then changes. */
struct listing {
	int64_t count;
	struct bk_buf keys;
};

static enum bk_rc list_row(void *arg, const struct bk_dry_row *row, struct bk_error *err)
{
	struct listing *l = arg;

	(void)err;
	l->count++;
	bk_buf_fmt(&l->keys, "%zu:%s", strlen(row->keys[0]), row->keys[0]);
	return BK_OK;
}

/* A run takes label after label; the list is one for all of them. */
static const char *expected_keys(const struct shop *s)
{
	/* And where rows name their zones, the order of the column is not that of instants. */
	bool of_zones = strstr(s->conf, "(b.zone)");

	if (of_zones || bk_job_unit_count(rig.job) > 1)
		return side_text(rig.side,
				 "SELECT string_agg(octet_length(b.k::text) || ':' || b.k, ''"
				 " ORDER BY %s, b.k) FROM shop.b AS b WHERE %s",
				 of_zones ? "b.start AT TIME ZONE b.zone" : "b.start", s->active);
	return side_text(rig.side,
			 "SELECT string_agg(octet_length(k) || ':' || k, '' ORDER BY t.id, n)"
			 " FROM bk.booking_transitions AS t,"
			 " unnest(keys[1:1]) WITH ORDINALITY AS u (k, n)");
}

START_TEST(a_dry_run_lists_in_the_order_of_the_scan)
{
	const struct shop *s = &shops[_i];
	struct listing l = {0, BK_BUF_INIT};
	struct bk_dry_head head = {.as_of = NULL};

	open_shop(s);
	ck_assert_msg(bk_job_dry_run(rig.job, pg_db, &rig.request, list_row, &l, &head, &rig.err) ==
			      BK_OK,
		      "%s: %s", s->name, rig.err.message);
	ck_assert_int_eq(l.count, DUE);
	ck_assert_int_eq(active(s), 0);
	/* Within a batch the order is the server's. */
	rig.request.batch_size = 1;
	ck_assert_msg(rig_run() == BK_OK, "%s: %s", s->name, rig.err.message);
	ck_assert_str_eq(bk_buf_cstr(&l.keys), expected_keys(s));
	bk_buf_clear(&l.keys);
	bk_dry_head_clear(&head);
}
END_TEST

int shops_main(const char *name, const struct shop *list, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);

	shops = list;

	tcase_add_checked_fixture(tc, setup, rig_close);
	tcase_add_loop_test(tc, a_table_of_any_shape_is_drained, 0, (int)count);
	tcase_add_loop_test(tc, the_same_while_others_hold_rows_of_it, 0, (int)count);
	tcase_add_loop_test(tc, a_dry_run_lists_in_the_order_of_the_scan, 0, (int)count);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

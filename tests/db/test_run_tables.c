/*
 * Tables that are not the reference table: names, key types, states, partitions,
 * indexes. Each has 11 bookings to activate, in batches of three.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 11, LOCKED = 2 };

/* From here on it is due: each has its own start, but for pairs of two. */
#define START "now() - interval '1 hour' + (g / 2) * interval '1 second'"
#define OTHER "now() + interval '1 day'"

/* DDL and rows of one table, and the bookings section that describes it. */
struct shop {
	const char *name;
	const char *ddl;
	const char *conf;
	const char *key;    /* the first key column as the transitions have it, SQL over b */
	const char *active; /* condition of the changed ones, SQL over b */
};

#define PLAIN "status = \"state\" start = \"start\" states { confirmed = {\"C\"} active = {\"A\"} "
#define END_STATES "completed = {\"D\"} no-show = {\"N\"} } "
#define UNTRACKED "check-in-mode = untracked "
#define ONLY_ACTIVATE                                                                              \
	"} cancel-no-shows { enabled = no } update-completed { enabled = no }"                     \
	" update-expired { enabled = no }"

#define SHOP_B                                                                                     \
	"bookings { table = \"shop.b\" key = {\"k\"} status = \"state\""                           \
	" start = \"start\" " UNTRACKED

#define SIMPLE                                                                                     \
	"bookings { table = \"shop.b\" key = {\"k\"} " UNTRACKED PLAIN END_STATES ONLY_ACTIVATE

/* One key column of some type; `expr` makes the g-th key. */
#define KEYED(type, expr)                                                                          \
	"CREATE TABLE shop.b (k " type " PRIMARY KEY, state text, start timestamptz);"             \
	"INSERT INTO shop.b SELECT " expr ", 'C', " START " FROM generate_series(1, 11) AS g;"     \
	"INSERT INTO shop.b SELECT " expr ", 'C', " OTHER " FROM generate_series(12, 20) AS g;"

#define KEYED_SHOP(name, type, expr, key)                                                          \
	{                                                                                          \
		name, KEYED(type, expr), SIMPLE, key, "b.state = 'A'"                              \
	}

#define TZ_TEXT "to_char(b.k AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\" BC')"

static const struct shop shops[] = {
	KEYED_SHOP("bigint", "bigint", "g", "b.k::text"),
	KEYED_SHOP("smallint, negative", "smallint", "-g", "b.k::text"),
	KEYED_SHOP("numeric", "numeric", "g / 7.0", "b.k::text"),
	KEYED_SHOP("uuid", "uuid", "md5(g::text)::uuid", "b.k::text"),
	KEYED_SHOP("text", "text", "md5(g::text)", "b.k"),
	KEYED_SHOP("text with what hurts", "text",
		   "(ARRAY['''', '\"', E'\\\\', '{', '}', ',', 'NULL', '', E'\\n', E'\\x1f', '$1',"
		   " ' ', ':x', '%', '--', '/*', ';', U&'\\20AC', E'\\t', E'\\x7f'])[g]",
		   "b.k"),
	KEYED_SHOP("varchar", "varchar(40)", "'id-' || g", "b.k::text"),
	KEYED_SHOP("char", "char(8)", "'id ' || g", "b.k::text"),
	KEYED_SHOP("timestamptz with microseconds", "timestamptz",
		   "timestamptz '2026-03-29 01:00:00.000001Z' + g * interval '1 microsecond'",
		   TZ_TEXT),
	KEYED_SHOP("timestamptz, infinite and before Christ", "timestamptz",
		   "CASE g WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity'"
		   " WHEN 3 THEN '0044-03-15 12:00:00Z BC' ELSE"
		   " timestamptz '12026-03-29Z' + g * interval '1 s' END",
		   "CASE WHEN isfinite(b.k) THEN " TZ_TEXT " ELSE b.k::text END"),
	KEYED_SHOP("timestamp", "timestamp",
		   "timestamp '2026-03-29 02:30:00.000001' + g * interval '1 microsecond'",
		   "to_char(b.k, 'YYYY-MM-DD\"T\"HH24:MI:SS.US BC')"),
	KEYED_SHOP("date", "date", "date '2026-03-29' + g", "to_char(b.k, 'YYYY-MM-DD BC')"),
	KEYED_SHOP("double precision", "double precision", "g / 7.0", "b.k::text"),
	KEYED_SHOP("bytea", "bytea", "decode(md5(g::text), 'hex')", "b.k::text"),
	KEYED_SHOP("inet", "inet", "inet '10.0.0.0' + g", "b.k::text"),
	KEYED_SHOP("enum in a schema with capitals", "\"My Types\".\"Mood\"",
		   "('m' || g)::\"My Types\".\"Mood\"", "b.k::text"),
	KEYED_SHOP("domain", "shop.code", "'id-' || g", "b.k::text"),
	{"names with capitals, blanks and quotes",
	 "CREATE TABLE \"My \"\"Shop\"\"\".\"Book Ings\" (\"The Id\" bigint PRIMARY KEY,"
	 " \"State\" text,"
	 " \"a.b\" timestamptz, \"End\" timestamptz, \"order\" timestamptz);"
	 "INSERT INTO \"My \"\"Shop\"\"\".\"Book Ings\" SELECT g, 'C', " START ", " OTHER
	 " FROM generate_series(1, 11) AS g",
	 "bookings { table = '\"My \"\"Shop\"\"\".\"Book Ings\"' key = {\"The Id\"} status ="
	 " \"State\""
	 " start = \"a.b\" end = \"End\" updated = \"order\" " UNTRACKED
	 "states { confirmed = {\"C\"} active = {\"A\"} " END_STATES ONLY_ACTIVATE,
	 "b.\"The Id\"::text", "b.\"State\" = 'A' AND b.\"order\" IS NOT NULL"},
	{"a key of three columns",
	 "CREATE TABLE shop.b (tenant text, day date, n int, state text, start timestamptz,"
	 " PRIMARY KEY (tenant, day, n));"
	 "INSERT INTO shop.b SELECT 't' || g % 3, date '2026-03-29' + g % 2, g, 'C',"
	 " now() - interval '1 hour' FROM generate_series(1, 11) AS g",
	 "bookings { table = \"shop.b\" key = {\"tenant\", \"day\", \"n\"} " UNTRACKED PLAIN
		 END_STATES ONLY_ACTIVATE,
	 "b.tenant", "b.state = 'A'"},
	{"states of an enum",
	 "CREATE TYPE shop.state AS ENUM ('C', 'A', 'D', 'N', 'other');"
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state shop.state, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"states that are numbers",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state smallint, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, 1, " START " FROM generate_series(1, 11) AS g",
	 SHOP_B
	 "states { confirmed = {\"1\"} active = {\"2\"} completed = {\"3\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = 2"},
	{"states that are true and false",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state boolean, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, false, " START " FROM generate_series(1, 11) AS g",
	 SHOP_B "states { confirmed = {\"false\"} active = {\"true\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state"},
	{"labels with quotes and backslashes",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, E'it''s \\\\ firm', " START
	 " FROM generate_series(1, 11) AS g",
	 SHOP_B "states { confirmed = {'it\\'s \\\\ firm'} active = {\"\\\"on\\\"\"} completed ="
		" {\"D\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = '\"on\"'"},
	{"several labels of one state",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "INSERT INTO shop.b SELECT g, (ARRAY['C', 'PAID', 'WALK-IN'])[g % 3 + 1], " START
	 " FROM generate_series(1, 11) AS g; INSERT INTO shop.b SELECT g, 'UNPAID', " START
	 " FROM generate_series(21, 25) AS g",
	 SHOP_B "states { confirmed = {\"C\", \"PAID\", \"WALK-IN\"} active = {\"A\", \"LATE\"}"
		" completed = {\"D\"} } " ONLY_ACTIVATE,
	 "b.k::text", "b.state = 'A'"},
	{"partitions by the start",
	 "CREATE TABLE shop.b (k int, state text, start timestamptz, PRIMARY KEY (k, start))"
	 " PARTITION BY RANGE (start);"
	 "CREATE TABLE shop.b1 PARTITION OF shop.b FOR VALUES FROM (MINVALUE) TO ('2026-01-01Z');"
	 "CREATE TABLE shop.b2 PARTITION OF shop.b FOR VALUES FROM ('2026-01-01Z') TO"
	 " ('2200-01-01Z');"
	 "INSERT INTO shop.b SELECT g, 'C', CASE WHEN g % 2 = 0 THEN " START " ELSE"
	 " timestamptz '2025-12-31Z' + g * interval '1 s' END FROM generate_series(1, 11) AS g",
	 "activate-due { max-age = 36000d } bookings { table = \"shop.b\" key = {\"k\","
	 " \"start\"} " UNTRACKED PLAIN END_STATES ONLY_ACTIVATE,
	 "b.k::text", "b.state = 'A'"},
	{"partitions by the state, from one to the other",
	 "CREATE TABLE shop.b (k int, state text, start timestamptz, PRIMARY KEY (k, state))"
	 " PARTITION BY LIST (state);"
	 "CREATE TABLE shop.b1 PARTITION OF shop.b FOR VALUES IN ('C');"
	 "CREATE TABLE shop.b2 PARTITION OF shop.b DEFAULT;"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"a table with heirs, whose rows have the same ctid",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "CREATE TABLE shop.heir (PRIMARY KEY (k)) INHERITS (shop.b);"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 5) AS g;"
	 "INSERT INTO shop.heir SELECT g, 'C', " OTHER " FROM generate_series(21, 25) AS g;"
	 "INSERT INTO shop.heir SELECT g, 'C', " START " FROM generate_series(6, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"an index that serves",
	 "CREATE TABLE shop.b (k int PRIMARY KEY, state text, start timestamptz);"
	 "CREATE INDEX ON shop.b (start, k) WHERE state = 'C';"
	 "INSERT INTO shop.b SELECT g, 'C', " START " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
	{"a column without a name any more, and one that is computed",
	 "CREATE TABLE shop.b (gone int, k int PRIMARY KEY, state text, start timestamptz,"
	 " sum int GENERATED ALWAYS AS (k + 1) STORED); ALTER TABLE shop.b DROP gone;"
	 "INSERT INTO shop.b (k, state, start) SELECT g, 'C', " START
	 " FROM generate_series(1, 11) AS g",
	 SIMPLE, "b.k::text", "b.state = 'A'"},
};

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
	if (bk_job_unit_count(rig.job) > 1)
		return side_text(rig.side,
				 "SELECT string_agg(octet_length(b.k::text) || ':' || b.k, ''"
				 " ORDER BY b.start, b.k) FROM shop.b AS b WHERE %s",
				 s->active);
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

int main(void)
{
	Suite *suite = suite_create("tables");
	TCase *tc = tcase_create("tables");

	tcase_add_checked_fixture(tc, setup, rig_close);
	ADD_ROWS(tc, a_table_of_any_shape_is_drained, shops);
	ADD_ROWS(tc, the_same_while_others_hold_rows_of_it, shops);
	ADD_ROWS(tc, a_dry_run_lists_in_the_order_of_the_scan, shops);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

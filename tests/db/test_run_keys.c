/*
 * Keys of every kind: a booking that is refused is found among others and set
 * aside by its key, one on hold is left alone by it, and both are the right ones.
 */
#include "run/run.h"

#include <string.h>

#include "base/mem.h"
#include "rig.h"
#include "suite.h"

enum { DUE = 11 };

/* One table: key columns, and what makes the g-th key. */
static const struct {
	const char *name;
	const char *columns; /* DDL */
	const char *key;     /* their names, as SQL and as the configuration has them */
	const char *conf_key;
	const char *values; /* SQL over g */
} shops[] = {
	{"bigint", "k bigint", "k", "\"k\"", "g"},
	{"negative", "k smallint", "k", "\"k\"", "-g"},
	{"numeric", "k numeric(10, 2)", "k", "\"k\"", "g / 4.0"},
	{"uuid", "k uuid", "k", "\"k\"", "md5(g::text)::uuid"},
	{"text with what hurts", "k text", "k", "\"k\"",
	 "(ARRAY['''', '\"', E'\\\\', '{', '}', ',', 'NULL', '', E'\\n', E'\\x1f', '$1'])[g]"},
	{"text with more of it", "k text", "k", "\"k\"",
	 "(ARRAY['a,b', '\"\"', E'\\\\\"', '{}', '{NULL}', ' ', 'null', '()', E'\\t', '%s',"
	 " U&'\\20AC'])[g]"},
	{"text with a collation", "k text COLLATE \"C\"", "k", "\"k\"", "'K' || g"},
	{"varchar", "k varchar(20)", "k", "\"k\"", "'id-' || g"},
	{"char", "k char(8)", "k", "\"k\"", "'id ' || g"},
	{"timestamptz", "k timestamptz", "k", "\"k\"",
	 "timestamptz '2026-03-29 00:59:59.999995Z' + g * interval '1 microsecond'"},
	{"timestamptz beyond", "k timestamptz", "k", "\"k\"",
	 "CASE g WHEN 4 THEN '-infinity' WHEN 6 THEN '0044-03-15 12:00:00Z BC' ELSE"
	 " timestamptz '12026-03-29Z' + g * interval '1 s' END"},
	{"timestamp", "k timestamp", "k", "\"k\"",
	 "timestamp '2026-03-29 02:30:00.000001' + g * interval '1 microsecond'"},
	{"date", "k date", "k", "\"k\"", "date '2026-03-29' + g"},
	{"double precision", "k float8", "k", "\"k\"", "g / 7.0"},
	{"bytea", "k bytea", "k", "\"k\"", "decode(md5(g::text), 'hex')"},
	{"boolean and inet", "a boolean, b inet", "a, b", "\"a\", \"b\"",
	 "g % 2 = 0, inet '10.0.0.0' + g"},
	{"three columns", "tenant text, day date, n int", "tenant, day, n",
	 "\"tenant\", \"day\", \"n\"", "'t' || g % 3, date '2026-03-29' + g % 2, g / 2"},
	{"texts that run together", "a text, b text", "a, b", "\"a\", \"b\"",
	 "left('xxxxxxxxxxx', g), left(',,,,,,,,,,,', 11 - g)"},
	{"columns of two collations", "a text COLLATE \"C\", b text COLLATE \"POSIX\", c text",
	 "a, b, c", "\"a\", \"b\", \"c\"", "'a' || g, 'b' || g % 2, 'c'"},
	{"names that need quotes", "\"The Key\" text, \"select\" int", "\"The Key\", \"select\"",
	 "\"The Key\", \"select\"", "'k' || g, g"},
};

static const int batch_sizes[] = {5000, 4};

/* Booking 4 is refused, and 6 is on hold as booking_holds has it. */
static void open_shop(size_t i)
{
	side_exec(
		rig.side,
		"DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
		"CREATE TABLE shop.b (g int, state text, start timestamptz, %s, PRIMARY KEY (%s));"
		"INSERT INTO shop.b SELECT g, 'C', now() - interval '1 hour' + (g / 3) *"
		" interval '1 s', %s FROM generate_series(1, %d) AS g;"
		"CREATE INDEX ON shop.b (start, %s) WHERE state = 'C';"
		"CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
		" IF OLD.g = 4 THEN RAISE 'four'; END IF; RETURN NEW; END $$;"
		"CREATE TRIGGER refuse BEFORE UPDATE ON shop.b FOR EACH ROW EXECUTE FUNCTION"
		" shop.refuse()",
		shops[i].columns, shops[i].key, shops[i].values, DUE, shops[i].key);
	rig_conf(side_text(rig.side,
			   "SELECT format('bookings { table = \"shop.b\" key = {%%s} status ="
			   " \"state\" start = \"start\" check-in-mode = untracked states {"
			   " confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} no-show ="
			   " {\"N\"} } } cancel-no-shows { enabled = no } update-completed {"
			   " enabled = no } update-expired { enabled = no }', '%s')",
			   shops[i].conf_key));
	rig_job("activate-due");
}

/* The key of booking g in the form of the transitions, which test_run_tables holds:
   so a run over the table alone notes it. */
static void hold_six(void)
{
	side_exec(rig.side,
		  "ALTER TABLE shop.b DISABLE TRIGGER refuse; UPDATE shop.b SET start = now() +"
		  " interval '1 d' WHERE g <> 6");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	side_exec(rig.side,
		  "INSERT INTO bk.booking_holds (booking_key, reason, author) SELECT ARRAY(SELECT"
		  " keys[c][1] FROM generate_subscripts(keys, 1) AS c ORDER BY c), 'x', 'x'"
		  " FROM bk.booking_transitions;"
		  "UPDATE shop.b SET state = 'C', start = now() - interval '1 hour' + (g / 3) *"
		  " interval '1 s'; ALTER TABLE shop.b ENABLE TRIGGER refuse;"
		  "DELETE FROM bk.booking_transitions");
}

static const char *left_over(void)
{
	return side_text(rig.side, "SELECT string_agg(g::text, ' ' ORDER BY g) FROM shop.b WHERE"
				   " state = 'C'");
}

START_TEST(a_booking_is_known_by_its_key)
{
	open_shop((size_t)_i / BK_COUNT(batch_sizes));
	rig.request.batch_size = batch_sizes[(size_t)_i % BK_COUNT(batch_sizes)];
	hold_six();
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_str_eq(left_over(), "4 6");
	ck_assert_int_eq(rig.result.processed, DUE - 2);
	ck_assert_int_eq(rig.result.quarantined, 1);
	/* It is passed over by the key that was noted. */
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 0);
	ck_assert_int_eq(rig.parts, 0);
	side_exec(rig.side, "UPDATE bk.quarantined_bookings SET next_try_at = now()");
	ck_assert_msg(rig_run() == BK_E_PARTIAL, "%s", rig.err.message);
	ck_assert_int_eq(side_int(rig.side, "SELECT sum(tries) FROM bk.quarantined_bookings"), 2);
	/* And both are let go of. */
	side_exec(rig.side, "UPDATE bk.quarantined_bookings SET next_try_at = now();"
			    "DELETE FROM bk.booking_holds; DROP TRIGGER refuse ON shop.b");
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.processed, 2);
	ck_assert_ptr_null(left_over());
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM bk.quarantined_bookings"), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("keys");
	TCase *tc = tcase_create("keys");

	tcase_add_checked_fixture(tc, rig_open, rig_close);
	tcase_add_loop_test(tc, a_booking_is_known_by_its_key, 0,
			    (int)(BK_COUNT(shops) * BK_COUNT(batch_sizes)));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

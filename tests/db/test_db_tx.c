/*
 * The head of a transaction: its settings are those that were asked for,
 * whatever a stranger left in a pooled session, and nothing of it stays.
 */
#include "db/tx.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "pg.h"
#include "side.h"
#include "suite.h"

static struct side *side;
static struct bk_error err;

static void setup(void)
{
	side = side_open();
	side_exec(side, "DROP SCHEMA IF EXISTS evil CASCADE; CREATE SCHEMA evil;"
			"DROP ROLE IF EXISTS stranger; CREATE ROLE stranger;"
			"DROP TABLE IF EXISTS t; CREATE TABLE t (n int)");
	pg_open();
	/* What a pooler in transaction mode may hand over. */
	pg_script("SET search_path = evil; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German';"
		  "SET role = stranger; SET lock_timeout = 77; SET synchronous_commit = local;"
		  "SET default_transaction_read_only = on; SET enable_seqscan = off;"
		  "SET default_transaction_isolation = 'serializable'; SET jit = on");
}

static void teardown(void)
{
	pg_close();
	side_close(side);
}

static const struct bk_tx_limits limits = {5000, 400, true, NULL};

/* The value of a setting inside a transaction of that kind. */
static const char *inside(enum bk_tx_kind kind, const char *setting)
{
	static char value[80];
	const char *params[] = {setting};
	const struct bk_stmt stmt = {"show", "SELECT pg_catalog.current_setting($1)", params, 1,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

	ck_assert_msg(bk_tx_one(pg_db, kind, &limits, &stmt, &rows, &err) == BK_OK, "%s",
		      err.message);
	(void)snprintf(value, sizeof(value), "%s", bk_rows_cell(rows, 0, 0));
	return value;
}

static const struct {
	enum bk_tx_kind kind;
	const char *setting;
	const char *value;
} settings[] = {
	{BK_TX_OWN, "search_path", "pg_catalog, pg_temp"},
	{BK_TX_OWN, "TimeZone", "UTC"},
	{BK_TX_OWN, "DateStyle", "ISO, YMD"},
	{BK_TX_OWN, "role", "none"},
	{BK_TX_OWN, "statement_timeout", "5s"},
	{BK_TX_OWN, "lock_timeout", "400ms"},
	{BK_TX_OWN, "idle_in_transaction_session_timeout", "10s"},
	{BK_TX_OWN, "row_security", "off"},
	{BK_TX_OWN, "synchronous_commit", "off"}, /* as the test cluster has it */
	{BK_TX_OWN, "transaction_read_only", "off"},
	{BK_TX_OWN, "transaction_isolation", "read committed"},
	{BK_TX_OWN, "jit", "off"},
	{BK_TX_OWN, "enable_seqscan", "off"},
	{BK_TX_COMPANY, "search_path", "\"$user\", public"},
	{BK_TX_COMPANY, "TimeZone", "Etc/UTC"},
	{BK_TX_COMPANY, "role", "none"},
	{BK_TX_COMPANY, "row_security", "off"},
	{BK_TX_COMPANY, "statement_timeout", "5s"},
	{BK_TX_COMPANY, "transaction_read_only", "off"},
	{BK_TX_COMPANY, "transaction_isolation", "read committed"},
	{BK_TX_READ, "transaction_read_only", "on"},
	{BK_TX_READ, "transaction_isolation", "repeatable read"},
	{BK_TX_READ, "search_path", "pg_catalog, pg_temp"},
	{BK_TX_READ, "row_security", "off"},
};

START_TEST(a_setting_is_what_the_transaction_needs)
{
	const char *expected = settings[_i].value;

	/* The server's own zone, whatever it is. */
	if (strcmp(expected, "Etc/UTC") == 0)
		expected = side_text(side,
				     "SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'");
	ck_assert_str_eq(inside(settings[_i].kind, settings[_i].setting), expected);
}
END_TEST

START_TEST(nothing_stays_behind_in_the_session)
{
	static const char *const left[][2] = {
		{"search_path", "evil"},    {"TimeZone", "Asia/Tokyo"},      {"role", "stranger"},
		{"lock_timeout", "77ms"},   {"synchronous_commit", "local"}, {"jit", "on"},
		{"statement_timeout", "0"}, {"row_security", "on"},
	};

	for (enum bk_tx_kind kind = BK_TX_OWN; kind <= BK_TX_READ; kind++)
		(void)inside(kind, "role");
	for (size_t i = 0; i < BK_COUNT(left); i++) {
		const char *params[] = {left[i][0]};
		BK_CLEAN(bk_free_str) char *now = NULL;

		now = pg_text("SELECT pg_catalog.current_setting($1)", params, 1);
		ck_assert_str_eq(now, left[i][1]);
	}
	ck_assert_int_eq(pg_int("SELECT count(*) FROM pg_catalog.pg_prepared_statements"), 0);
}
END_TEST

START_TEST(a_statement_ends_at_its_timeout)
{
	const struct bk_tx_limits tight = {50, 20, false, NULL};
	const struct bk_stmt stmt = {"slow", "SELECT pg_catalog.pg_sleep(100)", NULL, 0,
				     BK_ONE_ROW};

	ck_assert_int_eq(bk_tx_one(pg_db, BK_TX_OWN, &tight, &stmt, NULL, &err), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "57014");
}
END_TEST

START_TEST(a_wait_for_a_lock_ends_at_its_timeout)
{
	const struct bk_tx_limits tight = {5000, 20, false, NULL};
	const struct bk_stmt stmt = {"locked", "SELECT count(*) FROM public.t", NULL, 0,
				     BK_ONE_ROW};

	side_exec(side, "BEGIN; LOCK TABLE t");
	ck_assert_int_eq(bk_tx_one(pg_db, BK_TX_OWN, &tight, &stmt, NULL, &err), BK_E_RUN);
	ck_assert_str_eq(err.sqlstate, "55P03");
}
END_TEST

START_TEST(a_reading_transaction_cannot_write)
{
	const struct bk_stmt stmt = {"write", "DELETE FROM public.t", NULL, 0, BK_NO_ROWS};

	ck_assert_int_eq(bk_tx_one(pg_db, BK_TX_READ, &limits, &stmt, NULL, &err), BK_E_STANDBY);
	ck_assert_str_eq(err.sqlstate, "25006");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tx");
	TCase *tc = tcase_create("tx");

	tcase_add_checked_fixture(tc, setup, teardown);
	ADD_ROWS(tc, a_setting_is_what_the_transaction_needs, settings);
	ADD(tc, nothing_stays_behind_in_the_session);
	ADD(tc, a_statement_ends_at_its_timeout);
	ADD(tc, a_wait_for_a_lock_ends_at_its_timeout);
	ADD(tc, a_reading_transaction_cannot_write);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

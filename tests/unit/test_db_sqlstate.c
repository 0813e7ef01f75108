/*
 * What the SQLSTATE of a failed statement means to the caller.
 */
#include "db/db.h"

#include <stdio.h>

#include "suite.h"

static const struct {
	const char *sqlstate;
	enum bk_rc rc;
} states[] = {
	{"08006", BK_E_UNAVAILABLE}, /* connection lost */
	{"08P01", BK_E_UNAVAILABLE}, /* what PgBouncer says for everything */
	{"57P01", BK_E_UNAVAILABLE}, /* terminated by an administrator */
	{"57P03", BK_E_UNAVAILABLE}, /* starting up */
	{"53300", BK_E_UNAVAILABLE}, /* too many connections */
	{"3D000", BK_E_UNAVAILABLE}, /* no such database */
	{"28P01", BK_E_LOGIN},       /* wrong password */
	{"28000", BK_E_LOGIN},       /* no entry in pg_hba.conf */
	{"42501", BK_E_PERMISSION},  {"25006", BK_E_STANDBY}, /* read-only transaction */
	{"3F000", BK_E_SCHEMA},                               /* no such schema */
	{"42P01", BK_E_SCHEMA},                               /* no such table */
	{"42703", BK_E_SCHEMA},                               /* no such column */
	{"57014", BK_E_RUN},                                  /* cancelled, or out of time */
	{"40001", BK_E_RUN},         {"40P01", BK_E_RUN},
	{"55P03", BK_E_RUN},         {"23505", BK_E_RUN},
	{"22P02", BK_E_RUN},         {"P0001", BK_E_RUN},
	{"42883", BK_E_RUN},         {"XX000", BK_E_RUN},
	{"53100", BK_E_RUN},         {"", BK_E_RUN},
};

START_TEST(a_sqlstate_has_its_class)
{
	ck_assert_msg(bk_sqlstate_rc(states[_i].sqlstate) == states[_i].rc, "%s",
		      states[_i].sqlstate);
}
END_TEST

static const struct {
	enum bk_rc rc;
	const char *sqlstate;
	enum bk_fault fault;
} faults[] = {
	/* The connection, the server, its resources. */
	{BK_E_UNAVAILABLE, "08006", BK_FAULT_PASSING},
	{BK_E_UNAVAILABLE, "57P01", BK_FAULT_PASSING},
	{BK_E_UNAVAILABLE, "53300", BK_FAULT_PASSING},
	{BK_E_UNAVAILABLE, "", BK_FAULT_PASSING},
	{BK_E_UNAVAILABLE, "3D000", BK_FAULT_FINAL},
	{BK_E_STANDBY, "25006", BK_FAULT_PASSING},
	{BK_E_UNKNOWN, "", BK_FAULT_PASSING},
	{BK_E_RUN, "53100", BK_FAULT_PASSING}, /* disk full */
	{BK_E_RUN, "53200", BK_FAULT_PASSING},
	/* Others at work. */
	{BK_E_RUN, "40001", BK_FAULT_PASSING},
	{BK_E_RUN, "40P01", BK_FAULT_PASSING},
	{BK_E_RUN, "55P03", BK_FAULT_PASSING},
	{BK_E_RUN, "40002", BK_FAULT_FINAL},
	{BK_E_RUN, "55000", BK_FAULT_FINAL},
	/* Too much at once. */
	{BK_E_RUN, "57014", BK_FAULT_SLOW},
	/* A row. */
	{BK_E_RUN, "22012", BK_FAULT_ROW},
	{BK_E_RUN, "22P02", BK_FAULT_ROW},
	{BK_E_RUN, "23502", BK_FAULT_ROW},
	{BK_E_RUN, "23503", BK_FAULT_ROW},
	{BK_E_RUN, "23505", BK_FAULT_ROW},
	{BK_E_RUN, "23514", BK_FAULT_ROW},
	{BK_E_RUN, "23P01", BK_FAULT_ROW},
	{BK_E_RUN, "44000", BK_FAULT_ROW},
	{BK_E_RUN, "45000", BK_FAULT_ROW},
	{BK_E_RUN, "P0001", BK_FAULT_ROW},
	{BK_E_RUN, "P0004", BK_FAULT_ROW},
	{BK_E_RUN, "BK007", BK_FAULT_ROW},
	{BK_E_RUN, "ZZZZZ", BK_FAULT_ROW},
	/* The statement, the server itself, the right to do it. */
	{BK_E_RUN, "42883", BK_FAULT_FINAL},
	{BK_E_RUN, "21000", BK_FAULT_FINAL},
	{BK_E_RUN, "0A000", BK_FAULT_FINAL},
	{BK_E_RUN, "25P02", BK_FAULT_FINAL},
	{BK_E_RUN, "54001", BK_FAULT_FINAL},
	{BK_E_RUN, "F0000", BK_FAULT_FINAL},
	{BK_E_RUN, "HV000", BK_FAULT_FINAL},
	{BK_E_RUN, "XX000", BK_FAULT_FINAL},
	{BK_E_RUN, "XX001", BK_FAULT_FINAL},
	{BK_E_RUN, "", BK_FAULT_FINAL},
	{BK_E_PERMISSION, "42501", BK_FAULT_FINAL},
	{BK_E_SCHEMA, "42P01", BK_FAULT_FINAL},
	{BK_E_LOGIN, "28P01", BK_FAULT_FINAL},
	/* What is no failed statement, whatever SQLSTATE is left there. */
	{BK_E_LEASE_LOST, "40P01", BK_FAULT_FINAL},
	{BK_E_TIMEOUT, "57014", BK_FAULT_FINAL},
	{BK_E_TERMINATED, "57014", BK_FAULT_FINAL},
	{BK_E_MAPPING, "", BK_FAULT_FINAL},
};

START_TEST(an_error_has_its_fault)
{
	struct bk_error err;

	bk_error_set(&err, faults[_i].rc, "x");
	(void)snprintf(err.sqlstate, sizeof(err.sqlstate), "%s", faults[_i].sqlstate);
	ck_assert_msg(bk_fault_of(&err) == faults[_i].fault, "%s", faults[_i].sqlstate);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sqlstate");
	TCase *tc = tcase_create("sqlstate");

	ADD_ROWS(tc, a_sqlstate_has_its_class, states);
	ADD_ROWS(tc, an_error_has_its_fault, faults);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

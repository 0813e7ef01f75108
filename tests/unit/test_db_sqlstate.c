/*
 * What the SQLSTATE of a failed statement means to the caller.
 */
#include "db/db.h"

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

int main(void)
{
	Suite *suite = suite_create("sqlstate");
	TCase *tc = tcase_create("sqlstate");

	ADD_ROWS(tc, a_sqlstate_has_its_class, states);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * The error value: message, prefix, hint, and the table of codes.
 */
#include "suite.h"

#include <string.h>

#include "base/error.h"

START_TEST(setting_an_error_forgets_the_one_before)
{
	struct bk_error err = {.sqlstate = "08006", .message = "old", .hint = "old"};

	ck_assert_int_eq(bk_error_set(&err, BK_E_RUN, "%s %d", "new", 1), BK_E_RUN);
	ck_assert_int_eq(err.rc, BK_E_RUN);
	ck_assert_str_eq(err.message, "new 1");
	ck_assert_str_eq(err.sqlstate, "");
	ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(a_prefix_goes_in_front_and_keeps_the_rest)
{
	struct bk_error err;

	(void)bk_error_set(&err, BK_E_UNAVAILABLE, "connection refused");
	memcpy(err.sqlstate, "08006", sizeof(err.sqlstate));
	ck_assert_int_eq(bk_error_hint(&err, "start it"), BK_E_UNAVAILABLE);
	ck_assert_int_eq(bk_error_prefix(&err, "claim %s", "a-job"), BK_E_UNAVAILABLE);
	ck_assert_int_eq(bk_error_prefix(&err, "lease"), BK_E_UNAVAILABLE);
	ck_assert_str_eq(err.message, "lease: claim a-job: connection refused");
	ck_assert_str_eq(err.sqlstate, "08006");
	ck_assert_str_eq(err.hint, "start it");
}
END_TEST

START_TEST(what_is_too_long_is_cut_off)
{
	struct bk_error err;
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)bk_error_set(&err, BK_E_RUN, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	(void)bk_error_prefix(&err, "before");
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	ck_assert_int_eq(strncmp(err.message, "before: xxx", 11), 0);
	(void)bk_error_prefix(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
	(void)bk_error_hint(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.hint), sizeof(err.hint) - 1);
}
END_TEST

static const struct {
	enum bk_rc rc;
	const char *code;
	int status;
} codes[] = {
	{BK_OK, "OK", 0},
	{BK_E_RUN, "RUN_FAILED", 1},
	{BK_E_UNHEALTHY, "UNHEALTHY", 1},
	{BK_E_LEASE_LOST, "LEASE_LOST", 1},
	{BK_E_UNKNOWN, "OUTCOME_UNKNOWN", 1},
	{BK_E_PARTIAL, "WORK_REMAINS", 3},
	{BK_E_CANCELLED, "CANCELLED", 3},
	{BK_E_TIMEOUT, "TIMEOUT", 3},
	{BK_E_REFUSED, "REFUSED", 4},
	{BK_E_PAUSED, "JOB_PAUSED", 4},
	{BK_E_DISABLED, "JOB_DISABLED", 4},
	{BK_E_USAGE, "USAGE", 64},
	{BK_E_NOT_FOUND, "NOT_FOUND", 66},
	{BK_E_UNAVAILABLE, "DATABASE_UNAVAILABLE", 69},
	{BK_E_STANDBY, "DATABASE_READ_ONLY", 69},
	{BK_E_INTERNAL, "INTERNAL", 70},
	{BK_E_IO, "IO_ERROR", 74},
	{BK_E_BUSY, "JOB_BUSY", 75},
	{BK_E_PERMISSION, "PERMISSION_DENIED", 77},
	{BK_E_LOGIN, "LOGIN_REFUSED", 77},
	{BK_E_CONFIG, "CONFIG", 78},
	{BK_E_SCHEMA, "SCHEMA", 78},
	{BK_E_MAPPING, "MAPPING", 78},
	{BK_E_FINDINGS, "FINDINGS", 78},
	{BK_E_INTERRUPTED, "INTERRUPTED", 130},
	{BK_E_TERMINATED, "TERMINATED", 143},
};

START_TEST(codes_and_exit_statuses_are_what_the_manual_promises)
{
	ck_assert_str_eq(bk_rc_info(codes[_i].rc)->code, codes[_i].code);
	ck_assert_int_eq((int)bk_rc_info(codes[_i].rc)->exit_status, codes[_i].status);
}
END_TEST

START_TEST(every_code_is_in_the_test_above)
{
	ck_assert_uint_eq(BK_COUNT(codes), BK_RC_COUNT);
}
END_TEST

static const int gravest_first[] = {70, 78, 77, 69, 1, 4, 3, 75, 0};

START_TEST(of_two_runs_the_graver_status_counts)
{
	enum bk_exit a = (enum bk_exit)gravest_first[_i];

	for (size_t i = (size_t)_i; i < BK_COUNT(gravest_first); i++) {
		enum bk_exit b = (enum bk_exit)gravest_first[i];

		ck_assert_int_eq(bk_exit_worse(a, b), a);
		ck_assert_int_eq(bk_exit_worse(b, a), a);
	}
	ck_assert_int_eq(bk_exit_worse(a, BK_EXIT_SIGTERM), BK_EXIT_SIGTERM);
	ck_assert_int_eq(bk_exit_worse(BK_EXIT_IO, a), BK_EXIT_IO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_error");
	TCase *tc = tcase_create("error");

	ADD(tc, setting_an_error_forgets_the_one_before);
	ADD(tc, a_prefix_goes_in_front_and_keeps_the_rest);
	ADD(tc, what_is_too_long_is_cut_off);
	ADD_ROWS(tc, codes_and_exit_statuses_are_what_the_manual_promises, codes);
	ADD(tc, every_code_is_in_the_test_above);
	ADD_ROWS(tc, of_two_runs_the_graver_status_counts, gravest_first);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

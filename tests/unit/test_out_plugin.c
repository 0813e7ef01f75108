/*
 * The line that monitoring reads.
 */
#include "suite.h"

#include "base/attr.h"
#include "out/plugin.h"

static void line_is(const struct bk_health *health, bool all, const char *line)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_out_plugin(&out, health, all);
	ck_assert_str_eq(bk_buf_cstr(&out), line);
}

static void measure(struct bk_health *health, int64_t age_ms, int64_t max_age_ms)
{
	health->items[health->count - 1].age_ms = age_ms;
	health->items[health->count - 1].max_age_ms = max_age_ms;
	health->job_count++;
}

START_TEST(all_well_is_one_line_with_measures)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_add(&health, "database", BK_HEALTH_OK, "answers");
	bk_health_add(&health, "activate-due", BK_HEALTH_OK, "last success 12.0 s ago");
	measure(&health, 12999, 90000);
	line_is(&health, false, "BK OK - 1 job fresh | 'activate-due age'=12s;;90;0\n");
	bk_health_add(&health, "cancel-no-shows", BK_HEALTH_OK, "last success 1.0 s ago");
	measure(&health, 1000, 150000);
	line_is(&health, false,
		"BK OK - 2 jobs fresh | 'activate-due age'=12s;;90;0 "
		"'cancel-no-shows age'=1s;;150;0\n");
}
END_TEST

START_TEST(the_worst_state_leads_and_every_problem_is_named)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_add(&health, "a", BK_HEALTH_WARNING, "paused: inventory");
	bk_health_add(&health, "b", BK_HEALTH_OK, "fine");
	line_is(&health, false, "BK WARNING - a: paused: inventory\n");
	bk_health_add(&health, "c", BK_HEALTH_CRITICAL, "stale");
	line_is(&health, false, "BK CRITICAL - a: paused: inventory; c: stale\n");
}
END_TEST

START_TEST(counts_and_ages_that_warn_are_measures_too)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_add(&health, "activate-due", BK_HEALTH_OK, "fine");
	measure(&health, 1000, 90000);
	bk_health_count(&health, 2);
	bk_health_add(&health, "leases", BK_HEALTH_OK, "fine");
	bk_health_count(&health, 0);
	bk_health_add(&health, "backup", BK_HEALTH_OK, "fine");
	bk_health_age(&health, 60000, 70000);
	line_is(&health, false,
		"BK OK - 1 job fresh | 'activate-due age'=1s;;90;0 'backup age'=60s;70;;0 "
		"'activate-due failures'=2;0;;0 'leases'=0;0;;0\n");
}
END_TEST

START_TEST(on_demand_a_line_for_each_check_follows)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};

	bk_health_add(&health, "a", BK_HEALTH_WARNING, "paused");
	bk_health_add(&health, "b", BK_HEALTH_OK, "fine");
	line_is(&health, true, "BK WARNING - a: paused\nWARNING a: paused\nOK b: fine\n");
}
END_TEST

START_TEST(text_from_outside_cannot_forge_a_line_or_a_measure)
{
	BK_CLEAN(bk_health_clear) struct bk_health health = {NULL, 0, 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_health_add(&health, "a", BK_HEALTH_WARNING, "x|y=1\nBK OK - \033[2J");
	line_is(&health, false, "BK WARNING - a: x/y=1\\nBK OK - \\x1b[2J\n");
	bk_out_plugin_unknown(&out, "no|\n");
	ck_assert_str_eq(bk_buf_cstr(&out), "BK UNKNOWN - no/\\n\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_plugin");
	TCase *tc = tcase_create("plugin");

	ADD(tc, all_well_is_one_line_with_measures);
	ADD(tc, the_worst_state_leads_and_every_problem_is_named);
	ADD(tc, counts_and_ages_that_warn_are_measures_too);
	ADD(tc, on_demand_a_line_for_each_check_follows);
	ADD(tc, text_from_outside_cannot_forge_a_line_or_a_measure);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

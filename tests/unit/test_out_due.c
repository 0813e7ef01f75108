/*
 * The lists of work that is due: the total that people see and programs do not,
 * and bars in blocks or in ASCII, as the locale has them.
 */
#include "suite.h"

#include <locale.h>
#include <string.h>

#include "base/attr.h"
#include "db/rows.h"
#include "out/due.h"

#define TEXT(s) ((char *)(uintptr_t)(s))

static struct bk_overdue_view rules[] = {
	{TEXT("activate"), TEXT("activate-due"), 12, TEXT("2026-11-23T06:30:00.097Z"), 1530, 0,
	 INT64_C(2592000000), NULL},
	{TEXT("no-show"), TEXT("cancel-no-shows"), BK_NULL_INT, NULL, BK_NULL_INT, 3,
	 INT64_C(2592000000), TEXT("division by zero")},
	{TEXT("total"), NULL, 12, TEXT("2026-11-23T06:30:00.097Z"), 1530, 3, BK_NULL_INT, NULL},
};
static const struct bk_overdue overdue = {.items = rules, .count = 2, .partial = true};

static struct bk_forecast_view hours[] = {
	{0, NULL, TEXT("2026-11-23T06:12:00.000Z"), TEXT("now"), TEXT("activate"),
	 TEXT("activate-due"), 48},
	{2, TEXT("2026-11-23T07:00:00.000Z"), TEXT("2026-11-23T08:00:00.000Z"),
	 TEXT("2026-11-23T07:00:00.000Z"), TEXT("activate"), TEXT("activate-due"), 25},
	{2, TEXT("2026-11-23T07:00:00.000Z"), TEXT("2026-11-23T08:00:00.000Z"),
	 TEXT("2026-11-23T07:00:00.000Z"), TEXT("no-show"), TEXT("cancel-no-shows"), 1},
	{3, TEXT("2026-11-23T08:00:00.000Z"), TEXT("2026-11-23T09:00:00.000Z"),
	 TEXT("2026-11-23T08:00:00.000Z"), TEXT("no-show"), TEXT("cancel-no-shows"), BK_NULL_INT},
};
static const struct bk_forecast forecast = {.items = hours, .count = BK_COUNT(hours)};

static void table_is(const struct bk_list *list, const char *text)
{
	static const struct bk_style style = {.width = 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_table(list, &style, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), text);
}

START_TEST(the_total_is_a_row_for_people)
{
	struct bk_list list = bk_out_overdue(&overdue, true);

	table_is(&list, "RULE      JOB              OVERDUE  OLDEST DUE              AGE  STALE\n"
			"activate  activate-due          12  2026-11-23T06:30:00Z  1.5 s      0\n"
			"no-show   cancel-no-shows        -  -                         -      3\n"
			"total     -                     12  2026-11-23T06:30:00Z  1.5 s      3\n");
}
END_TEST

START_TEST(programs_get_rules_only)
{
	struct bk_list list = bk_out_overdue(&overdue, false);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_csv(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "rule,jobName,overdueCount,oldestDueAt,oldestAgeMs,staleCount,"
			 "maxAgeMs,errorMessage\n"
			 "activate,activate-due,12,2026-11-23T06:30:00.097Z,1530,0,2592000000,\n"
			 "no-show,cancel-no-shows,,,,3,2592000000,division by zero\n");
}
END_TEST

START_TEST(bars_are_blocks_where_the_locale_has_them)
{
	struct bk_list list = bk_out_forecast(&forecast, true);

	table_is(&list,
		 "HOUR                  RULE      COUNT  \n"
		 "now                   activate     48  \u2588\u2588\u2588\u2588\u2588\u2588"
		 "\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588"
		 "\u2588\u2588\u2588\u2588\u2588\n"
		 "2026-11-23T07:00:00Z  activate     25  \u2588\u2588\u2588\u2588\u2588\u2588"
		 "\u2588\u2588\u2588\u2588\u2588\u2588\u258C\n"
		 "2026-11-23T07:00:00Z  no-show       1  \u258C\n"
		 "2026-11-23T08:00:00Z  no-show       -  \n");
}
END_TEST

START_TEST(elsewhere_they_are_ascii)
{
	struct bk_list list = bk_out_forecast(&forecast, true);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C"));
	table_is(&list, "HOUR                  RULE      COUNT  \n"
			"now                   activate     48  ########################\n"
			"2026-11-23T07:00:00Z  activate     25  #############\n"
			"2026-11-23T07:00:00Z  no-show       1  #\n"
			"2026-11-23T08:00:00Z  no-show       -  \n");
}
END_TEST

START_TEST(without_a_terminal_there_are_none)
{
	struct bk_list list = bk_out_forecast(&forecast, false);

	list.row_count = 1;
	table_is(&list, "HOUR  RULE      COUNT\nnow   activate     48\n");
}
END_TEST

START_TEST(a_program_gets_the_bounds_of_the_hour)
{
	struct bk_list list = bk_out_forecast(&forecast, true);
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	list.row_count = 2;
	bk_list_jsonl(&list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out),
			 "{\"type\":\"forecast\",\"hour\":0,\"startsAt\":null,"
			 "\"endsAt\":\"2026-11-23T06:12:00.000Z\",\"rule\":\"activate\","
			 "\"jobName\":\"activate-due\",\"count\":48}\n"
			 "{\"type\":\"forecast\",\"hour\":2,"
			 "\"startsAt\":\"2026-11-23T07:00:00.000Z\","
			 "\"endsAt\":\"2026-11-23T08:00:00.000Z\",\"rule\":\"activate\","
			 "\"jobName\":\"activate-due\",\"count\":25}\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_due");
	TCase *tc = tcase_create("due");

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	ADD(tc, the_total_is_a_row_for_people);
	ADD(tc, programs_get_rules_only);
	ADD(tc, bars_are_blocks_where_the_locale_has_them);
	ADD(tc, elsewhere_they_are_ascii);
	ADD(tc, without_a_terminal_there_are_none);
	ADD(tc, a_program_gets_the_bounds_of_the_hour);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

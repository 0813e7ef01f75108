/*
 * Several runs in one call: what is kept of them, the totals, and which failure
 * decides.
 */
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cli/runs.h"
#include "tools.h"

static struct bk_app new_app(enum bk_format format)
{
	return (struct bk_app){
		.tool = &tool_one,
		.line = {.command = &tool_one.commands[0]},
		.log = bk_log_default("bkone"),
		.clock = suite_clock(),
		.format = format,
	};
}

static void add(struct bk_app *app, struct bk_runs *runs, int64_t processed, enum bk_rc rc)
{
	struct bk_run_report report = {.job = "activate-due", .description = "Activate"};

	report.result.processed = processed;
	report.rc = rc;
	if (rc)
		(void)bk_error_set(&report.error, rc, "failure %" PRId64, processed);
	bk_runs_add(app, runs, &report);
}

static char *rendered(struct bk_app *app)
{
	struct bk_buf out = BK_BUF_INIT;

	bk_json_render(app->data, &out);
	bk_json_clean(&app->data);
	return bk_buf_take(&out);
}

/* The runs are told apart by their number of bookings: 0, 1, 2 and so on. */
static const struct {
	int runs;
	int first; /* of those that are kept */
} counts[] = {{0, 0}, {1, 0}, {99, 0}, {100, 0}, {101, 1}, {250, 150}, {2880, 2780}};

START_TEST(the_last_hundred_are_kept_in_their_order)
{
	struct bk_app app = new_app(BK_OUT_JSON);
	BK_CLEAN(bk_runs_clear) struct bk_runs runs = {.count = 0};
	BK_CLEAN(bk_free_str) char *text = NULL;
	int64_t total = (int64_t)counts[_i].runs * (counts[_i].runs - 1) / 2;
	char totals[80];
	const char *p;

	for (int i = 0; i < counts[_i].runs; i++)
		add(&app, &runs, i, BK_OK);
	ck_assert_int_eq(bk_runs_end(&app, &runs), BK_OK);
	text = rendered(&app);
	p = text;
	for (int i = counts[_i].first; i < counts[_i].runs; i++) {
		char count[40];

		(void)snprintf(count, sizeof(count), "\"processedCount\":%d,", i);
		p = strstr(p, count);
		ck_assert_msg(p, "%d of %d runs is not there", i, counts[_i].runs);
		p++;
	}
	(void)snprintf(totals, sizeof(totals), "\"runCount\":%d,\"processedCount\":%" PRId64 "}",
		       counts[_i].runs, total);
	ck_assert_str_eq(strstr(p, "\"runCount\""), totals);
	/* Nothing but the kept ones in front of the first. */
	ck_assert(counts[_i].first == 0 || !strstr(text, "\"processedCount\":0,"));
}
END_TEST

/* By the order 70 78 77 69 1 4 3 75 0; of equal ones the first. */
static const struct {
	enum bk_rc rcs[5];
	enum bk_rc worst;
	const char *message; /* its number is the place in the list */
} lists[] = {
	{{BK_OK, BK_OK}, BK_OK, ""},
	{{BK_OK, BK_E_BUSY}, BK_E_BUSY, "failure 1"},
	{{BK_E_PARTIAL, BK_E_BUSY, BK_OK}, BK_E_PARTIAL, "failure 0"},
	{{BK_E_BUSY, BK_E_TIMEOUT, BK_E_PARTIAL}, BK_E_TIMEOUT, "failure 1"},
	{{BK_E_RUN, BK_E_UNAVAILABLE, BK_E_RUN}, BK_E_UNAVAILABLE, "failure 1"},
	{{BK_E_UNAVAILABLE, BK_E_STANDBY}, BK_E_UNAVAILABLE, "failure 0"},
	{{BK_E_UNAVAILABLE, BK_E_PERMISSION, BK_E_REFUSED}, BK_E_PERMISSION, "failure 1"},
	{{BK_E_SCHEMA, BK_E_PERMISSION, BK_E_INTERNAL}, BK_E_INTERNAL, "failure 2"},
	{{BK_E_REFUSED, BK_E_RUN, BK_E_TIMEOUT}, BK_E_RUN, "failure 1"},
	{{BK_E_RUN, BK_E_TERMINATED, BK_E_RUN}, BK_E_TERMINATED, "failure 1"},
};

START_TEST(the_gravest_failure_decides)
{
	struct bk_app app = new_app(BK_OUT_DEFAULT);
	BK_CLEAN(bk_runs_clear) struct bk_runs runs = {.count = 0};

	for (size_t i = 0; i < BK_COUNT(lists[_i].rcs); i++)
		add(&app, &runs, (int64_t)i, lists[_i].rcs[i]);
	ck_assert_int_eq(bk_runs_end(&app, &runs), lists[_i].worst);
	ck_assert_int_eq(app.err.rc, lists[_i].worst);
	ck_assert_str_eq(app.err.message, lists[_i].message);
	ck_assert(app.reported == (lists[_i].worst != BK_OK));
	ck_assert_ptr_null(app.data);
}
END_TEST

START_TEST(what_fails_between_two_runs_counts_as_well)
{
	struct bk_app app = new_app(BK_OUT_JSON);
	BK_CLEAN(bk_runs_clear) struct bk_runs runs = {.count = 0};
	BK_CLEAN(bk_free_str) char *text = NULL;
	struct bk_error err;

	add(&app, &runs, 3, BK_E_PARTIAL);
	(void)bk_error_set(&err, BK_E_TERMINATED, "stopped");
	bk_runs_fail(&app, &runs, &err);
	ck_assert_int_eq(bk_runs_end(&app, &runs), BK_E_TERMINATED);
	ck_assert_str_eq(app.err.message, "stopped");
	text = rendered(&app);
	ck_assert_ptr_nonnull(strstr(text, "\"runCount\":1,\"processedCount\":3}"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_runs");
	TCase *tc = tcase_create("runs");

	ADD_ROWS(tc, the_last_hundred_are_kept_in_their_order, counts);
	ADD_ROWS(tc, the_gravest_failure_decides, lists);
	ADD(tc, what_fails_between_two_runs_counts_as_well);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

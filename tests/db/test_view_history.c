/*
 * The history page by page, its filters, one execution in detail, and that a
 * page reads no more than a page.
 */
#include "view/execution.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "suite.h"
#include "view/read.h"
#include "view_db.h"

/* Executions number `from` to `to`, number n at 2026-11-23T06:00:00Z plus n
   seconds; every 3rd of another job, every 5th failed, every 7th by hand. */
static void insert(int from, int to)
{
	static const char sql[] =
		"INSERT INTO bk.maintenance_executions (id, run_id, operation, description,"
		" executed_at, finished_at, status, triggered_by, invoked_by, server_instance, pid,"
		" version, lease_token, as_of) OVERRIDING SYSTEM VALUE"
		" SELECT n, gen_random_uuid(),"
		" CASE WHEN n % 3 = 0 THEN 'update-expired' ELSE 'activate-due' END, 'd', t, t,"
		" CASE WHEN n % 5 = 0 THEN 'ERROR' ELSE 'SUCCESS' END,"
		" CASE WHEN n % 7 = 0 THEN 'MANUAL' ELSE 'SCHEDULER' END,"
		" 'a/b', 'h', 1, '1', n, t FROM generate_series(";
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_buf_fmt(&text,
		   "%s%d, %d) AS n, LATERAL (SELECT '2026-11-23 06:00:00Z'::timestamptz"
		   " + n * interval '1 s' AS t) AS x",
		   sql, from, to);
	pg_script(bk_buf_cstr(&text));
}

static struct bk_execution_list page;

static void open_all(void)
{
	view_db_open();
}

static void close_all(void)
{
	bk_execution_list_clear(&page);
	view_db_close();
}

static void read_page(const struct bk_history_filter *filter)
{
	struct bk_error err = {0};

	bk_execution_list_clear(&page);
	ck_assert_msg(!bk_view_history(pg_db, view_conf, filter, &page, &err), "%s", err.message);
}

/* The ids of the page: "5 4 3". */
static void page_is(const char *ids)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;

	for (size_t i = 0; i < page.count; i++)
		bk_buf_fmt(&got, "%s%s", i ? " " : "", page.items[i].id);
	ck_assert_str_eq(bk_buf_cstr(&got), ids);
}

static void next(struct bk_history_filter *filter)
{
	ck_assert_ptr_nonnull(page.next_cursor);
	filter->has_after = bk_cursor_parse(page.next_cursor, &filter->after);
	ck_assert(filter->has_after);
	read_page(filter);
}

START_TEST(an_empty_history_is_an_empty_page)
{
	read_page(&(struct bk_history_filter){.limit = 10});
	ck_assert_uint_eq(page.count, 0);
	ck_assert_ptr_null(page.next_cursor);
}
END_TEST

START_TEST(pages_follow_each_other_newest_first)
{
	struct bk_history_filter filter = {.limit = 3};

	insert(1, 7);
	read_page(&filter);
	page_is("7 6 5");
	next(&filter);
	page_is("4 3 2");
	next(&filter);
	page_is("1");
	ck_assert_ptr_null(page.next_cursor);
}
END_TEST

START_TEST(a_page_that_just_fits_is_the_last)
{
	struct bk_history_filter filter = {.limit = 3};

	insert(1, 3);
	read_page(&filter);
	page_is("3 2 1");
	ck_assert_ptr_null(page.next_cursor);
}
END_TEST

START_TEST(a_cursor_is_stable_under_new_rows)
{
	struct bk_history_filter filter = {.limit = 2};

	insert(1, 5);
	read_page(&filter);
	page_is("5 4");
	insert(6, 9);
	next(&filter);
	page_is("3 2");
	pg_script("DELETE FROM bk.maintenance_executions WHERE id IN (1, 2, 3)");
	read_page(&filter);
	page_is("");
}
END_TEST

START_TEST(executions_of_one_instant_are_neither_lost_nor_repeated)
{
	struct bk_history_filter filter = {.limit = 2};

	insert(1, 5);
	pg_script(
		"UPDATE bk.maintenance_executions SET executed_at = '2026-11-23 06:00:00.123457Z'");
	read_page(&filter);
	page_is("5 4");
	next(&filter);
	page_is("3 2");
	next(&filter);
	page_is("1");
}
END_TEST

static const struct {
	struct bk_history_filter filter;
	const char *ids;
} filters[] = {
	{{.job = "update-expired"}, "18 15 12 9 6 3"},
	{{.status = "ERROR"}, "20 15 10 5"},
	{{.status = "SUCCESS", .job = "update-expired"}, "18 12 9 6 3"},
	{{.status = "TIMEOUT"}, ""},
	{{.trigger = "MANUAL"}, "14 7"},
	{{.trigger = "SCHEDULER", .status = "ERROR"}, "20 15 10 5"},
	{{.trigger = "MANUAL", .status = "ERROR"}, ""},
	{{.job = "no such"}, ""},
	{{.job = "activate-due' OR true --"}, ""},
};

START_TEST(filters_leave_only_what_fits_all_of_them)
{
	struct bk_history_filter filter = filters[_i].filter;

	insert(1, 20);
	filter.limit = 50;
	read_page(&filter);
	page_is(filters[_i].ids);
}
END_TEST

START_TEST(since_includes_its_instant_and_until_does_not)
{
	const int64_t six = INT64_C(1795413600000000);
	struct bk_history_filter filter = {.limit = 50};

	insert(1, 9);
	filter.since = (struct bk_moment){BK_MOMENT_AT, six + 3000000, 0};
	filter.until = (struct bk_moment){BK_MOMENT_AT, six + 6000000, 0};
	read_page(&filter);
	page_is("5 4 3");
	filter.since.at_us++;
	read_page(&filter);
	page_is("5 4");
}
END_TEST

START_TEST(ago_is_by_the_clock_of_the_database)
{
	struct bk_history_filter filter = {.limit = 50};

	insert(1, 3);
	pg_script("UPDATE bk.maintenance_executions"
		  " SET executed_at = clock_timestamp() - id * interval '1 hour'");
	filter.since = (struct bk_moment){BK_MOMENT_AGO, 0, 9000000};
	read_page(&filter);
	page_is("1 2");
	filter.until = (struct bk_moment){BK_MOMENT_AGO, 0, 5400000};
	read_page(&filter);
	page_is("2");
}
END_TEST

START_TEST(bounds_at_the_ends_of_time_are_no_error)
{
	struct bk_history_filter filter = {.limit = 50};

	insert(1, 2);
	filter.since = (struct bk_moment){BK_MOMENT_AT, INT64_C(-62135596800000000), 0};
	filter.until = (struct bk_moment){BK_MOMENT_AT, INT64_C(253402300799999999), 0};
	read_page(&filter);
	page_is("2 1");
	filter.until = (struct bk_moment){BK_MOMENT_AGO, 0, INT64_C(3153600000000)};
	read_page(&filter);
	page_is("");
}
END_TEST

START_TEST(a_running_execution_counts_what_its_workers_did)
{
	insert(1, 1);
	pg_script("UPDATE bk.maintenance_executions SET status = 'RUNNING', finished_at = NULL;"
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		  " lease_expires_at) VALUES (1, 0, 1, 30, now()), (1, 1, 1, 12, now())");
	read_page(&(struct bk_history_filter){.limit = 1});
	ck_assert_str_eq(page.items[0].status, "RUNNING");
	ck_assert_ptr_null(page.items[0].finished_at);
	ck_assert_int_eq(page.items[0].execution_time_ms, BK_NULL_INT);
	ck_assert_int_eq(page.items[0].processed_count, 42);
}
END_TEST

START_TEST(an_operation_is_known_by_its_name_or_by_its_record)
{
	struct bk_error err = {0};

	ck_assert_int_eq(bk_view_operation(pg_db, view_conf, "activate-due", &err), BK_OK);
	ck_assert_int_eq(bk_view_operation(pg_db, view_conf, "migrate", &err), BK_E_NOT_FOUND);
	insert(1, 1);
	pg_script("UPDATE bk.maintenance_executions SET operation = 'migrate'");
	ck_assert_int_eq(bk_view_operation(pg_db, view_conf, "migrate", &err), BK_OK);
}
END_TEST

#define TRANSITION(batch, rule, from, rows)                                                        \
	"INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,"    \
	" to_state, row_count, keys, key_hashes, txid, at) VALUES (2, 0, " #batch ", '" rule       \
	"', '" from "', 'X', " #rows ", '{}', '{}', '1', '2026-11-23 06:00:0" #batch "Z');"

START_TEST(one_execution_comes_with_its_transitions_by_rule)
{
	struct bk_execution_detail detail = {{NULL, 0, NULL}, NULL, 0};
	struct bk_error err = {0};

	insert(1, 3);
	pg_script(TRANSITION(1, "b", "ACTIVE", 5000) TRANSITION(2, "b", "ACTIVE", 1)
			  TRANSITION(3, "b", "CONFIRMED", 7) TRANSITION(4, "a", "ACTIVE", 8));
	ck_assert_int_eq(bk_view_execution(pg_db, view_conf, 2, &detail, &err), BK_OK);
	ck_assert_uint_eq(detail.execution.count, 1);
	ck_assert_str_eq(detail.execution.items[0].id, "2");
	ck_assert_uint_eq(detail.transition_count, 3);
	ck_assert_str_eq(detail.transitions[0].rule, "b");
	ck_assert_str_eq(detail.transitions[0].from_state, "ACTIVE");
	ck_assert_int_eq(detail.transitions[0].bookings, 5001);
	ck_assert_int_eq(detail.transitions[0].batches, 2);
	ck_assert_str_eq(detail.transitions[0].first_at, "2026-11-23T06:00:01.000Z");
	ck_assert_str_eq(detail.transitions[0].last_at, "2026-11-23T06:00:02.000Z");
	ck_assert_int_eq(detail.transitions[1].bookings, 7);
	ck_assert_str_eq(detail.transitions[2].rule, "a");
	bk_execution_detail_clear(&detail);
}
END_TEST

START_TEST(an_execution_that_is_not_there_is_an_error)
{
	struct bk_execution_detail detail = {{NULL, 0, NULL}, NULL, 0};
	struct bk_error err = {0};

	ck_assert_int_eq(bk_view_execution(pg_db, view_conf, INT64_MAX, &detail, &err),
			 BK_E_NOT_FOUND);
	ck_assert_str_eq(err.message, "no execution 9223372036854775807");
}
END_TEST

START_TEST(another_schema_is_another_history)
{
	insert(1, 2);
	pg_script("CREATE SCHEMA \"My \"\"bk\";"
		  "CREATE TABLE \"My \"\"bk\".maintenance_executions"
		  " (LIKE bk.maintenance_executions INCLUDING ALL);"
		  "CREATE TABLE \"My \"\"bk\".execution_workers"
		  " (LIKE bk.execution_workers INCLUDING ALL)");
	view_db_conf("schema = 'My \"bk'\n");
	read_page(&(struct bk_history_filter){.limit = 2});
	page_is("");
	pg_script("DROP SCHEMA \"My \"\"bk\" CASCADE");
}
END_TEST

/* The plan of view_history with these parameters, run. */
static void explain(const char *const *params, struct bk_buf *plan)
{
	static const struct bk_tx_limits limits = {60000, 2000, false, NULL};
	static const struct bk_sql_var vars[] = {{"bk", "bk"},
						 {"executions", "maintenance_executions"}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	struct bk_rows *rows[BK_COUNT(stmts)];
	size_t n = bk_tx_begin(&tx, BK_TX_READ, &limits, stmts);
	size_t at = n;
	struct bk_error err = {0};

	bk_buf_str(&sql, "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ");
	ck_assert_int_eq(bk_sql_fill_file(&sql, "view_history", vars, BK_COUNT(vars), &err), BK_OK);
	stmts[n++] = (struct bk_stmt){"explain", bk_buf_cstr(&sql), params, 11, BK_ANY_ROWS};
	stmts[n++] = (struct bk_stmt)BK_COMMIT;
	bk_db_deadline(pg_db, 60000);
	ck_assert_msg(!bk_db_run(pg_db, stmts, n, rows, &err), "%s", err.message);
	for (int i = 0; i < bk_rows_count(rows[at]); i++)
		bk_buf_fmt(plan, "%s\n", bk_rows_cell(rows[at], i, 0));
	for (size_t i = 0; i < n; i++)
		bk_rows_free(rows[i]);
}

/* Rows that were read and not shown. */
static long removed(const char *plan)
{
	static const char mark[] = "Rows Removed by Filter: ";
	long sum = 0;

	for (const char *p = plan; (p = strstr(p, mark)); p += sizeof(mark) - 1)
		sum += strtol(p + sizeof(mark) - 1, NULL, 10);
	return sum;
}

/*
 * 60,000 executions, a thousand of them failed, 120 by hand. What a page reads
 * in vain is at most the rarest of what the filters name, never the history.
 */
START_TEST(a_page_reads_about_a_page_whatever_the_filters)
{
	static const char *const jobs[] = {NULL, "activate-due", "update-expired", "none"};
	static const char *const statuses[] = {NULL, "SUCCESS", "ERROR", "RUNNING"};
	static const char *const triggers[] = {NULL, "MANUAL", "SCHEDULER"};
	static const char *const agos[] = {NULL, "7200000"};
	static const char *const positions[] = {NULL, "30000"};
	char middle[24];

	(void)snprintf(middle, sizeof(middle), "%" PRId64,
		       ((int64_t)time(NULL) - 300000) * 1000000);
	pg_script("INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		  " executed_at, finished_at, status, triggered_by, invoked_by, server_instance,"
		  " pid, version, lease_token, as_of)"
		  " SELECT gen_random_uuid(), CASE WHEN n % 8 = 0 THEN 'update-expired'"
		  " ELSE 'activate-due' END, 'd', t, t, CASE WHEN n % 60 = 1 THEN 'ERROR'"
		  " ELSE 'SUCCESS' END, CASE WHEN n % 500 = 2 THEN 'MANUAL' ELSE 'SCHEDULER' END,"
		  " 'a/b', 'h', 1, '1', n, t FROM generate_series(1, 60000) AS n,"
		  " LATERAL (SELECT now() - (60000 - n) * interval '10 s' AS t) AS x");
	pg_script("ANALYZE bk.maintenance_executions");
	for (size_t i = 0; i < 4 * 4 * 3 * 2 * 2; i++) {
		const char *position = positions[i / 96 % 2];
		const char *const params[11] = {
			jobs[i % 4],
			statuses[i / 4 % 4],
			triggers[i / 16 % 3],
			NULL,
			NULL,
			agos[i / 48 % 2],
			NULL,
			NULL,
			position ? middle : NULL,
			position,
			"51",
		};
		BK_CLEAN(bk_buf_clear) struct bk_buf plan = BK_BUF_INIT;

		explain(params, &plan);
		ck_assert_msg(!strstr(bk_buf_cstr(&plan), "Seq Scan on maintenance_executions"),
			      "%s", bk_buf_cstr(&plan));
		ck_assert_msg(removed(bk_buf_cstr(&plan)) <= 1000, "%s %s %s:\n%s",
			      params[0] ? params[0] : "-", params[1] ? params[1] : "-",
			      params[2] ? params[2] : "-", bk_buf_cstr(&plan));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_history");
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, an_empty_history_is_an_empty_page);
	ADD(tc, pages_follow_each_other_newest_first);
	ADD(tc, a_page_that_just_fits_is_the_last);
	ADD(tc, a_cursor_is_stable_under_new_rows);
	ADD(tc, executions_of_one_instant_are_neither_lost_nor_repeated);
	ADD_ROWS(tc, filters_leave_only_what_fits_all_of_them, filters);
	ADD(tc, since_includes_its_instant_and_until_does_not);
	ADD(tc, ago_is_by_the_clock_of_the_database);
	ADD(tc, bounds_at_the_ends_of_time_are_no_error);
	ADD(tc, a_running_execution_counts_what_its_workers_did);
	ADD(tc, an_operation_is_known_by_its_name_or_by_its_record);
	ADD(tc, one_execution_comes_with_its_transitions_by_rule);
	ADD(tc, an_execution_that_is_not_there_is_an_error);
	ADD(tc, another_schema_is_another_history);
	ADD(tc, a_page_reads_about_a_page_whatever_the_filters);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

/*
 * bkstatus watch, refresh by refresh: the clock is the test's, so what happens
 * to the database between two refreshes happens in its sleep.
 */
#include "cli/status_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "db/schema.h"
#include "side.h"
#include "suite.h"
#include "view_db.h"

#define RUNNING                                                                                    \
	"INSERT INTO bk.maintenance_executions (run_id, operation, description, executed_at,"      \
	" status, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)"    \
	" SELECT gen_random_uuid(), 'activate-due', 'd', now(), 'RUNNING', 'SCHEDULER', 'a/b',"    \
	" 'h', 1, '1', 1, now();"                                                                  \
	"INSERT INTO bk.execution_workers (execution_id, worker, token, lease_expires_at)"         \
	" SELECT max(id), 0, 1, now() + interval '1 hour' FROM bk.maintenance_executions"

static const struct bk_tool tool = {.name = "bkstatus"};
static const struct bk_command command = {"watch", "", 0, "interval count", "watch"};

static struct bk_app app;
static struct side *side;
static volatile sig_atomic_t signal_came;
static int64_t now_ms;
static int pauses;              /* between refreshes, so far */
static void (*in_pause)(int n); /* in the n-th one, from 1 */
static FILE *captured[2];       /* standard output and error */
static int saved[2] = {-1, -1};

static int64_t mono_ms(void *self)
{
	(void)self;
	return now_ms;
}

static int64_t wall_us(void *self)
{
	(void)self;
	return INT64_C(1795415400097000);
}

/* A pause of 200 ms is one slice. */
static void sleep_ms(void *self, int64_t ms)
{
	(void)self;
	now_ms += ms;
	if (in_pause)
		in_pause(++pauses);
}

static void open_all(void)
{
	view_db_open();
	side = side_open();
	side_exec(side,
		  "INSERT INTO bk.schema_migrations (version, name, checksum, min_program)"
		  " VALUES (%d, 'test', 'x', '1.0.0')",
		  (int)bk_schema_newest());
	signal_came = 0;
	pauses = 0;
	in_pause = NULL;
	app = (struct bk_app){
		.tool = &tool,
		.line = {.command = &command,
			 .options = {.interval_ms = 200, .count = -1, .limit = -1}},
		.conf = view_conf,
		.log = bk_log_default("bkstatus"),
		.clock = {mono_ms, wall_us, NULL, sleep_ms},
		.interrupted = &signal_came,
		.instance = "here",
		.os_user = "me",
	};
	for (int i = 0; i < 2; i++) {
		captured[i] = tmpfile();
		ck_assert_ptr_nonnull(captured[i]);
		saved[i] = dup(i + 1);
		(void)fflush(i ? stderr : stdout);
		ck_assert_int_ge(dup2(fileno(captured[i]), i + 1), 0);
	}
}

static void close_all(void)
{
	(void)fflush(stdout);
	for (int i = 0; i < 2; i++) {
		(void)dup2(saved[i], i + 1);
		(void)close(saved[i]);
		(void)fclose(captured[i]);
	}
	bk_db_clean(&app.db);
	bk_json_clean(&app.data);
	free(app.checked_mapping);
	side_close(side);
	view_db_close();
}

/* What has arrived of standard output (0) or error (1). */
static const char *text_of(int stream)
{
	static char texts[2][20000];
	size_t n;

	rewind(captured[stream]);
	n = fread(texts[stream], 1, sizeof(texts[stream]) - 1, captured[stream]);
	texts[stream][n] = '\0';
	return texts[stream];
}

static int occurrences(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static enum bk_rc watch(int64_t count)
{
	enum bk_rc rc;

	app.line.options.count = count;
	rc = bk_status_watch(&app);
	(void)fflush(stdout); /* as the end of a tool does */
	return rc;
}

/* The connection of the watch is gone; the server takes a new one. */
static void lose(void)
{
	ck_assert_int_eq(side_int(side, "SELECT count(pg_terminate_backend(pid, 60000))"
					" FROM pg_stat_activity"
					" WHERE application_name = 'bk:watch'"),
			 1);
}

START_TEST(so_many_refreshes_and_the_end)
{
	ck_assert_int_eq(watch(3), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "2026-11-23T06:30:00Z\nJOB "), 3);
	ck_assert_int_eq(occurrences(text_of(0), "\n\nnothing is running\n"), 3);
	ck_assert_int_eq(occurrences(text_of(0), "nothing has failed\n\n2026"), 2);
	ck_assert_int_eq(occurrences(text_of(0), "nothing is running\n\nnothing has failed\n"), 3);
	ck_assert_str_eq(text_of(1), "");
}
END_TEST

START_TEST(the_pause_is_the_interval)
{
	int64_t before = now_ms;

	app.line.options.interval_ms = 30000;
	ck_assert_int_eq(watch(3), BK_OK);
	ck_assert_int_eq(now_ms - before, 60000);
}
END_TEST

static void start_a_run(int n)
{
	if (n == 1)
		side_exec(side, RUNNING);
}

START_TEST(each_refresh_shows_what_is_new)
{
	in_pause = start_a_run;
	ck_assert_int_eq(watch(2), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "nothing is running"), 1);
	ck_assert_int_eq(occurrences(text_of(0), "RUNNING"), 1);
	ck_assert_ptr_nonnull(strstr(text_of(0), "OPERATION"));
}
END_TEST

static void fail_a_run(int n)
{
	if (n == 1)
		side_exec(side,
			  RUNNING ";UPDATE bk.maintenance_executions SET status = 'ERROR',"
				  " finished_at = now(), error_code = '57014', error_message ="
				  " E'too slow\\nby far'");
}

START_TEST(what_failed_last_is_shown)
{
	in_pause = fail_a_run;
	ck_assert_int_eq(watch(2), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "nothing has failed"), 1);
	ck_assert_int_eq(occurrences(text_of(0), "FAILED  OPERATION"), 1);
	ck_assert_int_eq(occurrences(text_of(0), "ERROR   57014  too slow\\nby far\n"), 1);
}
END_TEST

static const char *const statuses[] = {"SUCCESS", "PARTIAL",   "ERROR",    "TIMEOUT",
				       "REFUSED", "ABANDONED", "CANCELLED"};

/* Three of each, a minute after the one before. */
START_TEST(of_many_failures_the_newest_are_shown)
{
	for (size_t i = 0; i < 3 * BK_COUNT(statuses); i++)
		side_exec(side,
			  RUNNING ";UPDATE bk.maintenance_executions SET status = '%s',"
				  " finished_at = now(), executed_at = now() + interval '%zu min',"
				  " error_message = 'number %zu.' WHERE status = 'RUNNING'",
			  statuses[i % BK_COUNT(statuses)], i, i);
	ck_assert_int_eq(watch(1), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "  number "), 5);
	ck_assert_ptr_null(strstr(text_of(0), "number 10."));
	ck_assert_ptr_null(strstr(text_of(0), "number 20."));
	ck_assert(strstr(text_of(0), "number 19.") < strstr(text_of(0), "number 18."));
	ck_assert(strstr(text_of(0), "number 16.") < strstr(text_of(0), "number 12."));
}
END_TEST

START_TEST(a_queue_that_cannot_be_counted_ends_nothing_and_is_said)
{
	ck_assert_int_eq(watch(2), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "\nno queue can be counted: "), 2);
	ck_assert_str_eq(text_of(1), "");
}
END_TEST

START_TEST(lines_are_one_for_each_execution_and_refresh)
{
	in_pause = start_a_run;
	app.format = BK_OUT_JSONL;
	ck_assert_int_eq(watch(3), BK_OK);
	ck_assert_int_eq(occurrences(text_of(0), "{\"type\":\"running\",\"id\":\"1\","), 2);
	ck_assert_int_eq(occurrences(text_of(0), "\n"), 3);
	ck_assert_ptr_nonnull(strstr(text_of(0), "\n{\"type\":\"summary\",\"refreshes\":3}\n"));
}
END_TEST

static void look_at_the_lines(int n)
{
	ck_assert_int_eq(occurrences(text_of(0), "\"running\""), n);
}

START_TEST(lines_are_there_at_once)
{
	side_exec(side, RUNNING);
	in_pause = look_at_the_lines;
	app.format = BK_OUT_JSONL;
	ck_assert_int_eq(watch(3), BK_OK);
	ck_assert_int_eq(pauses, 2);
}
END_TEST

static void lose_once(int n)
{
	if (n == 1)
		lose();
}

START_TEST(a_lost_connection_is_told_and_made_anew)
{
	in_pause = lose_once;
	ck_assert_int_eq(watch(4), BK_OK);
	ck_assert_int_eq(occurrences(text_of(1), "; asking again\n"), 1);
	ck_assert_int_eq(occurrences(text_of(0), "nothing is running"), 3);
	ck_assert_int_eq(side_int(side, "SELECT count(*) FROM pg_stat_activity"
					" WHERE application_name = 'bk:watch'"),
			 1);
}
END_TEST

static void lose_for_good(int n)
{
	if (n != 1)
		return;
	lose();
	/* libpq reads it for each connection that is made. */
	ck_assert_int_eq(setenv("PGPORT", "1", 1), 0);
}

START_TEST(a_server_that_is_gone_at_the_end_is_an_error)
{
	in_pause = lose_for_good;
	ck_assert_int_eq(watch(4), BK_E_UNAVAILABLE);
	ck_assert_int_eq(app.err.rc, BK_E_UNAVAILABLE);
	ck_assert_int_eq(occurrences(text_of(1), "; asking again\n"), 2);
	ck_assert_int_eq(occurrences(text_of(0), "nothing is running"), 1);
}
END_TEST

START_TEST(a_server_that_is_not_there_at_first_is_one_at_once)
{
	ck_assert_int_eq(setenv("PGPORT", "1", 1), 0);
	ck_assert_int_eq(watch(-1), BK_E_UNAVAILABLE);
	ck_assert_str_eq(text_of(0), "");
	ck_assert_str_eq(text_of(1), "");
}
END_TEST

static void drop_the_schema(int n)
{
	if (n == 1)
		side_exec(side, "DROP SCHEMA bk CASCADE");
}

START_TEST(what_does_not_pass_by_itself_is_the_end)
{
	in_pause = drop_the_schema;
	ck_assert_int_eq(watch(-1), BK_E_SCHEMA);
	ck_assert_int_eq(pauses, 1);
}
END_TEST

static void interrupt(int n)
{
	if (n == 2)
		signal_came = SIGINT;
}

START_TEST(a_signal_ends_it_without_a_word)
{
	in_pause = interrupt;
	ck_assert_int_eq(watch(-1), BK_E_INTERRUPTED);
	ck_assert(app.reported);
	ck_assert_int_eq(occurrences(text_of(0), "nothing is running"), 2);
	ck_assert_str_eq(text_of(1), "");
}
END_TEST

START_TEST(a_signal_before_the_first_refresh_ends_it_too)
{
	signal_came = SIGTERM;
	ck_assert_int_eq(watch(-1), BK_E_TERMINATED);
	ck_assert_str_eq(text_of(0), "");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_watch");
	TCase *tc = tcase_create("watch");

	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, so_many_refreshes_and_the_end);
	ADD(tc, the_pause_is_the_interval);
	ADD(tc, each_refresh_shows_what_is_new);
	ADD(tc, what_failed_last_is_shown);
	ADD(tc, of_many_failures_the_newest_are_shown);
	ADD(tc, a_queue_that_cannot_be_counted_ends_nothing_and_is_said);
	ADD(tc, lines_are_one_for_each_execution_and_refresh);
	ADD(tc, lines_are_there_at_once);
	ADD(tc, a_lost_connection_is_told_and_made_anew);
	ADD(tc, a_server_that_is_gone_at_the_end_is_an_error);
	ADD(tc, a_server_that_is_not_there_at_first_is_one_at_once);
	ADD(tc, what_does_not_pass_by_itself_is_the_end);
	ADD(tc, a_signal_ends_it_without_a_word);
	ADD(tc, a_signal_before_the_first_refresh_ends_it_too);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

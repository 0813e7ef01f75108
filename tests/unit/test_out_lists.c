/*
 * The contract of bk/1 for what bkstatus lists: the keys of each object, their
 * types and their order, as golden lines.
 */
#include "suite.h"

#include "base/attr.h"
#include "out/lists.h"

/* Views hold char *, which these tests do not free. */
static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void line_is(const struct bk_list *list, const char *golden)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_list_jsonl(list, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), golden);
}

START_TEST(a_job)
{
	struct bk_job_view job = {
		.job_name = text("activate-due"),
		.description = text("Activate due bookings"),
		.cron_expression = text("* * * * *"),
		.delay_ms = 30000,
		.enabled = true,
		.status = text("RUNNING"),
		.last_execution_status = text("SUCCESS"),
		.last_execution_time = text("2026-11-23T06:30:00.097Z"),
		.next_execution_time = text("2026-11-23T06:30:30.097Z"),
		.processed_count = 12,
		.retry_count = 0,
		.max_retries = 3,
		.timeout_ms = 30000,
		.queue_depth = BK_NULL_INT,
		.total_runs = 100,
		.total_failures = 2,
		.total_processed = 4711,
		.last_success_time = text("2026-11-23T06:29:31.000Z"),
		.running_execution_id = text("9007199254740993"),
		.running_processed = 5,
		.running_total = 12,
		.running_executions = 1,
		.status_text = text("RUNNING 41 %"),
	};
	const struct bk_list list = bk_out_jobs(&(struct bk_job_list){&job, 1, NULL});

	line_is(&list,
		"{\"type\":\"job\",\"jobName\":\"activate-due\",\"description\":\"Activate due "
		"bookings\",\"cronExpression\":\"* * * * *\",\"delayMs\":30000,\"enabled\":true,"
		"\"status\":\"RUNNING\",\"lastExecutionStatus\":\"SUCCESS\",\"lastExecutionTime\":"
		"\"2026-11-23T06:30:00.097Z\",\"nextExecutionTime\":\"2026-11-23T06:30:30.097Z\","
		"\"processedCount\":12,\"errorMessage\":null,\"retryCount\":0,\"maxRetries\":3,"
		"\"timeoutMs\":30000,\"queueDepth\":null,\"oldestDueAt\":null,\"totalRuns\":100,"
		"\"totalFailures\":2,\"totalProcessed\":4711,\"pausedUntil\":null,"
		"\"pausedReason\":null,\"lastSuccessTime\":\"2026-11-23T06:29:31.000Z\","
		"\"runningExecutionId\":\"9007199254740993\",\"runningProcessedCount\":5,"
		"\"runningTotal\":12,\"runningExecutions\":1}\n");
}
END_TEST

START_TEST(a_running_execution)
{
	struct bk_running_view running = {
		.id = text("17"),
		.operation = text("activate-due"),
		.server_instance = text("app-1"),
		.pid = 4711,
		.slot = 1,
		.workers = 2,
		.processed = 120000,
		.due_total = 300000,
		.percent = 40,
		.elapsed_ms = 1043,
		.per_second = 115052,
		.left_ms = BK_NULL_INT,
		.lease_left_ms = 59000,
		.cancel_requested = true,
		.at = text("2026-11-23T06:30:00.097Z"),
	};
	const struct bk_list list = bk_out_running(&(struct bk_running_list){&running, 1});

	line_is(&list,
		"{\"type\":\"running\",\"id\":\"17\",\"operation\":\"activate-due\","
		"\"serverInstance\":\"app-1\",\"pid\":4711,\"slot\":1,\"workers\":2,"
		"\"processedCount\":120000,\"total\":300000,\"percent\":40,\"perSecond\":115052,"
		"\"elapsedMs\":1043,\"leftMs\":null,\"leaseLeftMs\":59000,"
		"\"cancelRequested\":true,\"at\":\"2026-11-23T06:30:00.097Z\"}\n");
}
END_TEST

START_TEST(a_watched_job_is_for_people_only)
{
	struct bk_job_view job = {.job_name = text("activate-due"),
				  .status_text = text("RUNNING 41 %"),
				  .queue_depth = 7,
				  .oldest_due_age_ms = 90000};
	const struct bk_list list = bk_out_watched_jobs(&(struct bk_job_list){&job, 1, NULL});
	const struct bk_style plain = {.color = false};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	line_is(&list, "{\"type\":\"job\"}\n");
	bk_list_table(&list, &plain, &out);
	ck_assert_str_eq(
		bk_buf_cstr(&out),
		"JOB           STATUS        QUEUE  OLDEST  LAST  LAST RUN  NEXT RUN  "
		"ERROR\n"
		"activate-due  RUNNING 41 %      7  1m 30s  -     -         -         -\n");
}
END_TEST

START_TEST(an_execution)
{
	struct bk_execution_view execution = {
		.id = text("17"),
		.run_id = text("b6f1b3d0-0000-4000-8000-000000000001"),
		.operation = text("update-expired"),
		.description = text("Expire unconfirmed bookings"),
		.executed_at = text("2026-11-23T06:30:00.097Z"),
		.finished_at = text("2026-11-23T06:30:00.247Z"),
		.status = text("PARTIAL"),
		.processed_count = 1,
		.skipped_locked = 2,
		.quarantined = 3,
		.remaining = 4,
		.error_code = text("WORK_REMAINS"),
		.error_message = text("4 remain"),
		.execution_time_ms = 150,
		.slowest_batch_ms = BK_NULL_INT,
		.retry_count = 5,
		.triggered_by = text("MANUAL"),
		.invoked_by = text("root/bk"),
		.server_instance = text("app-1"),
		.pid = 4711,
		.version = text("1.0.0"),
		.slot = 0,
		.as_of = text("2026-11-23T06:30:00.097Z"),
		.cancel_requested = true,
	};
	const struct bk_list list = bk_out_executions(
		&(struct bk_execution_list){&execution, 1, NULL});

	line_is(&list,
		"{\"type\":\"execution\",\"id\":\"17\",\"runId\":"
		"\"b6f1b3d0-0000-4000-8000-000000000001\",\"operation\":\"update-expired\","
		"\"description\":\"Expire unconfirmed bookings\",\"executedAt\":"
		"\"2026-11-23T06:30:00.097Z\",\"finishedAt\":\"2026-11-23T06:30:00.247Z\","
		"\"status\":\"PARTIAL\",\"processedCount\":1,\"skippedLocked\":2,\"quarantined\":3,"
		"\"remaining\":4,\"errorCode\":\"WORK_REMAINS\",\"errorMessage\":\"4 remain\","
		"\"executionTimeMs\":150,\"slowestBatchMs\":null,\"retryCount\":5,\"triggeredBy\":"
		"\"MANUAL\",\"invokedBy\":\"root/bk\",\"serverInstance\":\"app-1\",\"pid\":4711,"
		"\"version\":\"1.0.0\",\"slot\":0,\"asOf\":\"2026-11-23T06:30:00.097Z\","
		"\"cancelRequested\":true}\n");
}
END_TEST

START_TEST(a_transition)
{
	struct bk_transition_view transition = {
		.rule = text("activate"),
		.from_state = text("CONFIRMED"),
		.to_state = text("ACTIVE"),
		.bookings = 7000,
		.batches = 2,
		.first_at = text("2026-11-23T06:30:00.097Z"),
		.last_at = text("2026-11-23T06:30:01.097Z"),
	};
	const struct bk_execution_detail detail = {{NULL, 0, NULL}, &transition, 1};
	const struct bk_list list = bk_out_transitions(&detail);

	line_is(&list,
		"{\"type\":\"transition\",\"rule\":\"activate\",\"from\":\"CONFIRMED\","
		"\"to\":\"ACTIVE\",\"count\":7000,\"batches\":2,"
		"\"first\":\"2026-11-23T06:30:00.097Z\",\"last\":\"2026-11-23T06:30:01.097Z\"}\n");
}
END_TEST

START_TEST(a_setting)
{
	const struct bk_conf_entry entry = {
		.name = text("instance"),
		.value = NULL,
		.origin = text("default"),
		.range = text("any text"),
		.help = text("name of this host"),
	};
	const struct bk_list list = bk_out_settings(&entry, 1);

	line_is(&list, "{\"type\":\"setting\",\"key\":\"instance\",\"value\":null,\"origin\":"
		       "\"default\",\"range\":\"any text\",\"help\":\"name of this host\"}\n");
}
END_TEST

START_TEST(a_check)
{
	struct bk_check check = {
		.name = text("activate-due"),
		.state = BK_HEALTH_OK,
		.state_word = "OK",
		.message = text("last success 12.0 s ago"),
		.age_ms = 12000,
		.max_age_ms = 90000,
		.count = BK_NULL_INT,
	};
	const struct bk_list list = bk_out_checks(&(struct bk_health){&check, 1, 1});

	line_is(&list,
		"{\"type\":\"check\",\"name\":\"activate-due\",\"state\":\"OK\",\"message\":"
		"\"last success 12.0 s ago\",\"ageMs\":12000,\"maxAgeMs\":90000,\"count\":null}\n");
}
END_TEST

static char *key_items[] = {(char[]){"t1"}, (char[]){"5"}};

START_TEST(a_hold)
{
	struct bk_hold_view hold = {
		.key = {key_items, 2},
		.held_until = text("2026-11-23T06:30:00.097Z"),
		.expired = true,
		.reason = text("in dispute"),
		.author = text("root/bk"),
		.created_at = text("2026-11-22T06:30:00.097Z"),
	};
	const struct bk_list list = bk_out_holds(&(struct bk_hold_list){&hold, 1, NULL});

	line_is(&list, "{\"type\":\"hold\",\"key\":[\"t1\",\"5\"],\"heldUntil\":"
		       "\"2026-11-23T06:30:00.097Z\",\"expired\":true,\"reason\":\"in dispute\","
		       "\"author\":\"root/bk\",\"createdAt\":\"2026-11-22T06:30:00.097Z\"}\n");
}
END_TEST

START_TEST(a_quarantined_booking)
{
	struct bk_quarantined_view q = {
		.rule = text("activate"),
		.key = {key_items, 1},
		.operation = text("activate-due"),
		.execution_id = text("9007199254740993"),
		.sqlstate = text("23514"),
		.error_message = text("violates check"),
		.first_seen_at = text("2026-11-22T06:30:00.097Z"),
		.last_seen_at = text("2026-11-23T06:30:00.097Z"),
		.tries = 3,
		.next_try_at = text("2026-11-23T07:30:00.097Z"),
	};
	const struct bk_list list = bk_out_quarantine(&(struct bk_quarantine){&q, 1, NULL});

	line_is(&list,
		"{\"type\":\"quarantined\",\"rule\":\"activate\",\"key\":[\"t1\"],\"operation\":"
		"\"activate-due\",\"executionId\":\"9007199254740993\",\"sqlstate\":\"23514\","
		"\"errorMessage\":\"violates check\",\"firstSeenAt\":\"2026-11-22T06:30:00.097Z\","
		"\"lastSeenAt\":\"2026-11-23T06:30:00.097Z\",\"tries\":3,"
		"\"nextTryAt\":\"2026-11-23T07:30:00.097Z\"}\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("out_lists");
	TCase *tc = tcase_create("golden lines");

	ADD(tc, a_job);
	ADD(tc, a_running_execution);
	ADD(tc, a_watched_job_is_for_people_only);
	ADD(tc, an_execution);
	ADD(tc, a_transition);
	ADD(tc, a_setting);
	ADD(tc, a_check);
	ADD(tc, a_hold);
	ADD(tc, a_quarantined_booking);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

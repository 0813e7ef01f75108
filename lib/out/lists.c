/*
 * The column tables; see lists.h. Their order is that of the columns and of
 * the keys.
 */
#include "out/lists.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_job_view, member)

static const struct bk_column job_columns[] = {
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), 0},
	{"DESCRIPTION", "description", BK_CELL_TEXT, AT(description), BK_COL_WIDE},
	{"CRON", "cronExpression", BK_CELL_TEXT, AT(cron_expression), BK_COL_WIDE},
	{"DELAY", "delayMs", BK_CELL_PERIOD, AT(delay_ms), BK_COL_WIDE},
	{"ENABLED", "enabled", BK_CELL_BOOL, AT(enabled), BK_COL_WIDE},
	{"STATUS", "status", BK_CELL_STATE, AT(status), BK_COL_DATA},
	{"STATUS", NULL, BK_CELL_STATE, AT(status_text), BK_COL_SHOW},
	{"LAST", "lastExecutionStatus", BK_CELL_STATE, AT(last_execution_status), 0},
	{"LAST RUN", "lastExecutionTime", BK_CELL_TIME, AT(last_execution_time), 0},
	{"NEXT RUN", "nextExecutionTime", BK_CELL_TIME, AT(next_execution_time), BK_COL_WIDE},
	{"PROCESSED", "processedCount", BK_CELL_INT, AT(processed_count), 0},
	{"ERROR", "errorMessage", BK_CELL_TEXT, AT(error_message), BK_COL_LAST},
	{"RETRIES", "retryCount", BK_CELL_INT, AT(retry_count), BK_COL_WIDE},
	{"MAX RETRIES", "maxRetries", BK_CELL_INT, AT(max_retries), BK_COL_WIDE},
	{"TIMEOUT", "timeoutMs", BK_CELL_PERIOD, AT(timeout_ms), BK_COL_WIDE},
	{"QUEUE", "queueDepth", BK_CELL_INT, AT(queue_depth), 0},
	{"OLDEST DUE", "oldestDueAt", BK_CELL_TIME, AT(oldest_due_at), BK_COL_WIDE},
	{"RUNS", "totalRuns", BK_CELL_INT, AT(total_runs), BK_COL_WIDE},
	{"FAILURES", "totalFailures", BK_CELL_INT, AT(total_failures), BK_COL_WIDE},
	{"PROCESSED IN ALL", "totalProcessed", BK_CELL_INT, AT(total_processed), BK_COL_WIDE},
	{"PAUSED UNTIL", "pausedUntil", BK_CELL_TIME, AT(paused_until), BK_COL_WIDE},
	{"PAUSED BECAUSE", "pausedReason", BK_CELL_TEXT, AT(paused_reason), BK_COL_WIDE},
	{"LAST SUCCESS", "lastSuccessTime", BK_CELL_TIME, AT(last_success_time), BK_COL_WIDE},
	{"RUNNING AS", "runningExecutionId", BK_CELL_ID, AT(running_execution_id), BK_COL_WIDE},
	{"SO FAR", "runningProcessedCount", BK_CELL_INT, AT(running_processed), BK_COL_WIDE},
	{"OF", "runningTotal", BK_CELL_INT, AT(running_total), BK_COL_WIDE},
	{"EXECUTIONS", "runningExecutions", BK_CELL_INT, AT(running_executions), BK_COL_WIDE},
};

static const struct bk_column watched_job_columns[] = {
	{"JOB", NULL, BK_CELL_TEXT, AT(job_name), BK_COL_SHOW},
	{"STATUS", NULL, BK_CELL_STATE, AT(status_text), BK_COL_SHOW},
	{"QUEUE", NULL, BK_CELL_INT, AT(queue_depth), BK_COL_SHOW},
	{"OLDEST", NULL, BK_CELL_DURATION, AT(oldest_due_age_ms), BK_COL_SHOW},
	{"LAST", NULL, BK_CELL_STATE, AT(last_execution_status), BK_COL_SHOW},
	{"LAST RUN", NULL, BK_CELL_TIME, AT(last_execution_time), BK_COL_SHOW},
	{"NEXT RUN", NULL, BK_CELL_TIME, AT(next_execution_time), BK_COL_SHOW},
	{"ERROR", NULL, BK_CELL_TEXT, AT(error_message), BK_COL_SHOW | BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_execution_view, member)

static const struct bk_column execution_columns[] = {
	{"ID", "id", BK_CELL_ID, AT(id), 0},
	{"RUN", "runId", BK_CELL_TEXT, AT(run_id), BK_COL_WIDE},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), 0},
	{"DESCRIPTION", "description", BK_CELL_TEXT, AT(description), BK_COL_WIDE},
	{"EXECUTED AT", "executedAt", BK_CELL_TIME, AT(executed_at), 0},
	{"FINISHED AT", "finishedAt", BK_CELL_TIME, AT(finished_at), BK_COL_WIDE},
	{"STATUS", "status", BK_CELL_STATE, AT(status), 0},
	{"PROCESSED", "processedCount", BK_CELL_INT, AT(processed_count), 0},
	{"SKIPPED", "skippedLocked", BK_CELL_INT, AT(skipped_locked), BK_COL_WIDE},
	{"QUARANTINED", "quarantined", BK_CELL_INT, AT(quarantined), BK_COL_WIDE},
	{"REMAINING", "remaining", BK_CELL_INT, AT(remaining), BK_COL_WIDE},
	{"ERROR CODE", "errorCode", BK_CELL_TEXT, AT(error_code), BK_COL_WIDE},
	{"ERROR", "errorMessage", BK_CELL_TEXT, AT(error_message), BK_COL_LAST},
	{"TIME", "executionTimeMs", BK_CELL_DURATION, AT(execution_time_ms), 0},
	{"SLOWEST BATCH", "slowestBatchMs", BK_CELL_DURATION, AT(slowest_batch_ms), BK_COL_WIDE},
	{"RETRIES", "retryCount", BK_CELL_INT, AT(retry_count), BK_COL_WIDE},
	{"TRIGGER", "triggeredBy", BK_CELL_TEXT, AT(triggered_by), BK_COL_WIDE},
	{"INVOKED BY", "invokedBy", BK_CELL_TEXT, AT(invoked_by), BK_COL_WIDE},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), BK_COL_WIDE},
	{"PID", "pid", BK_CELL_INT, AT(pid), BK_COL_WIDE},
	{"VERSION", "version", BK_CELL_TEXT, AT(version), BK_COL_WIDE},
	{"SLOT", "slot", BK_CELL_INT, AT(slot), BK_COL_WIDE},
	{"AS OF", "asOf", BK_CELL_TIME, AT(as_of), BK_COL_WIDE},
	{"CANCEL REQUESTED", "cancelRequested", BK_CELL_BOOL, AT(cancel_requested), BK_COL_WIDE},
};

#undef AT
#define AT(member) offsetof(struct bk_transition_view, member)

static const struct bk_column transition_columns[] = {
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"FROM", "from", BK_CELL_TEXT, AT(from_state), 0},
	{"TO", "to", BK_CELL_TEXT, AT(to_state), 0},
	{"COUNT", "count", BK_CELL_INT, AT(bookings), 0},
	{"BATCHES", "batches", BK_CELL_INT, AT(batches), 0},
	{"FIRST", "first", BK_CELL_TIME, AT(first_at), 0},
	{"LAST", "last", BK_CELL_TIME, AT(last_at), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_conf_entry, member)

static const struct bk_column setting_columns[] = {
	{"KEY", "key", BK_CELL_TEXT, AT(name), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), 0},
	{"ORIGIN", "origin", BK_CELL_TEXT, AT(origin), BK_COL_LAST},
	{"RANGE", "range", BK_CELL_TEXT, AT(range), BK_COL_WIDE},
	{"HELP", "help", BK_CELL_TEXT, AT(help), BK_COL_WIDE | BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_check, member)

static const struct bk_column check_columns[] = {
	{"CHECK", "name", BK_CELL_TEXT, AT(name), 0},
	{"STATE", "state", BK_CELL_STATE, AT(state_word), 0},
	{"MESSAGE", "message", BK_CELL_TEXT, AT(message), BK_COL_LAST},
	{"AGE", "ageMs", BK_CELL_DURATION, AT(age_ms), BK_COL_WIDE},
	{"ALLOWED", "maxAgeMs", BK_CELL_DURATION, AT(max_age_ms), BK_COL_WIDE},
	{"COUNT", "count", BK_CELL_INT, AT(count), BK_COL_WIDE},
};

#undef AT
#define AT(member) offsetof(struct bk_running_view, member)

static const struct bk_column running_columns[] = {
	{"ID", "id", BK_CELL_ID, AT(id), 0},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), 0},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), BK_COL_LAST},
	{"PID", "pid", BK_CELL_INT, AT(pid), BK_COL_WIDE},
	{"SLOT", "slot", BK_CELL_INT, AT(slot), BK_COL_WIDE},
	{"WORKERS", "workers", BK_CELL_INT, AT(workers), BK_COL_WIDE},
	{"DONE", "processedCount", BK_CELL_INT, AT(processed), 0},
	{"OF", "total", BK_CELL_INT, AT(due_total), 0},
	{"%", "percent", BK_CELL_INT, AT(percent), 0},
	{"PER S", "perSecond", BK_CELL_INT, AT(per_second), 0},
	{"TIME", "elapsedMs", BK_CELL_DURATION, AT(elapsed_ms), 0},
	{"LEFT", "leftMs", BK_CELL_DURATION, AT(left_ms), 0},
	{"LEASE", "leaseLeftMs", BK_CELL_DURATION, AT(lease_left_ms), BK_COL_WIDE},
	{"CANCEL", "cancelRequested", BK_CELL_BOOL, AT(cancel_requested), BK_COL_WIDE},
	{"AT", "at", BK_CELL_TIME, AT(at), BK_COL_DATA},
};

#undef AT
#define AT(member) offsetof(struct bk_failure_view, member)

static const struct bk_column failure_columns[] = {
	{"FAILED", NULL, BK_CELL_ID, AT(id), BK_COL_SHOW},
	{"OPERATION", NULL, BK_CELL_TEXT, AT(operation), BK_COL_SHOW},
	{"AT", NULL, BK_CELL_TIME, AT(executed_at), BK_COL_SHOW},
	{"STATUS", NULL, BK_CELL_STATE, AT(status), BK_COL_SHOW},
	{"CODE", NULL, BK_CELL_TEXT, AT(error_code), BK_COL_SHOW},
	{"INSTANCE", NULL, BK_CELL_TEXT, AT(server_instance), BK_COL_SHOW | BK_COL_WIDE},
	{"ERROR", NULL, BK_CELL_TEXT, AT(error_message), BK_COL_SHOW | BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_hold_view, member)

static const struct bk_column hold_columns[] = {
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"HELD UNTIL", "heldUntil", BK_CELL_TIME, AT(held_until), 0},
	{"EXPIRED", "expired", BK_CELL_BOOL, AT(expired), 0},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), BK_COL_LAST},
	{"AUTHOR", "author", BK_CELL_TEXT, AT(author), 0},
	{"CREATED AT", "createdAt", BK_CELL_TIME, AT(created_at), BK_COL_WIDE},
};

#undef AT
#define AT(member) offsetof(struct bk_quarantined_view, member)

static const struct bk_column quarantine_columns[] = {
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), BK_COL_WIDE},
	{"EXECUTION", "executionId", BK_CELL_ID, AT(execution_id), BK_COL_WIDE},
	{"SQLSTATE", "sqlstate", BK_CELL_TEXT, AT(sqlstate), 0},
	{"ERROR", "errorMessage", BK_CELL_TEXT, AT(error_message), BK_COL_LAST},
	{"FIRST SEEN", "firstSeenAt", BK_CELL_TIME, AT(first_seen_at), BK_COL_WIDE},
	{"LAST SEEN", "lastSeenAt", BK_CELL_TIME, AT(last_seen_at), 0},
	{"TRIES", "tries", BK_CELL_INT, AT(tries), 0},
	{"NEXT TRY", "nextTryAt", BK_CELL_TIME, AT(next_try_at), 0},
};

#undef AT

struct bk_list bk_out_jobs(const struct bk_job_list *jobs)
{
	return (struct bk_list){
		.columns = job_columns,
		.column_count = BK_COUNT(job_columns),
		.rows = jobs->items,
		.row_size = sizeof(*jobs->items),
		.row_count = jobs->count,
		.type = "job",
		.none = "no jobs",
	};
}

struct bk_list bk_out_executions(const struct bk_execution_list *executions)
{
	return (struct bk_list){
		.columns = execution_columns,
		.column_count = BK_COUNT(execution_columns),
		.rows = executions->items,
		.row_size = sizeof(*executions->items),
		.row_count = executions->count,
		.type = "execution",
		.none = "no executions",
	};
}

struct bk_list bk_out_transitions(const struct bk_execution_detail *detail)
{
	return (struct bk_list){
		.columns = transition_columns,
		.column_count = BK_COUNT(transition_columns),
		.rows = detail->transitions,
		.row_size = sizeof(*detail->transitions),
		.row_count = detail->transition_count,
		.type = "transition",
		.none = "no bookings were changed",
	};
}

struct bk_list bk_out_settings(const struct bk_conf_entry *entries, size_t count)
{
	return (struct bk_list){
		.columns = setting_columns,
		.column_count = BK_COUNT(setting_columns),
		.rows = entries,
		.row_size = sizeof(*entries),
		.row_count = count,
		.type = "setting",
		.none = "no settings",
	};
}

struct bk_list bk_out_checks(const struct bk_health *health)
{
	return (struct bk_list){
		.columns = check_columns,
		.column_count = BK_COUNT(check_columns),
		.rows = health->items,
		.row_size = sizeof(*health->items),
		.row_count = health->count,
		.type = "check",
		.none = "no checks",
	};
}

struct bk_list bk_out_running(const struct bk_running_list *running)
{
	return (struct bk_list){
		.columns = running_columns,
		.column_count = BK_COUNT(running_columns),
		.rows = running->items,
		.row_size = sizeof(*running->items),
		.row_count = running->count,
		.type = "running",
		.none = "nothing is running",
	};
}

struct bk_list bk_out_failures(const struct bk_failure_list *failures)
{
	return (struct bk_list){
		.columns = failure_columns,
		.column_count = BK_COUNT(failure_columns),
		.rows = failures->items,
		.row_size = sizeof(*failures->items),
		.row_count = failures->count,
		.none = "nothing has failed",
	};
}

struct bk_list bk_out_watched_jobs(const struct bk_job_list *jobs)
{
	struct bk_list list = bk_out_jobs(jobs);

	list.columns = watched_job_columns;
	list.column_count = BK_COUNT(watched_job_columns);
	return list;
}

struct bk_list bk_out_holds(const struct bk_hold_list *holds)
{
	return (struct bk_list){
		.columns = hold_columns,
		.column_count = BK_COUNT(hold_columns),
		.rows = holds->items,
		.row_size = sizeof(*holds->items),
		.row_count = holds->count,
		.type = "hold",
		.none = "no booking is on hold",
	};
}

struct bk_list bk_out_quarantine(const struct bk_quarantine *quarantine)
{
	return (struct bk_list){
		.columns = quarantine_columns,
		.column_count = BK_COUNT(quarantine_columns),
		.rows = quarantine->items,
		.row_size = sizeof(*quarantine->items),
		.row_count = quarantine->count,
		.type = "quarantined",
		.none = "no booking is in quarantine",
	};
}

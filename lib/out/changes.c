/*
 * The column tables; see changes.h.
 */
#include "out/changes.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_job_change, member)

static const struct bk_column job_columns[] = {
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), 0},
	{"CHANGED", "changed", BK_CELL_BOOL, AT(changed), 0},
	{"STATUS", "status", BK_CELL_STATE, AT(status), 0},
	{"PAUSED UNTIL", "pausedUntil", BK_CELL_TIME, AT(paused_until), 0},
	{"PAUSED BECAUSE", "pausedReason", BK_CELL_TEXT, AT(paused_reason), 0},
	{"RUNNING AS", "runningExecutionId", BK_CELL_ID, AT(running_execution_id), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_cancelled, member)

static const struct bk_column cancelled_columns[] = {
	{"ID", "id", BK_CELL_ID, AT(id), 0},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), 0},
	{"STATUS", "status", BK_CELL_STATE, AT(status), 0},
	{"FINISHED AT", "finishedAt", BK_CELL_TIME, AT(finished_at), 0},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), 0},
	{"PID", "pid", BK_CELL_INT, AT(pid), 0},
	{"PROCESSED", "processedCount", BK_CELL_INT, AT(processed_count), 0},
	{"CANCEL REQUESTED", "cancelRequested", BK_CELL_BOOL, AT(cancel_requested), 0},
	{"LEASE EXPIRED", "leaseExpired", BK_CELL_BOOL, AT(lease_expired), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_hold_change, member)

static const struct bk_column hold_columns[] = {
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"HELD UNTIL", "heldUntil", BK_CELL_TIME, AT(held_until), 0},
	{"EXPIRED", "expired", BK_CELL_BOOL, AT(expired), 0},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), 0},
	{"AUTHOR", "author", BK_CELL_TEXT, AT(author), 0},
	{"CREATED AT", "createdAt", BK_CELL_TIME, AT(created_at), 0},
	{"BOOKING STATUS", "bookingStatus", BK_CELL_TEXT, AT(booking_status), 0},
	{"REPLACED", "replaced", BK_CELL_BOOL, AT(replaced), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_backup, member)

static const struct bk_column backup_columns[] = {
	{"FILE", "file", BK_CELL_TEXT, AT(file), 0},
	{"BYTES", "bytes", BK_CELL_INT, AT(bytes), 0},
	{"SHA-256", "sha256", BK_CELL_TEXT, AT(sha256), 0},
	{"TABLES", "tables", BK_CELL_INT, AT(tables), 0},
	{"SCHEMA VERSION", "schemaVersion", BK_CELL_INT, AT(schema_version), 0},
	{"SERVER VERSION", "serverVersion", BK_CELL_TEXT, AT(server_version), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_restored, member)

static const struct bk_column restored_columns[] = {
	{"FILE", "file", BK_CELL_TEXT, AT(file), 0},
	{"CHECKSUM VERIFIED", "checksumVerified", BK_CELL_BOOL, AT(checksum_verified), 0},
	{"FROM SCHEMA VERSION", "fromSchemaVersion", BK_CELL_INT, AT(from_version), 0},
	{"SCHEMA VERSION", "schemaVersion", BK_CELL_INT, AT(version), 0},
	{"FROM SERVER VERSION", "fromServerVersion", BK_CELL_TEXT, AT(server_version), 0},
	{"CLOSED EXECUTIONS", "closedExecutions", BK_CELL_INT, AT(closed_count), 0},
	{"PAUSED JOBS", "pausedJobs", BK_CELL_INT, AT(paused_count), 0},
};

#undef AT

static const struct bk_column retried_columns[] = {
	{"COUNT", "count", BK_CELL_INT, offsetof(struct bk_retried, found), 0},
};

/* Every list here is of this type in JSON lines. */
static struct bk_list list_of(const struct bk_column *columns, size_t column_count,
			      const void *rows, size_t row_size, size_t row_count)
{
	return (struct bk_list){
		.columns = columns,
		.column_count = column_count,
		.rows = rows,
		.row_size = row_size,
		.row_count = row_count,
		.type = "change",
		.none = "no jobs",
	};
}

struct bk_list bk_out_job_changes(const struct bk_job_changes *changes)
{
	return list_of(job_columns, BK_COUNT(job_columns), changes->items, sizeof(*changes->items),
		       changes->count);
}

struct bk_list bk_out_cancelled(const struct bk_cancelled *cancelled)
{
	return list_of(cancelled_columns, BK_COUNT(cancelled_columns), cancelled,
		       sizeof(*cancelled), 1);
}

struct bk_list bk_out_held(const struct bk_hold_change *hold)
{
	return list_of(hold_columns, BK_COUNT(hold_columns), hold, sizeof(*hold), 1);
}

/* Without the last column: nothing came in its place. */
struct bk_list bk_out_released(const struct bk_hold_change *hold)
{
	return list_of(hold_columns, BK_COUNT(hold_columns) - 1, hold, sizeof(*hold), 1);
}

struct bk_list bk_out_backup(const struct bk_backup *backup)
{
	return list_of(backup_columns, BK_COUNT(backup_columns), backup, sizeof(*backup), 1);
}

struct bk_list bk_out_restored(const struct bk_restored *restored)
{
	return list_of(restored_columns, BK_COUNT(restored_columns), restored, sizeof(*restored),
		       1);
}

struct bk_list bk_out_retried(const struct bk_retried *retried)
{
	return list_of(retried_columns, BK_COUNT(retried_columns), retried, sizeof(*retried), 1);
}

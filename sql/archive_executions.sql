-- Executions that are to be archived, as texts that read back as they were.
-- $1 executions bigint[]
-- Rows: month, for the archive; then every column, by the start.
-- Locks nothing; they are locked.
SELECT to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
       e.id::text AS id,
       to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS executed_at,
       e.run_id::text AS run_id, e.operation, e.description,
       to_char(e.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS finished_at,
       e.status, e.processed_count::text AS processed_count,
       e.skipped_locked::text AS skipped_locked, e.quarantined::text AS quarantined,
       e.remaining::text AS remaining, e.error_code, e.error_message,
       e.execution_time_ms::text AS execution_time_ms,
       e.slowest_batch_ms::text AS slowest_batch_ms, e.retry_count::text AS retry_count,
       e.triggered_by, e.invoked_by, e.server_instance, e.pid::text AS pid, e.version,
       e.slot::text AS slot, e.lease_token::text AS lease_token,
       to_char(e.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS as_of,
       e.cancel_requested::text AS cancel_requested,
       to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(e.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       e.due_total::text AS due_total, e.undo_of::text AS undo_of
  FROM :"bk".maintenance_executions AS e
 WHERE e.id = ANY ($1::bigint[])
 ORDER BY e.executed_at, e.id

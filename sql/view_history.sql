-- A page of executions, newest first, after a position: the index that fits the
-- filters is read backwards, whatever the number of executions. Planned with its
-- values (plan_cache_mode), so a filter that is NULL costs nothing.
-- $1 operation  $2 status  $3 triggered by  $4 id; NULL = any
-- $5 since (and at it), $7 until (not at it): microseconds since 1970; $6, $8: the
-- same as milliseconds before now; NULL = no bound
-- $9, $10 position of the last one seen: executed_at in microseconds since 1970, id; or NULL
-- $11 most rows
-- :executions  the table: maintenance_executions or archived_executions
-- Rows: the execution; processed_count of a RUNNING one from its workers.
-- Locks nothing.
SELECT e.id::text AS id, e.run_id::text AS run_id, e.operation, e.description,
       to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       to_char(e.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS finished_at,
       e.status,
       CASE WHEN e.status = 'RUNNING'
	    THEN (SELECT coalesce(sum(w.processed), 0)::bigint
		    FROM :"bk".execution_workers AS w WHERE w.execution_id = e.id)
	    ELSE e.processed_count END AS processed_count,
       e.skipped_locked, e.quarantined, e.remaining, e.error_code, e.error_message,
       e.execution_time_ms, e.slowest_batch_ms, e.retry_count::bigint AS retry_count,
       e.triggered_by, e.invoked_by, e.server_instance, e.pid::bigint AS pid, e.version,
       e.slot::bigint AS slot,
       to_char(e.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS as_of,
       e.cancel_requested,
       (extract(epoch FROM e.executed_at) * 1000000)::bigint AS position_us,
       e.id AS position_id
  FROM :"bk".:"executions" AS e
 WHERE ($1::text IS NULL OR e.operation = $1::text)
   AND ($2::text IS NULL OR e.status = $2::text)
   AND ($3::text IS NULL OR e.triggered_by = $3::text)
   AND ($4::bigint IS NULL OR e.id = $4::bigint)
   AND e.executed_at >= coalesce(
	'epoch'::timestamptz + $5::bigint * interval '1 microsecond',
	now() - $6::bigint * interval '1 millisecond',
	'-infinity'::timestamptz)
   AND e.executed_at < coalesce(
	'epoch'::timestamptz + $7::bigint * interval '1 microsecond',
	now() - $8::bigint * interval '1 millisecond',
	'infinity'::timestamptz)
   AND ($10::bigint IS NULL OR (e.executed_at, e.id) <
	('epoch'::timestamptz + $9::bigint * interval '1 microsecond', $10::bigint))
 ORDER BY e.executed_at DESC, e.id DESC
 LIMIT $11::bigint

-- The newest executions that did not succeed. Each status is read from its own part of an
-- index, so that years of success before the last failure cost nothing.
-- $1 start: microseconds since 1970  $2 most rows
-- Rows: id, operation, executed_at, status, processed_count, execution_time_ms, error_code,
-- error_message (its beginning), server_instance.
-- Locks nothing.
SELECT f.id::text AS id, f.operation,
       to_char(f.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       f.status, f.processed_count, f.execution_time_ms, f.error_code,
       left(f.error_message, 2000) AS error_message, f.server_instance
  FROM (VALUES ('PARTIAL'), ('ERROR'), ('TIMEOUT'), ('CANCELLED'), ('ABANDONED'), ('REFUSED')
       ) AS s (status)
 CROSS JOIN LATERAL (
	SELECT e.*
	  FROM :"bk".maintenance_executions AS e
	 WHERE e.status = s.status AND e.status <> 'SUCCESS'
	   AND e.executed_at >= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
	 ORDER BY e.executed_at DESC, e.id DESC
	 LIMIT $2::bigint) AS f
 ORDER BY f.executed_at DESC, f.id DESC
 LIMIT $2::bigint

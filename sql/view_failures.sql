-- The last executions that failed, newest first: of each status as many as are wanted at most, by
-- the index on the unusual ones, whatever the number of executions.
-- $1 most rows bigint
-- Rows: id, operation, executed_at, status, error_code, error_message, server_instance.
-- Locks nothing.
SELECT e.id::text AS id, e.operation,
       to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       e.status, e.error_code, e.error_message, e.server_instance
  FROM unnest(ARRAY['ERROR', 'TIMEOUT', 'ABANDONED', 'REFUSED']) AS s (status)
 CROSS JOIN LATERAL (
	SELECT f.id
	  FROM :"bk".maintenance_executions AS f
	 WHERE f.status = s.status AND f.status <> 'SUCCESS'
	 ORDER BY f.executed_at DESC, f.id DESC
	 LIMIT $1::bigint) AS f
  JOIN :"bk".maintenance_executions AS e ON e.id = f.id
 ORDER BY e.executed_at DESC, e.id DESC
 LIMIT $1::bigint

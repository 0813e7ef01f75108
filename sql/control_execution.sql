-- An execution as whoever wants to cancel it needs to know it.
-- $1 execution
-- One row or none: id, operation, status, finished_at, server_instance, pid,
-- processed_count (of a running one so far), cancel_requested, and lease_expired:
-- it counts as running, but none of its workers has renewed its lease in time.
-- Locks nothing.
SELECT e.id::text AS id, e.operation, e.status,
       to_char(e.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS finished_at,
       e.server_instance, e.pid::bigint AS pid,
       CASE WHEN e.status = 'RUNNING' THEN w.processed ELSE e.processed_count END AS processed_count,
       e.cancel_requested,
       (e.status = 'RUNNING' AND NOT w.alive) AS lease_expired
  FROM :"bk".maintenance_executions AS e
 CROSS JOIN LATERAL (
	SELECT coalesce(sum(w.processed), 0)::bigint AS processed,
	       coalesce(bool_or(w.lease_expires_at > clock_timestamp()), false) AS alive
	  FROM :"bk".execution_workers AS w WHERE w.execution_id = e.id) AS w
 WHERE e.id = $1::bigint

-- Executions at work: those with a worker whose lease is alive, by operation and slot.
-- No parameters.
-- Rows: the execution; workers alive; processed by all its workers; elapsed since the
-- claim, lease_left until the last lease ends, in milliseconds; at, the instant all of
-- it is said of.
-- Locks nothing.
WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at)
SELECT e.id::text AS id, e.operation, e.server_instance, e.pid::bigint AS pid,
       e.slot::bigint AS slot, w.workers, w.processed, e.due_total,
       greatest((extract(epoch FROM c.at - e.executed_at) * 1000)::bigint, 0) AS elapsed_ms,
       (extract(epoch FROM w.lease_expires_at - c.at) * 1000)::bigint AS lease_left_ms,
       (e.cancel_requested OR w.cancel_requested) AS cancel_requested,
       to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM clock AS c
 CROSS JOIN :"bk".maintenance_executions AS e
 CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE x.lease_expires_at > c.at) AS workers,
	       coalesce(sum(x.processed), 0)::bigint AS processed,
	       max(x.lease_expires_at) AS lease_expires_at,
	       coalesce(bool_or(x.cancel_requested), false) AS cancel_requested
	  FROM :"bk".execution_workers AS x
	 WHERE x.execution_id = e.id) AS w
 WHERE e.status = 'RUNNING' AND w.workers > 0
 ORDER BY e.operation, e.slot, e.id

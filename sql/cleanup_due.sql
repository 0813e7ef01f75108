-- What the job cleanup has to do: a fragment of its other statements and of the
-- claim, hence without parameters. By the database's clock.
-- Rows: rule; id (execution, or NULL); key (text for people); due, since when it
-- is to be done. An execution is dead when all its workers' leases have expired,
-- or, where it has no worker at all, an hour after the time that its job may take.
-- Locks nothing.
SELECT 'close-dead' AS rule, e.id, e.id::text AS key,
       coalesce(w.lease, e.executed_at + coalesce(j.timeout_ms, 0) * interval '1 millisecond'
			 + interval '1 hour') AS due
  FROM :"bk".maintenance_executions AS e
  LEFT JOIN :"bk".scheduler_job_info AS j ON j.job_name = e.operation
 CROSS JOIN LATERAL (
	SELECT max(w.lease_expires_at) AS lease FROM :"bk".execution_workers AS w
	 WHERE w.execution_id = e.id) AS w
 WHERE e.status = 'RUNNING'
   AND coalesce(w.lease, e.executed_at + coalesce(j.timeout_ms, 0) * interval '1 millisecond'
			 + interval '1 hour') < clock_timestamp()
UNION ALL
SELECT 'remove-hold', NULL::bigint, array_to_string(h.booking_key, ' '),
       h.held_until + interval '1 day'
  FROM :"bk".booking_holds AS h
 WHERE h.held_until < clock_timestamp() - interval '1 day'
UNION ALL
SELECT 'remove-quarantined', NULL::bigint, q.rule || ' ' || array_to_string(q.booking_key, ' '),
       q.next_try_at + interval '7 days'
  FROM :"bk".quarantined_bookings AS q
 WHERE q.next_try_at < clock_timestamp() - interval '7 days'

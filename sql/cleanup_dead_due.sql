-- Executions that died and that no later run took over: a fragment of other statements
-- and of the claim, hence without parameters. By the database's clock.
-- Rows: id; key (text for people); due, since when it is to be done. An execution is
-- dead when all its workers' leases have expired, or, where it has no worker at all, an
-- hour after the time that its job may take.
-- Locks nothing.
SELECT e.id, e.id::text AS key,
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

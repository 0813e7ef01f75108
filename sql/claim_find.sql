-- The execution of a claim whose answer was lost.
-- $1 run id uuid  $2 oldest scan instant, ms before the claim, NULL = no bound
-- One row as of lease_claim, or none: the claim was not committed (yet).
SELECT 'go' AS verdict,
       e.id::text AS id,
       e.lease_token AS token,
       (e.status = 'RUNNING') AS work,
       to_char(e.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       coalesce(to_char((e.as_of - $2::float8 * interval '1 millisecond') AT TIME ZONE 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), '-infinity') AS lower,
       to_char(e.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       e.execution_time_ms,
       (j.last_success_time IS NULL) AS never_succeeded,
       EXISTS (SELECT FROM :"bk".quarantined_bookings AS q
		WHERE q.operation = e.operation AND q.next_try_at <= e.as_of) AS tries_again,
       NULL::text AS abandoned_id,
       NULL::text AS holder_instance,
       NULL::bigint AS holder_pid,
       to_char(j.next_execution_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       j.paused_reason,
       NULL::bigint AS clock_difference_ms
  FROM :"bk".maintenance_executions AS e
  JOIN :"bk".scheduler_job_info AS j ON j.job_name = e.operation
 WHERE e.run_id = $1::uuid

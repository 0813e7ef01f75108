-- The usual tick in one small statement: the job is due, nobody is at work on it,
-- this instance has checked the mapping, the schema has not changed since, and no
-- booking is due. Writes the finished record at once. In any other case it does
-- nothing and gives no row; lease_claim then finds out what there is.
-- $1 timestamptz: the clock to judge by, NULL = the database's (tests inject one)
-- $2 job  $3 delay ms  $4 oldest scan instant, ms before now, NULL = no bound
-- $5 run id uuid  $6 description  $7 instance  $8 pid int  $9 version
-- $10 invoking user of the operating system  $11 fingerprint of the mapping
-- $12 bool: only where this instance ran the job last  $13 ms that a run may be late, NULL = any
-- $14 timestamptz: the host's clock
-- :probe  expression, true when work is due at (SELECT now FROM clock)
-- One row or none. It is small because a fresh connection has no plans and no
-- catalog entries at hand: each table and each subquery costs (measured: the whole
-- claim 7 ms, this 2). Locks the job's row; who waits for it finds it not due.
WITH bounds AS MATERIALIZED (
	SELECT now AS as_of,
	       coalesce(now - $4::float8 * interval '1 millisecond', '-infinity'::timestamptz) AS lower
	  FROM (SELECT coalesce($1::timestamptz, statement_timestamp()) AS now) AS clock
), seen AS (
	UPDATE :"bk".instances AS i
	   SET last_ticks = i.last_ticks || jsonb_build_object($2::text, bounds.as_of), seen_at = bounds.as_of,
	       clock_difference_ms = (extract(epoch FROM $14::timestamptz - statement_timestamp()) * 1000)::bigint
	  FROM bounds
	 WHERE i.instance = $7::text
	   AND (i.last_ticks ->> $2::text)::timestamptz <= bounds.as_of - interval '1 minute'
), idle AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET lease_token = j.lease_token + 1, delay_ms = $3::bigint, last_instance = $7::text,
	       last_execution_time = bounds.as_of,
	       next_execution_time = bounds.as_of + $3::bigint * interval '1 millisecond',
	       last_execution_status = 'SUCCESS', last_success_time = bounds.as_of, processed_count = 0,
	       total_runs = j.total_runs + 1, updated_at = bounds.as_of
	  FROM bounds
	 WHERE j.job_name = $2::text AND j.status = 'IDLE' AND j.is_active AND j.retry_count = 0
	   AND j.error_message IS NULL AND j.paused_until IS NULL
	   AND (NOT $12::boolean OR j.last_instance = $7::text)
	   AND coalesce(bounds.as_of >= j.next_execution_time
				- least($3::bigint / 4, 30000) * interval '1 millisecond', true)
	   AND coalesce(bounds.as_of <= j.next_execution_time + $13::float8 * interval '1 millisecond', true)
	   AND NOT EXISTS (SELECT FROM :"bk".maintenance_executions AS e
			    WHERE e.operation = $2::text AND e.status = 'RUNNING')
	   AND (SELECT i.mapping_fingerprint = $11::text AND i.version = $9::text
			AND i.last_ticks ? $2::text
		  FROM :"bk".instances AS i WHERE i.instance = $7::text)
	   AND NOT (:probe)
	RETURNING j.lease_token, bounds.as_of, j.next_execution_time
)
INSERT INTO :"bk".maintenance_executions AS e
       (run_id, operation, description, executed_at, finished_at, status, execution_time_ms,
	slowest_batch_ms, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
SELECT $5::uuid, $2::text, $6::text, idle.as_of,
       idle.as_of + (clock_timestamp() - statement_timestamp()), 'SUCCESS',
       (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint,
       0, 'SCHEDULER', $10::text || '/' || session_user, $7::text, $8::integer, $9::text,
       idle.lease_token, idle.as_of
  FROM idle
RETURNING e.id::text AS id, e.lease_token AS token,
	  to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
	  e.execution_time_ms,
	  to_char((e.executed_at + $3::bigint * interval '1 millisecond') AT TIME ZONE 'UTC',
		  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
	  (extract(epoch FROM $14::timestamptz - statement_timestamp()) * 1000)::bigint AS clock_difference_ms

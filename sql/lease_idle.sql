-- The usual tick in one small statement: the job is due, nobody is at work on it,
-- this instance has checked the mapping, the schema has not changed since, and no
-- booking is due. Writes the finished record at once. In any other case it does
-- nothing and gives no row; lease_claim then finds out what there is.
-- $1 job  $2 delay ms  $3 oldest scan instant, ms before now  $4 how long before its
-- time a run may take place, ms  $5 how long after it, ms, NULL = any
-- $6 bool: only where this instance ran the job last
-- $7 run id uuid  $8 description  $9 instance  $10 pid int  $11 version
-- $12 invoking user of the operating system  $13 fingerprint of the mapping
-- $14 timestamptz: the host's clock
-- :probe  expression, true when work is due at statement_timestamp(), and no earlier than $3
-- One row or none. Locks the job's row; who waits for it finds it not due.
-- A fresh connection has neither plans nor catalog entries at hand, so each table,
-- subquery and default expression costs: with a CTE for the clock and without the
-- columns that have defaults this took two thirds longer (measured).
WITH seen AS (
	UPDATE :"bk".instances AS i
	   SET last_ticks = i.last_ticks || jsonb_build_object($1::text, statement_timestamp()),
	       seen_at = statement_timestamp(),
	       clock_difference_ms = (extract(epoch FROM $14::timestamptz - statement_timestamp()) * 1000)::bigint
	 WHERE i.instance = $9::text
	   AND (i.last_ticks ->> $1::text)::timestamptz <= statement_timestamp() - '1 minute'::interval
), idle AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET lease_token = j.lease_token + 1, delay_ms = $2::bigint, last_instance = $9::text,
	       last_execution_time = statement_timestamp(),
	       next_execution_time = statement_timestamp() + $2::float8 * '1 ms'::interval,
	       last_execution_status = 'SUCCESS', last_success_time = statement_timestamp(),
	       processed_count = 0, total_runs = j.total_runs + 1, updated_at = statement_timestamp()
	 WHERE j.job_name = $1::text AND j.status = 'IDLE' AND j.is_active AND j.retry_count = 0
	   AND j.error_message IS NULL AND j.paused_until IS NULL
	   AND (NOT $6::boolean OR j.last_instance = $9::text)
	   AND (j.next_execution_time IS NULL
		OR (statement_timestamp() >= j.next_execution_time - $4::float8 * '1 ms'::interval
		    AND ($5::float8 IS NULL
			 OR statement_timestamp() <= j.next_execution_time + $5::float8 * '1 ms'::interval)))
	   AND NOT EXISTS (SELECT FROM :"bk".maintenance_executions AS e
			    WHERE e.operation = $1::text AND e.status = 'RUNNING')
	   AND EXISTS (SELECT FROM :"bk".instances AS i
			WHERE i.instance = $9::text AND i.mapping_fingerprint = $13::text
			  AND i.version = $11::text AND i.last_ticks ? $1::text)
	   AND NOT ($3::float8 < 0 OR :probe)
	RETURNING j.lease_token
)
INSERT INTO :"bk".maintenance_executions AS e
       (run_id, operation, description, executed_at, finished_at, status, processed_count,
	skipped_locked, quarantined, remaining, execution_time_ms, slowest_batch_ms, retry_count,
	triggered_by, invoked_by, server_instance, pid, version, slot, lease_token, as_of,
	cancel_requested, created_at, updated_at)
SELECT $7::uuid, $1::text, $8::text, statement_timestamp(), clock_timestamp(), 'SUCCESS', 0,
       0, 0, 0, (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint, 0, 0,
       'SCHEDULER', $12::text || '/' || session_user, $9::text, $10::integer, $11::text, 0,
       idle.lease_token, statement_timestamp(), false, statement_timestamp(), statement_timestamp()
  FROM idle
RETURNING e.id::text AS id, e.lease_token AS token,
	  to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
	  e.execution_time_ms,
	  to_char((e.executed_at + $2::float8 * '1 ms'::interval) AT TIME ZONE 'UTC',
		  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
	  (extract(epoch FROM $14::timestamptz - statement_timestamp()) * 1000)::bigint AS clock_difference_ms

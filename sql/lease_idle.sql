-- The usual tick in one small statement: the job is due, nobody is at work on it,
-- this instance has checked the mapping, the schema and the settings have not changed
-- since, and no booking is due. Writes the finished record at once. In any other case it does
-- nothing and gives no row; lease_claim then finds out what there is.
-- $1 job  $2 delay ms  $3 interval: oldest scan instant before now  $4 interval: how long
-- before its time a run may take place  $5 interval: how long after it, NULL = any
-- $6 bool: only where this instance ran the job last
-- $7 run id uuid  $8 description  $9 instance  $10 pid int  $11 version
-- $12 invoking user of the operating system  $13 fingerprint of the mapping
-- $14 interval: the delay  $15 the settings that the caller has, by scheduler_job_info.settings_version
-- Counts the run in the job's row, for the hour that stats_roll opened; the bucket is that of
-- execution_stats.buckets, up to 4 s.
-- :probe  expression, true when work is due at statement_timestamp(), and no earlier than $3
-- One row or none: id, the instant of the run, ms that it took, and the tick of this job that
-- the instance has in its row. Locks the job's row; who waits for it finds it not due.
-- A fresh connection has neither plans nor catalog entries at hand, so each table, function,
-- operator and default costs 20 to 100 microseconds, a fifth of the statement in all: times
-- are given as they are, durations come as intervals, and the instance's row, to be written
-- once a minute, is left to instance_seen (measured).
WITH idle AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET lease_token = j.lease_token + 1, delay_ms = $2::bigint, last_instance = $9::text,
	       last_execution_time = statement_timestamp(),
	       next_execution_time = statement_timestamp() + $14::interval,
	       last_execution_status = 'SUCCESS', last_success_time = statement_timestamp(),
	       processed_count = 0, total_runs = j.total_runs + 1, updated_at = statement_timestamp(),
	       idle_runs = j.idle_runs + 1, idle_ms = j.idle_ms + took.ms,
	       idle_max_ms = greatest(j.idle_max_ms, took.ms),
	       idle_buckets[bucket.n] = j.idle_buckets[bucket.n] + 1
  FROM :"bk".instances AS i
 CROSS JOIN LATERAL (
	SELECT (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint AS ms) AS took
 CROSS JOIN LATERAL (
	SELECT (CASE WHEN took.ms < 16 THEN 1 + took.ms WHEN took.ms < 32 THEN 9 + took.ms / 2
		     WHEN took.ms < 64 THEN 17 + took.ms / 4 WHEN took.ms < 128 THEN 25 + took.ms / 8
		     WHEN took.ms < 256 THEN 33 + took.ms / 16 WHEN took.ms < 512 THEN 41 + took.ms / 32
		     WHEN took.ms < 1024 THEN 49 + took.ms / 64 WHEN took.ms < 2048 THEN 57 + took.ms / 128
		     WHEN took.ms < 4096 THEN 65 + took.ms / 256 ELSE 81 END)::integer AS n) AS bucket
	 WHERE j.job_name = $1::text AND j.status = 'IDLE' AND j.is_active AND j.retry_count = 0
	   AND j.error_message IS NULL AND j.paused_until IS NULL
	   AND j.settings_version = $15::bigint
	   AND (NOT $6::boolean OR j.last_instance = $9::text)
	   AND (j.next_execution_time IS NULL
		OR (statement_timestamp() >= j.next_execution_time - $4::interval
		    AND ($5::interval IS NULL
			 OR statement_timestamp() <= j.next_execution_time + $5::interval)))
	   AND i.instance = $9::text AND i.mapping_fingerprint = $13::text
	   AND i.version = $11::text AND (i.last_ticks ->> $1::text) IS NOT NULL
	   AND statement_timestamp() < j.idle_until
   AND NOT EXISTS (SELECT FROM :"bk".maintenance_executions AS e
			    WHERE e.operation = $1::text AND e.status = 'RUNNING')
	   AND NOT ($3::interval IS NULL OR :probe)
	RETURNING j.lease_token, took.ms, i.last_ticks ->> $1::text AS last_tick
)
INSERT INTO :"bk".maintenance_executions AS e
       (run_id, operation, description, executed_at, finished_at, status, processed_count,
	skipped_locked, quarantined, remaining, execution_time_ms, slowest_batch_ms, retry_count,
	triggered_by, invoked_by, server_instance, pid, version, slot, lease_token, as_of,
	cancel_requested, created_at, updated_at)
SELECT $7::uuid, $1::text, $8::text, statement_timestamp(), clock_timestamp(), 'SUCCESS', 0,
       0, 0, 0, idle.ms, 0, 0,
       'SCHEDULER', concat($12::text, '/', session_user), $9::text, $10::integer, $11::text, 0,
       idle.lease_token, statement_timestamp(), false, statement_timestamp(), statement_timestamp()
  FROM idle
RETURNING e.id, e.executed_at, e.execution_time_ms, (SELECT idle.last_tick FROM idle) AS last_tick

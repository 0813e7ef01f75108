-- Claims a run of a job, or says why not; where nothing is due it writes the
-- finished record at once, so that such a tick is this one statement.
-- $1 timestamptz: the clock to judge by, NULL = the database's (tests inject one)
-- $2 job  $3 slot int  $4 by hand bool  $5 also if paused or disabled bool
-- $6 delay ms  $7 timeout ms  $8 lease ms  $9 oldest scan instant, ms before now, NULL = no bound
-- $10 run id uuid  $11 description  $12 instance  $13 pid int  $14 version
-- $15 invoking user of the operating system  $16 fingerprint of the mapping
-- :probe  expression, true when work is due at (SELECT now FROM clock)
-- One row: verdict go|not-due|busy|paused|disabled|unknown; with go the execution.
-- Locks the job's row (skipped when another claim holds it: busy), and, to take
-- an expired run over, its ledger rows; one that is locked may be an unknown
-- commit, so the job is busy then too.
WITH clock AS MATERIALIZED (
	SELECT coalesce($1::timestamptz, clock_timestamp()) AS now
), bounds AS MATERIALIZED (
	SELECT now AS as_of,
	       coalesce(now - $9::float8 * interval '1 millisecond', '-infinity'::timestamptz) AS lower
	  FROM clock
), job AS MATERIALIZED (
	SELECT j.* FROM :"bk".scheduler_job_info AS j WHERE j.job_name = $2::text
	   FOR NO KEY UPDATE SKIP LOCKED
), running AS MATERIALIZED (
	SELECT e.id, e.server_instance, e.pid
	  FROM job JOIN :"bk".maintenance_executions AS e ON e.operation = job.job_name
	 WHERE e.status = 'RUNNING' AND e.slot = $3::integer
), dead AS MATERIALIZED (
	SELECT w.execution_id, w.processed
	  FROM running JOIN :"bk".execution_workers AS w ON w.execution_id = running.id
	 WHERE w.lease_expires_at <= (SELECT now FROM clock)
	   FOR UPDATE OF w SKIP LOCKED
), verdict AS MATERIALIZED (
	SELECT CASE
	       WHEN NOT EXISTS (SELECT FROM :"bk".scheduler_job_info WHERE job_name = $2::text)
	       THEN 'unknown'
	       WHEN job.id IS NULL THEN 'busy'
	       WHEN (job.status = 'DISABLED' OR NOT job.is_active) AND NOT $5::boolean THEN 'disabled'
	       WHEN job.status = 'PAUSED' AND NOT $5::boolean
		    AND (job.paused_until IS NULL OR job.paused_until > clock.now) THEN 'paused'
	       WHEN (SELECT count(*) FROM dead) <
		    (SELECT count(*) FROM running JOIN :"bk".execution_workers AS w
			ON w.execution_id = running.id) THEN 'busy'
	       WHEN NOT $4::boolean AND clock.now <
		    job.next_execution_time - least($6::bigint / 4, 30000) * interval '1 millisecond'
	       THEN 'not-due'
	       ELSE 'go' END AS verdict
	  FROM clock LEFT JOIN job ON true
), probe AS MATERIALIZED (
	SELECT CASE WHEN verdict = 'go' THEN (:probe) ELSE false END AS work FROM verdict
), closed AS (
	UPDATE :"bk".maintenance_executions AS e
	   SET status = 'ABANDONED', finished_at = clock.now, updated_at = clock.now,
	       processed_count = (SELECT coalesce(sum(dead.processed), 0) FROM dead),
	       execution_time_ms = greatest(0, extract(epoch FROM clock.now - e.executed_at) * 1000)::bigint,
	       remaining = NULL,
	       error_code = 'ABANDONED',
	       error_message = 'the lease expired; closed by ' || $12::text || ' pid ' || $13::text
	  FROM running, verdict, clock
	 WHERE e.id = running.id AND e.status = 'RUNNING' AND verdict.verdict = 'go'
	RETURNING e.id, e.processed_count
), buried AS (
	DELETE FROM :"bk".execution_workers AS w USING closed WHERE w.execution_id = closed.id
), claimed AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET lease_token = j.lease_token + 1,
	       delay_ms = $6::bigint, timeout_ms = $7::bigint,
	       last_execution_time = clock.now,
	       next_execution_time = clock.now + $6::bigint * interval '1 millisecond',
	       status = CASE WHEN j.status = 'PAUSED' AND j.paused_until <= clock.now THEN 'IDLE'
			     WHEN j.status = 'ERROR' AND NOT probe.work THEN 'IDLE'
			     ELSE j.status END,
	       paused_reason = CASE WHEN j.paused_until <= clock.now THEN NULL ELSE j.paused_reason END,
	       paused_until = CASE WHEN j.paused_until <= clock.now THEN NULL ELSE j.paused_until END,
	       last_execution_status = CASE WHEN probe.work THEN j.last_execution_status ELSE 'SUCCESS' END,
	       last_success_time = CASE WHEN probe.work THEN j.last_success_time ELSE clock.now END,
	       processed_count = CASE WHEN probe.work THEN j.processed_count ELSE 0 END,
	       error_message = CASE WHEN probe.work THEN j.error_message END,
	       retry_count = CASE WHEN probe.work THEN j.retry_count ELSE 0 END,
	       total_runs = j.total_runs + 1,
	       total_failures = j.total_failures + (SELECT count(*) FROM closed),
	       total_processed = j.total_processed + (SELECT coalesce(sum(processed_count), 0) FROM closed)::bigint,
	       updated_at = clock.now
	  FROM job, verdict, probe, clock
	 WHERE j.id = job.id AND verdict.verdict = 'go'
	RETURNING j.lease_token, probe.work, j.last_success_time, clock.now, j.next_execution_time
), opened AS (
	INSERT INTO :"bk".maintenance_executions AS e
	       (run_id, operation, description, executed_at, finished_at, status, execution_time_ms,
		slowest_batch_ms, triggered_by, invoked_by, server_instance, pid, version, slot,
		lease_token, as_of)
	SELECT $10::uuid, $2::text, $11::text, claimed.now,
	       CASE WHEN NOT claimed.work
		    THEN claimed.now + (clock_timestamp() - statement_timestamp()) END,
	       CASE WHEN claimed.work THEN 'RUNNING' ELSE 'SUCCESS' END,
	       CASE WHEN NOT claimed.work
		    THEN (extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::bigint END,
	       CASE WHEN NOT claimed.work THEN 0 END,
	       CASE WHEN $4::boolean THEN 'MANUAL' ELSE 'SCHEDULER' END,
	       $15::text || '/' || session_user, $12::text, $13::integer, $14::text, $3::integer,
	       claimed.lease_token, claimed.now
	  FROM claimed
	 WHERE (SELECT count(*) FROM closed) >= 0 -- after the old one is closed: one RUNNING per slot
	RETURNING e.id, e.lease_token, e.status, e.executed_at, e.finished_at, e.execution_time_ms, e.as_of
), worker AS (
	INSERT INTO :"bk".execution_workers (execution_id, worker, token, lease_expires_at)
	SELECT opened.id, 0, opened.lease_token, opened.as_of + $8::bigint * interval '1 millisecond'
	  FROM opened WHERE opened.status = 'RUNNING'
), tick AS (
	INSERT INTO :"bk".instances AS i (instance, version, mapping_fingerprint, last_ticks, seen_at)
	SELECT $12::text, $14::text, $16::text, jsonb_build_object($2::text, clock.now), clock.now FROM clock
	ON CONFLICT (instance) DO UPDATE
	   SET version = excluded.version, mapping_fingerprint = excluded.mapping_fingerprint,
	       last_ticks = i.last_ticks || excluded.last_ticks, seen_at = excluded.seen_at
	 WHERE i.mapping_fingerprint IS DISTINCT FROM excluded.mapping_fingerprint
	    OR i.version <> excluded.version
	    OR coalesce((i.last_ticks ->> $2::text)::timestamptz <= excluded.seen_at - interval '1 minute', true)
)
SELECT verdict.verdict,
       opened.id::text AS id,
       opened.lease_token AS token,
       (opened.status = 'RUNNING') AS work,
       to_char(bounds.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       CASE WHEN isfinite(bounds.lower)
	    THEN to_char(bounds.lower AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC')
	    ELSE '-infinity' END AS lower,
       to_char(bounds.as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       opened.execution_time_ms,
       (claimed.last_success_time IS NULL) AS never_succeeded,
       (SELECT closed.id::text FROM closed) AS abandoned_id,
       running.server_instance AS holder_instance,
       running.pid AS holder_pid,
       to_char(coalesce(claimed.next_execution_time, job.next_execution_time) AT TIME ZONE 'UTC',
	       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       job.paused_reason
  FROM verdict CROSS JOIN bounds
  LEFT JOIN job ON true
  LEFT JOIN claimed ON true
  LEFT JOIN opened ON true
  LEFT JOIN running ON true

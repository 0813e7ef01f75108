-- Claims a run of a job, or says why not; where nothing is due it writes the
-- finished record at once, so that such a tick is this one statement.
-- $1 timestamptz: the clock to judge by, NULL = the database's (tests inject one)
-- $2 job  $3 slots int: so many instances may work at once  $4 by hand bool
-- $5 also if paused or disabled bool
-- $6 delay ms  $7 timeout ms  $8 lease ms  $9 oldest scan instant, ms before now, NULL = no bound
-- $10 run id uuid  $11 description  $12 instance  $13 pid int  $14 version
-- $15 invoking user of the operating system  $16 fingerprint of the mapping, NULL = it
-- was not checked
-- $17 retries int, for the record  $18 ms of silence after which a leader is none any
-- more, NULL = no leader is kept  $19 ms that a run may be late, NULL = any
-- $20 timestamptz: the host's clock  $21 bool: a run beside the schedule: what the job's row
-- says of its runs, and of the next one, stays
-- :probe  expression, true when work is due at (SELECT now FROM clock); it may name verdict
-- One row: verdict go|not-due|busy|paused|disabled|late|stale|unknown; with go the
-- execution. A tick that is not due joins a run that other instances are at work
-- on (verdict go) where a slot is free and work is due.
-- Locks the job's row (skipped when another claim holds it: busy), and, to take
-- expired runs over, their ledger rows, then the executions; where one is locked that
-- may be an unknown commit, or somebody closes the run, so its slot is busy then too.
-- Waits for none of them: who ends a run holds the others while waiting for the job's.
-- A delay that was shortened since the last run counts from that run on.
-- Stale: another claim committed between the look and the lock, so what the look says of
-- executions is not true any more, and a slot that looks free may be waited for.
WITH job AS MATERIALIZED (
	SELECT j.* FROM :"bk".scheduler_job_info AS j WHERE j.job_name = $2::text
	   FOR NO KEY UPDATE SKIP LOCKED
), due AS MATERIALIZED (
	SELECT CASE WHEN job.retry_count = 0 AND $6::bigint < job.delay_ms
			 AND soon.at < job.next_execution_time
		    THEN soon.at ELSE job.next_execution_time END AS at
	  FROM job
	 CROSS JOIN LATERAL (
		SELECT job.last_execution_time + $6::bigint * interval '1 millisecond' AS at) AS soon
), clock AS MATERIALIZED (
	SELECT coalesce($1::timestamptz, c.read_at) AS now, c.read_at
	  FROM (SELECT CASE WHEN (SELECT count(*) FROM job) >= 0 -- once its row is locked
			    THEN clock_timestamp() END AS read_at) AS c
), bounds AS MATERIALIZED (
	SELECT now AS as_of,
	       coalesce(now - $9::float8 * interval '1 millisecond', '-infinity'::timestamptz) AS lower
	  FROM clock
), running AS MATERIALIZED (
	SELECT e.id, e.slot, e.server_instance, e.pid
	  FROM job JOIN :"bk".maintenance_executions AS e ON e.operation = job.job_name
	 WHERE e.status = 'RUNNING'
), dead AS MATERIALIZED (
	SELECT w.execution_id, w.processed
	  FROM running JOIN :"bk".execution_workers AS w ON w.execution_id = running.id
	 WHERE w.lease_expires_at <= (SELECT now FROM clock)
	   FOR UPDATE OF w SKIP LOCKED
), over AS MATERIALIZED (
	SELECT e.id
	  FROM running JOIN :"bk".maintenance_executions AS e ON e.id = running.id
	 WHERE e.status = 'RUNNING'
	   AND (SELECT count(*) FROM dead WHERE dead.execution_id = running.id) =
	       (SELECT count(*) FROM :"bk".execution_workers AS w WHERE w.execution_id = running.id)
	   FOR NO KEY UPDATE OF e SKIP LOCKED
), busy AS MATERIALIZED (
	SELECT running.* FROM running WHERE NOT EXISTS (SELECT FROM over WHERE over.id = running.id)
), free AS MATERIALIZED (
	SELECT min(s.slot) AS slot
	  FROM generate_series(0, $3::integer - 1) AS s (slot)
	 WHERE NOT EXISTS (SELECT FROM busy WHERE busy.slot = s.slot)
), leader AS MATERIALIZED (
	SELECT i.instance
	  FROM job JOIN :"bk".instances AS i ON i.instance = job.last_instance
	 WHERE i.instance <> $12::text
	   AND (i.last_ticks ->> $2::text)::timestamptz >
	       (SELECT now FROM clock) - $18::float8 * interval '1 millisecond'
), verdict AS MATERIALIZED (
	SELECT CASE
	       WHEN NOT EXISTS (SELECT FROM :"bk".scheduler_job_info WHERE job_name = $2::text)
	       THEN 'unknown'
	       WHEN job.id IS NULL THEN 'busy'
	       WHEN job.lease_token <> (SELECT j.lease_token FROM :"bk".scheduler_job_info AS j
					 WHERE j.id = job.id) THEN 'stale'
	       WHEN (job.status = 'DISABLED' OR NOT job.is_active) AND NOT $5::boolean THEN 'disabled'
	       WHEN job.status = 'PAUSED' AND NOT $5::boolean
		    AND (job.paused_until IS NULL OR job.paused_until > clock.now) THEN 'paused'
	       WHEN free.slot IS NULL THEN 'busy'
	       WHEN $4::boolean THEN 'go'
	       WHEN EXISTS (SELECT FROM leader) THEN 'busy'
	       WHEN clock.now < due.at
				- least($6::bigint / 4, 30000) * interval '1 millisecond'
	       THEN CASE WHEN EXISTS (SELECT FROM busy)
			  AND NOT EXISTS (SELECT FROM busy WHERE busy.server_instance = $12::text)
			 THEN 'join' ELSE 'not-due' END
	       WHEN clock.now > due.at + $19::float8 * interval '1 millisecond'
	       THEN 'late'
	       ELSE 'go' END AS verdict
	  FROM clock CROSS JOIN free LEFT JOIN (job CROSS JOIN due) ON true
), probe AS MATERIALIZED (
	SELECT CASE WHEN verdict IN ('go', 'join') THEN (:probe) ELSE false END AS work FROM verdict
), decision AS MATERIALIZED (
	SELECT (verdict = 'go' OR (verdict = 'join' AND work)) AS go, (verdict = 'join') AS joins, work,
	       -- What the job's row tells stays: the run has yet to end, or is none of its schedule.
	       (work OR $21::boolean) AS keeps,
	       CASE WHEN verdict <> 'join' THEN verdict WHEN work THEN 'go' ELSE 'not-due' END AS verdict
	  FROM verdict, probe
), closed AS (
	UPDATE :"bk".maintenance_executions AS e
	   SET status = 'ABANDONED', finished_at = clock.now, updated_at = clock.now,
	       processed_count = (SELECT coalesce(sum(dead.processed), 0) FROM dead
				   WHERE dead.execution_id = e.id),
	       execution_time_ms = greatest(0, extract(epoch FROM clock.now - e.executed_at) * 1000)::bigint,
	       remaining = NULL,
	       error_code = 'ABANDONED',
	       error_message = 'the lease expired; closed by ' || $12::text || ' pid ' || $13::text
	  FROM over, decision, clock
	 WHERE e.id = over.id AND decision.go
	RETURNING e.id, e.processed_count
), buried AS (
	DELETE FROM :"bk".execution_workers AS w USING closed WHERE w.execution_id = closed.id
), claimed AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET lease_token = j.lease_token + 1,
	       delay_ms = CASE WHEN decision.joins OR $21::boolean THEN j.delay_ms ELSE $6::bigint END,
	       timeout_ms = CASE WHEN $21::boolean THEN j.timeout_ms ELSE $7::bigint END,
	       max_retries = $17::integer,
	       last_instance = $12::text,
	       last_execution_time = CASE WHEN $21::boolean THEN j.last_execution_time
					  ELSE clock.now END,
	       next_execution_time = CASE WHEN decision.joins OR $21::boolean
					  THEN j.next_execution_time
					  ELSE clock.now + $6::bigint * interval '1 millisecond' END,
	       status = CASE WHEN j.status = 'PAUSED' AND j.paused_until <= clock.now THEN 'IDLE'
			     WHEN j.status = 'ERROR' AND NOT decision.keeps THEN 'IDLE'
			     ELSE j.status END,
	       paused_reason = CASE WHEN j.paused_until <= clock.now THEN NULL ELSE j.paused_reason END,
	       paused_until = CASE WHEN j.paused_until <= clock.now THEN NULL ELSE j.paused_until END,
	       last_execution_status = CASE WHEN decision.keeps THEN j.last_execution_status ELSE 'SUCCESS' END,
	       last_success_time = CASE WHEN decision.keeps THEN j.last_success_time ELSE clock.now END,
	       processed_count = CASE WHEN decision.keeps THEN j.processed_count ELSE 0 END,
	       error_message = CASE WHEN decision.keeps THEN j.error_message END,
	       -- A run that died is a failure, too.
	       retry_count = CASE WHEN decision.keeps
				  THEN j.retry_count + (SELECT count(*) FROM closed)::integer ELSE 0 END,
	       total_runs = j.total_runs + 1,
	       total_failures = j.total_failures + (SELECT count(*) FROM closed),
	       total_processed = j.total_processed + (SELECT coalesce(sum(processed_count), 0) FROM closed)::bigint,
	       updated_at = clock.now
	  FROM job, decision, clock
	 WHERE j.id = job.id AND decision.go
	RETURNING j.lease_token, decision.work, j.last_success_time, clock.now, j.next_execution_time
), passed AS (
	-- The run that is too late is left out: due again a whole number of delays later.
	UPDATE :"bk".scheduler_job_info AS j
	   SET next_execution_time = due.at
		       + ceil(extract(epoch FROM clock.now - due.at) * 1000 / $6::bigint)
			 * $6::bigint * interval '1 millisecond',
	       delay_ms = $6::bigint, updated_at = clock.now
	  FROM job, due, decision, clock
	 WHERE j.id = job.id AND decision.verdict = 'late'
	RETURNING j.next_execution_time
), opened AS (
	INSERT INTO :"bk".maintenance_executions AS e
	       (run_id, operation, description, executed_at, finished_at, status, execution_time_ms,
		slowest_batch_ms, triggered_by, invoked_by, server_instance, pid, version, slot,
		lease_token, as_of, processed_count, skipped_locked, quarantined, remaining, retry_count,
		cancel_requested, created_at, updated_at)
	SELECT $10::uuid, $2::text, $11::text, claimed.now,
	       CASE WHEN NOT claimed.work
		    THEN claimed.now + (clock_timestamp() - clock.read_at) END,
	       CASE WHEN claimed.work THEN 'RUNNING' ELSE 'SUCCESS' END,
	       CASE WHEN NOT claimed.work
		    THEN (extract(epoch FROM clock_timestamp() - clock.read_at) * 1000)::bigint END,
	       CASE WHEN NOT claimed.work THEN 0 END,
	       CASE WHEN $4::boolean THEN 'MANUAL' ELSE 'SCHEDULER' END,
	       $15::text || '/' || session_user, $12::text, $13::integer, $14::text, free.slot,
	       claimed.lease_token, claimed.now, 0, 0, 0, 0, 0, false, clock_timestamp(), clock_timestamp()
	  FROM claimed, free, clock
	 WHERE (SELECT count(*) FROM closed) >= 0 -- after the old one is closed: one RUNNING per slot
	RETURNING e.id, e.lease_token, e.status, e.executed_at, e.finished_at, e.execution_time_ms, e.as_of
), counted AS MATERIALIZED (
	SELECT count(:"bk".count_run(:'bk', $2::text, opened.executed_at, 'SUCCESS', 0, 0, 0, 0, 0,
				     opened.execution_time_ms, NULL)) AS n
	  FROM opened WHERE opened.status = 'SUCCESS'
), worker AS (
	INSERT INTO :"bk".execution_workers (execution_id, worker, token, lease_expires_at)
	SELECT opened.id, 0, opened.lease_token, opened.as_of + $8::bigint * interval '1 millisecond'
	  FROM opened WHERE opened.status = 'RUNNING'
), skew AS MATERIALIZED (
	SELECT (extract(epoch FROM $20::timestamptz - clock_timestamp()) * 1000)::bigint AS ms
), tick AS (
	INSERT INTO :"bk".instances AS i
	       (instance, version, mapping_fingerprint, last_ticks, seen_at, clock_difference_ms)
	SELECT $12::text, $14::text, $16::text, jsonb_build_object($2::text, clock.now), clock.now, skew.ms
	  FROM clock, skew
	ON CONFLICT (instance) DO UPDATE
	   SET version = excluded.version,
	       mapping_fingerprint = coalesce(excluded.mapping_fingerprint, i.mapping_fingerprint),
	       last_ticks = i.last_ticks || excluded.last_ticks, seen_at = excluded.seen_at,
	       clock_difference_ms = excluded.clock_difference_ms
	 WHERE i.mapping_fingerprint IS DISTINCT FROM
		coalesce(excluded.mapping_fingerprint, i.mapping_fingerprint)
	    OR i.version <> excluded.version
	    OR coalesce((i.last_ticks ->> $2::text)::timestamptz <= excluded.seen_at - interval '1 minute', true)
)
SELECT decision.verdict,
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
       EXISTS (SELECT FROM :"bk".quarantined_bookings AS q
		WHERE q.operation = $2::text AND q.next_try_at <= bounds.as_of) AS tries_again,
       (SELECT max(closed.id)::text FROM closed) AS abandoned_id,
       coalesce(holder.server_instance, leader.instance) AS holder_instance,
       holder.pid AS holder_pid,
       to_char(coalesce(claimed.next_execution_time, passed.next_execution_time,
			due.at) AT TIME ZONE 'UTC',
	       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       job.paused_reason,
       skew.ms AS clock_difference_ms
  FROM decision CROSS JOIN bounds CROSS JOIN skew CROSS JOIN counted
  LEFT JOIN job ON true
  LEFT JOIN due ON true
  LEFT JOIN claimed ON true
  LEFT JOIN passed ON true
  LEFT JOIN opened ON true
  LEFT JOIN leader ON true
  LEFT JOIN (SELECT busy.server_instance, busy.pid FROM busy ORDER BY busy.id DESC LIMIT 1) AS holder
    ON true

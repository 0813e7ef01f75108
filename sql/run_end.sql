-- Closes an execution, once: guarded by its token and its status.
-- $1 execution  $2 token  $3 status  $4 skipped_locked  $5 remaining  $6 error code
-- $7 error message  $8 slowest batch ms  $9 timestamptz: clock, NULL = the database's
-- $10 quarantined  $11 retries int  $12 longest wait after failures in a row, ms
-- $13 bool: a run beside the schedule, see lease_claim.sql: the job's row counts it, no more
-- One row with the closed record, or none: the lease was lost.
-- The n-th failure in a row puts the next run off to 2^(n-1) delays after this one. A
-- timeout that got something done is no failure: the next tick goes on from there.
-- Locks the ledger rows, then the execution, then the job: in the order of a claim
-- that takes an expired lease over, which passes over ledger rows that are locked.
WITH clock AS MATERIALIZED (
	SELECT coalesce($9::timestamptz, clock_timestamp()) AS now
), w AS MATERIALIZED (
	SELECT w.processed FROM :"bk".execution_workers AS w
	 WHERE w.execution_id = $1::bigint AND w.token = $2::bigint
	 ORDER BY w.worker
	   FOR UPDATE
), e AS (
	UPDATE :"bk".maintenance_executions AS e
	   SET status = $3::text, finished_at = greatest(clock.now, e.executed_at),
	       processed_count = (SELECT sum(w.processed) FROM w),
	       skipped_locked = $4::bigint, remaining = $5::bigint, quarantined = $10::bigint,
	       error_code = $6::text, error_message = $7::text, retry_count = $11::integer,
	       slowest_batch_ms = $8::bigint,
	       execution_time_ms = greatest(0, extract(epoch FROM clock.now - e.executed_at) * 1000)::bigint,
	       updated_at = clock.now
	  FROM clock
	 WHERE e.id = $1::bigint AND e.lease_token = $2::bigint AND e.status = 'RUNNING'
	   AND (SELECT count(*) FROM w) > 0
	RETURNING e.id, e.operation, e.status, e.processed_count, e.error_message,
		  e.execution_time_ms, e.executed_at, e.finished_at,
		  (e.status IN ('ERROR', 'REFUSED') OR (e.status = 'TIMEOUT' AND e.processed_count = 0)) AS failed
), buried AS (
	DELETE FROM :"bk".execution_workers AS w USING e WHERE w.execution_id = e.id
), j AS (
	UPDATE :"bk".scheduler_job_info AS j
	   SET last_execution_status = CASE WHEN $13::boolean THEN j.last_execution_status
					    ELSE e.status END,
	       last_success_time = CASE WHEN e.status = 'SUCCESS' AND NOT $13::boolean
					THEN e.finished_at ELSE j.last_success_time END,
	       processed_count = CASE WHEN $13::boolean THEN j.processed_count
				      ELSE e.processed_count END,
	       error_message = CASE WHEN $13::boolean THEN j.error_message ELSE e.error_message END,
	       retry_count = CASE WHEN $13::boolean THEN j.retry_count
				  WHEN e.failed THEN j.retry_count + 1
				  WHEN e.status = 'CANCELLED' THEN j.retry_count ELSE 0 END,
	       next_execution_time = CASE WHEN e.failed AND NOT $13::boolean
			THEN greatest(j.next_execution_time, e.executed_at
				+ least(j.delay_ms * 2 ^ least(j.retry_count, 30), greatest($12::bigint, j.delay_ms))
				  * interval '1 millisecond')
			ELSE j.next_execution_time END,
	       status = CASE WHEN $13::boolean OR j.status IN ('PAUSED', 'DISABLED') THEN j.status
			     WHEN e.failed THEN 'ERROR'
			     WHEN e.status = 'CANCELLED' THEN j.status ELSE 'IDLE' END,
	       total_failures = j.total_failures + (e.status IN ('ERROR', 'REFUSED', 'TIMEOUT'))::integer,
	       total_processed = j.total_processed + e.processed_count,
	       updated_at = e.finished_at
	  FROM e
	 WHERE j.job_name = e.operation
)
SELECT e.status, e.processed_count, e.execution_time_ms FROM e

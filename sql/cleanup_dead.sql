-- One batch of the job cleanup: at most $1 records of executions that died are closed.
-- $1 batch size  $2 execution  $3 instance  $4 pid
-- :due  cleanup_dead_due.sql
-- One row: locked, changed as of a batch of bookings; said, a line on each of them.
-- Locks, after its own ledger row, ledger rows, then their executions, then jobs by name: in
-- the order of a run's end, of a claim that takes over, and of a pause of all jobs. It waits
-- for jobs only. A ledger row that is locked may be an unknown commit, so its execution is
-- left alone; a lease that was renewed meanwhile is seen under the lock.
WITH clock AS MATERIALIZED (
	SELECT clock_timestamp() AS now
), candidates AS MATERIALIZED (
	SELECT d.id, (SELECT count(*) FROM :"bk".execution_workers AS w
		       WHERE w.execution_id = d.id) AS workers
	  FROM (
:due
	       ) AS d
	 WHERE d.id <> $2::bigint
), ledger AS MATERIALIZED (
	SELECT w.execution_id, w.processed
	  FROM candidates AS c JOIN :"bk".execution_workers AS w ON w.execution_id = c.id
	 WHERE w.lease_expires_at < (SELECT now FROM clock)
	 ORDER BY w.execution_id, w.worker
	   FOR UPDATE OF w SKIP LOCKED
), free AS MATERIALIZED (
	SELECT e.id
	  FROM candidates AS c JOIN :"bk".maintenance_executions AS e ON e.id = c.id
	 WHERE e.status = 'RUNNING'
	   AND (SELECT count(*) FROM ledger AS l WHERE l.execution_id = c.id) = c.workers
	 ORDER BY e.id
	   FOR NO KEY UPDATE OF e SKIP LOCKED
), dead AS MATERIALIZED (
	SELECT free.id FROM free ORDER BY free.id LIMIT $1::bigint
), closed AS (
	UPDATE :"bk".maintenance_executions AS e
	   SET status = 'ABANDONED', finished_at = greatest(clock.now, e.executed_at),
	       updated_at = clock.now,
	       processed_count = (SELECT coalesce(sum(l.processed), 0) FROM ledger AS l
				   WHERE l.execution_id = e.id),
	       execution_time_ms = greatest(0, extract(epoch FROM clock.now - e.executed_at) * 1000)::bigint,
	       remaining = NULL,
	       error_code = 'ABANDONED',
	       error_message = CASE WHEN EXISTS (SELECT FROM ledger AS l WHERE l.execution_id = e.id)
				    THEN 'the lease expired' ELSE 'nobody is at work on it' END
			       || '; closed by ' || $3::text || ' pid ' || $4::integer
	  FROM dead, clock
	 WHERE e.id = dead.id
	RETURNING e.id, e.operation, e.server_instance, e.pid, e.processed_count
), buried AS (
	DELETE FROM :"bk".execution_workers AS w USING closed WHERE w.execution_id = closed.id
), jobs AS MATERIALIZED (
	SELECT j.id, c.failures, c.processed
	  FROM (SELECT closed.operation, count(*) AS failures, sum(closed.processed_count) AS processed
		  FROM closed GROUP BY closed.operation) AS c
	  JOIN :"bk".scheduler_job_info AS j ON j.job_name = c.operation
	 ORDER BY j.job_name
	   FOR NO KEY UPDATE OF j
), totals AS (
	UPDATE :"bk".scheduler_job_info AS j
	   -- A run that died is a failure in the row, too.
	   SET retry_count = j.retry_count + jobs.failures::integer,
	       total_failures = j.total_failures + jobs.failures,
	       total_processed = j.total_processed + jobs.processed::bigint,
	       updated_at = clock.now
	  FROM jobs, clock
	 WHERE j.id = jobs.id
), n AS MATERIALIZED (
	SELECT count(*) AS n FROM dead WHERE (SELECT count(*) FROM jobs) >= 0 -- once they are locked
)
SELECT n.n AS locked, (SELECT count(*) FROM closed) AS changed,
       (SELECT string_agg(format('execution %s of %s on %s pid %s had lost its lease and was closed as ABANDONED',
				 c.id, c.operation, c.server_instance, c.pid), E'\n' ORDER BY c.id)
	  FROM closed AS c) AS said
  FROM n

-- One batch of the job cleanup: at most $1 records closed or removed, and counted
-- in the worker's ledger.
-- $1 batch size  $2 execution  $3 worker  $4 token  $5 number of this batch
-- $6 lease ms  $7 instance  $8 pid
-- :due  cleanup_due
-- One row: locked, changed as of a batch of bookings; ledger (1, or 0 = the
-- lease is lost: roll back); cancel, true when somebody asked for the end; dead,
-- holds, quarantined, the changes by kind; closed, a line on each dead execution.
-- Locks its own ledger row, then ledger rows, then their executions, then jobs by name,
-- then holds and what is in quarantine: in the order of a run's end, of a claim that takes
-- over, and of a pause of all jobs. It waits for its own row and for jobs only. A ledger
-- row that is locked may be an unknown commit, so its execution is left alone; a lease
-- that was renewed meanwhile is seen under the lock.
WITH clock AS MATERIALIZED (
	SELECT clock_timestamp() AS now
), own AS MATERIALIZED (
	SELECT w.execution_id FROM :"bk".execution_workers AS w
	 WHERE w.execution_id = $2::bigint AND w.worker = $3::integer AND w.token = $4::bigint
	   FOR UPDATE
), candidates AS MATERIALIZED (
	SELECT d.id, (SELECT count(*) FROM :"bk".execution_workers AS w
		       WHERE w.execution_id = d.id) AS workers
	  FROM own CROSS JOIN (
:due
	       ) AS d
	 WHERE d.rule = 'close-dead' AND d.id <> $2::bigint
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
			       || '; closed by ' || $7::text || ' pid ' || $8::integer
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
), taken AS MATERIALIZED (
	SELECT count(*) AS n FROM dead WHERE (SELECT count(*) FROM jobs) >= 0 -- once they are locked
), h AS MATERIALIZED (
	SELECT h.booking_key FROM :"bk".booking_holds AS h
	 WHERE h.held_until < (SELECT now - interval '1 day' FROM clock)
	 LIMIT (SELECT $1::bigint - taken.n FROM taken)
	   FOR UPDATE SKIP LOCKED
), holds AS (
	DELETE FROM :"bk".booking_holds AS b USING h WHERE b.booking_key = h.booking_key
	RETURNING 1
), q AS MATERIALIZED (
	SELECT q.rule, q.booking_key FROM :"bk".quarantined_bookings AS q
	 WHERE q.next_try_at < (SELECT now - interval '7 days' FROM clock)
	 LIMIT (SELECT $1::bigint - taken.n - (SELECT count(*) FROM h) FROM taken)
	   FOR UPDATE SKIP LOCKED
), quarantined AS (
	DELETE FROM :"bk".quarantined_bookings AS b USING q
	 WHERE b.rule = q.rule AND b.booking_key = q.booking_key
	RETURNING 1
), n AS MATERIALIZED (
	SELECT (SELECT count(*) FROM dead) + (SELECT count(*) FROM h) + (SELECT count(*) FROM q)
		       AS locked,
	       (SELECT count(*) FROM closed) AS dead,
	       (SELECT count(*) FROM holds) AS holds,
	       (SELECT count(*) FROM quarantined) AS quarantined
), w AS (
	UPDATE :"bk".execution_workers AS w
	   SET batch_no = $5::integer,
	       processed = w.processed + n.dead + n.holds + n.quarantined,
	       lease_expires_at = clock_timestamp() + $6::float8 * interval '1 millisecond'
	  FROM n
	 WHERE w.execution_id = $2::bigint AND w.worker = $3::integer AND w.token = $4::bigint
	   AND w.batch_no = $5::integer - 1
	RETURNING w.cancel_requested
)
SELECT n.locked,
       n.dead + n.holds + n.quarantined AS changed,
       (SELECT count(*) FROM w) AS ledger,
       (SELECT w.cancel_requested FROM w) AS cancel,
       n.dead, n.holds, n.quarantined,
       (SELECT string_agg(format('execution %s of %s on %s pid %s', c.id, c.operation,
				 c.server_instance, c.pid), E'\n' ORDER BY c.id)
	  FROM closed AS c) AS closed
  FROM n

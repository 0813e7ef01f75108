-- What a restore did, found by its record: where its end was not heard, whether it did.
-- $1 run id
-- A row if it did: id, closed (executions), paused (jobs).
-- Locks nothing.
SELECT r.id::text AS id,
       (SELECT count(*) FROM :"bk".maintenance_executions AS e
	 WHERE e.status = 'ABANDONED' AND e.updated_at = t.at) AS closed,
       (SELECT count(*) FROM :"bk".scheduler_job_info AS j
	 WHERE j.status = 'PAUSED' AND j.updated_at = t.at) AS paused
  FROM :"bk".maintenance_executions AS r
 CROSS JOIN (SELECT max(j.updated_at) AS at FROM :"bk".scheduler_job_info AS j) AS t
 WHERE r.run_id = $1::uuid

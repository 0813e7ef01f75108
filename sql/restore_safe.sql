-- Makes a schema safe that was just restored, in the same transaction: of any level, so
-- only what its first migration made is used. A script.
-- :'reason'  of the pause   :'closer'  "host pid 17"   :'jobs'  array of job names
-- Who held a lease when the backup was made may live on, and executions after it had
-- numbers that come again: the tokens are raised beyond any that such a run can have.
SET LOCAL client_encoding = 'UTF8';

-- Its end is unknown; the lease says until when it can have been at work.
WITH dead AS (
	SELECT e.id, coalesce(sum(w.processed), 0)::bigint AS processed,
	       greatest(e.executed_at, least(now(), max(w.lease_expires_at))) AS ended
	  FROM :"bk".maintenance_executions AS e
	  LEFT JOIN :"bk".execution_workers AS w ON w.execution_id = e.id
	 WHERE e.status = 'RUNNING'
	 GROUP BY e.id
), closed AS (
	UPDATE :"bk".maintenance_executions AS e
	   SET status = 'ABANDONED', finished_at = dead.ended, updated_at = now(),
	       processed_count = dead.processed,
	       execution_time_ms = (extract(epoch FROM dead.ended - e.executed_at) * 1000)::bigint,
	       remaining = NULL, error_code = 'ABANDONED',
	       error_message = 'it was at work when the backup was made; closed by the restore, '
			       || :'closer'
	  FROM dead
	 WHERE e.id = dead.id
	RETURNING e.operation, e.processed_count
)
UPDATE :"bk".scheduler_job_info AS j
   SET retry_count = j.retry_count + c.failures::integer,
       total_failures = j.total_failures + c.failures,
       total_processed = j.total_processed + c.processed::bigint
  FROM (SELECT closed.operation, count(*) AS failures, sum(closed.processed_count) AS processed
	  FROM closed GROUP BY closed.operation) AS c
 WHERE j.job_name = c.operation;

DELETE FROM :"bk".execution_workers;

UPDATE :"bk".instances SET mapping_fingerprint = NULL;

-- A job that the configuration has and the backup has not would start at once.
INSERT INTO :"bk".scheduler_job_info (job_name, description)
SELECT n, n FROM unnest(:'jobs'::text[]) AS n
ON CONFLICT (job_name) DO NOTHING;

UPDATE :"bk".scheduler_job_info AS j
   SET lease_token = j.lease_token + 1000000, updated_at = now();

-- A pause that was there is told of: whoever ends this one ends that, too.
UPDATE :"bk".scheduler_job_info AS j
   SET status = 'PAUSED', paused_until = NULL,
       paused_reason = :'reason' || CASE
	       WHEN j.status = 'PAUSED' AND (j.paused_until IS NULL OR j.paused_until > now())
	       THEN '; it was paused before: ' || coalesce(j.paused_reason, '') ELSE '' END
 WHERE j.is_active AND j.status <> 'DISABLED';

-- Numbers of transactions are those of another cluster, unless all are past here, too.
SELECT set_config('bk.foreign_txid',
	(SELECT count(*) FROM (SELECT FROM :"bk".booking_transitions AS t
				WHERE t.txid >= pg_current_xact_id() LIMIT 1) AS q)::text, true);

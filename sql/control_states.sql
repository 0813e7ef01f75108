-- What the next ticks of jobs will meet, and what runs meanwhile.
-- $1 job, NULL = every one
-- Rows in the order of their names: job_name, status (IDLE, PAUSED, DISABLED or
-- ERROR; a pause that ran out is none), paused_until, paused_reason,
-- running_execution_id while a worker's lease is alive.
-- Locks nothing.
SELECT j.job_name,
       CASE WHEN NOT j.is_active THEN 'DISABLED'
	    WHEN j.status = 'PAUSED' AND NOT p.paused THEN 'IDLE'
	    ELSE j.status END AS status,
       CASE WHEN p.paused AND isfinite(j.paused_until)
	    THEN to_char(j.paused_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END AS paused_until,
       CASE WHEN p.paused THEN j.paused_reason END AS paused_reason,
       j.running_execution_id::text AS running_execution_id
  FROM :"bk".jobs AS j
 CROSS JOIN LATERAL (
	SELECT j.is_active AND j.status = 'PAUSED'
	       AND (j.paused_until IS NULL OR j.paused_until > clock_timestamp()) AS paused) AS p
 WHERE $1::text IS NULL OR j.job_name = $1::text
 ORDER BY j.job_name

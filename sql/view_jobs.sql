-- Jobs as of now, in the order of their names.
-- $1 job, NULL = every one
-- Rows: the job; current_status RUNNING while a worker's lease is alive; times
-- as RFC 3339. fresh_age_ms: since the last success, else since the job's creation,
-- or since the end of a pause that ran out, if that is later; fresh_since says which.
-- Locks nothing.
SELECT j.job_name, j.description, j.cron_expression, j.delay_ms, j.timeout_ms,
       j.max_retries::bigint AS max_retries,
       (j.is_active AND j.status <> 'DISABLED') AS enabled,
       j.current_status,
       j.last_execution_status,
       to_char(j.last_execution_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_execution_time,
       to_char(j.next_execution_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       to_char(j.last_success_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_success_time,
       j.processed_count, j.error_message,
       j.retry_count::bigint AS retry_count,
       j.total_runs, j.total_failures, j.total_processed,
       CASE WHEN isfinite(j.paused_until) AND p.paused
	    THEN to_char(j.paused_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END AS paused_until,
       CASE WHEN p.paused THEN j.paused_reason END AS paused_reason,
       p.paused,
       (j.status = 'ERROR') AS failing,
       j.running_execution_id::text AS running_execution_id,
       j.running_processed, j.running_total, j.running_executions,
       f.since AS fresh_since,
       (extract(epoch FROM clock_timestamp() - f.at) * 1000)::bigint AS fresh_age_ms
  FROM :"bk".jobs AS j
 CROSS JOIN LATERAL (
	SELECT j.status = 'PAUSED'
	       AND (j.paused_until IS NULL OR j.paused_until > clock_timestamp()) AS paused) AS p
 CROSS JOIN LATERAL (
	SELECT v.since, v.at
	  FROM (VALUES ('success', j.last_success_time),
		       ('creation', CASE WHEN j.last_success_time IS NULL THEN j.created_at END),
		       ('pause', CASE WHEN j.paused_until <= clock_timestamp() THEN j.paused_until END)
	       ) AS v (since, at)
	 WHERE v.at IS NOT NULL
	 ORDER BY v.at DESC LIMIT 1) AS f
 WHERE $1::text IS NULL OR j.job_name = $1::text
 ORDER BY j.job_name

-- What monitoring reads: each job's counters since it exists, which pruning never lowers, and
-- its state; and what is known of the hosts. Small, because ticks may read it each time.
-- $1 job, NULL = every one
-- Rows by job; times in ms since 1970; lists side by side: codes and code_counts, servers and
-- server_ticks (of the job). What concerns no job stands in each row: hosts, host_versions,
-- host_seen, host_clocks; held; oldest_failure, the start of the oldest execution that did not
-- succeed and is not its job's newest, which nobody prunes.
-- Locks nothing.
SELECT j.job_name,
       (j.is_active AND j.status <> 'DISABLED') AS enabled,
       (j.status = 'PAUSED' AND (j.paused_until IS NULL OR j.paused_until > now())) AS paused,
       (j.last_execution_status = 'SUCCESS') AS last_succeeded,
       (extract(epoch FROM now()) * 1000)::bigint AS read_at,
       j.delay_ms, j.timeout_ms, j.retry_count::bigint AS failures_in_a_row,
       (extract(epoch FROM j.last_execution_time) * 1000)::bigint AS last_run,
       (extract(epoch FROM j.last_success_time) * 1000)::bigint AS last_success,
       (extract(epoch FROM greatest(coalesce(j.last_success_time, j.created_at),
		CASE WHEN j.paused_until <= now() THEN j.paused_until END)) * 1000)::bigint AS fresh,
       j.processed_count AS last_processed,
       (SELECT e.execution_time_ms FROM :"bk".maintenance_executions AS e
	 WHERE e.operation = j.job_name AND e.status <> 'RUNNING'
	 ORDER BY e.executed_at DESC, e.id DESC LIMIT 1) AS last_ms,
       coalesce(t.empty, 0) + j.idle_runs AS empty,
       coalesce(t.successes, 0) + j.idle_runs AS successes,
       t.partial, t.errors, t.timeouts, t.cancelled, t.abandoned, t.refused, t.processed,
       t.skipped_locked, t.quarantined, t.retries, t.idle_with_rest,
       coalesce(t.total_ms, 0) + j.idle_ms AS total_ms,
       t.buckets::text AS octaves,
       CASE WHEN j.idle_runs > 0 THEN j.idle_buckets::text END AS idle_buckets,
       (SELECT array_agg(c.key ORDER BY c.key) FROM jsonb_each_text(t.error_codes) AS c) AS codes,
       (SELECT array_agg(c.value ORDER BY c.key) FROM jsonb_each_text(t.error_codes) AS c) AS code_counts,
       (SELECT count(*) FROM :"bk".quarantined_bookings AS q
	 WHERE q.operation = j.job_name) AS aside,
       i.servers, i.server_ticks, i.hosts, i.host_versions, i.host_seen, i.host_clocks,
       h.held, f.oldest_failure
  FROM :"bk".scheduler_job_info AS j
  LEFT JOIN :"bk".job_totals AS t ON t.operation = j.job_name
 CROSS JOIN LATERAL (
	SELECT array_agg(i.instance ORDER BY i.instance) FILTER (WHERE l.tick IS NOT NULL) AS servers,
	       array_agg((extract(epoch FROM l.tick::timestamptz) * 1000)::bigint::text
			 ORDER BY i.instance) FILTER (WHERE l.tick IS NOT NULL) AS server_ticks,
	       array_agg(i.instance ORDER BY i.instance) AS hosts,
	       array_agg(i.version ORDER BY i.instance) AS host_versions,
	       array_agg((extract(epoch FROM i.seen_at) * 1000)::bigint::text
			 ORDER BY i.instance) AS host_seen,
	       array_agg(i.clock_difference_ms::text ORDER BY i.instance) AS host_clocks
	  FROM :"bk".instances AS i
	 CROSS JOIN LATERAL (SELECT i.last_ticks ->> j.job_name AS tick) AS l) AS i
 CROSS JOIN (SELECT count(*) AS held FROM :"bk".booking_holds AS h
	      WHERE h.held_until IS NULL OR h.held_until > now()) AS h
 CROSS JOIN (SELECT (extract(epoch FROM min(e.executed_at)) * 1000)::bigint AS oldest_failure
	       FROM (VALUES ('PARTIAL'), ('ERROR'), ('TIMEOUT'), ('CANCELLED'), ('ABANDONED'),
			    ('REFUSED')) AS s (status)
	      CROSS JOIN LATERAL (
		SELECT e.executed_at FROM :"bk".maintenance_executions AS e
		 WHERE e.status = s.status AND e.status <> 'SUCCESS'
		   AND EXISTS (SELECT FROM :"bk".maintenance_executions AS n
				WHERE n.operation = e.operation AND n.executed_at > e.executed_at)
		 ORDER BY e.executed_at LIMIT 1) AS e) AS f
 WHERE $1::text IS NULL OR j.job_name = $1::text
 ORDER BY j.job_name

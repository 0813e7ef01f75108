-- The figures of each operation since an hour, from what is counted by hour.
-- $1 the hour, microseconds since 1970
-- Rows: the sums, the longest time, and the buckets of execution_stats added up.
-- Locks nothing.
WITH hours AS MATERIALIZED (
	SELECT h.* FROM :"bk".job_hours AS h
	 WHERE h.hour >= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
), counted AS MATERIALIZED (
	SELECT h.operation, b.i, sum(b.n)::bigint AS n
	  FROM hours AS h CROSS JOIN LATERAL unnest(h.buckets) WITH ORDINALITY AS b (n, i)
	 WHERE b.n > 0
	 GROUP BY h.operation, b.i
)
SELECT s.*,
       (SELECT array_agg(coalesce(c.n, 0) ORDER BY g.i)::text
	  FROM generate_series(1, 208) AS g (i)
	  LEFT JOIN counted AS c ON c.operation = s.job_name AND c.i = g.i) AS buckets
  FROM (SELECT h.operation AS job_name, sum(h.runs)::bigint AS runs,
	       sum(h.empty)::bigint AS empty, sum(h.successes)::bigint AS successes,
	       sum(h.partial)::bigint AS partial, sum(h.errors)::bigint AS errors,
	       sum(h.timeouts)::bigint AS timeouts, sum(h.cancelled)::bigint AS cancelled,
	       sum(h.abandoned)::bigint AS abandoned, sum(h.refused)::bigint AS refused,
	       sum(h.processed)::bigint AS processed, sum(h.skipped_locked)::bigint AS skipped_locked,
	       sum(h.quarantined)::bigint AS quarantined, sum(h.retries)::bigint AS retries,
	       sum(h.idle_with_rest)::bigint AS idle_with_rest, sum(h.total_ms)::bigint AS total_ms,
	       max(h.max_ms) AS max_ms
	  FROM hours AS h GROUP BY h.operation) AS s
 ORDER BY s.job_name

-- The figures of each operation over time, several hours to a point.
-- $1 the first hour, microseconds since 1970  $2 hours of a point
-- Rows: job_name, point (0 begins at $1) and what was counted in its hours; points in which
-- nothing ran are missing.
-- Locks nothing.
SELECT h.operation AS job_name,
       (extract(epoch FROM h.hour - b.since)::bigint / (3600 * $2::bigint)) AS point,
       sum(h.runs)::bigint AS runs, sum(h.processed)::bigint AS processed,
       sum(h.runs - h.successes)::bigint AS failures
  FROM :"bk".job_hours AS h
 CROSS JOIN (SELECT 'epoch'::timestamptz + $1::bigint * interval '1 microsecond' AS since) AS b
 WHERE h.hour >= b.since
 GROUP BY h.operation, point
 ORDER BY h.operation, point

-- Executions by error code since an hour.
-- $1 the hour, microseconds since 1970
-- Rows: job_name, error_code, count; by job, the most frequent first.
-- Locks nothing.
SELECT h.operation AS job_name, c.key AS error_code, sum(c.value::bigint)::bigint AS count
  FROM :"bk".job_hours AS h CROSS JOIN LATERAL jsonb_each_text(h.error_codes) AS c
 WHERE h.hour >= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
 GROUP BY h.operation, c.key
 ORDER BY h.operation, count DESC, c.key

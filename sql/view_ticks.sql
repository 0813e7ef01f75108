-- When each job was last called, on each host.
-- Rows: job_name, instance, age_ms since then, in the order of job and age. It is kept to the
-- minute. Locks nothing.
SELECT t.key AS job_name, i.instance,
       (extract(epoch FROM clock_timestamp() - t.value::timestamptz) * 1000)::bigint AS age_ms
  FROM :"bk".instances AS i CROSS JOIN LATERAL jsonb_each_text(i.last_ticks) AS t (key, value)
 ORDER BY t.key, t.value::timestamptz DESC, i.instance

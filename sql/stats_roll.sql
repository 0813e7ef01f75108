-- Before a claim: the empty runs that the job's row counts, into the figures of their
-- hour, and the next hour opened, where it has come.
-- $1 job
-- No rows. Locks the job's row, where an hour ended and no other claim holds it, and then
-- the row of the hour, in the order of a run's end.
WITH j AS MATERIALIZED (
	SELECT j.id, j.job_name, j.idle_until - interval '1 hour' AS hour, j.idle_runs, j.idle_ms,
	       j.idle_max_ms, j.idle_buckets
	  FROM :"bk".scheduler_job_info AS j
	 WHERE j.job_name = $1::text
	   AND (j.idle_until IS NULL OR j.idle_until <= statement_timestamp())
	   FOR NO KEY UPDATE SKIP LOCKED
), stored AS (
	INSERT INTO :"bk".execution_stats AS s
	       (operation, hour, runs, empty, successes, total_ms, max_ms, buckets)
	SELECT j.job_name, j.hour, j.idle_runs, j.idle_runs, j.idle_runs, j.idle_ms, j.idle_max_ms,
	       j.idle_buckets || array_fill(0, ARRAY[208 - array_length(j.idle_buckets, 1)])
	  FROM j WHERE j.idle_runs > 0
	ON CONFLICT (operation, hour) DO UPDATE
	   SET runs = s.runs + excluded.runs, empty = s.empty + excluded.empty,
	       successes = s.successes + excluded.successes,
	       total_ms = s.total_ms + excluded.total_ms, max_ms = greatest(s.max_ms, excluded.max_ms),
	       buckets = (SELECT array_agg(a.n + b.n ORDER BY a.i)
			    FROM unnest(s.buckets) WITH ORDINALITY AS a (n, i)
			    JOIN unnest(excluded.buckets) WITH ORDINALITY AS b (n, i) ON b.i = a.i)
)
UPDATE :"bk".scheduler_job_info AS t
   SET idle_until = date_trunc('hour', statement_timestamp(), 'UTC') + interval '1 hour',
       idle_runs = 0, idle_ms = 0, idle_max_ms = 0, idle_buckets = array_fill(0, ARRAY[81])
  FROM j
 WHERE t.id = j.id

-- Behind a claim: the empty runs that the job's row counts, into the figures of their
-- hour and of all time, and the next hour opened, where it has come.
-- $1 job
-- No rows. Locks the job's row, where an hour ended and no other claim holds it, and then
-- the rows of the hour and of the totals, as a run's end does.
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
), octaves AS MATERIALIZED (
	SELECT (SELECT array_agg(coalesce(o.n, 0) ORDER BY g.k)
		  FROM generate_series(0, 20) AS g (k)
		  LEFT JOIN (SELECT CASE WHEN b.i < 3 THEN 0 WHEN b.i < 5 THEN 1 WHEN b.i < 9 THEN 2
					 WHEN b.i < 17 THEN 3 ELSE (b.i - 1) / 8 + 2 END AS k,
				    sum(b.n)::bigint AS n
			       FROM unnest(j.idle_buckets) WITH ORDINALITY AS b (n, i)
			      GROUP BY 1) AS o ON o.k = g.k) AS counts
	  FROM j
), summed AS (
	INSERT INTO :"bk".job_totals AS t
	       (operation, runs, empty, successes, total_ms, buckets)
	SELECT j.job_name, j.idle_runs, j.idle_runs, j.idle_runs, j.idle_ms, octaves.counts
	  FROM j, octaves WHERE j.idle_runs > 0
	ON CONFLICT (operation) DO UPDATE
	   SET runs = t.runs + excluded.runs, empty = t.empty + excluded.empty,
	       successes = t.successes + excluded.successes,
	       total_ms = t.total_ms + excluded.total_ms,
	       buckets = (SELECT array_agg(a.n + b.n ORDER BY a.i)
			    FROM unnest(t.buckets) WITH ORDINALITY AS a (n, i)
			    JOIN unnest(excluded.buckets) WITH ORDINALITY AS b (n, i) ON b.i = a.i)
)
UPDATE :"bk".scheduler_job_info AS t
   SET idle_until = date_trunc('hour', statement_timestamp(), 'UTC') + interval '1 hour',
       idle_runs = 0, idle_ms = 0, idle_max_ms = 0, idle_buckets = array_fill(0, ARRAY[81])
  FROM j
 WHERE t.id = j.id

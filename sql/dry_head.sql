-- Where a dry run stands: the instant it judges by, and the job's state, which
-- it shows and ignores. Names are qualified: it runs under the company's own settings.
-- $1 job  $2 max-age in ms, NULL = no bound  $3 a clock for tests, NULL = the database's
-- One row: as_of and lower as texts that read back; shown_as_of and the other times as
-- RFC 3339; never_succeeded. Locks nothing.
SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', c.now), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       pg_catalog.to_char(pg_catalog.timezone('UTC', c.now), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS shown_as_of,
       COALESCE(pg_catalog.to_char(pg_catalog.timezone('UTC', c.now OPERATOR(pg_catalog.-)
			($2::pg_catalog.float8 OPERATOR(pg_catalog.*) '1 millisecond'::pg_catalog.interval)),
		'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), '-infinity') AS lower,
       j.current_status AS job_status,
       pg_catalog.to_char(pg_catalog.timezone('UTC', j.next_execution_time),
			  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       CASE WHEN p.paused AND pg_catalog.isfinite(j.paused_until)
	    THEN pg_catalog.to_char(pg_catalog.timezone('UTC', j.paused_until),
				    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END AS paused_until,
       CASE WHEN p.paused THEN j.paused_reason END AS paused_reason,
       j.running_execution_id::pg_catalog.text AS running_execution_id,
       (SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.max(w.lease_expires_at)),
				  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
	  FROM :"bk".execution_workers AS w
	 WHERE w.execution_id OPERATOR(pg_catalog.=) j.running_execution_id) AS lease_expires_at,
       (j.last_success_time IS NULL) AS never_succeeded
  FROM (SELECT COALESCE($3::pg_catalog.timestamptz, pg_catalog.clock_timestamp()) AS now) AS c
  LEFT JOIN :"bk".jobs AS j ON j.job_name OPERATOR(pg_catalog.=) $1::pg_catalog.text
 CROSS JOIN LATERAL (
	SELECT j.status OPERATOR(pg_catalog.=) 'PAUSED'
	       AND (j.paused_until IS NULL
		    OR j.paused_until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()) AS paused) AS p

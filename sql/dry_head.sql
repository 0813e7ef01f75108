-- Where a dry run stands: the instant it judges by, and the job's state, which
-- it shows and ignores.
-- $1 job  $2 max-age in ms, NULL = no bound
SELECT to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS shown_as_of,
       coalesce(to_char((c.now - $2::float8 * interval '1 millisecond') AT TIME ZONE 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), '-infinity') AS lower,
       j.current_status AS job_status,
       to_char(j.next_execution_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_execution_time,
       (j.last_success_time IS NULL) AS never_succeeded
  FROM (SELECT clock_timestamp() AS now) AS c
  LEFT JOIN :"bk".jobs AS j ON j.job_name = $1::text

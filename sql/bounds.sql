-- The database's clock now, and the oldest scan instant that a rule looks at.
-- $1 max-age in ms, NULL = no bound
-- One row of texts that read back as timestamptz under any DateStyle.
SELECT to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       coalesce(to_char((c.now - $1::float8 * interval '1 millisecond') AT TIME ZONE 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), '-infinity') AS lower
  FROM (SELECT clock_timestamp() AS now) AS c

-- The database's clock now, and the oldest scan instants that rules look at.
-- $1 the max-age of each rule in ms, as float8[]; NULL = no bound
-- One row per rule, in their order; one where there is no rule. Texts that read back as
-- timestamptz under any DateStyle; shown_as_of is RFC 3339.
WITH c AS MATERIALIZED (SELECT clock_timestamp() AS now)
SELECT to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS as_of,
       to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS shown_as_of,
       coalesce(to_char((c.now - a.ms * interval '1 millisecond') AT TIME ZONE 'UTC',
			'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC'), '-infinity') AS lower
  FROM c LEFT JOIN unnest($1::float8[]) WITH ORDINALITY AS a (ms, n) ON true
 ORDER BY a.n

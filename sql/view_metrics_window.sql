-- The window of metrics: whole hours, the first being the one in which it begins; that of now
-- where it begins in time to come.
-- $1 since, microseconds since 1970; $2 the same as milliseconds before now; one of them
-- One row: since_us and until_us (microseconds since 1970), since and until as RFC 3339.
-- Locks nothing.
SELECT (extract(epoch FROM w.since) * 1000000)::bigint AS since_us,
       (extract(epoch FROM now()) * 1000000)::bigint AS until_us,
       to_char(w.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS since,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS until
  FROM (SELECT date_trunc('hour', least(now(), coalesce(
		'epoch'::timestamptz + $1::bigint * interval '1 microsecond',
		now() - $2::bigint * interval '1 millisecond')), 'UTC') AS since) AS w

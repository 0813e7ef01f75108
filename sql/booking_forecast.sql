-- How many bookings one scan would take from now on, by the hour in which each becomes
-- due: hours of the clock in UTC, the first one is that of now.
-- $1 now  $2 lower bound of the scan column now  $3 end of the forecast, not included
-- $4 max-age in ms, NULL = no bound
-- :scan  booking_scan with the due instant as due, of all that is due between $1 and $3
-- Rows: hour (1 = that of now), its start and end (RFC 3339 texts), n; none without bookings.
SELECT h.hour,
       pg_catalog.to_char(h.at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS starts_at,
       pg_catalog.to_char(h.at OPERATOR(pg_catalog.+) '1 hour'::pg_catalog.interval,
			  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS ends_at,
       h.n
  FROM (SELECT d.at, pg_catalog.count(*) AS n,
	       (pg_catalog.date_part('epoch', d.at OPERATOR(pg_catalog.-) pg_catalog.date_trunc(
			'hour', pg_catalog.timezone('UTC', $1::pg_catalog.timestamptz)))
		OPERATOR(pg_catalog./) 3600)::pg_catalog.int8 OPERATOR(pg_catalog.+) 1 AS hour
	  FROM (SELECT pg_catalog.date_trunc('hour', pg_catalog.timezone('UTC', q.due)) AS at
		  FROM (
:scan
		  ) AS q) AS d
	 GROUP BY d.at) AS h
 ORDER BY h.hour

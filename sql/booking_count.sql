-- How many bookings one scan would take, counted up to a limit.
-- $1 as-of  $2 lower bound  $3 limit  $4.. position up to which, where given
-- :scan  booking_scan with the due instant as due
-- One row: n; of the earliest due instant among them, NULL where there is none: oldest
-- (RFC 3339 text), age_ms (before the as-of).
SELECT q.n,
       pg_catalog.to_char(pg_catalog.timezone('UTC', q.due), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS oldest,
       (pg_catalog.date_part('epoch', $1::pg_catalog.timestamptz OPERATOR(pg_catalog.-) q.due)
	OPERATOR(pg_catalog.*) 1000)::pg_catalog.int8 AS age_ms
  FROM (SELECT pg_catalog.count(*) AS n,
	       pg_catalog.min(CASE WHEN pg_catalog.isfinite(s.due) THEN s.due END) AS due
	  FROM (
:scan
	  ) AS s) AS q

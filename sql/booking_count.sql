-- How many bookings one scan would take, counted up to a limit.
-- $1 as-of  $2 lower bound  $3 limit  $4.. position up to which, where given
-- :scan  booking_scan with the due instant as due
-- One row: n, oldest (RFC 3339 text of the earliest due instant among them, or NULL).
SELECT pg_catalog.count(*) AS n,
       pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.min(q.due)),
			  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS oldest
  FROM (
:scan
) AS q

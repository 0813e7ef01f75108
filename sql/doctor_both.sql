-- Bookings that two rules would take now, counted up to a limit, and one of them.
-- $1 as-of  $2 lower bound  $3 limit  $4.. lower bound of the other rule
-- :scan  booking_scan of the one rule with the other's condition, column k1: the key's texts
-- as text[] literal
-- One row: n, example.
SELECT pg_catalog.count(*) AS n, (pg_catalog.array_agg(q.k1))[1] AS example
  FROM (
:scan
) AS q

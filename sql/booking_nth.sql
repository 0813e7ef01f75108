-- The key of the n-th booking in the order of a scan.
-- $1.. as the condition has them
-- :key  the key of b as text[]  :table  :condition  which bookings  :order  scan column and key
-- :before  how many come before it
-- One row, or none.
-- Locks nothing.
SELECT (:key)::pg_catalog.text AS key
  FROM :table AS b
 WHERE :condition
 ORDER BY :order
OFFSET :before LIMIT 1

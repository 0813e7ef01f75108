-- The bookings that the next batch may take, locked: the first step where other tables have
-- a say, because the condition is asked again by the next statement, whose snapshot is younger
-- than the locks.
-- $1 as-of  $2 lower bound  $3 batch size  $4.. position of the last batch
-- :scan  booking_scan with scan instant d and key columns k1..kn  :position  them as texts
-- Rows in keyset order: the texts of the position, was_aside: it does not matter here.
-- Locks the bookings (FOR UPDATE; rows locked by others are skipped).
WITH z AS MATERIALIZED (
:scan
   FOR UPDATE OF b SKIP LOCKED
)
SELECT :position, false AS was_aside
  FROM z

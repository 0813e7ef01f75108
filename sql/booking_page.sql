-- The bookings that the next batch would take, without a lock: the page whose
-- parts are tried one by one after the whole was refused.
-- $1 as-of  $2 lower bound  $3 batch size  $4.. position of the last batch
-- :scan  booking_scan with scan instant d and key columns k1..kn  :position  them as texts
-- Rows in keyset order, all texts.
SELECT :position
  FROM (
:scan
) AS z

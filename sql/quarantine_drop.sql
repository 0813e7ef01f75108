-- Ends the quarantine of bookings that a complete run tried again and did not
-- find refused: they were changed, or are not due any more.
-- $1 operation  $2 as-of: what was to be tried again by then
DELETE FROM :"bk".quarantined_bookings AS q
 WHERE q.operation = $1::text AND q.next_try_at <= $2::timestamptz

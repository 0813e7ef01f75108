-- Lets the next runs try bookings again that were set aside.
-- :which  condition over the row q; may have parameters for the key columns: $1..
-- One row: found, how many there are; changed, how many of them had still to wait.
-- Locks the rows, in the order of their keys.
WITH q AS MATERIALIZED (
	SELECT q.rule, q.booking_key
	  FROM :"bk".quarantined_bookings AS q
	 WHERE :which
	 ORDER BY q.rule, q.booking_key FOR NO KEY UPDATE
), changed AS (
	UPDATE :"bk".quarantined_bookings AS t SET next_try_at = clock_timestamp()
	  FROM q
	 WHERE t.rule = q.rule AND t.booking_key = q.booking_key
	   AND t.next_try_at > clock_timestamp()
	RETURNING t.rule
)
SELECT (SELECT count(*) FROM q) AS found, (SELECT count(*) FROM changed) AS changed

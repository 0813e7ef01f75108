-- One batch of the job cleanup: at most $1 holds that are over are removed.
-- $1 batch size
-- One row: locked, changed as of a batch of bookings; said, NULL.
-- Locks what it removes, and waits for nobody.
WITH h AS MATERIALIZED (
	SELECT h.booking_key FROM :"bk".booking_holds AS h
	 WHERE h.held_until < clock_timestamp() - interval '1 day'
	 LIMIT $1::bigint
	   FOR UPDATE SKIP LOCKED
), removed AS (
	DELETE FROM :"bk".booking_holds AS b USING h WHERE b.booking_key = h.booking_key
	RETURNING 1
)
SELECT (SELECT count(*) FROM h) AS locked, (SELECT count(*) FROM removed) AS changed,
       NULL::text AS said

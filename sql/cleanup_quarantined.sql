-- One batch of the job cleanup: at most $1 bookings that no run came upon again are
-- taken out of quarantine.
-- $1 batch size
-- One row: locked, changed as of a batch of bookings; said, NULL.
-- Locks what it removes, and waits for nobody.
WITH q AS MATERIALIZED (
	SELECT q.rule, q.booking_key FROM :"bk".quarantined_bookings AS q
	 WHERE q.next_try_at < clock_timestamp() - interval '7 days'
	 LIMIT $1::bigint
	   FOR UPDATE SKIP LOCKED
), removed AS (
	DELETE FROM :"bk".quarantined_bookings AS b USING q
	 WHERE b.rule = q.rule AND b.booking_key = q.booking_key
	RETURNING 1
)
SELECT (SELECT count(*) FROM q) AS locked, (SELECT count(*) FROM removed) AS changed,
       NULL::text AS said

-- Ends the hold of one booking, which may be gone.
-- $1.. key columns as texts
-- :table :"status"  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- :typed_key  the same of the parameters, where they have one form only
-- One row, or none: it is not on hold. The hold as it was, expired: it had run out,
-- with the booking's status as booking_status.
-- Locks the hold.
WITH k AS MATERIALIZED (
	SELECT q.key, max(q.status) AS status
	  FROM (SELECT :row_key AS key, b.:"status"::text AS status FROM :table AS b WHERE :match
		UNION ALL
		SELECT :typed_key, NULL) AS q
	 GROUP BY q.key
)
DELETE FROM :"bk".booking_holds AS h
 USING k
 WHERE h.booking_key = k.key
RETURNING h.booking_key AS key,
	  to_char(h.held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS held_until,
	  coalesce(h.held_until <= clock_timestamp(), false) AS expired,
	  h.reason, h.author,
	  to_char(h.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
	  k.status AS booking_status

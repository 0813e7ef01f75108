-- Puts one booking on hold; a second hold replaces end, reason and author of the
-- first. After hold_lock, so nobody else holds at the same time.
-- $1 timestamptz at which it ends by itself, NULL = not  $2 reason
-- $3 invoking user of the operating system  $4.. key columns as texts
-- :table :"status"  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- One row, or none: no such booking. The hold as it is now with the booking's status
-- as booking_status; replaced, there was one before; changed, it is another now.
-- Locks the hold.
WITH b AS MATERIALIZED (
	SELECT :row_key AS key, b.:"status"::text AS status FROM :table AS b WHERE :match
), was AS MATERIALIZED (
	SELECT h.*, (h.held_until <= clock_timestamp()) AS expired
	  FROM :"bk".booking_holds AS h JOIN b ON h.booking_key = b.key
), now_held AS (
	INSERT INTO :"bk".booking_holds AS h (booking_key, held_until, reason, author)
	SELECT b.key, $1::timestamptz, $2::text, $3::text || '/' || session_user
	  FROM b
	 WHERE NOT EXISTS (SELECT FROM was
			    WHERE was.held_until IS NOT DISTINCT FROM $1::timestamptz
			      AND was.reason = $2::text AND was.expired IS NOT TRUE)
	ON CONFLICT (booking_key) DO UPDATE
	   SET held_until = excluded.held_until, reason = excluded.reason, author = excluded.author,
	       created_at = CASE WHEN h.held_until <= clock_timestamp()
				 THEN excluded.created_at ELSE h.created_at END
	RETURNING h.booking_key, h.held_until, h.reason, h.author, h.created_at
), held AS (
	SELECT n.*, true AS changed FROM now_held AS n
	UNION ALL
	SELECT was.booking_key, was.held_until, was.reason, was.author, was.created_at, false
	  FROM was WHERE NOT EXISTS (SELECT FROM now_held)
)
SELECT held.booking_key AS key,
       to_char(held.held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS held_until,
       false AS expired,
       held.reason, held.author,
       to_char(held.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
       b.status AS booking_status,
       EXISTS (SELECT FROM was WHERE was.expired IS NOT TRUE) AS replaced,
       held.changed
  FROM b CROSS JOIN held

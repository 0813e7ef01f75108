-- A page of the bookings on hold, newest first, after a position; those whose end
-- is past included, until somebody releases them.
-- $1, $2 position of the last one seen: microseconds since 1970, hash of the key; or NULL
-- $3 most rows  $4.. what :which needs
-- :which  condition over the row h
-- Rows: the hold, expired: jobs may change the booking again; and its position. Times
-- that no cursor has count as the first or the last.
-- Locks nothing.
SELECT ARRAY(SELECT u.k FROM unnest(h.booking_key) WITH ORDINALITY AS u (k, n) ORDER BY u.n) AS key,
       to_char(h.held_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS held_until,
       coalesce(h.held_until <= clock_timestamp(), false) AS expired,
       h.reason, h.author,
       to_char(h.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
       (extract(epoch FROM p.at) * 1000000)::bigint AS position_us,
       p.id AS position_id
  FROM :"bk".booking_holds AS h
 CROSS JOIN LATERAL (
	SELECT least(greatest(h.created_at, '0002-01-01Z'), '9999-01-01Z') AS at,
	       greatest(hashtextextended(h.booking_key::text, 0) & 9223372036854775807, 1) AS id) AS p
 WHERE (:which)
   AND ($2::bigint IS NULL
	OR (p.at, p.id) < ('epoch'::timestamptz + $1::bigint * interval '1 microsecond', $2::bigint))
 ORDER BY p.at DESC, p.id DESC
 LIMIT $3::bigint

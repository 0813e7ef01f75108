-- A page of the bookings in quarantine, by the time of their first failure, newest
-- first, after a position.
-- $1, $2 position of the last one seen: microseconds since 1970, hash of rule and key; or NULL
-- $3 most rows  $4.. what :which needs
-- :which  condition over the row q
-- Rows: rule, key, operation, execution_id, sqlstate, error_message, first_seen_at,
-- last_seen_at, tries, next_try_at, and the position. Times that no cursor has count
-- as the first or the last.
-- Locks nothing.
SELECT q.rule,
       ARRAY(SELECT u.k FROM unnest(q.booking_key) WITH ORDINALITY AS u (k, n) ORDER BY u.n) AS key,
       q.operation, q.execution_id::text AS execution_id,
       q.error_code AS sqlstate, q.error_message,
       to_char(q.first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_seen_at,
       to_char(q.last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_seen_at,
       q.tries::bigint AS tries,
       to_char(q.next_try_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS next_try_at,
       (extract(epoch FROM p.at) * 1000000)::bigint AS position_us,
       p.id AS position_id
  FROM :"bk".quarantined_bookings AS q
 CROSS JOIN LATERAL (
	SELECT least(greatest(q.first_seen_at, '0002-01-01Z'), '9999-01-01Z') AS at,
	       greatest(hashtextextended(concat_ws(E'\x1f', q.rule, q.booking_key), 0)
			& 9223372036854775807, 1) AS id) AS p
 WHERE (:which)
   AND ($2::bigint IS NULL
	OR (p.at, p.id) < ('epoch'::timestamptz + $1::bigint * interval '1 microsecond', $2::bigint))
 ORDER BY p.at DESC, p.id DESC
 LIMIT $3::bigint

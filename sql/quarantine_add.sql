-- Sets bookings aside that the database refused, for 5 minutes at first and twice
-- as long each time, a day at most.
-- $1 operation  $2 execution  $3 rules text[]  $4 keys text[], each an array's text
-- $5 SQLSTATEs text[]  $6 messages text[]  $7 timestamptz: clock, NULL = the database's
INSERT INTO :"bk".quarantined_bookings AS q
       (rule, booking_key, operation, execution_id, error_code, error_message, first_seen_at,
	last_seen_at, next_try_at)
SELECT DISTINCT ON (n.rule, n.booking_key)
       n.rule, n.booking_key::text[], $1::text, $2::bigint, n.code, n.message, c.now, c.now,
       c.now + interval '5 minutes'
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS n (rule, booking_key, code, message),
       (SELECT coalesce($7::timestamptz, clock_timestamp()) AS now) AS c
ON CONFLICT (rule, booking_key) DO UPDATE
   SET operation = excluded.operation, execution_id = excluded.execution_id,
       error_code = excluded.error_code, error_message = excluded.error_message,
       last_seen_at = excluded.last_seen_at, tries = q.tries + 1,
       next_try_at = excluded.last_seen_at
	       + least(interval '5 minutes' * 2 ^ least(q.tries, 20), interval '1 day')

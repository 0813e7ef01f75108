-- Quarantined bookings that no run came upon again for a week: a fragment as
-- cleanup_dead_due.sql.
-- Rows: key (text for people); due, since when it is to be done.
-- Locks nothing.
SELECT q.rule || ' ' || array_to_string(q.booking_key, ' ') AS key,
       q.next_try_at + interval '7 days' AS due
  FROM :"bk".quarantined_bookings AS q
 WHERE q.next_try_at < clock_timestamp() - interval '7 days'

-- Holds that are over for a day: a fragment as cleanup_dead_due.sql.
-- Rows: key (text for people); due, since when it is to be done.
-- Locks nothing.
SELECT array_to_string(h.booking_key, ' ') AS key, h.held_until + interval '1 day' AS due
  FROM :"bk".booking_holds AS h
 WHERE h.held_until < clock_timestamp() - interval '1 day'

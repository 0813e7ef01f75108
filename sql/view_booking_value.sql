-- One value of one booking, where they cannot be had together because some expression fails.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :text  the value  :instant  what it
-- stands for, a timestamptz
-- One row, or none: there is no such booking.
-- Locks nothing.
SELECT :text AS value,
       to_char((:instant) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS instant
  FROM :table AS b
 WHERE :match

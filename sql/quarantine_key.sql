-- The key of a booking as quarantine has it, for quarantine_retry; it may be gone.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- :typed_key  the same of the parameters, where they have one form only
SELECT :row_key AS key FROM :table AS b WHERE :match
 UNION ALL
SELECT :typed_key

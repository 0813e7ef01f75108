-- The key of a booking as bk's own tables have it: a sub-select.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :row_key  its key as text[]
SELECT :row_key AS key FROM :table AS b WHERE :match

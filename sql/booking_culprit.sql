-- Whether an expression of the mapping can be computed for some bookings: where it cannot, the
-- error is the answer.
-- $1.. as the condition has them
-- :expression  SQL over the row b  :table  :condition  which bookings
-- One row: n, for how many it is not NULL.
-- Locks nothing.
SELECT pg_catalog.count(q.x) AS n
  FROM (SELECT :expression AS x FROM :table AS b WHERE :condition) AS q

-- Bookings with some fault in their data, counted up to a limit, and one of them.
-- $1 limit
-- :key_texts  key columns of b as texts  :table  :condition
-- One row: n, example: the key's texts as text[] literal, NULL for none.
SELECT pg_catalog.count(*) AS n, (pg_catalog.array_agg(q.key))[1] AS example
  FROM (SELECT (ARRAY[:key_texts])::pg_catalog.text AS key
	  FROM :table AS b
	 WHERE :condition
	 LIMIT $1::pg_catalog.int8) AS q

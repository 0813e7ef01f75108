-- The type of an expression of the mapping, without reading a row.
-- :expression  SQL over the row b  :table
-- One row: its type, as people know it.
SELECT pg_catalog.format_type(pg_catalog.pg_typeof(q.x)::pg_catalog.oid, NULL) AS type
  FROM (VALUES (1)) AS one (n)
  LEFT JOIN (SELECT :expression AS x FROM :table AS b LIMIT 0) AS q ON true

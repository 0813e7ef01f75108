-- CHECK constraints of the mapped table that speak of the status column alone,
-- as one SQL expression over a column of that name; NULL where there is none.
-- $1 schema  $2 table  $3 status column
SELECT string_agg('(' || pg_get_expr(k.conbin, k.conrelid) || ')', ' AND ') AS expression
  FROM pg_constraint AS k
  JOIN pg_class AS c ON c.oid = k.conrelid
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = $3::text
 WHERE s.nspname = $1::text AND c.relname = $2::text AND k.contype = 'c'
   AND k.conkey = ARRAY[a.attnum]

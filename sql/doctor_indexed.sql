-- Whether a table has an index that begins with some columns in their order, and holds the rows
-- with some label.
-- $1 schema  $2 table  $3 columns text[]  $4 label
-- One row: indexed. A predicate that has the label in it is taken for one that holds its rows.
SELECT EXISTS (
	SELECT FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	  JOIN pg_index AS i ON i.indrelid = c.oid
	 WHERE s.nspname = $1::text AND c.relname = $2::text AND i.indisvalid
	   AND $3::text[] = ARRAY(
		SELECT a.attname::text
		  FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
		  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
		 WHERE k.n <= cardinality($3::text[])
		 ORDER BY k.n)
	   AND (i.indpred IS NULL OR strpos(pg_get_expr(i.indpred, c.oid), $4::text) > 0)) AS indexed

-- What decides about the labels of the mapped table's status column.
-- $1 schema  $2 table  $3 status column
-- One row of SQL: expression, the CHECK constraints that speak of that column alone, over a
-- column of its name, NULL where there is none; collation, as a COLLATE clause, '' for a
-- type that has none; equals, the operator by which the column's type tells values apart, that of
-- its default class for btree, always with its schema.
WITH RECURSIVE column_of AS (
	SELECT a.attrelid, a.attnum, a.atttypid, a.attcollation
	  FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = $3::text
	 WHERE s.nspname = $1::text AND c.relname = $2::text
), base AS (
	SELECT a.atttypid AS oid FROM column_of AS a
	UNION ALL
	SELECT t.typbasetype FROM base JOIN pg_type AS t ON t.oid = base.oid WHERE t.typtype = 'd'
)
SELECT (SELECT string_agg('(' || pg_get_expr(k.conbin, k.conrelid) || ')', ' AND ')
	  FROM pg_constraint AS k
	 WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS expression,
       coalesce((SELECT concat('COLLATE "', replace(n.nspname, '"', '""'), '"."', replace(l.collname, '"', '""'), '"')
		   FROM pg_collation AS l JOIN pg_namespace AS n ON n.oid = l.collnamespace
		  WHERE l.oid = a.attcollation), '') AS collation,
       coalesce((SELECT concat('OPERATOR(', CASE n.nspname WHEN 'pg_catalog' THEN 'pg_catalog'
				    ELSE '"' || replace(n.nspname, '"', '""') || '"' END, '.', o.oprname, ')')
		   FROM base
		   JOIN pg_opclass AS d ON d.opcintype = base.oid AND d.opcdefault
		   JOIN pg_am AS m ON m.oid = d.opcmethod AND m.amname = 'btree'
		   JOIN pg_amop AS p ON p.amopfamily = d.opcfamily AND p.amopstrategy = 3
					AND p.amoplefttype = base.oid AND p.amoprighttype = base.oid
		   JOIN pg_operator AS o ON o.oid = p.amopopr
		   JOIN pg_namespace AS n ON n.oid = o.oprnamespace
		  LIMIT 1), 'OPERATOR(pg_catalog.=)') AS equals
  FROM column_of AS a

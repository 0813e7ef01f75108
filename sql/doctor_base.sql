-- Which columns of tables the columns of a view are, through views over views.
-- $1 schema  $2 view
-- Rows: name in the view; schema_name, table_name, column_name; kind, pg_class.relkind; barrier: a
-- view on the way is a security barrier. No row for a column that is computed or that cannot be
-- told, and none at all for a view that cannot be updated by itself, such as one of several tables.
-- The catalogs keep the origin of a column in the tree of the view's query only: :resno is its
-- number in the view, :resorigtbl and :resorigcol are 0 where it is computed. Sub-selects have such
-- lists, too, so a number that comes with two origins tells nothing, but that a column which can
-- be updated is no computed one.
WITH RECURSIVE step AS (
	SELECT a.attname AS name, c.oid, a.attnum, c.relkind, false AS barrier
	  FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	 WHERE s.nspname = $1::text AND c.relname = $2::text
	UNION ALL
	SELECT t.name, c.oid, o.attnum, c.relkind,
	       t.barrier OR coalesce('security_barrier=true' = ANY (v.reloptions), false)
	  FROM step AS t
	  JOIN pg_class AS v ON v.oid = t.oid
	  JOIN pg_rewrite AS r ON r.ev_class = t.oid AND r.rulename = '_RETURN'
	 CROSS JOIN LATERAL (
		SELECT min(m.x[2])::oid AS oid, min(m.x[3])::smallint AS attnum
		  FROM regexp_matches(r.ev_action::text, ':resno (\d+) :resname (?:\\.|[^ \\])+'
			' :ressortgroupref \d+ :resorigtbl (\d+) :resorigcol (\d+)', 'g') AS m (x)
		 WHERE m.x[1]::integer = t.attnum
		   AND (m.x[2] <> '0' OR NOT pg_column_is_updatable(t.oid, t.attnum, false))
		HAVING count(DISTINCT m.x[2] || '.' || m.x[3]) = 1) AS o
	  JOIN pg_class AS c ON c.oid = o.oid
	 WHERE t.relkind = 'v' AND pg_relation_is_updatable(t.oid, false) & 4 <> 0
)
SELECT t.name, s.nspname AS schema_name, c.relname AS table_name, a.attname AS column_name,
       t.relkind AS kind, t.barrier
  FROM step AS t
  JOIN pg_class AS c ON c.oid = t.oid
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = t.attnum
 WHERE t.relkind <> 'v'
 ORDER BY t.name

-- What else an update of the written columns sets off: triggers, rules, and constraints but
-- the CHECKs on the status alone, which the labels are checked against.
-- $1 schema  $2 table  $3 status column  $4 columns written text[]
-- Rows: what, such as "trigger audit calls log_change()".
-- An exclusion constraint or a unique index counts also where its predicate has the column.
WITH RECURSIVE tree AS (
	SELECT c.oid
	  FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	 WHERE s.nspname = $1::text AND c.relname = $2::text
	UNION
	SELECT i.inhrelid
	  FROM tree AS t
	  JOIN pg_inherits AS i ON i.inhparent = t.oid
), written AS (
	SELECT t.oid, array_agg(a.attnum) AS columns,
	       array_agg(a.attnum) FILTER (WHERE a.attname = $3::text) AS status
	  FROM tree AS t
	  JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attname = ANY ($4::text[])
	 GROUP BY t.oid
)
SELECT format('trigger %I calls %s', t.tgname, t.tgfoid::regprocedure) AS what
  FROM written AS w
  JOIN pg_trigger AS t ON t.tgrelid = w.oid
 WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled IN ('O', 'A') AND t.tgtype & 16 <> 0
   AND (t.tgattr::text = '' OR t.tgattr::smallint[] && w.columns)
UNION
SELECT format('rule %I', r.rulename)
  FROM written AS w
  JOIN pg_rewrite AS r ON r.ev_class = w.oid
 WHERE r.ev_type = '2' AND r.ev_enabled IN ('O', 'A')
UNION
SELECT format('constraint %I: %s', k.conname, pg_get_constraintdef(k.oid))
  FROM written AS w
  JOIN pg_constraint AS k ON k.conrelid = w.oid
 WHERE k.contype IN ('c', 'f') AND k.conparentid = 0 AND k.conislocal
   AND k.conkey && w.columns AND NOT (k.contype = 'c' AND k.conkey = w.status)
UNION
SELECT format('index %s', pg_get_indexdef(i.indexrelid))
  FROM written AS w
  JOIN pg_index AS i ON i.indrelid = w.oid
 WHERE (i.indisunique OR i.indisexclusion)
   AND (i.indkey::smallint[] && w.columns
	OR EXISTS (SELECT FROM pg_depend AS d
		    WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
		      AND d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid
		      AND d.refobjsubid = ANY (w.columns)))
 ORDER BY what

-- The mapped table with its partitions or heirs: where an index has to be made, and
-- whether an update of a row can be replicated.
-- $1 schema  $2 table
-- Rows, the table itself first: schema_name, table_name, kind (pg_class.relkind; p holds no rows of
-- its own), published (by a publication that has updates), has_identity: its replica identity names
-- a row.
WITH RECURSIVE tree AS (
	SELECT c.oid, 0 AS depth
	  FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	 WHERE s.nspname = $1::text AND c.relname = $2::text
	UNION
	SELECT i.inhrelid, t.depth + 1
	  FROM tree AS t
	  JOIN pg_inherits AS i ON i.inhparent = t.oid
)
SELECT s.nspname AS schema_name, c.relname AS table_name, c.relkind AS kind,
       EXISTS (SELECT FROM pg_publication AS p
		 JOIN pg_publication_tables AS l ON l.pubname = p.pubname
		WHERE p.pubupdate
		  AND ((l.schemaname = s.nspname AND l.tablename = c.relname)
		       OR (c.relispartition
			   AND to_regclass(format('%I.%I', l.schemaname, l.tablename)) IN (SELECT oid FROM tree))))
	AS published,
       CASE c.relreplident
	    WHEN 'f' THEN true
	    WHEN 'n' THEN false
	    ELSE EXISTS (SELECT FROM pg_index AS i
			  WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
			    AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END)
	END AS has_identity
  FROM tree AS t
  JOIN pg_class AS c ON c.oid = t.oid
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
 ORDER BY t.depth, s.nspname, c.relname

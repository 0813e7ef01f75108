-- The columns of the mapped table.
-- $1 schema  $2 table  $3 key columns text[]
-- One row per column: its name, its type as an SQL name, as shown to people and
-- without its modifier, the type's kind; the table's kind beside each, and whether a unique index holds
-- the key: one over some of its columns, none of which may be NULL; else nullable_key, a column but
-- for whose NULLs one would. No row: no table.
-- Types are quoted always, whatever quote_all_identifiers says.
WITH held AS (
	SELECT i.indexrelid,
	       (SELECT min(ka.attname) FROM pg_attribute AS ka
		 WHERE ka.attrelid = c.oid AND ka.attnum = ANY (k.columns) AND NOT ka.attnotnull) AS may_be_null
	  FROM pg_class AS c
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace
	  JOIN pg_index AS i ON i.indrelid = c.oid
	 CROSS JOIN LATERAL (SELECT array_agg(u.attnum) AS columns
			       FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS u (attnum, n)
			      WHERE u.n <= i.indnkeyatts) AS k
	 WHERE s.nspname = $1::text AND c.relname = $2::text
	   AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
	   AND NOT EXISTS (SELECT FROM pg_attribute AS ka
			    WHERE ka.attrelid = c.oid AND ka.attnum = ANY (k.columns)
			      AND ka.attname <> ALL ($3::text[]))
)
SELECT c.relkind, c.relhassubclass AS has_children,
       EXISTS (SELECT FROM held WHERE held.may_be_null IS NULL) AS key_is_unique,
       (SELECT min(held.may_be_null) FROM held) AS nullable_key,
       a.attname AS name,
       concat('"', replace(n.nspname, '"', '""'), '"."', replace(t.typname, '"', '""'), '"') AS type_name,
       format_type(a.atttypid, a.atttypmod) AS type_shown,
       format_type(a.atttypid, NULL) AS type_base,
       t.typtype AS type_kind,
       (a.attgenerated <> '' OR a.attidentity = 'a') AS is_generated,
       NOT a.attnotnull AS may_be_null
  FROM pg_class AS c
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_namespace AS n ON n.oid = t.typnamespace
 WHERE s.nspname = $1::text AND c.relname = $2::text
 ORDER BY a.attnum

-- The columns of the mapped table.
-- $1 schema  $2 table  $3 key columns text[]
-- One row per column: its name, its type as an SQL name, as shown to people and
-- without its modifier, the type's kind; the table's kind beside each, and whether a unique index holds
-- the key: one over some of its columns, none of which may be NULL. No row: no table.
-- Types are quoted always, whatever quote_all_identifiers says.
SELECT c.relkind, c.relhassubclass AS has_children,
       EXISTS (SELECT FROM pg_index AS i
		WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid
		  AND i.indpred IS NULL AND i.indexprs IS NULL
		  AND NOT EXISTS (
			SELECT FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
			  LEFT JOIN pg_attribute AS ka ON ka.attrelid = c.oid AND ka.attnum = k.attnum
			 WHERE k.n <= i.indnkeyatts
			   AND (NOT ka.attnotnull OR ka.attname <> ALL ($3::text[])))) AS key_is_unique,
       a.attname AS name,
       concat('"', replace(n.nspname, '"', '""'), '"."', replace(t.typname, '"', '""'), '"') AS type_name,
       format_type(a.atttypid, a.atttypmod) AS type_shown,
       format_type(a.atttypid, NULL) AS type_base,
       t.typtype AS type_kind,
       (a.attgenerated <> '' OR a.attidentity = 'a') AS is_generated
  FROM pg_class AS c
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_namespace AS n ON n.oid = t.typnamespace
 WHERE s.nspname = $1::text AND c.relname = $2::text
 ORDER BY a.attnum

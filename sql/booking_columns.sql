-- The columns of the mapped table.
-- $1 schema  $2 table
-- One row per column: its name, its type as an SQL name and as shown to people,
-- the type's kind and category; the table's kind beside each. No row: no table.
SELECT c.relkind, c.relhassubclass AS has_children,
       a.attname AS name,
       format('%I.%I', n.nspname, t.typname) AS type_name,
       format_type(a.atttypid, a.atttypmod) AS type_shown,
       t.typtype AS type_kind,
       (a.attgenerated <> '' OR a.attidentity = 'a') AS is_generated
  FROM pg_class AS c
  JOIN pg_namespace AS s ON s.oid = c.relnamespace
  LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_type AS t ON t.oid = a.atttypid
  LEFT JOIN pg_namespace AS n ON n.oid = t.typnamespace
 WHERE s.nspname = $1::text AND c.relname = $2::text
 ORDER BY a.attnum

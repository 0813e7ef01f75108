-- Applied migrations in order.
-- Rows: version, name, checksum, min_program, applied_at.
SELECT m.version, m.name, m.checksum, m.min_program,
       to_char(m.applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS applied_at
  FROM :"bk".schema_migrations AS m
 ORDER BY m.version

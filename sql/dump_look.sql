-- What a backup or a restore has to know of server and schema beforehand.
-- $1 schema
-- One row: server_version (150016), server_shown, standby, present, relations (tables,
-- views and sequences of the schema), tables.
-- Locks nothing.
SELECT current_setting('server_version_num')::bigint AS server_version,
       current_setting('server_version') AS server_shown,
       pg_is_in_recovery() AS standby,
       n.oid IS NOT NULL AS present,
       (SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = n.oid) AS relations,
       (SELECT count(*) FROM pg_class AS c WHERE c.relnamespace = n.oid AND c.relkind = 'r') AS tables
  FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = $1::text

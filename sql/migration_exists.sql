-- Whether the table of migrations is there.
-- $1 schema
SELECT to_regclass(format('%I.schema_migrations', $1::text)) IS NOT NULL AS present,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       pg_is_in_recovery() AS standby

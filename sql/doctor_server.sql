-- The server and the role that doctor works with.
-- $1 bk's schema  $2 bookings table's schema  $3 its name  $4 columns written text[]
-- One row: version as a number and as shown, standby, now_us (microseconds since 1970 UTC),
-- role, superuser, may_update: the role has some privilege that only changing needs, so
-- it is meant for more than looking.
SELECT current_setting('server_version_num')::bigint AS version,
       current_setting('server_version') AS version_shown,
       pg_is_in_recovery() AS standby,
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
       r.rolname::text AS role,
       r.rolsuper AS superuser,
       (EXISTS (SELECT FROM pg_class AS c
		  JOIN pg_namespace AS s ON s.oid = c.relnamespace
		 WHERE s.nspname = $1::text AND c.relname = 'maintenance_executions'
		   AND has_table_privilege(c.oid, 'INSERT'))
	OR EXISTS (SELECT FROM pg_class AS c
		     JOIN pg_namespace AS s ON s.oid = c.relnamespace
		     JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = ANY ($4::text[])
		    WHERE s.nspname = $2::text AND c.relname = $3::text
		      AND has_column_privilege(c.oid, a.attnum, 'UPDATE'))) AS may_update
  FROM pg_roles AS r
 WHERE r.rolname = current_user

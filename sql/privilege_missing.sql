-- The grants that the current role lacks, as statements to type.
-- $1 bk's schema  $2 wants to change bookings bool  $3 bookings table's schema
-- $4 its name  $5 columns read text[]  $6 columns written text[]
-- $7 schemas of other tables text[]  $8 their names  $9 what is needed of each; what is no table
-- does not matter
-- Rows: statement, rank; the first is the one to type first. Where the role of bk
-- exists, that one grant is enough. Last what lifts row-level security, which bk
-- refuses to work under.
WITH need AS (
	SELECT NULL AS name, 'USAGE' AS privilege, false AS for_update
	UNION ALL
	SELECT * FROM (VALUES
		('schema_migrations', 'SELECT', false), ('scheduler_job_info', 'SELECT', false),
		('maintenance_executions', 'SELECT', false), ('execution_workers', 'SELECT', false),
		('booking_transitions', 'SELECT', false), ('instances', 'SELECT', false),
		('booking_holds', 'SELECT', false), ('quarantined_bookings', 'SELECT', false),
		('jobs', 'SELECT', false), ('scheduler_job_info', 'UPDATE', true),
		('maintenance_executions', 'INSERT', true), ('maintenance_executions', 'UPDATE', true),
		('execution_workers', 'INSERT', true), ('execution_workers', 'UPDATE', true),
		('execution_workers', 'DELETE', true), ('booking_transitions', 'INSERT', true),
		('instances', 'INSERT', true), ('instances', 'UPDATE', true),
		('booking_holds', 'INSERT', true), ('booking_holds', 'UPDATE', true),
		('execution_stats', 'SELECT', false), ('job_hours', 'SELECT', false),
		('job_totals', 'SELECT', false), ('job_totals', 'INSERT', true),
		('job_totals', 'UPDATE', true),
		('settings', 'SELECT', false), ('settings_history', 'SELECT', false),
		('event_consumers', 'SELECT', false), ('execution_stats', 'INSERT', true),
		('settings_history', 'INSERT', true),
		('execution_stats', 'UPDATE', true), ('execution_stats', 'DELETE', true),
		('maintenance_executions', 'DELETE', true), ('booking_transitions', 'DELETE', true),
		('event_consumers', 'INSERT', true), ('event_consumers', 'UPDATE', true),
		('archived_executions', 'SELECT', false),
		('archived_executions', 'INSERT', true), ('archived_transitions', 'INSERT', true),
		('booking_holds', 'DELETE', true), ('quarantined_bookings', 'INSERT', true),
		('quarantined_bookings', 'UPDATE', true), ('quarantined_bookings', 'DELETE', true)) AS t (name, privilege, for_update)
), lacking AS (
	SELECT n.name, n.privilege
	  FROM need AS n
	  JOIN pg_namespace AS s ON s.nspname = $1::text
	  LEFT JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
	 WHERE ($2::boolean OR NOT n.for_update)
	   AND CASE WHEN n.name IS NULL THEN NOT has_schema_privilege(s.oid, n.privilege)
		    ELSE NOT has_table_privilege(c.oid, n.privilege) END
), columns AS (
	SELECT p.privilege, string_agg(format('%I', p.name), ', ') AS list
	  FROM (SELECT 'SELECT' AS privilege, unnest($5::text[]) AS name
		UNION ALL
		SELECT 'UPDATE', unnest($6::text[]) WHERE $2::boolean) AS p
	  JOIN pg_class AS c ON c.relname = $4::text
	  JOIN pg_namespace AS s ON s.oid = c.relnamespace AND s.nspname = $3::text
	  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = p.name
	 WHERE NOT has_column_privilege(c.oid, a.attnum, p.privilege)
	 GROUP BY p.privilege
), others AS (
	SELECT s.oid AS schema_id, s.nspname, c.oid, c.relname, p.privilege
	  FROM unnest($7::text[], $8::text[], $9::text[]) AS p (schema, name, privilege)
	  JOIN pg_namespace AS s ON s.nspname = p.schema
	  JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = p.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
)
SELECT format('GRANT %s TO %I', CASE WHEN $2::boolean THEN 'booking_update' ELSE 'booking_read' END, current_user)
	AS statement, 0 AS rank
 WHERE EXISTS (SELECT FROM lacking)
   AND EXISTS (SELECT FROM pg_roles WHERE rolname =
	CASE WHEN $2::boolean THEN 'booking_update' ELSE 'booking_read' END)
UNION ALL
SELECT format('GRANT USAGE ON SCHEMA %I TO %I', $3::text, current_user), 1
 WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = $3::text)
   AND NOT has_schema_privilege($3::text, 'USAGE')
UNION ALL
SELECT format('GRANT %s (%s) ON %I.%I TO %I', c.privilege, c.list, $3::text, $4::text, current_user), 2
  FROM columns AS c
UNION ALL
(SELECT DISTINCT format('GRANT USAGE ON SCHEMA %I TO %I', o.nspname, current_user), 1
  FROM others AS o
 WHERE o.nspname <> $3::text AND NOT has_schema_privilege(o.schema_id, 'USAGE'))
UNION ALL
SELECT format('GRANT %s ON %I.%I TO %I', string_agg(o.privilege, ', ' ORDER BY o.privilege), o.nspname, o.relname,
	      current_user), CASE WHEN bool_and(o.privilege = 'SELECT') THEN 2 ELSE 3 END
  FROM others AS o
 WHERE NOT CASE o.privilege WHEN 'DELETE' THEN has_table_privilege(o.oid, o.privilege)
			    ELSE has_any_column_privilege(o.oid, o.privilege) END
 GROUP BY o.nspname, o.relname
UNION ALL
SELECT CASE WHEN l.name IS NULL THEN format('GRANT USAGE ON SCHEMA %I TO %I', $1::text, current_user)
	    ELSE format('GRANT %s ON %I.%I TO %I', l.privilege, $1::text, l.name, current_user) END,
       CASE WHEN l.name IS NULL THEN 3 ELSE 4 END
  FROM lacking AS l
UNION ALL
SELECT format('ALTER ROLE %I BYPASSRLS', current_user), 5
  FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
 WHERE row_security_active(c.oid)
   AND (s.nspname = $1::text OR (s.nspname = $3::text AND c.relname = $4::text)
	OR c.oid IN (SELECT o.oid FROM others AS o))
 ORDER BY 2, 1

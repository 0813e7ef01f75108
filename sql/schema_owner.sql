-- Whether the current role owns bk's schema, or is a member of the role that does, and what
-- to type else. Where there is no schema, who may make it.
-- $1 schema  $2 a table of it: its owner counts where it is there; NULL = the schema's
-- One row: owns; owner, quoted as SQL has it; statement, the grant that is lacking: NULL where
-- there is none to give. The role has it already, or it would hand out a superuser's powers.
-- Locks nothing.
SELECT coalesce(pg_has_role(o.id, 'USAGE'), false) AS owns,
       quote_ident(pg_get_userbyid(coalesce(o.id, d.datdba))) AS owner,
       CASE WHEN o.id IS NULL
	    THEN CASE WHEN NOT has_database_privilege(d.oid, 'CREATE')
		      THEN format('GRANT CREATE ON DATABASE %I TO %I', d.datname, current_user) END
	    WHEN NOT pg_has_role(o.id, 'MEMBER')
	     AND NOT EXISTS (SELECT FROM pg_roles AS r
			      WHERE r.rolsuper AND pg_has_role(o.id, r.oid, 'MEMBER'))
	    THEN format('GRANT %I TO %I', pg_get_userbyid(o.id), current_user) END AS statement
  FROM pg_database AS d
  LEFT JOIN pg_namespace AS n ON n.nspname = $1::text
  LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = $2::text
 CROSS JOIN LATERAL (SELECT coalesce(c.relowner, n.nspowner) AS id) AS o
 WHERE d.datname = current_database()

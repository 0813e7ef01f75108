-- Whether the current role owns bk's schema, or is a member of the role that does, and what
-- to type else. Where there is no schema, who may make it.
-- $1 schema
-- One row: owns; owner, quoted as SQL has it; statement, the grant that is lacking.
-- Locks nothing.
SELECT coalesce(pg_has_role(n.nspowner, 'USAGE'), false) AS owns,
       quote_ident(pg_get_userbyid(coalesce(n.nspowner, d.datdba))) AS owner,
       CASE WHEN n.oid IS NULL
	    THEN format('GRANT CREATE ON DATABASE %I TO %I', d.datname, current_user)
	    ELSE format('GRANT %I TO %I', pg_get_userbyid(n.nspowner), current_user) END AS statement
  FROM pg_database AS d LEFT JOIN pg_namespace AS n ON n.nspname = $1::text
 WHERE d.datname = current_database()

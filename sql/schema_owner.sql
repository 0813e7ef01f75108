-- Whether the current role owns bk's schema, or is a member of the role that does.
-- $1 schema
-- A row or none: owns.
-- Locks nothing.
SELECT pg_has_role(n.nspowner, 'USAGE') AS owns FROM pg_namespace AS n WHERE n.nspname = $1::text

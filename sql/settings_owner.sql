-- Who may change the settings.
-- $1 bk's schema
-- One row or none: owner and role, quoted as SQL has them.
-- Locks nothing.
SELECT quote_ident(pg_get_userbyid(c.relowner)) AS owner, quote_ident(current_user) AS role
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = $1::text AND c.relname = 'settings'

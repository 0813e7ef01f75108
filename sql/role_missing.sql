-- What of bk's roles the cluster lacks, as statements in the order to run them.
-- Nobody logs in as one of them. Who may not create roles cannot repeat the
-- membership either, so it is left out where it is there.
-- Rows: statement, makes_role.
SELECT q.statement, q.makes_role
  FROM (SELECT format('CREATE ROLE %I NOLOGIN', r.role) AS statement, true AS makes_role
	  FROM (VALUES ('booking_read'), ('booking_update')) AS r (role)
	 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.role)
	UNION ALL
	SELECT 'GRANT booking_read TO booking_update', false
	 WHERE NOT EXISTS (SELECT FROM pg_auth_members AS a
			     JOIN pg_roles AS g ON g.oid = a.roleid AND g.rolname = 'booking_read'
			     JOIN pg_roles AS m ON m.oid = a.member AND m.rolname = 'booking_update')
       ) AS q
 ORDER BY q.makes_role DESC, q.statement

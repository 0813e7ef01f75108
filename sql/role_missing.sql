-- Which of bk's roles the cluster lacks.
-- Rows: role. bkmaint migrate makes them where it may.
SELECT r.role FROM (VALUES ('booking_read'), ('booking_update')) AS r (role)
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r.role)

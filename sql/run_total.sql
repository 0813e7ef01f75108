-- Notes how much a run has to do in all, for those who watch it.
-- $1 execution  $2 token  $3 bookings
UPDATE :"bk".maintenance_executions AS e
   SET due_total = $3::bigint, updated_at = clock_timestamp()
 WHERE e.id = $1::bigint AND e.lease_token = $2::bigint AND e.status = 'RUNNING'

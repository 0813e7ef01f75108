-- Says of a claimed execution which one it takes back.
-- $1 execution  $2 its token  $3 the other execution
-- No rows. Locks the execution.
UPDATE :"bk".maintenance_executions AS e
   SET undo_of = $3::bigint
 WHERE e.id = $1::bigint AND e.lease_token = $2::bigint AND e.status = 'RUNNING'

-- The worker's own ledger row, locked for a batch of the job cleanup. That it is still
-- there, with this token, is for cleanup_ledger.sql to say.
-- $1 execution  $2 worker  $3 token
-- A row or none: batch_no.
-- Locks the row and waits for it.
SELECT w.batch_no FROM :"bk".execution_workers AS w
 WHERE w.execution_id = $1::bigint AND w.worker = $2::integer AND w.token = $3::bigint
   FOR UPDATE

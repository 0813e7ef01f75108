-- The worker's ledger row, locked: after a commit whose answer was lost this
-- waits for that transaction and then tells which batch was the last.
-- $1 execution  $2 worker  $3 token
-- No row: the execution was taken over or is closed.
SELECT w.batch_no, w.processed
  FROM :"bk".execution_workers AS w
 WHERE w.execution_id = $1::bigint AND w.worker = $2::integer AND w.token = $3::bigint
   FOR UPDATE

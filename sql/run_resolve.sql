-- Whether a batch whose COMMIT was not answered is committed: its ledger row says
-- so, once it can be locked, because the lost transaction holds it until it ends.
-- $1 execution  $2 worker int  $3 token
-- One row with the number of the last committed batch, or none: the lease is lost.
SELECT w.batch_no
  FROM :"bk".execution_workers AS w
 WHERE w.execution_id = $1::bigint AND w.worker = $2::integer AND w.token = $3::bigint
   FOR UPDATE

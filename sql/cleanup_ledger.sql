-- The end of a batch of the job cleanup: it is counted in the worker's ledger.
-- $1 execution  $2 worker  $3 token  $4 number of this batch  $5 lease ms  $6 changed
-- A row or none: cancel, true when somebody asked for the end. None = the lease is lost:
-- roll back.
-- Locks the ledger row, which cleanup_fence.sql has locked before.
UPDATE :"bk".execution_workers AS w
   SET batch_no = $4::integer,
       processed = w.processed + $6::bigint,
       lease_expires_at = clock_timestamp() + $5::float8 * interval '1 millisecond'
 WHERE w.execution_id = $1::bigint AND w.worker = $2::integer AND w.token = $3::bigint
   AND w.batch_no = $4::integer - 1
RETURNING w.cancel_requested AS cancel

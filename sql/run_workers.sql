-- Ledger rows for the further workers of an execution.
-- $1 execution  $2 token  $3 workers int: they are numbered 1 to this less one  $4 lease ms
-- Rows: one per worker, none when the lease is lost. Renews the lease of worker 0: a
-- claim that looked before, and does not see the new rows, finds that under its lock.
WITH own AS (
	UPDATE :"bk".execution_workers AS w
	   SET lease_expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
	 WHERE w.execution_id = $1::bigint AND w.worker = 0 AND w.token = $2::bigint
	RETURNING w.execution_id, w.token, w.cancel_requested
)
INSERT INTO :"bk".execution_workers AS w
       (execution_id, worker, token, lease_expires_at, cancel_requested)
SELECT own.execution_id, n.worker, own.token,
       clock_timestamp() + $4::bigint * interval '1 millisecond', own.cancel_requested
  FROM own, generate_series(1, $3::integer - 1) AS n (worker)
ON CONFLICT (execution_id, worker) DO UPDATE SET lease_expires_at = excluded.lease_expires_at
RETURNING w.worker

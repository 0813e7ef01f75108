-- Asks a running execution to end: in its record, and in the ledger row of each
-- worker, which the worker reads with its next batch.
-- $1 execution
-- One row, id, or none: it is not running, or was asked before.
-- Locks the ledger rows, each as soon as its batch in flight is done, then the
-- execution: in the order in which a run ends.
WITH w AS MATERIALIZED (
	SELECT w.worker FROM :"bk".execution_workers AS w
	 WHERE w.execution_id = $1::bigint
	 ORDER BY w.worker FOR NO KEY UPDATE
), asked AS (
	UPDATE :"bk".execution_workers AS t SET cancel_requested = true
	  FROM w
	 WHERE t.execution_id = $1::bigint AND t.worker = w.worker AND NOT t.cancel_requested
	RETURNING t.worker
)
UPDATE :"bk".maintenance_executions AS e
   SET cancel_requested = true, updated_at = clock_timestamp()
 WHERE e.id = $1::bigint AND e.status = 'RUNNING'
   AND ((SELECT count(*) FROM asked) > 0 OR NOT e.cancel_requested)
RETURNING e.id::text AS id

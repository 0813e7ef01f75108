-- How an execution was closed, after the answer to its end was lost.
-- $1 execution  $2 token
-- One row, or none: there is no such execution (any more).
SELECT e.status, e.processed_count, e.execution_time_ms
  FROM :"bk".maintenance_executions AS e
 WHERE e.id = $1::bigint AND e.lease_token = $2::bigint

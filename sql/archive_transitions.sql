-- The transitions of executions that are to be archived, as texts that read back as they
-- were; in the month of their execution.
-- $1 executions bigint[]
-- Rows: month, for the archive; then every column, and the start of the execution, by that.
-- Locks nothing; their executions are locked.
SELECT to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
       t.id::text AS id,
       to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS executed_at,
       t.execution_id::text AS execution_id, t.worker::text AS worker,
       t.batch_no::text AS batch_no, t.rule, t.from_state, t.to_state,
       t.row_count::text AS row_count, t.keys::text AS keys,
       t.key_hashes::text AS key_hashes, t.txid::text AS txid,
       to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
       t.set_columns::text AS set_columns, t.set_before::text AS set_before,
       t.set_after::text AS set_after
  FROM :"bk".booking_transitions AS t
  JOIN :"bk".maintenance_executions AS e ON e.id = t.execution_id
 WHERE t.execution_id = ANY ($1::bigint[])
 ORDER BY e.executed_at, e.id, t.id

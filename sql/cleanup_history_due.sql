-- Executions that failed or changed something and are older than they are kept: a fragment
-- as cleanup_dead_due.sql.
-- :history_ms, :kept_ms  for so long they are kept, and those with transitions
-- :over  cleanup_over.sql
-- :page  "" or further conditions, an order and a limit
-- Rows: id, at (position), bookings; key (text for people); due, since when it is to be done.
-- Locks nothing. The index maintenance_executions_kept has just these executions by their
-- start, so one that finds nothing reads nothing.
SELECT e.id, e.executed_at AS at, e.processed_count AS bookings,
       e.operation || ' ' || e.id AS key,
       e.executed_at + CASE WHEN EXISTS (SELECT FROM :"bk".booking_transitions AS t
					  WHERE t.execution_id = e.id)
			    THEN :'kept_ms'::float8 ELSE :'history_ms'::float8 END
		       * interval '1 millisecond' AS due
  FROM :"bk".maintenance_executions AS e
 WHERE e.status <> 'RUNNING' AND (e.status <> 'SUCCESS' OR e.processed_count <> 0)
   AND e.executed_at < statement_timestamp() - :'history_ms'::float8 * interval '1 millisecond'
   AND (:over)
:page

-- Executions that failed or changed something and are older than they are kept, oldest
-- first: a fragment as cleanup_dead_due.sql.
-- :history_ms, :kept_ms  for so long they are kept, and those with transitions
-- :over  cleanup_over.sql
-- :after_at, :after_id  expressions: a position, only what is behind it  :most  so many
-- Rows: id, at (position), bookings; key (text for people); due, since when it is to be done.
-- Locks nothing. The index maintenance_executions_kept has just these executions by their
-- start, so one that finds nothing reads nothing. The newest of an operation stays; that the
-- operation is compared by a range, and leads the order, leaves no index but its own.
SELECT e.id, e.executed_at AS at, e.processed_count AS bookings,
       e.operation || ' ' || e.id AS key,
       e.executed_at + CASE WHEN EXISTS (SELECT FROM :"bk".booking_transitions AS t
					  WHERE t.execution_id = e.id)
			    THEN :'kept_ms'::float8 ELSE :'history_ms'::float8 END
		       * interval '1 millisecond' AS due
  FROM :"bk".maintenance_executions AS e
 WHERE e.status <> 'RUNNING' AND (e.status <> 'SUCCESS' OR e.processed_count <> 0)
   AND e.executed_at < statement_timestamp() - :'history_ms'::float8 * interval '1 millisecond'
   AND (e.executed_at, e.id) > (:after_at, :after_id)
   AND e.id <> (SELECT n.id FROM :"bk".maintenance_executions AS n
		 WHERE n.operation >= e.operation AND n.operation <= e.operation
		 ORDER BY n.operation DESC, n.executed_at DESC, n.id DESC LIMIT 1)
   AND (:over)
 ORDER BY e.executed_at, e.id
 LIMIT :most

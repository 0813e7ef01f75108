-- Executions that succeeded and changed nothing, beyond the number that is kept of each
-- operation: a fragment as cleanup_dead_due.sql.
-- :most  so many are kept of an operation
-- :over  cleanup_over.sql
-- :page  "" or further conditions, an order and a limit
-- Rows: id, at (position), bookings; key (text for people); due, its start.
-- Locks nothing. The index (operation, executed_at, id) gives the operations one by one,
-- and of each, read backwards, the newest that is not kept any more.
SELECT e.id, e.executed_at AS at, 0::bigint AS bookings, o.operation || ' ' || e.id AS key,
       e.executed_at AS due
  FROM (WITH RECURSIVE found AS (
		(SELECT e.operation FROM :"bk".maintenance_executions AS e
		  ORDER BY e.operation LIMIT 1)
		UNION ALL
		SELECT (SELECT e.operation FROM :"bk".maintenance_executions AS e
			 WHERE e.operation > f.operation ORDER BY e.operation LIMIT 1)
		  FROM found AS f WHERE f.operation IS NOT NULL)
	SELECT f.operation FROM found AS f WHERE f.operation IS NOT NULL) AS o
 CROSS JOIN LATERAL (
	SELECT e.executed_at, e.id FROM :"bk".maintenance_executions AS e
	 WHERE e.operation = o.operation AND e.status = 'SUCCESS' AND e.processed_count = 0
	 ORDER BY e.executed_at DESC, e.id DESC
	OFFSET :'most'::bigint LIMIT 1) AS newest
 CROSS JOIN LATERAL (
	SELECT e.executed_at, e.id FROM :"bk".maintenance_executions AS e
	 WHERE e.operation = o.operation AND e.status = 'SUCCESS' AND e.processed_count = 0
	   AND (e.executed_at, e.id) <= (newest.executed_at, newest.id)
	   AND (:over)
:page
	) AS e

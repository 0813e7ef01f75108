-- Executions that succeeded and changed nothing, beyond the number that is kept of each
-- operation, of each the oldest first: a fragment as cleanup_dead_due.sql.
-- :number  so many are kept of an operation
-- :over  cleanup_over.sql
-- :after_at, :after_id  expressions: a position, only what is behind it
-- :most  so many of each operation
-- Rows: id, at (position), bookings; key (text for people); due, its start.
-- Locks nothing. The index (operation, executed_at, id), which has status and
-- processed_count beside, gives the operations one by one, and of each, read backwards, the
-- last that is not kept any more; the newest of all stays. Ranges over all its columns leave no other index: one
-- by time would pass over what other operations did.
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
	 WHERE e.operation >= o.operation AND e.operation <= o.operation
	   AND e.status = 'SUCCESS' AND e.processed_count = 0
	 ORDER BY e.operation DESC, e.executed_at DESC, e.id DESC
	OFFSET :'number'::bigint LIMIT 1) AS last
 CROSS JOIN LATERAL (
	SELECT e.id FROM :"bk".maintenance_executions AS e
	 WHERE e.operation >= o.operation AND e.operation <= o.operation
	 ORDER BY e.operation DESC, e.executed_at DESC, e.id DESC LIMIT 1) AS newest
 CROSS JOIN LATERAL (
	SELECT e.executed_at, e.id FROM :"bk".maintenance_executions AS e
	 WHERE (e.operation, e.executed_at, e.id) > (o.operation, :after_at, :after_id)
	   AND (e.operation, e.executed_at, e.id) <= (o.operation, last.executed_at, last.id)
	   AND e.status = 'SUCCESS' AND e.processed_count = 0
	   AND e.id <> newest.id
	   AND (:over)
	 ORDER BY e.operation, e.executed_at, e.id
	 LIMIT :most) AS e

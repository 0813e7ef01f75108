-- Before executions are pruned: the consumers that have not read all of their changes,
-- locked, so that a statement behind this one sees how far they really are.
-- $1 executions bigint[]
-- Rows: name.
-- Locks these consumers by name, and waits for their readers.
SELECT c.name
  FROM :"bk".event_consumers AS c
 WHERE EXISTS (SELECT FROM :"bk".booking_transitions AS t
		WHERE t.execution_id = ANY ($1::bigint[])
		  AND (t.txid, t.id, t.row_count) > (c.txid, c.transition_id, c.item))
 ORDER BY c.name
   FOR UPDATE

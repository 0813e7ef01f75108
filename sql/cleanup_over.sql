-- That execution e may go, whatever its number and age say: it is not the newest of its
-- operation; and where it has transitions, undo needs them no more and every consumer has
-- read them, or they are older than unread events are kept. A fragment of conditions.
-- :kept_ms  for so long undo may need transitions  :unread_ms  for so long unread ones stay
EXISTS (SELECT FROM :"bk".maintenance_executions AS newer
	 WHERE newer.operation = e.operation
	   AND (newer.executed_at, newer.id) > (e.executed_at, e.id))
AND (NOT EXISTS (SELECT FROM :"bk".booking_transitions AS t WHERE t.execution_id = e.id)
     OR (e.executed_at < statement_timestamp() - :'kept_ms'::float8 * interval '1 millisecond'
	 AND (e.executed_at < statement_timestamp() - :'unread_ms'::float8 * interval '1 millisecond'
	      OR NOT EXISTS (
		SELECT FROM :"bk".booking_transitions AS t CROSS JOIN :"bk".event_consumers AS c
		 WHERE t.execution_id = e.id
		   AND (t.txid, t.id, t.row_count) > (c.txid, c.transition_id, c.item)))))

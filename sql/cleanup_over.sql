-- That execution e may go as far as its transitions are concerned: it has none; or undo
-- needs them no more and every consumer has read them, or they are older than unread events
-- are kept. A fragment of conditions.
-- :kept_ms  for so long undo may need transitions  :unread_ms  for so long unread ones stay
-- Scalar subqueries: an EXISTS the planner may turn into a hash over a whole table.
(SELECT t.id FROM :"bk".booking_transitions AS t WHERE t.execution_id = e.id LIMIT 1) IS NULL
OR (e.executed_at < statement_timestamp() - :'kept_ms'::float8 * interval '1 millisecond'
    AND (e.executed_at < statement_timestamp() - :'unread_ms'::float8 * interval '1 millisecond'
	 OR (SELECT t.id
	       FROM :"bk".booking_transitions AS t CROSS JOIN :"bk".event_consumers AS c
	      WHERE t.execution_id = e.id
		AND (t.txid, t.id, t.row_count) > (c.txid, c.transition_id, c.item)
	      LIMIT 1) IS NULL))

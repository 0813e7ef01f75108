-- Executions go, with their transitions. A consumer that had not read these is said what it
-- lost, and moved behind them where nothing that is left comes before.
-- $1 executions bigint[], locked
-- One row: changed; said, a line on each consumer that lost events.
-- Locks what it removes; the consumers are locked by cleanup_readers.sql.
WITH gone AS MATERIALIZED (
	DELETE FROM :"bk".booking_transitions AS t WHERE t.execution_id = ANY ($1::bigint[])
	RETURNING t.txid, t.id, t.row_count
), pruned AS (
	DELETE FROM :"bk".maintenance_executions AS e WHERE e.id = ANY ($1::bigint[])
	RETURNING 1
), reader AS MATERIALIZED (
	SELECT c.name, c.txid, c.transition_id, c.item
	  FROM :"bk".event_consumers AS c
	 WHERE EXISTS (SELECT FROM gone AS g
			WHERE (g.txid, g.id, g.row_count) > (c.txid, c.transition_id, c.item))
), loss AS MATERIALIZED (
	SELECT r.name,
	       sum(g.row_count - CASE WHEN g.id = r.transition_id THEN r.item ELSE 0 END)::bigint AS n
	  FROM reader AS r
	  JOIN gone AS g ON (g.txid, g.id, g.row_count) > (r.txid, r.transition_id, r.item)
	 GROUP BY r.name
), moved AS (
	UPDATE :"bk".event_consumers AS c
	   SET lost = c.lost + loss.n,
	       lost_at = clock_timestamp(),
	       txid = coalesce(last.txid, c.txid),
	       transition_id = coalesce(last.id, c.transition_id),
	       item = coalesce(last.row_count, c.item)
	  FROM loss
	  JOIN reader AS r ON r.name = loss.name
	  LEFT JOIN LATERAL (
		SELECT t.txid, t.id FROM :"bk".booking_transitions AS t
		 WHERE (t.txid, t.id) >= (r.txid, r.transition_id)
		   AND (t.txid, t.id, t.row_count) > (r.txid, r.transition_id, r.item)
		   AND NOT EXISTS (SELECT FROM gone AS g WHERE g.id = t.id)
		 ORDER BY t.txid, t.id LIMIT 1) AS kept ON true
	  LEFT JOIN LATERAL (
		SELECT g.txid, g.id, g.row_count FROM gone AS g
		 WHERE (g.txid, g.id, g.row_count) > (r.txid, r.transition_id, r.item)
		   AND (kept.id IS NULL OR (g.txid, g.id) < (kept.txid, kept.id))
		 ORDER BY g.txid DESC, g.id DESC LIMIT 1) AS last ON true
	 WHERE c.name = loss.name
	RETURNING c.name, loss.n
)
SELECT (SELECT count(*) FROM pruned) AS changed,
       (SELECT string_agg(format('consumer %s lost %s events: they were pruned before it had read them',
				 to_json(m.name), m.n), E'\n' ORDER BY m.name)
	  FROM moved AS m) AS said

-- Transitions of single bookings behind a place, in the order of transaction, row and item.
-- $1 transaction xid8 as text  $2 row of booking_transitions bigint  $3 item int: the place
-- $4 most events int
-- Rows: id, execution_id, operation, rule, from_state, to_state, key, instance, undo_of, at,
-- and the event's own place: txid, transition_id, item.
-- Only transactions below the snapshot's xmin are read: all of them are over, so none can
-- still commit in front of a place that was handed out. Further rows of the log cost their
-- counters only: keys are taken out of those rows whose events are given, and of these in
-- one slice, because an item of a long array is found by walking there.
-- Locks nothing.
WITH log AS MATERIALIZED (
	SELECT t.*, sum(t.row_count - t.done) OVER (ORDER BY t.txid, t.id
			ROWS UNBOUNDED PRECEDING) - (t.row_count - t.done) AS before
	  FROM (SELECT t.id, t.txid, t.execution_id, t.rule, t.from_state, t.to_state, t.row_count,
		       t.keys, t.at,
		       CASE WHEN t.txid = $1::text::xid8 AND t.id = $2::bigint
			    THEN least($3::integer, t.row_count) ELSE 0 END AS done
		  FROM :"bk".booking_transitions AS t
		 WHERE (t.txid, t.id) >= ($1::text::xid8, $2::bigint)
		   AND t.txid < pg_snapshot_xmin(pg_current_snapshot())
		 ORDER BY t.txid, t.id
		 LIMIT $4::integer + 1) AS t
), part AS MATERIALIZED (
	SELECT l.*, p.size, l.keys[:][l.done + 1 : (l.done + p.size)] AS slice
	  FROM log AS l
	 CROSS JOIN LATERAL (
		SELECT least(l.row_count - l.done, $4::integer - l.before)::integer AS size) AS p
	 WHERE p.size > 0
)
SELECT p.id || '.' || k.item AS id, p.execution_id::text AS execution_id, e.operation, p.rule,
       p.from_state, p.to_state, k.key, e.server_instance AS instance, e.undo_of::text AS undo_of,
       to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
       p.txid::text AS txid, p.id AS transition_id, k.item
  FROM part AS p
  JOIN :"bk".maintenance_executions AS e ON e.id = p.execution_id
 CROSS JOIN LATERAL (
	SELECT p.done + 1 + (u.n - 1) % p.size AS item, array_agg(u.value ORDER BY u.n) AS key
	  FROM unnest(p.slice) WITH ORDINALITY AS u (value, n)
	 GROUP BY (u.n - 1) % p.size) AS k
 ORDER BY p.txid, p.id, k.item

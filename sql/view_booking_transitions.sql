-- Every change that bk has made on one booking, in their order.
-- $1.. key columns as texts
-- :key  booking_key
-- The batches are read by their hashes (of the key's texts, joined by U+001F, as
-- booking_batch wrote them), which takes some 5 ms a million bookings; only where one is
-- met the keys themselves are looked at.
-- Rows: at, execution_id, rule, from_state, to_state, and of the execution operation,
-- server_instance, invoked_by, triggered_by.
-- Locks nothing.
WITH k AS MATERIALIZED (
:key
), h AS MATERIALIZED (
	SELECT k.key, hashtext(array_to_string(k.key, E'\x1f')) AS hash FROM k
)
SELECT to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
       t.execution_id::text AS execution_id, e.operation, t.rule, t.from_state, t.to_state,
       e.server_instance, e.invoked_by, e.triggered_by
  FROM h
  JOIN :"bk".booking_transitions AS t ON h.hash = ANY (t.key_hashes)
  JOIN :"bk".maintenance_executions AS e ON e.id = t.execution_id
 WHERE EXISTS (
	SELECT FROM unnest(array_positions(t.key_hashes, h.hash)) AS p (i)
	 WHERE h.key = ARRAY(SELECT t.keys[c.n][p.i]
			       FROM generate_subscripts(t.keys, 1) AS c (n) ORDER BY c.n))
 ORDER BY t.at, t.id

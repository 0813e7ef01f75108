-- The bookings that the hours of a report changed, by rule and the state they came to.
-- $1 start: microseconds since 1970
-- $2 most batches; where there are as many, older ones are left out
-- Rows: operation, rule, to_state, hour_s in seconds since 1970, bookings; cut:
-- there are as many as that; first_s, the second of the first that counts.
-- Locks nothing.
WITH t AS MATERIALIZED (
	SELECT t.execution_id, t.rule, t.to_state, t.row_count, t.at
	  FROM :"bk".booking_transitions AS t
	 WHERE t.at >= 'epoch'::timestamptz + $1::bigint * interval '1 microsecond'
	 ORDER BY t.at DESC
	 LIMIT $2::bigint
), n AS MATERIALIZED (
	SELECT count(*) AS batches, min(t.at) AS first_at FROM t
)
SELECT e.operation, t.rule, t.to_state,
       extract(epoch FROM date_trunc('hour', t.at, 'UTC'))::bigint AS hour_s,
       sum(t.row_count)::bigint AS bookings,
       (n.batches >= $2::bigint) AS cut,
       floor(extract(epoch FROM n.first_at))::bigint AS first_s
  FROM t
 CROSS JOIN n
  JOIN :"bk".maintenance_executions AS e ON e.id = t.execution_id
 GROUP BY e.operation, t.rule, t.to_state, date_trunc('hour', t.at, 'UTC'), n.batches, n.first_at
 ORDER BY e.operation, t.rule, t.to_state, hour_s

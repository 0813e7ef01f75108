-- What an execution changed, by rule and from-state, in the order of its first
-- batches.
-- $1 execution
-- Rows: rule, from_state, to_state, bookings, batches, first_at, last_at.
-- Locks nothing.
SELECT t.rule, t.from_state, t.to_state,
       sum(t.row_count)::bigint AS bookings,
       count(*) AS batches,
       to_char(min(t.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_at,
       to_char(max(t.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_at
  FROM :"bk".booking_transitions AS t
 WHERE t.execution_id = $1::bigint
 GROUP BY t.rule, t.from_state, t.to_state
 ORDER BY min(t.id)

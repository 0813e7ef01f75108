-- The execution that somebody wants to take back.
-- $1 execution  $2 text: only what this rule did, NULL = everything
-- One row, or none: no such execution. operation, status, executed_at (RFC 3339); undo_of;
-- rows and bookings of its transitions by that rule, and by any; width, the number of key columns.
SELECT e.operation, e.status,
       to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at,
       e.undo_of::text AS undo_of,
       t.rows, t.bookings, t.all_bookings, t.width, t.rules
  FROM :"bk".maintenance_executions AS e
 CROSS JOIN LATERAL (
	SELECT count(*) FILTER (WHERE $2::text IS NULL OR t.rule = $2::text) AS rows,
	       coalesce(sum(t.row_count) FILTER (WHERE $2::text IS NULL OR t.rule = $2::text), 0)::bigint
		       AS bookings,
	       coalesce(sum(t.row_count), 0)::bigint AS all_bookings,
	       max(array_length(t.keys, 1))::bigint AS width,
	       string_agg(DISTINCT t.rule, ', ') AS rules
	  FROM :"bk".booking_transitions AS t WHERE t.execution_id = e.id) AS t
 WHERE e.id = $1::bigint

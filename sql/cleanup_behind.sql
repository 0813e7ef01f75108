-- The next executions e behind a position, in its order, so many as fit into a batch: a
-- fragment for :page of cleanup_history_due.sql and cleanup_empty_due.sql.
-- $1 most  $2 timestamptz, $3 id: the position, NULL = the start
AND (e.executed_at, e.id) > (coalesce($2::timestamptz, '-infinity'), coalesce($3::bigint, 0))
 ORDER BY e.executed_at, e.id
 LIMIT $1::bigint

-- What the job cleanup has to do, the oldest of each kind first.
-- $1 most rows, NULL = all
-- :due  cleanup_due
-- Rows: rule, key, due_at (RFC 3339).
SELECT d.rule, d.key,
       to_char(d.due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at
  FROM (
:due
) AS d
 ORDER BY d.rule, d.due, d.key
 LIMIT $1::bigint

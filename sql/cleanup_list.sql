-- What the job cleanup has to do of one kind, the oldest first.
-- $1 most rows, NULL = all
-- :due  what is due, of one kind
-- Rows: key, due_at (RFC 3339).
SELECT d.key,
       to_char(d.due AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at
  FROM (
:due
) AS d
 ORDER BY d.due, d.key
 LIMIT $1::bigint

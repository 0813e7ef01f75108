-- What a run would change by one rule: the selecting texts of its batches, nothing locked,
-- what is due longest first.
-- $1 as-of  $2 lower bound
-- :scans  booking_scan of each from-state and scan of the rule, with the key columns as k1..kn,
-- the due instant as due, and the labels from_state and to_state
-- :columns  the key columns of q as texts k1..kn  :order  the key columns of q
-- Rows: k1..kn as texts, from_state, to_state, due_at (RFC 3339).
SELECT :columns, q.from_state, q.to_state,
       pg_catalog.to_char(pg_catalog.timezone('UTC', q.due),
			  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS due_at
  FROM (
:scans
) AS q
 ORDER BY q.due, :order

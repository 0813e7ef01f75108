-- What a run would change: the selecting text of the batch, nothing locked.
-- $1 as-of  $2 lower bound  $3 at most so many
-- :scan  booking_scan with key columns as text k1..kn and the due instant due_at
SELECT q.* FROM (
:scan
) AS q

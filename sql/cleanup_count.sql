-- How much the job cleanup has to do of one kind, counted up to a limit.
-- $1 limit
-- :due  what is due, of one kind
-- One row: n.
SELECT count(*) AS n FROM (SELECT FROM (
:due
) AS d LIMIT $1::bigint) AS q

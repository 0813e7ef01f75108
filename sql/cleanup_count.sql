-- How much the job cleanup has to do, counted up to a limit.
-- $1 limit
-- :due  cleanup_due
-- One row: n.
SELECT count(*) AS n FROM (SELECT FROM (
:due
) AS d LIMIT $1::bigint) AS q

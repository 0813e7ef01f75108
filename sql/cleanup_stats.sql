-- One batch of the job cleanup: at most $1 hours of figures that are too old are removed.
-- $1 batch size
-- :due  cleanup_stats_due.sql
-- One row: locked, changed as of a batch of bookings; said, NULL.
-- Locks what it removes, and waits for nobody.
WITH h AS MATERIALIZED (
	SELECT s.operation, s.hour
	  FROM (
:due
	       ) AS d JOIN :"bk".execution_stats AS s ON s.operation = d.operation AND s.hour = d.hour
	 LIMIT $1::bigint
	   FOR UPDATE OF s SKIP LOCKED
), removed AS (
	DELETE FROM :"bk".execution_stats AS s USING h
	 WHERE s.operation = h.operation AND s.hour = h.hour
	RETURNING 1
)
SELECT (SELECT count(*) FROM h) AS locked, (SELECT count(*) FROM removed) AS changed,
       NULL::text AS said

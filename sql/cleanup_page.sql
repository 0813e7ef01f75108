-- The executions of one batch of pruning, locked: at most $1, the oldest behind the last
-- batch's, and so few that they changed no more than $4 bookings, but at least one.
-- $1 batch size  $2 timestamptz, $3 id: the last one of the batch before; NULL = there is none
-- $4 most bookings
-- :due  cleanup_history_due.sql or cleanup_empty_due.sql
-- One row: locked; done, nothing is left behind them; ids (a list), NULL = none; at, id: the
-- last one, NULL where there is none.
-- Locks these executions and waits for nobody.
WITH page AS MATERIALIZED (
	SELECT d.id, d.at, d.bookings
	  FROM (
:due
	       ) AS d
	 ORDER BY d.at, d.id
	 LIMIT $1::bigint
), part AS MATERIALIZED (
	SELECT p.id, p.at
	  FROM (SELECT p.id, p.at,
		       sum(p.bookings) OVER (ORDER BY p.at, p.id) - p.bookings AS before
		  FROM page AS p) AS p
	 WHERE p.before < $4::bigint
), free AS MATERIALIZED (
	SELECT e.id
	  FROM part JOIN :"bk".maintenance_executions AS e ON e.id = part.id
	 WHERE e.status <> 'RUNNING'
	   -- What is being taken back is needed to its end.
	   AND NOT EXISTS (SELECT FROM :"bk".maintenance_executions AS u
			    WHERE u.status = 'RUNNING' AND u.undo_of = e.id)
	 ORDER BY e.id
	   FOR UPDATE OF e SKIP LOCKED
)
SELECT (SELECT count(*) FROM free) AS locked,
       (SELECT count(*) < $1::bigint FROM page)
       AND (SELECT count(*) FROM page) = (SELECT count(*) FROM part) AS done,
       (SELECT array_agg(free.id ORDER BY free.id)::text FROM free) AS ids,
       to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, l.id
  FROM (SELECT max(part.at) AS at,
	       (SELECT p.id FROM part AS p ORDER BY p.at DESC, p.id DESC LIMIT 1) AS id
	  FROM part) AS l
 -- The position is a parameter of :due only.
 WHERE ($2::timestamptz IS NULL) = ($3::bigint IS NULL)

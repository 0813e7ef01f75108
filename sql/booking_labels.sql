-- The mapped states as the status column would hold them.
-- $1 labels as text[]
-- :type  the column's type with its length  :collation  its COLLATE clause, or nothing
-- :equals  the operator by which it tells values apart  :"status"  its name
-- :check  its CHECK constraints
-- Rows in order: label; refused, by a CHECK; cut, by the column's length; same_as, the number of
-- the first label, from 1 on, that is the same value for the column. A label that the type refuses
-- is an error of class 22 that names it, or 23 of a domain.
WITH q AS MATERIALIZED (
	SELECT x.n, x.label, CAST(x.label::text AS :type) :collation AS :"status"
	  FROM unnest($1::text[]) WITH ORDINALITY AS x (label, n)
)
SELECT q.label, ((:check) IS FALSE) AS refused,
       (t.typcategory = 'S' AND rtrim(q.:"status"::text) COLLATE "C" <> rtrim(q.label)) AS cut,
       (SELECT min(p.n) FROM q AS p WHERE p.:"status" :equals q.:"status") AS same_as
  FROM q
  JOIN pg_type AS t ON t.oid = pg_typeof(q.:"status")
 ORDER BY q.n

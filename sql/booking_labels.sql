-- The mapped states as the status column would hold them.
-- $1 labels as text[]
-- :type  the column's type with its length  :"status"  its name
-- :check  its CHECK constraints
-- Rows in order: label; refused, by a CHECK; cut, by the column's length; shown, its value,
-- which is asked for so that the conversion is not optimised away: a label that
-- the type refuses is an error of class 22 that names it, or 23 of a domain.
SELECT q.label, ((:check) IS FALSE) AS refused,
       (t.typcategory = 'S' AND rtrim(q.:"status"::text) <> rtrim(q.label)) AS cut,
       q.:"status"::text AS shown
  FROM (SELECT x.n, x.label, CAST(x.label::text AS :type) AS :"status"
	  FROM unnest($1::text[]) WITH ORDINALITY AS x (label, n)) AS q
  JOIN pg_type AS t ON t.oid = pg_typeof(q.:"status")
 ORDER BY q.n

-- The mapped states as the status column would hold them.
-- $1 labels as text[]
-- :type  the column's type  :"status"  its name  :check  its CHECK constraints
-- Rows: label; refused, by a CHECK; shown, its value, which is asked for so that
-- the conversion is not optimised away: a label that the type refuses is an
-- error of class 22 that names it.
SELECT q.label, ((:check) IS FALSE) AS refused, q.:"status"::text AS shown
  FROM (SELECT x.label, CAST(x.label::text AS :type) AS :"status"
	  FROM unnest($1::text[]) AS x (label)) AS q

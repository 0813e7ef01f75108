-- The mapped states that the status column cannot hold.
-- $1 labels as text[]
-- :type  the column's type  :"status"  its name  :check  its CHECK constraints
-- Rows: label. A label that the type refuses is an error 22P02 that names it.
SELECT q.label
  FROM (SELECT x.label, CAST(x.label::text AS :type) AS :"status"
	  FROM unnest($1::text[]) AS x (label)) AS q
 WHERE (:check) IS FALSE

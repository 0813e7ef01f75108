-- Whether an expression of the mapping fails for some booking of a state: then this does.
-- :expression  SQL over the row b  :table  :"status" :'from'
-- One row: n.
SELECT pg_catalog.count(q.x) AS n
  FROM (SELECT :expression AS x
	  FROM :table AS b
	 WHERE b.:"status" OPERATOR(pg_catalog.=) :'from'
	OFFSET 0) AS q

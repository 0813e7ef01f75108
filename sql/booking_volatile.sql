-- Whether an expression of the mapping calls a VOLATILE function or operator, or gives several
-- rows: such a subquery, and no other, the planner leaves as it is (a Subquery Scan).
-- :expression  SQL over the row b  :table
-- Rows: lines of a plan, which is not run.
EXPLAIN (COSTS off)
SELECT q.x IS NULL FROM (SELECT :expression AS x FROM :table AS b) AS q

-- Whether a column takes what an expression of the mapping gives: a type that it does not is an
-- error before anything is planned.
-- :expression  SQL over the row b  :table  :"column"
-- Rows: lines of a plan, which is not run.
EXPLAIN (COSTS off)
UPDATE :table AS b SET :"column" = :expression WHERE false

-- The plan of one scan under the planner pins, to learn whether an index serves
-- it in order. $1 as-of  $2 lower bound  $3 batch size
-- Rows of text. Nothing is run.
EXPLAIN (COSTS OFF)
:scan

-- The plan of a statement with the parameters that it would be sent with. Nothing is run.
-- :statement  the statement, whose parameters these are
-- Rows of text.
EXPLAIN
:statement

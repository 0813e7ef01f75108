-- What is to be taken back, the last change first: of a booking that one run changed twice the
-- second change goes before the first.
-- $1 execution  $2 text: only what this rule did, NULL = everything
-- Rows: id, row_count, rule, set_columns of the rows of booking_transitions. Locks nothing.
SELECT t.id, t.row_count::bigint AS row_count, t.rule, t.set_columns
  FROM :"bk".booking_transitions AS t
 WHERE t.execution_id = $1::bigint AND ($2::text IS NULL OR t.rule = $2::text)
 ORDER BY t.id DESC

-- What would be taken back of one row of booking_transitions, in its order: a look without a lock.
-- $1 $2 $3 $4 $5 $6  as in undo_items
-- :items  undo_items  :key_array  the key of judged as text[]
-- Rows: n; key text[]; rule, from_state, to_state of the change back; reason why it is left as it
-- is: gone, later (detail: the execution that changed it), state (detail: the one it has),
-- column (detail: its name), or NULL = it is taken back.
:items
SELECT judged.n, :key_array AS key, t.rule, t.to_state AS from_state, t.from_state AS to_state,
       judged.reason, judged.detail
  FROM t CROSS JOIN judged
 ORDER BY judged.n

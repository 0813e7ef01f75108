-- One batch of an undo: the bookings of a part of one row of booking_transitions that still are
-- what that change left are set back, logged, put on hold, and counted in the worker's ledger.
-- $1 $2 $3 $4 $5 $6  as in undo_items; $5 is the execution
-- $7 worker  $8 token  $9 number of this batch  $10 lease ms  $11 float8: ms that they are on hold,
-- NULL = not at all  $12 reason of the hold (behind it that of a shorter one)  $13 invoking user
-- of the operating system
-- :items  undo_items with the lock  :assign  SET list from found as j
-- :match_found  the row b has the key of j  :after_texts  the set columns of b as texts s1..
-- :key_arrays :before_arrays :after_arrays  over u, in the order of n; :key_array  of u
-- Rows, at least one: present (1, or 0 = the row of transitions is gone), locked, changed,
-- ledger (1, or 0 = the lease is lost: roll back), cancel,
-- and of each booking that was left as it is n, key, reason and detail as in undo_list, or
-- locked, or vetoed: a trigger or a policy kept it. NULL where there is none.
-- Locks the bookings, waiting for each, then the holds, then its ledger row.
:items, u AS (
	UPDATE :table AS b SET :assign
	  FROM t CROSS JOIN found AS j
	 WHERE j.reason IS NULL AND :match_found
	RETURNING j.*:after_texts
), n AS MATERIALIZED (
	SELECT pg_catalog.count(*) AS changed, :key_arrays AS keys,
	       pg_catalog.array_agg(u.hash ORDER BY u.n) AS hashes,
	       :before_arrays AS set_before, :after_arrays AS set_after
	  FROM u
), logged AS (
	INSERT INTO :"bk".booking_transitions
	       (execution_id, worker, batch_no, rule, from_state, to_state, row_count, keys,
		key_hashes, txid, at, set_columns, set_before, set_after)
	SELECT $5::pg_catalog.int8, $7::pg_catalog.int4, $9::pg_catalog.int4, t.rule,
	       t.to_state, t.from_state, n.changed::pg_catalog.int4, n.keys, n.hashes,
	       pg_catalog.pg_current_xact_id(), pg_catalog.clock_timestamp(), t.set_columns,
	       n.set_before, n.set_after
	  FROM t CROSS JOIN n
	 WHERE n.changed OPERATOR(pg_catalog.>) 0
), held AS (
	INSERT INTO :"bk".booking_holds AS h (booking_key, held_until, reason, author)
	SELECT :key_array,
	       pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
		       ($11::pg_catalog.float8 OPERATOR(pg_catalog.*) '1 millisecond'::pg_catalog.interval),
	       $12::pg_catalog.text, pg_catalog.concat($13::pg_catalog.text, '/', session_user)
	  FROM u
	 WHERE $11::pg_catalog.float8 IS NOT NULL
	ON CONFLICT (booking_key) DO UPDATE
	   SET held_until = excluded.held_until, author = excluded.author,
	       reason = pg_catalog.left(pg_catalog.concat(excluded.reason, '; before: ', h.reason), 1000)
	 WHERE h.held_until OPERATOR(pg_catalog.<) excluded.held_until
), w AS (
	UPDATE :"bk".execution_workers AS w
	   SET batch_no = $9::pg_catalog.int4,
	       processed = w.processed OPERATOR(pg_catalog.+) (SELECT n.changed FROM n),
	       lease_expires_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
		       ($10::pg_catalog.float8 OPERATOR(pg_catalog.*) '1 millisecond'::pg_catalog.interval)
	 WHERE w.execution_id OPERATOR(pg_catalog.=) $5::pg_catalog.int8
	   AND w.worker OPERATOR(pg_catalog.=) $7::pg_catalog.int4
	   AND w.token OPERATOR(pg_catalog.=) $8::pg_catalog.int8
	   AND w.batch_no OPERATOR(pg_catalog.=) ($9::pg_catalog.int4 OPERATOR(pg_catalog.-) 1)
	RETURNING w.cancel_requested
), kept AS (
	SELECT judged.n, :judged_key AS key,
	       CASE WHEN judged.reason IS NULL THEN 'vetoed' ELSE judged.reason END AS reason,
	       judged.detail
	  FROM judged
	 WHERE CASE WHEN judged.n OPERATOR(pg_catalog.=) ANY (SELECT u.n FROM u) THEN false ELSE true END
)
SELECT (SELECT pg_catalog.count(*) FROM t) AS present,
       (SELECT pg_catalog.count(*) FROM item) AS locked,
       n.changed,
       (SELECT pg_catalog.count(*) FROM w) AS ledger,
       (SELECT w.cancel_requested FROM w) AS cancel,
       kept.n, kept.key, kept.reason, kept.detail
  FROM n LEFT JOIN kept ON true
 ORDER BY kept.n

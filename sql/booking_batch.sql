-- One batch: at most $3 bookings of one rule and from-state, changed, logged
-- and counted in the worker's ledger in one statement.
-- $1 as-of  $2 lower bound of the scan column  $3 batch size
-- $4 execution  $5 worker  $6 token  $7 number of this batch  $8 lease ms  $9 rule
-- $10.. position of the last batch (scan instant, key columns) where there was one; or,
-- for a part of a refused batch, the positions of its first and its last booking and
-- its keys, one text[] per key column
-- :scan  booking_scan with columns ctid AS t, the position as d and k1..kn
-- :lock  FOR NO KEY UPDATE, or FOR UPDATE where other tables have a say
-- :update_match  which rows of b are those of c: by ctid, or by key where the table
-- has partitions or children (a ctid is not unique there)
-- :changed  u, or u joined with c where further columns are set: then :set_columns, a literal,
-- and :set_before, :set_after, their former and new values as text[][]; else NULL
-- :assign  SET list  :key_texts  key columns as text k1..kn  :key_arrays, :key_hash over u
-- :steady  whether the row z stands where the snapshot has it
-- One row: locked, changed, ledger (1, or 0 = the lease is lost: roll back), cancel
-- (bkmaint cancel asked for the end), steady, and the position of the last row locked
-- where there are $3 of them. Each of c and u is read as few times as can be: a pass over
-- 5,000 rows takes 1 % of a batch.
-- The rows are locked while they are scanned: each worker passes over what another one
-- holds, and a row that was changed since the snapshot is judged again as it is now. Such a
-- row is locked at its new place, and where it is the last one its position would jump over
-- what lies between: steady is false then, and the next batch starts from where this one did.
-- :still  the condition once more where rows are found by key, else true: what u updates by its
-- place is a version that c locked. The CASE hides it from
-- the planner: with statistics of a moment without due bookings it would read the rule's index
-- again and look each row up in the list of ctids (seen: 5,000 rows took longer than 10 s).
-- Locks the bookings it changes (NO KEY UPDATE, rows locked by others skipped),
-- then its ledger row.
WITH c AS MATERIALIZED (
:scan
   :lock OF b SKIP LOCKED
), u AS (
	UPDATE :table AS b SET :assign
	 WHERE :update_match
	   AND CASE WHEN b.:"status" OPERATOR(pg_catalog.=) :'from' THEN :still ELSE false END
	RETURNING :key_texts
), n AS MATERIALIZED (
	SELECT pg_catalog.count(*) AS changed, :key_arrays AS keys,
	       pg_catalog.array_agg(:key_hash) AS hashes,
	       :set_before AS set_before, :set_after AS set_after
	  FROM :changed
), logged AS (
	INSERT INTO :"bk".booking_transitions
	       (execution_id, worker, batch_no, rule, from_state, to_state, row_count, keys,
		key_hashes, txid, at, set_columns, set_before, set_after)
	SELECT $4::pg_catalog.int8, $5::pg_catalog.int4, $7::pg_catalog.int4, $9::pg_catalog.text,
	       :'from', :'to', n.changed::pg_catalog.int4, n.keys, n.hashes,
	       pg_catalog.pg_current_xact_id(), pg_catalog.clock_timestamp(),
	       :set_columns::pg_catalog.text[], n.set_before, n.set_after
	  FROM n
	 WHERE n.changed OPERATOR(pg_catalog.>) 0
), w AS (
	UPDATE :"bk".execution_workers AS w
	   SET batch_no = $7::pg_catalog.int4,
	       processed = w.processed OPERATOR(pg_catalog.+) (SELECT n.changed FROM n),
	       lease_expires_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
		       ($8::pg_catalog.float8 OPERATOR(pg_catalog.*) '1 millisecond'::pg_catalog.interval)
	 WHERE w.execution_id OPERATOR(pg_catalog.=) $4::pg_catalog.int8
	   AND w.worker OPERATOR(pg_catalog.=) $5::pg_catalog.int4
	   AND w.token OPERATOR(pg_catalog.=) $6::pg_catalog.int8
	   AND w.batch_no OPERATOR(pg_catalog.=) ($7::pg_catalog.int4 OPERATOR(pg_catalog.-) 1)
	RETURNING w.cancel_requested
)
SELECT (SELECT pg_catalog.count(*) FROM c) AS locked,
       (SELECT n.changed FROM n) AS changed,
       (SELECT pg_catalog.count(*) FROM w) AS ledger,
       (SELECT w.cancel_requested FROM w) AS cancel,
       :steady AS steady,
       :position
  FROM (VALUES (1)) AS one (x)
  LEFT JOIN (SELECT * FROM c OFFSET $3::pg_catalog.int8 OPERATOR(pg_catalog.-) 1 LIMIT 1) AS z
    ON true

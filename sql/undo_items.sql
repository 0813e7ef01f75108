-- The bookings of one row of booking_transitions, from one place on, and what became of each
-- since: a fragment of undo_batch and undo_list.
-- $1 id of the row  $2 first place, from 1 on  $3 number of places
-- $4 text[]: only the booking of that key, NULL = every one
-- $5 the execution that takes back, whose own transitions do not count; NULL = none yet
-- $6 text: of a later change in the same execution by that rule ('' = any) it is taken for
-- granted that it is taken back before; NULL = it was, or is not
-- :table :"status" :status_type  the bookings
-- :texts  the places' columns of keys, set_before, set_after, unnested  :names  k1.. b1.. a1..
-- :keys  x.k1, ..  :typed  the keys in their own types as c1..  :key_names  k1, ..
-- :hit_keys  the key at place m of the later row l, as k1..  :match  the row b has the key of item
-- :differs  name of the first set column of b that has not the value of item, or NULL
-- :lock  "" or FOR NO KEY UPDATE OF b, where it does not wait with SKIP LOCKED
-- The planner takes item for one row: what an array holds it does not know. So items are joined
-- with the bookings only, by their key, and compared with each other by hashed subplans (behind
-- CASE, which keeps them from becoming joins) and by grouping: as a nested loop a batch of
-- 4,000 took over 10 s.
WITH t AS MATERIALIZED (
	SELECT t.* FROM :"bk".booking_transitions AS t WHERE t.id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
), item AS MATERIALIZED (
	SELECT x.*, :typed
	  FROM t
	 CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(t.key_hashes), :texts)
			    WITH ORDINALITY AS x (hash, :names, n)
	 WHERE x.n OPERATOR(pg_catalog.>=) $2::pg_catalog.int8
	   AND x.n OPERATOR(pg_catalog.<) ($2::pg_catalog.int8 OPERATOR(pg_catalog.+) $3::pg_catalog.int8)
	   AND ($4::pg_catalog.text[] IS NULL OR ARRAY[:keys] OPERATOR(pg_catalog.=) $4::pg_catalog.text[])
), hit AS MATERIALIZED (
	-- Later changes of bookings with these hashes, which may be others.
	SELECT l.id, :hit_keys
	  FROM t
	 CROSS JOIN :"bk".booking_transitions AS l
	 CROSS JOIN LATERAL pg_catalog.unnest(l.key_hashes) WITH ORDINALITY AS h (hash, m)
	 WHERE l.id OPERATOR(pg_catalog.>) $1::pg_catalog.int8
	   AND ($5::pg_catalog.int8 IS NULL OR l.execution_id OPERATOR(pg_catalog.<>) $5::pg_catalog.int8)
	   AND (l.execution_id OPERATOR(pg_catalog.<>) t.execution_id
		OR ($6::pg_catalog.text IS NOT NULL
		    AND ($6::pg_catalog.text OPERATOR(pg_catalog.=) '' OR l.rule OPERATOR(pg_catalog.=) $6::pg_catalog.text)))
	   AND CASE WHEN h.hash OPERATOR(pg_catalog.=) ANY (SELECT item.hash FROM item)
		    THEN true ELSE false END
), later AS MATERIALIZED (
	-- The last one of each; an undo of this execution leaves what it did not take back.
	SELECT g.n, g.hit, :key_names, l.execution_id,
	       (l.execution_id OPERATOR(pg_catalog.=) t.execution_id) AS same_run,
	       COALESCE((SELECT e.undo_of FROM :"bk".maintenance_executions AS e
			  WHERE e.id OPERATOR(pg_catalog.=) l.execution_id) OPERATOR(pg_catalog.=) t.execution_id,
			false) AS own
	  FROM (SELECT pg_catalog.max(q.n) AS n, pg_catalog.max(q.hit) AS hit, :key_names
		  FROM (SELECT item.n, NULL::pg_catalog.int8 AS hit, :key_names FROM item
			UNION ALL
			SELECT NULL, hit.id, :key_names FROM hit) AS q
		 GROUP BY :key_names
		HAVING pg_catalog.max(q.n) IS NOT NULL AND pg_catalog.max(q.hit) IS NOT NULL) AS g
	 CROSS JOIN t
	  JOIN :"bk".booking_transitions AS l ON l.id OPERATOR(pg_catalog.=) g.hit
), found AS MATERIALIZED (
	SELECT item.*, b.:"status"::pg_catalog.text AS status,
	       CASE WHEN item.n OPERATOR(pg_catalog.=) ANY (SELECT later.n FROM later WHERE later.same_run)
		    THEN NULL
		    WHEN item.n OPERATOR(pg_catalog.=) ANY (SELECT later.n FROM later
							     WHERE NOT later.same_run AND NOT later.own)
		    THEN 'later'
		    WHEN (b.:"status" OPERATOR(pg_catalog.=) CAST(t.to_state AS :status_type)) IS NOT TRUE
		    THEN CASE WHEN item.n OPERATOR(pg_catalog.=) ANY (SELECT later.n FROM later WHERE later.own)
			      THEN 'later' ELSE 'state' END
		    WHEN :differs IS NOT NULL THEN 'column' END AS reason,
	       :differs AS differs
	  FROM t CROSS JOIN item
	  JOIN :table AS b ON :match
	 ORDER BY item.n
	   :lock
), there AS MATERIALIZED (
	SELECT item.n FROM item JOIN :table AS b ON :match
), judged AS MATERIALIZED (
	SELECT found.n, :key_names, found.reason,
	       CASE WHEN found.reason OPERATOR(pg_catalog.=) 'state' THEN found.status
		    WHEN found.reason OPERATOR(pg_catalog.=) 'column' THEN found.differs END AS detail
	  FROM found
	 WHERE (found.reason OPERATOR(pg_catalog.=) 'later') IS NOT TRUE
	UNION ALL
	SELECT later.n, :key_names, 'later', later.execution_id::pg_catalog.text
	  FROM later
	 WHERE CASE WHEN later.n OPERATOR(pg_catalog.=) ANY (SELECT found.n FROM found
							      WHERE found.reason OPERATOR(pg_catalog.=) 'later')
		    THEN true ELSE false END
	UNION ALL
	SELECT item.n, :key_names,
	       CASE WHEN item.n OPERATOR(pg_catalog.=) ANY (SELECT there.n FROM there)
		    THEN 'locked' ELSE 'gone' END, NULL
	  FROM item
	 WHERE CASE WHEN item.n OPERATOR(pg_catalog.=) ANY (SELECT found.n FROM found)
		    THEN false ELSE true END
)

-- The bookings of one row of booking_transitions, from one place on, and what became of each
-- since: a fragment of undo_batch and undo_list.
-- $1 id of the row  $2 first place, from 1 on  $3 number of places
-- $4 text[]: only the booking of that key, NULL = every one
-- $5 the execution that takes back, whose own transitions do not count; NULL = none yet
-- $6 text: of a later change in the same execution by that rule ('' = any) it is taken for
-- granted that it is taken back before; NULL = it was, or is not
-- :table :"status" :status_type  the bookings
-- :texts  the places' columns of keys, set_before, set_after, unnested  :names  k1.. b1.. a1..
-- :keys  x.k1, ..  :typed  the keys in their own types as c1..
-- :same_key  of the later row l, at m, and item  :match  the row b has the key of item
-- :found  further columns of b, NULL-free; :set_columns, those that were set as s1..
-- :differs  name of the first set column of b that has not the value of item, or NULL
-- :lock  "" or FOR NO KEY UPDATE OF b
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
), later AS MATERIALIZED (
	SELECT DISTINCT ON (item.n) item.n, l.execution_id,
	       (l.execution_id OPERATOR(pg_catalog.=) t.execution_id) AS same_run
	  FROM t
	 CROSS JOIN :"bk".booking_transitions AS l
	 CROSS JOIN LATERAL pg_catalog.unnest(l.key_hashes) WITH ORDINALITY AS h (hash, m)
	  JOIN item ON item.hash OPERATOR(pg_catalog.=) h.hash AND :same_key
	 WHERE l.id OPERATOR(pg_catalog.>) $1::pg_catalog.int8
	   AND ($5::pg_catalog.int8 IS NULL OR l.execution_id OPERATOR(pg_catalog.<>) $5::pg_catalog.int8)
	   AND (l.execution_id OPERATOR(pg_catalog.<>) t.execution_id
		OR ($6::pg_catalog.text IS NOT NULL
		    AND ($6::pg_catalog.text OPERATOR(pg_catalog.=) '' OR l.rule OPERATOR(pg_catalog.=) $6::pg_catalog.text)))
	 ORDER BY item.n, l.id DESC
), found AS MATERIALIZED (
	SELECT item.n, b.:"status"::pg_catalog.text AS status,
	       (b.:"status" OPERATOR(pg_catalog.=) CAST(t.to_state AS :status_type)) AS same_state,
	       :differs AS differs
	  FROM t CROSS JOIN item
	  JOIN :table AS b ON :match
	 ORDER BY item.n
	   :lock
), judged AS MATERIALIZED (
	SELECT item.*, found.status,
	       CASE WHEN found.n IS NULL THEN 'gone'
		    WHEN later.same_run THEN NULL
		    WHEN later.n IS NOT NULL THEN 'later'
		    WHEN found.same_state IS NOT TRUE THEN 'state'
		    WHEN found.differs IS NOT NULL THEN 'column' END AS reason,
	       CASE WHEN found.n IS NULL THEN NULL
		    WHEN later.n IS NOT NULL THEN later.execution_id::pg_catalog.text
		    WHEN found.same_state IS NOT TRUE THEN found.status
		    ELSE found.differs END AS detail
	  FROM item
	  LEFT JOIN found ON found.n OPERATOR(pg_catalog.=) item.n
	  LEFT JOIN later ON later.n OPERATOR(pg_catalog.=) item.n
)

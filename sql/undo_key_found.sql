-- Whether an execution changed the booking of this key.
-- $1 execution  $2 text: by this rule, NULL = by any  $3 text[]: the key
-- One row: found. Locks nothing.
SELECT EXISTS (
	SELECT FROM :"bk".booking_transitions AS t
	 CROSS JOIN LATERAL unnest(t.keys[1:1]) WITH ORDINALITY AS x (first, n)
	 WHERE t.execution_id = $1::bigint AND ($2::text IS NULL OR t.rule = $2::text)
	   AND x.first = ($3::text[])[1]
	   AND (SELECT array_agg(t.keys[c.n][x.n::integer] ORDER BY c.n)
		  FROM generate_subscripts(t.keys, 1) AS c (n)) = $3::text[]) AS found

-- The company's statement behind a batch, in its transaction. A batch that changed nothing
-- left no transition, and `changed` is empty then.
-- $1 execution  $2 worker  $3 number of the batch
-- :columns  key columns in their own types, each with a comma  :texts  their texts, unnested
-- :names  k1..kn  :statement  what the file has; it may read changed: the key columns, rule,
-- from_state, to_state, execution_id and at
-- Rows: whatever the statement gives; nobody reads them.
WITH changed AS MATERIALIZED (
	SELECT :columns t.rule, t.from_state, t.to_state, t.execution_id, t.at
	  FROM :"bk".booking_transitions AS t
	 CROSS JOIN LATERAL ROWS FROM (:texts) AS c (:names)
	 WHERE t.execution_id OPERATOR(pg_catalog.=) $1::pg_catalog.int8
	   AND t.worker OPERATOR(pg_catalog.=) $2::pg_catalog.int4
	   AND t.batch_no OPERATOR(pg_catalog.=) $3::pg_catalog.int4
)
:statement

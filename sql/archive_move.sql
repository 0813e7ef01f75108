-- Executions and their transitions into the tables of the archive, as they are. One that is
-- there already, from before a backup was restored, stays as it was archived first.
-- $1 executions bigint[], locked
-- One row: moved, 1.
-- Locks what it adds.
WITH e AS (
	INSERT INTO :"bk".archived_executions
	SELECT e.* FROM :"bk".maintenance_executions AS e WHERE e.id = ANY ($1::bigint[])
	ON CONFLICT (id) DO NOTHING
), t AS (
	INSERT INTO :"bk".archived_transitions
	SELECT t.* FROM :"bk".booking_transitions AS t WHERE t.execution_id = ANY ($1::bigint[])
	ON CONFLICT (id) DO NOTHING
)
SELECT 1 AS moved

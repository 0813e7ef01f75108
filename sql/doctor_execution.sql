-- An execution for the transitions of a trial that is rolled back: the newest, or where there
-- is none yet one that goes with the trial.
-- $1 run id uuid  $2 instance  $3 pid int  $4 version
-- One row: id. Locks nothing but what it makes.
WITH newest AS MATERIALIZED (
	SELECT e.id FROM :"bk".maintenance_executions AS e ORDER BY e.id DESC LIMIT 1
), made AS (
	INSERT INTO :"bk".maintenance_executions AS e
	       (run_id, operation, description, executed_at, finished_at, status, triggered_by,
		invoked_by, server_instance, pid, version, lease_token, as_of)
	SELECT $1::pg_catalog.uuid, 'doctor', 'Try a change', pg_catalog.now(), pg_catalog.now(),
	       'SUCCESS', 'MANUAL', session_user, $2::pg_catalog.text, $3::pg_catalog.int4,
	       $4::pg_catalog.text, 0, pg_catalog.now()
	 WHERE NOT EXISTS (SELECT FROM newest)
	RETURNING e.id
)
SELECT newest.id::pg_catalog.text AS id FROM newest
 UNION ALL
SELECT made.id::pg_catalog.text FROM made

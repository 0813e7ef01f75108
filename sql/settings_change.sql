-- Changes one setting and records it, and lets every tick know. After settings_lock.
-- $1 name  $2 new value, NULL = there is to be none  $3 set, unset or rollback
-- $4 reason  $5 invoking user of the operating system  $6 instance
-- $7 the change that a rollback takes back, else NULL
-- One row: change, its number.
-- Locks the rows of the jobs, in the order of their names.
WITH j AS MATERIALIZED (
	SELECT j.id FROM :"bk".scheduler_job_info AS j ORDER BY j.job_name FOR NO KEY UPDATE
), change AS (
	INSERT INTO :"bk".settings_history AS h
	       (command, name, old_value, new_value, reason, author, server_instance, client_address,
		rolled_back)
	SELECT $3::text, $1::text, (SELECT s.value FROM :"bk".settings AS s WHERE s.name = $1::text),
	       $2::text, $4::text, $5::text || '/' || session_user, $6::text, inet_client_addr(),
	       $7::bigint
	RETURNING h.id
), gone AS (
	DELETE FROM :"bk".settings AS s WHERE s.name = $1::text AND $2::text IS NULL
), stored AS (
	INSERT INTO :"bk".settings AS s (name, value, change)
	SELECT $1::text, $2::text, change.id FROM change WHERE $2::text IS NOT NULL
	ON CONFLICT (name) DO UPDATE SET value = excluded.value, change = excluded.change
), known AS (
	UPDATE :"bk".scheduler_job_info AS t
	   SET settings_version = CASE WHEN $2::text IS NOT NULL
				 OR EXISTS (SELECT FROM :"bk".settings AS s WHERE s.name <> $1::text)
				THEN change.id ELSE 0 END,
	       updated_at = clock_timestamp()
	  FROM j CROSS JOIN change
	 WHERE t.id = j.id
)
SELECT change.id::text AS change FROM change

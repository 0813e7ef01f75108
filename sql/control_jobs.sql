-- Pauses, resumes, enables or disables jobs, and notes it in settings_history; the
-- schedule stays as it is. Left alone are jobs that are so already, and disabled ones
-- by a pause or its end.
-- $1 job, NULL = every one  $2 pause, resume, enable or disable
-- $3 timestamptz at which the pause ends by itself, NULL = not  $4 its reason
-- $5 invoking user of the operating system  $6 instance
-- Rows: job_name of each that was changed.
-- Locks the rows of the jobs, in the order of their names.
WITH j AS MATERIALIZED (
	SELECT j.id,
	       CASE WHEN NOT j.is_active THEN 'DISABLED'
		    ELSE j.status || coalesce(' until ' || to_char(j.paused_until AT TIME ZONE 'UTC',
								'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '')
		     END AS state
	  FROM :"bk".scheduler_job_info AS j
	 WHERE $1::text IS NULL OR j.job_name = $1::text
	 ORDER BY j.job_name FOR NO KEY UPDATE
), t AS (
	UPDATE :"bk".scheduler_job_info AS t
	   SET status = CASE $2::text WHEN 'pause' THEN 'PAUSED' WHEN 'disable' THEN 'DISABLED'
			ELSE 'IDLE' END,
	       is_active = CASE $2::text WHEN 'enable' THEN true WHEN 'disable' THEN false
			   ELSE t.is_active END,
	       paused_until = CASE $2::text WHEN 'pause' THEN $3::timestamptz END,
	       paused_reason = CASE $2::text WHEN 'pause' THEN $4::text END,
	       updated_at = clock_timestamp()
	  FROM j
	 WHERE t.id = j.id
	   AND CASE $2::text
	       WHEN 'pause' THEN t.is_active AND t.status <> 'DISABLED'
		    AND (t.status, t.paused_until, t.paused_reason)
			IS DISTINCT FROM ('PAUSED', $3::timestamptz, $4::text)
	       WHEN 'resume' THEN t.is_active AND t.status = 'PAUSED'
	       WHEN 'enable' THEN NOT t.is_active OR t.status = 'DISABLED'
	       WHEN 'disable' THEN t.is_active OR t.status <> 'DISABLED' END
	RETURNING t.job_name, j.state AS was,
		  t.status || coalesce(' until ' || to_char(t.paused_until AT TIME ZONE 'UTC',
							 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), '') AS now
), noted AS (
	INSERT INTO :"bk".settings_history
	       (command, name, old_value, new_value, reason, author, server_instance, client_address)
	SELECT $2::text, t.job_name, t.was, t.now, $4::text, $5::text || '/' || session_user, $6::text,
	       inet_client_addr()
	  FROM t ORDER BY t.job_name
)
SELECT t.job_name FROM t

-- Pauses, resumes, enables or disables jobs; the schedule stays as it is. Left
-- alone are jobs that are so already, and disabled ones by a pause or its end.
-- $1 job, NULL = every one  $2 pause, resume, enable or disable
-- $3 timestamptz at which the pause ends by itself, NULL = not  $4 its reason
-- Rows: job_name of each that was changed.
-- Locks the rows of the jobs, in the order of their names.
WITH j AS MATERIALIZED (
	SELECT j.id FROM :"bk".scheduler_job_info AS j
	 WHERE $1::text IS NULL OR j.job_name = $1::text
	 ORDER BY j.job_name FOR NO KEY UPDATE
)
UPDATE :"bk".scheduler_job_info AS t
   SET status = CASE $2::text WHEN 'pause' THEN 'PAUSED' WHEN 'disable' THEN 'DISABLED' ELSE 'IDLE' END,
       is_active = CASE $2::text WHEN 'enable' THEN true WHEN 'disable' THEN false ELSE t.is_active END,
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
RETURNING t.job_name

-- Makes a job's row where it is missing, else refreshes its description.
-- $1 name  $2 description  $3 cron expression  $4 delay ms  $5 timeout ms
INSERT INTO :"bk".scheduler_job_info AS j (job_name, description, cron_expression, delay_ms, timeout_ms, settings_version)
SELECT $1::text, $2::text, $3::text, $4::bigint, $5::bigint,
       coalesce((SELECT max(o.settings_version) FROM :"bk".scheduler_job_info AS o), 0)
ON CONFLICT (job_name) DO UPDATE
   SET description = excluded.description, cron_expression = excluded.cron_expression
 WHERE (j.description, j.cron_expression) IS DISTINCT FROM (excluded.description, excluded.cron_expression)

-- Whether anything of that name was ever registered or run.
-- $1 job or other operation
-- One row: found.
-- Locks nothing.
SELECT EXISTS (SELECT FROM :"bk".scheduler_job_info AS j WHERE j.job_name = $1::text)
    OR EXISTS (SELECT FROM :"bk".maintenance_executions AS e WHERE e.operation = $1::text) AS found

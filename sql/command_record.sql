-- Records a command of bkmaint that changed something as a finished execution.
-- $1 run id  $2 operation  $3 description  $4 processed  $5 execution time ms
-- $6 invoking user  $7 instance  $8 pid  $9 version
-- One row: id, executed_at.
INSERT INTO :"bk".maintenance_executions AS e
       (run_id, operation, description, executed_at, finished_at, status, processed_count,
	execution_time_ms, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
SELECT $1::uuid, $2::text, $3::text, c.now - $5::bigint * interval '1 millisecond', c.now,
       'SUCCESS', $4::bigint, $5::bigint, 'MANUAL', $6::text || '/' || session_user, $7::text,
       $8::integer, $9::text, 0, c.now
  FROM (SELECT clock_timestamp() AS now) AS c
RETURNING e.id::text AS id,
	  to_char(e.executed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS executed_at

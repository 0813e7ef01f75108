-- What else tells whether bk can work, beside its jobs.
-- $1 bigint: count so many quarantined bookings at most
-- One row. standby; read_only: the server refuses writes unless they are asked for; lag_ms of
-- a standby's replay, NULL = unknown. expired: executions at work whose leases are all past their
-- ends; expired_which: the oldest three. quarantined. archives: this server archives its WAL,
-- with when an attempt failed and succeeded last, as ms ago, and what failed; archives_nowhere:
-- and it has nothing to do so with, as far as pg_settings, which leaves out what the role may not
-- see, shows all there is: the command, and the library that PostgreSQL 15 has. backup_age_ms:
-- since the start of the last backup of bk's own, or of the hour in which it was, NULL = none
-- is known. Locks nothing.
WITH expired AS MATERIALIZED (
	SELECT e.id, e.operation, e.server_instance, max(w.lease_expires_at) AS ended
	  FROM :"bk".maintenance_executions AS e
	  JOIN :"bk".execution_workers AS w ON w.execution_id = e.id
	 WHERE e.status = 'RUNNING'
	 GROUP BY e.id, e.operation, e.server_instance
	HAVING max(w.lease_expires_at) < clock_timestamp()
)
SELECT pg_is_in_recovery() AS standby,
       (SELECT s.reset_val = 'on' FROM pg_settings AS s
	 WHERE s.name = 'default_transaction_read_only') AS read_only,
       (SELECT (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint
	 WHERE pg_is_in_recovery()) AS lag_ms,
       (SELECT count(*) FROM expired) AS expired,
       (SELECT string_agg(format('execution %s of %s on %s', x.id, x.operation, x.server_instance), ', '
			  ORDER BY x.ended, x.id)
	  FROM (SELECT * FROM expired ORDER BY expired.ended, expired.id LIMIT 3) AS x) AS expired_which,
       (SELECT (extract(epoch FROM clock_timestamp() - min(expired.ended)) * 1000)::bigint
	  FROM expired) AS expired_age_ms,
       (SELECT count(*) FROM (SELECT FROM :"bk".quarantined_bookings LIMIT $1::bigint) AS q) AS quarantined,
       (current_setting('archive_mode') = 'always'
	OR (current_setting('archive_mode') = 'on' AND NOT pg_is_in_recovery())) AS archives,
       (SELECT count(*) = CASE WHEN current_setting('server_version_num')::int < 150000 THEN 1 ELSE 2 END
	  FROM pg_settings AS s
	 WHERE s.name IN ('archive_command', 'archive_library') AND s.setting = '') AS archives_nowhere,
       (extract(epoch FROM clock_timestamp() - a.last_failed_time) * 1000)::bigint AS failed_age_ms,
       (extract(epoch FROM clock_timestamp() - a.last_archived_time) * 1000)::bigint AS archived_age_ms,
       a.last_failed_wal,
       (SELECT (extract(epoch FROM clock_timestamp() - max(b.at)) * 1000)::bigint
	  FROM (SELECT max(e.executed_at) FROM :"bk".maintenance_executions AS e
		 WHERE e.operation = 'backup' AND e.status = 'SUCCESS'
		UNION ALL
		SELECT max(s.hour) FROM :"bk".execution_stats AS s
		 WHERE s.operation = 'backup' AND s.successes > 0) AS b (at)) AS backup_age_ms
  FROM pg_stat_archiver AS a

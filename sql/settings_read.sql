-- The settings of the database, in the order of their changes, and the newest change.
-- Rows: version, the settings_version of the jobs; name, value, change, author of
-- each, or one row in which they are NULL.
-- Locks nothing.
SELECT v.version, s.name, s.value, s.change, s.author
  FROM (SELECT coalesce(max(j.settings_version), 0) AS version
	  FROM :"bk".scheduler_job_info AS j) AS v
  LEFT JOIN (
	SELECT s.name, s.value, s.change, h.author
	  FROM :"bk".settings AS s JOIN :"bk".settings_history AS h ON h.id = s.change) AS s ON true
 ORDER BY s.change

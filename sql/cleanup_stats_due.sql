-- Figures of hours that are older than they are kept: a fragment as cleanup_dead_due.sql.
-- :stats_ms  for so long they are kept
-- Rows: operation, hour; key (text for people); due, since when it is to be done.
-- Locks nothing.
SELECT s.operation, s.hour,
       s.operation || ' ' || to_char(s.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24"Z"') AS key,
       s.hour + :'stats_ms'::float8 * interval '1 millisecond' AS due
  FROM :"bk".execution_stats AS s
 WHERE s.hour < statement_timestamp() - :'stats_ms'::float8 * interval '1 millisecond'

-- A page of the changes of settings and of the states of jobs, newest first, after a
-- position.
-- $1 number of the last one seen, NULL = none  $2 most rows
-- Rows: the change, and its position.
-- Locks nothing.
SELECT h.id::text AS id,
       to_char(h.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at,
       h.command, h.name, h.old_value, h.new_value, h.reason, h.author, h.server_instance,
       host(h.client_address) AS client_address, h.rolled_back::text AS rolled_back,
       (extract(epoch FROM h.changed_at) * 1000000)::bigint AS position_us, h.id AS position_id
  FROM :"bk".settings_history AS h
 WHERE $1::bigint IS NULL OR h.id < $1::bigint
 ORDER BY h.id DESC
 LIMIT $2::bigint

-- The settings of the database, by name, each with the change that made it.
-- Rows: name, value, change_id, changed_at, author, server_instance, client_address
-- (NULL = over a socket), reason.
-- Locks nothing.
SELECT s.name, s.value, s.change::text AS change_id,
       to_char(h.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at,
       h.author, h.server_instance, host(h.client_address) AS client_address, h.reason
  FROM :"bk".settings AS s
  JOIN :"bk".settings_history AS h ON h.id = s.change
 ORDER BY s.name COLLATE "C"

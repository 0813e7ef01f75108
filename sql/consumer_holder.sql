-- Who reads for a reader of events, where somebody does.
-- $1 name
-- Rows: holder, lease_expires_at.
-- Locks nothing.
SELECT c.holder,
       to_char(c.lease_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS lease_expires_at
  FROM :"bk".event_consumers AS c
 WHERE c.name = $1::text AND c.lease_expires_at > clock_timestamp()

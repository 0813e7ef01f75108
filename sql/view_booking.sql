-- One booking by its key, as the mapping sees it now.
-- $1.. key columns as texts
-- :table  the bookings  :match  the row b of that key  :row_key  its key as text[]
-- :state  the class of its status  :"status"  :values  its mapped columns as text[]
-- :instants  what they stand for, timestamptz[]  :deadline  a timestamptz
-- One row, or none: there is no such booking. values and instants are in the order of the
-- mapping.
-- Locks nothing.
SELECT :row_key AS key,
       :state AS state,
       b.:"status"::text AS status,
       to_char((:deadline) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS deadline_at,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS as_of,
       :values AS values,
       ARRAY(SELECT to_char(i.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
	       FROM unnest(:instants) WITH ORDINALITY AS i (at, n) ORDER BY i.n) AS instants
  FROM :table AS b
 WHERE :match

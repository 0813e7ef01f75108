-- The end of a forecast.
-- $1 now  $2 hours
-- One row: until as a text that reads back as timestamptz under any DateStyle, and as
-- RFC 3339.
SELECT to_char(q.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC') AS until,
       to_char(q.until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS shown_until
  FROM (SELECT $1::timestamptz + $2::bigint * interval '1 hour' AS until) AS q

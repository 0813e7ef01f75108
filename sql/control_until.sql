-- The instant that an end means which somebody typed, by the database's clock.
-- $1 timestamptz, NULL = the other one counts  $2 milliseconds from now
-- One row: until, which reads back as timestamptz; past; now.
SELECT to_char(u.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS until,
       (u.at <= c.now) AS past,
       to_char(c.now AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now
  FROM (SELECT clock_timestamp() AS now) AS c
 CROSS JOIN LATERAL (
	SELECT coalesce($1::timestamptz, c.now + $2::bigint * interval '1 millisecond') AS at) AS u

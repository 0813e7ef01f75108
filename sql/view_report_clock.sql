-- From when to when a report goes, by the database's clock.
-- $1 since: microseconds since 1970; $2 the same as milliseconds before now
-- One row: as_of; as_of_us and since_us in microseconds since 1970.
-- Locks nothing.
SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS as_of,
       (extract(epoch FROM now()) * 1000000)::bigint AS as_of_us,
       coalesce($1::bigint,
		(extract(epoch FROM now()) * 1000000)::bigint - $2::bigint * 1000) AS since_us

-- What a tool must know before anything else, in one cheap row.
-- $1 instance, NULL = do not care
-- version of the schema, the newest min_program, the fingerprint of the mapping
-- that this instance checked last, whether the server is a standby.
SELECT (SELECT max(m.version) FROM :"bk".schema_migrations AS m) AS schema_version,
       (SELECT array_to_string(max(string_to_array(m.min_program, '.')::integer[]), '.')
	  FROM :"bk".schema_migrations AS m) AS min_program,
       (SELECT i.mapping_fingerprint FROM :"bk".instances AS i WHERE i.instance = $1::text)
	  AS mapping_fingerprint,
       pg_is_in_recovery() AS standby

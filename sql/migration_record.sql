-- Notes a migration as applied, in its own transaction, and makes every instance look at the
-- schema again before its next tick.
-- $1 version  $2 name  $3 checksum  $4 min_program
WITH forgotten AS (
	UPDATE :"bk".instances SET mapping_fingerprint = NULL WHERE mapping_fingerprint IS NOT NULL
)
INSERT INTO :"bk".schema_migrations (version, name, checksum, min_program)
VALUES ($1::integer, $2::text, $3::text, $4::text)

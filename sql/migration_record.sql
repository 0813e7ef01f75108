-- Notes a migration as applied, in its own transaction.
-- $1 version  $2 name  $3 checksum  $4 min_program
INSERT INTO :"bk".schema_migrations (version, name, checksum, min_program)
VALUES ($1::integer, $2::text, $3::text, $4::text)

-- Makes the schema and the table of its migrations, before the first of them.
-- Several statements, run as a script inside the migration's transaction.
-- :"bk" the schema's name. Locks nothing that exists.
CREATE SCHEMA IF NOT EXISTS :"bk";

CREATE TABLE IF NOT EXISTS :"bk".schema_migrations (
	version integer PRIMARY KEY,
	name text NOT NULL,
	checksum text NOT NULL,
	min_program text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	applied_by text NOT NULL DEFAULT session_user
);

COMMENT ON TABLE :"bk".schema_migrations IS
	'Migrations of this schema that were applied, by bkmaint migrate.';
COMMENT ON COLUMN :"bk".schema_migrations.checksum IS
	'SHA-256 of the migration''s text, hexadecimal; a changed file is an error.';
COMMENT ON COLUMN :"bk".schema_migrations.min_program IS
	'Oldest version of bk that may run on the schema from this migration on.';

-- One migration at a time in a database: held to the end of the transaction.
-- $1 schema
SELECT pg_advisory_xact_lock(hashtextextended('bk migrate ' || $1::text, 0))

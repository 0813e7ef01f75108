-- Waits for the batches in flight, which hold this lock shared to their end, and
-- keeps new ones from beginning: those that begin after this transaction see its
-- hold. To the end of the transaction.
-- $1 schema
SELECT pg_advisory_xact_lock(hashtext('bk hold'), hashtext($1::text))

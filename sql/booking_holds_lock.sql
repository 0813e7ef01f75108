-- Held by each batch in flight, shared: bkmaint hold takes it alone and so waits
-- for the batches whose snapshot cannot have the new hold.
-- $1 bk's schema
SELECT pg_catalog.pg_advisory_xact_lock_shared(
	       pg_catalog.hashtext('bk hold'), pg_catalog.hashtext($1::pg_catalog.text))

-- Held by each batch in flight, shared: bkmaint hold takes it alone and so waits
-- for the batches whose snapshot cannot have the new hold. Also what is reported
-- as done is to be durable, whatever the session's synchronous_commit.
-- $1 bk's schema
-- One row.
SELECT pg_catalog.pg_advisory_xact_lock_shared(
	       pg_catalog.hashtext('bk hold'), pg_catalog.hashtext($1::pg_catalog.text)),
       pg_catalog.set_config('synchronous_commit',
	       CASE WHEN pg_catalog.current_setting('synchronous_commit')
			 OPERATOR(pg_catalog.=) ANY ('{off,local}'::pg_catalog.text[])
		    THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)

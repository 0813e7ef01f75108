-- Settings of one transaction, all local to it: nothing stays behind in a pooled
-- session, and nothing that a stranger left there counts.
-- $1 statement_timeout ms text  $2 lock_timeout ms text  $3 idle timeout ms text
-- $4 on or off: off pins the ordered index scan (no sequential scan, bitmap, sort)
-- $5 search_path, $6 time zone, $7 date style; NULL = as they are (the company's
--    triggers run under its own: SET LOCAL .. TO DEFAULT goes before this then)
-- $8 application_name, NULL = as it is
-- One row.
SELECT pg_catalog.set_config('statement_timeout', $1::pg_catalog.text, true),
       pg_catalog.set_config('lock_timeout', $2::pg_catalog.text, true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', $3::pg_catalog.text, true),
       pg_catalog.set_config('role', 'none', true),
       pg_catalog.set_config('search_path',
	       COALESCE($5::pg_catalog.text, pg_catalog.current_setting('search_path')), true),
       pg_catalog.set_config('TimeZone',
	       COALESCE($6::pg_catalog.text, pg_catalog.current_setting('TimeZone')), true),
       pg_catalog.set_config('DateStyle',
	       COALESCE($7::pg_catalog.text, pg_catalog.current_setting('DateStyle')), true),
       pg_catalog.set_config('application_name',
	       COALESCE($8::pg_catalog.text, pg_catalog.current_setting('application_name')), true),
       pg_catalog.set_config('row_security', 'off', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
       pg_catalog.set_config('enable_seqscan', $4::pg_catalog.text, true),
       pg_catalog.set_config('enable_bitmapscan', $4::pg_catalog.text, true),
       pg_catalog.set_config('enable_sort', $4::pg_catalog.text, true),
       pg_catalog.set_config('synchronous_commit',
	       CASE WHEN pg_catalog.current_setting('synchronous_commit')
			 OPERATOR(pg_catalog.=) ANY ('{off,local}'::pg_catalog.text[])
		    THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)

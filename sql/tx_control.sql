-- Settings of one transaction of bk's own statements (claim, end, views): a
-- pinned search_path, so that nothing of a pooled session or of the company's
-- schemas is found first. Transaction-local: nothing stays behind.
-- $1 statement_timeout ms text  $2 lock_timeout ms text  $3 idle timeout ms text
-- $4 on or off: off pins the ordered index scan (no sequential scan, bitmap, sort)
-- One row.
SELECT pg_catalog.set_config('statement_timeout', $1::pg_catalog.text, true),
       pg_catalog.set_config('lock_timeout', $2::pg_catalog.text, true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', $3::pg_catalog.text, true),
       pg_catalog.set_config('role', 'none', true),
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true),
       pg_catalog.set_config('TimeZone', 'UTC', true),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', true),
       pg_catalog.set_config('row_security', 'off', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', true),
       pg_catalog.set_config('max_parallel_workers_per_gather', '0', true),
       pg_catalog.set_config('enable_seqscan', $4::pg_catalog.text, true),
       pg_catalog.set_config('enable_bitmapscan', $4::pg_catalog.text, true),
       pg_catalog.set_config('enable_sort', $4::pg_catalog.text, true),
       pg_catalog.set_config('synchronous_commit',
	       CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local')
		    THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)

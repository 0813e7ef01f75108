# shellcheck shell=bash
# For the tests of bkstatus report: a history of three days, made by the schema's own functions.
# Sourced after bookings.sh.

# ran JOB AGO STATUS PROCESSED MS [ERROR]: a finished run, recorded and counted
ran() {
	sql "select bk.count_run('bk', '$1', now() - interval '$2', '$3', $4, 0, 0, 0, 0, $5,
			nullif('${6-}', ''));
		insert into bk.maintenance_executions (run_id, operation, description, executed_at,
			finished_at, status, processed_count, error_code, error_message,
			execution_time_ms, triggered_by, invoked_by, server_instance, pid, version,
			lease_token, as_of)
		select gen_random_uuid(), '$1', 'x', now() - interval '$2', now(), '$3', $4,
			nullif('${6-}', ''), case when '${6-}' <> '' then 'it did not work' end, $5,
			'SCHEDULER', 'u/u', 'host-7', 17, '1.0.0', 1, now()" >/dev/null
}

# past: three days of two jobs with some failures, and what they changed
past() {
	sql "select bk.count_run('bk', job, at, 'SUCCESS', (n % 7)::bigint, 0, 0, 0, 0,
			(10 + n * 7 % 400)::bigint, null)
		from (values ('activate-due'), ('update-expired')) as j (job),
			generate_series(0, 71) as n,
			lateral (select date_trunc('hour', now()) - n * interval '1 hour' as at) as t" \
		>/dev/null
	ran activate-due '5 hours' ERROR 0 1200 40P01
	ran activate-due '30 hours' TIMEOUT 12 30000 TIMEOUT
	ran cleanup '26 hours' PARTIAL 3 800
	ran update-expired '20 minutes' SUCCESS 40 60
	changed activate-due activate ACTIVE
	changed update-expired expire-hold EXPIRED
}

# changed JOB RULE STATE: by the newest execution of the job, a batch in each of three days
changed() {
	sql "insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,
			to_state, row_count, keys, key_hashes, txid, at)
		select (select max(id) from bk.maintenance_executions where operation = '$1'), 0, n,
			'$2', 'x', '$3', 2, '{{1,2}}', '{1,2}', pg_current_xact_id(),
			now() - n * interval '22 hours'
		from generate_series(0, 2) as n"
}

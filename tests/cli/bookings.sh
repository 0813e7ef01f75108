# shellcheck shell=bash
# For the tests of the programs at work: a configuration, bookings, and other sessions that hold
# things. Sourced after harness.sh.

# configure LINE...: these lines are the configuration from now on
configure() {
	printf '%s\n' "$@" >"$BK_TEST_DIR/bk.conf"
	export BK_CONFIG=$BK_TEST_DIR/bk.conf
}

# empty_table: bk's schema and the reference table, without a booking and without a record
empty_table() {
	[ "$(sql "select to_regclass('public.bookings')")" ] ||
		bkmaint migrate --reference-bookings || exit 1
	sql "truncate bookings restart identity;
		truncate bk.maintenance_executions, bk.execution_workers, bk.booking_transitions,
			bk.instances restart identity;
		update bk.scheduler_job_info set status = 'IDLE', is_active = true,
			next_execution_time = null, last_success_time = null, retry_count = 0,
			last_execution_status = null, error_message = null, paused_until = null,
			paused_reason = null"
}

# bookings N STATUS START END [CHECK-IN [HOLD]]: N of them; times are intervals from now, or null
bookings() {
	sql "insert into bookings (status, starts_at, ends_at, checked_in_at, hold_expires_at)
		select '$2', now() + interval '$3', now() + interval '${4:-1 day}',
			now() + ${5:-null}::interval, now() + ${6:-null}::interval
		from generate_series(1, $1)"
}

# due N: bookings that activate-due changes
due() {
	bookings "$1" CONFIRMED '-1 minute'
}

# running JOB LEASE: a run of the job on another host, whose lease ends after that interval
running() {
	sql "with e as (insert into bk.maintenance_executions (run_id, operation, description,
			executed_at, status, triggered_by, invoked_by, server_instance, pid,
			version, lease_token, as_of)
		select gen_random_uuid(), '$1', 'x', now(), 'RUNNING', 'SCHEDULER', 'u/u',
			'host-7', 17, '1.0.0', 0, now() returning id)
		insert into bk.execution_workers (execution_id, worker, token, lease_expires_at)
		select id, 0, 0, now() + interval '$2' from e"
}

# statuses: "ACTIVE 3, CONFIRMED 1"
statuses() {
	sql "select string_agg(format('%s %s', status, n), ', ' order by status)
		from (select status, count(*) as n from bookings group by 1) as q"
}

# last_record COLUMN...: of the newest execution, separated by |
last_record() {
	local columns
	columns=$(IFS=, && echo "$*")
	sql "select $columns from bk.maintenance_executions order by id desc limit 1"
}

# all_records COLUMN...: of every execution, "activate-due SUCCESS, cancel-no-shows SUCCESS"
all_records() {
	local columns
	columns=$(IFS=, && echo "$*")
	sql "select string_agg(concat_ws(' ', $columns), ', ' order by id)
		from bk.maintenance_executions"
}

records() {
	sql "select count(*) from bk.maintenance_executions"
}

# wait_for CONDITION: asks the server again until it holds, for a minute at most; the server lets others
# work before it answers
wait_for() {
	local end=$((SECONDS + 60))
	while [ "$SECONDS" -lt "$end" ]; do
		[ "$(sql "select ($1)::int from pg_sleep(0.002)")" != 1 ] || return 0
	done
	harness_fail "never came true" "$1" "false"
	return 1
}

# hold SQL: another session runs it in a transaction and keeps that open until let_go
hold() {
	mkfifo "$BK_TEST_DIR/.hold"
	psql -XAtq -v ON_ERROR_STOP=1 -U postgres <"$BK_TEST_DIR/.hold" >/dev/null &
	holder=$!
	exec 9>"$BK_TEST_DIR/.hold"
	rm "$BK_TEST_DIR/.hold"
	printf '%s\n' "set application_name = 'holder';" "begin;" "$1;" >&9
	wait_for "exists (select from pg_stat_activity where application_name = 'holder'
		and state = 'idle in transaction')"
}

let_go() {
	exec 9>&-
	wait "$holder"
}

# wait_until COMMAND...: runs it again until it succeeds; the answer of the server is the only pause
wait_until() {
	local tries
	for ((tries = 0; tries < 2000; tries++)); do
		! "$@" || return 0
		sql "select 1" >/dev/null
	done
	harness_fail "never came true" "$*" "false"
	return 1
}

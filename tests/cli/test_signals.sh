# shellcheck shell=bash
# SIGINT and SIGTERM while the server is at work: the batch is cancelled, the record closed, and the
# exit status that of the signal. The run is held by a lock that a trigger of the table waits for.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure 'activate-due { batch-size = 2 }'
empty_table
sql "create function wait() returns trigger language plpgsql as \$\$
	begin
		if old.id % 5 = 0 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger wait before update on bookings for each row execute function wait()"

# start COMMAND...: in the background, until it waits for the lock; $pid
start() {
	"$@" >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null &
	pid=$!
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
}

# finish: waits for it, as run() does
finish() {
	wait "$pid"
	RC=$?
	OUT=$(cat "$BK_TEST_DIR/.out")
	ERR=$(cat "$BK_TEST_DIR/.err")
}

for signal in INT:130 TERM:143; do
	name=${signal%:*} status=${signal#*:}
	empty_table
	due 9
	hold "select pg_advisory_lock(4242)"

	t "SIG$name cancels the batch and closes the record: $status"
	start bkactivate --now
	kill -"$name" "$pid"
	finish
	is_rc "$status"
	out_is_empty
	err_has "error: "
	is "$(wc -l <"$BK_TEST_DIR/.err")" 1
	is "$(last_record status processed_count error_code "finished_at is not null")" \
		"CANCELLED|4|$([ "$name" = INT ] && echo INTERRUPTED || echo TERMINATED)|t"
	is "$(statuses)" "ACTIVE 4, CONFIRMED 5"
	sql_is "select count(*) from bk.execution_workers" 0
	sql_is "select status from bk.scheduler_job_info where job_name = 'activate-due'" IDLE

	t "SIG$name and --json: one document"
	start bkactivate --now --json
	kill -"$name" "$pid"
	finish
	is_rc "$status"
	json_is '[.success, .error.exitCode, .data.status] | tojson' "[false,$status,\"CANCELLED\"]"

	t "SIG$name during a dry run"
	let_go
	hold "lock table bookings"
	bkactivate --now -n >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null &
	pid=$!
	wait_for "exists (select from pg_locks where not granted)"
	kill -"$name" "$pid"
	finish
	is_rc "$status"
	let_go
done

t "what is left is done by the next run"
run bkactivate --now
is_rc 0
is "$(statuses)" "ACTIVE 9"

t "run --due stops at a signal and starts no further job"
empty_table
sql "drop trigger wait on bookings"
bookings 5 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
bookings 5 PENDING '-2 hours' '1 hour'
sql "create trigger wait before update on bookings for each row execute function wait()"
hold "select pg_advisory_lock(4242)"
start bkmaint run --due
kill -TERM "$pid"
finish
is_rc 143
let_go
is "$(all_records operation status)" "update-completed CANCELLED"

t "a signal during the second job counts as well"
sql "update bk.scheduler_job_info set next_execution_time = null;
	update bookings set id = id + 100 where status = 'ACTIVE';
	truncate bk.maintenance_executions cascade;
	update bookings set id = 201 where id = 105"
hold "select pg_advisory_lock(4242)"
start bkmaint run --due
kill -INT "$pid"
finish
is_rc 130
let_go
is "$(all_records operation status)" \
	"update-completed SUCCESS, update-expired CANCELLED"

done_testing

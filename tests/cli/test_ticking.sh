# shellcheck shell=bash
# Ticks over a time (--for), later by host (--splay), and with patience (--wait). Nothing here waits
# for the clock but the programs, by their own options; what is watched is watched on the server.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

second='activate-due { delay = 1s }'
configure "$second"
empty_table

# start COMMAND...: in the background; $pid
start() {
	"$@" >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null &
	pid=$!
}

# finish: waits for it, as run() does
finish() {
	wait "$pid"
	RC=$?
	OUT=$(cat "$BK_TEST_DIR/.out")
	ERR=$(cat "$BK_TEST_DIR/.err")
}

# stop SIGNAL: sends it and waits for the end
stop() {
	kill -"$1" "$pid"
	finish
}

# until_true COMMAND...: a condition that the server does not know; its answer is the pause
until_true() {
	local tries
	for ((tries = 0; tries < 500; tries++)); do
		! "$@" || return 0
		sql "select pg_sleep(0.02)" >/dev/null
	done
	harness_fail "never came true" "$*" "false"
}

# The program has its handlers, so a signal will not kill it.
catches_signals() {
	local caught
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status")
	[ $((0x${caught:-0} & 0x4000)) -ne 0 ]
}

# in_pause: it has ticked and does nothing now
in_pause() {
	wait_for "(select count(*) > 0 from bk.maintenance_executions) and exists (
		select from pg_stat_activity where application_name ~ '^bk:' and state = 'idle')"
}

# --- for ---

t "--for ticks on one connection, finds what becomes due, and is silent"
start bkactivate --for=5m
for n in 1 2 3; do
	due 1
	wait_for "(select count(*) = $n from bookings where status = 'ACTIVE')"
	backends+=("$(sql "select pid from pg_stat_activity where application_name ~ '^bk:'")")
done
is "${backends[*]}" "${backends[0]} ${backends[0]} ${backends[0]}" "connections"
sql_is "select string_agg(distinct pid || status || triggered_by, ' ')
	from bk.maintenance_executions" "${pid}SUCCESSSCHEDULER"
sql_is "select min(d) >= interval '750 ms' from (select executed_at - lag(executed_at)
	over (order by id) as d from bk.maintenance_executions) as q" t
stop TERM
is_rc 143
out_is_empty

for signal in INT:130:INTERRUPTED TERM:143:TERMINATED; do
	IFS=: read -r name status code <<<"$signal"

	t "SIG$name in a pause ends it at once, and nothing is left open: $status"
	empty_table
	configure
	start bkactivate --for=1h
	in_pause
	stop "$name"
	is_rc "$status"
	out_is_empty
	err_is "bkactivate: error: stopped by SIG$name in a pause"
	is "$(all_records status)" SUCCESS

	t "SIG$name and --json: one document with the runs"
	empty_table
	start bkactivate --for=1h --json
	in_pause
	stop "$name"
	is_rc "$status"
	json_is '[.success, .error.code, .error.exitCode, .data.runCount, .data.processedCount,
		[.data.runs[].status]] | tojson' "[false,\"$code\",$status,1,0,[\"SUCCESS\"]]"
done

t "SIGTERM in a run: the record is closed, and there is one message"
empty_table
due 1
sql "create function wait() returns trigger language plpgsql as
	\$\$ begin perform pg_advisory_xact_lock(4242); return new; end \$\$;
	create trigger wait before update on bookings for each row execute function wait()"
hold "select pg_advisory_lock(4242)"
start bkactivate --for=1h --json
wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
stop TERM
is_rc 143
json_is '[.error.code, .data.runCount, .data.runs[0].status] | tojson' \
	'["TERMINATED",1,"CANCELLED"]'
is "$(grep -c 'error: ' "$BK_TEST_DIR/.err")" 1 "errors"
is "$(last_record status)" CANCELLED
let_go
sql "drop function wait cascade"

t "it ends by itself before its time is over: --json, jsonl and csv"
empty_table
configure "$second"
due 2
run bkactivate --for=2s --json
is_rc 0
err_is_empty
json_is '[.success, .data.processedCount, .data.runs[0].status, .data.runs[0].outcome] | tojson' \
	'[true,2,"SUCCESS","ran"]'
json_is '.data | (.runCount == (.runs | length)) and .runCount >= 1 and .runCount <= 2' true
run bkactivate --for=2s -o jsonl
is_rc 0
is "$(jq -c '[.type, .run.operation // .runs]' <<<"$OUT" | sort -u | tr -d '\n' | tr 12 N)" \
	'["run","activate-due"]["summary",N]'
is "$(jq -s '(length - 1) == .[-1].runs' <<<"$OUT")" true
run bkactivate --for=1s -o csv
is_rc 0
is "$(grep -c '^operation,outcome,' <<<"$OUT")" 1 "heads"
[ "$(grep -c '^activate-due,' <<<"$OUT")" -ge 1 ] || harness_fail "csv" "a row" "$OUT"

t "each run is a line as it happens"
empty_table
start bkactivate --for=1h -o jsonl
until_true grep -q '"outcome":"ran"' "$BK_TEST_DIR/.out"
stop TERM
is_rc 143
is "$(tail -n 1 <<<"$OUT" | jq -r '.type + " " + .code')" "error TERMINATED"
empty_table
start bkactivate --for=1h -v
until_true grep -q '^activate-due: SUCCESS, 0 bookings' "$BK_TEST_DIR/.out"
stop TERM

t "without a run that could begin in time it does not wait for the end"
empty_table
configure
run bknoshow --for=1m
is_rc 0
is "$(records)" 1

t "a session that ends in a pause is no failure"
configure "$second"
empty_table
start bkactivate --for=5m
# In the middle of a pause: no run is hit.
wait_for "exists (select pg_terminate_backend(pid) from pg_stat_activity
	where application_name ~ '^bk:' and state = 'idle' and exists (
		select from bk.maintenance_executions where executed_at
			between clock_timestamp() - interval '500 ms'
			and clock_timestamp() - interval '50 ms'))"
n=$(records)
wait_for "(select count(*) > $n from bk.maintenance_executions)"
stop TERM
is_rc 143
err_is "bkactivate: error: stopped by SIGTERM in a pause"
sql_is "select string_agg(distinct pid || status, ' ') from bk.maintenance_executions
	where status <> 'CANCELLED'" "${pid}SUCCESS"

t "a tick that fails is told at once and ends nothing"
empty_table
due 1
sql "create function no() returns trigger language plpgsql as
	\$\$ begin raise exception using errcode = '55000', message = 'the books are closed'; end \$\$;
	create trigger no before update on bookings for each row execute function no()"
start bkactivate --for=5m
until_true grep -q 'error: .*the books are closed' "$BK_TEST_DIR/.err"
sql "drop trigger no on bookings"
sql "update bk.scheduler_job_info set next_execution_time = null"
wait_for "(select bool_and(status = 'ACTIVE') from bookings)"
stop TERM
is_rc 143

t "the exit status is that of the worst tick"
empty_table
due 1
sql "create trigger no before update on bookings for each row execute function no()"
run bkactivate --for=1s
is_rc 1
out_is_empty
err_has 'the books are closed'
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkactivate --for=1s --json
is_rc 1
json_is '[.success, .error.exitCode, .data.runs[0].status] | tojson' '[false,1,"ERROR"]'
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkactivate --for=1s -o jsonl
is_rc 1
is "$(jq -r .type <<<"$OUT" | uniq | paste -sd' ')" "run error"
sql "drop function no cascade"

t "a database that is down is tried until the end: 69"
run bkactivate --for=2s -h "$BK_TEST_DIR/nowhere"
is_rc 69
out_is_empty
err_has "error: connection to server"
run bkactivate --for=1s -h "$BK_TEST_DIR/nowhere" --json
is_rc 69
json_is '[.error.code, .data.processedCount, .data.runs[0].outcome, .data.runs[0].executionId]
	| tojson' '["DATABASE_UNAVAILABLE",0,null,null]'
json_is '.data.runs[0].errorMessage == .error.message' true

t "and found when it is back"
empty_table
due 1
start bkactivate --for=5m -h "$BK_TEST_DIR/socket"
until_true grep -q 'error: connection to server' "$BK_TEST_DIR/.err"
ln -s "$PGHOST" "$BK_TEST_DIR/socket"
wait_for "(select bool_and(status = 'ACTIVE') from bookings)"
stop TERM
is_rc 143

t "what was typed does not mend itself: the first try ends it"
run bkactivate --for=5m -d 'host=x password=x'
is_rc 64
is "$(wc -l <"$BK_TEST_DIR/.err")" 2
run env BK_CONFIG=/dev/null PGSERVICE=nosuch bkactivate --for=5m
is_rc 78

t "an output that cannot be written keeps no run from taking place: 74, said once"
for how in "-o jsonl" "-o csv" -v; do
	empty_table
	due 1
	run bash -c "exec bkactivate --for=2s $how >/dev/full"
	is_rc 74
	is "$(grep -c "cannot write to standard output" "$BK_TEST_DIR/.err")" 1 "messages"
	is "$(statuses)" "ACTIVE 1"
done

t "a job that is paused or disabled is no failure"
empty_table
sql "update bk.scheduler_job_info set status = 'PAUSED'"
run bkactivate --for=1s
is_rc 0
err_is_empty
configure 'activate-due { enabled = no }'
run bkactivate --for=1s --json
is_rc 0
json_is '[.data.runs[].outcome] | unique | tojson' '["disabled"]'
configure

# --- splay ---

t "a splay comes before everything, and a signal ends it"
empty_table
for command in "bkactivate --splay=1h" "env BK_ACTIVATE_DUE_SPLAY=1h bkactivate" \
	"bkactivate --for=2h --splay=1h" "env BK_UPDATE_COMPLETED_SPLAY=1h bkmaint run --due"; do
	start $command --instance=app-1
	until_true catches_signals
	stop TERM
	is_rc 143
	err_has "error: stopped by SIGTERM in a pause"
	is "$(records) $(sql "select count(*) from bk.instances")" "0 0" "records"
done

t "by hand nobody waits, unless he was told to"
run env BK_ACTIVATE_DUE_SPLAY=1h bkactivate --now --instance=app-1
is_rc 0
run env BK_UPDATE_COMPLETED_SPLAY=1h bkmaint update-completed --instance=app-1
is_rc 0
start bkactivate --now --splay=1h --instance=app-1
until_true catches_signals
stop INT
is_rc 130

is "$(records)" 2

t "the option beats the setting, and 0 is none"
empty_table
run env BK_ACTIVATE_DUE_SPLAY=1h bkactivate --splay=0 --instance=app-1
is_rc 0
run env BK_ACTIVATE_DUE_SPLAY=1h bkactivate --splay=1ms --instance=app-1
is_rc 0
is "$(records)" 1

t "the time of the splay is part of the time of --for"
empty_table
configure "$second"
# app-1 waits 877 ms of it: one tick is left.
run bkactivate --for=1700ms --splay=1s --instance=app-1 --json
is_rc 0
json_is .data.runCount 1

# --- wait ---

t "a busy job is waited for until it is free"
for command in "bkactivate --wait=5m" "bkactivate --now --wait=5m" \
	"bkmaint activate-due --wait=5m"; do
	empty_table
	due 1
	running activate-due '1 hour'
	start $command
	# It has asked, and was told that the job is busy.
	wait_for "exists (select from bk.instances where last_ticks ? 'activate-due')"
	sql "update bk.maintenance_executions set status = 'SUCCESS', finished_at = now();
		delete from bk.execution_workers"
	finish
	is_rc 0
	out_is_empty
	err_is_empty
	is "$(statuses)" "ACTIVE 1"
	is "$(all_records status)" "SUCCESS, SUCCESS"
done

t "when the time has run out it is an error, also for a tick: 75"
empty_table
due 1
running activate-due '1 hour'
for command in bkactivate "bkactivate --now" "bkmaint activate-due"; do
	for time in 0s 300ms; do
		run $command --wait=$time
		is_rc 75
		out_is_empty
		err_has "error: activate-due is still running on host-7 pid 17 after a wait of "
	done
	run $command --wait=1ms --json
	is_rc 75
	json_is '[.success, .error.code, .error.exitCode, .data] | tojson' \
		'[false,"JOB_BUSY",75,null]'
done
is "$(records)" 1

t "a signal ends the wait"
start bkactivate --wait=1h
wait_for "exists (select from pg_stat_activity where application_name ~ '^bk:'
	and state = 'idle')"
stop TERM
is_rc 143
err_has "error: "
is "$(wc -l <"$BK_TEST_DIR/.err")" 1
is "$(records)" 1

t "it is not waited beyond the end of --for"
run bkactivate --for=1s --wait=1h
is_rc 75
err_has "error: activate-due is still running on host-7 pid 17 after a wait of "
run bkactivate --for=1s
is_rc 0
err_is_empty
is "$(records)" 1

t "other reasons not to run are not waited for"
sql "update bk.scheduler_job_info set status = 'PAUSED', paused_reason = 'moving house'"
run bkactivate --wait=1h
is_rc 0
run bkactivate --now --wait=1h
is_rc 4

done_testing

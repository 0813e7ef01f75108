# shellcheck shell=bash
# bkactivate as cron, a person and a script call it: what it changes, says and records.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure

t "a tick changes what is due, says nothing and records it"
empty_table
due 3
bookings 2 CONFIRMED '1 hour'
run bkactivate
is_rc 0
out_is_empty
err_is_empty
is "$(statuses)" "ACTIVE 3, CONFIRMED 2"
is "$(last_record operation status processed_count triggered_by)" "activate-due|SUCCESS|3|SCHEDULER"

t "a second tick is not due, says nothing and records nothing"
run bkactivate
is_rc 0
out_is_empty
err_is_empty
is "$(records)" 1
run bkactivate --json
json_is '[.success, .data.outcome, .data.executionId, .data.status, .data.executedAt] | tojson' \
	'[true,"not-due",null,null,null]'
json_is '.data.nextExecutionTime | test("^20..-..-..T..:..:..\\....Z$")' true
run bkactivate -v
is "${OUT%% at 20*}" "activate-due: not-due, next run"

t "by hand the delay does not matter; with nothing due it is recorded too"
run bkactivate --now
is_rc 0
out_is_empty
is "$(records)" 2
is "$(last_record status processed_count triggered_by)" "SUCCESS|0|MANUAL"

t "-v is one line"
due 1
run bkactivate --now -v
is_rc 0
err_is_empty
is "$(sed -E 's/ in [0-9.]+ m?s / in T /' <<<"$OUT")" \
	"activate-due: SUCCESS, 1 booking changed in T (execution 3)"

t "-q is silent"
due 2
run bkactivate --now -q
is_rc 0
out_is_empty
err_is_empty

t "a table is the same line, asked for"
run bkactivate --now -o table
is "$(wc -l <"$BK_TEST_DIR/.out")" 1
out_has "activate-due: SUCCESS, 0 bookings changed in "

t "--json says what was done"
due 4
run bkactivate --now --json
is_rc 0
err_is_empty
json_is '[.success, .message] | tojson' '[true,"Operation completed successfully"]'
json_is '.data | [.operation, .description, .status, .processedCount, .errorMessage, .outcome,
	.triggeredBy, .skippedLocked, .remaining] | tojson' \
	'["activate-due","Activate due bookings","SUCCESS",4,null,"ran","MANUAL",0,0]'
json_is '.data.rules | tojson' \
	'[{"rule":"activate","from":"CONFIRMED","to":"ACTIVE","count":4}]'
json_is '.data.executionTimeMs | type' number
json_is '.data.executedAt | test("^20..-..-..T..:..:..\\....Z$")' true
json_is '.data.executionId' "$(last_record id)"
json_is '.data | (.nextExecutionTime | sub("\\..*Z"; "Z") | fromdate)
	- (.executedAt | sub("\\..*Z"; "Z") | fromdate)' 30
json_is '.meta | [.schema, .command, .version] | tojson' '["bk/1","bkactivate","1.2.0"]'

t "csv and jsonl"
due 2
run bkactivate --now -o csv
is "$(sed -E '2s/(ran,[0-9]+),[^,]+,(.*),[0-9]+,$/\1,AT,\2,MS,/' <<<"$OUT")" \
	"operation,outcome,executionId,executedAt,status,processedCount,skippedLocked,remaining,$(
	)executionTimeMs,errorMessage
activate-due,ran,$(last_record id),AT,SUCCESS,2,0,0,MS,"
due 2
run bkactivate --now -o jsonl
is "$(jq -c '[.type, .run.processedCount, .processedCount]' <<<"$OUT" | paste -sd' ')" \
	'["run",2,null] ["summary",null,2]'

t "a limit leaves work: 3"
empty_table
due 5
run bkactivate --now --limit=2
is_rc 3
out_is_empty
err_is "bkactivate: error: the limit of 2 bookings is reached, work remains"
is "$(last_record status processed_count remaining error_code)" "PARTIAL|2|3|WORK_REMAINS"
run bkactivate --now --limit=2 --json
is_rc 3
json_is '[.success, .error.code, .error.exitCode, .data.status, .data.processedCount,
	.data.remaining] | tojson' '[false,"WORK_REMAINS",3,"PARTIAL",2,1]'
run bkactivate --now --limit=1
is_rc 0

t "a first run that is too large is refused, and let through once: 4"
empty_table
configure 'activate-due { first-run-limit = 3 }'
due 4
run bkactivate
is_rc 4
out_is_empty
err_has "error: the first run of activate-due would change 4 bookings, first-run-limit allows 3"
err_has "hint: "
is "$(statuses)" "CONFIRMED 4"
is "$(last_record status error_code)" "REFUSED|REFUSED"
run bkactivate --now --allow=3
is_rc 4
run bkactivate --now --allow=4
is_rc 0
is "$(statuses)" "ACTIVE 4"
configure

t "a job that runs elsewhere is busy: 0 for a tick, 75 by hand"
empty_table
due 1
running activate-due '1 minute'
run bkactivate
is_rc 0
out_is_empty
err_is_empty
run bkactivate -v
out_is "activate-due: busy, running on host-7 pid 17"
run bkactivate --now
is_rc 75
err_is "bkactivate: error: activate-due is running already on host-7 pid 17"
run bkactivate --now --json
is_rc 75
json_is '[.success, .error.code, .error.exitCode, .data] | tojson' '[false,"JOB_BUSY",75,null]'
run bkactivate --json
json_is '[.success, .data.outcome, .data.runningOn] | tojson' '[true,"busy","host-7 pid 17"]'
is "$(records)" 1

t "a dead run is taken over, with a warning"
sql "update bk.execution_workers set lease_expires_at = now()"
run bkactivate
is_rc 0
out_is_empty
err_is "bkactivate: warning: execution 1 of activate-due had lost its lease and was closed as $(
	)ABANDONED"
sql_is "select string_agg(status, ' ' order by id) from bk.maintenance_executions" \
	"ABANDONED SUCCESS"

t "a paused or disabled job: 0 for a tick, 4 by hand, --force runs it"
empty_table
due 1
sql "update bk.scheduler_job_info set status = 'PAUSED', paused_reason = 'moving house'"
run bkactivate
is_rc 0
err_is_empty
run bkactivate --json
json_is '[.data.outcome, .data.pausedReason] | tojson' '["paused","moving house"]'
run bkactivate --now
is_rc 4
err_has "error: activate-due is paused: moving house"
err_has "hint: bkmaint activate-due --force"
sql "update bk.scheduler_job_info set status = 'DISABLED'"
run bkactivate
is_rc 0
run bkactivate --now --json
is_rc 4
json_is .error.code JOB_DISABLED
is "$(records)" 0
run bkmaint activate-due --force
is_rc 0
is "$(statuses)" "ACTIVE 1"

t "a job that the file disables: 0 for a tick, 4 by hand, --force does not help"
empty_table
due 1
configure 'activate-due { enabled = no }'
run bkactivate
is_rc 0
err_is_empty
run bkactivate --now
is_rc 4
err_has "error: activate-due is disabled in the configuration"
run bkmaint activate-due --force
is_rc 4
is "$(statuses)" "CONFIRMED 1"
configure

t "cron's empty environment is enough"
empty_table
due 1
configure "database = \"host=$PGHOST port=$PGPORT dbname=$PGDATABASE user=postgres\""
run bkenv bkactivate --config="$BK_CONFIG"
is_rc 0
out_is_empty
err_is_empty
is "$(statuses)" "ACTIVE 1"
configure

t "rows that others hold are no reason to fail"
empty_table
due 3
hold "select 1 from bookings where id = 2 for update"
run bkactivate --now -v
is_rc 0
out_has "2 bookings changed"
out_has ", 1 locked by others"
let_go
run bkactivate --now --json
json_is '.data.processedCount' 1

t "output that cannot be written: 74, and the run is done"
empty_table
for how in "-v" "--json" "-o csv"; do
	due 1
	run bash -c "exec bkactivate --now $how >/dev/full"
	is_rc 74
	err_has "error: cannot write to standard output"
	due 1
	run bash -c "exec bkactivate --now $how >&-"
	is_rc 74
done
is "$(statuses)" "ACTIVE 6"
sql_is "select distinct status from bk.maintenance_executions" SUCCESS

t "without anything to say a closed output is none of its business"
run bash -c "exec bkactivate >&- <&- 2>&-"
is_rc 0

t "the host and the user are recorded"
run bkactivate --now --instance='app 1'
is "$(last_record server_instance invoked_by version "pid > 1")" \
	"app 1|$(id -un)/postgres|1.2.0|t"

done_testing

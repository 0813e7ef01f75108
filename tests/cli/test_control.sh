# shellcheck shell=bash
# bkmaint pause, resume, enable, disable and cancel: what people see and scripts read, who may, and
# that ticks heed it.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
jobs=$(sql "select count(*) from bk.scheduler_job_info")

# state JOB: "PAUSED|t||why"
state() {
	sql "select status, is_active, paused_until, paused_reason from bk.scheduler_job_info
		where job_name = '$1'"
}

t "a job is paused, without a word, and the ticks heed it"
due 1
run bkmaint pause activate-due --reason="upgrade of the app"
is_rc 0
out_is_empty
err_is_empty
is "$(state activate-due)" 'PAUSED|t||upgrade of the app'
run bkactivate --json
is_rc 0
json_is '[.data.outcome, .data.pausedReason] | tojson' '["paused","upgrade of the app"]'
run bkmaint activate-due
is_rc 4
err_has "activate-due is paused: upgrade of the app"
run bkstatus jobs --json
json_is '.data.items[0] | [.jobName, .status, .pausedReason] | join(" ")' \
	"activate-due PAUSED upgrade of the app"

t "the pause is in the history, by whom and why"
run bkstatus history --job=pause --json
json_is '.data.items[0] | [.operation, .description, .status, .triggeredBy, .processedCount, .invokedBy]
	| tojson' "[\"pause\",\"pause activate-due: upgrade of the app\",\"SUCCESS\",\"MANUAL\",1,$(
	)\"$(id -un)/postgres\"]"

t "what is already so is said, and not recorded"
run bkmaint pause activate-due --reason="upgrade of the app" -v
is_rc 0
out_is "activate-due was paused so already"
run bkmaint enable activate-due -v
is_rc 0
out_is "activate-due was enabled already, but is paused"
run bkmaint resume cancel-no-shows -v
is_rc 0
out_is "cancel-no-shows was not paused"
is "$(records)" 1

t "a pause is resumed"
run bkmaint resume activate-due -v
is_rc 0
out_is "activate-due is resumed (execution 2)"
is "$(state activate-due)" 'IDLE|t||'
run bkactivate --json
json_is '[.data.outcome, .data.processedCount] | tojson' '["ran",1]'

t "a pause has an end, by the clock of the database"
run bkmaint pause activate-due --until=2h --reason=x --json
is_rc 0
err_is_empty
sql_is "select paused_until between now() + interval '119 min' and now() + interval '2 h'
	from bk.scheduler_job_info where job_name = 'activate-due'" t
for until in 2100-01-01 2100-01-01T00:00:00Z '2100-01-01 01:00:00+01:00'; do
	run bkmaint pause activate-due --until="$until" --reason=x --json
	json_is '.data.jobs[0].pausedUntil' 2100-01-01T00:00:00.000Z
done
sql "update bk.scheduler_job_info set paused_until = now(), next_execution_time = null"
run bkactivate --json
json_is '.data.outcome' ran
is "$(state activate-due)" 'IDLE|t||'

t "no end that is past or no time at all"
for until in 2020-01-01T00:00:00Z 1970-01-01 0 0s; do
	run bkmaint pause activate-due --until="$until" --reason=x
	is_rc 64
	out_is_empty
	err_has "error: option --until: "
	err_has " is past, the database has 2"
done
for until in tomorrow 2026-13-01 2h30m -- -2h $'2h\n'; do
	run bkmaint pause activate-due --until="$until" --reason=x
	is_rc 64
	err_has "error: option --until: "
done
is "$(state activate-due)" 'IDLE|t||'

t "every job at once"
run bkmaint pause --all --reason=x -v
is_rc 0
is "$(grep -c ' is paused (execution ' <<<"$OUT")" "$jobs"
run bkmaint run --due --json
json_is '[.data.runs[].outcome] | unique | tojson' '["paused"]'
run bkmaint resume --all --json
json_is '[.data.changedCount, (.data.jobs | length), ([.data.jobs[].changed] | all)] | tojson' \
	"[$jobs,$jobs,true]"
run bkmaint resume --all --json
json_is '[.data.changedCount, .data.executionId, ([.data.jobs[].changed] | any)] | tojson' \
	'[0,null,false]'

t "a job is disabled and enabled, and its schedule stays"
sql "update bk.scheduler_job_info set next_execution_time = '2026-11-23 06:30Z'"
run bkmaint disable update-expired -v
is_rc 0
out_has "update-expired is disabled (execution "
is "$(state update-expired)" 'DISABLED|f||'
run bkmaint disable update-expired -v
out_is "update-expired was disabled already"
run bkmaint update-expired
is_rc 4
run bkmaint enable update-expired -v
out_has "update-expired is enabled (execution "
is "$(state update-expired)" 'IDLE|t||'
sql_is "select count(distinct next_execution_time) from bk.scheduler_job_info" 1

t "a disabled job is neither paused nor resumed, by itself an error, among all jobs not"
bkmaint disable update-expired
for command in "pause update-expired --reason=x" "resume update-expired"; do
	# shellcheck disable=SC2086
	run bkmaint $command
	is_rc 4
	out_is_empty
	err_has "error: update-expired is disabled, nothing was changed"
	err_has "hint: bkmaint enable update-expired"
	# shellcheck disable=SC2086
	run bkmaint $command --json
	json_is '.error.code' JOB_DISABLED
done
run bkmaint pause --all --reason=x -v
is_rc 0
out_has "update-expired is disabled and left alone"
bkmaint resume --all
is "$(state update-expired)" 'DISABLED|f||'
bkmaint enable update-expired

t "what the file disables stays so, which is said"
configure 'update-expired { enabled = no }'
run bkmaint enable update-expired
is_rc 0
err_is "bkmaint: warning: update-expired is disabled in the configuration of this host"
configure

t "an unknown job is not found, with a near miss"
for command in "pause activate-deu --reason=x" "resume activate-deu" "enable activate-deu" \
	"disable activate-deu"; do
	# shellcheck disable=SC2086
	run bkmaint $command
	is_rc 66
	out_is_empty
	err_has 'error: no job "activate-deu"'
	err_has 'hint: did you mean "activate-due"?'
done
run bkmaint pause $'x\x1b' --reason=x
is_rc 64
run bkmaint pause "x'; --" --reason=x --json
is_rc 66
json_is '[.success, .data, .error.code] | tojson' '[false,null,"NOT_FOUND"]'

t "which job, and why, is needed"
while IFS='|' read -r command message; do
	# shellcheck disable=SC2086
	run bkmaint $command
	is_rc 64
	out_is_empty
	err_has "error: $message"
done <<'END'
pause --reason=x|bkmaint pause needs JOB or --all
resume|bkmaint resume needs JOB or --all
pause activate-due --all --reason=x|JOB and --all contradict
resume activate-due --all|JOB and --all contradict
pause activate-due|bkmaint pause needs the option --reason=TEXT
pause --all --until=2h|bkmaint pause needs the option --reason=TEXT
pause a b --reason=x|unexpected operand "b"
enable|bkmaint enable needs JOB
enable --all|bkmaint enable needs JOB
enable activate-due --all|option --all is not for bkmaint enable
disable a b|unexpected operand "b"
resume activate-due --reason=x|option --reason is not for bkmaint resume
pause activate-due --reason=|option --reason: is empty
cancel|bkmaint cancel needs EXECUTION
cancel 1 2|unexpected operand "2"
END

t "a reason is a line of text, of 1000 bytes at most"
long=$(printf '%01000d' 0)
run bkmaint pause activate-due --reason="$long"
is_rc 0
run bkmaint pause activate-due --reason="${long}0"
is_rc 64
err_has "option --reason: is longer than 1000 bytes"
for reason in $'a\nb' $'\x1b[2J' $'\xff' $'\u202e'; do
	run bkmaint pause activate-due --reason="$reason"
	is_rc 64
	err_has "error: option --reason: "
done
run bkmaint pause activate-due --reason="it's \"x\", {y}\\ €"
is_rc 0
run bkstatus job activate-due --json
json_is .data.pausedReason "it's \"x\", {y}\\ €"
bkmaint resume activate-due

t "a run at work goes on, which is said"
running activate-due '1 minute'
id=$(sql "select max(id) from bk.maintenance_executions")
run bkmaint pause activate-due --reason=x -v
is_rc 0
out_has ", execution $id is at work and goes on"
run bkmaint disable activate-due --json
json_is '.data.jobs[0] | [.status, .runningExecutionId] | join(" ")' "DISABLED $id"
run bkmaint enable activate-due -v
out_lacks "at work"

t "a run is asked to end, from any host"
run bkmaint cancel "$id" -v --instance=elsewhere
is_rc 0
err_is_empty
out_has "execution $id of activate-due on host-7 pid 17 is asked to end after its batch, 0 bookings"
sql_is "select e.cancel_requested, w.cancel_requested, e.status from bk.maintenance_executions as e
	join bk.execution_workers as w on w.execution_id = e.id where e.id = $id" 't|t|RUNNING'
is "$(last_record operation description server_instance)" \
	"cancel|cancel execution $id of activate-due|elsewhere"
run bkmaint cancel "$id" -v
is_rc 0
out_has "was asked to end already"
run bkstatus execution "$id" --json
json_is .data.cancelRequested true

t "of a run on which nobody works any more that is said"
sql "update bk.execution_workers set lease_expires_at = now()"
run bkmaint cancel "$id"
is_rc 0
out_is_empty
err_has "warning: nobody works on execution $id any more, its lease has expired: the next run of $(
	)activate-due or bkmaint cleanup closes it"
run bkmaint cancel "$id" --json
json_is '.data.execution | [.status, .leaseExpired] | join(" ")' "RUNNING true"

t "a run that ended before is no success, and how it ended is said"
bkactivate --now 2>/dev/null
run bkmaint cancel "$id"
is_rc 4
out_is_empty
err_has "error: execution $id of activate-due ended before: ABANDONED at 2"
err_has "hint: bkstatus execution $id shows"
run bkmaint cancel "$id" --json
is_rc 4
json_is '[.success, .error.code, .data.execution.status, .data.changedCount] | tojson' \
	'[false,"REFUSED","ABANDONED",0]'
run bkmaint cancel "$id" -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "change error"

t "no execution of that number, and no number"
run bkmaint cancel 4711
is_rc 66
err_has "no execution 4711"
for id in x 0 01 1.0 99999999999999999999; do
	run bkmaint cancel "$id"
	is_rc 64
	err_has "\"$id\" is no number of an execution"
done

t "every format"
run bkmaint pause activate-due --reason='a,"b"' -o jsonl
is "$(jq -c '[.type, .jobName, .changed, .operation, .changedCount]' <<<"$OUT" | paste -sd' ')" \
	'["change","activate-due",true,null,null] ["summary",null,null,"pause",1]'
run bkmaint pause activate-due --reason='a,"b"' -o csv
out_is 'jobName,changed,status,pausedUntil,pausedReason,runningExecutionId
activate-due,false,PAUSED,,"a,""b""",'
run bkmaint resume activate-due -o table
out_has "activate-due is resumed (execution "
run bkmaint resume activate-due -q
out_is_empty

t "booking_update may, booking_read may not: 77"
sql "create role worker login; grant booking_update to worker;
	create role reader login; grant booking_read to reader"
running cancel-no-shows '1 minute'
id=$(sql "select max(id) from bk.maintenance_executions")
for command in "pause activate-due --reason=x" "resume --all" "disable activate-due" \
	"enable activate-due" "cancel $id"; do
	before=$(records)
	# shellcheck disable=SC2086
	run bkmaint $command -U reader
	is_rc 77
	out_is_empty
	err_has "GRANT booking_update TO reader"
	is "$(records)" "$before"
	# shellcheck disable=SC2086
	run bkmaint $command -U worker
	is_rc 0
	err_is_empty
	# shellcheck disable=SC2086
	run bkmaint $command -U worker --json
	json_is .success true
done
is "$(last_record operation invoked_by)" "cancel|$(id -un)/worker"

t "without its schema it says what to do"
run bkmaint pause activate-due --reason=x -d template1
is_rc 78
err_has "bkmaint migrate"

t "a lock that others hold is waited for, not for ever"
hold "select from bk.scheduler_job_info where job_name = 'activate-due' for update"
run bkmaint pause activate-due --reason=x
is_rc 1
err_has "lock timeout"
err_has "hint: others hold a lock that it needs; type it again"
let_go
sql_is "select status from bk.scheduler_job_info where job_name = 'activate-due'" IDLE

done_testing

# shellcheck shell=bash
# bkmaint cleanup: dead executions are closed and told of, what is over is removed; a run like any
# other, and its dry run.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

# over: a hold and a quarantined booking that nobody needs any more, and one of each that is needed
over() {
	sql "insert into bk.booking_holds values ('{3}', now() - interval '2 days', 'r', 'a/b'),
		('{4}', now() + interval '1 day', 'r', 'a/b');
		insert into bk.quarantined_bookings
		select 'activate', array[k], 'activate-due', 1, '23514', 'm', now(), now(), 1, now() - age
		from (values ('5', interval '8 days'), ('6', '1 day')) as v (k, age)"
}

# records_kept: the keys of the holds and of the quarantined bookings
records_kept() {
	sql "select (select string_agg(booking_key::text, '' order by booking_key)
			from bk.booking_holds),
		(select string_agg(booking_key::text, '' order by booking_key)
			from bk.quarantined_bookings)"
}

t "where nothing is to be done it says nothing, and records a success"
run bkmaint cleanup
is_rc 0
out_is_empty
err_is_empty
is "$(last_record operation status processed_count triggered_by)" "cleanup|SUCCESS|0|MANUAL"

t "a dead execution is closed, and told of"
empty_table
running activate-due '-1 second'
sql "update bk.execution_workers set processed = 7"
running update-expired '1 minute'
over
run bkmaint cleanup
is_rc 0
out_is_empty
err_is "bkmaint: warning: execution 1 of activate-due on host-7 pid 17 had lost its lease and was $(
	)closed as ABANDONED"
is "$(all_records operation status processed_count)" \
	"activate-due ABANDONED 7, update-expired RUNNING 0, cleanup SUCCESS 3"
is "$(records_kept)" '{4}|{6}'

t "once"
run bkmaint cleanup -v
is_rc 0
err_is_empty
is "${OUT% in *}" "cleanup: SUCCESS, 0 records changed"
is "$(sql "select total_failures, total_processed from bk.scheduler_job_info
	where job_name = 'activate-due'")" "1|7"

t "history and status show it"
run bkstatus history --status=ABANDONED --json
json_is '[.data.items[] | [.id, .operation, .processedCount, .errorCode]] | tojson' \
	'[["1","activate-due",7,"ABANDONED"]]'
json_is '.data.items[0] | [.finishedAt != null, .executionTimeMs >= 0, .remaining] | tojson' \
	'[true,true,null]'
json_is '.data.items[0].errorMessage | test("^the lease expired; closed by .* pid [0-9]+$")' true
run bkstatus job cleanup --json
json_is '.data | [.status, .lastExecutionStatus, .totalFailures, .queueDepth] | tojson' \
	'["IDLE","SUCCESS",0,0]'
run bkstatus job activate-due --json
json_is '.data | [.status, .totalFailures, .totalProcessed] | tojson' '["IDLE",1,7]'

t "health watches it with its own delay"
sql "update bk.scheduler_job_info set last_success_time = now()"
run bkstatus health
out_lacks "cleanup: last success"
sql "update bk.scheduler_job_info set last_success_time = now() - interval '3 days'
	where job_name = 'cleanup'"
run bkstatus health
is_rc 2
out_has "cleanup: last success 3d 0h ago, allowed 2d 0h"
run bkmaint cleanup
run bkstatus health
out_lacks "cleanup: last success"

t "json, with what was done by which rule"
empty_table
running activate-due '-1 second'
running update-expired '-1 second'
sql "truncate bk.booking_holds, bk.quarantined_bookings"
over
run bkmaint cleanup --json
is_rc 0
json_is '.data | [.operation, .description, .status, .outcome, .processedCount] | tojson' \
	'["cleanup","Clean up after dead runs","SUCCESS","ran",4]'
json_is '[.data.rules[] | select(.count > 0) | [.rule, .from, .to, .count]] | tojson' "[$(
	)[\"close-dead\",\"RUNNING\",\"ABANDONED\",2],$(
	)[\"remove-hold\",\"HELD\",\"REMOVED\",1],$(
	)[\"remove-quarantined\",\"QUARANTINED\",\"REMOVED\",1]]"
json_is '[.data.rules[].rule] | join(" ")' \
	"close-dead remove-hold remove-quarantined prune-history prune-empty prune-stats"
is "$(grep -c 'closed as ABANDONED' <<<"$ERR")" 2
json_is '.data.warnings | [length, .[0]] | tojson' \
	'[2,"execution 1 of activate-due on host-7 pid 17 had lost its lease and was closed as ABANDONED"]'

t "what another session has locked is left for the next time"
empty_table
running activate-due '-1 second'
hold "select from bk.execution_workers for update"
run bkmaint cleanup -v
is_rc 0
err_is_empty
out_has "cleanup: SUCCESS, 0 records changed"
out_has ", 1 locked by others"
let_go
run bkmaint cleanup -v
is_rc 0
out_has "cleanup: SUCCESS, 1 record changed"

t "run --due runs it once a day"
empty_table
running activate-due '-1 second'
run bkmaint run --due
is_rc 0
err_has "closed as ABANDONED"
is "$(last_record operation status processed_count triggered_by)" "cleanup|SUCCESS|1|SCHEDULER"
run bkmaint run --due --json
json_is '.data.runs[-1] | [.operation, .outcome] | tojson' '["cleanup","not-due"]'
json_is '.data.runs[-1].nextExecutionTime | sub("\\..*Z"; "Z") | fromdate
	- (now | floor) | . > 86000 and . <= 86400' true

t "paused, disabled and busy, as any job"
sql "update bk.scheduler_job_info set status = 'PAUSED' where job_name = 'cleanup'"
run bkmaint cleanup
is_rc 4
err_has "hint: bkmaint cleanup --force runs it all the same"
run bkmaint cleanup --force
is_rc 0
empty_table
running cleanup '1 minute'
run bkmaint cleanup
is_rc 75
err_has "cleanup is running already on host-7 pid 17"
sql "update bk.execution_workers set lease_expires_at = now()"
run bkmaint cleanup
is_rc 0
err_has "execution 1 of cleanup had lost its lease"
is "$(all_records operation status)" "cleanup ABANDONED, cleanup SUCCESS"
configure 'cleanup { enabled = no }'
run bkmaint cleanup
is_rc 4
err_has "cleanup is disabled in the configuration"
run bkmaint run --due --json
is_rc 0
json_is '.data.runs[-1] | [.operation, .outcome] | tojson' '["cleanup","disabled"]'
configure

t "options of bookings are not for it"
for option in --limit=1 --allow=1 --backlog; do
	run bkmaint cleanup "$option"
	is_rc 64
	err_has "${option%=*}"
done

# --- retention ---

# ran JOB STATUS PROCESSED AGE: a finished execution that began so long ago, with the transition
# that it has when it processed something
ran() {
	sql "with e as (insert into bk.maintenance_executions (run_id, operation, description,
			executed_at, finished_at, status, processed_count, triggered_by, invoked_by,
			server_instance, pid, version, lease_token, as_of)
		select gen_random_uuid(), '$1', 'x', at, at, '$2', $3, 'SCHEDULER', 'u/u', 'h', 1,
			'1', 0, at from (select now() - interval '$4') as t (at) returning *)
		insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,
			to_state, row_count, keys, key_hashes, txid, at)
		select id, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', $3, array[array['a']], '{1}',
			id::text::xid8, executed_at from e where $3 > 0"
}

# history_kept: the executions that are left, but for those of cleanup
history_kept() {
	sql "select string_agg(id::text, ' ' order by id) from bk.maintenance_executions
		where operation <> 'cleanup'"
}

# old_history: 1 and 2 are too old, 4 is too much
old_history() {
	empty_table
	ran activate-due SUCCESS 3 '40 days'
	ran activate-due ERROR 0 '31 days'
	ran activate-due SUCCESS 3 '29 days'
	ran activate-due SUCCESS 0 '3 hours'
	ran activate-due SUCCESS 0 '2 hours'
	sql "delete from bk.execution_stats; delete from bk.event_consumers;
		insert into bk.execution_stats (operation, hour, buckets)
		values ('activate-due', '2020-02-03 04:00Z', '{}')"
}

t "what is no longer kept is listed by a dry run, and goes"
configure 'max-history-records = 1'
old_history
run bkmaint cleanup -n -o csv
is_rc 0
is "$(sed 1d <<<"$OUT" | cut -d, -f1-4)" "activate-due 1,FINISHED,PRUNED,prune-history
activate-due 2,FINISHED,PRUNED,prune-history
activate-due 4,FINISHED,PRUNED,prune-empty
activate-due 2020-02-03T04Z,COUNTED,PRUNED,prune-stats"
is "$(history_kept)" "1 2 3 4 5"
run bkmaint cleanup --explain
is_rc 0
out_has "cleanup, rule prune-empty: FINISHED -> PRUNED"
run bkmaint cleanup -v
is_rc 0
err_is_empty
out_has "cleanup: SUCCESS, 4 records changed"
is "$(history_kept)" "3 5"

t "the settings come from anywhere"
BK_HISTORY_RETENTION=28d BK_UNDO_WINDOW=28d run bkmaint cleanup -n -o csv
is "$(sed 1d <<<"$OUT" | cut -d, -f1)" "activate-due 3"
configure 'max-history-records = 1' 'history-retention = 50m'
run bkmaint cleanup -n
is_rc 78
err_has "history-retention: \"50m\" is out of range (1h to 36500d)"
configure 'max-history-records = 1'

t "a reader of events that lost some is told of"
old_history
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('mailer', '0', 0, 0)"
run bkmaint cleanup --json
is_rc 0
json_is '.data.warnings | tojson' \
	'["consumer \"mailer\" lost 3 events: they were pruned before it had read them"]'
err_has 'bkmaint: warning: consumer "mailer" lost 3 events: they were pruned before it had read them'
is "$(sql "select txid, transition_id, item, lost, lost_at > now() - interval '1 minute'
	from bk.event_consumers")" "1|1|3|3|t"
sql "delete from bk.event_consumers"
configure

# --- dry run ---

# everything: what a dry run must not touch
everything() {
	sql "select md5(string_agg(t, ' ')) from (
		select md5(string_agg(e::text, ' ' order by id)) from bk.maintenance_executions as e
		union all select md5(string_agg(w::text, ' ' order by execution_id))
			from bk.execution_workers as w
		union all select md5(string_agg(j::text || j.xmin, ' ' order by id))
			from bk.scheduler_job_info as j) as q (t)"
	records_kept
}

t "a dry run lists what it would do, and does nothing"
empty_table
sql "truncate bk.booking_holds, bk.quarantined_bookings"
running activate-due '-1 minute'
running update-expired '1 minute'
over
before=$(everything)
run bkmaint cleanup -n
is_rc 0
err_is_empty
is "$(sed -E 's/due 20.*/due T/; s/as of 20[^;]*;/as of T;/' <<<"$OUT")" \
	"1  RUNNING -> ABANDONED  close-dead, due T
3  HELD -> REMOVED  remove-hold, due T
activate 5  QUARANTINED -> REMOVED  remove-quarantined, due T
rule close-dead: 1
rule remove-hold: 1
rule remove-quarantined: 1
DRY RUN: cleanup would change 3 records as of T; nothing was changed; the job is IDLE"
run bkmaint cleanup -n --json
is_rc 0
json_is '.data | [.operation, .dryRun, .total, (.items | length)] | tojson' '["cleanup",true,3,3]'
json_is '.data.items[2] | [.key, .from, .to, .rule] | tojson' \
	'[["activate 5"],"QUARANTINED","REMOVED","remove-quarantined"]'
json_is '[.data.items[].dueAt < .data.asOf] | all' true
run bkmaint cleanup -n -o csv
is_rc 0
is "$(head -n 1 <<<"$OUT")" "key,from,to,rule,dueAt"
is "$(sed 1d <<<"$OUT" | cut -d, -f1-4)" "1,RUNNING,ABANDONED,close-dead
3,HELD,REMOVED,remove-hold
activate 5,QUARANTINED,REMOVED,remove-quarantined"
run bkmaint cleanup -n -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "booking booking booking summary"
is "$(everything)" "$before"

t "and needs no more than booking_read; the run needs booking_update"
sql "create role reader login; grant booking_read to reader;
	create role worker login; grant booking_update to worker"
run bkmaint cleanup -n -U reader -o csv
is_rc 0
is "$(wc -l <<<"$OUT")" 4
run bkmaint cleanup -U reader
is_rc 77
is "$(everything)" "$before"
run bkmaint cleanup -U worker -v
is_rc 0
out_has "cleanup: SUCCESS, 3 records changed"
old_history
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('mailer', '0', 0, 0)"
run bkmaint cleanup -U worker -v
is_rc 0
out_has "cleanup: SUCCESS, 3 records changed"
sql "delete from bk.event_consumers"

t "it runs also where no job changes bookings"
empty_table
running activate-due '-1 second'
configure 'update-completed { enabled = no }' 'update-expired { enabled = no }' \
	'cancel-no-shows { enabled = no }' 'activate-due { enabled = no }'
run bkmaint cleanup
is_rc 0
is "$(all_records status)" "ABANDONED, SUCCESS"

# absent_table TEXT N: it says N times that the table is not there
absent_table() {
	is "$(grep -c 'table "public.bookings" does not exist' <<<"$1")" "$2"
}

t "a mapping that does not fit does not stop it, nor is it taken for checked"
configure
empty_table
sql "alter table public.bookings rename to away"
running activate-due '-1 second'
run bkmaint cleanup
is_rc 0
is "$(all_records operation status)" "activate-due ABANDONED, cleanup SUCCESS"
sql_is "select mapping_fingerprint from bk.instances" ""
run bkactivate --now
is_rc 78
absent_table "$ERR" 1

t "where what it needs itself is gone, it says that"
sql "alter table bk.booking_holds rename to elsewhere"
run bkmaint cleanup
is_rc 78
err_has "booking_holds"
absent_table "$ERR" 0
sql "alter table bk.elsewhere rename to booking_holds"

t "nor does it stop it among the due jobs: the others are kept from running, and say so once"
sql "alter table public.away rename to bookings"
empty_table
sql "alter table public.bookings rename to away"
running activate-due '-1 second'
run bkmaint run --due
is_rc 78
absent_table "$ERR" 1
is "$(all_records operation status)" "activate-due ABANDONED, cleanup SUCCESS"
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due --json
is_rc 78
json_is '[.error.code, (.data.runs[] | .operation, .status)] | tojson' \
	'["MAPPING","update-completed",null,"cleanup","SUCCESS"]'
sql "alter table public.away rename to bookings"

t "it leaves what was checked as it is"
empty_table
bkactivate --now
checked=$(sql "select mapping_fingerprint from bk.instances")
run bkmaint cleanup
is_rc 0
[ -n "$checked" ] || harness_fail "the mapping" "checked" ""
sql_is "select mapping_fingerprint from bk.instances" "$checked"

done_testing

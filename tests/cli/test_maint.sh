# shellcheck shell=bash
# bkmaint: operations by hand, and all due jobs in one call.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

# One booking for each job, two for the expiry.
one_of_each() {
	bookings 1 CONFIRMED '-1 minute'
	bookings 1 CONFIRMED '-1 hour'
	bookings 1 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
	bookings 2 PENDING '1 day' '2 days' null "'-1 minute'"
}

while read -r operation from to; do
	t "bkmaint $operation changes its own bookings, by hand, whether due or not"
	empty_table
	one_of_each
	for _ in 1 2; do
		run bkmaint "$operation"
		is_rc 0
		out_is_empty
		err_is_empty
	done
	is "$(statuses | grep -c "$to")" 1
	sql_is "select count(distinct triggered_by) || ' ' || count(*) || ' ' || min(triggered_by)
		from bk.maintenance_executions where operation = '$operation'" "1 2 MANUAL"
	sql_is "select string_agg(distinct from_state || ' ' || to_state, ', ')
		from bk.booking_transitions" "$from $to"

	t "bkmaint $operation --json"
	run bkmaint "$operation" --json
	json_is '[.success, .data.operation, .data.status, .data.processedCount, .meta.command]
		| tojson' "[true,\"$operation\",\"SUCCESS\",0,\"bkmaint $operation\"]"
done <<END
activate-due CONFIRMED ACTIVE
cancel-no-shows CONFIRMED NO_SHOW
update-completed ACTIVE COMPLETED
update-expired PENDING EXPIRED
END

t "the example of the contract"
empty_table
bookings 1 PENDING '1 day' '2 days' null "'-1 minute'"
run bkmaint update-expired --json
json_is '[.success, .message, .data.operation, .data.description, .data.status,
	.data.processedCount, .data.errorMessage, .data.outcome] | tojson' \
	"[true,\"Operation completed successfully\",\"update-expired\",$(
	)\"Expire unconfirmed bookings\",\"SUCCESS\",1,null,\"ran\"]"

t "--backlog takes what max-age leaves"
empty_table
sql "insert into bookings (status, starts_at, ends_at) values
	('PENDING', now() - interval '40 days', now() - interval '39 days')"
run bkmaint update-expired -v
out_has "0 bookings changed"
run bkmaint update-expired --backlog -v
out_has "1 booking changed"

t "run --due runs the jobs that have no program of their own"
empty_table
one_of_each
run bkmaint run --due
is_rc 0
out_is_empty
err_is_empty
is "$(all_records operation triggered_by processed_count)" \
	"update-completed SCHEDULER 1, update-expired SCHEDULER 2, cleanup SCHEDULER 0"

t "and those that are not due it leaves"
run bkmaint run --due --json
is_rc 0
json_is '[.data.runs[].outcome] | tojson' '["not-due","not-due","not-due"]'
json_is '[.data.runCount, .data.processedCount] | tojson' '[3,0]'
sql "update bk.scheduler_job_info set next_execution_time = null where job_name = 'update-expired'"
run bkmaint run --due -v
is_rc 0
is "$(sed -E 's/ in .*//; s/ at .*//' <<<"$OUT" | paste -sd'|')" \
	"update-completed: not-due, next run|update-expired: SUCCESS, 0 bookings changed$(
	)|cleanup: not-due, next run"

t "totals in every format"
empty_table
one_of_each
run bkmaint run --due --json
json_is '[.success, .data.runCount, .data.processedCount, (.data.runs | length)] | tojson' \
	'[true,3,3,3]'
json_is '[.data.runs[] | [.operation, .processedCount, .triggeredBy]] | tojson' \
	'[["update-completed",1,"SCHEDULER"],["update-expired",2,"SCHEDULER"],["cleanup",0,"SCHEDULER"]]'
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due -o jsonl
is "$(jq -c '[.type, .run.operation, .runs, .processedCount]' <<<"$OUT" | paste -sd' ')" \
	"[\"run\",\"update-completed\",null,null] [\"run\",\"update-expired\",null,null]$(
	) [\"run\",\"cleanup\",null,null] [\"summary\",null,3,0]"
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due -o csv
is "$(cut -d, -f1,2,5,6 <<<"$OUT" | paste -sd' ')" \
	"operation,outcome,status,processedCount $(
	)update-completed,ran,SUCCESS,0 update-expired,ran,SUCCESS,0 cleanup,ran,SUCCESS,0"

t "one that fails does not keep the others from running, and the worst decides"
empty_table
one_of_each
bookings 9 ACTIVE '-2 days' '-1 day' "'-2 days'"
sql "create function no() returns trigger language plpgsql as
	\$\$ begin raise exception 'the books are closed'; end \$\$;
	create trigger no before update on bookings for each row when (old.status = 'ACTIVE')
	execute function no()"
run bkmaint run --due
is_rc 1
out_is_empty
err_has "the books are closed"
is "$(all_records operation status processed_count)" \
	"update-completed ERROR 0, update-expired SUCCESS 2, cleanup SUCCESS 0"
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due --json
is_rc 1
json_is '[.success, .error.exitCode, .data.runCount, [.data.runs[].status]] | tojson' \
	'[false,1,3,["ERROR","SUCCESS","SUCCESS"]]'
json_is '.error.message | contains("the books are closed")' true
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due -o jsonl
is_rc 1
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "run run run error"

t "of two that fail both are told, and the graver one decides"
configure 'update-expired { first-run-limit = 1 }'
sql "update bk.scheduler_job_info set next_execution_time = null, last_success_time = null"
bookings 2 PENDING '1 day' '2 days' null "'-1 minute'"
run bkmaint run --due
is_rc 1
err_has "the books are closed"
err_has "first-run-limit"
sql "drop function no cascade"
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkmaint run --due
is_rc 4
configure

t "busy, paused and disabled jobs are no failure"
empty_table
one_of_each
running update-completed '1 minute'
sql "update bk.scheduler_job_info set status = 'PAUSED' where job_name = 'update-expired'"
run bkmaint run --due
is_rc 0
err_is_empty
configure 'update-expired { enabled = no }'
run bkmaint run --due --json
is_rc 0
json_is '[.data.runs[].outcome] | tojson' '["busy","disabled","not-due"]'
configure

t "run without --due is a usage error"
run bkmaint run
is_rc 64
err_has "hint: type: bkmaint run --due"

t "a lost connection costs one job only"
empty_table
one_of_each
sql "create function die() returns trigger language plpgsql as
	\$\$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end \$\$;
	create trigger die before update on bookings for each row when (old.status = 'ACTIVE')
	execute function die()"
run bkmaint run --due
is_rc 69
is "$(all_records operation status processed_count)" \
	"update-completed ERROR 0, update-expired SUCCESS 2, cleanup SUCCESS 0"

done_testing

# shellcheck shell=bash
# A host that freezes (SIGSTOP) for longer than its lease: another one takes the run over, and the
# frozen one, when it wakes up, writes nothing more.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_POINTS=200
in_transaction="from pg_stat_activity where application_name like 'bk:%'
	and state = 'idle in transaction'"

one_session
audited_table
configure 'activate-due { batch-size = 3 }'
fresh 5
bkactivate --now
undisturbed=$(table)

# is_woken: it says that its lease is lost if it had one, and else does its work
is_woken() {
	if [ "$1" = 1 ]; then
		is_rc 1
		json_is '[.success, .error.code, .data.status] | tojson' '[false,"LEASE_LOST",null]'
	else
		is_rc 0
	fi
}

open_point='' taken_over=0
for ((point = 1; point < MOST_POINTS; point++)); do
	t "frozen at point $point"
	fresh 5
	stopped_at "$point" bkactivate --now --json || break
	sessions_settle
	was_open=$(sql "$open_sql")
	if [ "$(records)" = 0 ]; then
		kill -KILL "$pid" # before its claim there is nothing to take over
		finish
		continue
	fi
	if [ "$(sql "select count(*) $in_transaction")" = 1 ]; then
		open_point=$point
		sql "select pg_terminate_backend(pid) $in_transaction" >/dev/null
		wait_for "not exists (select $in_transaction)"
	fi
	expire
	run bkactivate --now --instance=other
	is_rc 0
	after=$(sql "$table_sql")
	go_on
	is_woken "$was_open"
	[ "$was_open" = 0 ] || taken_over=$((taken_over + 1))
	is "$after" "$undisturbed"
	ends_as "$undisturbed"
	is "$(all_records status | grep -c ABANDONED)" "$was_open" "abandoned records"
done
finish
t "a run that is not frozen ends as it should"
is_rc 0
ends_as "$undisturbed"
[ "$taken_over" -ge 9 ] || harness_fail "frozen after the claim" "9 or more" "$taken_over"

t "the server itself lets go of a frozen transaction, and nobody takes over before that"
configure 'activate-due { batch-size = 3 timeout = 2s lease = 3s statement-timeout = 200ms
	lock-timeout = 50ms }'
fresh 5
stopped_at "$open_point" bkactivate --now --json
began=$(date +%s%3N)
# Its ledger row is locked: that may be a commit which is still to come, whatever the lease says.
while run bkactivate --now --instance=other; [ "$RC" = 75 ]; do
	[ $(($(date +%s%3N) - began)) -lt 30000 ] || break
done
is_rc 0
took=$(($(date +%s%3N) - began))
[ "$took" -gt 4500 ] && [ "$took" -lt 12000 ] ||
	harness_fail "milliseconds to the takeover" "4500 to 12000" "$took"
go_on
# Its time is up when it wakes: it asks the ledger all the same.
is_rc 1
json_is '[.error.code, .data.status] | tojson' '["LEASE_LOST",null]'
ends_as "$undisturbed"
is "$(all_records status)" "ABANDONED, SUCCESS"

done_testing

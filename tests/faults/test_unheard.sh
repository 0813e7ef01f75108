# shellcheck shell=bash
# A COMMIT that is durable and does not end, because a synchronous standby is missing: nobody sees its
# bookings yet, and nobody may believe that it failed.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

own_server
audited_table
sql "create function pause() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger pause before update on bookings for each row execute function pause()"
configure 'activate-due { batch-size = 3 timeout = 2s lease = 3s statement-timeout = 1s
	lock-timeout = 100ms retry-base = 10ms max-retries = 100 }'
fresh 5
bkactivate --now
undisturbed=$(table)

standby_is() {
	if [ "$1" = missing ]; then
		sql "alter system set synchronous_standby_names = 'nobody'"
	else
		sql "alter system reset synchronous_standby_names"
	fi
	sql "select pg_reload_conf()" >/dev/null
	wait_for "current_setting('synchronous_standby_names') =
		'$([ "$1" = missing ] && echo nobody)'"
}

# in_commit COMMAND...: it waits for the end of its second batch's COMMIT
in_commit() {
	fresh 5
	hold "select pg_advisory_lock(4242)"
	launch "$@"
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
	standby_is missing
	let_go
	wait_for "exists (select from pg_stat_activity where wait_event = 'SyncRep')"
}

t "while the COMMIT of a killed run is on its way nobody calls it dead, whatever the lease says"
in_commit bkactivate --now
kill -KILL "$pid"
finish
wait_for "(select lease_expires_at < clock_timestamp() from bk.execution_workers)"
# Busy, if it can say so: its own COMMIT hangs as well.
run bkactivate --now
[ "$RC" = 75 ] || is_rc 1
is "$(all_records status)" RUNNING
is "$(statuses)" "ACTIVE 3, CONFIRMED 2"

t "when it has ended and the lease has run out the next run counts its bookings"
standby_is present
sessions_gone
while run bkactivate --now; [ "$RC" = 75 ]; do
	wait_for "not exists (select from bk.execution_workers
		where lease_expires_at > clock_timestamp())"
done
is_rc 0
ends_as "$undisturbed"
is "$(all_records status processed_count)" "ABANDONED 5, SUCCESS 0"

configure 'activate-due { batch-size = 3 statement-timeout = 1s lock-timeout = 100ms retry-base = 10ms
	max-retries = 100 }'
for end in terminate cancel; do
	t "an administrator who does not wait for the standby ($end): committed all the same, and once"
	in_commit bkactivate --now
	sql "select pg_${end}_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'" >/dev/null
	standby_is present
	finish
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status processed_count)" "SUCCESS 5"
done

done_testing

# shellcheck shell=bash
# The server goes away under a run, at once or in good order: a run that has time left waits for it
# and goes on; one that has none says so, and the next run closes its record.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_POINTS=200
STRIDE=6

own_server
audited_table
configure 'activate-due { batch-size = 3 retry-base = 50ms max-retries = 100 }'
fresh 5
bkactivate --now
undisturbed=$(table)

restarts=0
for ((point = 4; point < MOST_POINTS; point += STRIDE)); do
	t "an immediate restart at point $point"
	fresh 5
	stopped_at "$point" bkactivate --now || break
	sessions_settle
	begun=$(records)
	server_is stop -m immediate
	server_is start
	go_on
	if [ "$begun" = 0 ] && [ "$RC" = 69 ]; then
		run bkactivate --now
	fi
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status)" SUCCESS
	restarts=$((restarts + begun))
done
finish
[ "$restarts" -ge 3 ] || harness_fail "restarts during a run" "3 or more" "$restarts"

# in_a_batch: a run that is stopped by a trigger in its second batch, on an advisory lock
in_a_batch() {
	fresh 5
	hold "select pg_advisory_lock(4242)"
	launch bkactivate --now "$@"
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
}
sql "create function pause() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger pause before update on bookings for each row execute function pause()"

t "a backend that dies of SIGKILL takes all others with it, and the run goes on"
in_a_batch
kill -KILL "$(sql "select pid from pg_stat_activity where application_name like 'bk:%'")"
let_go
finish
is_rc 0
ends_as "$undisturbed"
is "$(all_records status)" SUCCESS

t "the server is stopped in good order and comes back"
in_a_batch
server_is stop -m fast
let_go
server_is start
finish
is_rc 0
ends_as "$undisturbed"
is "$(all_records status)" SUCCESS

t "the server is gone for longer than the run may take"
configure 'activate-due { batch-size = 3 retry-base = 50ms max-retries = 100 timeout = 3s lease = 4s
	statement-timeout = 1s lock-timeout = 500ms }'
in_a_batch --json
began=$(date +%s%3N)
server_is stop -m immediate
let_go
finish
took=$(($(date +%s%3N) - began))
is_rc 69
json_is '[.success, .error.code] | tojson' '[false,"DATABASE_UNAVAILABLE"]'
# The record's end is tried for some seconds more.
[ "$took" -lt 10000 ] || harness_fail "milliseconds until it gave up" "less than 10000" "$took"

t "its record is closed by the next run"
server_is start
is "$(all_records status processed_count)" "RUNNING 0"
sql "drop trigger pause on bookings"
expire
run bkactivate --now
is_rc 0
err_has "execution 1 of activate-due had lost its lease and was closed as ABANDONED"
ends_as "$undisturbed"
is "$(all_records status processed_count)" "ABANDONED 3, SUCCESS 2"

done_testing

# shellcheck shell=bash
# A network that swallows packets: no answer, and nobody says that there is none. The run gives up by
# its own clock, connects anew, finds out what was committed, and goes on.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

# The server rolls back what it hears no more of after statement-timeout and five seconds.
patient='activate-due { batch-size = 3 timeout = 12s lease = 13s statement-timeout = 200ms
	lock-timeout = 50ms retry-base = 100ms max-retries = 100 }'

one_session
audited_table
sql "create function pause() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger pause before update on bookings for each row execute function pause()"
configure "$patient"

t "undisturbed, through the proxy"
fresh 5
through_proxy none 1
run bkactivate --now "${proxied[@]}"
proxy_end
is_rc 0
undisturbed=$(table)
# The commit of the second batch.
nth=$(sed -n 's/^commit \([0-9]*\) alone$/\1/p' "$BK_TEST_DIR/.proxy" | sed -n 2p)

for fault in hole-before hole-after; do
	t "$fault the server sees the COMMIT of a batch"
	fresh 5
	through_proxy "$fault" "$nth"
	run bkactivate --now "${proxied[@]}"
	proxy_end
	is_rc 0
	proxy_said fault || harness_fail "proxy" "$fault" "no fault"
	ends_as "$undisturbed"
	is "$(all_records status processed_count "retry_count > 0")" "SUCCESS 5 t"
done

t "in the middle of a batch"
fresh 5
hold "select pg_advisory_lock(4242)"
through_proxy none 1
launch bkactivate --now "${proxied[@]}"
wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
kill -USR1 "$proxy"
proxy_says fault
let_go
finish
proxy_end
is_rc 0
ends_as "$undisturbed"
is "$(all_records status processed_count "retry_count > 0")" "SUCCESS 5 t"

t "for good: the run ends by its own clock, and the next one closes its record"
configure 'activate-due { batch-size = 3 timeout = 2s lease = 3s statement-timeout = 200ms
	lock-timeout = 50ms retry-base = 100ms max-retries = 100 }'
fresh 5
through_proxy hole-before "$nth" hole
began=$(date +%s%3N)
run bkactivate --now --json "${proxied[@]}"
took=$(($(date +%s%3N) - began))
proxy_end
[ "$RC" = 69 ] || is_rc 1
json_is .success false
[ "$took" -lt 12000 ] || harness_fail "milliseconds until it gave up" "less than 12000" "$took"
# A real lease, and a server that has yet to notice: until then nobody is called dead.
while run bkactivate --now; [ "$RC" = 75 ]; do
	[ $(($(date +%s%3N) - began)) -lt 40000 ] || break
done
is_rc 0
ends_as "$undisturbed"
is "$(all_records status processed_count)" "ABANDONED 3, SUCCESS 2"

done_testing

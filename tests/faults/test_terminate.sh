# shellcheck shell=bash
# Sessions that an administrator ends, between any two trips and in the middle of a statement: the
# run connects anew, finds out what was committed, and goes on by itself.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_POINTS=200

one_session
audited_table
configure 'activate-due { batch-size = 3 retry-base = 1ms }'
fresh 5
bkactivate --now
undisturbed=$(table)

# terminate: every session of bk, and not before it has done what it was sent
terminate() {
	sessions_settle
	sql "select pg_terminate_backend(pid) from pg_stat_activity
		where application_name like 'bk:%'" >/dev/null
	sessions_gone
}

deaths=0
for ((point = 1; point < MOST_POINTS; point++)); do
	t "its session is ended at point $point"
	fresh 5
	stopped_at "$point" bkactivate --now || break
	terminate
	begun=$(records)
	go_on
	if [ "$begun" = 0 ] && [ "$RC" = 69 ]; then
		run bkactivate --now # before the claim there is no run yet that could go on
	fi
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status)" SUCCESS
	deaths=$((deaths + begun))
done
finish
t "a run whose session lives ends in the same way"
is_rc 0
ends_as "$undisturbed"
[ "$deaths" -ge 9 ] || harness_fail "ended after the claim" "9 or more" "$deaths"

# A sequence remembers across a rollback.
sql "create sequence strikes;
	create function strike() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 and nextval('strikes') <= tg_argv[0]::int then
			perform pg_terminate_backend(pg_backend_pid());
		end if;
		return new;
	end \$\$;
	create trigger strike before update on bookings for each row execute function strike(1)"

t "its session is ended in the middle of a statement"
fresh 5
run bkactivate --now
is_rc 0
ends_as "$undisturbed"
is "$(all_records status "retry_count > 0")" "SUCCESS t"

t "its session is ended each time: it gives up after max-retries, and says what the server said"
configure 'activate-due { batch-size = 3 retry-base = 1ms max-retries = 2 }'
fresh 5
sql "drop trigger strike on bookings; alter sequence strikes restart;
	create trigger strike before update on bookings for each row execute function strike(1000)"
run bkactivate --now
is_rc 69
err_has "terminating connection due to administrator command"
is "$(all_records status processed_count retry_count)" "ERROR 3 2"
sql_is "select nextval('strikes')" 4
is "$(statuses)" "ACTIVE 3, CONFIRMED 2"

t "and the next run, undisturbed, does the rest"
sql "drop trigger strike on bookings"
run bkactivate --now
is_rc 0
ends_as "$undisturbed"
sql_is "select status || ' ' || retry_count from bk.scheduler_job_info where job_name = 'activate-due'" \
	"IDLE 0"

done_testing

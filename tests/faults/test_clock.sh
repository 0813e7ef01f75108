# shellcheck shell=bash
# A host whose clock is two hours ahead, or behind, or jumps while a run is at work (libfaketime):
# the same bookings change as ever, leases last as long as ever, ticks keep their pace, and somebody
# is told. Only the calendar's clock is faked; the monotonic one is the system's own.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

# Half a minute more, so that some milliseconds do not make it 1h 59m.
ahead=+7230 behind=-7230

t "libfaketime is there"
if ! library=$(faketime -f +0s sh -c 'echo "$LD_PRELOAD"') || [ -z "$library" ]; then
	harness_fail "NOT RUN: faketime" "Debian's package faketime" "missing"
	done_testing
fi
# The one for programs with threads.
library=${library%.so.1}MT.so.1

fake=(env LD_PRELOAD="$library" FAKETIME_DONT_FAKE_MONOTONIC=1)
# To be followed by the program, so that it is what a signal hits: the offset is read from a file at
# each look at the clock.
jumping=("${fake[@]}" FAKETIME_TIMESTAMP_FILE="$BK_TEST_DIR/offset" FAKETIME_NO_CACHE=1)

# jump OFFSET: seconds; from now on
jump() {
	echo "${1}s" >"$BK_TEST_DIR/offset"
}

# Work for each job, now, in an hour and an hour ago: a wrong clock by two hours would see it all.
work_for_all() {
	empty_table
	bookings 3 CONFIRMED '-1 minute'
	bookings 2 CONFIRMED '1 hour'
	bookings 4 CONFIRMED '-1 hour'
	bookings 2 ACTIVE '-5 minutes' '1 hour'
	bookings 5 ACTIVE '-2 hours' '-1 minute' "'-2 hours'"
	bookings 3 ACTIVE '-2 hours' '1 hour' "'-2 hours'"
	bookings 2 PENDING '1 day' '2 days' null "'-1 minute'"
	bookings 3 PENDING '1 day' '2 days' null "'1 hour'"
}

# all_jobs COMMAND...: in front of each
all_jobs() {
	local command
	for command in bkactivate bknoshow "bkmaint run --due"; do
		# The warning about the clock has cases of its own.
		run "$@" $command -q
		is_rc 0
		out_is_empty
		err_is_empty
	done
}

configure

t "with a true clock nobody warns, and this is what changes"
work_for_all
all_jobs env
expected=$(statuses)
is "$expected" "ACTIVE 8, COMPLETED 5, CONFIRMED 2, EXPIRED 2, NO_SHOW 4, PENDING 3"
run bkactivate --now
is_rc 0
err_is_empty

for offset in $ahead $behind; do
	faked=("${fake[@]}" FAKETIME="${offset}s")

	t "$offset: the programs do see another time"
	run "${faked[@]}" bkactivate --now -q --json
	is_rc 0
	json_is "(.meta.generatedAt | sub(\"\\\\..*Z\"; \"Z\") | fromdate) - now
		| (. - (${offset#+}) | fabs) < 60" true

	t "$offset: the same bookings change"
	work_for_all
	all_jobs "${faked[@]}"
	is "$(statuses)" "$expected"
	sql_is "select string_agg(distinct status, ' ') from bk.maintenance_executions" SUCCESS

	t "$offset: what is recorded is the time of the database"
	sql_is "select bool_and(executed_at between now() - interval '1 minute' and now()
			and as_of = executed_at and finished_at between executed_at and now()
			and execution_time_ms between 0 and 60000)
		from bk.maintenance_executions" t
	sql_is "select bool_and(at between now() - interval '1 minute' and now())
		from bk.booking_transitions" t
	sql_is "select bool_and(next_execution_time between now() and now() + interval '25 hours')
		from bk.scheduler_job_info" t

	t "$offset: a second tick is not due"
	n=$(records)
	all_jobs "${faked[@]}"
	is "$(records)" "$n" records

	t "$offset: a lease that lives keeps the job busy, one that is over does not"
	empty_table
	due 1
	running activate-due '1 minute'
	run "${faked[@]}" bkactivate -q --json
	is_rc 0
	json_is .data.outcome busy
	is "$(statuses)" "CONFIRMED 1"
	sql "update bk.execution_workers set lease_expires_at = now() - interval '1 second'"
	run "${faked[@]}" bkactivate -q
	is_rc 0
	is "$(all_records status)" "ABANDONED, SUCCESS"
	is "$(statuses)" "ACTIVE 1"

	t "$offset: the lease of its own run is as long as ever"
	empty_table
	due 1
	sql "create function wait() returns trigger language plpgsql as
		\$\$ begin perform pg_advisory_xact_lock(4242); return new; end \$\$;
		create trigger wait before update on bookings for each row execute function wait()"
	hold "select pg_advisory_lock(4242)"
	launch "${faked[@]}" bkactivate -q
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
	sql_is "select lease_expires_at between now() and now() + interval '1 minute'
		from bk.execution_workers" t
	run bkactivate -v
	out_has "activate-due: busy"
	let_go
	finish
	is_rc 0
	err_is_empty
	is "$(all_records status)" SUCCESS
	sql "drop function wait cascade"
done

t "a clock that jumps both ways during a run changes nothing"
empty_table
due 3
sql "create function wait() returns trigger language plpgsql as
	\$\$ begin perform pg_advisory_xact_lock(4242); return new; end \$\$;
	create trigger wait before update on bookings for each row execute function wait()"
for offsets in "$ahead $behind" "$behind $ahead" "+0 +34560000"; do
	empty_table
	due 3
	hold "select pg_advisory_lock(4242)"
	jump "${offsets% *}"
	launch "${jumping[@]}" bkactivate -q
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
	jump "${offsets#* }"
	let_go
	finish
	is_rc 0
	err_is_empty
	is "$(statuses)" "ACTIVE 3"
	sql_is "select string_agg(status || (execution_time_ms between 0 and 60000)
			|| (finished_at between executed_at and now()), ' ')
		from bk.maintenance_executions" SUCCESStruetrue
done
sql "drop function wait cascade"

t "a clock that jumps between ticks neither stops them nor piles them up"
configure 'activate-due { delay = 1s }'
empty_table
jump +0
launch "${jumping[@]}" bkactivate --for=5m -q
for offset in $ahead $behind +34560000 -34560000; do
	n=$(records)
	jump $offset
	wait_for "(select count(*) > $n + 1 from bk.maintenance_executions)"
done
kill -TERM "$pid"
finish
is_rc 143
err_is "bkactivate: error: stopped by SIGTERM in a pause"
sql_is "select min(d) >= interval '750 ms' from (select executed_at - lag(executed_at)
	over (order by id) as d from bk.maintenance_executions) as q" t
configure

# --- the warning ---

t "a clock that is ahead or behind is warned about, stored, and keeps nobody from his work"
for offset in $ahead $behind; do
	faked=("${fake[@]}" FAKETIME="${offset}s")
	where=ahead
	[ $offset = $ahead ] || where=behind
	empty_table
	due 1
	run "${faked[@]}" bkactivate
	is_rc 0
	out_is_empty
	err_has "warning: the clock of this host is 2h 0m $where"
	is "$(wc -l <"$BK_TEST_DIR/.err")" 1 "lines"
	is "$(statuses)" "ACTIVE 1"
	sql_is "select abs(clock_difference_ms - ($offset) * 1000) < 60000 from bk.instances" t
	# Also where nothing is due.
	run "${faked[@]}" bkactivate --now
	is_rc 0
	err_has "warning: the clock of this host is 2h 0m $where"
done
faked=("${fake[@]}" FAKETIME="${ahead}s")
run "${faked[@]}" bkactivate --now
err_is "bkactivate: warning: the clock of this host is 2h 0m ahead of the database's"

t "a call of several runs says it once"
run "${faked[@]}" bkmaint run --due
is_rc 0
is "$(grep -c "the clock of this host" "$BK_TEST_DIR/.err")" 1 warnings
run "${faked[@]}" BK_ACTIVATE_DUE_DELAY=1s bkactivate --for=2s
is_rc 0
is "$(grep -c "the clock of this host" "$BK_TEST_DIR/.err")" 1 warnings

t "-q is silent about it, and --json says it on standard error only"
run "${faked[@]}" bkactivate --now -q
err_is_empty
run "${faked[@]}" bkactivate --now --json
is_rc 0
json_is .success true
err_has "warning: the clock of this host is 2h 0m ahead"

t "a small difference is none, unless clock-skew says so"
faked=("${fake[@]}" FAKETIME=+2s)
run "${faked[@]}" bkactivate --now
is_rc 0
err_is_empty
run env BK_CLOCK_SKEW=500ms bkactivate --now
err_is_empty
run "${faked[@]}" BK_CLOCK_SKEW=500ms bkactivate --now
is_rc 0
err_has "warning: the clock of this host is "
err_has " ahead of the database's"

t "a bare difference of the time zone is none"
run env TZ=Asia/Kathmandu bkactivate --now
err_is_empty

done_testing

# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # run.sh and its parts share their variables
# The lines of the bench: what is measured against what, and which ratio is to be reached.

all_lines=(
	drain-activate-parallel drain-activate drain-no-shows drain-completed drain-expired
	drain-held drain-snapshot drain-scattered drain-stale-statistics naive-rows naive-batches
	app-latency app-latency-parallel tick-idle tick-large-table
	status-jobs status-history status-booking memory
)

# The one UPDATE that somebody would write by hand: the condition of the job, as plain SQL.
one_update() {
	local deadline="least(starts_at + coalesce(grace_minutes, 15) * interval '1 minute', ends_at)"
	local month="now() - interval '30 days'"
	case $1 in
	activate-due)
		echo "update bookings set status = 'ACTIVE', updated_at = now()
			where status = 'CONFIRMED' and starts_at <= now() and starts_at >= $month
			and (ends_at is null or ends_at > now())
			and (checked_in_at < $deadline or $deadline > now())"
		;;
	cancel-no-shows)
		echo "update bookings set status = 'NO_SHOW', updated_at = now()
			where status in ('CONFIRMED', 'ACTIVE') and starts_at >= $month
			and starts_at <= now() and $deadline <= now()
			and (checked_in_at is null or checked_in_at >= $deadline)"
		;;
	update-completed)
		echo "update bookings set status = 'COMPLETED', updated_at = now()
			where status in ('CONFIRMED', 'ACTIVE') and ends_at <= now() and ends_at >= $month
			and checked_in_at < $deadline"
		;;
	update-expired)
		echo "update bookings set status = 'EXPIRED', updated_at = now()
			where status = 'PENDING' and (hold_expires_at <= now() or starts_at <= now())
			and coalesce(hold_expires_at, starts_at) >= $month and starts_at >= $month"
		;;
	esac
}

# state_of JOB: what it makes of a booking
state_of() {
	case $1 in
	activate-due) echo ACTIVE ;;
	cancel-no-shows) echo NO_SHOW ;;
	update-completed) echo COMPLETED ;;
	update-expired) echo EXPIRED ;;
	esac
}

layout=ordered

# use JOB COUNT DUE: the template that the functions below copy, and the job they measure
use() {
	job=$1 due=$3 source=$(echo "$1_$2_$3_$layout" | tr - _) parallel=one
	template "$source" fill_bookings "$1" "$2" "$3"
}

# Each prints the milliseconds of one run on a fresh copy.
by_job() {
	# shellcheck disable=SC2046 # a command line
	fresh "$source" && once $(bk "$job" "$parallel") && changed "$(state_of "$job")" "$due"
}

by_update() {
	fresh "$source" && once "$psql" -XAtq -d "$(conninfo postgres)" -c "$(one_update "$job")" &&
		changed "$(state_of "$job")" "$due"
}

# drain JOB GOAL [PARALLEL]
drain() {
	describe "$1 drains $DUE due of $BOOKINGS, parallel = $([ "${3-}" ] && echo 2 || echo 1)" \
		"one UPDATE in psql" "$2"
	use "$1" "$BOOKINGS" "$DUE" && parallel=${3:-one} && rounds "$ROUNDS" by_job by_update
}

line_drain_activate_parallel() {
	drain activate-due 1.0 two
}

line_drain_activate() {
	drain activate-due 1.35
}

line_drain_no_shows() {
	drain cancel-no-shows 1.35
}

line_drain_completed() {
	drain update-completed 1.35
}

line_drain_expired() {
	drain update-expired 1.35
}

with_holds() {
	# shellcheck disable=SC2046
	fresh "$source" && sql work "insert into bk.booking_holds (booking_key, reason, author)
			select array[id::text], 'bench', 'bench' from bookings
			where status = 'CONFIRMED' and starts_at <= now()
			order by hashint8(id) limit $HELD" "vacuum analyze bk.booking_holds" "checkpoint" &&
		once $(bk "$job" one) && changed ACTIVE $((due - HELD))
}

line_drain_held() {
	describe "activate-due with $HELD bookings on hold" "without" 1.15
	use activate-due "$BOOKINGS" "$DUE" && rounds "$ROUNDS" with_holds by_job
}

# The other session looks at the table before the drain and keeps what it saw until after it.
with_snapshot() {
	local answer
	fresh "$source" || return 1
	coproc snapshot { "$psql" -XAtq -v ON_ERROR_STOP=1 -d "$(conninfo postgres)"; }
	echo "begin isolation level repeatable read; select count(*) from bookings;" >&"${snapshot[1]}" &&
		read -r answer <&"${snapshot[0]}" && [ "$answer" = "$BOOKINGS" ] || return 1
	# shellcheck disable=SC2046
	once $(bk "$job" one) && changed ACTIVE "$due" || return 1
	# shellcheck disable=SC1083 # this closes a descriptor
	echo "select count(*) from bookings where status = 'ACTIVE';" >&"${snapshot[1]}" &&
		read -r answer <&"${snapshot[0]}" && exec {snapshot[1]}>&- && wait "$snapshot_PID"
	[ "$answer" = 0 ] # it really still saw the old rows
}

line_drain_snapshot() {
	describe "activate-due while a session holds an old snapshot" "without it" 1.15
	use activate-due "$BOOKINGS" "$DUE" && rounds "$ROUNDS" with_snapshot by_job
}

line_drain_scattered() {
	local layout=scattered
	drain activate-due ""
	line_work="activate-due, bookings in no order of time"
	line_note="each batch finds its rows all over the table, and prunes what the ones before left there"
}

# Statistics of a moment in which nothing was due: the planner believes that there is next to
# nothing to change. Autovacuum comes too late for a backlog after an outage.
fill_stale() {
	fill_bookings activate-due "$1" "$2" "$3" &&
		sql "$3" "create table due as select * from bookings
				where status = 'CONFIRMED' and starts_at <= now()" \
			"delete from bookings where status = 'CONFIRMED' and starts_at <= now()" \
			"vacuum (freeze, analyze) bookings" \
			"insert into bookings select * from due" "drop table due"
}

line_drain_stale_statistics() {
	describe "activate-due, statistics from when nothing was due" "with true ones"
	line_note="no goal of its own; above 2 the planner has left the plan it should keep"
	template stale fill_stale "$BOOKINGS" "$DUE" && use activate-due "$BOOKINGS" "$DUE" &&
		rounds "$ROUNDS" by_job_stale by_job
}

by_job_stale() {
	local source=stale
	by_job
}

# The naive versions, by program: what the one UPDATE and the protocol save.
by_rows() {
	local due_now=${one#*where}
	fresh "$source" && once "$tools/naive" rows "$(conninfo postgres)" \
		"select id from bookings where $due_now" \
		"update bookings set status = 'ACTIVE', updated_at = now() where id = \$1" &&
		changed ACTIVE "$due"
}

by_batches() {
	local due_now=${one#*where}
	fresh "$source" && once "$tools/naive" batches "$(conninfo postgres)" \
		"update bookings set status = 'ACTIVE', updated_at = now() where id in (select id
			from bookings where $due_now limit 1000 for update skip locked)" &&
		changed ACTIVE "$due"
}

# naive WORK COMMAND
naive() {
	local one
	one=$(one_update activate-due)
	describe "$1" "one UPDATE in psql"
	line_note="it takes long and only its size matters, so it ran less often: $NAIVE_ROUNDS"
	use activate-due "$BOOKINGS" "$DUE" && rounds "$NAIVE_ROUNDS" "$2" by_update
}

line_naive_rows() {
	naive "row by row by key, one transaction, $DUE rows" by_rows
}

line_naive_batches() {
	naive "batches of 1000 by LIMIT, no keyset, $DUE rows" by_batches
}

# app COMMAND...: prints the 99th percentile, in milliseconds, of the application's updates of the
# bookings that are due, while the command runs
app() {
	local count p50 p99 most
	fresh "$source" &&
		read -r count p50 p99 most < <(cron "$tools/app" "$(conninfo postgres)" "$RATE" \
			"select id from bookings where status = 'CONFIRMED' and starts_at <= now()" \
			"update bookings set customer_id = customer_id + 1 where id = \$1" -- "$@") &&
		nearly ACTIVE "$due" &&
		say "  $count updates, median $(milliseconds "$p50"), slowest $(milliseconds "$most") ms" &&
		milliseconds "$p99"
}

# A run may end while the application holds some of its rows: the next one takes them.
nearly() {
	local got
	got=$(sql work "select count(*) from bookings where status = '$1'") &&
		[ $((got * 100)) -ge $(($2 * 99)) ] ||
		{ echo "bench: $got bookings are $1, expected $2" >&2 && return 1; }
}

app_by_job() {
	# shellcheck disable=SC2046
	app $(bk activate-due "$parallel")
}

app_by_update() {
	app "$psql" -XAtq -d "$(conninfo postgres)" -c "$(one_update activate-due)"
}

# latency CONFIG WORK GOAL
latency() {
	describe "p99 of $RATE updates a second while $2" "while one UPDATE does" "${3-}"
	use activate-due "$BOOKINGS" "$APP_DUE" && parallel=$1 && rounds "$ROUNDS" app_by_job app_by_update
}

line_app_latency() {
	latency one "activate-due drains $APP_DUE" 0.01
}

line_app_latency_parallel() {
	latency two "activate-due drains $APP_DUE, parallel = 2"
}

# Ticks find nothing to do and are recorded. Before each one the job is made due again.
# ticks ROUNDS DATABASE COMMAND...: COMMAND against the tick in DATABASE, TURNS of each a round
again="update bk.scheduler_job_info set next_execution_time = null where job_name = 'activate-due'"

executions() {
	sql "$1" "select count(*) from bk.maintenance_executions where operation = 'activate-due'
		and status = 'SUCCESS' and processed_count = 0"
}

line_tick_idle() {
	local round before
	describe "a tick with nothing due, recorded, $SMALL bookings" "select 1 by a bare libpq program" 1.6
	fresh empty && before=$(executions work) || return 1
	for ((round = 0; round < ROUNDS; round++)); do
		# shellcheck disable=SC2046
		cron "$tools/stopwatch" "$TURNS" "$tools/bare" "$(conninfo postgres)" "$again" \
			-- $(bk activate-due one) -- "$tools/bare" "$(conninfo bench)" "select 1" \
			>"$work/turns" && note_turns || return 1
	done
	[ $(($(executions work) - before)) -eq $((ROUNDS * TURNS)) ]
}

# twice JOB-OR-STATUS...: the same command on two databases, whose configurations are large and small
twice() {
	local round command=$1
	shift
	for ((round = 0; round < ROUNDS; round++)); do
		cron "$tools/stopwatch" "$TURNS" ${before:+"${before[@]}"} \
			-- "$programs/$command" "--config=$work/large.conf" "$@" \
			-- "$programs/$command" "--config=$work/small.conf" "$@" \
			>"$work/turns" && note_turns || return 1
	done
}

line_tick_large_table() {
	local before=() small large
	describe "a tick with nothing due, $BIG bookings" "with $SMALL bookings" 1.2
	template large fill_bookings activate-due "$BIG" 0 && fresh empty &&
		configure large large "parallel = 1" && configure small work "parallel = 1" || return 1
	cat >"$work/again.sh" <<-END
		"$tools/bare" "$(conninfo postgres large)" "$again" &&
			exec "$tools/bare" "$(conninfo postgres work)" "$again"
	END
	before=(sh "$work/again.sh")
	small=$(executions work) large=$(executions large)
	warm large && twice bkactivate && [ $(($(executions large) - large)) -eq $((ROUNDS * TURNS)) ] &&
		[ $(($(executions work) - small)) -eq $((ROUNDS * TURNS)) ] && forget large
}

# history: databases with many executions and with few; status COMMAND...
status() {
	local before=()
	template many fill_executions "$MANY" && template few fill_executions "$FEW" &&
		configure large many "parallel = 1" && configure small few "parallel = 1" &&
		warm many && warm few && twice bkstatus "$@"
}

line_status_jobs() {
	describe "bkstatus jobs, $MANY executions" "with $FEW" 1.2
	status jobs
}

line_status_history() {
	describe "a page of bkstatus history, $MANY executions" "with $FEW" 1.2
	status history
}

# one_booking: the whole process, one of TURNS bookings of the table after the other
booking_number=0
one_booking() {
	local found
	booking_number=$((booking_number % SMALL + 1))
	found=$(cron "$programs/bkstatus" "--config=$work/large.conf" booking "$booking_number" --json |
		jq '.data.transitions | length') && [ "$found" = 1 ] &&
		once "$programs/bkstatus" "--config=$work/large.conf" booking "$booking_number"
}

one_second() {
	echo 1000
}

line_status_booking() {
	describe "bkstatus booking KEY among $TRANSITIONS recorded keys" "a second" 1.0
	line_note="batches of $BATCH_KEYS keys, in no order"
	template recorded fill_transitions "$TRANSITIONS" "$BATCH_KEYS" &&
		configure large recorded "parallel = 1" && warm recorded &&
		rounds "$ROUNDS" one_booking one_second && forget recorded
}

# peak COMMAND...: its peak of memory in KB
peak() {
	local answer
	answer=$(cron "$tools/stopwatch" 1 -- "$@") && echo "${answer#* }"
}

drain_peak() {
	# shellcheck disable=SC2046
	fresh "$source" && peak $(bk activate-due one) && changed ACTIVE "$due"
}

tick_peak() {
	# shellcheck disable=SC2046
	fresh empty && peak $(bk activate-due one) && [ "$(executions work)" = 1 ]
}

line_memory() {
	describe "peak memory of a drain of $MEMORY_DUE" "of a tick with nothing due" 1.5
	line_unit=KB
	use activate-due "$MEMORY_DUE" "$MEMORY_DUE" && rounds "$ROUNDS" drain_peak tick_peak
}

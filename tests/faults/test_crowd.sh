# shellcheck shell=bash
# Many hosts that tick in the same moment: one of them runs the job, no booking is changed twice, and
# no two executions of a job are open at once.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

# all_at_once N COMMAND...: that many instances of it; their exit statuses, counted: "3 0, 47 75"
all_at_once() {
	local count=$1 i gate=gate.$BASHPID
	shift
	mkfifo "$gate"
	exec 7<>"$gate"
	for ((i = 1; i <= count; i++)); do
		# Each waits for its byte, so that they do not start one after another.
		(
			read -r -n 1 -u 7
			"$@" --instance="host-$i" >>out 2>>err
			echo "$?" >>"$gate.ends"
		) &
	done
	head -c "$count" /dev/zero | tr '\0' . >&7
	wait
	exec 7>&-
	sort -n "$gate.ends" | uniq -c | sed 's/^ *//' | paste -sd , | sed 's/,/, /g'
	rm "$gate" "$gate.ends"
}

audited_table
sql "alter table bookings alter ends_at set default now() + interval '1 day'"
configure 'activate-due { batch-size = 20 delay = 30s }'

t "50 instances tick at once: one runs"
fresh 100
is "$(all_at_once 50 bkactivate)" "50 0"
ends_as "$(table)"
is "$(all_records status processed_count)" "SUCCESS 100"
is "$(statuses)" "ACTIVE 100"

t "200 ticks in rounds of 50: one run a round"
fresh 0
for _ in 1 2 3 4; do
	due 30
	sql "update bk.scheduler_job_info set next_execution_time = null"
	is "$(all_at_once 50 bkactivate)" "50 0"
done
is "$(all_records status processed_count)" \
	"SUCCESS 30, SUCCESS 30, SUCCESS 30, SUCCESS 30"
ends_as "$(table)"
do_not_overlap
is "$(statuses)" "ACTIVE 120"

t "50 by hand at once: each runs or says that it is busy"
fresh 200
statuses=$(all_at_once 50 bkactivate --now)
[[ $statuses =~ ^([0-9]+\ 0)(, [0-9]+ 75)?$ ]] ||
	harness_fail "exit statuses" "0 or 75" "$statuses: $(sort err | uniq -c)"
is "$(records)" "${statuses%% *}" "executions"
ends_as "$(table)"
do_not_overlap
is "$(statuses)" "ACTIVE 200"

t "different jobs do not get into each other's way"
fresh 50
bookings 50 PENDING '-2 hours' '1 hour'
bookings 50 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
bookings 50 CONFIRMED '-2 hours' '1 hour'
is "$(all_at_once 20 bkmaint run --due & all_at_once 20 bknoshow & all_at_once 20 bkactivate &
	wait)" "20 0
20 0
20 0"
is "$(statuses)" "ACTIVE 50, COMPLETED 50, EXPIRED 50, NO_SHOW 50"
ends_as "$(table)"
do_not_overlap

t "two hosts at a time, each with two connections, change nothing twice"
configure 'activate-due { batch-size = 7 parallel = 2 instances = 2 }'
fresh 300
statuses=$(all_at_once 12 bkactivate --now)
[[ $statuses =~ ^([0-9]+\ 0)(, [0-9]+ 75)?$ ]] ||
	harness_fail "exit statuses" "0 or 75" "$statuses: $(sort err | uniq -c)"
ends_as "$(table)"
is "$(statuses)" "ACTIVE 300"

done_testing

# shellcheck shell=bash
# SIGKILL between any two trips to the server: what is committed counts, what is not is gone, and the
# next run closes the dead one's record and does the rest. The end is that of a run that nobody
# disturbed.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_POINTS=200

t "a build for use has no points at which it can be killed"
for program in bkactivate bknoshow bkmaint bkstatus; do
	is "$(grep -c 'BK_TEST_KILL_AT\|BK_TEST_STOP_AT' "$BK_BIN/$program")" 0 "$program"
done
is "$(grep -c 'BK_TEST_KILL_AT' "$BK_HOOKS/bkactivate")" 1 "the test build"

one_session
audited_table

# sweep WHAT STEP DUE COMMAND...: dies at each of its points, or each STEP-th, in a run of its own
sweep() {
	local what=$1 step=$2 count=$3 undisturbed point deaths=0
	shift 3
	fresh "$count"
	run "$@"
	is_rc 0
	undisturbed=$(table)
	for ((point = 1; point < MOST_POINTS; point += step)); do
		t "$what: killed at point $point"
		fresh "$count"
		killed_at "$point" "$@"
		[ "$RC" = 137 ] || break
		deaths=$((deaths + 1))
		sessions_gone
		expire
		run "$@"
		is_rc 0
		ends_as "$undisturbed"
	done
	t "$what: after its last point nothing kills it"
	is_rc 0
	ends_as "$undisturbed"
	[ "$deaths" -ge 6 ] || harness_fail "deaths" "6 or more" "$deaths"
}

configure 'activate-due { batch-size = 3 }'
sweep "a run of two batches" 1 5 bkactivate --now
sweep "nothing due" 1 0 bkactivate --now
configure 'activate-due { batch-size = 2 parallel = 2 }'
sweep "two workers" 9 30 bkactivate --now

done_testing

# shellcheck shell=bash
# SIGKILL of a reader of events between any two trips to the server: what was read before and after,
# taken together, is every event, in order, and no more comes twice than the page that was not
# confirmed.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_POINTS=100
PAGE=1000
EVENTS=2300

one_session
configure
empty_table
due $EVENTS
bkactivate --now -q

# ids: of the lines on stdin; one that was cut off is none
ids() {
	jq -rR 'fromjson? | .id // empty'
}

t "undisturbed"
bkmaint events --consumer=all --from=start | ids >"$BK_TEST_DIR/all"
is "$(wc -l <"$BK_TEST_DIR/all")" $EVENTS events

deaths=0
for ((point = 1; point < MOST_POINTS; point++)); do
	t "killed at point $point"
	sql "delete from bk.event_consumers"
	BK_TEST_KILL_AT=$point "$BK_HOOKS/bkmaint" events --consumer=mailer --from=start \
		>"$BK_TEST_DIR/first" 2>/dev/null
	RC=$?
	[ "$RC" = 137 ] || break
	deaths=$((deaths + 1))
	sessions_gone
	sql "update bk.event_consumers set lease_expires_at = now() - interval '1 s'"
	run bkmaint events --consumer=mailer --from=start
	is_rc 0
	ids <"$BK_TEST_DIR/first" >"$BK_TEST_DIR/got"
	ids <"$BK_TEST_DIR/.out" >>"$BK_TEST_DIR/got"
	# Of each the first that came: all, and in order.
	awk '!seen[$0]++' "$BK_TEST_DIR/got" | cmp -s - "$BK_TEST_DIR/all" ||
		harness_fail events "all, in order" "$(wc -l <"$BK_TEST_DIR/got")"
	twice=$(($(wc -l <"$BK_TEST_DIR/got") - EVENTS))
	[ "$twice" -le $PAGE ] || harness_fail "events that came twice" "$PAGE or fewer" "$twice"
done

t "after the last point nothing kills it"
is "$RC" 0
ids <"$BK_TEST_DIR/first" | cmp -s - "$BK_TEST_DIR/all" || harness_fail events all "others"
[ "$deaths" -ge 10 ] || harness_fail "deaths" "10 or more" "$deaths"

done_testing

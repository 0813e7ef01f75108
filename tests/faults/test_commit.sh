# shellcheck shell=bash
# A connection that is lost around a COMMIT: before the server sees it, and after it has answered.
# Nobody can tell the two apart but by looking; the run does, and redoes what was not committed and
# nothing else.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

MOST_COMMITS=60

one_session
audited_table
configure 'activate-due { batch-size = 3 retry-base = 1ms }'
fresh 5
bkactivate --now
undisturbed=$(table)

for fault in drop-before drop-after; do
	lost=0
	for ((nth = 1; nth < MOST_COMMITS; nth++)); do
		t "$fault: COMMIT $nth"
		fresh 5
		through_proxy "$fault" "$nth"
		run bkactivate --now "${proxied[@]}"
		proxy_end
		proxy_said fault || break
		begun=$(records)
		if [ "$begun" = 0 ] && [ "$RC" = 69 ]; then
			run bkactivate --now # before the claim there is no run yet that could go on
		fi
		is_rc 0
		ends_as "$undisturbed"
		is "$(all_records status processed_count)" "SUCCESS 5"
		lost=$((lost + begun))
	done
	t "$fault: a run that loses none"
	is_rc 0
	ends_as "$undisturbed"
	[ "$lost" -ge 4 ] || harness_fail "COMMITs lost after the claim" "4 or more" "$lost"

	t "$fault: and nobody answers any more: the run ends, and the next one does the rest"
	configure 'activate-due { batch-size = 3 retry-base = 1ms timeout = 2s lease = 3s
		statement-timeout = 1s lock-timeout = 500ms }'
	fresh 5
	through_proxy "$fault" "$((nth - 2))" refused
	run bkactivate --now --json "${proxied[@]}"
	proxy_end
	[ "$RC" = 69 ] || is_rc 1
	json_is '.success' false
	is "$(all_records status)" RUNNING
	sessions_gone
	expire
	run bkactivate --now
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status)" "ABANDONED, SUCCESS"
	configure 'activate-due { batch-size = 3 retry-base = 1ms }'
done

for fault in drop-before drop-after; do
	for ((nth = 1; nth < MOST_COMMITS; nth++)); do
		t "nothing due, $fault: COMMIT $nth of the tick"
		fresh 0
		through_proxy "$fault" "$nth"
		run bkactivate "${proxied[@]}"
		proxy_end
		proxy_said fault || break
		[ "$RC" = 69 ] || is_rc 0
		ends_as "$(table)"
		[ "$(records)" -le 1 ] || is "$(records)" 1 "executions"
	done
	[ "$nth" -gt 1 ] || harness_fail "COMMITs lost" "1 or more" "none"
done

done_testing

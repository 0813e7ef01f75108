# shellcheck shell=bash
# Each alert of etc/prometheus/bk.rules.yml with promtool: it fires for what it is there for, and
# rests beside that. What is said in a case replaces or joins the metrics of a healthy job, whose
# clock begins at 0 and whose samples come each minute.
#
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

rules=$BK_SRC/etc/prometheus/bk.rules.yml
where='job="node",instance="a",operation="activate-due"'
healthy='bk_read_timestamp_seconds 0+60x200
bk_enabled 1x200
bk_paused 0x200
bk_interval_seconds 30x200
bk_timeout_seconds 30x200
bk_fresh_timestamp_seconds 0+60x200
bk_consecutive_failures 0x200
bk_last_run_duration_seconds 0.01x200
bk_quarantined_bookings 0x200
bk_idle_while_due_runs_total 7x200
bk_last_tick_timestamp_seconds{server="a"} 0+60x200
bk_clock_difference_seconds{server="a"} 0.01x200
bk_clock_skew_limit_seconds 5x200
bk_server_seen_timestamp_seconds{server="a"} 0+60x200
bk_oldest_failure_timestamp_seconds 0+60x200
bk_history_retention_seconds 2592000x200
bk_runs_total{status="ABANDONED"} 7x200'

# series LINES: "NAME[{LABELS}] VALUES" as promtool has it, with the labels that all have; a name
# that is given again replaces the one of before
series() {
	printf '%s\n' "$1" | awk -v where="$where" -v quote="'" '
		NF {
			key = $1
			labels = where
			if (i = index(key, "{")) {
				labels = where "," substr(key, i + 1, length(key) - i - 1)
				key = substr(key, 1, i - 1)
			}
			sub(/^[^ ]+ /, "")
			if (!(key in line))
				order[++n] = key
			line[key] = "      - series: " quote key "{" labels "}" quote "\n" \
				"        values: " quote $0 quote
		}
		END {
			for (k = 1; k <= n; k++)
				if (line[order[k]] !~ /values: .absent.$/)
					print line[order[k]]
		}'
}

printf 'rule_files:\n  - %s\nevaluation_interval: 1m\ntests:\n' "$rules" >"$BK_TEST_DIR/test.yml"

# judge ALERT MINUTES FIRING LINES: one case more; they are all run at once, because promtool takes
# its time to start
judge() {
	{
		printf '  - name: %s after %s minutes is %s, with %s\n' "$1" "$2" "$3" \
			"$(printf '%s' "${4:-nothing special}" | tr '\n{}":' ' ()  ')"
		printf '    interval: 1m\n    input_series:\n'
		series "$healthy
$4"
		printf '    promql_expr_test:\n'
		printf "      - expr: count(ALERTS{alertname=~'%s',alertstate='firing'}) or vector(0)\n" "$1"
		printf '        eval_time: %sm\n        exp_samples:\n' "$2"
		printf "          - labels: '{}'\n            value: %s\n" "$3"
	} >>"$BK_TEST_DIR/test.yml"
}

fired=' '
rested=' '

# fires ALERT MINUTES LINES, rests ALERT MINUTES LINES
fires() {
	judge "$1" "$2" 1 "$3"
	fired+="$1 "
}

rests() {
	judge "$1" "$2" 0 "$3"
	rested+="$1 "
}

t "the rules are valid"
run promtool check rules "$rules"
is_rc 0

# A healthy job raises no alert.
rests 'Bk.*' 180 ''

# BkMetricsMissing
fires BkMetricsMissing 15 'bk_read_timestamp_seconds absent'
rests BkMetricsMissing 9 'bk_read_timestamp_seconds absent'

# BkJobStale: twice the interval and the timeout have passed
fires BkJobStale 20 'bk_fresh_timestamp_seconds 0x20'
rests BkJobStale 20 'bk_fresh_timestamp_seconds 0x20
bk_paused 1x20'
rests BkJobStale 20 'bk_fresh_timestamp_seconds 0x20
bk_enabled 0x20'
rests BkJobStale 20 'bk_fresh_timestamp_seconds 0x20
bk_interval_seconds 3600x20'

# BkJobFailing: three in a row
fires BkJobFailing 10 'bk_consecutive_failures 0 1 2 3x20'
rests BkJobFailing 10 'bk_consecutive_failures 0 1 2x20'
rests BkJobFailing 60 'bk_consecutive_failures 3x100
bk_read_timestamp_seconds 0x100'

# BkJobSlow: not for one slow run
fires BkJobSlow 40 'bk_last_run_duration_seconds 16 1x9 16 1x9 16 1x9 16x20'
rests BkJobSlow 40 'bk_last_run_duration_seconds 1 1 1 1 1 1 16 1x60'
rests BkJobSlow 40 'bk_last_run_duration_seconds 14x60'

# BkOverdueWork: due for longer than two runs take
fires BkOverdueWork 20 'bk_oldest_due_timestamp_seconds 300x30'
rests BkOverdueWork 20 'bk_oldest_due_timestamp_seconds -60+60x30'
rests BkOverdueWork 20 'bk_oldest_due_timestamp_seconds 300x30
bk_paused 1x30'
rests BkOverdueWork 60 'bk_oldest_due_timestamp_seconds 300x100
bk_read_timestamp_seconds 0x100'

# BkQuarantineNotEmpty
fires BkQuarantineNotEmpty 20 'bk_quarantined_bookings 1x30'
rests BkQuarantineNotEmpty 20 'bk_quarantined_bookings 1x10 0x20'

# BkIdleWhileDue: again and again
fires BkIdleWhileDue 30 'bk_idle_while_due_runs_total 0+1x40'
rests BkIdleWhileDue 30 'bk_idle_while_due_runs_total 0x20 1x20'

# BkCronNotCalling: one host of two is enough, but not one that is gone
fires BkCronNotCalling 30 'bk_last_tick_timestamp_seconds{server="b"} 0x40'
rests BkCronNotCalling 5 'bk_last_tick_timestamp_seconds{server="b"} 0x40'
rests BkCronNotCalling 30 'bk_last_tick_timestamp_seconds{server="b"} -604800x40'
rests BkCronNotCalling 30 'bk_last_tick_timestamp_seconds{server="b"} 0x40
bk_enabled 0x40'

# BkClockSkew: ahead or behind
fires BkClockSkew 20 'bk_clock_difference_seconds{server="a"} -6x30'
fires BkClockSkew 20 'bk_clock_difference_seconds{server="a"} 6x30'
rests BkClockSkew 20 'bk_clock_difference_seconds{server="a"} 4x30'
rests BkClockSkew 20 'bk_clock_difference_seconds{server="a"} 6x200
bk_server_seen_timestamp_seconds{server="a"} -86400x200'

# BkHistoryNotPruned: twice as old as it may be
fires BkHistoryNotPruned 70 'bk_oldest_failure_timestamp_seconds -5184000x100'
rests BkHistoryNotPruned 70 'bk_oldest_failure_timestamp_seconds -2592000x100'
rests BkHistoryNotPruned 70 'bk_oldest_failure_timestamp_seconds -5184000x100
bk_history_retention_seconds 8640000x200'

# BkLeaseTakenOver
fires BkLeaseTakenOver 70 'bk_runs_total{status="ABANDONED"} 7x30 8 9 10 11x60'
rests BkLeaseTakenOver 70 'bk_runs_total{status="ABANDONED"} 7x30 8x60'
rests BkLeaseTakenOver 70 'bk_runs_total{status="ERROR"} 0+1x100'

t "every alert was tried in both directions"
for alert in $(sed -n 's/^ *- alert: //p' "$rules"); do
	[[ $fired == *" $alert "* ]] || harness_fail "$alert" "a case in which it fires" none
	[[ $rested == *" $alert "* ]] || harness_fail "$alert" "a case in which it rests" none
done

t "each case ends as it says"
run promtool test rules "$BK_TEST_DIR/test.yml"
is_rc 0
is "$OUT" "Unit Testing:  $BK_TEST_DIR/test.yml
  SUCCESS"

done_testing

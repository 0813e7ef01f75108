# shellcheck shell=bash
# bkstatus metrics, and the files that ticks write for a monitoring system.
#
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
due 5
bkactivate

# sample NAME[{LABELS}]: its value in the last output
sample() {
	grep -F -- "$1 " "$BK_TEST_DIR/.out" | sed 's/.* //'
}

t "metrics lists each job with its figures"
run bkstatus metrics
is_rc 0
err_is_empty
[[ $OUT =~ activate-due\ +1\ +100\.00\ %\ +5\  ]] || harness_fail stdout "one run, 5 changed" "$OUT"
is "$(wc -l <"$BK_TEST_DIR/.out")" 6
out_lacks "Since"

t "a terminal shows them over time as well"
run script -qec "stty cols 120; bkstatus metrics --color=never" /dev/null
out_has "in steps of 1h"
out_has "________________________█  ________________________█"
run env LC_ALL=C bkstatus metrics --output=table
is_rc 0

t "the figures of JSON are those of the runs"
run bkstatus metrics --json
is_rc 0
json_is '.data.items[0] | [.jobName, .runs, .successRate, .processedCount, .queueDepth] | @csv' \
	'"activate-due",1,1,5,0'
json_is '.data.items[0] | [(.runsByTime | add), (.processedByTime | add), (.runsByTime | length)] | @csv' \
	1,5,25
json_is '.data.stepMs' 3600000
json_is '.data.items[] | select(.jobName == "cleanup") | [.runs, .successRate, .p95Ms] | @json' \
	'[0,null,null]'
sql_is "select max_ms from bk.execution_stats" "$(jq '.data.items[0].maxMs' "$BK_TEST_DIR/.out")"

t "failures are counted by their code"
sql "alter table bookings add constraint never check (status <> 'ACTIVE') not valid"
due 20
run bkactivate --now
[ "$RC" != 0 ] || harness_fail "exit status" "a failure" "$RC"
code=$(sql "select error_code from bk.maintenance_executions where error_code is not null")
run bkstatus metrics --json
json_is '.data.errorCodes | map([.jobName, .errorCode, .count]) | @json' \
	"[[\"activate-due\",\"$code\",1]]"
json_is '.data.items[0].successRate' 0.5
run bkstatus metrics
out_has "$code"
run bkstatus metrics -o jsonl
is_rc 0
is "$(jq -r .type "$BK_TEST_DIR/.out" | uniq | paste -sd' ')" "metrics code summary"
run bkstatus metrics -o csv
is "$(wc -l <"$BK_TEST_DIR/.out")" 6
sql "alter table bookings drop constraint never"

t "--since is a time or how long ago"
sql "update bk.execution_stats set hour = hour - interval '3 days'"
run bkstatus metrics --json
json_is '.data.items[0].runs' 0
run bkstatus metrics --since=30d --json
json_is '.data.items[0].runs' 2
json_is '.data.items[0].runsByTime | add' 2
json_is '.data.stepMs / 3600000' 26
run bkstatus metrics --since=2000-01-01 --json
json_is '.data.items[0].runs' 2
json_is '(.data.items[0].runsByTime | length) <= 28' true
run bkstatus metrics --since=yesterday
is_rc 64
err_has 'option --since: "yesterday" is no time'

t "the format of Prometheus is for metrics only"
for command in jobs history config; do
	run bkstatus "$command" -o prometheus
	is_rc 64
	err_has "option --output=prometheus is not for bkstatus $command"
done
run bkactivate -o prometheus
is_rc 64
err_has 'option --output: "prometheus" is none of table, json, jsonl or csv'
run bkstatus metrics -o prometheus --since=2h
is_rc 64
err_has "options --since and --output=prometheus contradict"
run bkstatus metrics --out=x
is_rc 64
err_has "option --out needs the option --output=prometheus"

t "counters do not fall when the history and the figures by hour are pruned"
due 3
bkactivate --now
bkactivate --now
run bkstatus metrics -o prometheus
is_rc 0
before=$(grep '_total\|_count\|_sum\|_bucket' "$BK_TEST_DIR/.out")
is "$(sample 'bk_runs_total{operation="activate-due",status="SUCCESS"}')" 3
is "$(sample 'bk_items_total{operation="activate-due",result="changed"}')" 28
is "$(sample 'bk_run_duration_seconds_count{operation="activate-due"}')" 4
is "$(sample "bk_errors_total{operation=\"activate-due\",code=\"$code\"}")" 1
sql "truncate bk.execution_stats, bk.maintenance_executions, bk.booking_transitions,
	bk.execution_workers"
run bkstatus metrics -o prometheus
is "$(grep '_total\|_count\|_sum\|_bucket' "$BK_TEST_DIR/.out")" "$before"

t "idle ticks count at once, and stay counted when their hour is over"
tick() {
	sql "update bk.scheduler_job_info set next_execution_time = null"
	bkactivate
}
tick
tick
run bkstatus metrics -o prometheus
is "$(sample 'bk_runs_total{operation="activate-due",status="SUCCESS"}')" 5
[ "$(sql "select idle_runs from bk.scheduler_job_info where job_name = 'activate-due'")" -gt 0 ] ||
	harness_fail "idle ticks" "some that are in the row of the job" 0
before=$(grep '_total\|_count\|_bucket' "$BK_TEST_DIR/.out" | grep activate-due)
sql "update bk.scheduler_job_info set idle_until = idle_until - interval '1 hour'"
tick
run bkstatus metrics -o prometheus
is "$(sample 'bk_runs_total{operation="activate-due",status="SUCCESS"}')" 6
is "$(sample 'bk_run_duration_seconds_count{operation="activate-due"}')" 7
is "$(sql "select (select sum(b) from unnest(buckets) as b) from bk.job_totals")" 7

t "hostile names are harmless in labels"
sql "insert into bk.instances (instance, version, last_ticks, seen_at) values
		(E'a\"b\\\\c\\nd\\re', '1', '{\"activate-due\": \"2026-01-01T00:00:00Z\"}', now());
	update bk.job_totals set error_codes = jsonb_build_object(E'x\"\\n\\\\y', 1)"
run bkstatus metrics -o prometheus
is_rc 0
out_has 'bk_server_seen_timestamp_seconds{server="a\"b\\c\nd e"} '
out_has 'bk_errors_total{operation="activate-due",code="x\"\n\\y"} 1'
promtool check metrics <"$BK_TEST_DIR/.out" || harness_fail "promtool check metrics" 0 "$?"
sql "delete from bk.instances where version = '1'; update bk.job_totals set error_codes = '{}'"

t "--out writes the file as a whole, readable by others"
(umask 077 && bkstatus metrics -o prometheus --out=x.prom) || harness_fail "exit status" 0 "$?"
is "$(stat -c %a x.prom)" 644
grep -q '^bk_build_info' x.prom || harness_fail x.prom "metrics" "$(head -3 x.prom)"
is "$(find . -name '*x.prom*')" ./x.prom
run bkstatus metrics -o prometheus --out=x.prom
is_rc 0
out_is_empty

t "--out=- is standard output, and no file"
run bkstatus metrics -o prometheus --out=-
is_rc 0
out_has "bk_build_info"
[ ! -e - ] || harness_fail "a file" none "$(ls -l ./-)"

t "--out refuses links, what is no plain file, and directories that others may write"
ln -s x.prom link.prom
mkdir wide real
ln -s real linked
chmod 777 wide
# refused FILE WHY
refused() {
	run bkstatus metrics -o prometheus --out="$1"
	is_rc 74
	err_has "error: cannot write $1: $2"
}
refused link.prom "it is a symbolic link"
refused real "it is no plain file"
refused /dev/full "it is no plain file"
refused wide/x.prom "everybody may write into its directory"
refused linked/x.prom "its directory is a symbolic link"
refused nosuch/x.prom "No such file or directory"
refused real/ "it names a directory"
is "$(ls -A wide real)" "real:

wide:"
chmod 1777 wide
run bkstatus metrics -o prometheus --out=wide/x.prom
is_rc 0

t "ticks write their metrics where textfile-dir is set, and only there"
is "$(ls ./*.prom)" "./link.prom
./x.prom"
mkdir prom
configure "metrics { textfile-dir = \"$BK_TEST_DIR/prom\" }"
tick
is "$(ls -A prom)" "bk-activate-due.prom
bk.prom"
is "$(stat -c %a prom/bk.prom prom/bk-activate-due.prom | paste -sd' ')" "644 644"
is "$(grep -h '^bk_due_items' prom/*.prom)" 'bk_due_items{operation="activate-due"} 0'
is "$(grep -h '^bk_read_timestamp' prom/*.prom | cut -d' ' -f1)" \
	'bk_read_timestamp_seconds{operation="activate-due"}'
is "$(grep -c '^bk_build_info' prom/bk.prom)" 1
bkmaint run --due
is "$(ls prom | paste -sd' ')" \
	"bk-activate-due.prom bk-cleanup.prom bk-update-completed.prom bk-update-expired.prom bk.prom"
cat prom/*.prom | grep -v '^#' | cut -d' ' -f1 | sort | uniq -d >twice
is "$(cat twice)" "" "samples that stand in two files"
bknoshow
bkstatus metrics -o prometheus | grep -v '^#' | cut -d' ' -f1 | sort >all
cat prom/*.prom | grep -v '^#' | cut -d' ' -f1 | sort >parts
is "$(diff all parts)" ""

t "a tick that leaves work behind says how much, and since when"
due 4
run bkactivate --now --limit=1
is_rc 3
is "$(grep '^bk_due_items' prom/bk-activate-due.prom)" 'bk_due_items{operation="activate-due"} 3'
is "$(grep -c '^bk_oldest_due_timestamp' prom/bk-activate-due.prom)" 1
bkmaint pause activate-due --reason=x
tick
is "$(grep '^bk_paused' prom/bk-activate-due.prom)" 'bk_paused{operation="activate-due"} 1'
is "$(grep '^bk_due_items' prom/bk-activate-due.prom)" 'bk_due_items{operation="activate-due"} 3'
bkmaint resume activate-due

t "a dry run writes no metrics"
rm prom/*
bkactivate -n >/dev/null
is "$(ls -A prom)" ""

t "metrics that cannot be written are warned of once and fail nothing"
chmod 777 prom
run tick
is_rc 0
err_has "metrics are not written: cannot write $BK_TEST_DIR/prom/bk-activate-due.prom: everybody"
configure "metrics { textfile-dir = \"$BK_TEST_DIR/nosuch\" }"
run bkmaint run --due
is_rc 0
is "$(grep -c 'metrics are not written' "$BK_TEST_DIR/.err")" 1

t "textfile-dir is for the file only, and an absolute path"
configure 'metrics { textfile-dir = "here" }'
run bkstatus
is_rc 78
err_has "bk.conf:1: metrics.textfile-dir: must start with /"
configure "metrics.textfile-dir = \"/x\""
run bkstatus
is_rc 78
configure
run env BK_METRICS_TEXTFILE_DIR=/x bkstatus config
is_rc 78

t "a time to come stands for the hour at hand"
run bkstatus metrics --since=1s --json
is_rc 0
json_is '.data.items[0] | .runs > 0 and .runsByTime == [.runs]' true
runs=$(jq '.data.items[0].runs' "$BK_TEST_DIR/.out")
run bkstatus metrics --since=9999-01-01 --json
is_rc 0
json_is '.data.items[0].runs' "$runs"
json_is '.data.items[0].runsByTime | tojson' "[$runs]"
json_is '.data | .since <= .until and .since[:13] == .until[:13]' true

done_testing

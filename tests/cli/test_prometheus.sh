# shellcheck shell=bash
# The files that ticks write, through a real node_exporter into a real Prometheus with bk's alerts;
# and the names that alerts and dashboard use, against what is really there.
#
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

mkdir prom
configure "metrics { textfile-dir = \"$BK_TEST_DIR/prom\" }"
empty_table

# Something of everything: a change, a failure, a booking set aside, one that is overdue.
due 3
bkactivate
sql "insert into bk.quarantined_bookings (rule, booking_key, operation, execution_id, error_code,
		error_message, first_seen_at, last_seen_at, next_try_at) values
		('activate', '{99}', 'activate-due', 1, '23514', 'x', now(), now(), now() + interval '1 h');
	select bk.count_run('bk', 'activate-due', now(), 'ERROR', 0, 0, 0, 0, 1, 5, '57014')" >/dev/null
bookings 2 CONFIRMED '-10 minutes'
run bkactivate --now --limit=1
bkmaint run --due
# And a failure that cleanup should have pruned.
sql "insert into bk.maintenance_executions (run_id, operation, description, executed_at, finished_at,
		status, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
	select gen_random_uuid(), 'activate-due', 'x', now() - interval '70 d', now() - interval '70 d',
		'ERROR', 'SCHEDULER', 'u/u', 'h', 1, '1', 0, now()"
bknoshow
bkstatus metrics -o prometheus >whole.prom

# names FILE: of bk's metrics in it, without the endings of a histogram
names() {
	grep -o '\bbk_[a-z_]*' "$1" | sed 's/_\(bucket\|sum\|count\)$//' | sort -u
}
names whole.prom >names

t "the file is as the tools of Prometheus want it"
run promtool check metrics <whole.prom
promtool check metrics <whole.prom || harness_fail "promtool check metrics" 0 "$?"

t "each metric that alerts and dashboard name is there"
for file in prometheus/bk.rules.yml grafana/bk.json; do
	names "$BK_SRC/etc/$file" >used
	[ "$(wc -l <used)" -gt 10 ] || harness_fail "$file" "more than 10 metrics" "$(cat used)"
	is "$(comm -23 used names)" "" "metrics of $file that bk does not have"
done

t "the dashboard can be provided by a file to any Grafana"
dashboard=$BK_SRC/etc/grafana/bk.json
is "$(jq -c '[.id, has("__inputs"), .schemaVersion >= 36]' "$dashboard")" '[null,false,true]'
is "$(jq '[.panels[] | select((.title == "") or (.description == ""))] | length' "$dashboard")" 0
is "$(jq -r '[.. | .datasource? | objects | .uid] | unique[]' "$dashboard")" "\${datasource}"

# Both say on which port they are, once they are there.
began=()
finish() {
	local pid
	for pid in "${began[@]}"; do
		kill "$pid"
	done
	wait "${began[@]}"
} 2>/dev/null
trap finish EXIT

# began NAME COMMAND...: in the background; its address is in ADDRESS
begin() {
	local name=$1
	shift
	"$@" >"$name.log" 2>&1 &
	began+=($!)
	wait_until grep -q 'Listening on.*127.0.0.1:' "$name.log" || cat "$name.log"
	ADDRESS=$(sed -n 's/.*"\?Listening on"\? *address=\(127[0-9.:]*\).*/\1/p' "$name.log" | head -1)
}

t "node_exporter reads the files"
begin exporter prometheus-node-exporter --collector.disable-defaults --collector.textfile \
	--collector.textfile.directory="$BK_TEST_DIR/prom" --web.listen-address=127.0.0.1:0
exporter=$ADDRESS
cat >prometheus.yml <<EOF
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - $BK_SRC/etc/prometheus/bk.rules.yml
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["$exporter"]
EOF
begin prometheus prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
	--web.listen-address=127.0.0.1:0
server=http://$ADDRESS

# ask QUERY: its answer, a line for each sample
ask() {
	promtool query instant "$server" "$1" 2>&1
}

answers() {
	[[ $(ask "$1") == *"=> "* ]]
}

# soon QUERY: it is asked again until it has an answer, for half a minute at most
soon() {
	local end=$((SECONDS + 30))
	while [ "$SECONDS" -lt "$end" ]; do
		! answers "$1" || return 0
	done
	harness_fail "no answer" "$1" "$(ask "$1")"
}

soon 'count(bk_read_timestamp_seconds) == 5'
answer=$(ask node_textfile_scrape_error)
[[ $answer == *"=> 0 @"* ]] || harness_fail node_textfile_scrape_error 0 "$answer"

t "each series of the files is in Prometheus, with the same value"
grep -hv '^#' prom/*.prom | sed 's/ .*//' | sort >written
missing=''
while read -r series; do
	answers "$series" || missing+="$series "
done < <(grep 'activate-due\|^bk_[a-z_]*\({server\|{version\|$\)' written | grep -v _bucket)
is "$missing" ""
answer=$(ask 'bk_items_total{operation="activate-due",result="changed"}')
[[ $answer == *"=> 4 @"* ]] || harness_fail "bk_items_total" 4 "$answer"
answer=$(ask 'bk_due_items{operation="activate-due"}')
[[ $answer == *"=> 1 @"* ]] || harness_fail "bk_due_items" 1 "$answer"

t "the alerts see what is the matter"
soon 'ALERTS{alertname="BkOverdueWork",operation="activate-due"}'
soon 'ALERTS{alertname="BkQuarantineNotEmpty",operation="activate-due"}'
soon 'ALERTS{alertname="BkHistoryNotPruned"}'
for alert in BkMetricsMissing BkJobFailing BkCronNotCalling BkClockSkew; do
	! answers "ALERTS{alertname=\"$alert\"}" || harness_fail "$alert" "no alert" "$(ask ALERTS)"
done

done_testing

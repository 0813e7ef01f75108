# shellcheck shell=bash
# The bench works: every line runs on tables of a few thousand rows, and its figures have the form
# that a program can rely on. What the figures are does not matter here.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

# bench ARG...: on a cluster of its own, its figures in bench.json
bench() {
	ROUNDS=${ROUNDS:-1} SCALE=small bash "$BK_SRC/tests/bench/run.sh" \
		"--bin=$(dirname "$(type -P bkactivate)")" "--out=$BK_TEST_DIR/bench.json" "$@"
}

# figures FILTER VALUE: of bench.json
figures() {
	is "$(jq -r "$1" "$BK_TEST_DIR/bench.json" 2>&1)" "$2" "$1"
}

t "every line is measured, whatever its goal"
run bench
is_rc 0
figures '[.lines[] | select(.verdict == "failed") | .name] | join(" ")' ""
figures '[.lines[] | select(.verdict == "not-built") | .name] | join(" ")' ""
figures '[.lines[] | select(.verdict | IN("ok", "not-reached", "no-goal") | not) | .name] | join(" ")' ""
figures '[.lines[].name] | join(" ")' "drain-activate-parallel drain-activate drain-no-shows\
 drain-completed drain-expired drain-held drain-snapshot drain-scattered drain-stale-statistics\
 naive-rows naive-batches app-latency app-latency-parallel tick-idle tick-large-table status-jobs\
 status-history status-booking memory"

t "the figures say what they were measured with"
figures '.meta | keys | join(" ")' "commit cores date postgresql program rounds scale settings"
figures '.meta | [.rounds, .scale, .settings.autovacuum] | join(" ")' "1 small off"
figures '.meta.settings | has("fsync") and has("synchronous_commit") and has("shared_buffers")' true
figures '[.lines[] | keys | join(" ")] | unique | join("; ")' \
	"against goal medianOfRatios name note ratioOfMedians reference subject unit verdict work"
figures '[.lines[] | select(.verdict != "not-built") | .subject, .reference
	| select(.values == [] or .median <= 0 or .min > .median or .median > .max)] | length' 0
figures '[.lines[] | select(.goal) | .name] | length' 14

t "the table has a row for each line, and a head"
out_has "bk bench: bkactivate (bk)"
is "$(grep -cE '^[a-z-]+  ' <<<"$OUT")" 20
is "$(grep -c FAILED <<<"$OUT")" 0

t "a word picks lines, rounds are counted, and a goal that is not reached fails the strict bench"
ROUNDS=3 BENCH_STRICT=yes run bench --lines=tick-idle
figures '[.lines[].name] | join(" ")' "tick-idle"
figures '.lines[0] | [(.subject.values | length), (.reference.values | length)] | join(" ")' "3 3"
figures '.lines[0] | (.subject.median / .reference.median - .ratioOfMedians) | fabs < 0.01' true
figures '.lines[0] | .verdict == if .ratioOfMedians <= 1.6 then "ok" else "not-reached" end' true
figures '.lines[0] | if .verdict == "ok" then 0 else 1 end' "$RC"

t "a word that picks no line is an error, and so are wrong arguments"
run bench --lines=nosuch
is_rc 64
err_has 'no line has "nosuch" in its name'
run bench --nosuch
is_rc 64
ROUNDS=0 run bench
is_rc 64
run bash "$BK_SRC/tests/bench/run.sh"
is_rc 64

done_testing

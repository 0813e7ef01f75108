# shellcheck shell=bash
# A read-only standby: what changes something says why it cannot, what reads works.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=etc/dev/cluster.sh
. "$BK_SRC/etc/dev/cluster.sh"

standby=$BK_TEST_DIR/standby
trap 'cluster_stop "$standby"' EXIT
configure
empty_table
due 3
cluster_standby "$standby" "$(dirname "$PGHOST")" || exit 1
primary=$PGHOST
reader=$standby/socket

for command in bkactivate "bkactivate --now" bknoshow "bkmaint update-expired" \
	"bkmaint run --due" "bkmaint migrate" "bkmaint pause --all --reason=x" \
	"bkmaint cancel 1" "bkmaint hold 1 --reason=x" "bkmaint quarantine retry"; do
	t "$command on a standby says why not: 69"
	run $command -h "$reader"
	is_rc 69
	out_is_empty
	err_has "error: "
	err_has "recovery"
	is "$(grep -vc hint "$BK_TEST_DIR/.err")" 1 "lines that are no hint"
	run $command -h "$reader" --json
	is_rc 69
	json_is '[.success, .error.code, .error.exitCode, .data] | tojson' \
		'[false,"DATABASE_READ_ONLY",69,null]'
done

t "bkmaint events on a standby says why not, and offers nothing else: 69"
run bkmaint events --consumer=x -h "$reader"
is_rc 69
is "$(jq -r .code <<<"$OUT")" DATABASE_READ_ONLY
err_has recovery

t "several hosts, all of them standbys"
run bkactivate -h "$reader,$reader"
is_rc 69
run bkactivate -h "$reader,$reader" --json
json_is .error.code DATABASE_READ_ONLY

t "bkstatus works there"
for command in jobs history "job activate-due" holds quarantine config events; do
	run bkstatus $command -h "$reader" --json
	is_rc 0
	json_is .success true
done

t "health asks the primary where there is one, and warns of a standby that is not meant"
run bkstatus health -h "$reader"
is_rc 1
out_has "primary: is a standby, where no job can run"
run bkstatus health -h "$reader,$primary" --json
json_is '.data.checks[] | select(.name == "primary") | .state' OK
run env BK_ON_STANDBY=skip bkstatus health -h "$reader" --json
json_is '.data.checks[] | select(.name == "primary") | .state' OK

t "a dry run works there, in every format"
for format in table json jsonl csv; do
	run bkactivate -n -q -h "$reader" -o $format
	is_rc 0
	err_is_empty
	[ $format = csv ] || [ $format = table ] && continue
	run bkactivate --explain -h "$reader" -o $format
	is_rc 0
	err_is_empty
done
run bkactivate -n -h "$reader" --json
json_is .data.total 3

t "migrate --check works there"
run bkmaint migrate --check -h "$reader"
is_rc 0

export BK_ON_STANDBY=skip
for command in bkactivate bknoshow "bkmaint run --due" "bkactivate --for=1s" "bkactivate --wait=0s"; do
	t "with on-standby = skip, $command passes over it in silence: 0"
	run $command -h "$reader"
	is_rc 0
	out_is_empty
	err_is_empty
	run $command -h "$reader,$reader" --json
	is_rc 0
	json_is '[.success, (.data.runs // [.data] | map([.outcome, .status, .executionId,
		.errorMessage] | tojson) | unique | join(" "))] | join(" ")' \
		'true ["standby",null,null,null]'
	run $command -h "$reader" -v
	is "$(grep -vc '^[a-z-]*: standby$' <<<"$OUT")" 0 "other lines"
done

for command in "bkactivate --now" "bkmaint update-expired" "bkmaint migrate"; do
	t "with on-standby = skip, $command fails all the same: 69"
	run $command -h "$reader"
	is_rc 69
	err_has "recovery"
done

t "with on-standby = skip, any other database that is no use is a failure: 69"
run bkactivate -h "$BK_TEST_DIR/nowhere"
is_rc 69
unset BK_ON_STANDBY

t "nothing was changed or recorded"
is "$(records) $(statuses)" "0 CONFIRMED 3"

t "of several hosts the one that can be written to is taken"
run bkactivate -h "$reader,$primary"
is_rc 0
err_is_empty
is "$(statuses)" "ACTIVE 3"

# replayed: waits until the standby has what the primary has. The end of a transaction that wrote
# nothing is not flushed by itself, but with what comes after it.
replayed() {
	local lsn
	sql "select pg_logical_emit_message(true, 'bk', 'flush')" >/dev/null
	lsn=$(sql "select pg_current_wal_flush_lsn()")
	PGHOST=$reader wait_for "pg_last_wal_replay_lsn() >= '$lsn'"
}

# events: their ids, on the standby
events() {
	bkstatus events -h "$reader" "$@" | jq -r '.id // empty' | tr '\n' ' '
}

t "a transaction that is open on the primary keeps back what is younger on the standby, too"
cursor=$(bkstatus events --after=now | jq -r .nextCursor)
# Of what only has its number the standby has heard nothing but that there are later ones.
hold "select pg_current_xact_id()"
due 1
bkactivate --now -q
replayed
is "$(events)" "1.1 1.2 1.3 " "events while it is open"
is "$(events "--after=$cursor")" "" "events behind the cursor of the primary"
let_go
replayed
is "$(events "--after=$cursor")" "2.1 "
run bkstatus events -h "$reader" --after=now
is_rc 0

done_testing

# shellcheck shell=bash
# The keys and types of each command's JSON, against golden/COMMAND.txt: within schema bk/1 a key is
# never removed, renamed or given another type. A key that was added is entered by
#
#	UPDATE_GOLDEN=yes make check-cli T=golden
#
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

golden_dir=$BK_SRC/tests/cli/golden
seen=$BK_TEST_DIR/seen
mkdir "$seen"

# Each path once, with the types that stand there: "data.items.[].status string".
shape() {
	jq -r '[paths as $p | {
			path: ($p | map(if type == "number" then "[]" else . end) | join(".")),
			type: (getpath($p) | type)}]
		| group_by(.path)[] | "\(.[0].path) \(map(.type) | unique | join("|"))"'
}

# golden NAME STATUS COMMAND...
golden() {
	local name=$1 status=$2
	shift 2
	t "the keys of $name: $*"
	run "$@"
	is_rc "$status"
	json_is '.meta.schema' bk/1
	shape <"$BK_TEST_DIR/.out" >"$seen/$name.txt"
	[ "${UPDATE_GOLDEN-}" != yes ] || cp "$seen/$name.txt" "$golden_dir/$name.txt"
	is "$(diff "$golden_dir/$name.txt" "$seen/$name.txt" 2>&1)" "" "< expected > got"
}

configure
golden usage-error 64 bkactivate --nosuch --json
golden migrate-check 78 bkmaint migrate --check --json
golden migrate 0 bkmaint migrate --reference-bookings --json
golden version 0 bkactivate --version --json

due 3
golden dry-run 0 bkactivate -n --json
golden explain 0 bkactivate --explain --json
golden run 0 bkactivate --json
golden run-not-due 0 bkactivate --json
due 2
golden run-limited 3 bkactivate --now --limit=1 --json
bookings 1 PENDING '1 day' '2 days' null "'-1 minute'"
golden run-due 0 bkmaint run --due --json
running cancel-no-shows '1 minute'
golden run-busy 0 bknoshow --json
golden run-busy-error 75 bknoshow --now --json
sql "update bk.execution_workers set lease_expires_at = now()"
golden run-takeover 0 bknoshow --now --json

golden pause 0 bkmaint pause activate-due --until=2h --reason=x --json
golden pause-all 0 bkmaint pause --all --reason=x --json
golden resume 0 bkmaint resume activate-due --json
golden disable 0 bkmaint disable activate-due --json
golden pause-disabled-error 4 bkmaint pause activate-due --reason=x --json
golden enable 0 bkmaint enable activate-due --json
bkmaint resume --all
running update-expired '1 minute'
id=$(sql "select max(id) from bk.maintenance_executions")
golden cancel 0 bkmaint cancel "$id" --json
golden cancel-ended 4 bkmaint cancel 1 --json
sql "delete from bk.execution_workers where execution_id = $id;
	delete from bk.maintenance_executions where id = $id"
golden hold 0 bkmaint hold 1 --until=2h --reason=x --json
golden status-holds 0 bkstatus holds --json
golden release 0 bkmaint release 1 --json
sql "insert into bk.quarantined_bookings (rule, booking_key, operation, execution_id, error_code,
	error_message, first_seen_at, last_seen_at, next_try_at) values
	('activate', '{1}', 'activate-due', 1, '23514', 'x', now(), now(), now() + interval '1 h')"
golden status-quarantine 0 bkstatus quarantine --json
golden quarantine-retry 0 bkmaint quarantine retry 1 --json
golden status-booking-aside 0 bkstatus booking 1 --json
sql "delete from bk.quarantined_bookings"

golden set 0 bkmaint set grace 20m --reason=x --json
golden set-error 64 bkmaint set nosuch 20m --reason=x --json
golden settings 0 bkmaint settings --json
golden rollback 0 bkmaint rollback "$(sql "select max(id) from bk.settings_history")" --reason=x --json
golden unset 0 bkmaint unset grace --reason=x --json
golden settings-history 0 bkmaint settings --history --limit=3 --json

golden doctor 0 bkmaint doctor --json
sql "insert into bookings (status, starts_at, ends_at)
	values ('CONFIRMED', now(), now() - interval '1 day')"
golden doctor-findings 78 bkmaint doctor --json
sql "delete from bookings where ends_at < starts_at"

golden status-jobs 0 bkstatus --json
golden status-job 0 bkstatus job activate-due --json
golden status-history 0 bkstatus history --json
golden status-execution 0 bkstatus execution "$(sql "select min(execution_id)
	from bk.booking_transitions")" --json
golden status-booking 0 bkstatus booking 1 --json
golden status-overdue 0 bkstatus overdue --json
golden status-forecast 0 bkstatus forecast --hours=48 --json
golden status-report 0 bkstatus report --out="$BK_TEST_DIR/report.html" --json
golden status-config 0 bkstatus config --json
sql "select bk.count_run('bk', 'activate-due', now(), 'ERROR', 0, 0, 0, 0, 1, 5, '57014')" >/dev/null
golden status-metrics 0 bkstatus metrics --json
# What is due for long would be a warning.
bkactivate --now
golden status-health 0 bkstatus health --json

golden backup 0 bkmaint backup bk.dump --json
sql "drop schema bk cascade"
golden restore 0 bkmaint restore bk.dump --json

t "every golden file belongs to a command"
is "$(ls "$golden_dir")" "$(ls "$seen")"

done_testing

# shellcheck shell=bash
# --explain: the SQL of a job's batches as it would be sent, its parameters, and its plan under the
# settings of a batch; nothing is run, locked or written.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
bkmaint migrate || exit 1
sql "create role reader login; grant booking_read to reader;
	create role worker login; grant booking_update to worker"
due 3
bookings 2 PENDING '1 day' '2 days' null "'-1 minute'"
sql "create function tattle() returns trigger language plpgsql as
	\$\$ begin raise exception 'an update was run'; end \$\$;
	create trigger tattle before update on bookings for each row execute function tattle()"

# everything: what must not change; xmax is what a lock would leave behind
everything() {
	sql "select md5(string_agg(t::text, ' ')) from (
		select md5(string_agg(b::text || b.xmin || b.xmax, ' ' order by id)) as t
			from bookings as b
		union all select md5(string_agg(j::text || j.xmin || j.xmax, ' ' order by id))
			from bk.scheduler_job_info as j
		union all select count(*)::text from bk.maintenance_executions
		union all select count(*)::text from bk.execution_workers
		union all select count(*)::text from bk.booking_transitions
		union all select md5(string_agg(i::text, ' ' order by instance))
			from bk.instances as i) as q"
}

# odd TABLE LABEL: the configuration of a table in which bookings with the label become active
odd() {
	configure "bookings { table = \"$1\" key = {\"k\"} status = \"state\" start = \"s\"" \
		"check-in-mode = untracked states { confirmed = {\"$2\"} active = {\"A\"} } }" \
		'cancel-no-shows { enabled = no } update-completed { enabled = no }' \
		'update-expired { enabled = no }'
}

# filled N: the N-th statement of $OUT, an object of JSON, with its parameters put in
filled() {
	jq -r --argjson n "$1" '.data.statements[$n] | .parameters as $p
		| reduce ($p | reverse | .[]) as $v (.sql;
			gsub("[$]\($v.number)(?![0-9])"; "\u0027" + $v.value + "\u0027"))' \
		"$BK_TEST_DIR/.out"
}

t "it prints a statement for each rule, from-state and scan, and runs none"
before=$(everything)
run bkactivate --explain
is_rc 0
err_is_empty
is "$(head -n 1 <<<"$OUT")" \
	'-- activate-due, rule activate: CONFIRMED -> ACTIVE, in the order of b."starts_at"'
out_has $'\n--   $3 = 5000  (batch size)\n'
out_has $'\n--   $9 = activate  (rule)\n'
out_has $'\nWITH c AS MATERIALIZED (\n'
out_has $'\n   FOR NO KEY UPDATE OF b SKIP LOCKED\n'
out_has $'\n-- plan:\n--   (an index serves the order; no other plan is allowed)\n'
out_has "Index Scan using bookings_confirmed_start on bookings b"
out_has "Update on bookings b"
is "$(tail -n 1 <<<"$OUT")" "-- EXPLAIN: activate-due has 1 statement; nothing was run"
is "$(everything)" "$before"
for command in "bkactivate --explain -n" "bkactivate --explain --now" "bknoshow --explain" \
	"bkmaint update-completed --explain" "bkmaint update-expired --explain --dry-run" \
	"bkmaint activate-due --explain --force --backlog" "bkmaint cleanup --explain"; do
	for format in table json jsonl; do
		run $command -o $format
		is_rc 0
		err_is_empty
		[ -s "$BK_TEST_DIR/.out" ] || harness_fail "$command" "some output" "none"
	done
done
is "$(everything)" "$before"

t "it waits for nobody's row"
hold "select 1 from bookings for update"
run bkactivate --explain
is_rc 0
let_go

t "json"
before=$(everything)
run bkmaint update-expired --explain --json
is_rc 0
json_is '[.success, .message, .data.operation, .data.explain, .data.count] | tojson' \
	'[true,"explained: nothing was run","update-expired",true,2]'
json_is '.data.statements | map([.rule, .from, .to, .scan, .pinned, .selectingPartOnly, .refused])
	| tojson' "$(printf '%s' '[["expire-hold","PENDING","EXPIRED","b.\"hold_expires_at\"",' \
	'true,false,null],["expire-hold","PENDING","EXPIRED","b.\"starts_at\"",true,false,null]]')"
json_is '.data.statements[0].parameters | map(.number) | tojson' '[1,2,3,4,5,6,7,8,9]'
json_is '.data.statements[0].parameters | map(.name) | join(", ")' \
	'as-of, lower bound, batch size, execution, worker, token, batch, lease ms, rule'
json_is '.data.statements[0].parameters[2:] | map(.value) | join(" ")' "5000 0 0 0 1 60000 expire-hold"
json_is '.data.statements[0].plan | join("\n") | test("bookings_pending_hold")' true
is "$(jq -r '.data.statements[0].parameters | (.[0].value[:19] + "Z" | fromdate) -
	(.[1].value[:19] + "Z" | fromdate)' "$BK_TEST_DIR/.out")" $((30 * 86400)) "max-age"

t "a limit makes the batch smaller, and --backlog has no lower bound"
run bkmaint update-expired --explain --limit=7 --backlog --json
json_is '.data.statements[0].parameters[1:3] | map(.value) | join(" ")' "-infinity 7"

t "the statement is the one that a batch sends: with its parameters put in it changes the bookings"
run bkactivate --explain --json
statement=$(filled 0)
sql "drop trigger tattle on bookings"
sql "begin; insert into bk.maintenance_executions (id, run_id, operation, description,
		executed_at, status, triggered_by, invoked_by, server_instance, pid, version,
		lease_token, as_of) overriding system value
	values (0, gen_random_uuid(), 'activate-due', 'x', now(), 'RUNNING', 'MANUAL', 'u/u',
		'h', 1, 'x', 0, now());
	insert into bk.execution_workers (execution_id, worker, token, lease_expires_at)
	values (0, 0, 0, now());
	commit"
is "$(sql "$statement" | cut -d'|' -f1-3)" "3|3|1" "locked, changed, ledger"
is "$(statuses)" "ACTIVE 3, PENDING 2"
sql "delete from bk.booking_transitions; delete from bk.execution_workers;
	delete from bk.maintenance_executions; update bookings set status = 'CONFIRMED'
		where status = 'ACTIVE'"

t "the text is SQL but for the parameters: nothing else of it is outside of a comment"
run bkactivate --explain
is "$(grep -v '^--' <<<"$OUT" | sed 's/;$//' | sed '/^$/d')" \
	"$(bkactivate --explain --json | jq -r '.data.statements[0].sql' | sed '/^$/d')" "the statement"

t "without an index that serves the order no plan is pinned"
sql "drop index bookings_confirmed_start"
run bkactivate --explain --json
json_is '.data.statements[0].pinned' false
run bkactivate --explain
out_has "(no index serves the order; the planner is free)"
sql "create index bookings_confirmed_start on bookings (starts_at, id) where status = 'CONFIRMED'"

t "the plan is that of the settings of a batch, whatever the session has"
run env PGOPTIONS="-c enable_indexscan=on -c enable_seqscan=on -c jit=on" bkactivate --explain --json
json_is '.data.statements[0].plan | join("\n") | test("Seq Scan on bookings")' false

t "booking_read sees the plan of the selecting part, and why"
before=$(everything)
for command in bkactivate bknoshow "bkmaint update-completed" "bkmaint update-expired"; do
	run $command --explain -U reader
	is_rc 0
	err_is_empty
	out_has "-- plan of the selecting part alone ("
	out_has "permission denied for table bookings"
	run $command --explain -U reader --json
	is_rc 0
	json_is '.data.statements | map(.selectingPartOnly) | unique | tojson' '[true]'
	json_is '.data.statements[0].plan | join("\n") | test("Update|LockRows")' false
	json_is '.data.statements[0].sql | test("FOR NO KEY UPDATE OF b SKIP LOCKED")' true
done
run bkactivate --explain -U worker --json
is_rc 0
json_is '.data.statements[0].selectingPartOnly' false
json_is '.data.statements[0].plan | join("\n") | test("LockRows")' true
is "$(everything)" "$before"

t "who may not even read gets the grant to ask for: 77"
sql "create role nobody_yet login"
run bkactivate --explain -U nobody_yet
is_rc 77
err_has "hint:"

t "the exit statuses of a dry run"
run bkactivate --explain -o csv
is_rc 64
err_has "error: --explain does not print csv"
err_has "hint: use --output=json"
run bkactivate --explain --for=5s
is_rc 64
err_has "options --for and --explain contradict"
run bkmaint pause activate-due --reason=x --explain
is_rc 64
configure 'activate-due { enabled = no }'
run bkactivate --explain
is_rc 0
out_is "-- EXPLAIN: activate-due has 0 statements; nothing was run"
run bkmaint activate-due --explain
is_rc 4
odd 'nosuch' C
run bkactivate --explain --json
is_rc 78
json_is .error.code MAPPING
err_has 'table "public.nosuch"'
configure
run env PGPORT=1 bkactivate --explain
is_rc 69

t "jsonl"
run bkmaint update-expired --explain -o jsonl
is_rc 0
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "statement statement summary"
is "$(tail -n 1 <<<"$OUT")" '{"type":"summary","operation":"update-expired","explain":true,"count":2}'

t "a label that is no plain text does a terminal no harm"
sql "create table odd (k text primary key, state text, s timestamptz)"
odd odd 'C\x1b[31m'
run bkactivate --explain
is "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' "$BK_TEST_DIR/.out")" 0
configure

t "output that cannot be written: 74"
for format in table json jsonl; do
	run bash -c "exec bkactivate --explain -o $format >/dev/full"
	is_rc 74
done

done_testing

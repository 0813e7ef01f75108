# shellcheck shell=bash
# bk(7) against the schema, the privileges and the JSON that the programs print; and its SQL is run.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/mdoc.sh
. "$BK_SRC/tests/cli/mdoc.sh"

export BK_CONFIG=$BK_TEST_DIR/empty.conf
: >"$BK_CONFIG"

# keys SUBSECTION: the keys or columns that it explains
keys() {
	subsection bk "$1" | items | names Va
}

# beside SUBSECTION: the keys that it has in its text, before its list, without those of the list
beside() {
	echo items
	subsection bk "$1" | sed '/^\.Bl/,$d; /^\.Va data/d' | sed -n 's/^\.Va //p' |
		grep -o '[a-zA-Z]*'
}

# json_keys FILTER: the keys of that object on stdin
json_keys() {
	jq -r "$1 | keys_unsorted[]"
}

bkmaint migrate --reference-bookings --json >"$BK_TEST_DIR/migrate.json" || exit 1
sql "INSERT INTO public.bookings (status, starts_at, ends_at)
	VALUES ('CONFIRMED', now(), now() + interval '1 hour')" || exit 1

# --- tables and columns ---

tables=$(awk '/^\.Sh / { on = $0 == ".Sh WHAT IS RECORDED" } on && sub(/^\.Ss /, "")' \
	"$(page bk)")

t "bk(7) has the tables of the schema"
same "$tables" "$(sql "SELECT table_name FROM information_schema.tables WHERE table_schema = 'bk'")" \
	tables

for table in $tables; do
	t "bk(7) has the columns of $table"
	# Of the view only those that the table below it has not.
	same "$(keys "$table")" "$(sql "
		SELECT column_name FROM information_schema.columns AS c
		 WHERE table_schema = 'bk' AND table_name = '$table'
		   AND NOT ('$table' = 'jobs' AND EXISTS (
			SELECT FROM information_schema.columns
			 WHERE table_schema = 'bk' AND table_name = 'scheduler_job_info'
			   AND column_name = c.column_name))")" columns
done

t "bk(7) has the statuses of an execution and of a job"
check=$(sql "SELECT pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid = 'bk.maintenance_executions'::regclass AND conname LIKE '%status%'")
same "$(subsection bk End | items | names Cm; echo RUNNING)" \
	"$(grep -o "'[A-Z]*'" <<<"$check" | tr -d "'" | sort -u)" statuses
check=$(sql "SELECT pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid = 'bk.scheduler_job_info'::regclass AND conname LIKE '%status%'")
for word in $(grep -o "'[A-Z]*'" <<<"$check" | tr -d "'"); do
	subsection bk scheduler_job_info | grep -qw "$word" ||
		harness_fail "scheduler_job_info" "$word" "not there"
done

t "bk(7) has the roles that migrate makes"
same "$(section bk 'ROLES AND PRIVILEGES' | items | names Sy)" \
	"$(sql "SELECT rolname FROM pg_roles WHERE rolname ~ '^booking_'")" roles

t "booking_update may change the status and the time of change, and nothing else"
sql_is "SELECT string_agg(column_name, ' ' ORDER BY column_name)
	FROM information_schema.column_privileges WHERE table_schema = 'public'
	AND table_name = 'bookings' AND privilege_type = 'UPDATE' AND grantee ~ '^booking_'" \
	'status updated_at'

# --- JSON ---

t "bk(7) has the keys of the envelope, of an error and of meta"
run bkactivate --nosuch --json
same "$(keys Envelope)" "$(json_keys . <<<"$OUT")" envelope
same "$(keys Error)" "$(json_keys .error <<<"$OUT")" error
same "$(keys Meta)" "$(json_keys .meta <<<"$OUT")" meta

t "bk(7) has the keys of a migration"
same "$(keys Migration)" "$(json_keys .data <"$BK_TEST_DIR/migrate.json")" migration

t "bk(7) has the keys of a dry run"
run bkactivate --dry-run --json
same "$(keys 'Dry run')" "$(json_keys .data <<<"$OUT")" "dry run"
json_is '.data.rules[0] | keys_unsorted | join(" ")' 'rule count'
json_is '.data.items[0] | keys_unsorted | join(" ")' 'key from to rule dueAt'

t "bk(7) has the keys of an explanation"
run bkactivate --explain --json
same "$(keys Explanation)" "$(json_keys .data <<<"$OUT")" explanation
json_is '.data.statements[0] | keys_unsorted | join(" ")' \
	'rule from to scan pinned sql parameters selectingPartOnly refused plan'
json_is '.data.statements[0].parameters[0] | keys_unsorted | join(" ")' 'number name value'

t "bk(7) has the keys of a run"
run bkactivate --json
same "$(keys Run)" "$(json_keys .data <<<"$OUT")" run
json_is '.data.rules[0] | keys_unsorted | join(" ")' 'rule from to count'
id=$(jq -r .data.executionId <<<"$OUT")
run bkmaint run --due --json
json_is '.data | keys_unsorted | join(" ")' 'runs runCount processedCount'

t "bk(7) has the keys of a job"
run bkstatus --json
json_is '.data | keys_unsorted | join(" ")' 'items unendedStates'
same "$(keys Job)" "$(json_keys '.data.items[0]' <<<"$OUT")" job
run bkstatus job activate-due --json
same "$(keys Job; echo recent)" "$(json_keys .data <<<"$OUT")" "one job"

t "bk(7) has the keys of an execution and of a transition"
run bkstatus history --json
json_is '.data | keys_unsorted | join(" ")' 'items limit nextCursor'
same "$(keys Execution)" "$(json_keys '.data.items[0]' <<<"$OUT")" execution
run bkstatus execution "$id" --json
same "$(keys Execution; echo transitions)" "$(json_keys .data <<<"$OUT")" "one execution"
same "$(keys Transition)" "$(json_keys '.data.transitions[0]' <<<"$OUT")" transition

t "bk(7) has the keys of a running execution"
sql "WITH e AS (INSERT INTO bk.maintenance_executions (run_id, operation, description, executed_at,
		status, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
	VALUES (gen_random_uuid(), 'update-expired', 'x', now(), 'RUNNING', 'MANUAL', 'u/u', 'h', 1,
		'1', 0, now()) RETURNING id)
	INSERT INTO bk.execution_workers (execution_id, worker, token, lease_expires_at)
	SELECT id, 0, 0, now() + interval '1 hour' FROM e"
running=$(bkstatus watch --count=1 -o jsonl)
sql "DELETE FROM bk.maintenance_executions WHERE status = 'RUNNING'"
same "$(keys Running; echo type)" "$(head -n 1 <<<"$running" | json_keys .)" running

t "bk(7) has the keys of a booking, of its rules and of its transitions"
run bkstatus booking 1 --json
same "$(keys Booking)" "$(json_keys .data <<<"$OUT")" booking
json_is '.data.columns[0] | keys_unsorted | join(" ")' \
	'name column value instant error'
same "$(keys 'Booking rule')" "$(json_keys '.data.rules[0]' <<<"$OUT")" "booking rule"
same "$(keys 'Booking transition')" "$(json_keys '.data.transitions[0]' <<<"$OUT")" \
	"booking transition"

t "bk(7) has the keys of metrics"
sql "select bk.count_run('bk', 'activate-due', now(), 'ERROR', 0, 0, 0, 0, 1, 5, '57014')" >/dev/null
run bkstatus metrics --json
same "$(beside Metrics)" "$(json_keys .data <<<"$OUT")" metrics
same "$(keys Metrics)" "$(json_keys '.data.items[0]' <<<"$OUT")" "metrics of a job"
same "$(keys 'Error count')" "$(json_keys '.data.errorCodes[0]' <<<"$OUT")" "error count"

t "bk(7) has every metric, and every alert"
same "$(grep '^\.It Li bk_' "$(page bk)" | cut -d' ' -f3)" \
	"$(grep -o '"bk_[a-z_]*"' "$BK_SRC/lib/out/prometheus.c" | tr -d '"' | sort -u)" metrics
same "$(grep '^\.It Sy Bk' "$(page bk)" | cut -d' ' -f3)" \
	"$(sed -n 's/^ *- alert: //p' "$BK_SRC/etc/prometheus/bk.rules.yml")" alerts

t "bkstatus(1) and bk(7) have every reason why a rule does not apply"
reasons=$(sed -n 's/^\t{"\([a-z-]*\)", \(say_\|NULL\).*/\1/p' "$BK_SRC/lib/view/verdict.c" | sort)
same "$reasons" "$(sed -n '/^The reasons, of which/,/^\.El/s/^\.It Cm //p' "$BK_SRC/man/bkstatus.1" |
	sort)" "bkstatus(1)"
same "$reasons" "$(sed -n '/^\.Ss Booking rule/,/^\.It Va willApplyAt/s/^\.Cm //p' \
	"$BK_SRC/man/bk.7" | tr -s ', ' '\n' | sed '/^$/d' | sort)" "bk(7)"

t "bk(7) has the keys of overdue rules and of forecast hours"
run bkstatus overdue --json
same "$(beside 'Overdue rule')" "$(json_keys .data <<<"$OUT")" overdue
same "$(keys 'Overdue rule')" "$(json_keys '.data.items[0]' <<<"$OUT")" "overdue rule"
run bkstatus forecast --json
same "$(beside 'Forecast hour')" "$(json_keys .data <<<"$OUT")" forecast
same "$(keys 'Forecast hour')" "$(json_keys '.data.items[0]' <<<"$OUT")" "forecast hour"

t "bk(7) has the keys of a report"
run bkstatus report --out="$BK_TEST_DIR/report.html" --json
same "$(keys Report)" "$(json_keys .data <<<"$OUT")" report

t "bk(7) has the keys of an event"
run bkstatus events --json
json_is '.data | keys_unsorted | join(" ")' 'items limit nextCursor'
same "$(keys Event)" "$(json_keys '.data.items[0]' <<<"$OUT")" event
sql "INSERT INTO bk.event_consumers (name, txid, transition_id, item, lost, lost_at)
	VALUES ('late', '0', 0, 0, 5, now())"
lost=$(bkmaint events --consumer=late | head -n 1)
same "$(section bk EVENTS | sed -n 's/^\.Pq Va \([a-z]*\).*/\1/p'; echo type)" \
	"$(json_keys . <<<"$lost")" "lost events"

t "bk(7) has the keys of a setting and of a check"
run bkstatus config --json
json_is '.data | keys_unsorted | sort | join(" ")' 'file items profile settingsVersion'
same "$(keys Setting)" "$(json_keys '.data.items[0]' <<<"$OUT")" setting
run bkstatus health --json
json_is '.data | keys_unsorted | join(" ")' 'state checks'
same "$(keys Check)" "$(json_keys '.data.checks[0]' <<<"$OUT")" check

t "bk(7) has the keys of a finding"
run bkmaint doctor --json
json_is '.data | keys_unsorted | join(" ")' 'operation errors warnings notes findings'
same "$(keys Finding)" "$(json_keys '.data.findings[0]' <<<"$OUT")" finding

t "bk(7) has the keys of a change, of jobs, executions and bookings that were changed"
sql "INSERT INTO public.bookings (id, status, starts_at) OVERRIDING SYSTEM VALUE
	VALUES (1000, 'CANCELLED', now())"
sql "INSERT INTO bk.quarantined_bookings (rule, booking_key, operation, execution_id, error_code,
	error_message, first_seen_at, last_seen_at, next_try_at) VALUES
	('activate', '{1000}', 'activate-due', 1, '23514', 'x', now(), now(), now())"
run bkmaint pause activate-due --reason=x --json
changes=$(json_keys .data <<<"$OUT")
same "$(keys 'Changed job')" "$(json_keys '.data.jobs[0]' <<<"$OUT")" "changed job"
run bkmaint resume activate-due --json
run bkmaint cancel "$id" --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
same "$(keys 'Cancelled execution')" "$(json_keys .data.execution <<<"$OUT")" "cancelled execution"
run bkmaint hold 1000 --reason=x --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
same "$(keys Hold; echo bookingStatus; echo replaced)" "$(json_keys .data.hold <<<"$OUT")" hold
run bkstatus holds --json
same "$(keys Hold)" "$(json_keys '.data.items[0]' <<<"$OUT")" hold
run bkmaint release 1000 --json
same "$(keys Hold; echo bookingStatus)" "$(json_keys .data.hold <<<"$OUT")" release
run bkstatus quarantine --json
json_is '.data | keys_unsorted | join(" ")' 'items limit nextCursor'
same "$(keys 'Quarantined booking')" "$(json_keys '.data.items[0]' <<<"$OUT")" quarantined
run bkmaint quarantine retry --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
json_is '.data.quarantine | keys_unsorted | join(" ")' count
run bkmaint set grace 20m --reason=x --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
same "$(keys 'Changed setting')" "$(json_keys .data.setting <<<"$OUT")" "changed setting"
run bkmaint backup bk.dump --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
same "$(keys Backup)" "$(json_keys .data.backup <<<"$OUT")" backup
echo 'schema = "bk2"' >bk2.conf
bkmaint migrate --config=bk2.conf && bkmaint backup bk2.dump --config=bk2.conf
sql "DROP SCHEMA bk2 CASCADE"
run bkmaint restore bk2.dump --config=bk2.conf --json
changes+=$'\n'$(json_keys .data <<<"$OUT")
same "$(keys Restore)" "$(json_keys .data.restore <<<"$OUT")" restore
sql "DROP SCHEMA bk2 CASCADE"
same "$(keys Change)" "$(sort -u <<<"$changes")" change

t "bk(7) has the keys of a stored setting and of the trail"
run bkmaint settings --json
json_is '.data | keys_unsorted | join(" ")' 'items settingsVersion'
same "$(keys 'Stored setting')" "$(json_keys '.data.items[0]' <<<"$OUT")" "stored setting"
run bkmaint settings --history --json
json_is '.data | keys_unsorted | join(" ")' 'items limit nextCursor'
same "$(keys Trail)" "$(json_keys '.data.items[0]' <<<"$OUT")" trail

t "bk(7) has the types of JSON lines"
types=$({
	bkactivate --now -o jsonl
	bkactivate --dry-run -o jsonl
	sql "INSERT INTO public.bookings (status, starts_at) VALUES ('CONFIRMED', now())"
	bkactivate --dry-run -o jsonl
	bkactivate --explain -o jsonl
	bkstatus -o jsonl
	bkstatus execution "$id" -o jsonl
	bkstatus booking 1 -o jsonl
	bkstatus overdue -o jsonl
	bkstatus metrics -o jsonl
	bkstatus forecast -o jsonl
	bkstatus config -o jsonl
	bkstatus health -o jsonl
	echo "$running"
	echo "$lost"
	bkstatus events
	bkmaint hold 1000 --reason=x -o jsonl
	bkmaint settings -o jsonl
	bkmaint settings --history -o jsonl
	bkmaint doctor -o jsonl
	bkstatus holds -o jsonl
	bkstatus quarantine -o jsonl
	bkactivate --nosuch -o jsonl
	bkmaint migrate -o jsonl
	sql "UPDATE public.bookings SET status = 'CANCELLED' WHERE id = 1"
	bkmaint undo "$id" -o jsonl
	psql -XAtq -U postgres -d template1 -c "ALTER DATABASE $PGDATABASE RENAME TO away"
	bkstatus -o jsonl
	psql -XAtq -U postgres -d template1 -c "ALTER DATABASE away RENAME TO $PGDATABASE"
} 2>/dev/null | jq -r .type | sort -u)
same "$(subsection bk 'JSON lines' | sed 's/^\.Cm //; t split; d; :split' | grep -o '[a-z]*' |
	grep -vx 'jsonl\|or' | sort -u)" "$types" types

t "bk(7) has the keys of a log record"
log=$(BK_LOG_FORMAT=json BK_LOG_LEVEL=info bkactivate --now 2>&1
	PGPORT=1 BK_LOG_FORMAT=json bkactivate 2>&1
	PGDATABASE=no_such_database BK_LOG_FORMAT=json bkactivate 2>&1)
same "$(section bk LOG | sed -n 's/^\.Va //p' | grep -o '[a-zA-Z]*')" \
	"$(jq -r 'keys_unsorted[]' <<<"$log" | sort -u)" keys

# --- names and SQL ---

t "bk(7) has the names of the rules"
same "$(subsection bk 'Names of the rules' | items | names Cm)" \
	"$(sed -n 's/.*r->name = expires ? "\([a-z-]*\)" : "\([a-z-]*\)";/\1\n\2/p
		s/.*r->name = "\([a-z-]*\)".*/\1/p' "$BK_SRC/lib/rule/rule.c")" rules

# sql_example WORD: the literal block of the page that begins with it
sql_example() {
	awk -v want="$1" '/^\.Bd -literal/ { on = 1; next }
		/^\.Ed/ { if (found) exit; on = 0 }
		on && index($0, want) == 1 { found = 1 }
		on && found' "$(page bk)"
}

t "the SQL of bk(7) finds rows that are no booking's"
sql "INSERT INTO public.bookings (id, status, starts_at, ends_at, grace_minutes) VALUES
	(4711, 'CONFIRMED', now(), now() + interval '1 hour', 5),
	(-1, 'ACTIVE', now(), now() - interval '1 hour', NULL),
	(-2, 'CONFIRMED', 'infinity', NULL, NULL), (-3, 'PENDING', now(), 'infinity', NULL),
	(-4, 'CONFIRMED', now(), now() + interval '1 hour', -1),
	(-5, 'EXPIRED', now(), now() - interval '1 hour', NULL)"
sql_is "$(sql_example 'SELECT id FROM public.bookings')" "$(printf '%s\n' -1 -2 -3 -4)"

t "the SQL of bk(7) tells what happened to a booking"
bkactivate --now
example=$(sql_example 'SELECT at, rule')
sql_is "SELECT rule, from_state, to_state FROM (${example%;}) AS q" 'activate|CONFIRMED|ACTIVE'

t "the SQL of bk(7) makes an index"
sql_is "$(sql_example 'CREATE INDEX')" ''

t "the crontab of bk(7) is the one that is installed"
is "$(sed -n '/^\.Bd -literal$/,/^\.Ed/p' "$(page bk)" | grep '^[*]')" \
	"$(grep '^[*]' "$BK_SRC/etc/crontab.example")" crontab
for tool in bkactivate bknoshow bkmaint; do
	line=$(section $tool EXAMPLES | sed -n 's/^\.Dl \([*]\)/\1/p')
	grep -qxF "$line" "$BK_SRC/etc/crontab.example" ||
		harness_fail "$tool(1)" "a line of etc/crontab.example" "$line"
done

done_testing

# shellcheck shell=bash
# The mappings of etc/mappings through the programs, as a DBA would take one: migrate, the grants of
# its comment, dry runs, runs in several orders, and a second round that finds nothing to do. The
# clock runs, so nothing is closer to an instant than some minutes; tests/db/test_mappings.c has the
# exact boundaries.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

moment='4 minutes'
export BK_CONFIG=$BK_TEST_DIR/bk.conf

# open_example NAME: its table, bk's schema, and the role that runs the jobs
open_example() {
	install -m 644 "$BK_SRC/etc/mappings/$1.conf" "$BK_CONFIG"
	sql 'drop schema if exists bk cascade'
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -v ON_ERROR_STOP=1 -U postgres \
		-f "$BK_SRC/tests/mappings/$1.sql" || exit 1
	run bkmaint migrate -U postgres
	is_rc 0
	[ "$(sql "select count(*) from pg_roles where rolname = 'runner'")" = 1 ] ||
		sql 'create role runner login in role booking_update'
	sed -n 's/^#\t\(\(GRANT\|CREATE INDEX\|CREATE POLICY\) .*;\)$/\1/p' "$BK_CONFIG" >once.sql
	psql -XAtq -v ON_ERROR_STOP=1 -U postgres -f once.sql || exit 1
}

# listed JOB: the keys of its dry run, as a sorted JSON list
listed() {
	run bkmaint "$1" --dry-run -U runner --json
	is_rc 0
	json_is .data.nextCursor null
	jq -c '[.data.items[].key] | unique' "$BK_TEST_DIR/.out"
}

# changed: the keys of the last execution, likewise
changed() {
	sql "select coalesce(jsonb_agg(k), '[]') from (
		select distinct (select jsonb_agg(t.keys[c][r] order by c)
			from generate_subscripts(t.keys, 1) as c) as k
		from bk.booking_transitions as t, generate_subscripts(t.keys, 2) as r
		where t.execution_id = (select max(id) from bk.maintenance_executions)) as q" |
		jq -c unique
}

# play SCHEMA JOB...: fresh rows, each job looked at and run, and once more
play() {
	local schema=$1 job keys
	shift
	sql "select $schema.fill(clock_timestamp(), '$moment')" >/dev/null
	for job; do
		keys=$(listed "$job")
		run bkmaint "$job" -U runner --json
		is_rc 0
		json_is .data.status SUCCESS
		is "$(changed)" "$keys" "keys changed by $job"
	done
	sql_is "select * from $schema.wrong limit 5" ""
	for job; do
		is "$(listed "$job")" '[]' "$job again"
		run bkmaint "$job" -U runner --json
		is_rc 0
		json_is .data.processedCount 0
	done
	sql_is "select * from $schema.wrong limit 5" ""
}

# example NAME SCHEMA JOB...
example() {
	local name=$1 schema=$2 jobs=("${@:3}") job all
	t "$name: is read, and everything that it needs is in its comment"
	open_example "$name"
	run bkstatus config
	is_rc 0

	t "$name: as cron would call the jobs"
	play "$schema" "${jobs[@]}"
	sql_is "select count(*) >= 180 from $schema.expected" t

	t "$name: the other way round"
	all=$(printf '%s\n' "${jobs[@]}" | tac)
	mapfile -t jobs <<<"$all"
	play "$schema" "${jobs[@]}"

	t "$name: beginning in the middle"
	play "$schema" "${jobs[@]:1}" "${jobs[0]}"

	t "$name: by bkmaint run --due, bkactivate and bknoshow"
	sql "select $schema.fill(clock_timestamp(), '$moment')" >/dev/null
	sql "update bk.scheduler_job_info set next_execution_time = null"
	for job in 'bkmaint run --due' bkactivate bknoshow; do
		run $job -U runner
		is_rc 0
		err_is_empty
	done
	sql_is "select * from $schema.wrong limit 5" ""
}

four='activate-due cancel-no-shows update-completed update-expired'

# shellcheck disable=SC2086
{
	example parking parking $four
	example hotel hotel cancel-no-shows update-completed update-expired
	example clinic clinic $four
	example orm desks $four
	example tickets tickets update-expired
	example tenants saas $four decline-unanswered
	example app-scheduler app_scheduler activate-due cancel-no-shows update-completed
}

t "the query of bk(7) finds those whom the old rules expired though they came in time"
sql "select app_scheduler.fill(clock_timestamp(), '$moment')" >/dev/null
for job in activate-due cancel-no-shows update-completed; do
	run bkmaint "$job" -U runner
	is_rc 0
done
query=$(awk '/^SELECT id FROM public.bookings$/ { text = "" } { text = text $0 "\n" }
	/;$/ && text ~ /^SELECT.*check_in_time/ { printf "%s", text; exit }' "$BK_SRC/man/bk.7")
is "$(sql "$query" | sort -n | paste -sd' ')" \
	"$(sql "select id from app_scheduler.expected where what ~ 'expired at its start' order by id" |
		paste -sd' ')" "bookings"

t "every example is tried"
for file in "$BK_SRC"/etc/mappings/*.conf; do
	name=$(basename "$file" .conf)
	grep -q "^	example $name " "$BK_SRC/tests/cli/test_mappings.sh" ||
		harness_fail "$name" "an example of this test" "none"
	grep -q "{\"$name\"," "$BK_SRC/tests/db/test_mappings.c" ||
		harness_fail "$name" "an example of test_mappings.c" "none"
done

t "bk.conf(5) says what is in each"
for file in "$BK_SRC"/etc/mappings/*.conf; do
	grep -q "^\.It Pa $(basename "$file")$" "$BK_SRC/man/bk.conf.5" ||
		harness_fail "bk.conf(5)" "$(basename "$file")" "none"
done

# What the examples have of the settings that say where bookings are and what becomes of them.
t "the examples have every setting of the mapping between them"
used=$(sed 's/^[ \t]*#.*//' "$BK_SRC"/etc/mappings/*.conf)
for key in table key status start end check-in hold grace grace-unit updated start-scan end-scan \
	hold-scan time-zone where no-show-if set session after-batch rls volatile check-in-mode \
	late-check-in missed pending confirmed active completed no-show expired cancelled \
	job from to due scan until max-age description delay defaults; do
	grep -q "^[[:space:]]*$key = " <<<"$used" || harness_fail "setting" "$key" "in no example"
done

done_testing

# shellcheck shell=bash
# The mappings of etc/mappings through the programs, as a DBA would take one: migrate, the grants of
# its comment, dry runs, runs, a second round that finds nothing to do, and the calls of the crontab.
# The clock runs, so nothing is closer to an instant than some minutes; tests/db/test_mappings.c has
# the exact boundaries, and more orders.
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

# dry_run JOB: KEYS are those that it lists, as a sorted JSON list
dry_run() {
	run bkmaint "$1" --dry-run -U runner --json
	is_rc 0
	json_is .data.nextCursor null
	KEYS=$(jq -c '[.data.items[].key] | unique' "$BK_TEST_DIR/.out")
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

# fresh SCHEMA: its rows as they were
fresh() {
	sql "select $1.fill(clock_timestamp(), '$moment')" >/dev/null
}

# example NAME SCHEMA JOB...
example() {
	local name=$1 schema=$2 jobs=("${@:3}") job
	t "$name: is read, and everything that it needs is in its comment"
	open_example "$name"
	run bkstatus config --json
	is_rc 0
	jq -r '.data.items[] | select(.origin != "default") | .key' "$BK_TEST_DIR/.out" >>settings

	t "$name: what the dry run of each job lists becomes what each row's case says"
	fresh "$schema"
	sql_is "select count(*) >= 180 from $schema.expected" t
	for job in "${jobs[@]}"; do
		dry_run "$job"
		run bkmaint "$job" -U runner --json
		is_rc 0
		json_is .data.status SUCCESS
		is "$(changed)" "$KEYS" "keys changed by $job"
	done
	sql_is "select * from $schema.wrong limit 5" ""

	t "$name: then there is nothing left to do"
	for job in "${jobs[@]}"; do
		dry_run "$job"
		is "$KEYS" '[]' "$job"
		run bkmaint "$job" -U runner --json
		is_rc 0
		json_is .data.processedCount 0
	done
	sql_is "select * from $schema.wrong limit 5" ""

	t "$name: the other way round, by bkmaint run --due, bknoshow and bkactivate"
	fresh "$schema"
	sql "update bk.scheduler_job_info set next_execution_time = null"
	for job in 'bkmaint run --due' bknoshow bkactivate; do
		# shellcheck disable=SC2086 # words
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
	t "tenants: the records have the words of the job of one's own"
	sql_is "select distinct description from bk.maintenance_executions
		where operation = 'decline-unanswered'" \
		"$(sed -n 's/^	description = "\(.*\)"$/\1/p' "$BK_CONFIG")"

	t "tenants: a booking can be put on hold, unless a policy hides it"
	one_of="select id from saas.expected where what = 'without a time' and tenant_id ="
	run bkmaint hold 1 "$(sql "$one_of 1")" --reason=x -U runner
	is_rc 0
	run bkmaint hold 5 "$(sql "$one_of 5")" --reason=x -U runner
	is_rc 66
	example app-scheduler app_scheduler activate-due cancel-no-shows update-completed
}

t "the query of bk(7) finds those whom the old rules expired though they came in time"
fresh app_scheduler
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

t "the examples have every setting of the mapping between them"
run bkstatus config --json
used=$(sed 's/^rule\.[^.]*\./rule./; s/^.*\.\(set\|after-batch\|delay\)$/&\njob.\1/' settings)
for key in $(jq -r '.data.items[].key | select(startswith("bookings."))' "$BK_TEST_DIR/.out") \
	rule.{job,from,to,due,scan,until,where,set,max-age} job.{set,after-batch,delay} \
	defaults; do
	grep -qx "$key" <<<"$used" || harness_fail "setting" "$key" "in no example"
done

done_testing

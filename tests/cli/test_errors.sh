# shellcheck shell=bash
# What bad configurations, mappings and databases get: one line, the documented status, JSON where
# asked for, and nothing changed or recorded.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
sql "create role worker login; grant booking_update to worker"

# fails STATUS CODE TEXT COMMAND...: as text and as JSON; nothing is changed or recorded
fails() {
	local status=$1 code=$2 text=$3
	shift 3
	run "$@"
	is_rc "$status"
	out_is_empty
	err_has "$1: error: $text"
	is "$(grep -vc "^$1: hint: " "$BK_TEST_DIR/.err")" 1 "lines that are no hint"
	run "$@" --json
	is_rc "$status"
	json_is '[.success, .error.code, .error.exitCode, .data] | tojson' \
		"[false,\"$code\",$status,null]"
	json_is '.error.message == .message and (.message | contains("\n") | not)' true
	is "$(records) $(statuses)" "0 CONFIRMED 2"
}
due 2

# --- the configuration ---

while IFS='|' read -r config text; do
	t "configuration: $config"
	configure "$config"
	for tool in bknoshow "bkmaint update-expired -n"; do
		fails 78 CONFIG "$BK_TEST_DIR/bk.conf:$text" $tool
	done
done <<'END'
nosuch = 1|1: unknown key "nosuch"
activate-due { delay = 1 }|1: activate-due.delay:
activate-due { delay = "|1:
activate-due { batch-size = 0 }|1: activate-due.batch-size:
/* never ends|1:
grace = 5m grace = 6m|1: grace:
END
configure "# one" "" "log-level = loud"
t "the line of an error is right"
fails 78 CONFIG "$BK_TEST_DIR/bk.conf:3: log-level: " bkactivate

t "a file that is named and not there, a directory, one that others may write"
fails 78 CONFIG "" bkactivate --config="$BK_TEST_DIR/nosuch.conf"
fails 78 CONFIG "" bkactivate --config="$BK_TEST_DIR"
configure
chmod 0666 "$BK_CONFIG"
fails 78 CONFIG "" bkactivate
chmod 0600 "$BK_CONFIG"

t "a profile that is not there"
fails 78 CONFIG "" bkactivate --profile=nosuch

# --- the mapping ---

states='states { confirmed = {"CONFIRMED"} active = {"ACTIVE"} completed = {"COMPLETED"} }'
# shellcheck disable=SC2034 # a name in the table below
firm='states { confirmed = {"FIRM"} active = {"ACTIVE"} completed = {"COMPLETED"} }'
alone='check-in-mode = untracked } cancel-no-shows { enabled = no } update-expired { enabled = no }'
# mapping TABLE KEY STATUS START STATES
mapping() {
	configure "bookings { table = \"$1\" key = {\"$2\"} status = \"$3\" start = \"$4\"" \
		"end = \"ends_at\" $5 $alone"
}
while IFS='|' read -r table key status start label text; do
	t "mapping: $text"
	label=${label:-states}
	mapping "$table" "$key" "$status" "$start" "${!label}"
	fails 78 MAPPING "$text" bkactivate
	fails 78 MAPPING "$text" bkactivate -n
	run bkactivate -n -o csv
	is_rc 78
	out_is_empty
done <<'END'
nosuch|id|status|starts_at||bookings.table: table "public.nosuch" does not exist
nosuch.bookings|id|status|starts_at||bookings.table: table "nosuch.bookings" does not exist
Bookings|id|status|starts_at||bookings.table: table "public.Bookings" does not exist
pg_catalog.pg_class_oid_index|id|status|starts_at||bookings.table: "pg_catalog.pg_class_oid_index" is no table
bookings|nosuch|status|starts_at||bookings.key: table "public.bookings" has no column "nosuch"
bookings|id|Status|starts_at||bookings.status: table "public.bookings" has no column "Status"
bookings|id|status|begins||bookings.start: table "public.bookings" has no column "begins"
bookings|id|status|customer_id||bookings.start: column "customer_id" is of type bigint
bookings|id|status|starts_at|firm|bookings.states.confirmed: column "status" can never hold 'FIRM'
bookings|id|customer_id|starts_at||bookings.states.confirmed: column "customer_id" is of type bigint
END

t "a label that the column's length cuts off"
sql "create table short (id int primary key, status varchar(5), starts_at timestamptz,
	ends_at timestamptz)"
mapping short id status starts_at "$states"
fails 78 MAPPING "bookings.states.confirmed: column \"status\" can never hold 'CONFIRMED': it is$(
	) too long" bkactivate

t "a label that a domain refuses"
sql "create domain mood as text check (value in ('CONFIRMED', 'ACTIVE'));
	create table moody (id int primary key, status mood, starts_at timestamptz,
		ends_at timestamptz)"
mapping moody id status starts_at "$states"
fails 78 MAPPING "bookings.states.completed: column \"status\" is of type public.mood: value for domain" \
	bkactivate

t "a label that an enum does not have"
sql "create type mode as enum ('CONFIRMED', 'ACTIVE');
	create table modal (id int primary key, status mode, starts_at timestamptz,
		ends_at timestamptz)"
mapping modal id status starts_at "$states"
fails 78 MAPPING "bookings.states.completed: column \"status\" is of type public.mode: invalid input$(
	) value for enum public.mode: \"COMPLETED\"" bkactivate

t "a table that vanished after the mapping was checked"
configure
run bknoshow
is_rc 0
sql "truncate bk.maintenance_executions cascade; alter table bookings rename to elsewhere"
run bkactivate
is_rc 78
err_has 'error: bookings.table: table "public.bookings" does not exist'
is "$(records)" 0
sql "alter table elsewhere rename to bookings; alter table bookings rename ends_at to e"
run bkactivate --json
is_rc 78
json_is .error.code MAPPING
err_has 'error: bookings.end: table "public.bookings" has no column "ends_at"'
is "$(records)" 0
sql "alter table bookings rename e to ends_at"

# --- privileges ---

t "a missing privilege names the grant, and with it typed it works: 77"
empty_table
due 2
sql "revoke update (status) on bookings from booking_update"
run bkactivate -U worker
is_rc 77
err_has "error: "
err_has "permission denied for table bookings"
grant=$(sed -n 's/^bkactivate: hint: .*: \(GRANT .*\)$/\1/p' "$BK_TEST_DIR/.err")
is "$grant" "GRANT UPDATE (status) ON public.bookings TO worker"
is "$(statuses)" "CONFIRMED 2"
sql "$grant"
run bkactivate --now -U worker
is_rc 0
is "$(statuses)" "ACTIVE 2"

t "row-level security that is active for the role is refused: 77"
sql "alter table bookings enable row level security; truncate bk.maintenance_executions cascade"
due 2
for command in "bkactivate --now" "bkactivate -n"; do
	run $command -U worker
	is_rc 77
	err_has "row-level security"
	err_has "hint: "
done
is "$(records)" 0
sql "alter table bookings disable row level security"

# --- faults of the table ---

t "an exception of the table's own trigger for all: 1, recorded, and the next success clears it"
empty_table
due 9
sql "create function no() returns trigger language plpgsql as
	\$\$ begin raise exception E'the books\nare closed'; end \$\$;
	create trigger no before update on bookings for each row execute function no()"
run bkactivate
is_rc 1
err_has "error: each of 8 bookings tried alone is refused: rule activate: "
err_has "hint: nothing was set aside"
is "$(wc -l <"$BK_TEST_DIR/.err")" 2
sql_is "select count(*) from bk.quarantined_bookings" 0
is "$(last_record status processed_count error_code)" "ERROR|0|RUN_FAILED"
run bkstatus job activate-due --json
json_is '[.data.status, .data.retryCount] | tojson' '["ERROR",1]'
run bkactivate --now --json
is_rc 1
json_is '[.success, .error.code, .error.sqlstate, .data.status, .data.executionId != null]
	| tojson' \
	'[false,"RUN_FAILED","P0001","ERROR",true]'
sql "drop function no cascade"
run bkactivate --now
is_rc 0
run bkstatus job activate-due --json
json_is '[.data.status, .data.retryCount, .data.errorMessage] | tojson' '["IDLE",0,null]'

t "a timeout: 3, and what was committed stays"
empty_table
due 30
configure 'activate-due { batch-size = 1 timeout = 2s lock-timeout = 100ms }'
sql "create function slow() returns trigger language plpgsql as
	\$\$ begin perform pg_sleep(0.3); return new; end \$\$;
	create trigger slow before update on bookings for each row execute function slow()"
run bkactivate --json
is_rc 3
json_is '[.success, .error.code, .data.status, .data.processedCount > 1, .data.processedCount < 30]
	| tojson' '[false,"TIMEOUT","TIMEOUT",true,true]'
is "$(last_record processed_count)" "$(sql "select count(*) from bookings where status = 'ACTIVE'")"

done_testing

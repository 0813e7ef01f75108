# shellcheck shell=bash
# The log of the tools: text and JSON, standard error, file and syslog; and that no password is in
# it, nor in any other output, nor in the database.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
log=$BK_TEST_DIR/bk.log
stamp='^20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z'

t "by default a success is no record"
due 1
run bkactivate --now
err_is_empty

t "log-level info tells each run on standard error"
configure 'log-level = info'
due 2
run bkactivate --now
is_rc 0
out_is_empty
is "$(wc -l <"$BK_TEST_DIR/.err")" 1
[[ $ERR =~ $stamp ]] || harness_fail "no time" "$stamp" "$ERR"
err_has "activate-due ran"
err_has "INFO"
run bkactivate
err_has "not-due"

t "JSON lines on standard error, also for an error, which is then said once"
configure 'log-level = info log-format = json'
due 1
run bkactivate --now
is "$(jq -c '[.level, .logger, .operation, .status, .error]' <<<"$ERR")" \
	'["INFO","bkactivate","activate-due","SUCCESS",null]'
is "$(jq -r .executionId <<<"$ERR")" "$(last_record id)"
is "$(jq -r '.timestamp | test("^20..-..-..T..:..:..\\....Z$")' <<<"$ERR")" true
is "$(jq -r '.executionTimeMs | type' <<<"$ERR")" number
running activate-due '1 minute'
run bkactivate --now
is_rc 75
is "$(wc -l <"$BK_TEST_DIR/.err")" 1
is "$(jq -c '[.level, .operation]' <<<"$ERR")" '["ERROR","activate-due"]'
is "$(jq -r '.error' <<<"$ERR")" "activate-due is running already on host-7 pid 17"
sql "truncate bk.maintenance_executions cascade"

t "to a file: appended, 0640, and standard error stays for people"
configure "log-level = info log-target = file log-file = \"$log\" log-format = json"
due 1
run bkactivate --now
err_is_empty
run bkactivate --now
is "$(wc -l <"$log")" 2
is "$(stat -c %a "$log")" 640
is "$(jq -c '[.status, .error]' "$log" | sort -u)" '["SUCCESS",null]'
running activate-due '1 minute'
run bkactivate --now
is_rc 75
err_is "bkactivate: error: activate-due is running already on host-7 pid 17"
is "$(tail -n 1 "$log" | jq -c '[.level, .operation, .status]')" '["ERROR","activate-due",null]'
sql "truncate bk.maintenance_executions cascade"

t "a file that was moved away is made anew, as logrotate expects"
mv "$log" "$log.1"
run bkactivate --now
is "$(wc -l <"$log")" 1

t "a failed run is logged with its execution and sqlstate"
sql "create function no() returns trigger language plpgsql as
	\$\$ begin raise exception 'closed'; end \$\$;
	create trigger no before update on bookings for each row execute function no()"
due 9
run bkactivate --now
is_rc 1
is "$(tail -n 1 "$log" | jq -c '[.level, .operation, .status, .sqlstate]')" \
	'["ERROR","activate-due","ERROR","P0001"]'
is "$(tail -n 1 "$log" | jq -r .executionId)" "$(last_record id)"
sql "drop function no cascade"

t "a log that cannot be written is a warning, and the run goes on"
configure "log-level = info log-target = file log-file = \"$BK_TEST_DIR/nosuch/bk.log\""
run bkactivate --now
is_rc 0
err_has "warning: "
err_has "nosuch/bk.log"
configure "log-level = info log-target = file log-file = \"/dev/full\""
run bkactivate --now
is_rc 0

t "syslog does no harm where there is none"
configure 'log-level = info log-target = syslog'
run bkactivate --now
is_rc 0
out_is_empty
err_is_empty

t "-q silences all but errors"
configure 'log-level = debug'
run bkactivate --now -q
err_is_empty

t "what is no plain text is one line"
configure
sql "create function no() returns trigger language plpgsql as
	\$\$ begin raise exception E'a\\nb \\x1b[31m \\u202e'; end \$\$;
	create trigger no before update on bookings for each row execute function no()"
due 9
run bkactivate --now
is_rc 1
is "$(grep -vc '^bkactivate: hint: ' "$BK_TEST_DIR/.err")" 1
is "$(LC_ALL=C grep -c $'\x1b' "$BK_TEST_DIR/.err")" 0
sql "drop function no cascade"

# --- passwords ---

sql "create role bk_pw; create role locked login password 'hunter2' in role bk_pw;
	grant booking_update to locked; grant all on all tables in schema public to locked"
transcript=$BK_TEST_DIR/transcript
# said COMMAND...: with everything on, its output is kept
said() {
	run "$@"
	cat "$BK_TEST_DIR/.out" "$BK_TEST_DIR/.err" >>"$transcript"
}

t "a password appears nowhere, whether it is right or wrong"
for conninfo in "user=locked password=hunter2" "user=locked password=hunter2x" \
	"postgresql://locked:hunter2@/" "user=locked password='hunter2" \
	"password=hunter2 nosuch=1"; do
	configure "database = \"$conninfo\"" 'log-level = debug log-format = json'
	chmod 0600 "$BK_CONFIG"
	for command in "bkactivate --now -vv" "bkactivate -n" "bkmaint run --due --json" \
		"bkmaint migrate --check -vv" "bkstatus config" "bkstatus config --json" \
		"bkstatus health"; do
		said env -u PGUSER $command
	done
done
configure
for dbname in "password=hunter2" "postgresql://locked:hunter2@localhost/x" "password=hunter2 x"; do
	said bkactivate -vv -d "$dbname"
	is_rc 64
done
said env PGPASSWORD=hunter2 PGUSER=locked bkactivate --now -vv
is_rc 0
said env PGPASSWORD=hunter2x PGUSER=locked bkactivate --now -vv
is_rc 77
is "$(grep -c hunter "$transcript")" 0
[ "$(wc -l <"$transcript")" -gt 30 ] || harness_fail "transcript" "more than 30 lines" ""

t "and was not written into the database"
is "$(pg_dump -U postgres --data-only | grep -c hunter)" 0

t "a file with a password that others may read is refused"
configure 'database = "password=hunter2"'
chmod 0644 "$BK_CONFIG"
run bkactivate
is_rc 78
err_lacks hunter

t "parallel workers that cannot connect are missed, in one line"
empty_table
sql "create role single login connection limit 1; grant booking_update to single"
configure 'activate-due { parallel = 3 batch-size = 2 }'
due 20
run env PGUSER=single bkactivate --now
is_rc 0
out_is_empty
is "$(wc -l <"$BK_TEST_DIR/.err")" 1
err_has "bkactivate: warning: 2 of the 3 workers of activate-due could not connect: "
err_has 'too many connections for role "single"'
is "$(statuses)" "ACTIVE 20"
is "$(last_record status retry_count error_message)" "SUCCESS|0|"

done_testing

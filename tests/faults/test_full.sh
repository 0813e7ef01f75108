# shellcheck shell=bash
# Nowhere to write to: the bookings matter more than what is said about them, and what could not be
# said is an error all the same.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

audited_table
configure

# worked: five bookings were changed, and the run is on record
worked() {
	is "$(all_records status processed_count)" "SUCCESS 5"
	is "$(statuses)" "ACTIVE 5"
	is_sound
}

for format in table json jsonl csv; do
	t "a full disk for stdout ($format): 74, and the work is done"
	fresh 5
	bkactivate --now -o "$format" >/dev/full 2>err
	is $? 74
	is "$(grep -c "No space left on device" err)" 1
	worked
done

t "a closed stdout: 74, and the work is done"
fresh 5
bkactivate --now --json >&- 2>err
is $? 74
worked

t "a reader that is gone: 74, and the work is done"
fresh 5
mkfifo pipe
exec 8<>pipe 7>pipe 8<&-
bkactivate --now --json >&7 2>err
is $? 74
exec 7>&-
worked

t "a full disk for stderr as well: the work is done"
fresh 5
bkactivate --now --json >/dev/full 2>/dev/full
is $? 74
worked

t "a full disk for the log: a warning, and the run goes on"
configure 'log-target = file' 'log-file = /dev/full' 'log-level = debug'
fresh 5
run bkactivate --now --json
is_rc 0
err_has "warning: the log file cannot be written"
json_is .data.processedCount 5
worked

t "a log that cannot be opened: a warning, and the run goes on"
configure 'log-target = file' "log-file = $BK_TEST_DIR/none/log"
fresh 5
run bkactivate --now --json
is_rc 0
err_has "none/log"
worked

t "tools that only read say so, too"
configure
for command in bkstatus "bkstatus history" "bkstatus job activate-due" "bkstatus config" \
	"bkactivate -n" "bkactivate --help"; do
	$command >/dev/full 2>err
	is $? 74 "$command"
done

done_testing

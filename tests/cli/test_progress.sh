# shellcheck shell=bash
# How far a run is: the line at a terminal, lines elsewhere, the answer to SIGUSR1. The run is held
# by a lock that a trigger of the table waits for.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

screen=$BK_TEST_DIR/screen
line="activate-due  4 done  "

configure 'activate-due {' 'batch-size = 2' 'lock-timeout = 1m' 'statement-timeout = 2m' 'timeout = 5m' '}'
empty_table
sql "create function wait() returns trigger language plpgsql as \$\$
	begin
		if old.id % 5 = 0 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger wait before update on bookings for each row execute function wait()"

# begin COMMAND...: nine bookings are due; it runs in the background until it waits for the lock,
# with four of them done
begin() {
	empty_table
	due 9
	hold "select pg_advisory_lock(4242)"
	# Without the holder's pipe, which let_go closes.
	"$@" >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null 9>&- &
	pid=$!
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
}

# finish: lets it end, as run() does
finish() {
	let_go
	wait "$pid"
	RC=$?
	OUT=$(cat "$BK_TEST_DIR/.out")
	ERR=$(cat "$BK_TEST_DIR/.err")
}

# at_terminal COMMAND: it writes to $screen; standard input is none
at_terminal() {
	TERM=xterm script -qfec "stty cols 100 rows 24; exec $1" /dev/null >"$screen"
}

# shows FILE TEXT: waits until it is there
shows() {
	wait_until grep -qF -- "$2" "$1"
}

t "at a terminal a line appears, and the result stands on a clean one"
begin at_terminal "bkactivate --now"
shows "$screen" $'\r'"$line"
finish
is_rc 0
[[ $(<"$screen") == *$'\r\033[K'"activate-due: SUCCESS, 9 bookings changed in "* ]] ||
	harness_fail "screen" "the line erased, and the result" "$(tail -c 500 "$screen" | cat -v)"
is "$(grep -c 'so far' "$screen")" 1 "lines with progress, all of them one"

t "an error stands on a clean line as well"
sql "create function refuse() returns trigger language plpgsql as \$\$
	begin raise 'not you' using errcode = '42501'; end \$\$;
	create trigger yield before update on bookings for each row when (old.id = 5)
		execute function refuse()"
begin at_terminal "bkactivate --now --color=never"
shows "$screen" $'\r'"$line"
finish
is_rc 77
result="activate-due: ERROR, 4 bookings changed in "
[[ $(<"$screen") == *$'\r\033[K'"$result"*$'\n'"bkactivate: error: "* ]] ||
	harness_fail "screen" "the line erased, and the error" "$(tail -c 500 "$screen" | cat -v)"
sql "drop trigger yield on bookings"

for option in -q --json; do
	t "at a terminal with $option there is no line"
	begin at_terminal "env BK_LOG_LEVEL=error bkactivate --now $option"
	# It is there for longer than a line would need to appear.
	wait_for "exists (select from pg_stat_activity where application_name like 'bk:activate%'
		and clock_timestamp() > xact_start + interval '1200 ms')"
	finish
	is_rc 0
	! grep -q "so far" "$screen" ||
		harness_fail "screen" "no progress" "$(tail -c 500 "$screen" | cat -v)"
done

t "a dumb terminal gets no line"
begin env TERM=dumb script -qfec "bkactivate --now" /dev/null
wait_for "exists (select from pg_stat_activity where application_name like 'bk:activate%'
	and clock_timestamp() > xact_start + interval '1200 ms')"
finish
is_rc 0
out_lacks "so far"

t "where there is no terminal a line a second can be had"
begin bkactivate --now --progress=always
shows "$BK_TEST_DIR/.err" "$line"
finish
is_rc 0
out_is_empty
err_has " so far"
err_lacks $'\r'
is "$(grep -vc "^activate-due  [0-9]* " "$BK_TEST_DIR/.err")" 0 "other lines"

t "and is not asked for otherwise"
begin bkactivate --now
wait_for "exists (select from pg_stat_activity where application_name like 'bk:activate%'
	and clock_timestamp() > xact_start + interval '1200 ms')"
finish
is_rc 0
err_is_empty

answer='activate-due: execution 1, 4 bookings, [0-9]*/s, [0-9.]* m\{0,1\}s so far'
for options in "" -q; do
	t "SIGUSR1 is answered in the middle of a batch, and disturbs nobody: ${options:-no option}"
	# shellcheck disable=SC2086
	begin bkactivate --now $options
	kill -USR1 "$pid"
	shows "$BK_TEST_DIR/.err" "so far"
	finish
	is_rc 0
	is "$(grep -cx "bkactivate: $answer" "$BK_TEST_DIR/.err")" 1 "answers"
	is "$(wc -l <"$BK_TEST_DIR/.err")" 1 "lines"
	is "$(last_record status processed_count)" "SUCCESS|9"
done

t "SIGUSR1 to a caller that had it blocked or ignored"
begin bash -c 'trap "" USR1; exec bkmaint activate-due'
kill -USR1 "$pid"
shows "$BK_TEST_DIR/.err" "so far"
finish
is_rc 0
is "$(grep -cx "bkmaint: $answer" "$BK_TEST_DIR/.err")" 1 "answers"

t "a hundred of them are no more than a hundred"
begin bkactivate --now
for ((i = 0; i < 100; i++)); do
	kill -USR1 "$pid"
done
shows "$BK_TEST_DIR/.err" "so far"
finish
is_rc 0
is "$(grep -vcx "bkactivate: $answer" "$BK_TEST_DIR/.err")" 0 "other lines"
is "$(last_record status processed_count retry_count)" "SUCCESS|9|0"

t "a word that --progress does not know"
run bkactivate --progress=yes
is_rc 64
err_has 'option --progress: "yes" is none of auto, always or never'

t "a running job shows its share of the total"
empty_table
running activate-due '1 hour'
sql "update bk.execution_workers set processed = 120000"
run bkstatus
out_has "activate-due      RUNNING  "
sql "update bk.maintenance_executions set due_total = 300000"
run bkstatus
out_has "activate-due      RUNNING 40 %  "
run bkstatus --json
json_is '.data.items[0] | [.status, .runningProcessedCount, .runningTotal, .runningExecutions]
	| tojson' '["RUNNING",120000,300000,1]'
json_is '.data.items[1] | [.runningProcessedCount, .runningTotal, .runningExecutions] | tojson' \
	'[null,null,null]'
run bkstatus job activate-due
out_has "STATUS            RUNNING 40 %"
out_has "OF                300000"
run bkstatus -o csv
is "$(head -n 1 "$BK_TEST_DIR/.out" | tr ',' '\n' | grep -c '^status$')" 1 "columns named status"
is "$(sed -n 2p "$BK_TEST_DIR/.out" | grep -c ',RUNNING,')" 1 "csv"

done_testing

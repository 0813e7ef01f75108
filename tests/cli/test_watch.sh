# shellcheck shell=bash
# bkstatus watch: its options, its formats, and what it does to a terminal. What happens between two
# refreshes is in tests/db/test_cli_watch.c.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

screen=$BK_TEST_DIR/screen
enter=$'\033[?1049h\033[?25l\033[?7l' leave=$'\033[?7h\033[?25h\033[?1049l'

configure
empty_table

t "a document has an end, a watch has none"
for format in json csv; do
	run bkstatus watch -o $format
	is_rc 64
	err_has "error: watch does not print $format"
	err_has "hint: use --output=jsonl"
done
run bkstatus watch --json
json_is '[.error.code, .error.hint] | tojson' '["USAGE","use --output=jsonl"]'

t "bad intervals and counts"
for value in 99ms 61m 0 2 -1s "1 s"; do
	run bkstatus watch "--interval=$value"
	is_rc 64
	out_is_empty
	err_has "option --interval: \"$value\" is no duration from 100ms to 1h"
done
for value in 0 -1 x 1000000001; do
	run bkstatus watch "--count=$value"
	is_rc 64
	err_has "option --count: \"$value\" is no number from 1 to 1000000000"
done
run bkstatus jobs --count=1
is_rc 64

t "in a pipe a block follows a block"
run bkstatus watch --count=2 --interval=100ms
is_rc 0
err_is_empty
is "$(sed 's/^20..-..-..T..:..:..Z$/TIME/' "$BK_TEST_DIR/.out" | grep -c '^TIME$')" 2 blocks
is "$(grep -c '^nothing is running$' "$BK_TEST_DIR/.out")" 2
is "$(grep -c '^activate-due      IDLE ' "$BK_TEST_DIR/.out")" 2
out_lacks $'\033'

t "work that is due and not done is shown with its age"
bookings 7 CONFIRMED '-10 minutes'
run bkstatus watch --count=1
[[ $OUT =~ activate-due\ +IDLE\ +7\ +10m\  ]] || harness_fail stdout "the queue" "$OUT"
sql "truncate bookings"

t "what failed last is shown with its reason"
running update-expired '-1 hour'
sql "update bk.maintenance_executions set status = 'ABANDONED', finished_at = now(),
	error_message = E'it \033[31mdied'"
run bkstatus watch --count=1
[[ $OUT == *ABANDONED*'it \x1b[31mdied' ]] || harness_fail stdout "the failure" "$OUT"
out_lacks $'\033'
sql "truncate bk.maintenance_executions, bk.execution_workers, bk.booking_transitions
	restart identity"

t "what is running is shown with its progress"
running activate-due '1 hour'
running update-expired '-1 hour'
sql "update bk.execution_workers set processed = 120000;
	update bk.maintenance_executions set due_total = 300000"
run bkstatus watch --count=1
is_rc 0
out_has "activate-due      RUNNING 40 %"
out_lacks "update-expired  120000"
[[ $OUT =~ activate-due\ +120000\ +300000\ +40\ .*host-7 ]] ||
	harness_fail "stdout" "the execution and its progress" "$OUT"
run bkstatus watch --count=1 -v
out_has "LEASE"

t "lines for programs"
run bkstatus watch --count=2 --interval=100ms -o jsonl
is_rc 0
is "$(jq -r .type "$BK_TEST_DIR/.out" | tr '\n' ' ')" "running running summary " types
is "$(head -n 1 "$BK_TEST_DIR/.out" |
	jq -c '[.id, .operation, .serverInstance, .pid, .slot, .workers, .processedCount, .total,
		.percent, .cancelRequested, (.leftMs | type), (.at | type)]')" \
	'["1","activate-due","host-7",17,0,1,120000,300000,40,false,"number","string"]'
is "$(tail -n 1 "$BK_TEST_DIR/.out")" '{"type":"summary","refreshes":2}'

t "no database, no watch"
run env PGPORT=1 bkstatus watch
is_rc 69
out_is_empty
run env PGPORT=1 bkstatus watch -o jsonl
is_rc 69
is "$(jq -r .type "$BK_TEST_DIR/.out")" error

t "output that cannot be written ends it"
run bash -c 'bkstatus watch --interval=100ms >/dev/full'
is_rc 74
err_has "cannot write to standard output"

t "a reader that goes away ends it without a word"
run bash -c 'set -o pipefail; bkstatus watch --interval=100ms | head -n 1'
is_rc 141
err_is_empty

# at_terminal COLUMNS COMMAND: it writes to $screen; the terminal is $(tty), the process $(pid), and
# what is typed comes from descriptor 8. Its exit status goes to $BK_TEST_DIR/status.
at_terminal() {
	rm -f "$BK_TEST_DIR"/{keys,status,before,after}
	mkfifo "$BK_TEST_DIR/keys"
	cat >"$BK_TEST_DIR/session" <<END
trap : INT TSTP
stty cols $1 rows 24
tty >"$BK_TEST_DIR/tty"
stty -g >"$BK_TEST_DIR/before"
sh -c 'echo \$\$ >"$BK_TEST_DIR/pid"; exec env --default-signal=QUIT $2'
echo \$? >"$BK_TEST_DIR/status"
stty -g >"$BK_TEST_DIR/after"
END
	TERM=xterm script -qfc "sh $BK_TEST_DIR/session" /dev/null <"$BK_TEST_DIR/keys" >"$screen" 2>&1 &
	session=$!
	exec 8>"$BK_TEST_DIR/keys"
}

# over STATUS: waits for the end of the session
over() {
	wait_until [ -s "$BK_TEST_DIR/after" ]
	exec 8>&-
	wait "$session"
	is "$(cat "$BK_TEST_DIR/status")" "$1" "exit status"
	is "$(cat "$BK_TEST_DIR/after")" "$(cat "$BK_TEST_DIR/before")" "settings of the terminal"
}

# frames N: waits until so many were drawn
frames() {
	wait_until eval "[ \$(grep -aoF $'\033[H' '$screen' | wc -l) -ge $1 ]"
}

t "at a terminal it draws in place, and Ctrl-C leaves everything as it was"
at_terminal 100 "bkstatus watch --interval=100ms"
frames 3
printf '\003' >&8
over 130
is "$(grep -aoF "$enter" "$screen" | wc -l)" 1 "times the other screen was entered"
[[ $(<"$screen") == "$enter"$'\033[H20'* ]] || harness_fail screen enter "$(head -c 99 "$screen" | cat -v)"
# The terminal itself shows the ^C.
[[ $(tr -d '\r\n' <"$screen") =~ $'\033[J'(\^C)?$'\033[?7h\033[?25h\033[?1049l'$ ]] ||
	harness_fail screen "left, and not a word" "$(tail -c 200 "$screen" | cat -v)"
! grep -aqF $'\033[2J' "$screen" || harness_fail screen "no clearing of it all" "$(cat -v "$screen")"

t "the width of the terminal is that of the moment"
at_terminal 100 "bkstatus watch --interval=100ms --color=never"
frames 2
stty -F "$(cat "$BK_TEST_DIR/tty")" cols 20
before=$(grep -aoF $'\033[H' "$screen" | wc -l)
frames $((before + 2))
printf '\003' >&8
over 130
grep -aqF $'activate-due      IDLE' "$screen" || grep -aqF 'activate-due      RUNNING' "$screen" ||
	harness_fail screen "a wide line" "$(head -c 400 "$screen" | cat -v)"
grep -aq $'^cancel-no-shows   I\033' "$screen" ||
	harness_fail screen "a line of 19 columns" "$(tail -c 400 "$screen" | cat -v)"

t "SIGTERM leaves everything as it was, too"
at_terminal 100 "bkstatus watch --interval=100ms"
frames 1
kill -TERM "$(cat "$BK_TEST_DIR/pid")"
over 143
[[ $(tr -d '\r\n' <"$screen") == *"$leave" ]] ||
	harness_fail screen "left" "$(tail -c 200 "$screen" | cat -v)"

t "Ctrl-Z gives the shell its terminal, and fg draws again"
at_terminal 100 "bkstatus watch --interval=100ms"
frames 1
printf '\032' >&8
wait_until grep -q '^State:.*stopped' "/proc/$(cat "$BK_TEST_DIR/pid")/status"
[[ $(tr -d '\r\n' <"$screen") == *"$leave" ]] ||
	harness_fail screen "left" "$(tail -c 200 "$screen" | cat -v)"
kill -CONT "$(cat "$BK_TEST_DIR/pid")"
wait_until eval "[ \$(grep -aoF '$enter' '$screen' | wc -l) -eq 2 ]"
printf '\003' >&8
over 130

for signal in QUIT HUP; do
	t "SIG$signal does so as well, and is what ended it"
	at_terminal 100 "bkstatus watch --interval=100ms"
	frames 1
	kill -$signal "$(cat "$BK_TEST_DIR/pid")"
	over $((128 + $(kill -l $signal)))
	[[ $(tr -d '\r\n' <"$screen") == *"$leave"* ]] ||
		harness_fail screen "left" "$(tail -c 200 "$screen" | cat -v)"
done

t "q ends it, and nothing stays"
at_terminal 100 "bkstatus watch --interval=1h"
frames 1
printf 'xq' >&8
over 0
[[ $(tr -d '\r\n' <"$screen") == *"$leave" ]] ||
	harness_fail screen "left, and not a word" "$(tail -c 200 "$screen" | cat -v)"
grep -aqF '  p pauses, q ends' "$screen" || harness_fail screen "the keys" "$(cat -v "$screen")"

t "p pauses it, also while its interval is over, and lets it go on at once"
at_terminal 100 "bkstatus watch --interval=100ms"
frames 2
printf 'p' >&8
wait_until grep -aqF '  paused: p goes on, q ends' "$screen"
before=$(grep -aoF $'\033[H' "$screen" | wc -l)
# It has asked nothing for five intervals.
wait_for "(select clock_timestamp() - state_change > interval '500 ms' from pg_stat_activity
	where application_name = 'bk:watch')"
is "$(grep -aoF $'\033[H' "$screen" | wc -l)" "$before" "frames while it is paused"
printf 'p' >&8
frames $((before + 2))
printf 'pq' >&8
over 0

t "the keys are told before what is the matter, and while it is paused nothing is asked again"
sql "create role watcher login; grant booking_read to watcher"
at_terminal 100 "bkstatus watch -U watcher --interval=100ms --color=never"
frames 1
sql "alter role watcher nologin"
sql "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'watcher'" >/dev/null
wait_until grep -aqF '  p pauses, q ends  asking again: ' "$screen"
printf 'p' >&8
wait_until grep -aqE '  paused: p goes on, q ends  [^ ]' "$screen"
! grep -aq 'paused: .*asking again' "$screen" || harness_fail screen "no asking" "$(cat -v "$screen")"
printf 'q' >&8
over 0

t "a change of the size is followed at once, also while it is paused"
at_terminal 100 "bkstatus watch --interval=1h --color=never"
frames 1
printf 'p' >&8
frames 2
stty -F "$(cat "$BK_TEST_DIR/tty")" cols 20 rows 6
frames 3
grep -aq $'^cancel-no-shows   I\033' "$screen" ||
	harness_fail screen "a line of 19 columns" "$(tail -c 400 "$screen" | cat -v)"
grep -aqE '^\.\.\. [0-9]+ more lines' "$screen" ||
	harness_fail screen "6 rows" "$(tail -c 400 "$screen" | cat -v)"
printf 'q' >&8
over 0

t "in a pipeline that is fed it takes no key for one of its own"
run script -qec "printf q | bkstatus watch --count=2 --interval=100ms --color=never | cat" /dev/null
is_rc 0
is "$(grep -ac '^JOB ' "$BK_TEST_DIR/.out")" 2 blocks

t "when the count is full the last page stays"
at_terminal 100 "bkstatus watch --interval=100ms --count=2 --color=never"
over 0
rest=$(<"$screen")
rest=${rest##*"$leave"}
[[ $rest == *$'\nactivate-due      RUNNING 40 %'* ]] || harness_fail screen "the last page" "$rest"

t "a dumb terminal gets blocks"
run env TERM=dumb script -qec "bkstatus watch --count=2 --interval=100ms --color=never" /dev/null
is_rc 0
out_lacks $'\033'
is "$(grep -c '^JOB ' "$BK_TEST_DIR/.out")" 2 blocks

t "SIGUSR1 is ignored, and booking_read is enough"
sql "create role reader login; grant booking_read to reader"
bkstatus watch -U reader --interval=100ms >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null &
pid=$!
wait_until grep -q '^JOB ' "$BK_TEST_DIR/.out"
kill -USR1 "$pid"
before=$(grep -c '^JOB ' "$BK_TEST_DIR/.out")
wait_until eval "[ \$(grep -c '^JOB ' '$BK_TEST_DIR/.out') -gt $((before + 1)) ]"
kill -INT "$pid"
wait "$pid"
is "$?" 130 "exit status"
is "$(cat "$BK_TEST_DIR/.err")" "" "stderr"

done_testing

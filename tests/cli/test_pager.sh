# shellcheck shell=bash
# Paging: at a terminal a list that is longer than the screen goes through $PAGER, and nothing else
# does.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
paged=$BK_TEST_DIR/paged
cat >"$BK_TEST_DIR/pager" <<'END'
#!/bin/sh
# Says with what it was called and keeps what it got.
{ echo "called: $*"; echo "LESS=$LESS LESSSECURE=$LESSSECURE"; cat; } >"$HOME/paged"
END
chmod +x "$BK_TEST_DIR/pager"

# terminal COMMAND: at a terminal of 24 lines; what is on the screen is $OUT
terminal() {
	rm -f "$paged"
	run env NO_COLOR=1 TERM="${term-xterm}" script -qec "stty cols 100 rows 24; $1" /dev/null
	OUT=${OUT//$'\r'/}
}

t "a list that is longer than the screen goes through the pager, whole"
due 40
export PAGER="$BK_TEST_DIR/pager --one 'two words'"
terminal "bkactivate -n"
is_rc 0
is "$(sed -n 1p "$paged")" "called: --one two words"
is "$(sed -n 2p "$paged")" "LESS=FRX LESSSECURE=1"
is "$(sed -n '3,$p' "$paged" | cut -d' ' -f1 | head -n 40 | paste -sd' ')" "$(seq 1 40 | paste -sd' ')"
is "$(tail -n 2 "$paged" | cut -c 1-55 | paste -sd'|')" \
	"rule activate: 40|DRY RUN: activate-due would change 40 bookings as of 20"
out_lacks "DRY RUN"

t "what the user has set for less stays"
LESS=-S LESSSECURE='' terminal "bkactivate -n"
is "$(sed -n 2p "$paged")" "LESS=-S LESSSECURE="

t "the status is that of the dry run, and its error comes after the pager"
terminal "bkactivate -n --limit=30"
is_rc 3
is "$(grep -c 'CONFIRMED -> ACTIVE' "$paged")" 30
out_has "error: the limit of 30 bookings is reached, work would remain"

t "--explain is paged, too"
terminal "bkactivate --explain"
is_rc 0
is "$(tail -n 1 "$paged")" "-- EXPLAIN: activate-due has 1 statement; nothing was run"

t "a list that fits on the screen is printed: 20 bookings, a total, the last line and the prompt's"
terminal "bkactivate -n --limit=20 --config=$BK_CONFIG"
is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 20
[ ! -e "$paged" ] || harness_fail "pager" "not called" "$(cat "$paged")"
terminal "bkactivate -n --limit=22"
[ -e "$paged" ] || harness_fail "pager" "called" "not called"

t "an empty PAGER and cat switch it off"
for PAGER in '' ' ' cat; do
	terminal "bkactivate -n"
	is_rc 0
	is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 40
	out_has "DRY RUN: activate-due would change 40 bookings"
done

t "what programs read is never paged"
PAGER=$BK_TEST_DIR/pager
for format in csv jsonl json; do
	terminal "bkactivate -n -o $format"
	is_rc 0
	[ ! -e "$paged" ] || harness_fail "pager, $format" "not called" "called"
done
run bkactivate -n
is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 40
[ ! -e "$paged" ] || harness_fail "pager" "not called in a pipe" "called"
terminal "bkactivate -n </dev/null"
is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 40
[ ! -e "$paged" ] || harness_fail "pager" "not called without a keyboard" "called"
terminal "bkactivate -n | cat"
[ ! -e "$paged" ] || harness_fail "pager" "not called in a pipe" "called"

t "a pager that is quit early is no error"
due 20000
# shellcheck disable=SC2209 # the name of a program
PAGER=true
terminal "bkactivate -n --allow=100000"
is_rc 0
out_is ""
PAGER="head -n 1"
terminal "bkactivate -n --allow=100000"
is_rc 0
is "$(wc -l <<<"$OUT")" 1
PAGER="kill -9 \$\$"
terminal "bkactivate -n --allow=100000"
is_rc 0

t "a pager that is not there is a warning, and the list is printed"
sql "delete from bookings where id > 40"
PAGER=/nowhere/pager
terminal "bkactivate -n"
is_rc 0
out_has "warning: cannot start the pager /nowhere/pager"
is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 40

t "without PAGER it is less, unless the terminal cannot do it, or it is not there"
unset PAGER
mkdir "$BK_TEST_DIR/with"
cp "$BK_TEST_DIR/pager" "$BK_TEST_DIR/with/less"
PATH=$BK_TEST_DIR/with:$PATH terminal "bkactivate -n"
is "$(sed -n 1p "$paged")" "called: "
term=dumb PATH=$BK_TEST_DIR/with:$PATH terminal "bkactivate -n"
[ ! -e "$paged" ] || harness_fail "pager" "not called" "called"
mkdir "$BK_TEST_DIR/without"
for program in bkactivate stty sh; do
	ln -s "$(type -P $program)" "$BK_TEST_DIR/without/$program"
done
terminal "PATH=$BK_TEST_DIR/without bkactivate -n"
is_rc 0
out_has "warning: cannot start the pager less: No such file or directory"
is "$(grep -c 'CONFIRMED -> ACTIVE' <<<"$OUT")" 40

t "while it is read no snapshot is kept open and no connection, Ctrl-C is the pager's, SIGTERM ends both"
cat >"$BK_TEST_DIR/wait" <<'END'
#!/bin/sh
cat </dev/tty >/dev/null &
keyboard=$!
trap 'echo interrupted >>"$HOME/said"' INT
trap 'echo terminated >>"$HOME/said"; kill $keyboard; exit 0' TERM
echo ready >"$HOME/ready"
while kill -0 $keyboard; do wait $keyboard; done
END
cat >"$BK_TEST_DIR/session" <<'END'
trap : INT
stty rows 24
sh -c 'echo $$ >"$HOME/pid"; exec bkactivate -n'
echo $? >"$HOME/status"
END
chmod +x "$BK_TEST_DIR/wait"
export PAGER=$BK_TEST_DIR/wait
mkfifo "$BK_TEST_DIR/keys"
TERM=xterm script -qec "sh $BK_TEST_DIR/session" /dev/null <"$BK_TEST_DIR/keys" >"$BK_TEST_DIR/.out" 2>&1 &
session=$!
exec 8>"$BK_TEST_DIR/keys"
wait_until [ -s "$BK_TEST_DIR/ready" ]
sql_is "select count(*) from pg_stat_activity where application_name like 'bk:%'" 0
printf '\003' >&8
wait_until [ -s "$BK_TEST_DIR/said" ]
kill -TERM "$(cat "$BK_TEST_DIR/pid")"
wait_until [ -s "$BK_TEST_DIR/status" ]
exec 8>&-
wait "$session"
is "$(paste -sd' ' "$BK_TEST_DIR/said")" "interrupted terminated"
is "$(cat "$BK_TEST_DIR/status")" 143

done_testing

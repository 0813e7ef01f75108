# shellcheck shell=bash
# bkstatus events and bkmaint events: what was done to bookings, once at least and in order, whoever
# keeps the place, and whatever happens to a reader. The order itself is in
# tests/db/test_view_events.c.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

# ids: of the events in the last output, in one line
ids() {
	jq -r 'select(.type == "transition") | .id' "$BK_TEST_DIR/.out" | tr '\n' ' '
}

# again: no event and no reader
again() {
	empty_table
	sql "truncate bk.event_consumers"
}

# activate N: so many events
activate() {
	due "$1"
	bkactivate --now -q || harness_fail bkactivate 0 "$?"
}

place() {
	sql "select txid || ' ' || transition_id || '.' || item from bk.event_consumers where name = '$1'"
}

lease() {
	sql "select coalesce(holder, '-') || ' ' || (lease_expires_at is not null)
		from bk.event_consumers where name = '$1'"
}

t "where nothing was done there is no event, and a place to go on from"
run bkstatus events
is_rc 0
is "$(jq -r '.type, .count' "$BK_TEST_DIR/.out" | tr '\n' ' ')" "summary 0 "
run bkstatus events --json
json_is '[.data.items, .data.limit, (.data.nextCursor | type)] | tojson' '[[],50,"string"]'

t "an event has its keys, and the cursor behind it"
activate 3
run bkstatus events
is_rc 0
is "$(jq -c 'keys_unsorted' <<<"$(head -n 1 "$BK_TEST_DIR/.out")")" \
	'["type","id","cursor","at","executionId","operation","rule","from","to","key","instance","undoOf"]'
is "$(head -n 1 "$BK_TEST_DIR/.out" | jq -c '[.id, .executionId, .operation, .rule, .from, .to, .undoOf]')" \
	'["1.1","1","activate-due","activate","CONFIRMED","ACTIVE",null]'
is "$(ids)" "1.1 1.2 1.3 "
is "$(jq -r 'select(.key).key | tojson' "$BK_TEST_DIR/.out" | sort | tr '\n' ' ')" '["1"] ["2"] ["3"] '
is "$(jq -r .cursor "$BK_TEST_DIR/.out" | sed -n 3p)" "$(tail -n 1 "$BK_TEST_DIR/.out" | jq -r .nextCursor)"

t "page by page, each behind the cursor of the one before"
run bkstatus events --limit=2
is "$(ids)" "1.1 1.2 "
cursor=$(tail -n 1 "$BK_TEST_DIR/.out" | jq -r .nextCursor)
run bkstatus events "--after=$cursor" --json --limit=5
json_is '[.data.items[].id, .data.limit] | tojson' '["1.3",5]'
cursor=$(jq -r .data.nextCursor <<<"$OUT")
run bkstatus events "--after=$cursor"
is "$(ids)" ""
run bkstatus events --after=start
is "$(ids)" "1.1 1.2 1.3 "
run bkstatus events --after=now
is "$(ids)" ""
cursor=$(jq -r .nextCursor <<<"$OUT")
activate 1
run bkstatus events "--after=$cursor"
is "$(ids)" "2.1 "

t "what an undo did names the run that it took back"
sql "update bk.maintenance_executions set undo_of = 1 where id = 2"
run bkstatus events "--after=$cursor"
is "$(head -n 1 <<<"$OUT" | jq -r .undoOf)" 1

t "cursors and forms that are none"
for value in "" x "${cursor%?}" "${cursor}0" 17.3 11797a7a00000000000000000000000000; do
	run bkstatus events "--after=$value"
	is_rc 64
done
t "whatever is the matter with a line, the error is one of JSON, too"
for args in --limit=0 --after= --after=x --nosuch --max-age=1s "--limit 0" --config=/nowhere; do
	# shellcheck disable=SC2086 # options
	run bkstatus events $args
	is "$(jq -r .type "$BK_TEST_DIR/.out")" error "bkstatus events $args"
	# shellcheck disable=SC2086
	run bkmaint $args events --consumer=x
	is "$(jq -r .type "$BK_TEST_DIR/.out")" error "bkmaint $args events"
done
run bkstatus events --limit=0 -o table
is_rc 64
out_is_empty

t "a cursor that is none is shown"
run bkstatus events --after=11797a7a00000000000000000000000000
err_has 'option --after: "11797a7a00000000000000000000000000" is neither start nor now nor a cursor'
run bkstatus history "--after=$cursor"
is_rc 64
for format in table csv; do
	run bkstatus events -o $format
	is_rc 64
	err_has "events does not print $format"
	err_has "hint: use --output=jsonl"
done
run bkstatus events --follow --json
is_rc 64
json_is '[.error.message, .error.hint] | tojson' \
	'["events --follow does not print json","use --output=jsonl"]'
for format in table csv json; do
	run bkmaint events --consumer=x -o $format
	is_rc 64
	err_has "events does not print $format"
done
run bkmaint events
is_rc 64
err_has "bkmaint events needs the option --consumer=NAME"
for name in "a b" ä "$(printf 'x%.0s' {1..64})" "a/b"; do
	run bkmaint events "--consumer=$name"
	is_rc 64
	err_has "option --consumer: "
done
run bkmaint events --consumer=x --from=yesterday
is_rc 64
err_has 'option --from: "yesterday" is neither start nor now nor a cursor'
sql_is "select count(*) from bk.event_consumers" 0

t "a cursor of a time to come is of another database"
# A whole cursor of transaction 2^40 is made by the program itself, from a row that says so.
sql "update bk.booking_transitions set txid = '1099511627776' where id = 2"
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('x', '1099511627776', 2, 1)"
run bkmaint events --consumer=x
is_rc 4
err_has "the place lies behind every transaction of this database"
err_has "restored from a dump"
is "$(lease x)" "- false"

t "a new reader begins with what comes"
again
activate 2
run bkmaint events --consumer=mailer
is_rc 0
is "$(ids)" ""
activate 3
run bkmaint events --consumer=mailer
is "$(ids)" "2.1 2.2 2.3 "
is "$(place mailer | cut -d' ' -f2)" 2.3
is "$(lease mailer)" "- false"
run bkmaint events --consumer=mailer
is "$(ids)" ""
is "$(jq -r .type <<<"$OUT")" summary

t "or from the start, or from a cursor; each has its own place, and --from is for the first time"
run bkmaint events --consumer=gate --from=start --limit=3
is "$(ids)" "1.1 1.2 2.1 "
run bkmaint events --consumer=gate --from=start
is "$(ids)" "2.2 2.3 "
cursor=$(bkstatus events --limit=4 | tail -n 1 | jq -r .nextCursor)
run bkmaint events --consumer=third "--from=$cursor"
is "$(ids)" "2.3 "

t "pages of a long row, and of many rows"
again
activate 2500
for _ in 1 2 3; do
	activate 1
done
run bkmaint events --consumer=all --from=start
is_rc 0
is "$(ids | wc -w)" 2503
is "$(ids)" "$(for ((i = 1; i <= 2500; i++)); do printf '1.%d ' "$i"; done)2.1 3.1 4.1 "
is "$(jq -r 'select(.key).key[0]' "$BK_TEST_DIR/.out" | sort -n | uniq | wc -l)" 2503
sql "select keys from bk.booking_transitions where id = 1" | tr -d '{}' | tr , '\n' >"$BK_TEST_DIR/keys"
jq -r 'select(.executionId == "1").key[0]' "$BK_TEST_DIR/.out" | diff - "$BK_TEST_DIR/keys" ||
	harness_fail "keys" "in their order" "another one"

t "a full disk moves nothing"
run bash -c 'bkmaint events --consumer=full --from=start >/dev/full'
is_rc 74
err_has "cannot write to standard output: No space left on device"
is "$(place full)" "0 0.0"
is "$(lease full)" "- false"

t "neither does a stdout that is closed, nor a reader that has gone"
run bash -c 'bkmaint events --consumer=full >&-'
is_rc 74
run bash -c 'set -o pipefail; bkmaint events --consumer=full | true'
is_rc 74
is "$(place full)" "0 0.0"
run bkmaint events --consumer=full
is "$(ids | wc -w)" 2503

# follow OPTION...: starts bkmaint events --follow, whose output goes to $BK_TEST_DIR/lines
follow() {
	bkmaint events --follow --interval=100ms "$@" >"$BK_TEST_DIR/lines" 2>"$BK_TEST_DIR/.err" \
		</dev/null &
	follower=$!
}

# lines N: waits until so many are there
lines() {
	wait_until eval "[ \$(wc -l <'$BK_TEST_DIR/lines') -ge $1 ]"
}

t "with --follow events come as they happen, and a signal ends it"
again
follow --consumer=mailer --from=start
activate 2
lines 2
wait_for "(select item = 2 from bk.event_consumers)"
activate 1
lines 3
kill -TERM "$follower"
wait "$follower"
is "$?" 143 "exit status"
is "$(cat "$BK_TEST_DIR/.err")" "" stderr
is "$(jq -r '.id // .code' "$BK_TEST_DIR/lines" | tr '\n' ' ')" "1.1 1.2 2.1 TERMINATED "
is "$(place mailer | cut -d' ' -f2)" 2.1
is "$(lease mailer)" "- false"

t "two at once: the second is told who reads"
follow --consumer=mailer
wait_for "(select holder is not null from bk.event_consumers)"
run bkmaint events --consumer=mailer
is_rc 75
err_has "consumer mailer is read by $(hostname) pid $follower"
err_has "if that is dead, its lease ends at 20"
run bkmaint events --consumer=mailer -o jsonl
is "$(jq -r '[.type, .code, .exitCode] | tojson' <<<"$OUT")" '["error","JOB_BUSY",75]'

t "after the lease another one takes over, and the first moves nothing more"
sql "update bk.event_consumers set lease_expires_at = now() - interval '1 s'"
kill -STOP "$follower"
activate 2
run bkmaint events --consumer=mailer --limit=1
is_rc 0
is "$(ids)" "3.1 "
kill -CONT "$follower"
wait "$follower"
is "$?" 1 "exit status"
grep -q "consumer mailer was taken over, nothing more was moved" "$BK_TEST_DIR/.err" ||
	harness_fail stderr "taken over" "$(cat "$BK_TEST_DIR/.err")"
is "$(place mailer | cut -d' ' -f2)" 3.1
run bkmaint events --consumer=mailer
is "$(ids)" "3.2 "

t "the same with bkstatus, whose caller keeps the place"
again
bkstatus events --follow --interval=100ms --limit=3 >"$BK_TEST_DIR/lines" </dev/null &
follower=$!
activate 2
lines 2
activate 2
wait "$follower"
is "$?" 0 "exit status"
is "$(jq -r '.id // .type' "$BK_TEST_DIR/lines" | tr '\n' ' ')" "1.1 1.2 2.1 summary "
run bash -c 'set -o pipefail; bkstatus events --follow --interval=100ms | head -n 1'
is_rc 141
err_is_empty

t "whoever dies before the place moved gets the page again, and nothing is left out"
again
activate 3000
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('mailer', '0', 0, 0)"
mkfifo "$BK_TEST_DIR/pipe"
bkmaint events --consumer=mailer >"$BK_TEST_DIR/pipe" 2>/dev/null &
victim=$!
exec 7<"$BK_TEST_DIR/pipe"
# It stands in the middle of a page: a pipe holds less than one.
head -c 8192 <&7 >"$BK_TEST_DIR/first"
wait_until grep -q '^State:.*sleeping' "/proc/$victim/status"
kill -KILL "$victim"
wait "$victim" 2>/dev/null
cat <&7 >>"$BK_TEST_DIR/first"
exec 7<&-
sql_is "select lease_expires_at > now() from bk.event_consumers" t
run bkmaint events --consumer=mailer
is_rc 75
sql "update bk.event_consumers set lease_expires_at = now() - interval '1 s'"
was=$(place mailer | sed 's/.*\.//')
run bkmaint events --consumer=mailer
is_rc 0
is "$(ids | wc -w)" $((3000 - was))
is "$(ids | cut -d' ' -f1)" "1.$((was + 1))"
# A line that was cut off is no event.
is "$(cat "$BK_TEST_DIR/first" "$BK_TEST_DIR/.out" | jq -rR 'fromjson? | .id // empty' |
	sort -u | wc -l)" 3000

t "a signal ends it behind the line at hand, of which the reader gets the rest"
again
activate 3000
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('mailer', '0', 0, 0)"
bkmaint events --consumer=mailer >"$BK_TEST_DIR/pipe" 2>"$BK_TEST_DIR/.err" &
victim=$!
exec 7<"$BK_TEST_DIR/pipe"
head -c 8192 <&7 >"$BK_TEST_DIR/first"
wait_until grep -q '^State:.*sleeping' "/proc/$victim/status"
kill -INT "$victim"
cat <&7 >>"$BK_TEST_DIR/first"
exec 7<&-
wait "$victim"
is "$?" 130 "exit status"
is "$(cat "$BK_TEST_DIR/.err")" "" stderr
is "$(jq -r '.id // .code' "$BK_TEST_DIR/first" | tail -n 1)" INTERRUPTED
last=$(jq -r '.id // empty' "$BK_TEST_DIR/first" | tail -n 1)
is "$(place mailer | cut -d' ' -f2)" "$last"
is "$(lease mailer)" "- false"
[ "${last#1.}" -lt 3000 ] || harness_fail "the last event" "fewer than 3000" "$last"

t "what was pruned before it was read is told once, in front of what comes"
again
run bkmaint events --consumer=late --from=start
sql "update bk.event_consumers set lost = 5, lost_at = '2026-11-23T06:30:00Z'"
activate 1
run bkmaint events --consumer=late
is "$(head -n 1 "$BK_TEST_DIR/.out")" '{"type":"lost","count":5,"total":5,"at":"2026-11-23T06:30:00.000Z"}'
is "$(ids)" "1.1 "
run bkmaint events --consumer=late
is "$(jq -r .type <<<"$OUT")" summary
sql "update bk.event_consumers set lost = lost + 2"
run bash -c 'bkmaint events --consumer=late >/dev/full'
is_rc 74
run bkmaint events --consumer=late
is "$(head -n 1 <<<"$OUT" | jq -c '[.type, .count, .total]')" '["lost",2,7]'

t "a place that cleanup moved on is not moved back"
again
activate 3
sql "insert into bk.event_consumers (name, txid, transition_id, item) values ('late', '0', 0, 0)"
follow --consumer=late
lines 3
sql "update bk.event_consumers set transition_id = 77, lost = 9, lost_at = now()"
kill -INT "$follower"
wait "$follower"
is "$(place late | cut -d' ' -f2)" 77.3

t "a connection that is lost is told, and made anew"
again
follow --consumer=mailer --from=start
wait_for "exists (select from pg_stat_activity where application_name = 'bk:events')"
sql "select pg_terminate_backend(pid, 60000) from pg_stat_activity
	where application_name = 'bk:events'" >"$BK_TEST_DIR/killed"
activate 2
lines 2
kill -TERM "$follower"
wait "$follower"
is "$?" 143 "exit status"
grep -q "warning: .*; trying again" "$BK_TEST_DIR/.err" ||
	harness_fail stderr "trying again" "$(cat "$BK_TEST_DIR/.err")"
is "$(jq -r '.id // .code' "$BK_TEST_DIR/lines" | tr '\n' ' ')" "1.1 1.2 TERMINATED "

# literal WORDS: the block of bk(7) that begins with them
literal() {
	mandoc -T utf8 -O width=200 "$BK_SRC/man/bk.7" | sed 's/.\x08//g; s/^ *//' |
		awk -v want="$1" 'index($0, want) == 1 { on = 1 } on && /^$/ { exit } on'
}

t "the mailer of bk(7) mails each event, and goes on behind the last one that it mailed"
again
activate 2
cat >"$BK_TEST_DIR/mail" <<'END'
#!/bin/sh
cat >>"$HOME/mails"
[ "$(wc -l <"$HOME/mails")" -ne 3 ]
END
chmod +x "$BK_TEST_DIR/mail"
literal 'cursor=$HOME' >"$BK_TEST_DIR/mailer"
: >"$BK_TEST_DIR/mails"
# mailer N: runs it until so many mails are out
mailer() {
	PATH=$BK_TEST_DIR:$PATH setsid sh "$BK_TEST_DIR/mailer" >"$BK_TEST_DIR/.out" 2>&1 &
	mailer=$!
	wait_until eval "[ \$(wc -l <'$BK_TEST_DIR/mails') -ge $1 ]"
}
mailer 2
wait_until grep -q . "$BK_TEST_DIR/mailer.cursor"
activate 1
# The third mail fails, which ends the loop: that event is mailed again.
wait "$mailer"
is "$(wc -l <"$BK_TEST_DIR/mails")" 3 mails
mailer 4
kill -TERM -- "-$mailer"
wait "$mailer"
is "$(sort "$BK_TEST_DIR/mails" | uniq -c | awk '{ print $1 ":" $3 }' | tr '\n' ' ')" "1:1 1:2 2:3 "
is "$(head -n 1 "$BK_TEST_DIR/mails" | sed 's/[0-9]/N/')" "booking N is ACTIVE"

t "booking_read reads, booking_update keeps a place"
sql "create role reader login; grant booking_read to reader;
	create role worker login; grant booking_update to worker"
run bkstatus events -U reader
is_rc 0
is "$(ids)" "1.1 1.2 2.1 "
run bkmaint events -U worker --consumer=w --from=start
is_rc 0
is "$(ids)" "1.1 1.2 2.1 "
run bkmaint events -U reader --consumer=w
is_rc 77
err_has 'GRANT booking_update TO reader'

done_testing

# shellcheck shell=bash
# bkmaint hold, release and quarantine retry, bkstatus holds and quarantine: keys of every kind, what
# people see and scripts read, and who may.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
due 3

# back COLUMN...: reads the CSV in .out with psql, and prints these columns
back() {
	local columns list
	columns=$(head -n 1 "$BK_TEST_DIR/.out" | sed 's/[^,]\{1,\}/"&" text/g')
	list=$(IFS=, && echo "$*")
	psql -XAtq <<-END
		create temp table back ($columns);
		\\copy back from '$BK_TEST_DIR/.out' csv header
		select $list from back;
	END
}

# quarantine KEY...: each by the rule activate, waiting for an hour
quarantine() {
	local key
	for key; do
		sql "insert into bk.quarantined_bookings (rule, booking_key, operation, execution_id,
			error_code, error_message, first_seen_at, last_seen_at, next_try_at)
			values ('activate', array['$key'], 'activate-due', 17, '23514',
				E'refused \\x1b[31m', '2026-11-23 06:30Z', '2026-11-23 06:31Z',
				now() + interval '1 hour')"
	done
}

t "nothing is on hold"
run bkstatus holds
is_rc 0
out_is "no booking is on hold"
run bkstatus holds --json
json_is '.data | tojson' '{"items":[],"limit":50,"nextCursor":null}'

t "a booking is put on hold, without a word"
run bkmaint hold 2 --reason="in dispute"
is_rc 0
out_is_empty
err_is_empty
sql_is "select booking_key, held_until, reason, author from bk.booking_holds" \
	"{2}||in dispute|$(id -un)/postgres"
is "$(last_record operation processed_count description)" 'hold|1|hold "2": in dispute'

t "the booking's status now is said, and what is already so"
run bkmaint hold 3 --reason=x -v
out_is "booking 3 (CONFIRMED) is on hold (execution 2)"
run bkmaint hold 3 --reason=x -v
is_rc 0
out_is "booking 3 (CONFIRMED) was on hold so already"
run bkmaint hold 3 --reason=y --until=2100-01-01 -v
out_is "booking 3 (CONFIRMED) is on hold until 2100-01-01T00:00:00.000Z $(
	)instead of its former hold (execution 3)"
run bkmaint hold 3 --reason=y --until=2100-01-01 --json
json_is '[.data.executionId, .data.changedCount, .data.hold.replaced, .data.hold.bookingStatus,
	.data.hold.key] | tojson' '[null,0,true,"CONFIRMED",["3"]]'

t "bkstatus lists them, newest first"
sql "update bk.booking_holds set created_at = '2026-11-23 06:30Z' where booking_key = '{2}'"
run bkstatus holds
is_rc 0
out_is "KEY  HELD UNTIL            EXPIRED  AUTHOR         REASON
3    2100-01-01T00:00:00Z  no       $(id -un)/postgres  y
2    -                     no       $(id -un)/postgres  in dispute"
run bkstatus holds --json
json_is '[.data.items[] | .key[0], .heldUntil, .expired] | tojson' \
	'["3","2100-01-01T00:00:00.000Z",false,"2",null,false]'
run bkstatus holds -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "hold hold summary"
run bkstatus holds -o csv
is "$(back key reason | paste -sd' ')" "3|y 2|in dispute"

t "page by page"
run bkstatus holds --limit=1 --json
json_is '[.data.items[0].key[0], .data.limit] | tojson' '["3",1]'
cursor=$(jq -r .data.nextCursor <<<"$OUT")
run bkstatus holds --limit=1 --after="$cursor" --json
json_is '[.data.items[0].key[0], .data.nextCursor] | tojson' '["2",null]'
run bkstatus holds --after=x
is_rc 64
err_has 'option --after: "x" is no cursor'

t "one that has run out is marked"
sql "update bk.booking_holds set held_until = now() where booking_key = '{3}'"
run bkstatus holds --json
json_is '[.data.items[].expired] | tojson' '[true,false]'

t "a hold is released"
run bkmaint release 2 -v
is_rc 0
out_has "booking 2 (CONFIRMED) is released (execution "
run bkmaint release 3 -v
out_has "booking 3 (CONFIRMED) is released, its hold had ended at 2"
is "$(last_record operation description)" 'release|release "3"'
run bkmaint release 2
is_rc 66
out_is_empty
err_has 'error: booking "2" is not on hold'
err_has 'hint: bkstatus holds lists'

t "also of a booking that is gone"
bkmaint hold 1 --reason=x
sql "delete from bookings where id = 1"
run bkmaint release 1 -v
is_rc 0
out_has "booking 1 (gone) is released"

t "no booking of that key, and no key"
run bkmaint hold 4711 --reason=x
is_rc 66
err_has 'error: no booking "4711"'
run bkmaint hold 4711 --reason=x --json
json_is '[.success, .data, .error.code] | tojson' '[false,null,"NOT_FOUND"]'
while IFS='|' read -r command message; do
	# shellcheck disable=SC2086
	run bkmaint $command
	is_rc 64
	out_is_empty
	err_has "error: $message"
done <<'END'
hold x --reason=x|KEY: invalid input syntax for type bigint: "x"
release 1.5|KEY: invalid input syntax for type bigint: "1.5"
hold 99999999999999999999 --reason=x|KEY: value "99999999999999999999" is out of range
quarantine retry x|KEY: invalid input syntax for type bigint: "x"
hold 2 3 --reason=x|the key of a booking has 1 column (id), 2 are given
release 2 3|the key of a booking has 1 column (id), 2 are given
quarantine retry 2 3|the key of a booking has 1 column (id), 2 are given
hold --reason=x|bkmaint hold needs KEY...
hold 2|bkmaint hold needs the option --reason=TEXT
hold 2 --reason=x --until=2020-01-01|option --until: 2020-01-01T00:00:00.000Z is past
hold 2 --reason=x --until=soon|option --until: "soon" is no time
release 2 --reason=x|option --reason is not for bkmaint release
release|bkmaint release needs KEY...
quarantine|bkmaint quarantine needs the word retry
quarantine list|bkmaint quarantine has no word "list", but retry
END
run bkmaint quarantine
err_has "hint: bkstatus quarantine lists"
run bkmaint hold x --reason=x
err_has "hint: the key of a booking is id (bigint)"
run bkmaint hold $'2\xff' --reason=x
is_rc 64
err_has "operand 1: is not valid UTF-8"
run bkmaint hold 2 --reason="$(printf '%01001d' 0)"
is_rc 64
err_has "option --reason: is longer than 1000 bytes"

t "a batch in flight is waited for, and its change is seen"
hold "select from (select pg_advisory_xact_lock_shared(hashtext('bk hold'), hashtext('bk'))) as q;
	update bookings set status = 'ACTIVE' where id = 2"
bkmaint hold 2 --reason=x --json >held.json &
holder_of_hold=$!
wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
is "$(cat held.json)" ""
echo "commit;" >&9
wait "$holder_of_hold"
is "$?" 0
let_go
is "$(jq -r .data.hold.bookingStatus held.json)" ACTIVE
bkmaint release 2

t "quarantine is listed"
run bkstatus quarantine
is_rc 0
out_is "no booking is in quarantine"
quarantine 2 3
run bkstatus quarantine
out_has "RULE      KEY  SQLSTATE  LAST SEEN             TRIES  NEXT TRY"
out_has "activate  2    23514     2026-11-23T06:31:00Z      1  2"
out_has 'refused \x1b[31m'
run bkstatus quarantine --json
json_is '[.data.items[] | .rule, .operation, .executionId, .sqlstate, .tries] | unique | tojson' \
	'[1,"17","23514","activate","activate-due"]'
json_is '.data.items[0].errorMessage' $'refused \x1b[31m'
run bkstatus quarantine --limit=1 -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "quarantined summary"
cursor=$(jq -r 'select(.type == "summary").nextCursor' <<<"$OUT")
run bkstatus quarantine --after="$cursor" --json
json_is '[(.data.items | length), .data.nextCursor] | tojson' '[1,null]'
run bkstatus quarantine -o csv
is "$(back key sqlstate | sort | paste -sd' ')" "2|23514 3|23514"

t "another try, for one and for all"
run bkmaint quarantine retry 2 -v
is_rc 0
out_has "1 booking will be tried again by the next run (execution "
run bkmaint quarantine retry --json
json_is '[.data.operation, .data.changedCount, .data.quarantine.count] | tojson' \
	'["quarantine-retry",1,2]'
sql_is "select count(*) from bk.quarantined_bookings where next_try_at > now()" 0
run bkmaint quarantine retry -v
is_rc 0
out_is "2 bookings in quarantine, to be tried by the next run already"
run bkmaint quarantine retry -o csv
out_is "count
2"
run bkmaint quarantine retry -o jsonl
is "$(jq -c '[.type, .count, .changedCount]' <<<"$OUT" | paste -sd' ')" \
	'["change",2,null] ["summary",null,0]'
run bkmaint quarantine retry 4711
is_rc 66
err_has 'booking "4711" is not in quarantine'
sql "delete from bk.quarantined_bookings"
run bkmaint quarantine retry -v
out_is "no booking is in quarantine"

t "booking_update may, booking_read may look: 77"
sql "create role worker login; grant booking_update to worker;
	create role reader login; grant booking_read to reader"
quarantine 2
for command in "hold 2 --reason=x" "release 2" "quarantine retry 2"; do
	# shellcheck disable=SC2086
	run bkmaint $command -U worker
	is_rc 0
	err_is_empty
	bkmaint hold 2 --reason=y
	sql "update bk.quarantined_bookings set next_try_at = now() + interval '1 h'"
	# shellcheck disable=SC2086
	run bkmaint $command -U reader
	is_rc 77
	out_is_empty
	err_has "GRANT booking_update TO reader"
done
for command in holds quarantine; do
	run bkstatus $command -U reader
	is_rc 0
	err_is_empty
	out_has "2"
done

t "a role that may not see the bookings is told what it lacks"
sql "revoke select on bookings from booking_read, booking_update"
run bkmaint hold 2 --reason=x -U worker
is_rc 77
err_has "GRANT SELECT"
bkmaint migrate

t "a mapping that does not fit is an error"
configure 'bookings { table = "public.nosuch" key = {"id"} status = "status" start = "starts_at"
	end = "ends_at" states { pending = {"P"} confirmed = {"C"} active = {"A"} completed = {"D"}
	no-show = {"N"} expired = {"E"} } check-in = "c" }'
run bkmaint hold 2 --reason=x
is_rc 78
err_has 'table "public.nosuch" does not exist'

# --- a key of three columns, with what hurts ---

sql "create table public.desks (tenant text, day timestamptz, seat uuid, state text, s timestamptz,
	primary key (tenant, day, seat))"
tenant=$'O\'Neill, "{x}" \\ \n\e[31m\u202e'
seat=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
psql -XAtq -v ON_ERROR_STOP=1 -v tenant="$tenant" <<END
insert into desks values (:'tenant', '2026-03-29 01:00:00.000001Z', '$seat', 'C', now());
insert into desks values ('', '2026-03-29 01:00Z', '$seat', 'C', now());
END
configure 'activate-due { max-age = 30d }
	bookings { table = "public.desks" key = {"tenant", "day", "seat"} status = "state" start = "s"
		check-in-mode = untracked
		states { confirmed = {"C"} active = {"A"} completed = {"D"} } }
	cancel-no-shows { enabled = no } update-completed { enabled = no }
	update-expired { enabled = no }'
sql "delete from bk.booking_holds"

t "a key of several columns is typed as several operands"
run bkmaint hold "$tenant" 2026-03-29T03:00:00.000001+02:00 "{$seat}" --reason=x -v
is_rc 0
err_is_empty
out_is "booking O'Neill, \"{x}\" \\ \\n\\x1b[31m\\u{202e} 2026-03-29T01:00:00.000001Z AD $seat (C) $(
	)is on hold $(grep -o '(execution [0-9]*)' <<<"$OUT")"
sql_is "select booking_key[2], booking_key[3], cardinality(booking_key) from bk.booking_holds" \
	"2026-03-29T01:00:00.000001Z AD|$seat|3"
run bkmaint hold "" 2026-03-29T01:00:00Z "$seat" --reason=x
is_rc 0
run bkmaint hold "$tenant" 2026-03-29 --reason=x
is_rc 64
err_has "the key of a booking has 3 columns (tenant, day, seat), 2 are given"
run bkmaint hold "$tenant" 2026-03-29 x --reason=x
is_rc 64
err_has 'KEY: invalid input syntax for type uuid: "x"'
err_has "hint: the key of a booking is tenant (text), day (timestamp with time zone), seat (uuid)"
run bkmaint hold "$tenant" 2026-03-29 "$seat" --reason=x
is_rc 66

t "what bkstatus shows is the key, in every format, and releases the hold"
run bkstatus holds
out_has "O'Neill, \"{x}\" \\ \\n\\x1b[31m\\u{202e} 2026-03-29T01:00:00.000001Z AD $seat"
out_has "\"\" 2026-03-29T01:00:00.000000Z AD $seat"
run bkstatus holds -o csv
back key | jq -cs '.[] | [length, .[2]]' | sort -u >keys
is "$(cat keys)" "[3,\"$seat\"]"
run bkstatus holds --json
json_is '[.data.items[].key | length] | tojson' '[3,3]'
mapfile -d '' -t key < <(jq -j '.data.items[].key | select(.[0] != "") | .[] + "\u0000"' <<<"$OUT")
is "${key[0]}" "$tenant"
run bkmaint release "${key[@]}" --json
is_rc 0
json_is '.data.hold.key[0]' "$tenant"
run bkmaint release "" "2026-03-29T01:00:00.000000Z AD" "$seat"
is_rc 0
sql_is "select count(*) from bk.booking_holds" 0

done_testing

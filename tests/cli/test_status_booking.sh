# shellcheck shell=bash
# bkstatus booking: one booking as people and scripts see it, keys of every kind, and hostile texts.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

t "what is mapped, what the rules make of it, and what bk has done"
sql "insert into bookings (status, starts_at, ends_at, checked_in_at, updated_at) values
	('CONFIRMED', now() - interval '1 minute', '2126-01-01 11:00Z', now() - interval '2 minutes',
	'2026-11-23 06:30Z'), ('CANCELLED', '2026-11-23 06:30Z', null, null, '2026-11-23 06:30Z')"
run bkstatus booking 1 --json
is_rc 0
err_is_empty
json_is '.data | [.key, .state, .status] | tojson' '[["1"],"confirmed","CONFIRMED"]'
json_is '[.data.columns[] | .name + "=" + .column] | join(" ")' "key=id status=status start=starts_at\
 end=ends_at check-in=checked_in_at hold=hold_expires_at grace=grace_minutes updated=updated_at"
json_is '[.data.columns[] | select(.name | IN("key", "end", "hold")).value] | tojson' \
	'["1","2126-01-01T11:00:00.000000Z",null]'
json_is '[.data.rules[] | .rule, .applies, .reason] | tojson' \
	'["activate",true,null,"no-show",false,"arrived","complete-arrived",false,"not-yet-due"]'
json_is '.data.rules[2] | [.dueAt, .jobName, .from, .to] | tojson' \
	'["2126-01-01T11:00:00.000Z","update-completed","CONFIRMED","COMPLETED"]'
json_is '.data | [.holds, .quarantine, .transitions] | tojson' '[[],[],[]]'

t "what a customer who has arrived makes of the rules: no instant that will not matter"
json_is '.data.rules[1] | [.dueAt, .untilAt, .willApplyAt] | tojson' '[null,null,null]'
json_is '.data.rules[0] | [.untilAt, .endAt] | tojson' '[null,"2126-01-01T11:00:00.000Z"]'
json_is '.data | .rules[0].willApplyAt == .asOf' true
json_is '.data.rules[1].explanation | test("^the customer arrived at .*Z, before the deadline .*Z$")' true

t "every change that bk has made"
bkactivate --now
run bkstatus booking 1 --json
json_is '.data | [.state, (.transitions | length)] | tojson' '["active",1]'
json_is '.data.transitions[0] | [.executionId, .rule, .from, .to, .invokedBy, .triggeredBy] | tojson' \
	"[\"$(last_record id)\",\"activate\",\"CONFIRMED\",\"ACTIVE\",\"$(id -un)/postgres\",\"MANUAL\"]"
json_is '.data.transitions[0].serverInstance' "$(last_record server_instance)"

t "the tables"
run bkstatus booking 2
is_rc 0
err_is_empty
is "$(grep -v '^AS OF' <<<"$OUT")" "KEY       2
STATE     cancelled
STATUS    CANCELLED
DEADLINE  2026-11-23T06:45:00Z

Columns
FIELD     COLUMN           VALUE
key       id               2
status    status           CANCELLED
start     starts_at        2026-11-23T06:30:00.000000Z
end       ends_at          -
check-in  checked_in_at    -
hold      hold_expires_at  -
grace     grace_minutes    -
updated   updated_at       2026-11-23T06:30:00.000000Z

Rules
no rule starts from this state

Hold
it is not on hold

Quarantine
it is not in quarantine

Transitions
no change by bk is on record"
run bkstatus booking 1
out_has "RULE      TO         APPLIES  REASON       WHEN
no-show   NO_SHOW    no       arrived      -
complete  COMPLETED  no       not-yet-due  2126-01-01T11:00:00Z

no-show: the customer arrived at "
out_has "
complete: it ends at 2126-01-01T11:00:00Z
"
out_has "activate  CONFIRMED  ACTIVE  "

t "the other formats"
run bkstatus booking 1 -o jsonl
is "$(jq -r .type <<<"$OUT" | uniq | paste -sd' ')" "booking column rule transition summary"
run bkstatus booking 1 -o csv
is "$(head -n 1 <<<"$OUT")" "key,state,status,asOf,deadlineAt"
is "$(wc -l <<<"$OUT")" 2

t "who keeps the jobs off"
due 1
bkmaint hold 3 --reason="in dispute"
sql "insert into bk.quarantined_bookings (rule, booking_key, operation, execution_id, error_code,
	error_message, first_seen_at, last_seen_at, next_try_at) values
	('activate', '{3}', 'activate-due', 1, '23514', E'no \\x1b[31m', now(), now(),
	now() + interval '1 hour')"
run bkstatus booking 3 --json
json_is '.data | [.rules[0].reason, .holds[0].reason, .quarantine[0].sqlstate] | tojson' \
	'["on-hold","in dispute","23514"]'
json_is '.data.quarantine[0].errorMessage' $'no \e[31m'
run bkstatus booking 3
out_has 'no \x1b[31m'
bkmaint release 3
run bkstatus booking 3 --json
json_is '.data | [.rules[0].reason, .holds] | tojson' '["in-quarantine",[]]'

t "a job that is paused or disabled changes nothing, and that is said"
sql "truncate bk.quarantined_bookings"
bkmaint pause activate-due --until=2126-01-01T00:00:00Z --reason=x
sql "update bk.scheduler_job_info set paused_reason = E'an upgrade\\x1b[31m' where paused_reason = 'x'"
run bkstatus booking 3 --json
json_is '.data.rules[0] | [.applies, .jobStatus, .willApplyAt] | tojson' '[true,"PAUSED",null]'
json_is '.data.rules[0].explanation | sub("at [^;]*;"; "at T;")' "it started at T;\
 the job activate-due is paused until 2126-01-01T00:00:00Z (an upgrade"$'\e'"[31m);\
 by then the rule will be over"
run bkstatus booking 3
out_has "activate          ACTIVE     yes      -            -"
out_has ' (an upgrade\x1b[31m); by then the rule will be over'
out_lacks $'\e'
bkmaint resume activate-due
bkmaint disable activate-due
run bkstatus booking 3 --json
json_is '.data.rules[0] | [.applies, .jobStatus, .willApplyAt] | tojson' '[true,"DISABLED",null]'
bkmaint enable activate-due
run bkstatus booking 3 --json
json_is '.data | [.rules[0].applies, .rules[0].jobStatus, .rules[0].willApplyAt == .asOf] | tojson' \
	'[true,"IDLE",true]'

t "a rule of a job that is disabled in the file is not there, and that is said"
printf 'cancel-no-shows {\n\tenabled = no\n}\n' >"$BK_CONFIG"
run bkstatus booking 3 --json
json_is '[.data.rules[] | .rule + " " + (.reason // "applies")] | join(", ")' \
	"activate applies, complete-arrived not-arrived, complete-missed not-yet-due, no-show job-off"
json_is '.data.rules[3] | [.applies, .jobStatus, .dueAt] | tojson' '[false,"DISABLED",null]'
json_is '.data.deadlineAt' null
configure

t "no such booking, and no key"
run bkstatus booking 4711
is_rc 66
out_is_empty
err_has 'error: no booking "4711"'
run bkstatus booking 4711 --json
is_rc 66
json_is '[.success, .data, .error.code] | tojson' '[false,null,"NOT_FOUND"]'
while IFS='|' read -r command message; do
	# shellcheck disable=SC2086
	run bkstatus booking $command
	is_rc 64
	out_is_empty
	err_has "error: $message"
done <<'END'
x|KEY: invalid input syntax for type bigint: "x"
1.5|KEY: invalid input syntax for type bigint: "1.5"
99999999999999999999|KEY: value "99999999999999999999" is out of range
1 2|the key of a booking has 1 column (id), 2 are given
|bkstatus booking needs KEY...
1 --limit=3|option --limit is not for bkstatus booking
END
run bkstatus booking x
err_has "hint: the key of a booking is id (bigint)"

t "booking_read is enough"
sql "create role reader login; grant booking_read to reader; create role nobody_at_all login;
	create role half login; grant usage on schema bk to half;
	grant select on all tables in schema bk to half; grant select (id, status) on bookings to half"
run bkstatus booking 1 -U reader
is_rc 0
err_is_empty

t "less is not, and what lacks is named: typed, it is enough"
run bkstatus booking 1 -U nobody_at_all
is_rc 77
err_has "GRANT booking_read TO nobody_at_all"
run bkstatus booking 1 -U half
is_rc 77
grant=$(sed -n 's/^bkstatus: hint: let the owner type: //p' <<<"$ERR")
is "$grant" "GRANT SELECT (starts_at, ends_at, checked_in_at, hold_expires_at, grace_minutes,\
 updated_at) ON public.bookings TO half"
sql "$grant"
run bkstatus booking 1 -U half
is_rc 0

t "rows that a policy hides are refused, not missing"
sql "alter table bookings enable row level security;
	create policy even on bookings for select to public using (id % 2 = 0)"
run bkstatus booking 1 -U reader
is_rc 77
out_is_empty
err_has "row-level security"
err_has "hint: "
err_has "ALTER ROLE reader BYPASSRLS"
err_has "rls = accepted"
err_lacks "GRANT"

t "where that is accepted, a booking that is hidden may be there all the same"
configure 'bookings { table = "public.bookings" key = {"id"} status = "status" start = "starts_at"
	end = "ends_at" check-in = "checked_in_at" hold = "hold_expires_at" rls = accepted
	states { pending = {"PENDING"} confirmed = {"CONFIRMED"} active = {"ACTIVE"}
		completed = {"COMPLETED"} no-show = {"NO_SHOW"} expired = {"EXPIRED"} } }'
run bkstatus booking 2 -U reader
is_rc 0
run bkstatus booking 1 -U reader
is_rc 66
err_has 'error: no booking "1"'
err_has "hint: row-level security may hide it from the role reader"
run bkstatus booking 4711 -U postgres
is_rc 66
err_lacks "row-level security"
configure
sql "alter table bookings disable row level security; drop policy even on bookings"

# --- a key of three columns, with what hurts ---

sql "create table public.desks (tenant text, day date, seat uuid, state text, s timestamptz,
	primary key (tenant, day, seat))"
tenant=$'O\'Neill, "{x}" \\ \n\e[31m\u202e'
seat=a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
psql -XAtq -v ON_ERROR_STOP=1 -v tenant="$tenant" <<END
insert into desks values (:'tenant', '2026-03-29', '$seat', 'C', now());
insert into desks values ('', '2026-03-29', '$seat', E'\\x1b[2J', now());
END
configure 'bookings { table = "public.desks" key = {"tenant", "day", "seat"} status = "state" start = "s"
		check-in-mode = untracked
		states { confirmed = {"C"} active = {"A"} completed = {"D"} } }
	cancel-no-shows { enabled = no } update-completed { enabled = no }
	update-expired { enabled = no }'

t "a key of several columns is typed as several words, and found in the records"
bkactivate --now
run bkstatus booking "$tenant" "29 Mar 2026" "{$seat}" --json
is_rc 0
json_is '.data.key[0]' "$tenant"
json_is '.data.key[1:] | tojson' "[\"2026-03-29 AD\",\"$seat\"]"
json_is '.data.columns[1].value' 2026-03-29
json_is '.data | [.state, (.transitions | length), .transitions[0].rule] | tojson' \
	'["active",1,"activate"]'
mapfile -d '' -t key < <(jq -j '.data.key[] + "\u0000"' <<<"$OUT")
run bkstatus booking "${key[@]}"
is_rc 0
out_has "KEY       O'Neill, \"{x}\" \\ \\n\\x1b[31m\\u{202e} 2026-03-29 AD $seat"
out_lacks $'\e'
bkmaint hold "${key[@]}" --reason=x
run bkstatus booking "${key[@]}" --json
json_is '.data.holds | length' 1
run bkstatus booking "$tenant" 2026-03-29
is_rc 64
err_has "the key of a booking has 3 columns (tenant, day, seat), 2 are given"
run bkstatus booking "$tenant" 2026-03-30 "$seat"
is_rc 66
err_has "no booking \"O'Neill"
err_lacks $'\e'

t "a status that the mapping does not know has no class"
run bkstatus booking "" 2026-03-29 "$seat" --json
is_rc 0
json_is '.data | [.state, .rules] | tojson' '[null,[]]'
json_is .data.status $'\e[2J'
run bkstatus booking "" 2026-03-29 "$seat"
out_lacks $'\e'
out_has 'STATUS    \x1b[2J'
out_has "the mapping does not know its status: no rule starts from it"

# --- local times, no status, and an expression that fails ---

sql "create table public.visits (id int primary key, state text, s timestamp, minutes text);
	insert into visits values (1, 'C', '2126-07-01 10:00', '60'), (2, null, 'infinity', 'an hour'),
		(3, 'C', now() at time zone 'Europe/Berlin', 'an hour')"
configure "bookings { table = public.visits key = {id} status = state start = \"s::timestamp\"
		end = \"(b.s + b.minutes::int * interval '1 minute')::timestamp\" end-scan = \"s::timestamp\"
		time-zone = \"Europe/Berlin\" check-in-mode = untracked
		states { confirmed = {C} active = {A} completed = {D} } }
	cancel-no-shows { enabled = no } update-expired { enabled = no }"

t "a local time is shown as it stands, and beside it the instant"
run bkstatus booking 1
is_rc 0
out_has "FIELD   COLUMN"
is "$(grep '^start ' <<<"$OUT" | tr -s ' ')" "start s 2126-07-01T08:00:00Z 2126-07-01T10:00:00.000000"
out_has "2126-07-01T09:00:00Z"
out_lacks " AD"

t "no status, no rules"
run bkstatus booking 2
is_rc 0
out_has "it has no status: no rule applies"
out_has 'invalid input syntax for type integer: "an hour"'

t "an expression that fails for the booking is told, and stops the job"
run bkstatus booking 3 --json
is_rc 0
json_is '.data.columns[] | select(.name == "end") | [.value, .error] | tojson' \
	'[null,"invalid input syntax for type integer: \"an hour\""]'
json_is '[.data.rules[] | .rule, .reason] | tojson' \
	'["activate","expression-fails","complete-missed","expression-fails"]'
run bkactivate --now
is_rc 1
err_has "rule activate: bookings.end: (b.s + b.minutes::int * interval '1 minute'): invalid input"
err_has "(booking 3)"
err_has "hint: mend the booking, or make the expression total (CASE, NULLIF)"
run bkstatus overdue
is_rc 0
err_has "bkmaint doctor names both"
run bkmaint doctor
is_rc 78
out_has "statement-fails: rule activate, C"
out_has "(booking 3)"

done_testing

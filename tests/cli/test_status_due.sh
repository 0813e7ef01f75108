# shellcheck shell=bash
# bkstatus overdue and forecast: what people see and scripts read, and what is said of counts that took
# too long.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

# terminal COMMAND...: what it prints there, without carriage returns
terminal() {
	run env TERM=xterm script -qec "stty cols 100; $*" /dev/null
	OUT=${OUT//$'\r'/}
}

t "nothing is overdue, and nothing becomes due"
run bkstatus overdue
is_rc 0
err_is_empty
out_is "RULE              JOB               OVERDUE  OLDEST DUE  AGE  STALE
activate          activate-due            0  -             -      0
no-show           cancel-no-shows         0  -             -      0
complete          update-completed        0  -             -      0
complete-arrived  update-completed        0  -             -      0
expire-hold       update-expired          0  -             -      0
total             -                       0  -             -      0"
run bkstatus forecast
is_rc 0
err_is_empty
out_is "nothing becomes due"
run bkstatus forecast --json
json_is '.data | [.items, .partial, .notCounted] | tojson' '[[],false,[]]'

due 3
bookings 2 CONFIRMED '-40 days' '1 day' "'-41 days'"
bookings 1 PENDING '1 day' '2 days' null "'-1 hour'"

t "what is overdue, and what is too old"
run bkstatus overdue --json
is_rc 0
json_is '[.data.items[] | select(.overdueCount > 0 or .staleCount > 0)
	| .rule, .jobName, .overdueCount, .staleCount, .maxAgeMs] | tojson' \
	'["activate","activate-due",3,2,2592000000,"expire-hold","update-expired",1,0,2592000000]'
json_is '.data | [.overdueCount, .staleCount, .countLimit, .partial] | tojson' '[4,2,10000,false]'
json_is '.data | .oldestDueAt == .items[4].oldestDueAt and .oldestAgeMs == .items[4].oldestAgeMs' true
json_is '.data.items[0].oldestAgeMs | . >= 60000 and . < 600000' true
run bkstatus overdue
out_has "expire-hold       update-expired          1  2"
out_has "total             -                       4  2"
run bkstatus overdue -v
out_has "MAX AGE"
run bkstatus overdue -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "overdue overdue overdue overdue overdue summary"
is "$(jq -c 'select(.type == "summary") | [.count, .overdueCount, .staleCount]' <<<"$OUT")" "[5,4,2]"
run bkstatus overdue -o csv
is "$(head -n 1 <<<"$OUT")" \
	"rule,jobName,overdueCount,oldestDueAt,oldestAgeMs,staleCount,maxAgeMs,errorMessage"
is "$(wc -l <<<"$OUT")" 6

t "bkstatus jobs counts the same"
run bkstatus jobs --json
json_is '[.data.items[].queueDepth] | tojson' '[3,0,0,1,0]'

t "a run leaves nothing overdue but what is too old"
bkactivate --now
bkmaint update-expired
run bkstatus overdue --json
json_is '.data | [.overdueCount, .oldestDueAt, .oldestAgeMs, .staleCount] | tojson' '[0,null,null,2]'

t "the hours to come, 24 of them or as many as one likes"
sql "delete from bookings"
due 2
bookings 4 CONFIRMED '90 minutes' '3 days' "'-1 minute'"
bookings 1 CONFIRMED '30 hours' '3 days' "'-1 minute'"
run bkstatus forecast --json
is_rc 0
json_is '[.data.items[] | select(.rule == "activate").count] | tojson' '[2,4]'
json_is '.data.items[0] | [.hour, .startsAt, .count] | tojson' '[0,null,2]'
json_is '.data | .items[0].endsAt == .asOf' true
json_is '[.data.items[] | select(.rule == "activate" and .hour > 0)
	| .hour == 2 or .hour == 3, (.startsAt | endswith(":00:00.000Z"))] | unique | tojson' '[true]'
json_is '[.data.asOf, .data.until] | map(sub("\\.\\d+Z$"; "Z") | fromdate) | .[1] - .[0]' 86400
run bkstatus forecast --hours=48 --json
json_is '[.data.items[] | select(.rule == "activate").count] | tojson' '[2,4,1]'
run bkstatus forecast --hours=1 --json
json_is '[.data.items[] | select(.rule == "activate").count] | tojson' '[2]'
run bkstatus forecast -o jsonl
is "$(jq -r .type <<<"$OUT" | sort -u | paste -sd' ')" "forecast summary"
run bkstatus forecast -o csv
is "$(head -n 1 <<<"$OUT")" "hour,startsAt,endsAt,rule,jobName,count"

t "a terminal shows bars, a pipe does not"
run bkstatus forecast
out_has "now                   activate      2"
out_lacks █
terminal bkstatus forecast --color=never
out_has "now                   activate      2  ████████████
"
is "$(tail -n 1 <<<"$OUT" | sed 's/.*activate/activate/')" "activate      4  ████████████████████████"

t "hours are a number from 1 to 168"
for value in 0 169 1.5 -1 x 1h ""; do
	run bkstatus forecast --hours="$value"
	is_rc 64
	err_has "option --hours"
done
run bkstatus overdue --hours=3
is_rc 64
err_has "option --hours is not for bkstatus overdue"

t "what cannot be counted in time is null, and said"
hold "lock table bk.booking_holds in access exclusive mode"
run bkstatus overdue --json
is_rc 0
json_is '.data | [.partial, .overdueCount, .items[0].overdueCount] | tojson' '[true,null,null]'
run bkstatus overdue
is_rc 0
err_has "warning: some counts took too long, and are not known"
out_has "activate          activate-due            -  -             -      -"
printf '%s {\n\tenabled = no\n}\n' cancel-no-shows update-completed update-expired >"$BK_CONFIG"
run bkstatus forecast --hours=3
is_rc 0
err_has "warning: rule activate: its hours took too long to count, and are left out"
out_is "HOUR  RULE      COUNT
now   activate      -"
let_go
configure

t "a rule that fails for some booking leaves the others their counts"
configure "rule broken {" "	job = activate-due" "	from = {CONFIRMED}" "	to = CANCELLED" \
	"	due = starts_at" "	where = \"(1 / (b.id - b.id) > 0)\"" "}"
empty_table
due 2
failed="rule broken: booking_count: division by zero: an expression of the mapping fails for some booking"
run bkstatus overdue
is_rc 0
err_has "warning: $failed"
out_has "activate          activate-due            2"
out_has "broken            activate-due            -  -"
run bkstatus overdue --json
json_is '.data | [.partial, .overdueCount, (.items[] | select(.rule == "broken") |
	.overdueCount, .staleCount, .errorMessage)] | tojson' \
	'[true,2,null,null,"booking_count: division by zero"]'
run bkstatus forecast
is_rc 0
err_has "warning: $failed"
out_has "activate      2"
out_lacks broken
run bkstatus forecast --json
json_is '.data | [.partial, .notCounted] | tojson' '[true,["broken"]]'
configure

t "a mapping that does not fit, or a database that is not there, is an error"
sql "alter table public.bookings rename column starts_at to s"
for command in overdue forecast; do
	run bkstatus $command --json
	is_rc 78
	json_is '[.error.code, .data] | tojson' '["MAPPING",null]'
	run bkstatus $command -h /nowhere
	is_rc 69
	out_is_empty
done
sql "alter table public.bookings rename column s to starts_at"

t "booking_read is enough, and less is not"
sql "create role reader login; grant booking_read to reader; create role nobody_at_all login"
for command in overdue forecast; do
	run bkstatus $command -U reader
	is_rc 0
	err_is_empty
	run bkstatus $command -U nobody_at_all
	is_rc 77
done

t "nothing is recorded"
sql_is "select count(*) from bk.maintenance_executions where operation ~ 'overdue|forecast'" 0

done_testing

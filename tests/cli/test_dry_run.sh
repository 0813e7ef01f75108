# shellcheck shell=bash
# Dry runs: the same bookings that the run then changes, in every format; nothing is changed or
# recorded; the exit status is that of the run.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table

# everything: what a dry run must not touch
everything() {
	sql "select md5(string_agg(t::text, ' ')) from (
		select md5(string_agg(b::text || b.xmin, ' ' order by id)) as t from bookings as b
		union all select md5(string_agg(j::text || j.xmin, ' ' order by id))
			from bk.scheduler_job_info as j
		union all select count(*)::text from bk.maintenance_executions
		union all select count(*)::text from bk.booking_transitions
		union all select md5(string_agg(i::text, ' ' order by instance))
			from bk.instances as i) as q"
}

t "it lists what the run then changes, in its order"
bookings 30 CONFIRMED '-1 minute'
bookings 30 CONFIRMED '1 minute'
sql "update bookings set starts_at = starts_at - id * interval '1 second' where starts_at < now()"
before=$(everything)
run bkactivate -n -o csv
is_rc 0
is "$(head -n 1 <<<"$OUT")" "id,from,to,rule,dueAt"
is "$(wc -l <<<"$OUT")" 31
is "$(sed -n '2p' <<<"$OUT" | cut -d, -f1-4)" "30,CONFIRMED,ACTIVE,activate"
listed=$(sed 1d <<<"$OUT" | cut -d, -f1 | paste -sd' ')
is "$listed" "$(seq 30 -1 1 | paste -sd' ')"
is "$(everything)" "$before"
configure 'activate-due { batch-size = 1 }'
run bkactivate --now
configure
sql_is "select string_agg(k, ' ' order by t.id) from bk.booking_transitions as t,
	unnest(keys[1:1]) as k" "$listed"

t "text says loudly that nothing was changed"
empty_table
due 2
before=$(everything)
run bkactivate --dry-run
is_rc 0
err_is_empty
is "$(wc -l <<<"$OUT")" 4
out_has "1  CONFIRMED -> ACTIVE  activate, due 20"
out_has "rule activate: 2"
out_has "DRY RUN: activate-due would change 2 bookings as of 20"
out_has "; nothing was changed; the job is IDLE"
is "$(everything)" "$before"

t "json"
run bkactivate -n --json
is_rc 0
json_is '[.success, .message, .data.operation, .data.dryRun, .data.total, .data.jobStatus,
	.data.limit, .data.nextCursor] | tojson' \
	'[true,"dry run: nothing was changed","activate-due",true,2,"IDLE",1000,null]'
json_is '.data.rules | tojson' '[{"rule":"activate","count":2}]'
json_is '.data.items[0] | [.key, .from, .to, .rule] | tojson' \
	'[["1"],"CONFIRMED","ACTIVE","activate"]'
json_is '.data.items[0].dueAt | test("^20..-..-..T..:..:..\\....Z$")' true
is "$(everything)" "$before"

t "jsonl"
run bkactivate -n -o jsonl
is_rc 0
err_is_empty
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "booking booking summary"
is "$(jq -c 'select(.type == "summary") | [.total, .dryRun, .rules]' <<<"$OUT")" \
	'[2,true,[{"rule":"activate","count":2}]]'

t "csv has rows only, so totals and the word that nothing was changed stand beside it"
run bkactivate -n -o csv
is_rc 0
is "$(wc -l <<<"$OUT")" 3
is "$(head -n 1 <<<"$ERR")" "bkactivate: rule activate: 2"
[[ $ERR =~ $'\n'"bkactivate: DRY RUN: activate-due would change 2 bookings as of 20"[^$'\n']*"; nothing \
was changed; the job is IDLE"$ ]] || harness_fail "stderr" "that nothing was changed" "$ERR"
run bkactivate -n -o csv -q
is "$(wc -l <<<"$OUT")" 3
err_is_empty
run env BK_LOG_FORMAT=json BK_LOG_LEVEL=info bkactivate -n -o csv
is "$(jq -r '.level + " " + .message' <<<"$ERR" | head -n 1)" "INFO rule activate: 2"

t "a list goes by rule, then by due instant, then by key"
empty_table
sql "insert into bookings (id, status, starts_at, ends_at, checked_in_at, hold_expires_at)
	select v.id, v.s, now() - v.a, now() - v.b, now() - v.a, now() - v.h from (values
	(1, 'ACTIVE', interval '9 h', interval '1 h', null::interval),
	(2, 'CONFIRMED', '9 h', '3 h', null), (3, 'ACTIVE', '9 h', '2 h', null),
	(4, 'CONFIRMED', '9 h', '4 h', null), (11, 'ACTIVE', '9 h', '2 h', null),
	(5, 'PENDING', '3 h', '1 h', null), (6, 'PENDING', '1 h', '1 m', '4 h'),
	(7, 'PENDING', '5 h', '1 h', '2 h'), (8, 'PENDING', '1 h', '1 m', '2 h'))
	as v (id, s, a, b, h)"
run bkmaint update-completed -n -o jsonl
is_rc 0
is "$(jq -r 'select(.booking) | "\(.booking.rule) \(.booking.key[0])"' <<<"$OUT" | paste -sd,)" \
	"complete 3,complete 11,complete 1,complete-arrived 4,complete-arrived 2"
is "$(tail -n 1 <<<"$OUT" | jq -c '.rules | map([.rule, .count])')" \
	'[["complete",3],["complete-arrived",2]]'
run bkmaint update-completed -n
out_has $'\nrule complete: 3\nrule complete-arrived: 2\nDRY RUN: '
run bkmaint update-completed -n --json
json_is '.data.rules | map([.rule, .count]) | tojson' '[["complete",3],["complete-arrived",2]]'
# Two scans, by the hold deadline and by the start, are one list.
run bkmaint update-expired -n -o csv
is "$(sed 1d <<<"$OUT" | cut -d, -f1 | paste -sd' ')" "7 6 5 8"

t "with a limit it is the bookings that the run comes to, in the order of the list"
for n in 1 2 3; do
	run bkmaint update-expired -n --limit=$n -o csv
	is_rc 3
	listed=$(sed 1d <<<"$OUT" | cut -d, -f1 | sort -n | paste -sd' ')
	is "$(wc -w <<<"$listed")" "$n"
	before=$(everything)
	sql "create table kept as table bookings"
	run bkmaint update-expired --limit=$n
	is_rc 3
	sql_is "select string_agg(b.id::text, ' ' order by b.id) from bookings as b
		join kept as k using (id) where b.status <> k.status" "$listed"
	sql "delete from bookings; insert into bookings table kept; drop table kept;
		update bk.scheduler_job_info set last_success_time = null"
done
run bkmaint update-expired -n --limit=4
is_rc 0
empty_table
due 2

t "a json list is cut at 1000, csv is not, and the total is right"
due 1100
run bkactivate -n --json
json_is '[.data.total, (.data.items | length)] | tojson' '[1102,1000]'
run bkactivate -n -o csv
is "$(wc -l <<<"$OUT")" 1103

t "nothing due: an empty list"
empty_table
run bknoshow -n --json
is_rc 0
json_is '[.data.total, .data.items, .data.rules] | tojson' '[0,[],[]]'
run bknoshow -n -o csv
out_is "id,from,to,rule,dueAt"

t "the delay, a pause and other runs are shown and do not matter"
empty_table
due 2
sql "update bk.scheduler_job_info set status = 'PAUSED',
	next_execution_time = '2100-01-02 03:04:05Z'"
run bkactivate -n --json
is_rc 0
json_is '[.data.total, .data.jobStatus, .data.nextExecutionTime] | tojson' \
	'[2,"PAUSED","2100-01-02T03:04:05.000Z"]'
json_is '[.data.pausedUntil, .data.pausedReason, .data.runningExecutionId] | tojson' '[null,null,null]'
run bkactivate -n
out_has "; the job is PAUSED, its next run at 2100-01-02T03:04:05.000Z"
sql "update bk.scheduler_job_info set paused_until = '2100-01-01', paused_reason = E'up\ngrade'"
run bkactivate -n
out_has "; the job is PAUSED, paused until 2100-01-01T00:00:00.000Z (up\\ngrade), its next run at 2100-"
run bkactivate -n --json
json_is '[.data.pausedUntil, .data.pausedReason] | tojson' '["2100-01-01T00:00:00.000Z","up\ngrade"]'
sql "update bk.scheduler_job_info set paused_until = '2000-01-01'"
run bkactivate -n --json
json_is '[.data.jobStatus, .data.pausedUntil, .data.pausedReason] | tojson' '["IDLE",null,null]'
running activate-due '1 minute'
sql "update bk.scheduler_job_info set status = 'IDLE'"
run bkactivate --now -n --json
is_rc 0
json_is '[.data.total, .data.jobStatus, .data.runningExecutionId] | tojson' \
	"[2,\"RUNNING\",\"$(last_record id)\"]"
json_is '.data.leaseExpiresAt | test("^20..-..-..T..:..:..\\....Z$")' true
run bkactivate -n
out_has "; the job is RUNNING as execution $(last_record id), its lease until 20"

t "rows that others hold do not matter"
hold "select 1 from bookings for update"
run bkactivate -n --json
json_is .data.total 2
let_go

t "a limit: 3, as the run"
empty_table
due 5
run bkactivate -n --limit=3 -o csv
is_rc 3
is "$(wc -l <<<"$OUT")" 4
err_has "error: the limit of 3 bookings is reached"
run bkactivate -n --limit=3 --json
is_rc 3
json_is '[.success, .error.exitCode, .data.total] | tojson' '[false,3,3]'
run bkactivate -n --limit=5
is_rc 0
run bkactivate --now --limit=3
is_rc 3

t "the guard of the first run: 4, as the run"
empty_table
configure 'activate-due { first-run-limit = 3 }'
due 4
run bkactivate -n -o jsonl
is_rc 4
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "booking booking booking booking summary error"
is "$(tail -n 1 <<<"$OUT" | jq -r .message)" \
	"the first run of activate-due would be refused: it would change 4 bookings, first-run-limit allows 3"
run bkactivate -n --allow=4
is_rc 0
run bkactivate -n --limit=3
is_rc 3
is "$(records)" 0
run bkactivate --now
is_rc 4
configure

t "max-changes: 4, as the run, or 3 where it trickles"
empty_table
sql "update bk.scheduler_job_info set last_success_time = now()"
configure 'activate-due { max-changes = 3 }'
due 4
run bkactivate -n
is_rc 4
err_has "error: activate-due would be refused: it would change 4 bookings, max-changes allows 3"
run bkactivate --now
is_rc 4
run bkactivate -n --allow=4
is_rc 0
configure 'activate-due { max-changes = 3 on-exceed = trickle }'
run bkactivate -n -o csv
is_rc 3
is "$(wc -l <<<"$OUT")" 4
err_has "error: more than the 3 bookings that max-changes allows are due, work would remain"
run bkactivate --now
is_rc 3
sql_is "select string_agg(id::text, ' ' order by id) from bookings where status = 'ACTIVE'" \
	"$(seq 1 3 | paste -sd' ')"
run bkactivate -n
is_rc 0
configure

t "max-age and --backlog"
empty_table
sql "insert into bookings (status, starts_at, ends_at) values
	('PENDING', now() - interval '31 days', now() - interval '30 days 23 hours'),
	('PENDING', now() - interval '29 days', now() - interval '28 days')"
run bkmaint update-expired -n --json
json_is .data.total 1
run bkmaint update-expired -n --backlog --json
json_is .data.total 2

t "a job that the file disables: as the run"
configure 'activate-due { enabled = no }'
due 1
run bkactivate -n --json
is_rc 0
json_is '[.data.total, .data.jobStatus] | tojson' '[0,"DISABLED"]'
run bkactivate --now -n
is_rc 4
run bkmaint activate-due -n
is_rc 4
configure

t "what is no plain text does no harm"
sql "create table odd (k text primary key, state text, s timestamptz);
	insert into odd values (E'a,\"b\"\\n\\x1b[31m\\u202e', 'C', now() - interval '1 min')"
configure 'bookings { table = "odd" key = {"k"} status = "state" start = "s"' \
	'check-in-mode = untracked states { confirmed = {"C"} active = {"A"} } }' \
	'cancel-no-shows { enabled = no } update-completed { enabled = no }' \
	'update-expired { enabled = no }'
run bkactivate -n
is_rc 0
is "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' "$BK_TEST_DIR/.out")" 0
is "$(wc -l <<<"$OUT")" 3
run bkactivate -n --json
json_is '.data.items[0].key[0]' $'a,"b"\n\e[31m\u202e'
run bkactivate -n -o csv
is "$(sed -n '2,3p' <<<"$OUT" | head -c 12)" $'"a,""b""\n\e[3'
configure

t "booking_read is enough, and no more"
bkmaint migrate || exit 1
sql "create role reader login; grant booking_read to reader"
empty_table
due 1
for format in table json jsonl csv; do
	run bkactivate -n -q -o $format -U reader
	is_rc 0
	err_is_empty
done
run bkactivate --now -U reader
is_rc 77
is "$(statuses)" "CONFIRMED 1"

t "output that cannot be written: 74"
for format in table json jsonl csv; do
	run bash -c "exec bkactivate -n -o $format >/dev/full"
	is_rc 74
done
due 20000
run bash -c "set -o pipefail; bkactivate -n --allow=100000 | head -n 1"
is_rc 74
err_has "error: cannot write to standard output: Broken pipe"

done_testing

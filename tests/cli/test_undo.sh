# shellcheck shell=bash
# bkmaint undo as it is typed: what it says, in every format, and what it refuses.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
empty_table
due 4
run bkactivate --now
is_rc 0
sql "update public.bookings set status = 'CANCELLED' where id = 2"

statuses() {
	sql "select string_agg(status, ' ' order by id) from public.bookings"
}

t "a dry run lists each booking and changes nothing"
run bkmaint undo 1 -n
is_rc 0
out_has "1  ACTIVE -> CONFIRMED  activate"
out_has "2  ACTIVE -> CONFIRMED  activate, would be left: it is CANCELLED"
out_has "DRY RUN: of execution 1 of activate-due at "
out_has " 3 bookings would be set back, 1 left as it is; nothing was changed"
is "$(statuses)" "ACTIVE CANCELLED ACTIVE ACTIVE"

t "the same in JSON, JSON lines and CSV"
run bkmaint undo 1 -n --json
json_is '[.success, .message, .data.dryRun, .data.undoOf, .data.total, .data.leftCount] | tojson' \
	'[true,"dry run: nothing was changed",true,"1",3,1]'
json_is '.data.items[1] | [.key[0], .from, .to, .rule, .reason, .detail] | tojson' \
	'["2","ACTIVE","CONFIRMED","activate","state","CANCELLED"]'
run bkmaint undo 1 -n -o jsonl
is "$(jq -r .type "$BK_TEST_DIR/.out" | paste -sd ' ')" "booking booking booking booking summary"
run bkmaint undo 1 -n -o csv
is "$(head -n 1 "$BK_TEST_DIR/.out")" "key,from,to,rule,reason,detail"
is "$(wc -l <"$BK_TEST_DIR/.out")" 5
err_has "nothing was changed"

t "one booking"
run bkmaint undo 1 --key=3 --hold=0 -v
is_rc 0
out_is "undo of execution 1 of activate-due: 1 booking set back (execution 2)"
is "$(statuses)" "ACTIVE CANCELLED CONFIRMED ACTIVE"

t "the rest, with a hold; who changed what since is told"
run bkmaint undo 1 --json
is_rc 0
json_is '.data | [.operation, .undoOf, .executionId, .status, .changedCount, .leftCount] | tojson' \
	'["undo","1","3","SUCCESS",2,2]'
json_is '[.data.left[] | .key[0], .reason, .detail] | tojson' \
	'["2","state","CANCELLED","3","later","2"]'
is "$(statuses)" "CONFIRMED CANCELLED CONFIRMED CONFIRMED"
run bkactivate --now
is "$(statuses)" "CONFIRMED CANCELLED ACTIVE CONFIRMED"

t "without a terminal it is silent; in JSON lines the last one has what came of it"
run bkmaint undo 3
is_rc 0
out_is_empty
err_is_empty
run bkmaint undo 3 -o jsonl
is_rc 0
json_lines=$(jq -c '[.type, .reason, .undoOf, .changedCount, .leftCount]' "$BK_TEST_DIR/.out")
is "$(tail -n 1 <<<"$json_lines")" '["summary",null,"3",0,2]'
is "$(head -n 1 <<<"$json_lines")" '["left","later",null,null,null]'
is "$(statuses)" "ACTIVE CANCELLED ACTIVE ACTIVE"

t "what cannot be taken back"
for args in "77|66" "x|64" "0|64" "1 --rule=nobody|66" "1 --key=1 --key=2|64" "1 --key=x|64" \
	"1 --hold=x|64"; do
	# shellcheck disable=SC2086 # words
	run bkmaint undo ${args%|*}
	is_rc "${args#*|}"
	out_is_empty
done

t "a booking_update may, a booking_read may look"
sql "create role worker login; grant booking_update to worker;
	create role reader login; grant booking_read to reader"
run bkmaint undo 3 -n -U reader
is_rc 0
run bkmaint undo 3 -U reader
is_rc 77
err_has "GRANT booking_update TO reader"
run bkmaint undo 5 -v -U worker
is_rc 0
out_has "undo of execution 5 of activate-due"

t "a job that is at work keeps its lease"
sql "update bk.maintenance_executions set status = 'RUNNING', finished_at = null where id = 4;
	insert into bk.execution_workers (execution_id, worker, token, lease_expires_at)
		values (4, 0, 1, now() + interval '1 hour')"
run bkmaint undo 1
is_rc 75
err_has "activate-due is running on "

done_testing

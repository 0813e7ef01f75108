# bkstatus jobs, job, history, execution and config: formats, filters, errors, and that a role which
# may only read is enough.
# shellcheck shell=bash
. "$BK_SRC/tests/cli/harness.sh"

: >empty.conf
chmod 0600 empty.conf
export BK_CONFIG=$PWD/empty.conf

# execution ID OPERATION STATUS AT [MESSAGE]
execution() {
	sql "INSERT INTO bk.maintenance_executions (id, run_id, operation, description, executed_at,
		finished_at, status, error_message, execution_time_ms, triggered_by, invoked_by,
		server_instance, pid, version, lease_token, as_of) OVERRIDING SYSTEM VALUE
	     VALUES ($1, 'b6f1b3d0-0000-4000-8000-00000000000$1', '$2', 'text', '$4', '$4', '$3',
		${5-NULL}, 150, 'MANUAL', 'root/bk', 'app-1', 4711, '1.0.0', $1, '$4')"
}

# terminal COLUMNS COMMAND...: what it prints there, without carriage returns; status in RC
terminal() {
	local columns=$1
	shift
	run env TERM=xterm script -qec "stty cols $columns; $*" /dev/null
	OUT=${OUT//$'\r'/}
}

t "without its schema it says what to do"
run bkstatus
is_rc 78
out_is_empty
err_has "schema bk is missing"
err_has "bkmaint migrate"
run bkstatus history --json
is_rc 78
json_is .error.code SCHEMA
json_is .data null

t "a job list is there right after the migration"
run bkmaint migrate --reference-bookings
is_rc 0
sql "DELETE FROM bk.maintenance_executions"
run bkstatus
is_rc 0
err_is_empty
out_is "JOB               STATUS  LAST  LAST RUN  PROCESSED  QUEUE  ERROR
activate-due      IDLE    -     -                 0      0  -
cancel-no-shows   IDLE    -     -                 0      0  -
update-completed  IDLE    -     -                 0      0  -
update-expired    IDLE    -     -                 0      0  -
cleanup           IDLE    -     -                 0      0  -"

t "jobs is the default command"
run bkstatus jobs --json
json_is .meta.command "bkstatus jobs"
json_is '.data.items | length' 5
json_is '.data.items[0] | keys_unsorted | .[0:6] | join(" ")' \
	"jobName description cronExpression delayMs enabled status"
json_is '.data.items[0].queueDepth' 0
json_is '.data.unendedStates | length' 0
run bkstatus --json
json_is .meta.command "bkstatus jobs"

t "jobs as lines end with a summary"
run bkstatus -o jsonl
is_rc 0
is "$(jq -r .type "$BK_TEST_DIR/.out" | tr '\n' ' ')" "job job job job job summary " types
is "$(tail -n 1 "$BK_TEST_DIR/.out")" '{"type":"summary","count":5,"unendedStates":[]}' summary

t "an empty history is no error"
run bkstatus history
is_rc 0
out_is "no executions"
run bkstatus history --json
json_is '.data | tojson' '{"items":[],"limit":50,"nextCursor":null}'
run bkstatus history -o csv
is "$(wc -l <"$BK_TEST_DIR/.out")" 1 "lines of csv"
run bkstatus history -o jsonl
out_is '{"type":"summary","count":0,"limit":50,"nextCursor":null}'

execution 1 activate-due SUCCESS '2026-11-23 06:00:01Z'
execution 2 activate-due ERROR '2026-11-23 06:00:02Z' "E'\\x1b[31mred \\u202e \"q\", |\\n'"
execution 3 update-expired SUCCESS '2026-11-23 06:00:03Z'
execution 4 migrate SUCCESS '2026-11-23 06:00:04Z'

t "the history is a table, newest first, and nothing raw is in it"
run bkstatus history
out_is 'ID  OPERATION       EXECUTED AT           STATUS   PROCESSED    TIME  ERROR
 4  migrate         2026-11-23T06:00:04Z  SUCCESS          0  150 ms  -
 3  update-expired  2026-11-23T06:00:03Z  SUCCESS          0  150 ms  -
 2  activate-due    2026-11-23T06:00:02Z  ERROR            0  150 ms  \x1b[31mred \u{202e} "q", |\n
 1  activate-due    2026-11-23T06:00:01Z  SUCCESS          0  150 ms  -'

t "the table is the same in every locale and without an environment"
for locale in C POSIX C.UTF-8 de_DE.UTF-8; do
	run env LC_ALL=$locale bkstatus history
	out_has 'ERROR            0  150 ms  \x1b[31mred \u{202e}'
done
run bkenv bkstatus history -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" -d "$PGDATABASE" \
	--config="$BK_CONFIG"
is_rc 0
out_has 'ERROR            0  150 ms  \x1b[31mred \u{202e}'

t "at a terminal it is coloured and cut at its width"
terminal 60 bkstatus history
is_rc 0
out_has $'\033[32mSUCCESS\033[0m'
out_has $'\033[31mERROR  \033[0m'
out_lacks "150 ms"
terminal 60 bkstatus history --color=never
out_lacks $'\033'
out_has " 1  activate-due    2026-11-23T06:00:01Z  SUCCESS          0"
terminal 200 bkstatus history --limit=1
out_has "older ones: --after=1"
run env CLICOLOR_FORCE= bkstatus history
out_lacks $'\033'

t "pages of JSON are joined by their cursors"
run bkstatus history --limit=3 --json
json_is '[.data.items[].id] | join(" ")' "4 3 2"
cursor=$(jq -r .data.nextCursor "$BK_TEST_DIR/.out")
execution 5 activate-due SUCCESS '2026-11-23 06:00:05Z'
run bkstatus history --limit=3 --json --after="$cursor"
json_is '[.data.items[].id] | join(" ")' "1"
json_is .data.nextCursor null
json_is .data.limit 3
sql "DELETE FROM bk.maintenance_executions WHERE id = 5"

t "filters"
run bkstatus history --job=activate-due --json
json_is '[.data.items[].id] | join(" ")' "2 1"
run bkstatus history --job=migrate --json
json_is '[.data.items[].id] | join(" ")' "4"
run bkstatus history --status=error --json
json_is '[.data.items[].id] | join(" ")' "2"
run bkstatus history --status=ERROR --trigger=manual --job=activate-due --json
json_is '[.data.items[].id] | join(" ")' "2"
run bkstatus history --trigger=SCHEDULER --json
json_is '.data.items | length' 0
run bkstatus history --since=2026-11-23T06:00:02Z --until=2026-11-23T07:00:04+01:00 --json
json_is '[.data.items[].id] | join(" ")' "3 2"
run bkstatus history --until=2026-11-23 --json
json_is '.data.items | length' 0
run bkstatus history --until=1000d --json
json_is '.data.items | length' 0

t "bad filters are usage errors that name option and value"
while IFS='|' read -r option message; do
	run bkstatus history "$option"
	is_rc 64
	out_is_empty
	err_has "$message"
	run bkstatus history "$option" --json
	is_rc 64
	json_is .error.code USAGE
	json_is .success false
done <<'END'
--status=Error|option --status: "Error" is none of RUNNING, SUCCESS
--status=|option --status
--trigger=CRON|option --trigger: "CRON" is neither SCHEDULER nor MANUAL
--since=yesterday|option --since: "yesterday" is no time
--until=2026-02-30|option --until: "2026-02-30" is no time
--limit=0|option --limit: "0" is no number from 1 to 1000
--limit=1001|option --limit
--limit=1e2|option --limit
--after=1000|option --after: "1000" is no cursor
--after=../../etc|option --after
--jobs=x|unknown option --jobs
--sinc=2h|did you mean --since?
END

t "an unknown job is not found"
run bkstatus history --job=activate-deu
is_rc 66
out_is_empty
err_has 'no job "activate-deu"'
err_has 'did you mean "activate-due"?'
run bkstatus job "x'; --" --json
is_rc 66
json_is .error.code NOT_FOUND
json_is .data null
run bkstatus job migrate
is_rc 66

t "one job is a list of its values and its last executions"
run bkstatus job activate-due
is_rc 0
out_has "JOB               activate-due
DESCRIPTION       Activate due bookings"
out_has "DELAY             30s"
out_has "Recent executions
ID  OPERATION     EXECUTED AT           STATUS   PROCESSED    TIME  ERROR
 2  activate-due"
run bkstatus job activate-due --json
json_is .data.jobName activate-due
json_is '[.data.recent[].id] | join(" ")' "2 1"
run bkstatus job activate-due -o csv
is "$(wc -l <"$BK_TEST_DIR/.out")" 2 "lines of csv"

t "one execution comes with what it changed"
sql "INSERT INTO bk.booking_transitions (execution_id, worker, batch_no, rule, from_state, to_state,
	row_count, keys, key_hashes, txid, at) VALUES
	(1, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', 5, '{}', '{}', '1', '2026-11-23 06:00:01Z'),
	(1, 0, 2, 'activate', 'CONFIRMED', 'ACTIVE', 2, '{}', '{}', '1', '2026-11-23 06:00:02Z')"
run bkstatus execution 1
is_rc 0
out_has "Transitions
RULE      FROM       TO      COUNT  BATCHES  FIRST                 LAST
activate  CONFIRMED  ACTIVE      7        2  2026-11-23T06:00:01Z  2026-11-23T06:00:02Z"
run bkstatus execution 1 --json
json_is .data.id 1
json_is '.data.transitions[0] | keys_unsorted | join(" ")' "rule from to count batches first last"
json_is '.data.transitions[0] | map_values(tostring) | join(" ")' \
	"activate CONFIRMED ACTIVE 7 2 2026-11-23T06:00:01.000Z 2026-11-23T06:00:02.000Z"
run bkstatus execution 2
out_has "no bookings were changed"
out_has 'ERROR             \x1b[31mred \u{202e} "q", |\n'
run bkstatus execution 1 -o jsonl
is "$(jq -r .type "$BK_TEST_DIR/.out" | tr '\n' ' ')" "execution transition summary " types

t "an execution that is no number or not there"
for id in x 0 -1 1.0 01 99999999999999999999; do
	run bkstatus execution -- "$id"
	is_rc 64
	err_has "\"$id\" is no number of an execution"
done
run bkstatus execution 4711
is_rc 66
err_has "no execution 4711"

t "csv is read back as it was"
run bkstatus history --status=ERROR -o csv
columns=$(head -n 1 "$BK_TEST_DIR/.out" | sed 's/[^,]\{1,\}/"&" text/g')
is "$(psql -XAtq <<END
create temp table back ($columns);
\\copy back from '$BK_TEST_DIR/.out' csv header
select id, "errorMessage" = E'\\x1b[31mred \\u202e "q", |\\n' from back;
END
)" "2|t" row

t "every format of every command is strict"
for command in jobs "job activate-due" history "execution 2" holds quarantine config; do
	# shellcheck disable=SC2086
	run bkstatus $command --json
	is_rc 0
	json_is .success true
	# shellcheck disable=SC2086
	run bkstatus $command -o jsonl
	is "$(tail -n 1 "$BK_TEST_DIR/.out" | jq -r .type)" summary "last line of $command"
done

t "states that no job ends are named"
printf 'update-completed {\n\tenabled = no\n}\n' >gap.conf
run bkstatus --config="$PWD/gap.conf"
is_rc 0
err_has "no enabled job ends every booking that is"
err_has "active"
out_has "update-completed  DISABLED"
run bkstatus --config="$PWD/gap.conf" --json
err_is_empty
json_is '.data.unendedStates | index("active") != null' true

t "a queue that cannot be counted is a warning, not an error"
sql "ALTER TABLE public.bookings RENAME TO other"
run bkstatus
is_rc 0
err_has "warning: no queue can be counted"
out_has "activate-due      IDLE    -     -                 0      -  -"
sql "ALTER TABLE public.other RENAME TO bookings"

t "booking_read is enough"
sql "CREATE ROLE reader LOGIN; GRANT booking_read TO reader"
for command in jobs "job activate-due" history "execution 1" config health; do
	# shellcheck disable=SC2086
	run bkstatus $command -U reader
	is_rc 0
	err_is_empty
done
sql "CREATE ROLE nobody_at_all LOGIN"
run bkstatus -U nobody_at_all
is_rc 77

t "config needs no database and names every origin"
run env PGHOST=/nowhere bkstatus config --json
is_rc 0
json_is '[.data.items[] | select(.key == "activate-due.delay") | .value, .origin] | join(" ")' \
	"30s default"
json_is .data.file "$BK_CONFIG"
printf 'grace = 20m\n' >bk.conf
printf 'activate-due {\n\tdelay = 45s\n}\n' >bk-prod.conf
run env BK_CANCEL_NO_SHOWS_DELAY=2m bkstatus config --config="$PWD/bk.conf" --profile=prod \
	--instance=here -o csv
is_rc 0
out_has "key,value,origin,range,help"
out_has "grace,20m,$PWD/bk.conf:1,"
out_has "activate-due.delay,45s,$PWD/bk-prod.conf:2,"
out_has "cancel-no-shows.delay,2m,environment BK_CANCEL_NO_SHOWS_DELAY,"
out_has "instance,here,command line,"
run bkstatus config
out_has "activate-due.delay"
run bkstatus config -o jsonl
is "$(jq -r .type "$BK_TEST_DIR/.out" | sort -u | tr '\n' ' ')" "setting summary " types

t "output that cannot be written is an error"
run bash -c 'bkstatus history >/dev/full'
is_rc 74
run bash -c 'bkstatus history --json >/dev/full'
is_rc 74

t "a reader that goes away is none"
run bash -c 'set -o pipefail; for i in 1 2 3 4 5; do bkstatus config -v; done | head -n 1'
err_is_empty

done_testing

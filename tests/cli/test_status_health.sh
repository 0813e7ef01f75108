# bkstatus health as monitoring calls it: one line, performance data, exit status 0 to 3.
# shellcheck shell=bash
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=etc/dev/cluster.sh
. "$BK_SRC/etc/dev/cluster.sh"

: >empty.conf
chmod 0600 empty.conf
export BK_CONFIG=$PWD/empty.conf

one_line() {
	is "$(wc -l <"$BK_TEST_DIR/.out")" 1 "lines"
	err_is_empty
}

# success AGE: every job succeeded so long ago
success() {
	sql "UPDATE bk.scheduler_job_info SET status = 'IDLE', error_message = NULL,
		last_success_time = now() - interval '$1', last_execution_status = 'SUCCESS'"
}

t "a database that is down is critical"
run bkstatus health -h "$PWD"
is_rc 2
one_line
out_has "BK CRITICAL - database: connection"
run bkstatus health -d nosuch --json
is_rc 2
json_is .success false
json_is .error.code DATABASE_UNAVAILABLE
json_is .error.exitCode 2
json_is .data.state CRITICAL
json_is '.data.checks[0].name' database

t "a missing schema is critical"
run bkstatus health
is_rc 2
one_line
out_has "BK CRITICAL - schema: schema bk is missing in the database (run bkmaint migrate"
run bkstatus health --json
json_is .error.code SCHEMA
json_is '[.data.checks[] | .name + "=" + .state] | join(" ")' "database=OK schema=CRITICAL"

run bkmaint migrate --reference-bookings

t "jobs that were just registered are fresh"
run bkstatus health
is_rc 0
one_line
out_has "BK OK - 5 jobs fresh | 'activate-due age'="
out_has "s;;90;0 'cancel-no-shows age'="
out_has "s;;150;0 "
out_has " 'cleanup age'="
out_has "s;;173700;0"
run bkstatus health --json
is_rc 0
json_is .success true
json_is .data.state OK
json_is '[.data.checks[].name] | join(" ")' \
	"database schema activate-due cancel-no-shows update-completed update-expired cleanup overdue \
primary ticks leases quarantine"
json_is '.data.checks[2].maxAgeMs' 90000

t "a job that never succeeded becomes critical too"
sql "UPDATE bk.scheduler_job_info SET created_at = now() - interval '2 h'
	WHERE job_name = 'activate-due'"
run bkstatus health
is_rc 2
one_line
out_has "BK CRITICAL - activate-due: no success yet, registered 2h 0m ago, allowed 1m 30s | "

t "a success that is too old is critical"
success '0 s'
sql "UPDATE bk.scheduler_job_info SET last_success_time = now() - interval '100 s'
	WHERE job_name = 'activate-due'"
run bkstatus health
is_rc 2
out_has "BK CRITICAL - activate-due: last success 1m 40s ago, allowed 1m 30s | "
out_has " | 'activate-due age'=100s;;90;0"
run bkstatus health --json
is_rc 2
json_is .success false
json_is .error.exitCode 2
json_is '[.data.checks[] | select(.state != "OK") | .name] | join(" ")' activate-due
run bkstatus health -o jsonl
is_rc 2
is "$(tail -n 1 "$BK_TEST_DIR/.out" | jq -r .type)" error "last line"

t "the limit follows the configuration"
printf 'activate-due {\n\tdelay = 40s\n}\n' >slow.conf
run bkstatus health --config="$PWD/slow.conf"
is_rc 0
out_has "s;;110;0"

t "a failing job is a warning while its success is fresh"
success '0 s'
sql "UPDATE bk.scheduler_job_info SET status = 'ERROR', error_message = E'no|table\n'
	WHERE job_name = 'update-expired'"
run bkstatus health
is_rc 1
one_line
out_has "BK WARNING - update-expired: last run failed: no/table\\n | "
run bkstatus health --json
is_rc 1
json_is .success true
json_is .data.state WARNING
run bkstatus health -o jsonl
is_rc 1
is "$(tail -n 1 "$BK_TEST_DIR/.out")" '{"type":"summary","count":12,"state":"WARNING"}' "last line"

t "a job paused by hand is a warning, however old"
success '10 days'
sql "UPDATE bk.scheduler_job_info SET status = 'PAUSED', paused_reason = 'inventory'"
run bkstatus health
is_rc 1
out_has "BK WARNING - activate-due: paused: inventory; "

t "a disabled job is all right"
success '0 s'
sql "UPDATE bk.scheduler_job_info SET is_active = false, last_success_time = now() - interval '1 d'
	WHERE job_name = 'update-expired'"
run bkstatus health
is_rc 0
out_has "BK OK - 4 jobs fresh | "
out_lacks update-expired
run bkstatus health -v
is_rc 0
out_has "OK update-expired: disabled"
out_has "OK database: answers"

t "work that is overdue is a warning, whatever the runs say"
success '0 s'
sql "UPDATE bk.scheduler_job_info SET is_active = true;
	INSERT INTO public.bookings (status, starts_at, ends_at) SELECT 'CONFIRMED',
		now() - interval '2 minutes', now() + interval '1 hour' FROM generate_series(1, 3)"
run bkstatus health
is_rc 1
one_line
out_has "BK WARNING - overdue: activate-due: 3 due, one for 2m "
out_has "s, allowed 1m 30s | "
run bkstatus health --json
is_rc 1
json_is '.data.checks[] | select(.name == "overdue") | [.name, .state, .ageMs] | tojson' \
	'["overdue","WARNING",null]'
sql "UPDATE bk.scheduler_job_info SET status = 'PAUSED' WHERE job_name = 'activate-due'"
run bkstatus health
out_lacks overdue
success '0 s'
sql "ALTER TABLE public.bookings RENAME TO others"
run bkstatus health
is_rc 1
out_has "BK WARNING - overdue: no queue can be counted: bookings.table: table "
sql "ALTER TABLE public.others RENAME TO bookings; DELETE FROM public.bookings"
run bkstatus health -v
is_rc 0
out_has "OK overdue: nothing"

t "failures in a row are counted"
sql "UPDATE bk.scheduler_job_info SET retry_count = 3, status = 'ERROR', error_message = 'no table'
	WHERE job_name = 'update-expired'"
run bkstatus health
is_rc 1
out_has "BK WARNING - update-expired: last run failed, 3 in a row: no table | "
out_has " 'update-expired failures'=3;0;;0"
sql "UPDATE bk.scheduler_job_info SET retry_count = 0"
success '0 s'

t "a crontab that stopped is seen, also while the job is paused"
run bkactivate
run bkstatus health
is_rc 0
sql "UPDATE bk.scheduler_job_info SET status = 'PAUSED' WHERE job_name = 'activate-due';
	UPDATE bk.instances SET last_ticks = jsonb_build_object('activate-due', now() - interval '1 h')"
run bkstatus health --json
is_rc 1
json_is '.data.checks[] | select(.name == "ticks") | [.state, .message | tostring] | join(" ")
	| sub("by .*"; "")' "WARNING activate-due was last called 1h 0m ago, "
sql "TRUNCATE bk.instances"
success '0 s'

t "a lease past its end is a warning until somebody takes over"
sql "WITH e AS (INSERT INTO bk.maintenance_executions (run_id, operation, description, executed_at,
		status, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
	SELECT gen_random_uuid(), 'activate-due', '', now(), 'RUNNING', 'SCHEDULER', '', 'h1', 1, '1', 0,
		now() RETURNING id)
	INSERT INTO bk.execution_workers (execution_id, worker, token, lease_expires_at)
	SELECT id, n, 0, now() + n * interval '1 h' FROM e, (VALUES (-1), (1)) AS v (n)"
run bkstatus health
is_rc 0
sql "DELETE FROM bk.execution_workers WHERE worker = 1"
run bkstatus health
is_rc 1
one_line
out_has "BK WARNING - leases: 1 past its end, for 1h 0m at most, and nobody took over: execution "
out_has " of activate-due on h1 | "
out_has " 'leases'=1;0;;0"
run bkactivate --now
run bkstatus health
is_rc 0
out_has "BK OK - "
out_has " 'leases'=0;0;;0"

t "a quarantine that is not empty is a warning"
sql "INSERT INTO bk.quarantined_bookings VALUES ('start', '{1}', 'activate-due', 1, '23514', 'no',
	now(), now(), 1, now())"
run bkstatus health
is_rc 1
out_has "BK WARNING - quarantine: 1 booking set aside, see bkstatus quarantine | "
out_has " 'quarantine'=1;0;;0"
sql "TRUNCATE bk.quarantined_bookings"

t "an old backup is a warning, no backup is none"
run bkmaint backup first.dump
is_rc 0
run bkstatus health
is_rc 0
out_has "'backup age'="
out_has "s;691200;;0"
sql "UPDATE bk.maintenance_executions SET executed_at = executed_at - interval '9 d'
	WHERE operation = 'backup';
	UPDATE bk.execution_stats SET hour = hour - interval '9 d' WHERE operation = 'backup'"
run bkstatus health
is_rc 1
out_has "BK WARNING - backup: last backup of bk's schema 9d "
sql "DELETE FROM bk.maintenance_executions WHERE operation = 'backup'"

t "what refuses writes is a warning"
sql "ALTER DATABASE $PGDATABASE SET default_transaction_read_only = on"
run bkstatus health
is_rc 1
out_has "BK WARNING - primary: the server refuses writes, so no job can run | "
psql -XAtq -U postgres -d "$PGDATABASE" -c "SET default_transaction_read_only = off" \
	-c "ALTER DATABASE $PGDATABASE RESET default_transaction_read_only"
run bkstatus health
is_rc 0

t "booking_read is enough"
sql "CREATE ROLE reader LOGIN IN ROLE booking_read; GRANT SELECT ON public.bookings TO reader"
run bkstatus health -U reader
is_rc 0

t "whatever keeps it from an answer is unknown"
for line in --nosuch --limit=3 extra --config=/nowhere --profile=nosuch --output=xml -p; do
	run bkstatus health "$line"
	is_rc 3
	one_line
	out_has "BK UNKNOWN - "
done
run bkstatus --nosuch health
is_rc 3
out_has "BK UNKNOWN - unknown option --nosuch"
run bkstatus health --nosuch --json
is_rc 3
json_is .error.code USAGE
json_is .error.exitCode 3
sql "CREATE ROLE nobody_at_all LOGIN"
run bkstatus health -U nobody_at_all
is_rc 3
out_has "BK UNKNOWN - "
run bkstatus health --help
is_rc 3
out_has "Usage:"
run bkstatus health --version
is_rc 3

t "other commands keep their exit statuses"
run bkstatus --nosuch
is_rc 64
run bkstatus history --job health --nosuch
is_rc 64

t "an answer that nobody got is no answer"
run bash -c 'bkstatus health >/dev/full'
is_rc 3

# archive_mode takes a start of the server, so this one has its own.
archiving=$BK_TEST_DIR/archiving
trap 'cluster_stop "$archiving"' EXIT
cluster_start "$archiving" || exit 1
export PGHOST=$archiving/socket PGDATABASE=postgres
# setting NAME VALUE: for sessions from now on
setting() {
	sql "ALTER SYSTEM SET $1 = $2" && sql "SELECT pg_reload_conf()" >/dev/null
	wait_for "current_setting('$1') = $2"
}
sql "ALTER SYSTEM SET archive_mode = on"
cluster_as_owner "$bin/pg_ctl" -D "$archiving/data" -m fast -w -t 60 stop >/dev/null
cluster_run "$archiving" || exit 1
bkmaint migrate --reference-bookings
sql "CREATE ROLE reader LOGIN IN ROLE booking_read; GRANT SELECT ON public.bookings TO reader"

t "a server that is to archive its WAL and has nothing to do it with is warned of"
for user in postgres reader; do
	run bkstatus health -U $user
	is_rc 1
	out_has "archiving: archive_mode is on, but there is no archive_command"
done
setting archive_command "'/bin/true'"
run bkstatus health -U reader
is_rc 0

t "a library will do where the server has such"
if [ "$(sql "SELECT current_setting('server_version_num')::int >= 150000")" = t ]; then
	sql "ALTER SYSTEM SET archive_library = 'basic_archive'"
	setting archive_command "''"
	wait_for "current_setting('archive_library') = 'basic_archive'"
	run bkstatus health -U reader
	is_rc 0
fi

done_testing

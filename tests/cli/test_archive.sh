# shellcheck shell=bash
# What cleanup prunes goes into the archive first, and bkstatus history --archive reads it back: files
# or a table, whatever text is in them, whatever ends the writing.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

dir=$BK_TEST_DIR/archive

to_files() {
	configure "archive { dir = \"$dir\" }"
}

configure
empty_table
mkdir -m 0750 "$dir"

# history N: that many old executions with two transitions each, of three months, and a newest one
history() {
	empty_table
	sql "truncate bk.archived_executions, bk.archived_transitions, bk.event_consumers;
		with e as (insert into bk.maintenance_executions (run_id, operation, description,
			executed_at, finished_at, status, processed_count, error_code, error_message,
			remaining, execution_time_ms, triggered_by, invoked_by, server_instance, pid,
			version, lease_token, as_of)
		select gen_random_uuid(),
			case when g % 3 = 0 then 'update-expired' else 'activate-due' end, 'x', at,
			at + interval '1.5 s', case when g % 4 = 0 then 'ERROR' else 'SUCCESS' end, 2,
			case when g % 4 = 0 then '23514' end,
			case g % 4 when 0 then e'a \"quoted\", =1+1\n\x1b[31mline; \u202e' || g
				when 1 then '' end,
			nullif(g % 2, 0), 1500, case when g % 5 = 0 then 'MANUAL' else 'SCHEDULER' end,
			'u/u', 'h', 1, '1', 0, at
		from (select g, now() - interval '40 days' - g * interval '57600.123456 s' as at
			from generate_series(1, $1) as g) as t order by at returning *)
		insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,
			to_state, row_count, keys, key_hashes, txid, at, set_columns, set_before)
		select id, 0, b, 'activate', e'{}\"\\\\', '', 1, array[array[e'k,\"\n{}\\\\' || id]], '{-7}',
			'9', executed_at, array['c'], array[array[null, '', 'NULL']]
		from e, generate_series(1, 2) as b;
		insert into bk.maintenance_executions (run_id, operation, description, executed_at,
			finished_at, status, processed_count, triggered_by, invoked_by, server_instance,
			pid, version, lease_token, as_of)
		select gen_random_uuid(), op, 'x', now(), now(), 'SUCCESS', 1, 'SCHEDULER', 'u/u', 'h', 1,
			'1', 0, now() from (values ('activate-due'), ('update-expired')) as v (op)"
}

# left: executions and transitions in the tables, but for those of cleanup
left() {
	sql "select (select count(*) from bk.maintenance_executions where operation <> 'cleanup'),
		(select count(*) from bk.booking_transitions)"
}

# items FILE: the history in it
items() {
	jq -c '.data.items[]' "$1"
}

# archived: how many executions the archive has
archived() {
	bkstatus history --archive --limit=1000 --json | jq '.data.items | length'
}

# files: those in the archive
files() {
	(cd "$dir" && find . -type f | sort)
}

t "without an archive there is nothing to read"
run bkstatus history --archive
is_rc 78
err_has "there is no archive"
err_has "hint: write archive { dir ="

t "the settings are checked"
configure 'archive { dir = "relative" }'
run bkstatus config
is_rc 78
err_has "archive.dir: must start with /"
configure 'archive { dri = "/x" }'
run bkstatus config
is_rc 78
err_has 'did you mean "dir"?'
BK_ARCHIVE_TABLE=yes run bkstatus config
is_rc 78

t "what is pruned is in the files, as it was"
to_files
history 150
bkstatus history --until=35d --limit=1000 --json >"$BK_TEST_DIR/before"
sql "create table was_e as select * from bk.maintenance_executions
		where executed_at < now() - interval '35 days';
	create table was_t as select * from bk.booking_transitions"
run bkmaint cleanup -v
is_rc 0
err_is_empty
out_has "cleanup: SUCCESS, 150 records changed"
is "$(left)" "2|0"
run bkstatus history --archive --limit=1000 --json
is_rc 0
cp "$BK_TEST_DIR/.out" "$BK_TEST_DIR/after"
is "$(items "$BK_TEST_DIR/after" | wc -l)" 150
is "$(diff <(items "$BK_TEST_DIR/before") <(items "$BK_TEST_DIR/after"))" ""

t "so are the transitions: both can be loaded by COPY, and are what they were"
commands=$(sed -n '/^psql -c "CREATE TABLE back/,/^done$/p' "$BK_SRC/man/bk.7" | sed 's/2026-11/*/')
beside=$(sed -n 's/^\.Ql \(ALTER TABLE back ADD .*\) \.$/\1/p' "$BK_SRC/man/bk.7")
# load KIND TABLE [STATEMENT]: the files of every month into the table back, as bk(7) says
load() {
	local create=${commands%%$'\n'*} copy=${commands#*$'\n'}
	run env -C "$dir" PGUSER=postgres bash -c "${create/maintenance_executions/$2}
		psql -c '${3-}'
		${copy/executions/$1}"
	is_rc 0
	err_is_empty
}
load executions maintenance_executions
sql_is "select count(*) from back" 150
sql_is "select count(*) from (select * from was_e except select * from back) as d" 0
sql "drop table back"
load transitions booking_transitions "$beside"
sql "alter table back drop executed_at"
sql_is "select count(*) from back" 300
sql_is "select count(*) from (select * from was_t except select * from back) as d" 0
sql "drop table was_e, was_t, back"

t "the manifest has the checksums, and the files are not for everybody"
for manifest in "$dir"/*/manifest.csv; do
	is "$(sed 1d "$manifest" | awk -F, '{ print $8 "  " $1 }' |
		(cd "${manifest%/*}" && sha256sum --quiet -c 2>&1))" ""
done
is "$(find "$dir" -type f -perm /027)" ""

t "pages and filters are those of the history"
cursor='' pages=''
while :; do
	run bkstatus history --archive --limit=40 ${cursor:+"--after=$cursor"} --json
	pages+=$(jq -c '.data.items[]' <<<"$OUT")$'\n'
	cursor=$(jq -r '.data.nextCursor // empty' <<<"$OUT")
	[ -n "$cursor" ] || break
done
is "$(diff <(items "$BK_TEST_DIR/before") <(sed '/^$/d' <<<"$pages"))" ""
for filter in '--job=update-expired|.operation == "update-expired"' '--status=error|.status == "ERROR"' \
	'--trigger=MANUAL|.triggeredBy == "MANUAL"'; do
	run bkstatus history --archive --limit=1000 "${filter%%|*}" --json
	is "$(diff <(items "$BK_TEST_DIR/before" | jq -c "select(${filter#*|})") \
		<(items "$BK_TEST_DIR/.out"))" ""
done
run bkstatus history --archive --since=90d --until=60d --limit=1000 --json
is "$(diff <(items "$BK_TEST_DIR/before" | jq -c "select((.executedAt | sub(\"\\\\..*\"; \"Z\") | fromdate)
	| . >= now - 90 * 86400 and . < now - 60 * 86400)") <(items "$BK_TEST_DIR/.out"))" ""
run bkstatus history --archive --until=2020-01-01
is_rc 0
out_is "no executions"

t "it needs no database"
PGHOST=$BK_TEST_DIR/nowhere run bkstatus history --archive --limit=1000 -o csv
is_rc 0
is "$(head -n 1 <<<"$OUT" | cut -d, -f1-3)" "id,runId,operation"

t "hostile text is harmless where people see it"
run bkstatus history --archive --status=ERROR --limit=1 -v
out_lacks $'\x1b'
out_lacks $'\u202e'

t "the next time adds to it"
history 3
run bkmaint cleanup
is_rc 0
is "$(archived)" 153

t "a manifest that an editor left without its last newline loses nothing"
rm -r "${dir:?}"/*
history 3
sql "delete from bk.booking_transitions"
bkmaint cleanup || exit 1
for manifest in "$dir"/*/manifest.csv; do
	truncate -s -1 "$manifest"
done
is "$(archived)" 3
history 3
run bkmaint cleanup
is_rc 0
is "$(archived)" 6
is "$(for manifest in "$dir"/*/manifest.csv; do
	sed "1d; s|,.*||; s|^|./$(basename "${manifest%/*}")/|; \$q" "$manifest"
done | sort)" "$(files | grep -v manifest)" "what is entered"

t "a dry run archives nothing"
rm -r "${dir:?}"/*
history 3
run bkmaint cleanup -n
is_rc 0
is "$(files)" ""

# --- what cannot be written ---

# refused TEXT: the run failed with it, and nothing went
refused() {
	is_rc 74
	err_has "$1"
	is "$(left)" "$kept"
	is "$(last_record operation status error_code)" "cleanup|ERROR|IO_ERROR"
}

history 3
kept=$(left)

t "a directory that is missing, a link, or open to others: nothing is pruned"
configure "archive { dir = \"$dir/none\" }"
run bkmaint cleanup
refused "archive: directory $dir/none: cannot open: No such file or directory"
ln -s "$dir" "$BK_TEST_DIR/link"
configure "archive { dir = \"$BK_TEST_DIR/link\" }"
run bkmaint cleanup
refused "is no directory, or a symbolic link"
to_files
chmod g+w "$dir"
run bkmaint cleanup
refused "may be written by its group"
chmod g-w "$dir"
ln -s /tmp "$dir/$(date -u -d '40 days ago 16 hours ago' +%Y-%m)"
run bkmaint cleanup
refused "is no directory, or a symbolic link"
find "$dir" -type l -delete
is "$(files)" ""

# As a full disk: the write fails with EFBIG. A megabyte of it has to go through zlib.
t "a disk that is full: nothing is pruned, and nothing is left there"
sql "update bk.booking_transitions set keys = array[(select array_agg(md5(g::text || id))
	from generate_series(1, 4000) as g)]"
limited() {
	(trap '' XFSZ && ulimit -f "$1" && shift && "$@")
}
run limited 64 bkmaint cleanup
refused "cannot write: File too large"
is "$(files)" ""
run limited 64 bkmaint cleanup --json
json_is '[.error.code, .error.exitCode, .data.status] | tojson' '["IO_ERROR",74,"ERROR"]'
run bkmaint cleanup
is_rc 0
is "$(left)" "2|0"
is "$(archived)" 3

if [ "$(id -u)" = 0 ] && mkdir "$BK_TEST_DIR/small" &&
	mount -t tmpfs -o size=64k,mode=0750 none "$BK_TEST_DIR/small" 2>/dev/null; then
	t "a file system that is full"
	configure "archive { dir = \"$BK_TEST_DIR/small\" }"
	history 3
	sql "update bk.booking_transitions set keys = array[(select array_agg(md5(g::text || id))
		from generate_series(1, 4000) as g)]"
	kept=$(left)
	run bkmaint cleanup
	refused "No space left on device"
	is "$(find "$BK_TEST_DIR/small" -type f)" ""
	umount "$BK_TEST_DIR/small"
	to_files
fi

t "a file that was changed is told of, and read no further"
file=$(find "$dir" -name 'executions-*' | head -n 1)
printf 'x' | dd of="$file" bs=1 seek=4 conv=notrunc 2>/dev/null
run bkstatus history --archive --json
is_rc 74
json_is '.error.message | test("executions-.*: its checksum is not that of the manifest$")' true
rm -r "${dir:?}"/*

# --- killed ---

# manifests: how many files are entered
manifests() {
	cat "$dir"/*/manifest.csv 2>/dev/null | grep -c '^executions-'
}

t "killed between the archive and the end of its transaction: nothing is lost, nothing is there twice"
history 6
kept=$(left)
hold "select from bk.booking_transitions for update"
bkmaint cleanup 2>/dev/null 9>&- &
cleaner=$!
wait_for "exists (select from pg_locks where not granted)"
[ "$(manifests)" -gt 0 ] || harness_fail "the archive" "written before the delete" "$(files)"
kill -9 "$cleaner"
{ wait "$cleaner"; } 2>/dev/null
let_go
wait_for "not exists (select from pg_stat_activity where application_name like 'bk:%')"
is "$(left)" "$kept"
is "$(archived)" 6
sql "update bk.execution_workers set lease_expires_at = now()"
run bkmaint cleanup
is_rc 0
is "$(left)" "2|0"
is "$(archived)" 6
entered=$(manifests)
[ "$entered" -gt 1 ] || harness_fail "files" "those of both runs" "$(files)"
is "$(zcat "$dir"/*/executions-*.csv.gz | grep -c ',activate-due,\|,update-expired,')" 12
is "$(bkstatus history --archive --json | jq -r '[.data.items[].id] | unique | length')" 6

t "killed while it writes a file: the file counts for nothing"
rm -r "${dir:?}"/*
history 6
month=$dir/$(date -u -d '40 days ago 16 hours ago' +%Y-%m)
mkdir -m 0750 "$month"
printf 'torn' >"$month/executions-9-1.csv.gz"
printf 'file,bytes\nexecutions-9-1.csv.gz,4' >"$month/manifest.csv"
is "$(archived)" 0
run bkmaint cleanup
is_rc 0
is "$(archived)" 6

# --- the table ---

t "the table instead: rows move there"
rm -r "${dir:?}"/*
configure 'archive { table = yes }'
history 20
bkstatus history --until=35d --limit=1000 --json >"$BK_TEST_DIR/before"
sql "create role worker login; grant booking_update to worker;
	create role reader login; grant booking_read to reader"
run bkmaint cleanup -U worker
is_rc 0
is "$(left)" "2|0"
sql_is "select (select count(*) from bk.archived_executions),
	(select count(*) from bk.archived_transitions)" "20|40"
run bkstatus history --archive --limit=1000 --json -U reader
is_rc 0
is "$(diff <(items "$BK_TEST_DIR/before") <(items "$BK_TEST_DIR/.out"))" ""
run bkstatus history --archive --limit=2 --status=ERROR --json
json_is '.data | [(.items | length), .nextCursor != null] | tojson' '[2,true]'
is "$(files)" ""

t "archive does it by hand, and nothing else"
history 4
running update-completed '-1 second'
run bkmaint archive -n -o csv
is_rc 0
is "$(sed 1d <<<"$OUT" | cut -d, -f4 | sort | uniq -c | tr -s ' ')" " 4 prune-history"
run bkmaint archive -U worker
is_rc 77
err_has "only the owner of schema bk may archive"
is "$(last_record operation)" update-completed
sql "update bk.scheduler_job_info set last_success_time = '2020-01-01',
	next_execution_time = '2020-01-02' where job_name = 'cleanup'"
run bkmaint archive -v
is_rc 0
err_is_empty
sql_is "select last_success_time = '2020-01-01' and next_execution_time = '2020-01-02'
	from bk.scheduler_job_info where job_name = 'cleanup'" t
out_has "cleanup: SUCCESS, 4 records changed"
is "$(last_record operation triggered_by)" "cleanup|MANUAL"
sql_is "select count(*) from bk.archived_executions" 4
sql_is "select status from bk.maintenance_executions where operation = 'update-completed'" RUNNING
configure
run bkmaint archive
is_rc 78
err_has "there is no archive"

t "both: rows are in both"
configure "archive { dir = \"$dir\" table = yes }"
history 4
run bkmaint cleanup
is_rc 0
sql_is "select count(*) from bk.archived_executions" 4
is "$(archived)" 4

done_testing

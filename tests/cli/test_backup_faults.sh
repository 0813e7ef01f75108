# shellcheck shell=bash
# bkmaint backup and restore where something is wrong: files, directories and programs that are not
# what they should be, and ends at any moment. Nothing half done is left.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

umask 022
configure
mkdir safe
empty_table
due 5
bkactivate --now
bkmaint backup safe/whole.dump || exit 1

# nothing_there: not a trace of the schema
nothing_there() {
	sql_is "select to_regnamespace('bk') is null" t
}

# left NAME: no file of that name, and none that was not finished
left() {
	is "$(find safe -name "*$1*" -o -name '*.tmp')" "" "files"
}

# --- files ---

t "nothing is overwritten, and a symbolic link is not followed: 4"
echo mine >safe/mine
ln -s mine safe/link
ln -s nowhere safe/dangling
touch safe/sum.sha256
for file in mine link dangling sum; do
	run bkmaint backup "safe/$file"
	is_rc 4
	err_has "hint: name another file"
done
is "$(cat safe/mine)" mine
[ ! -e safe/nowhere ] || harness_fail "the link's target" none "was made"

t "a directory where others could exchange the file is refused: 74"
mkdir open && chmod 0777 open
run bkmaint backup open/a.dump
is_rc 74
err_has 'error: directory "open" may be written by others'
is "$(ls -A open)" ""
chmod 1777 open
run bkmaint backup open/a.dump
is_rc 0
if [ "$(id -u)" -eq 0 ]; then
	chown nobody safe
	run bkmaint backup safe/nobody.dump
	is_rc 74
	err_has 'belongs to another user'
	chown root safe
fi
for file in nowhere/a.dump safe/ safe/.. mine/a; do
	run bkmaint backup "$file"
	is_rc 74
done
run bkmaint backup ''
is_rc 64
for command in backup restore; do
	run bkmaint $command -
	is_rc 64
	err_has "hint: ./- is a file of that name"
done
[ ! -e - ] || harness_fail "a file" none -

t "a full disk leaves no file: 74"
run bash -c 'trap "" XFSZ && ulimit -f 8 && exec bkmaint backup safe/full.dump'
is_rc 74
left full

sql "drop schema bk cascade"
t "a file that is none, is cut off, damaged or written by others is refused, and nothing is left: 74"
head -c 20000 safe/whole.dump >safe/short.dump
# damage FILE OFFSET: a copy that differs there
damage() {
	cp safe/whole.dump "safe/$1" && printf 'damaged' |
		dd of="safe/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
damage data.dump $(($(stat -c %s safe/whole.dump) - 40))
damage list.dump 5000
cp safe/whole.dump.sha256 safe/list.dump.sha256
cp safe/whole.dump safe/open.dump && chmod 0666 safe/open.dump
cp safe/whole.dump safe/nosum.dump && echo x >safe/nosum.dump.sha256
mkfifo safe/fifo
for file in nosuch mine short.dump data.dump list.dump open.dump nosum.dump fifo .; do
	run bkmaint restore "safe/$file"
	is_rc 74
	err_has "error: "
	nothing_there
done

t "damage that only the server sees is damage, where no checksum says that there is none: 74"
LC_ALL=C sed 's/integer NOT NULL/integer N0T NULL/' safe/whole.dump >safe/text.dump
run bkmaint restore safe/text.dump
is_rc 74
err_has 'error: the file is damaged: psql: syntax error at or near "N0T"'
nothing_there

t "a dump that lacks a table or its rows is no backup: 74"
bkmaint restore safe/whole.dump || exit 1
pg_dump -Fc -n bk -T bk.settings >safe/settings.part
pg_dump -Fc -n bk -T bk.job_hours >safe/job_hours.part
pg_dump -Fc -n bk --exclude-table-data=bk.instances >safe/instances.part
pg_dump -Fc -n bk --data-only >safe/scheduler_job_info.part 2>/dev/null
pg_dump -Fc -n bk >safe/all.part
sql "drop schema bk cascade"
for table in settings job_hours instances scheduler_job_info; do
	run bkmaint restore safe/$table.part
	is_rc 74
	err_has "error: the file is no whole backup: $table is not in it"
	err_has "hint: bkmaint backup makes one"
	nothing_there
done
run bkmaint restore safe/all.part
is_rc 0
sql "drop schema bk cascade"

t "one without a checksum beside it is restored with a warning"
cp safe/whole.dump safe/lone.dump
run bkmaint restore safe/lone.dump --json
is_rc 0
err_has "warning: there is no checksum beside the file, it was not compared"
json_is .data.restore.checksumVerified false
sql "drop schema bk cascade"

# --- others ---

t "what is told is the error, and not what the server remarked before it"
sql "create schema bk; create role maker login; grant create on database $PGDATABASE to maker"
run bkmaint restore safe/whole.dump -U maker
is_rc 77
err_has "error: psql: permission denied for schema bk"
err_has "hint: connect as postgres"
sql "drop schema bk"

# started COMMAND FILE: with its pid in started; returns once it waits for the lock of migrations
started() {
	waiting=$((waiting + 1))
	# shellcheck disable=SC2086
	bkmaint $1 2>"$2" 9>&- &
	started=$!
	wait_for "$waiting = (select count(*) from pg_locks where locktype = 'advisory' and not granted)"
}

# together COMMAND COMMAND: one begins after the other, both before anything is done; first and second
# are their exit statuses
together() {
	waiting=0
	hold "select pg_advisory_xact_lock(hashtextextended('bk migrate bk', 0))"
	started "$1" first.err
	first=$started
	started "$2" second.err
	second=$started
	let_go
	wait "$first"
	first=$?
	wait "$second"
	second=$?
}

t "of two restores at once one is refused"
together "restore safe/whole.dump" "restore safe/whole.dump"
is "$first $second" "0 4"
is "$(head -n 1 second.err)" "bkmaint: error: schema bk is not empty, nothing was changed"
sql_is "select count(*) from bk.maintenance_executions where operation = 'restore'" 1
sql "drop schema bk cascade"

t "restore and migrate at once: either"
together "restore safe/whole.dump" migrate
is "$first $second" "0 0"
sql "drop schema bk cascade"
together migrate "restore safe/whole.dump"
is "$first $second" "0 4"
sql "drop schema bk cascade"

# --- programs ---

mkdir fake
real=$(dirname "$(type -P pg_dump)")
# fake NAME LINE...: a program of that name comes before the true one
fake() {
	local name=$1
	shift
	printf '%s\n' '#!/bin/sh' "$@" >"fake/$name" && chmod 0755 "fake/$name"
}

bkmaint restore safe/whole.dump || exit 1
t "no pg_dump, or an older one than the server: 78"
run env PATH="$BK_BIN" bkmaint backup safe/none.dump
is_rc 78
err_has "error: cannot start pg_dump: No such file or directory"
err_has "hint: install PostgreSQL's client programs"
fake pg_dump 'echo "pg_dump (PostgreSQL) 11.22 (Debian 11.22-1)"'
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint backup safe/older.dump
is_rc 78
err_has "error: pg_dump in PATH is of PostgreSQL 11.22, which is older than the server ("
left none
left older

t "a pg_dump that fails leaves no file, and its words are told"
fake pg_dump "[ \"\$1\" != --version ] || exec $real/pg_dump --version" \
	'echo "pg_dump: error: query failed: ERROR:  permission denied for table x" >&2' \
	'echo half; exit 1'
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint backup safe/failed.dump
is_rc 77
err_has "pg_dump: query failed: ERROR:  permission denied for table x"
fake pg_dump "[ \"\$1\" != --version ] || exec $real/pg_dump --version" 'echo not a dump'
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint backup safe/failed.dump
is_rc 74
err_has "reading the backup back: pg_restore: "
left failed

t "no password and no name of the database on the command line of a child"
fake pg_dump "[ \"\$1\" != --version ] || exec $real/pg_dump --version" \
	"echo \"\$*\" >'$BK_TEST_DIR/args'; echo \"\$PGPASSWORD \$PGUSER\" >'$BK_TEST_DIR/password'" \
	"exec $real/pg_dump \"\$@\""
sql "create role bk_pw; create role secret login superuser password 'k1tten' in role bk_pw"
configure "database = \"host=$PGHOST password=k1tten user=secret\""
chmod 0600 "$BK_CONFIG"
run env -u PGUSER PATH="$BK_TEST_DIR/fake:$PATH" bkmaint backup safe/secret.dump
is_rc 0
is "$(cat args)" '--format=custom --schema="bk" --strict-names --lock-wait-timeout=10s --no-password'
is "$(cat password)" "k1tten secret"
sql "drop schema bk cascade"
run env -u PGUSER bkmaint restore safe/secret.dump
is_rc 0
configure

t "a signal ends pg_dump and leaves no file: 143"
mkfifo ready
fake pg_dump "[ \"\$1\" != --version ] || exec $real/pg_dump --version" \
	"echo \$\$ >'$BK_TEST_DIR/ready'" "exec tail -f /dev/null"
PATH="$BK_TEST_DIR/fake:$PATH" bkmaint backup safe/stopped.dump 2>stopped.err &
pid=$!
read -r child <ready
kill -TERM $pid
wait $pid
is $? 143 "exit status"
[ ! -e "/proc/$child" ] || harness_fail "pg_dump" "ended" "lives"
left stopped
sql_is "select count(*) from bk.maintenance_executions where operation = 'backup'
	and description ~ 'stopped'" 0

sql "drop schema bk cascade"
t "a server that is older than the backup's is refused: 4"
fake pg_restore "$real/pg_restore \"\$@\" | sed 's/\\(Dumped from database version: \\).*/\\199.1/'"
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump
is_rc 4
err_has "error: the backup is of PostgreSQL 99.1, and this server is older ("
nothing_there

t "what only a newer server knows does not stop it"
fake pg_restore "$real/pg_restore \"\$@\" |
	sed 's/^SET lock_timeout = 0;/&\\nSET transaction_timeout = 0;/'"
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump
is_rc 0
sql "drop schema bk cascade"

t "a restore that dies at any point leaves nothing"
lines=$(pg_restore -n bk -f - safe/whole.dump | wc -l)
for ((n = 1; n < lines; n += lines / 7)); do
	fake pg_restore "case \"\$*\" in *--no-owner*)" \
		"$real/pg_restore \"\$@\" | head -n $n" \
		"echo 'pg_restore: error: it fell' >&2; exit 1;; esac" \
		"exec $real/pg_restore \"\$@\""
	run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump
	is_rc 1
	err_has "pg_restore: it fell"
	nothing_there
done
fake pg_restore "case \"\$*\" in *--no-owner*)" "$real/pg_restore \"\$@\"" \
	"echo \$\$ >'$BK_TEST_DIR/ready'; exec tail -f /dev/null;; esac" "exec $real/pg_restore \"\$@\""
for signal in TERM KILL; do
	PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump 2>stopped.err &
	pid=$!
	read -r child <ready
	kill -$signal $pid
	wait $pid 2>/dev/null
	status=$?
	[ "$signal" = KILL ] || is $status 143 "exit status"
	kill "$child" 2>/dev/null
	wait_for "not exists (select from pg_stat_activity
		where application_name in ('psql', 'bk:restore') and pid <> pg_backend_pid())"
	nothing_there
done
rm fake/pg_restore

t "an error of the database is told with its code, and nothing is left"
sql "create function refuse() returns event_trigger language plpgsql as
	\$\$ begin raise exception 'no view today' using errcode = 'P0001'; end \$\$;
	create event trigger refuse on ddl_command_end when tag in ('CREATE VIEW')
	execute function refuse();
	create function remark() returns event_trigger language plpgsql as
	\$\$ begin raise warning 'a table is made'; end \$\$;
	create event trigger remark on ddl_command_end when tag in ('CREATE TABLE')
	execute function remark()"
run bkmaint restore safe/whole.dump --json
is_rc 1
json_is '[.error.code, .error.sqlstate] | tojson' '["RUN_FAILED","P0001"]'
err_has "psql: no view today"
nothing_there
sql "drop event trigger refuse; drop event trigger remark"

t "an error is the same one when it comes after the whole script is sent"
fake psql "[ \"\$1\" != --version ] || exec $real/psql --version" "cat >'$BK_TEST_DIR/script'" \
	"exec $real/psql \"\$@\" <'$BK_TEST_DIR/script'"
sql "create schema bk"
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump -U maker
is_rc 77
err_has "error: psql: permission denied for schema bk"
err_has "hint: connect as postgres"
sql "drop schema bk"

t "a COMMIT whose answer is lost is found by its record"
fake psql "$real/psql \"\$@\"; exit 2"
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump
is_rc 1
fake psql "[ \"\$1\" != --version ] || exec $real/psql --version" "$real/psql \"\$@\"; exit 2"
run env PATH="$BK_TEST_DIR/fake:$PATH" bkmaint restore safe/whole.dump
is_rc 0
is "$(last_record operation)" restore

done_testing
